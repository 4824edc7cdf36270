"""The NAL gate: what every access unit must pass before it leaves this room (security.md T7).

Pure Python, no native parser. It keeps the NAL units that a decoder needs, drops what only
widens the surface of attack (SEI, reserved and unspecified types, further layers), parses each
parameter set that can make a decoder allocate, and refuses the whole access unit when a limit is
broken. Types: H.264 table 7-1, H.265 table 7-1.
"""

import dataclasses
from collections.abc import Iterable
from typing import Final

from ..errors import FrameRefused
from ..wire.nal import LONG_START, SHORT_START, Codec, sniff
from . import sps_h264, sps_h265
from .codec import VideoParameters
from .limits import MAX_ACCESS_UNIT, MAX_NALS, MAX_PARAMETER_SET, PictureFormat

# The header of a record may give the coded instead of the cropped size, or one rounded to a
# macroblock or a coding tree block (64), as hardware encoders do.
_SIZE_TOLERANCE: Final = 64
# A stream has one or two parameter sets of a kind; this many are remembered as already checked.
_REMEMBERED_SETS: Final = 16
_MAX_SETS_OF_A_KIND: Final = 4
_ZEROS: Final = bytes(4096)

type _Sets = dict[int, tuple[bytes, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class _Rules:
    """The NAL unit types that are let through; every other one is dropped."""

    slices: frozenset[int]
    random_access: frozenset[int]
    sets: frozenset[int]
    sps: int


_H265_VPS: Final = 32
_RULES: Final = {
    Codec.H264: _Rules(frozenset({1, 5}), frozenset({5}), frozenset({7, 8}), 7),
    Codec.HEVC: _Rules(
        frozenset(range(10)) | frozenset(range(16, 22)),
        frozenset(range(16, 22)),
        frozenset({_H265_VPS, 33, 34}),
        33,
    ),
}


@dataclasses.dataclass(frozen=True, slots=True)
class CheckedUnit:
    """One access unit that passed: its NAL units without start codes, parameter sets first.

    A key unit always carries its parameter sets: those it came with, else the ones before it.
    """

    codec: Codec
    key: bool
    nals: tuple[memoryview, ...]
    parameters: VideoParameters


def annex_b(nals: Iterable[memoryview]) -> bytes:
    """Put start codes before NAL units, as decoders and files want them."""
    return b"".join(part for nal in nals for part in (LONG_START, nal))


def split_nals(data: bytes) -> list[memoryview]:
    """Split Annex B bytes into NAL units; raises `FrameRefused` above the limits.

    Zero bytes before a start code and at the end belong to no unit (H.264 §B.1.1); empty units
    occur on the wire (protocol/p2p-media.md §2.5) and are left out.
    """
    if len(data) > MAX_ACCESS_UNIT:
        raise FrameRefused(f"an access unit of {len(data)} bytes")
    view = memoryview(data)
    nals: list[memoryview] = []
    found = data.find(SHORT_START)
    count = 0
    while found >= 0:
        begin = found + 3
        found = data.find(SHORT_START, begin)
        end = found if found >= 0 else len(data)
        count += 1
        if count > MAX_NALS:
            raise FrameRefused(f"more than {MAX_NALS} NAL units in an access unit")
        if end > begin and not data[end - 1]:
            end = _without_stuffing(data, begin, end)
        if end > begin:
            nals.append(view[begin:end])
    return nals


def _without_stuffing(data: bytes, begin: int, end: int) -> int:
    # Whole blocks first: megabytes of zeros must not take milliseconds.
    block = len(_ZEROS)
    while end - begin >= block and data[end - block : end] == _ZEROS:
        end -= block
    last = max(begin, end - block)
    return last + len(data[last:end].rstrip(b"\0"))


class NalGate:
    """Checks the access units of one stream; remembers the parameter sets it has let in."""

    def __init__(self) -> None:
        self._codec: Codec | None = None
        self._sets: _Sets = {}
        self._checked: dict[bytes, PictureFormat] = {}
        self._parameters: VideoParameters | None = None

    def check(self, data: bytes, width: int = 0, height: int = 0) -> CheckedUnit:
        """Return what may leave of one access unit (Annex B bytes, at most 4 MiB).

        `width` and `height` are those of the record's header in pixels, 0 when it gives none.
        Raises `FrameRefused`; the remembered parameter sets then stay as they were.
        """
        nals = split_nals(data)
        codec = sniff(data) or self._codec
        if codec is None:
            raise FrameRefused("no picture that can be recognised")
        rules = _RULES[codec]
        slices: list[memoryview] = []
        fresh: dict[int, list[bytes]] = {}
        key = False
        for nal in nals:
            if nal[0] & 0x80:
                raise FrameRefused("a NAL unit with the forbidden bit")
            kind = _kind(codec, nal)
            if kind in rules.slices:
                key = key or kind in rules.random_access
                slices.append(nal)
            elif kind in rules.sets:
                fresh.setdefault(kind, []).append(bytes(nal))
        if not slices:
            raise FrameRefused("an access unit without a picture")
        parameters, changed = self._parameters, False
        if fresh or parameters is None or codec is not self._codec:
            parameters, changed = self._renew(codec, fresh, (width, height))
        elif key:
            _check_header(self._check_sets(codec, self._sets), (width, height))
        if key or changed:
            slices = [*(memoryview(one) for one in parameters.sets), *slices]
        return CheckedUnit(codec, key, tuple(slices), parameters)

    def _renew(
        self, codec: Codec, fresh: dict[int, list[bytes]], header: tuple[int, int]
    ) -> tuple[VideoParameters, bool]:
        """Check parameter sets that just came together with those from before."""
        sets = {} if codec is not self._codec else self._sets
        sets = sets | {kind: tuple(ones) for kind, ones in fresh.items()}
        if _RULES[codec].sets - sets.keys():
            raise FrameRefused("a picture before its parameter sets")
        formats = self._check_sets(codec, sets)
        _check_header(formats, header)
        if self._parameters is not None and sets == self._sets:
            return self._parameters, False
        in_order = tuple(one for kind in sorted(sets) for one in sets[kind])
        self._codec, self._sets = codec, sets
        self._parameters = VideoParameters(codec, in_order, formats[0].width, formats[0].height)
        return self._parameters, True

    def _check_sets(self, codec: Codec, sets: _Sets) -> list[PictureFormat]:
        for kind, ones in sets.items():
            if len(ones) > _MAX_SETS_OF_A_KIND:
                raise FrameRefused(f"{len(ones)} parameter sets of a kind")
            for one in ones:
                if len(one) > MAX_PARAMETER_SET:
                    raise FrameRefused(f"a parameter set of {len(one)} bytes")
                if kind == _H265_VPS and codec is Codec.HEVC:
                    sps_h265.check_vps(one)
        return [self._parse(codec, one) for one in sets[_RULES[codec].sps]]

    def _parse(self, codec: Codec, nal: bytes) -> PictureFormat:
        known = self._checked.get(nal)
        if known is None:
            parse = sps_h264.parse_sps if codec is Codec.H264 else sps_h265.parse_sps
            known = parse(nal)
            while len(self._checked) >= _REMEMBERED_SETS:
                self._checked.pop(next(iter(self._checked)))
            self._checked[nal] = known
        return known


def _kind(codec: Codec, nal: memoryview) -> int:
    if codec is Codec.H264:
        return nal[0] & 0x1F
    # nuh_layer_id 0 is the only layer; nuh_temporal_id_plus1 is never 0 (H.265 §7.4.2.2).
    if len(nal) < 3 or nal[0] & 1 or nal[1] >> 3 or not nal[1] & 7:
        return -1
    return nal[0] >> 1


def _check_header(formats: list[PictureFormat], header: tuple[int, int]) -> None:
    width, height = header
    if not width or not height:
        return
    for picture in formats:
        own = (picture.width, picture.height), (picture.coded_width, picture.coded_height)
        # Declared, not seen on hardware: a header that gives the sides of an upright doorbell
        # picture the other way round would still be the same amount of memory.
        if not any(
            abs(mine[0] - said[0]) < _SIZE_TOLERANCE and abs(mine[1] - said[1]) < _SIZE_TOLERANCE
            for mine in own
            for said in ((width, height), (height, width))
        ):
            raise FrameRefused(
                f"the record says {width} x {height}, the picture {own[0][0]} x {own[0][1]}"
            )
