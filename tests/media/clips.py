"""Small real clips, encoded in memory, one access unit per camera frame."""

import dataclasses
import fractions
import functools

import av
import numpy as np

from custom_components.eufy_local.eufy.wire.media import AudioFrame, MediaProtection, VideoFrame
from custom_components.eufy_local.eufy.wire.nal import Codec

FPS = 15
FIRST_MS = 0x1A0_8C46_A4C5


@dataclasses.dataclass(frozen=True)
class Clip:
    """Access units in Annex B with their key flags, and ADTS frames of 64 ms."""

    codec: Codec
    width: int
    height: int
    units: tuple[tuple[bytes, bool], ...]
    sound: tuple[bytes, ...]

    def video(self, index: int, **changes) -> VideoFrame:
        """The video record of picture `index`; the clip repeats, the clock goes on."""
        data, key = self.units[index % len(self.units)]
        frame = VideoFrame(
            data=data,
            key=key,
            timestamp_ms=FIRST_MS + index * 1000 // FPS,
            width=self.width,
            height=self.height,
            number=index & 0xFFFF,
            codec_byte=0,
            channel=0,
            protection=MediaProtection.CLEAR,
        )
        return dataclasses.replace(frame, **changes)

    def audio(self, index: int, **changes) -> AudioFrame:
        """The audio record of sound frame `index`."""
        frame = AudioFrame(
            data=self.sound[index % len(self.sound)],
            timestamp_ms=FIRST_MS + index * 64,
            kind=0,
            channel=0,
            protection=MediaProtection.CLEAR,
        )
        return dataclasses.replace(frame, **changes)


def picture(index: int, width: int, height: int) -> np.ndarray:
    """A moving gradient whose mean brightness tells the picture's number."""
    x = np.arange(width)[None, :, None]
    y = np.arange(height)[:, None, None]
    base = (x * 2 + y + index * 8) % 200
    noise = (x * 7919 + y * 104729 + index * 31) % 23
    return np.broadcast_to(base + noise, (height, width, 3)).astype(np.uint8)


@functools.cache
def clip(
    codec: Codec = Codec.H264,
    width: int = 320,
    height: int = 180,
    frames: int = 30,
    group: int = 15,
) -> Clip:
    """Encode a clip: closed picture groups, no B-frames, as cameras send."""
    name = "libx264" if codec is Codec.H264 else "libx265"
    encoder = av.CodecContext.create(name, "w")
    encoder.width, encoder.height = width, height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = fractions.Fraction(1, FPS)
    encoder.framerate = fractions.Fraction(FPS)
    encoder.gop_size = group
    encoder.max_b_frames = 0
    options = {"preset": "ultrafast", "tune": "zerolatency"}
    if codec is Codec.H264:
        options["x264-params"] = f"keyint={group}:scenecut=0:bframes=0:repeat-headers=1:annexb=1"
    else:
        options["x265-params"] = (
            f"keyint={group}:min-keyint={group}:scenecut=0:bframes=0:repeat-headers=1"
            ":log-level=none:pools=none:frame-threads=1"
        )
    encoder.options = options
    units = []
    for index in range(frames):
        frame = av.VideoFrame.from_ndarray(picture(index, width, height), format="rgb24")
        frame.pts = index
        units += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(frame)]
    units += [(bytes(packet), packet.is_keyframe) for packet in encoder.encode(None)]
    return Clip(codec, width, height, tuple(units), sound(frames * 1000 // FPS // 64 + 1))


@functools.cache
def sound(frames: int = 32, rate: int = 16000) -> tuple[bytes, ...]:
    """A tone as ADTS frames of 1024 samples, AAC-LC mono."""
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate = rate
    encoder.layout = "mono"
    encoder.format = "fltp"
    encoder.bit_rate = 20000
    result = []
    for index in range(frames + 2):
        t = (np.arange(1024) + index * 1024) / rate
        tone = (0.3 * np.sin(2 * np.pi * 440 * t)).astype(np.float32)[None, :]
        frame = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = rate, index * 1024
        result += [adts(bytes(packet), rate) for packet in encoder.encode(frame)]
    return tuple(result[:frames])


def adts(raw: bytes, rate: int = 16000) -> bytes:
    """Put a raw AAC frame behind an ADTS header."""
    index = {16000: 8, 8000: 11, 44100: 4}[rate]
    length = len(raw) + 7
    head = 0xFFF1 << 40 | 1 << 38 | index << 34 | 1 << 30 | length << 13 | 0x7FF << 2
    return head.to_bytes(7, "big") + raw
