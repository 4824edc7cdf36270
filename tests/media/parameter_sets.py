"""Writes parameter sets with any value in any field, as a hostile camera could."""

import dataclasses


class BitWriter:
    """The reverse of a bit reader (H.264 §7.2, §9.1)."""

    def __init__(self) -> None:
        self.bits: list[int] = []

    def u(self, count: int, value: int) -> None:
        self.bits += [(value >> (count - 1 - index)) & 1 for index in range(count)]

    def ue(self, value: int) -> None:
        length = (value + 1).bit_length()
        self.u(length - 1, 0)
        self.u(length, value + 1)

    def se(self, value: int) -> None:
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def rbsp(self) -> bytes:
        bits = [*self.bits, 1]
        bits += [0] * (-len(bits) % 8)
        return bytes(int("".join(map(str, bits[at : at + 8])), 2) for at in range(0, len(bits), 8))


def escape(rbsp: bytes) -> bytes:
    """Put emulation-prevention bytes in."""
    result = bytearray()
    for octet in rbsp:
        if octet <= 3 and result[-2:] == b"\0\0":
            result.append(3)
        result.append(octet)
    return bytes(result)


@dataclasses.dataclass(frozen=True, kw_only=True)
class H264:
    """Fields of an H.264 SPS."""

    profile: int = 100
    set_id: int = 0
    chroma: int = 1
    depth: int = 8
    colour_depth: int | None = None
    scaling: bool = False
    scaling_step: int = 1
    order: int = 0
    references: int = 4
    width: int = 1920
    height: int = 1088
    crop: tuple[int, int, int, int] | None = (0, 0, 0, 4)
    interlaced: bool = False

    def nal(self) -> bytes:
        bits = BitWriter()
        bits.u(8, self.profile)
        bits.u(8, 0)
        bits.u(8, 40)
        bits.ue(self.set_id)
        if self.profile in {100, 110, 122, 244}:
            bits.ue(self.chroma)
            if self.chroma == 3:
                bits.u(1, 0)
            bits.ue(self.depth - 8)
            bits.ue((self.colour_depth or self.depth) - 8)
            bits.u(1, 0)
            bits.u(1, self.scaling)
            if self.scaling:
                for index in range(8):
                    bits.u(1, index != 3)
                    if index == 3:
                        continue  # falls back to another list
                    bits.se(self.scaling_step)
                    if self.scaling_step == -8:
                        continue  # ends the list: the rest repeats the last value
                    for _ in range(15 if index < 6 else 63):
                        bits.se(1)
        bits.ue(0)
        bits.ue(self.order)
        if self.order == 0:
            bits.ue(2)
        elif self.order == 1:
            bits.u(1, 0)
            bits.se(-3)
            bits.se(5)
            bits.ue(2)
            bits.se(1)
            bits.se(-1)
        bits.ue(self.references)
        bits.u(1, 0)
        bits.ue(self.width // 16 - 1)
        bits.ue(self.height // (32 if self.interlaced else 16) - 1)
        bits.u(1, not self.interlaced)
        if self.interlaced:
            bits.u(1, 0)
        bits.u(1, 1)
        bits.u(1, self.crop is not None)
        for side in self.crop or ():
            bits.ue(side)
        bits.u(1, 0)
        return b"\x67" + escape(bits.rbsp())


@dataclasses.dataclass(frozen=True, kw_only=True)
class H265:
    """Fields of an H.265 SPS."""

    sub_layers: int = 0
    profile: int = 1
    chroma: int = 1
    width: int = 1920
    height: int = 1080
    crop: tuple[int, int, int, int] | None = None
    depth: int = 8
    colour_depth: int | None = None
    decoded: int = 4
    smallest: int = 3
    tree: int = 4
    transform: int = 2
    transform_range: int = 2
    scaling: bool = False
    pcm: bool = False
    sets: tuple[tuple[int, ...], ...] = ((-1,), (-1, -2))
    inter: bool = False
    inter_forward: bool = False
    inter_drops: int = 0
    long_term: int | None = None

    def nal(self) -> bytes:
        bits = BitWriter()
        bits.u(4, 0)
        bits.u(3, self.sub_layers)
        bits.u(1, 1)
        bits.u(3, 0)
        bits.u(5, self.profile)
        bits.u(32, 0x60000000)
        bits.u(48, 0x900000000000)
        bits.u(8, 120)
        for _ in range(self.sub_layers):
            bits.u(2, 0b11)
        if self.sub_layers:
            bits.u(2 * (8 - self.sub_layers), 0)
        for _ in range(self.sub_layers):
            bits.u(88, 0)
            bits.u(8, 0)
        bits.ue(0)
        bits.ue(self.chroma)
        bits.ue(self.width)
        bits.ue(self.height)
        bits.u(1, self.crop is not None)
        for side in self.crop or ():
            bits.ue(side)
        bits.ue(self.depth - 8)
        bits.ue((self.colour_depth or self.depth) - 8)
        bits.ue(4)
        bits.u(1, 1)
        for _ in range(self.sub_layers + 1):
            bits.ue(self.decoded - 1)
            bits.ue(0)
            bits.ue(0)
        bits.ue(self.smallest - 3)
        bits.ue(self.tree - self.smallest)
        bits.ue(self.transform - 2)
        bits.ue(self.transform_range)
        bits.ue(1)
        bits.ue(1)
        bits.u(1, self.scaling)
        if self.scaling:
            bits.u(1, 1)
            for size in range(4):
                for matrix in range(0, 6, 3 if size == 3 else 1):
                    bits.u(1, matrix % 2)
                    if matrix % 2 == 0:
                        bits.ue(0)
                        continue
                    if size > 1:
                        bits.se(8)
                    for _ in range(min(64, 1 << (4 + 2 * size))):
                        bits.se(-1)
        bits.u(2, 0b11)
        bits.u(1, self.pcm)
        if self.pcm:
            bits.u(8, 0x77)
            bits.ue(0)
            bits.ue(1)
            bits.u(1, 1)
        bits.ue(len(self.sets) + self.inter)
        for index, distances in enumerate(self.sets):
            if index:
                bits.u(1, 0)
            before = [-d for d in distances if d < 0]
            after = [d for d in distances if d > 0]
            bits.ue(len(before))
            bits.ue(len(after))
            for group in (before, after):
                last = 0
                for distance in group:
                    bits.ue(distance - last - 1)
                    bits.u(1, 1)
                    last = distance
        if self.inter:
            # Moves the set before by one picture and drops the first ones of it.
            bits.u(1, 1)
            bits.u(1, not self.inter_forward)
            bits.ue(0)
            for index in range(len(self.sets[-1]) + 1):
                if index < self.inter_drops:
                    bits.u(2, 0b00)
                else:
                    bits.u(1, 1)
        bits.u(1, self.long_term is not None)
        if self.long_term is not None:
            bits.ue(self.long_term)
            for _ in range(self.long_term):
                bits.u(9, 0)
        bits.u(2, 0b01)
        bits.u(1, 0)
        bits.u(1, 0)
        return b"\x42\x01" + escape(bits.rbsp())


VPS = bytes.fromhex("40010c01ffff016000000300900000030000030078ba0240")
PPS_H265 = bytes.fromhex("4401c0718112")
PPS_H264 = bytes.fromhex("68ce0fc8")


def h264_unit(sps: bytes, *extra: bytes, slice_=b"\x65\x88\x84\x00\x10") -> bytes:
    """A key frame whose slice nobody will look into."""
    return b"".join(b"\0\0\0\1" + nal for nal in (sps, PPS_H264, *extra, slice_))


def h265_unit(sps: bytes, *extra: bytes, vps=VPS, slice_=b"\x26\x01\xaf\x08\x40") -> bytes:
    """A key frame whose slice nobody will look into."""
    return b"".join(b"\0\0\0\1" + nal for nal in (vps, sps, PPS_H265, *extra, slice_))
