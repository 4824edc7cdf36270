"""Datagrams to and from rendezvous servers and relays.

Source: protocol/p2p-transport.md §3. On a LAN only two of them are ever sent, and only to wake
a sleeping standalone camera, which the user must allow: HELLO and LOOKUP_WITH_KEY. The relay
forms are read so that they can be recognised, counted and refused.
"""

import ipaddress
import struct
from enum import Enum
from typing import Final, NamedTuple

from ..errors import WireError
from ..secret import Secret
from .datagram import Buffer, DatagramType, encode_datagram
from .did import SIZE, Did

DSK_FIELD: Final = 24
DSK_SIZE: Final = 20
TOKEN_SIZE: Final = 4
MAX_TURN_HOSTS: Final = 64
_FAMILY: Final = b"\0\2"
_ADDRESS: Final = struct.Struct("<2xH4s")
_TURN_ENTRY: Final = 16


class LookupTail(Enum):
    """The four bytes before the DSK in a lookup (contradiction C13); their meaning is unknown."""

    APP = bytes.fromhex("02050105")
    OTHER = bytes.fromhex("02040000")


class Endpoint(NamedTuple):
    """An IPv4 address as text and a UDP port."""

    host: str
    port: int

    @property
    def is_set(self) -> bool:
        """False for 0.0.0.0, which answers carry and which must be ignored."""
        return self.host != "0.0.0.0" and self.port != 0  # noqa: S104 - compared, not bound

    @property
    def is_private(self) -> bool:
        """True for an address that can be on the own network."""
        address = ipaddress.IPv4Address(self.host)
        return address.is_private and not address.is_unspecified


class Relay(NamedTuple):
    """An offered relay and its token; a LAN client refuses it."""

    endpoint: Endpoint
    token: bytes


def encode_hello() -> bytes:
    """Return HELLO, sent to each rendezvous host before a lookup."""
    return encode_datagram(DatagramType.HELLO)


def encode_address(endpoint: Endpoint) -> bytes:
    """Return the 8-byte address: family, port u16le, IPv4 with its bytes reversed."""
    try:
        packed = ipaddress.IPv4Address(endpoint.host).packed
        return _FAMILY + struct.pack("<H", endpoint.port) + packed[::-1]
    except ValueError, struct.error:
        raise WireError("not an IPv4 endpoint") from None


def decode_address(data: Buffer) -> Endpoint:
    """Read an address at the start of `data`. Raises `WireError`."""
    if len(data) < _ADDRESS.size:
        raise WireError("address cut off")
    port, packed = _ADDRESS.unpack_from(data)
    return Endpoint(str(ipaddress.IPv4Address(packed[::-1])), port)


def encode_lookup(
    did: Did, local: Endpoint, dsk: Secret[str], tail: LookupTail = LookupTail.APP
) -> bytes:
    """Return LOOKUP_WITH_KEY: asks servers to make the station punch our LAN endpoint."""
    payload = did.to_bytes() + encode_address(local) + bytes(8) + tail.value
    return encode_datagram(DatagramType.LOOKUP_WITH_KEY, payload + _dsk(dsk, DSK_FIELD))


def decode_lookup(payload: Buffer) -> tuple[Did, Endpoint, Secret[str]]:
    """Read LOOKUP_WITH_KEY (a server's side). Raises `WireError`."""
    if len(payload) < 40 + DSK_SIZE:
        raise WireError("lookup cut off")
    dsk = bytes(payload[40 : 40 + DSK_SIZE]).partition(b"\0")[0].decode("latin-1")
    return Did.from_bytes(payload), decode_address(payload[SIZE:]), Secret(dsk)


def encode_lookup_2(did: Did, dsk: Secret[str]) -> bytes:
    """Return the second lookup form; it asks for a relay, so the client never sends it."""
    payload = did.to_bytes() + _dsk(dsk, DSK_FIELD)
    return encode_datagram(DatagramType.LOOKUP_WITH_KEY_2, payload)


def encode_lookup_answer(endpoint: Endpoint) -> bytes:
    """Return PUNCH_TO (a server's side); the eight zero bytes at the end are assumed."""
    return encode_datagram(DatagramType.PUNCH_TO, encode_address(endpoint) + bytes(8))


def decode_lookup_answer(payload: Buffer) -> Endpoint:
    """Read PUNCH_TO: the station's LAN or public address. Raises `WireError`."""
    return decode_address(payload)


def encode_lookup_response(code: int) -> bytes:
    """Return LOOKUP_RESPONSE (a server's side): one code byte and three zeros."""
    return encode_datagram(DatagramType.LOOKUP_RESPONSE, bytes([code & 0xFF, 0, 0, 0]))


def decode_lookup_response(payload: Buffer) -> int:
    """Return the code, u16le: 0 = known. No code ever ends a search (protocol/field.md)."""
    if len(payload) < 2:
        raise WireError("lookup response cut off")
    return payload[0] | payload[1] << 8


def encode_relay_offer(relay: Relay) -> bytes:
    """Return RELAY_TO (a server's side)."""
    payload = encode_address(relay.endpoint) + bytes(8) + _token(relay.token)
    return encode_datagram(DatagramType.RELAY_TO, payload)


def decode_relay_offer(payload: Buffer) -> Relay:
    """Read RELAY_TO: address, and the token at datagram offset 20. Raises `WireError`."""
    if len(payload) < 16 + TOKEN_SIZE:
        raise WireError("relay offer cut off")
    return Relay(decode_address(payload), bytes(payload[16 : 16 + TOKEN_SIZE]))


def decode_turn_list(payload: Buffer) -> tuple[Endpoint, ...]:
    """Read the relay list 0x69; identical entries are normal. Raises `WireError`."""
    if len(payload) < 4:
        raise WireError("relay list cut off")
    count = int.from_bytes(payload[:4], "little")
    present = min(count, (len(payload) - 4) // _TURN_ENTRY, MAX_TURN_HOSTS)
    view = memoryview(payload)
    return tuple(decode_address(view[4 + _TURN_ENTRY * item :]) for item in range(present))


def encode_turn_list(endpoints: tuple[Endpoint, ...]) -> bytes:
    """Return the relay list 0x69 (a server's side)."""
    body = b"".join(encode_address(item) + bytes(8) for item in endpoints)
    count = len(endpoints).to_bytes(4, "little")
    return encode_datagram(DatagramType.TURN_LIST, count + body)


def encode_check_cam_2(did: Did, token: bytes) -> bytes:
    """Return CHECK_CAM2 of the relay flow: token, DID, four zeros."""
    payload = _token(token) + did.to_bytes() + bytes(4)
    return encode_datagram(DatagramType.CHECK_CAM_2, payload)


def encode_turn_lookup(did: Did, relay: Relay) -> bytes:
    """Return TURN_LOOKUP_WITH_KEY of the relay flow."""
    payload = did.to_bytes() + encode_address(relay.endpoint) + bytes(8) + _token(relay.token)
    return encode_datagram(DatagramType.TURN_LOOKUP_WITH_KEY, payload)


def _dsk(dsk: Secret[str], size: int) -> bytes:
    text = dsk.reveal()
    if len(text) > DSK_SIZE or not text.isascii():
        raise WireError("a DSK has 20 characters")
    return text.encode().ljust(size, b"\0")


def _token(token: bytes) -> bytes:
    if len(token) != TOKEN_SIZE:
        raise WireError("a relay token has 4 bytes")
    return token
