"""A scene as a camera's encoder would give it: access units and ADTS frames with their times.

Any MP4 (or other container) with H.264 or H.265 can be played; with AAC its sound too.
"""

from dataclasses import dataclass
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

from custom_components.eufy_local.eufy.wire.nal import LONG_START, split

MAX_CLIP_BYTES = 64 * 1024 * 1024
"""Kept in memory per scene; a longer file is cut at a key frame."""
MAX_CLIP_SECONDS = 300.0
AAC_SAMPLES = 1024
SILENCE = bytes.fromhex("fff16040017ffc01182007")
"""64 ms of silence at 16 kHz (protocol/p2p-media.md §3)."""
SILENCE_SECONDS = AAC_SAMPLES / 16000
_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_FILTERS = {"h264": "h264_mp4toannexb", "hevc": "hevc_mp4toannexb"}
_H264_DROPPED = frozenset({6, 9})
_HEVC_DROPPED = frozenset({35, 39, 40})


class UnusableFootage(ValueError):
    """A media file that cannot be played as a camera."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture in Annex-B form, 4-byte start codes, parameter sets before key frames."""

    data: bytes
    key: bool


@dataclass(frozen=True, slots=True)
class AudioUnit:
    """One ADTS frame and its time in seconds from the scene's start."""

    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Clip:
    """A whole scene, played in a loop."""

    name: str
    codec: str
    """``h264`` or ``hevc``."""
    width: int
    height: int
    fps: float
    video: tuple[AccessUnit, ...]
    audio: tuple[AudioUnit, ...]

    @property
    def seconds(self) -> float:
        """Length of one round."""
        return len(self.video) / self.fps

    def key_before(self, frame: int) -> int:
        """The newest key frame that is not later than a frame counter (which runs for ever)."""
        position = frame % len(self.video)
        back = next((n for n in range(position + 1) if self.video[position - n].key), position)
        return frame - back


def annex_b(data: bytes, codec: str) -> bytes:
    """Normalise start codes and drop what cameras do not send (SEI, delimiters)."""
    kept = []
    for unit in split(data):
        kind = (unit[0] >> 1) & 0x3F if codec == "hevc" else unit[0] & 0x1F
        if kind not in (_HEVC_DROPPED if codec == "hevc" else _H264_DROPPED):
            kept.append(LONG_START + unit)
    return b"".join(kept)


def adts(data: bytes, rate: int, channels: int) -> bytes:
    """Put the 7-byte ADTS header of AAC-LC before a raw frame."""
    size = len(data) + 7
    index = _RATES.index(rate)
    return (
        bytes(
            (
                0xFF,
                0xF1,
                1 << 6 | index << 2 | channels >> 2,
                (channels & 3) << 6 | size >> 11,
                size >> 3 & 0xFF,
                (size & 7) << 5 | 0x1F,
                0xFC,
            )
        )
        + data
    )


def load_clip(path: Path) -> Clip:
    """Read a media file. Raises `UnusableFootage` when no camera could send it."""
    try:
        with av.open(str(path)) as container:
            return _read(container, path.stem)
    except av.FFmpegError as error:
        raise UnusableFootage(f"{path.name} cannot be read: {error}") from error


def silence(seconds: float) -> tuple[AudioUnit, ...]:
    """Silent sound for a scene that has none that can be used."""
    return tuple(
        AudioUnit(SILENCE, n * SILENCE_SECONDS) for n in range(int(seconds / SILENCE_SECONDS))
    )


def _read(container: av.container.InputContainer, name: str) -> Clip:
    if not container.streams.video:
        raise UnusableFootage(f"{name} has no picture")
    stream = container.streams.video[0]
    codec = stream.codec_context.name
    if codec not in _FILTERS:
        raise UnusableFootage(f"{name} is {codec}; cameras send H.264 or H.265")
    fps = float(stream.average_rate or 15)
    video = _video(container, stream, codec, fps)
    if not video or not video[0].key:
        raise UnusableFootage(f"{name} does not begin with a key frame")
    length = len(video) / fps
    return Clip(
        name=name,
        codec=codec,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        fps=fps,
        video=tuple(video),
        audio=tuple(_audio(container, length)) or silence(length),
    )


def _video(
    container: av.container.InputContainer, stream: av.VideoStream, codec: str, fps: float
) -> list[AccessUnit]:
    annexing = BitStreamFilterContext(_FILTERS[codec], stream)
    units: list[AccessUnit] = []
    total = 0
    for packet in container.demux(stream):
        for part in annexing.filter(packet if packet.size else None):
            data = annex_b(bytes(part), codec)
            if not data:
                continue
            total += len(data)
            full = total > MAX_CLIP_BYTES or len(units) > MAX_CLIP_SECONDS * fps
            if full and part.is_keyframe:
                return units
            units.append(AccessUnit(data, part.is_keyframe))
    return units


def _audio(container: av.container.InputContainer, length: float) -> list[AudioUnit]:
    if not container.streams.audio:
        return []
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context.name != "aac" or context.sample_rate not in _RATES:
        return []
    container.seek(0)
    units: list[AudioUnit] = []
    step = AAC_SAMPLES / context.sample_rate
    for packet in container.demux(stream):
        if packet.size and len(units) * step < length:
            data = adts(bytes(packet), context.sample_rate, context.layout.nb_channels)
            units.append(AudioUnit(data, len(units) * step))
    return units
