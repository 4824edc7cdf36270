"""The obfuscated list of rendezvous hosts that the cloud sends with a station.

Source: protocol/p2p-transport.md §3.1, cloud.md §4.6. Hiding, not protection.
"""

from typing import Final

from ..errors import WireError

_TABLE: Final = bytes.fromhex(
    "4959433db5bf6da347534f6165e371e9677f02030badb3892b2f35c16b8b959711e5a70deff1050783fb9d3bc5c7"
    "13171d1f2529d3df"
)
_START: Final = 0x39
_BASE: Final = ord("A")
MAX_TEXT: Final = 4096
MAX_HOSTS: Final = 32


def decode_app_conn(text: str) -> tuple[str, ...]:
    """Return the hosts in `text` (everything from the first `:` on is ignored).

    Raises `WireError` when the text is no such list.
    """
    encoded = text.partition(":")[0].strip()
    if len(encoded) > MAX_TEXT or len(encoded) % 2 or not encoded.isascii():
        raise WireError("not a host list")
    out = bytearray()
    running = _START
    for index in range(0, len(encoded), 2):
        high, low = ord(encoded[index]) - _BASE, ord(encoded[index + 1]) - _BASE
        value = (high << 4) + low & 0xFF
        plain = value ^ _TABLE[(index // 2) % len(_TABLE)] ^ running
        running ^= plain
        out.append(plain)
    hosts = [part.strip() for part in out.decode("latin-1").split(",")]
    hosts = [host for host in hosts if host]
    if len(hosts) > MAX_HOSTS or not all(_plausible(host) for host in hosts):
        raise WireError("not a host list")
    return tuple(hosts)


def encode_app_conn(hosts: tuple[str, ...], *, trailing: bool = False) -> str:
    """Return the text for `hosts`; `trailing` ends it with the comma that is often seen."""
    plain = ",".join(hosts) + ("," if trailing else "")
    out: list[str] = []
    running = _START
    try:
        data = plain.encode("ascii")
    except UnicodeEncodeError:
        raise WireError("host names are ASCII") from None
    for index, byte in enumerate(data):
        value = byte ^ _TABLE[index % len(_TABLE)] ^ running
        running ^= byte
        out.append(chr(_BASE + (value >> 4)) + chr(_BASE + (value & 0xF)))
    return "".join(out)


def _plausible(host: str) -> bool:
    return len(host) <= 253 and host.isascii() and host.replace(".", "").replace("-", "").isalnum()
