"""Keys of lock pass-through payloads, for completeness; no lock is controlled with them.

Source: protocol/p2p-crypto.md §8. AES-128-CBC, IV = the serial padded to 16 bytes.
"""

from typing import Final

from ..errors import WireError

_TABLE: Final = bytes.fromhex("68adb826956392 11a1873639d2 9e9159".replace(" ", ""))
_OWNER_SIZE: Final = 40
_SERIAL_SIZE: Final = 16


def basic_lock_key(owner_id: str, serial: str) -> bytes:
    """Return the 16-byte key; the owner id must have 40 characters, the serial 16."""
    owner, name = _bytes(owner_id, _OWNER_SIZE), _bytes(serial, _SERIAL_SIZE)
    return bytes(
        (
            _TABLE[index]
            + name[(name[index] * 3 + 5) % _SERIAL_SIZE]
            + owner[(owner[index] * 3 + 5) % _OWNER_SIZE]
        )
        & 0xFF
        for index in range(16)
    )


def smart_lock_key(owner_id: str, time: int) -> bytes:
    """Return the 16-byte key: end of the owner id and a Unix time in seconds, big-endian."""
    owner = _bytes(owner_id, _OWNER_SIZE)
    if not 0 <= time <= 0xFFFF_FFFF:
        raise WireError("time does not fit 32 bits")
    return owner[-12:] + time.to_bytes(4)


def lock_iv(serial: str) -> bytes:
    """Return the IV: the serial padded with zeros to 16 bytes."""
    if len(serial) > _SERIAL_SIZE:
        raise WireError("a serial has 16 characters")
    return _bytes(serial, len(serial)).ljust(_SERIAL_SIZE, b"\0")


def _bytes(text: str, size: int) -> bytes:
    if len(text) != size or not text.isascii():
        raise WireError("owner id or serial has a wrong length")
    return text.encode()
