"""XZYH records: the unit inside a channel's byte stream, and the reader that cuts them out.

`"XZYH" | command u16le | length u32le | subheader[6] | body`. Source:
protocol/p2p-transport.md §5. Lengths come from the wire, so each type has a limit
(design/security.md T6) and a longer one is treated as a false match.
"""

import struct
from typing import Final, NamedTuple

from ..errors import WireError
from .datagram import Buffer

MAGIC: Final = b"XZYH"
HEADER_SIZE: Final = 16
SUBHEADER_SIZE: Final = 6

MAX_CONTROL_BODY: Final = 256 * 1024
"""Largest control body kept (design/security.md T6); a full dump is about 19 kB."""

MAX_TABLE_BODY: Final = 2 * 1024 * 1024
"""1306 and 1308 replies carry whole tables and pictures (T6)."""

MAX_MEDIA_BODY: Final = 4 * 1024 * 1024
"""Largest media body kept: 4K key frames burst to about 1 MB (T6)."""

MIN_PART: Final = 256
"""Smaller pieces of an open record are copied together instead of kept one by one: an object
per byte would take forty times the memory that a budget sees (T6)."""
_FOLD: Final = 4096

_TABLE_COMMANDS: Final = frozenset({1306, 1308})
_MEDIA_COMMANDS: Final = frozenset({1300, 1301})
_HEADER: Final = struct.Struct("<4sHI6s")


def body_limit(command: int) -> int:
    """Return the largest body in bytes that a record of this type may have."""
    if command in _MEDIA_COMMANDS:
        return MAX_MEDIA_BODY
    return MAX_TABLE_BODY if command in _TABLE_COMMANDS else MAX_CONTROL_BODY


class RecordHeader(NamedTuple):
    """The 16-byte header: record type, body length in bytes, six subheader bytes."""

    command: int
    length: int
    subheader: bytes


class Record(NamedTuple):
    """One whole record, still sealed: type, six subheader bytes and body."""

    command: int
    subheader: bytes
    body: bytes

    @property
    def version(self) -> int:
        """Subheader byte 0: 8 = GCM or ECC, 1 = legacy, 2 = clear audio."""
        return self.subheader[0]

    @property
    def counter(self) -> int:
        """Subheader byte 1: a client's counter; stations mostly send 0."""
        return self.subheader[1]

    @property
    def channel(self) -> int:
        """Subheader byte 2: 255 = station, else the camera's channel."""
        return self.subheader[2]

    @property
    def encryption(self) -> int:
        """Subheader byte 3, unsigned: 0 clear, 1 static key, 2 RSA link key, 8 GCM."""
        return self.subheader[3]

    @property
    def flag(self) -> int:
        """Subheader byte 4: 1 = result or receipt, 0x0a = live open and its media."""
        return self.subheader[4]

    @property
    def audio_kind(self) -> int:
        """Subheader byte 5: 3 marks the floodlight audio variant (declared)."""
        return self.subheader[5]


def encode_record(command: int, subheader: bytes, body: Buffer = b"") -> bytes:
    """Return a whole record. Raises `WireError` when a field does not fit."""
    if len(subheader) != SUBHEADER_SIZE or not 0 <= command <= 0xFFFF or len(body) > 0xFFFF_FFFF:
        raise WireError("record field out of range")
    return _HEADER.pack(MAGIC, command, len(body), subheader) + body


def decode_header(data: Buffer) -> RecordHeader:
    """Read the header at the start of `data`; the body need not be there. Raises `WireError`."""
    if len(data) < HEADER_SIZE:
        raise WireError("record header cut off")
    magic, command, length, subheader = _HEADER.unpack_from(data)
    if magic != MAGIC:
        raise WireError("not an XZYH record")
    return RecordHeader(command, length, subheader)


def decode_record(data: Buffer) -> Record:
    """Read exactly one whole record. Raises `WireError` when cut off or followed by bytes."""
    header = decode_header(data)
    if len(data) - HEADER_SIZE != header.length:
        raise WireError("record length does not match")
    return Record(header.command, header.subheader, bytes(data[HEADER_SIZE:]))


