"""PPCS datagrams: the outermost layer on UDP, and the DATA/ACK payloads inside.

`F1 | type | length u16be | payload`. Source: protocol/p2p-transport.md §1 and §4. This layer
has no authentication at all.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

from ..errors import WireError
from .did import Did

MAGIC: Final = 0xF1
DATA_MAGIC: Final = 0xD1
HEADER_SIZE: Final = 4
DATA_HEADER_SIZE: Final = 4
DATA_OFFSET: Final = HEADER_SIZE + DATA_HEADER_SIZE
"""Where the chunk of a DATA datagram begins."""

MAX_CHUNK: Final = 1024
"""Stations cut the byte stream at 1024 bytes (protocol/p2p-transport.md §4)."""

MAX_ACK_INDICES: Final = 17
"""Most indices put into one ACK by us: the figure a foreign client names (§4)."""

SEARCH_PORT: Final = 32108
RENDEZVOUS_PORT: Final = 32100
INDEX_MODULUS: Final = 0x1_0000

type Buffer = bytes | bytearray | memoryview


class DatagramType(IntEnum):
    """Datagram types (protocol/p2p-transport.md §1.1). Unknown ones are ignored."""

    HELLO = 0x00
    HELLO_ACK = 0x01
    LOOKUP = 0x20
    LOOKUP_RESPONSE = 0x21
    LOOKUP_WITH_KEY = 0x26
    LAN_SEARCH = 0x30
    PUNCH_TO = 0x40
    PUNCH_PKT = 0x41
    P2P_RDY = 0x42
    PUNCH_SUCCESS = 0x43
    TURN_LIST = 0x69
    LOOKUP_WITH_KEY_2 = 0x6A
    TURN_INIT = 0x70
    TURN_OK = 0x71
    TURN_CLIENT_OK = 0x72
    TURN_TOKEN = 0x73
    TURN_LOOKUP_WITH_KEY = 0x80
    TURN_LOOKUP_OK = 0x81
    RELAY_TO = 0x82
    CHECK_CAM_2 = 0x83
    TURN_CAM_ID = 0x84
    DATA = 0xD0
    ACK = 0xD1
    ALIVE = 0xE0
    ALIVE_ACK = 0xE1
    CLOSE = 0xF0
    RELAY_HELLO = 0xF9


class Channel(IntEnum):
    """The four byte streams of a link. Records are routed by type, not by channel."""

    DATA = 0
    VIDEO = 1
    CONTROL = 2
    BINARY = 3


class Datagram(NamedTuple):
    """One datagram: the type byte (maybe unknown) and a view of its payload."""

    type: int
    payload: memoryview


@dataclass(frozen=True, slots=True)
class DataChunk:
    """A piece of one channel's byte stream with its index (0..65535)."""

    channel: int
    index: int
    chunk: memoryview


class Ack(NamedTuple):
    """The indices of one channel that the sender has received."""

    channel: int
    indices: tuple[int, ...]


_HEADER: Final = struct.Struct(">BBH")
_DATA: Final = struct.Struct(">BBHBBH")
_DATA_PAYLOAD: Final = struct.Struct(">BBH")


def encode_datagram(type_: int, payload: Buffer = b"") -> bytes:
    """Return a whole datagram. Raises `WireError` when the payload exceeds 65535 bytes."""
    if len(payload) > 0xFFFF or not 0 <= type_ <= 0xFF:
        raise WireError("datagram payload too long")
    return _HEADER.pack(MAGIC, type_, len(payload)) + payload


def decode_datagram(data: Buffer) -> Datagram:
    """Split a datagram into type and payload.

    A declared length of 0, or one beyond the end, means "everything present", because some
    keepalives declare 0 and carry a trailer. Only a DATA datagram that was cut off is refused:
    consuming it would shift the byte stream (protocol/p2p-transport.md §1). Raises `WireError`.
    """
    if len(data) < HEADER_SIZE or data[0] != MAGIC:
        raise WireError("not a PPCS datagram")
    declared = data[2] << 8 | data[3]
    type_ = data[1]
    present = len(data) - HEADER_SIZE
    view = memoryview(data)[HEADER_SIZE:]
    if 0 < declared <= present:
        return Datagram(type_, view[:declared])
    if declared > present and type_ == DatagramType.DATA:
        raise WireError("DATA datagram cut off")
    return Datagram(type_, view)


