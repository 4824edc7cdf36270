"""What a JPEG says about itself, read without decoding anything (ITU-T T.81 annex B)."""

from typing import Final

from ..errors import FrameRefused
from .limits import MAX_ASPECT, MAX_PIXELS, MIN_SIDE

MAX_JPEG: Final = 4 << 20
"""Bytes. A still of a 4K camera has about 1 MiB (protocol/p2p-media.md §6.1)."""
_MAX_SEGMENTS: Final = 256
# Baseline, extended and progressive Huffman frames; the rest is not for pictures of a camera.
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2})
_OTHER_FRAMES: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN: Final = 0xDA


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Return width and height in pixels; raises `FrameRefused` for anything out of bounds."""
    if len(data) > MAX_JPEG:
        raise FrameRefused(f"a JPEG of {len(data)} bytes")
    if data[:3] != b"\xff\xd8\xff":
        raise FrameRefused("not a JPEG")
    offset = 2
    for _ in range(_MAX_SEGMENTS):
        while data[offset : offset + 2] == b"\xff\xff":
            offset += 1
        if offset + 4 > len(data) or data[offset] != 0xFF:
            break
        marker, length = data[offset + 1], int.from_bytes(data[offset + 2 : offset + 4])
        if marker in _FRAMES:
            return _frame_size(data[offset + 4 : offset + 2 + length])
        if marker in _OTHER_FRAMES or marker == _SCAN or length < 2:
            break
        offset += 2 + length
    raise FrameRefused("a JPEG without a usable frame header")


def _frame_size(header: bytes) -> tuple[int, int]:
    if len(header) < 6 or len(header) != 6 + 3 * header[5]:
        raise FrameRefused("a JPEG with a damaged frame header")
    height, width = int.from_bytes(header[1:3]), int.from_bytes(header[3:5])
    short, long = sorted((width, height))
    if header[0] != 8 or header[5] not in {1, 3}:
        raise FrameRefused(f"a JPEG with {header[5]} components of {header[0]} bits")
    if width * height > MAX_PIXELS or short < MIN_SIDE or long > MAX_ASPECT * short:
        raise FrameRefused(f"a JPEG of {width} x {height}")
    return width, height
