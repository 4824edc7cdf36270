"""Headers of video (1300) and audio (1301) records, read and written.

Source: protocol/p2p-media.md §2.1 and §3.
"""

import struct
from typing import Final, NamedTuple

from ..errors import WireError
from .datagram import Buffer

VIDEO_HEADER: Final = struct.Struct("<IBBHHHHQ")
AUDIO_HEADER: Final = struct.Struct("<IBBHQ")
VIDEO_HEADER_SIZE: Final = VIDEO_HEADER.size
AUDIO_HEADER_SIZE: Final = AUDIO_HEADER.size


class VideoHeader(NamedTuple):
    """22 bytes before a frame. `datalen` counts the frame as decoded, not the record.

    `timestamp` is in ms: a 64-bit Unix time on some products, else a free-running 32-bit
    count with a zero high half. Use differences only.
    """

    datalen: int
    key: int
    codec_byte: int
    number: int
    fps: int
    width: int
    height: int
    timestamp: int


class AudioHeader(NamedTuple):
    """16 bytes before ADTS frames; `timestamp` in ms as in video."""

    datalen: int
    zero: int
    kind: int
    counter: int
    timestamp: int


def decode_video_header(body: Buffer) -> VideoHeader:
    """Read the header at the start of a video record's body. Raises `WireError`."""
    if len(body) < VIDEO_HEADER_SIZE:
        raise WireError("video header cut off")
    return VideoHeader._make(VIDEO_HEADER.unpack_from(body))


def decode_audio_header(body: Buffer) -> AudioHeader:
    """Read the header at the start of an audio record's body. Raises `WireError`."""
    if len(body) < AUDIO_HEADER_SIZE:
        raise WireError("audio header cut off")
    return AudioHeader._make(AUDIO_HEADER.unpack_from(body))


def encode_video_header(header: VideoHeader) -> bytes:
    """Return the 22 bytes. Raises `WireError` when a field does not fit."""
    try:
        return VIDEO_HEADER.pack(*header)
    except struct.error:
        raise WireError("video header field out of range") from None


def encode_audio_header(header: AudioHeader) -> bytes:
    """Return the 16 bytes. Raises `WireError` when a field does not fit."""
    try:
        return AUDIO_HEADER.pack(*header)
    except struct.error:
        raise WireError("audio header field out of range") from None


class TimestampUnwrapper:
    """Turns the timestamps of one stream into a 64-bit millisecond count.

    A non-zero high half is taken as it is. A zero high half means a 32-bit counter: wraps are
    counted, and a step of less than half the range backwards stays a step backwards
    (contradiction C8; protocol/p2p-media.md §2.1).
    """

    __slots__ = ("_base", "_bits", "_last")

    def __init__(self, bits: int = 64) -> None:
        self._bits = bits
        self._base = 0
        self._last = -1

    def unwrap(self, raw: int) -> int:
        """Return the count for the next raw value, in ms."""
        if self._bits == 64 and raw >> 32:
            return raw
        low = raw & 0xFFFF_FFFF
        if self._last >= 0:
            step = low - self._last
            if step < -0x8000_0000:
                self._base += 1 << 32
            elif step > 0x8000_0000 and self._base:
                self._base -= 1 << 32
        self._last = low
        return self._base + low