def encode_data(channel: int, index: int, chunk: Buffer) -> bytes:
    """Return a whole DATA datagram carrying `chunk` at `index` of `channel`."""
    length = len(chunk) + DATA_HEADER_SIZE
    if length > 0xFFFF or not 0 <= channel <= 0xFF or not 0 <= index <= 0xFFFF:
        raise WireError("DATA field out of range")
    return _DATA.pack(MAGIC, DatagramType.DATA, length, DATA_MAGIC, channel, index) + chunk


def decode_data(payload: Buffer) -> DataChunk:
    """Read the payload of a DATA datagram; `chunk` is a view. Raises `WireError`."""
    if len(payload) < DATA_HEADER_SIZE or payload[0] != DATA_MAGIC:
        raise WireError("not a DATA payload")
    channel = payload[1]
    index = payload[2] << 8 | payload[3]
    return DataChunk(channel, index, memoryview(payload)[DATA_HEADER_SIZE:])


def unpack_data(datagram: bytes) -> tuple[int, int, int] | None:
    """Read a whole DATA datagram without making an object per layer.

    Returns (channel, index, end): the chunk is `datagram[DATA_OFFSET:end]`. None when it is not
    an intact DATA datagram; then `decode_datagram` says what it is.
    """
    size = len(datagram)
    if size < DATA_OFFSET:
        return None
    magic, type_, declared, inner, channel, index = _DATA.unpack_from(datagram)
    if magic != MAGIC or type_ != 0xD0 or inner != DATA_MAGIC:
        return None
    end: int = declared + HEADER_SIZE if declared else size
    if not DATA_OFFSET <= end <= size:
        return None
    return channel, index, end


def encode_ack(channel: int, indices: Sequence[int]) -> bytes:
    """Return a whole ACK datagram for one or more indices of `channel`."""
    count = len(indices)
    if count > 0x7FFD or not 0 <= channel <= 0xFF:
        raise WireError("too many indices in one ACK")
    try:
        return struct.pack(
            f">BBHBBH{count}H",
            MAGIC,
            DatagramType.ACK,
            DATA_HEADER_SIZE + 2 * count,
            DATA_MAGIC,
            channel,
            count,
            *indices,
        )
    except struct.error:
        raise WireError("ACK index out of range") from None


def decode_ack(payload: Buffer) -> Ack:
    """Read an ACK payload; with fewer indices than its count, those present are used."""
    if len(payload) < DATA_HEADER_SIZE or payload[0] != DATA_MAGIC:
        raise WireError("not an ACK payload")
    _, channel, count = _DATA_PAYLOAD.unpack_from(payload)
    present = min(count, (len(payload) - DATA_HEADER_SIZE) // 2)
    return Ack(channel, struct.unpack_from(f">{present}H", payload, DATA_HEADER_SIZE))


def encode_lan_search(*, padding: bool = False) -> bytes:
    """Return the LAN search; `padding` adds the two zero bytes that one client sends."""
    return encode_datagram(DatagramType.LAN_SEARCH, b"\0\0" if padding else b"")


def encode_punch(did: Did) -> bytes:
    """Return PUNCH_PKT: a station's answer to a search, and a client's answer to that."""
    return encode_datagram(DatagramType.PUNCH_PKT, did.to_bytes())


def encode_check_cam(did: Did) -> bytes:
    """Return PUNCH_PKT in its 23-byte client form (three zero bytes after the DID)."""
    return encode_datagram(DatagramType.PUNCH_PKT, did.to_bytes() + b"\0\0\0")


def encode_ready(did: Did) -> bytes:
    """Return P2P_RDY; its payload is not read by the known clients."""
    return encode_datagram(DatagramType.P2P_RDY, did.to_bytes())
