"""NAL units in Annex-B frames: splitting, codec sniffing, key frames.

Source: protocol/p2p-media.md §2.5. Entropy cannot tell an encrypted from a clear frame; a start
code followed by a legal NAL header can (design/security.md §1).
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from .datagram import Buffer

LONG_START: Final = b"\0\0\0\1"
SHORT_START: Final = b"\0\0\1"

MAX_SNIFFED: Final = 8
"""NAL units looked at to find the codec (p2p-media.md §2.5)."""

_H264_CODEC_TYPES: Final = frozenset({5, 7})
_HEVC_CODEC_TYPES: Final = frozenset({16, 17, 18, 19, 20, 21, 32, 33, 34})
_H264_KEY_TYPES: Final = frozenset({5, 7})
_HEVC_KEY_TYPES: Final = frozenset({16, 17, 18, 19, 20, 21, 32, 33})
_H264_PLAIN_TYPES: Final = frozenset({1, 5, 6, 7, 8, 9})
_HEVC_SECOND: Final = range(1, 8)
_SNIFF_WINDOW: Final = 4096
"""Bytes in which parameter sets and the first slice header begin."""


class Codec(StrEnum):
    """Video codec of an elementary stream."""

    H264 = "h264"
    HEVC = "hevc"


class CodecByte(StrEnum):
    """Two readings of byte 5 of a video header (contradiction C6)."""

    NEWER = "newer"
    """0 = H.264, 1 = HEVC: HomeBase 3 and T8170 as measured."""
    OLDER = "older"
    """1 = H.264, 2 = HEVC."""


def has_start_code(data: Buffer) -> bool:
    """Tell whether `data` begins with an Annex-B start code."""
    head = bytes(data[:4])
    return head == LONG_START or head[:3] == SHORT_START


def split(data: bytes) -> Iterator[bytes]:
    """Yield the NAL units of an Annex-B frame without start codes and trailing zeros.

    Empty units, which occur, are left out; bytes before the first start code too.
    """
    start = data.find(SHORT_START)
    while start >= 0:
        begin = start + 3
        start = data.find(SHORT_START, begin)
        unit = data[begin : start if start >= 0 else len(data)].rstrip(b"\0")
        if unit:
            yield unit


def unit_offsets(data: Buffer, limit: int = MAX_SNIFFED) -> list[int]:
    """Return where the first `limit` NAL headers are, in the first 4 KiB; empty units are skipped."""
    window = bytes(data[:_SNIFF_WINDOW])
    out: list[int] = []
    position = window.find(SHORT_START)
    while position >= 0 and len(out) < limit:
        begin = position + 3
        # No header is 00 00: that is the next start code after an empty unit.
        if begin < len(window) and window[begin : begin + 2] != b"\0\0":
            out.append(begin)
        position = window.find(SHORT_START, begin)
    return out


def sniff(data: Buffer) -> Codec | None:
    """Find the codec from parameter sets or key slices; None when a frame has neither."""
    window = bytes(data[:_SNIFF_WINDOW])
    for begin in unit_offsets(window):
        first = window[begin]
        second = window[begin + 1] if begin + 1 < len(window) else 0
        if _is_hevc_key(first, second):
            return Codec.HEVC
        if not first & 0x80 and first & 0x1F in _H264_CODEC_TYPES and first & 0x60:
            return Codec.H264
    return None


def guess_codec(data: Buffer) -> Codec | None:
    """As `sniff`, but also take the shape of slice and SEI headers; None when undecided.

    A frame of SEI and trailing slices of HEVC reads as H.264 "types 14 and 2", which no camera
    sends (protocol/field.md); a plain H.264 slice sets the layer bit that HEVC leaves clear.
    """
    found = sniff(data)
    if found is not None:
        return found
    window = bytes(data[:_SNIFF_WINDOW])
    for begin in unit_offsets(window):
        first = window[begin]
        second = window[begin + 1] if begin + 1 < len(window) else 0
        if first & 0x80:
            continue
        if first & 0x1F in _H264_PLAIN_TYPES and first & 0x01:
            return Codec.H264
        if not first & 0x01 and second in _HEVC_SECOND and first & 0x1F not in _H264_PLAIN_TYPES:
            return Codec.HEVC
    return None


def is_key_frame(data: Buffer, codec: Codec) -> bool:
    """Tell whether a frame starts a picture group: parameter sets or an intra slice."""
    window = bytes(data[:_SNIFF_WINDOW])
    for begin in unit_offsets(window):
        first = window[begin]
        if codec is Codec.HEVC:
            if (first >> 1) & 0x3F in _HEVC_KEY_TYPES:
                return True
        elif first & 0x1F in _H264_KEY_TYPES:
            return True
    return False


def is_clear(data: Buffer) -> bool:
    """Structural test: a start code and a legal NAL header of either codec."""
    head = bytes(data[:6])
    if head[:4] == LONG_START:
        head = head[4:]
    elif head[:3] == SHORT_START:
        head = head[3:]
    else:
        return False
    if len(head) < 2 or head[0] & 0x80:
        return False
    first, second = head[0], head[1]
    hevc = (first >> 1) & 0x3F <= 40 and not first & 1 and not second & 0xF8 and second & 7
    h264 = 1 <= first & 0x1F <= 23
    return bool(hevc or h264)


def codec_of_byte(value: int, reading: CodecByte = CodecByte.NEWER) -> Codec:
    """Read the codec byte; only a last resort, because its meaning differs by product."""
    return Codec.HEVC if value == (1 if reading is CodecByte.NEWER else 2) else Codec.H264


def _is_hevc_key(first: int, second: int) -> bool:
    if first & 0x81 or second & 0xF8 or not second & 7:
        return False
    return (first >> 1) & 0x3F in _HEVC_CODEC_TYPES
