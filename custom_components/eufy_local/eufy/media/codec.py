"""What a camera's sound and pictures are made of, as sniffed and remembered between views.

The header byte of a record is never trusted for this (protocol/p2p-media.md §2.5, C6): the
codec comes from the NAL units themselves, the sound's form from its ADTS header.
"""

import dataclasses
from enum import StrEnum
from typing import Any, Final

from ..wire.nal import Codec

# Larger stored parameter sets are not ours: the NAL gate lets none pass (nal_gate.py).
_MAX_STORED_SET: Final = 2048
_MAX_STORED_SETS: Final = 8


class AudioCodec(StrEnum):
    """How the sound is coded."""

    AAC = "aac"
    PCMA = "pcma"
    """G.711 A-law, 8 kHz."""


@dataclasses.dataclass(frozen=True, slots=True)
class VideoParameters:
    """The pictures of one camera: codec, parameter sets and size in pixels.

    `sets` holds the parameter-set NAL units without start codes, in stream order (H.264: SPS,
    PPS; H.265: VPS, SPS, PPS).
    """

    codec: Codec
    sets: tuple[bytes, ...]
    width: int
    height: int


@dataclasses.dataclass(frozen=True, slots=True)
class AudioParameters:
    """The sound of one camera: codec, sampling rate in Hz, channels.

    `config` is the MPEG-4 AudioSpecificConfig (ISO 14496-3 §1.6.2.1) of AAC, else empty.
    """

    codec: AudioCodec
    rate: int
    channels: int
    config: bytes = b""


G711_AUDIO: Final = AudioParameters(AudioCodec.PCMA, 8000, 1)

# eufy cameras send AAC-LC, 16 kHz, mono (protocol/p2p-media.md §3).
USUAL_AUDIO: Final = AudioParameters(AudioCodec.AAC, 16000, 1, bytes.fromhex("1408"))


@dataclasses.dataclass(frozen=True, slots=True)
class CodecParameters:
    """All that is remembered about a camera's stream, so that a viewer is answered at once.

    `video` is None before the first picture was ever seen; `audio` is None when no sound was
    seen, which is final only if `audio_settled` is true. `split_bytes` is the size at which the
    camera cuts its frames into several records, None if it never did (p2p-media.md §2.5).
    `expected` is the codec to announce before the first picture; it is not stored.
    """

    video: VideoParameters | None = None
    audio: AudioParameters | None = None
    audio_settled: bool = False
    split_bytes: int | None = None
    expected: Codec = Codec.H264

    @property
    def assumed_codec(self) -> Codec:
        """The codec to announce: what was seen, else `expected`.

        H.264 by default (design/home-assistant.md §2.3).
        """
        return self.video.codec if self.video else self.expected

    @property
    def announced_audio(self) -> AudioParameters | None:
        """The sound to announce: what was seen, else the usual form until its absence is sure."""
        if self.audio is None and not self.audio_settled:
            return USUAL_AUDIO
        return self.audio

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON object that `from_dict` reads back."""
        stored: dict[str, Any] = {"audio_settled": self.audio_settled}
        if self.split_bytes is not None:
            stored["split_bytes"] = self.split_bytes
        if (video := self.video) is not None:
            stored["video"] = {
                "codec": video.codec.value,
                "sets": [one.hex() for one in video.sets],
                "width": video.width,
                "height": video.height,
            }
        if (audio := self.audio) is not None:
            stored["audio"] = {
                "codec": audio.codec.value,
                "rate": audio.rate,
                "channels": audio.channels,
                "config": audio.config.hex(),
            }
        return stored

    @classmethod
    def from_dict(cls, stored: object) -> CodecParameters:
        """Read what `to_dict` gave; a part that is damaged or unknown counts as never seen."""
        if not isinstance(stored, dict):
            return cls()
        split = stored.get("split_bytes")
        return cls(
            _read_video(stored.get("video")),
            _read_audio(stored.get("audio")),
            stored.get("audio_settled") is True,
            split if isinstance(split, int) and split > 0 else None,
        )


def _read_video(stored: object) -> VideoParameters | None:
    match stored:
        case {"codec": codec, "sets": list(texts), "width": int(width), "height": int(height)}:
            try:
                sets = tuple(bytes.fromhex(text) for text in texts[:_MAX_STORED_SETS])
                codec = Codec(codec)
            except TypeError, ValueError:
                return None
            if all(0 < len(one) <= _MAX_STORED_SET for one in sets):
                return VideoParameters(codec, sets, width, height)
    return None


def _read_audio(stored: object) -> AudioParameters | None:
    match stored:
        case {"codec": codec, "rate": int(rate), "channels": int(channels), "config": str(config)}:
            try:
                return AudioParameters(AudioCodec(codec), rate, channels, bytes.fromhex(config))
            except ValueError:
                return None
    return None
