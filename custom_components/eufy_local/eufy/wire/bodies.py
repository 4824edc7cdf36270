"""Bodies of commands: the scalar, string and JSON forms, written and read.

All integers are little-endian; strings are ASCII, NUL-padded to multiples of 128 bytes. Source:
protocol/p2p-commands.md §1.1 and p2p-crypto.md §6.2 (the string form of version-8 links).
"""

import struct
from dataclasses import dataclass
from typing import Final, Self

from ..errors import WireError
from . import safe_json
from .datagram import Buffer
from .safe_json import JsonObject

STRING_SIZE: Final = 128
PARAM_QUERY_VALUE: Final = 255
PARAM_QUERY_PLAIN: Final = bytes.fromhex("ff00000087030000")
"""Plaintext of the 1103 query on a version-8 link; the second word is unexplained."""

_U32: Final = struct.Struct("<I")
_MAX_STRING: Final = 8 * STRING_SIZE
"""Longest string accepted: a 256-digit modulus and generous paths."""
_STRING_VALUE_SIZE: Final = 261


@dataclass(frozen=True, slots=True)
class VoidBody:
    """Form V: nothing (1100, 1139, 1144, 1152). Never encrypted."""

    def encode(self) -> bytes:
        """Return the empty body."""
        return b""


@dataclass(frozen=True, slots=True)
class JsonBody:
    """Form P: JSON text without a terminator (1350, 1700, 1271, 1254 to 1256)."""

    data: bytes

    @classmethod
    def of(cls, value: object) -> Self:
        """Write `value` as compact JSON in the order of its keys."""
        return cls(safe_json.dumps(value))

    def encode(self) -> bytes:
        """Return the JSON bytes."""
        return self.data

    def value(self) -> JsonObject:
        """Return the object. Raises `WireError`."""
        return safe_json.loads_object(self.data)


@dataclass(frozen=True, slots=True)
class ScalarBody:
    """Forms I and S: `[sub u32] value u32 [text] [text2]`; `sub` (the channel) makes it an S."""

    value: int
    sub: int | None = None
    text: str = ""
    text2: str = ""

    def encode(self) -> bytes:
        """Return the body. Raises `WireError` when a field does not fit."""
        head = pack_u32(self.value)
        if self.sub is not None:
            head = pack_u32(self.sub) + head
        return head + pack_string(self.text) + pack_string(self.text2)

    @classmethod
    def decode_int(cls, plain: Buffer) -> Self:
        """Read form I; zero-filling after it is ignored. Raises `WireError`."""
        texts = _read_strings(plain, 4)
        return cls(read_u32(plain, 0), None, *texts)

    @classmethod
    def decode_sub(cls, plain: Buffer) -> Self:
        """Read form S; zero-filling after it is ignored. Raises `WireError`."""
        texts = _read_strings(plain, 8)
        return cls(read_u32(plain, 4), read_u32(plain, 0), *texts)


@dataclass(frozen=True, slots=True)
class TwoStringBody:
    """Form W: five zero bytes and two strings (1024 download: path and account)."""

    text: str
    text2: str

    def encode(self) -> bytes:
        """Return the body. Raises `WireError` when a text does not fit."""
        return bytes(5) + pack_string(self.text) + pack_string(self.text2)

    @classmethod
    def decode(cls, plain: Buffer) -> Self:
        """Read form W. Raises `WireError`."""
        texts = _read_strings(plain, 5)
        return cls(*texts)


@dataclass(frozen=True, slots=True)
class StringBody:
    """The string command of version-8 links (1215): `0 u32, channel u8, value, account`."""

    channel: int
    value: str
    account_id: str

    def encode(self) -> bytes:
        """Return the 261-byte body. Raises `WireError` when a text exceeds 127 bytes."""
        if not 0 <= self.channel <= 0xFF:
            raise WireError("channel out of range")
        return (
            bytes(4)
            + bytes([self.channel])
            + _fixed_string(self.value)
            + _fixed_string(self.account_id)
        )

    @classmethod
    def decode(cls, plain: Buffer) -> Self:
        """Read the 261-byte body. Raises `WireError`."""
        if len(plain) < _STRING_VALUE_SIZE:
            raise WireError("string command cut off")
        return cls(
            plain[4],
            read_string(plain[5 : 5 + STRING_SIZE]),
            read_string(plain[5 + STRING_SIZE : _STRING_VALUE_SIZE]),
        )


@dataclass(frozen=True, slots=True)
class ParamQueryBody:
    """The 1103 query; its bytes differ between version-8 links and all others."""

    def encode(self) -> bytes:
        """Return the legacy form (u32 255)."""
        return _U32.pack(PARAM_QUERY_VALUE)


type Body = VoidBody | JsonBody | ScalarBody | TwoStringBody | StringBody | ParamQueryBody


def pack_u32(value: int) -> bytes:
    """Return a u32le; a negative value is written as its two's complement."""
    if not -0x8000_0000 <= value <= 0xFFFF_FFFF:
        raise WireError("value does not fit 32 bits")
    return _U32.pack(value & 0xFFFF_FFFF)


def read_u32(data: Buffer, offset: int = 0) -> int:
    """Return the u32le at `offset`. Raises `WireError` when it is not there."""
    if len(data) < offset + 4:
        raise WireError("value cut off")
    value: int = _U32.unpack_from(data, offset)[0]
    return value


def read_i32(data: Buffer, offset: int = 0) -> int:
    """Return the int32le at `offset`. Raises `WireError` when it is not there."""
    value = read_u32(data, offset)
    return value - 0x1_0000_0000 if value & 0x8000_0000 else value


def pack_string(text: str) -> bytes:
    """Return `text` NUL-padded to a multiple of 128 bytes; empty text takes no room at all.

    256 digits occupy exactly 256 bytes, without a NUL (protocol/p2p-commands.md §1.1).
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        raise WireError("text cannot be written") from None
    if len(data) > _MAX_STRING:
        raise WireError("text too long")
    return data + bytes(-len(data) % STRING_SIZE)


def read_string(field: Buffer) -> str:
    """Return the text before the first NUL."""
    return bytes(field).partition(b"\0")[0].decode("utf-8", "replace")


def _fixed_string(text: str) -> bytes:
    data = pack_string(text) or bytes(STRING_SIZE)
    if len(data) != STRING_SIZE or data[-1]:
        raise WireError("text too long")
    return data


def _read_strings(plain: Buffer, offset: int) -> tuple[str, str]:
    """Read up to two strings; a string whose last byte is set goes on in the next 128 bytes."""
    texts: list[str] = []
    end = min(len(plain), offset + 2 * _MAX_STRING)
    while len(texts) < 2:
        stop = offset + STRING_SIZE
        while stop <= end - STRING_SIZE and plain[stop - 1]:
            stop += STRING_SIZE
        texts.append(read_string(plain[offset : min(stop, end)]))
        offset = stop
    return texts[0], texts[1]
