"""The fields of an H.264 sequence parameter set that decide how much a decoder will need.

Source of the syntax: ITU-T H.264 §7.3.2.1.1; of the meaning: §7.4.2.1.1 and table 6-1.
"""

from typing import Final

from ..errors import FrameRefused
from .bits import BitReader, unescape
from .limits import PictureFormat, check_format

# Profiles for one 4:2:0 or grey picture at 8 or 10 bits: Baseline, Main, Extended, High, High 10.
# The others are studio formats or carry several views or layers; no camera sends them.
_PROFILES: Final = frozenset({66, 77, 88, 100, 110})
_HIGH_PROFILES: Final = frozenset({100, 110})
_MAX_SPS_ID: Final = 31
_MAX_LOG2: Final = 12
_MAX_CYCLE: Final = 255
# Far above any size that passes `check_format`; keeps the arithmetic small.
_MAX_MACROBLOCKS: Final = 1 << 16
_MAX_OFFSET: Final = 1 << 31
_MAX_SCALE: Final = 128


def parse_sps(nal: bytes) -> PictureFormat:
    """Parse a whole SPS NAL unit (with its header byte).

    Raises `FrameRefused` if it is damaged or breaks the limits of `limits.py`.
    """
    bits = BitReader(unescape(nal[1:]))
    profile = bits.u(8)
    if profile not in _PROFILES:
        raise FrameRefused(f"H.264 profile {profile}")
    bits.skip(16)  # constraint flags, level_idc
    bits.ue(_MAX_SPS_ID)
    chroma, depth = 1, 8
    if profile in _HIGH_PROFILES:
        chroma, depth = _high_profile_fields(bits)
    bits.ue(_MAX_LOG2)  # log2_max_frame_num_minus4
    _picture_order(bits)
    dpb_frames = bits.ue(_MAX_SCALE)  # max_num_ref_frames
    bits.skip(1)  # gaps_in_frame_num_value_allowed_flag
    width = (bits.ue(_MAX_MACROBLOCKS) + 1) * 16
    map_units = bits.ue(_MAX_MACROBLOCKS) + 1
    frames_only = bits.flag()
    height = map_units * 16 * (1 if frames_only else 2)
    if not frames_only:
        bits.skip(1)  # mb_adaptive_frame_field_flag
    bits.skip(1)  # direct_8x8_inference_flag
    left, right, top, bottom = _crop(bits)
    unit_x = 2 if chroma == 1 else 1
    unit_y = unit_x * (1 if frames_only else 2)
    return check_format(
        PictureFormat(
            bit_depth=depth,
            coded_width=width,
            coded_height=height,
            width=width - unit_x * (left + right),
            height=height - unit_y * (top + bottom),
            dpb_frames=max(dpb_frames, 1),
        )
    )


def _high_profile_fields(bits: BitReader) -> tuple[int, int]:
    chroma = bits.ue(3)
    if chroma > 1:
        raise FrameRefused(f"chroma format {chroma}")
    luma, colour = bits.ue(6) + 8, bits.ue(6) + 8
    if chroma and luma != colour:
        raise FrameRefused("luma and chroma of different depth")
    bits.skip(1)  # qpprime_y_zero_transform_bypass_flag
    if bits.flag():
        for index in range(8):
            if bits.flag():
                _skip_scaling_list(bits, 16 if index < 6 else 64)
    return chroma, luma


def _skip_scaling_list(bits: BitReader, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se(_MAX_SCALE)) % 256
        last = following or last


def _picture_order(bits: BitReader) -> None:
    kind = bits.ue(2)
    if kind == 0:
        bits.ue(_MAX_LOG2)  # log2_max_pic_order_cnt_lsb_minus4
    elif kind == 1:
        bits.skip(1)
        bits.se(_MAX_OFFSET)
        bits.se(_MAX_OFFSET)
        for _ in range(bits.ue(_MAX_CYCLE)):
            bits.se(_MAX_OFFSET)


def _crop(bits: BitReader) -> tuple[int, int, int, int]:
    if not bits.flag():
        return 0, 0, 0, 0
    limit = _MAX_MACROBLOCKS * 16
    return bits.ue(limit), bits.ue(limit), bits.ue(limit), bits.ue(limit)
