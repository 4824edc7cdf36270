"""The fields of an H.265 sequence parameter set that decide how much a decoder will need.

Source of the syntax: ITU-T H.265 §7.3.2.2 and §7.3.3; of the meaning: §7.4.3.2.
"""

from typing import Final

from ..errors import FrameRefused
from .bits import BitReader, unescape
from .limits import PictureFormat, check_format

# Main, Main 10 and Main Still Picture (H.265 §A.3). The others are studio or layered formats.
_PROFILES: Final = frozenset({1, 2, 3})
_MAX_SPS_ID: Final = 15
_MAX_SIDE: Final = 1 << 20
_MAX_LATENCY: Final = 1 << 31
_MAX_BLOCK_LOG2: Final = 6
_MIN_TREE_LOG2: Final = 4
_MAX_HIERARCHY: Final = 4
_MAX_REFERENCE_SETS: Final = 64
_MAX_SET: Final = 16
_MAX_DISTANCE: Final = 1 << 15


def parse_sps(nal: bytes) -> PictureFormat:
    """Parse a whole SPS NAL unit (with its two header bytes).

    Raises `FrameRefused` if it is damaged or breaks the limits of `limits.py`.
    """
    bits = BitReader(unescape(nal[2:]))
    bits.skip(4)  # sps_video_parameter_set_id
    sub_layers = bits.u(3)  # sps_max_sub_layers_minus1
    if sub_layers > 6:
        raise FrameRefused(f"{sub_layers + 1} temporal layers")
    bits.skip(1)  # sps_temporal_id_nesting_flag
    _profile_tier_level(bits, sub_layers)
    bits.ue(_MAX_SPS_ID)
    chroma = bits.ue(3)
    if chroma > 1:
        raise FrameRefused(f"chroma format {chroma}")
    width, height = bits.ue(_MAX_SIDE), bits.ue(_MAX_SIDE)
    crop_x = crop_y = 0
    if bits.flag():
        crop_x = bits.ue(_MAX_SIDE) + bits.ue(_MAX_SIDE)
        crop_y = bits.ue(_MAX_SIDE) + bits.ue(_MAX_SIDE)
    unit = 2 if chroma == 1 else 1
    luma, colour = bits.ue(8) + 8, bits.ue(8) + 8
    if chroma and luma != colour:
        raise FrameRefused("luma and chroma of different depth")
    order_log2 = bits.ue(12) + 4
    picture = PictureFormat(
        bit_depth=luma,
        coded_width=width,
        coded_height=height,
        width=width - unit * crop_x,
        height=height - unit * crop_y,
        dpb_frames=_decoded_pictures(bits, sub_layers),
    )
    _blocks(bits, width, height)
    _tools(bits)
    _reference_sets(bits)
    if bits.flag():  # long_term_ref_pics_present_flag
        bits.skip(bits.ue(32) * (order_log2 + 1))
    bits.skip(2)  # sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
    return check_format(picture)


def check_vps(nal: bytes) -> None:
    """Refuse a VPS that announces more than one layer (several views, scalability)."""
    bits = BitReader(unescape(nal[2:8]))
    bits.skip(6)  # vps_video_parameter_set_id, base layer flags
    layers = bits.u(6) + 1
    if layers != 1:
        raise FrameRefused(f"{layers} layers in a VPS")


def _profile_tier_level(bits: BitReader, sub_layers: int) -> None:
    bits.skip(3)  # general_profile_space, general_tier_flag
    profile = bits.u(5)
    if profile not in _PROFILES:
        raise FrameRefused(f"H.265 profile {profile}")
    bits.skip(32 + 48 + 8)  # compatibility and constraint flags, general_level_idc
    present = [(bits.flag(), bits.flag()) for _ in range(sub_layers)]
    if sub_layers:
        bits.skip(2 * (8 - sub_layers))
    for has_profile, has_level in present:
        bits.skip(88 * has_profile + 8 * has_level)


def _decoded_pictures(bits: BitReader, sub_layers: int) -> int:
    most = 1
    for _ in range(sub_layers + 1 if bits.flag() else 1):
        most = max(most, bits.ue(255) + 1)  # sps_max_dec_pic_buffering_minus1
        bits.ue(255)  # sps_max_num_reorder_pics
        bits.ue(_MAX_LATENCY)  # sps_max_latency_increase_plus1
    return most


def _blocks(bits: BitReader, width: int, height: int) -> None:
    smallest = bits.ue(3) + 3
    largest = smallest + bits.ue(3)
    if not _MIN_TREE_LOG2 <= largest <= _MAX_BLOCK_LOG2:
        raise FrameRefused(f"coding tree blocks of 2^{largest}")
    if width % (1 << smallest) or height % (1 << smallest):
        raise FrameRefused("a picture that is not made of whole coding blocks")
    least = bits.ue(3) + 2
    if least >= smallest or least + bits.ue(3) > min(largest, 5):
        raise FrameRefused("transform blocks that do not fit the coding blocks")
    bits.ue(_MAX_HIERARCHY)  # max_transform_hierarchy_depth_inter
    bits.ue(_MAX_HIERARCHY)  # max_transform_hierarchy_depth_intra


def _tools(bits: BitReader) -> None:
    if bits.flag() and bits.flag():  # scaling_list_enabled_flag, sps_scaling_list_data_present_flag
        _skip_scaling_lists(bits)
    bits.skip(2)  # amp_enabled_flag, sample_adaptive_offset_enabled_flag
    if bits.flag():  # pcm_enabled_flag
        bits.skip(8)
        bits.ue(2)
        bits.ue(2)
        bits.skip(1)


def _skip_scaling_lists(bits: BitReader) -> None:
    for size in range(4):
        for _ in range(0, 6, 3 if size == 3 else 1):
            if not bits.flag():  # scaling_list_pred_mode_flag
                bits.ue(6)
                continue
            if size > 1:
                bits.se(248)
            for _ in range(min(64, 1 << (4 + 2 * size))):
                bits.se(128)


def _reference_sets(bits: BitReader) -> None:
    deltas: list[int] = []  # picture order distances of the set before, nearest first (§7.4.8)
    for index in range(bits.ue(_MAX_REFERENCE_SETS)):
        if index and bits.flag():  # inter_ref_pic_set_prediction_flag
            negative = bits.flag()
            distance = bits.ue(_MAX_DISTANCE) + 1
            if negative:
                distance = -distance
            moved = []
            for delta in (*deltas, 0):
                used = bits.flag()
                if used or bits.flag():
                    moved.append(delta + distance)
            before = sorted((delta for delta in moved if delta < 0), reverse=True)
            deltas = before + sorted(delta for delta in moved if delta > 0)
        else:
            before_count, after_count = bits.ue(_MAX_SET), bits.ue(_MAX_SET)
            deltas = _distances(bits, before_count, -1) + _distances(bits, after_count, 1)
        if len(deltas) > _MAX_SET:
            raise FrameRefused(f"a reference set of {len(deltas)} pictures")


def _distances(bits: BitReader, count: int, sign: int) -> list[int]:
    distances, total = [], 0
    for _ in range(count):
        total += sign * (bits.ue(_MAX_DISTANCE) + 1)
        bits.skip(1)  # used_by_curr_pic_flag
        distances.append(total)
    return distances
