"""The P2P identity of a station: `PREFIX-NUMBER-SUFFIX` and its 20-byte struct.

Source: protocol/p2p-transport.md §2.1. The DID is an address, not a secret.
"""

import re
import struct
from dataclasses import dataclass
from typing import Final, Self, override

from ..errors import WireError

SIZE: Final = 20
MIN_SIZE: Final = 17
"""A shorter struct still holds a 5-letter suffix; one client accepts it."""

_STRUCT: Final = struct.Struct(">8sI8s")
_TEXT: Final = re.compile(r"([0-9A-Za-z]{1,8})-([0-9]{1,10})-([0-9A-Za-z]{1,8})", re.ASCII)
_PART: Final = re.compile(rb"[0-9A-Za-z]{1,8}\Z")
_MAX_NUMBER: Final = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Did:
    """One P2P identity; the text form pads the number to at least six digits.

    eufy units seen: seven letters, six digits, five letters. The struct has room for eight
    letters on both sides, so other shapes are accepted too.
    """

    prefix: str
    number: int
    suffix: str

    def __post_init__(self) -> None:
        fits = 0 <= self.number <= _MAX_NUMBER
        if not (fits and _is_part(self.prefix) and _is_part(self.suffix)):
            raise WireError("a DID is up to 8 letters, a number and up to 8 letters")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the text form; surrounding blanks are ignored. Raises `WireError`."""
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise WireError("a DID has the form LETTERS-DIGITS-LETTERS")
        prefix, number, suffix = match.groups()
        return cls(prefix, int(number), suffix)

    @classmethod
    def from_bytes(cls, data: bytes | bytearray | memoryview) -> Self:
        """Read the struct from the start of `data` (17 bytes or more; a tail is ignored)."""
        if len(data) < MIN_SIZE:
            raise WireError("a DID struct has 20 bytes")
        prefix, number, suffix = _STRUCT.unpack(bytes(data[:SIZE]).ljust(SIZE, b"\0"))
        return cls(_text_of(prefix), number, _text_of(suffix))

    def to_bytes(self) -> bytes:
        """Return the 20-byte struct: prefix and suffix NUL-padded, number big-endian."""
        return _STRUCT.pack(self.prefix.encode(), self.number, self.suffix.encode())

    @override
    def __str__(self) -> str:
        return f"{self.prefix}-{self.number:06d}-{self.suffix}"


def _is_part(text: str) -> bool:
    return text.isascii() and _PART.match(text.encode()) is not None


def _text_of(field: bytes) -> str:
    part = field.partition(b"\0")[0]
    if _PART.match(part) is None:
        raise WireError("a DID part is not made of letters")
    return part.decode("ascii")