class RecordReader:
    """Cuts the byte stream of one channel into records.

    `feed` takes the chunks in stream order and returns the records whose last byte came with
    this chunk. The chunks must not change afterwards (hand in `bytes` or views of `bytes`): a
    large record keeps them and joins them once. At most one record is open, so memory stays
    below the largest body limit plus one header.
    """

    __slots__ = (
        "_command",
        "_head",
        "_need",
        "_open",
        "_parts",
        "_size",
        "_subheader",
        "_tail",
        "skipped",
    )

    def __init__(self) -> None:
        self.skipped = 0
        """Bytes thrown away while looking for the next record."""
        self._head = b""
        self._parts: list[Buffer] = []
        self._tail = bytearray()
        self._open = False
        self._need = 0
        self._size = 0
        self._command = 0
        self._subheader = b""

    @property
    def pending(self) -> int:
        """Bytes held of a record that is not complete yet (what a budget charges)."""
        return self._size - self._need + len(self._head)

    @property
    def expected(self) -> int:
        """Body bytes still missing of the open record; 0 when none is open."""
        return self._need

    def abandon(self) -> None:
        """Forget the open record after a hole in the stream and look for the next start."""
        self.skipped += self.pending
        self._clear()
        self._head = b""

    def feed(self, chunk: Buffer) -> list[Record]:
        """Take the next chunk; return the records that are complete now, in order."""
        size = len(chunk)
        if self._open:
            need = self._need
            if size < need:
                if size < MIN_PART or self._tail:
                    self._collect(chunk)
                else:
                    self._parts.append(chunk)
                self._need = need - size
                return []
            if size == need:
                return [self._finish(chunk)]
            view = memoryview(chunk)
            return self._scan(view[need:], [self._finish(view[:need])])
        return self._scan(memoryview(chunk), [])

    def _collect(self, chunk: Buffer) -> None:
        tail = self._tail
        tail += chunk
        if len(tail) >= _FOLD:
            self._parts.append(bytes(tail))
            tail.clear()

    def _finish(self, last: Buffer) -> Record:
        if self._tail:
            self._parts.append(self._tail)
        self._parts.append(last)
        body = b"".join(self._parts)
        record = Record(self._command, self._subheader, body)
        self._clear()
        return record

    def _clear(self) -> None:
        self._parts = []
        self._tail = bytearray()
        self._open = False
        self._need = self._size = 0

    def _scan(self, view: memoryview, out: list[Record]) -> list[Record]:
        if self._head:
            view = memoryview(self._head + view)
            self._head = b""
        position = 0
        end = len(view)
        searchable = b""
        while end - position >= HEADER_SIZE:
            magic, command, length, subheader = _HEADER.unpack_from(view, position)
            if magic != MAGIC or length > body_limit(command):
                searchable = searchable or bytes(view)
                position = self._resync(searchable, position)
                continue
            start = position + HEADER_SIZE
            stop = start + length
            if stop <= end:
                out.append(Record(command, subheader, bytes(view[start:stop])))
                position = stop
                continue
            self._command, self._subheader = command, subheader
            self._size, self._need = length, stop - end
            self._open = True
            if start < end:
                self._parts.append(view[start:])
            return out
        self._keep_tail(view, position)
        return out

    def _resync(self, data: bytes, position: int) -> int:
        """Return where the next possible record starts, at least one byte further on."""
        following = data.find(MAGIC, position + 1)
        if following < 0:
            # Keep what may be the beginning of a magic cut in two.
            following = max(position + 1, len(data) - (len(MAGIC) - 1))
        self.skipped += following - position
        return following

    def _keep_tail(self, view: memoryview, position: int) -> None:
        tail = bytes(view[position:])
        known = min(len(tail), len(MAGIC))
        while tail and tail[:known] != MAGIC[:known]:
            tail = tail[1:]
            self.skipped += 1
            known = min(len(tail), len(MAGIC))
        self._head = tail
