"""The limits that a picture must keep before anything native may see it (design/security.md T7)."""

import dataclasses
from typing import Final

from ..errors import FrameRefused

MAX_ACCESS_UNIT: Final = 4 << 20
"""Bytes of one access unit: the largest media record (design/security.md T6)."""
MAX_NALS: Final = 64
"""NAL units of one access unit (T7)."""
MAX_PARAMETER_SET: Final = 2048
"""Bytes of one parameter set. Real ones have 10 to 200; scaling lists and VUI stay below this."""
MAX_PIXELS: Final = 16_800_000
"""Coded luma samples of one picture (T7); the largest eufy picture, 4K, has half of it."""
MIN_SIDE: Final = 16
"""Pixels: one macroblock, the least that can be coded."""
MAX_ASPECT: Final = 8
"""Longer side to shorter side. Dual-lens panoramas reach 3.6; a bomb likes 16,000 x 16."""
MAX_DPB_FRAMES: Final = 16
"""Decoded pictures kept for reference: the most that H.264 §A.3.1 and H.265 §A.4.2 allow."""
MAX_DPB_SAMPLES: Final = 6 * MAX_PIXELS
"""Luma samples kept for reference: the standards allow 6 pictures of the largest size."""
BIT_DEPTHS: Final = (8, 10)


@dataclasses.dataclass(frozen=True, slots=True)
class PictureFormat:
    """What one SPS asks a decoder for. Sizes in luma samples, `width`/`height` after cropping."""

    bit_depth: int
    coded_width: int
    coded_height: int
    width: int
    height: int
    dpb_frames: int


def check_format(picture: PictureFormat) -> PictureFormat:
    """Return `picture` if a decoder may be given it, else raise `FrameRefused`."""
    coded = picture.coded_width * picture.coded_height
    long, short = max(picture.width, picture.height), min(picture.width, picture.height)
    if coded > MAX_PIXELS:
        raise FrameRefused(f"a picture of {picture.coded_width} x {picture.coded_height}")
    if short < MIN_SIDE or long > MAX_ASPECT * short:
        raise FrameRefused(f"a picture of {picture.width} x {picture.height}")
    if picture.bit_depth not in BIT_DEPTHS:
        raise FrameRefused(f"{picture.bit_depth} bits per sample")
    if picture.dpb_frames > MAX_DPB_FRAMES or picture.dpb_frames * coded > MAX_DPB_SAMPLES:
        raise FrameRefused(f"{picture.dpb_frames} reference pictures")
    return picture
