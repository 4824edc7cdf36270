"""A reader for the bit syntax of parameter sets (H.264 §7.2 and §9.1, H.265 §7.2 and §9.2)."""

from ..errors import FrameRefused

# The longest exp-Golomb prefix that any field of a parameter set can need: 32 zero bits
# stand for 2^32 - 1 (H.264 §9.1). A longer one is an attack or damage.
_MAX_LEADING_ZEROS = 32


def unescape(nal: bytes) -> bytes:
    """Remove the emulation-prevention bytes: NAL unit bytes in, RBSP bytes out."""
    return nal.replace(b"\0\0\3", b"\0\0")


class BitReader:
    """Reads bits of an RBSP from the front; every read past the end is `FrameRefused`."""

    __slots__ = ("_bits", "_left")

    def __init__(self, rbsp: bytes) -> None:
        self._bits = int.from_bytes(rbsp)
        self._left = len(rbsp) * 8

    def u(self, count: int) -> int:
        """Read `count` bits as an unsigned number."""
        if count > self._left:
            raise FrameRefused("a parameter set ends too early")
        self._left -= count
        return (self._bits >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        """Read one bit."""
        return self.u(1) == 1

    def skip(self, count: int) -> None:
        """Pass over `count` bits."""
        self.u(count)

    def ue(self, limit: int) -> int:
        """Read an unsigned exp-Golomb number that may be at most `limit`."""
        rest = self._bits & ((1 << self._left) - 1)
        zeros = self._left - rest.bit_length()
        if zeros > _MAX_LEADING_ZEROS or 2 * zeros + 1 > self._left:
            raise FrameRefused("a parameter set holds a broken number")
        self._left -= 2 * zeros + 1
        value = ((self._bits >> self._left) & ((1 << (zeros + 1)) - 1)) - 1
        if value > limit:
            raise FrameRefused(f"a parameter set holds {value} where at most {limit} is legal")
        return value

    def se(self, limit: int) -> int:
        """Read a signed exp-Golomb number whose magnitude may be at most `limit`."""
        code = self.ue(2 * limit)
        return (code + 1) // 2 if code % 2 else -(code // 2)
