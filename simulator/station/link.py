"""One client's link at the datagram level: punch, order, acknowledge, keep alive, close.

protocol/p2p-transport.md §2 and §4. Whole records go up to the session, whole records come down.
"""

from collections import Counter
from collections.abc import Iterator

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_ack,
    decode_data,
    decode_datagram,
    encode_ack,
    encode_datagram,
    encode_ready,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.record import Record, RecordReader

from ..faults import Faults
from .reliability import Inbox, Outbox

type Address = tuple[str, int]

ALIVE_EVERY = 5.0
"""The station's own ALIVE; assumed, clients must answer one whenever it comes."""
LINK_TIMEOUT = 20.0
"""Without any datagram of the client the link is forgotten; assumed."""
UNUSED_TIMEOUT = 30.0
"""An answered search that nobody follows up."""
CHANNELS = range(4)


class StationLink:
    """Datagram state of one client address; owns its two-way channels."""

    def __init__(self, number: int, address: Address, did: Did, faults: Faults, now: float) -> None:
        self.number = number
        self.address = address
        self.established = False
        """A punch with our DID has come: the link counts against the capacity."""
        self.closed = False
        self.opened_at = now
        self.last_heard = now
        self.counters: Counter[str] = Counter()
        self.outbox = Outbox(faults)
        self._did = did
        self._faults = faults
        self._inboxes = {channel: Inbox() for channel in CHANNELS}
        self._readers = {channel: RecordReader() for channel in CHANNELS}
        self._control: list[bytes] = []
        self._next_alive = now + ALIVE_EVERY

    def receive(self, data: bytes, now: float) -> Iterator[tuple[int, Record]]:
        """Take a datagram; yield (channel, record) for what became complete."""
        try:
            datagram = decode_datagram(data)
        except WireError:
            self.counters["malformed"] += 1
            return
        self.last_heard = now
        kind = datagram.type
        self.counters[f"in_{kind:02x}"] += 1
        match kind:
            case DatagramType.PUNCH_PKT:
                self._punched(datagram.payload)
            case DatagramType.ALIVE:
                self._control.append(encode_datagram(DatagramType.ALIVE_ACK))
            case DatagramType.CLOSE:
                self.closed = True
            case DatagramType.ACK:
                self._acknowledged(datagram.payload)
            case DatagramType.DATA:
                yield from self._data(datagram.payload)
            case _:
                pass

    def send(self, channel: int, record: bytes) -> bool:
        """Queue a record; False when the link's buffer is full."""
        self.counters["records_out"] += 1
        return self.outbox.push(channel, record)

    def control(self, datagram: bytes) -> None:
        """Queue a datagram outside of the channels."""
        self._control.append(datagram)

    def close(self) -> None:
        """Say CLOSE and stop."""
        if not self.closed:
            self.closed = True
            self._control.append(encode_datagram(DatagramType.CLOSE))

    def datagrams(self, now: float) -> list[bytes]:
        """Return what is to be sent now."""
        out, self._control = self._control, []
        if not self.closed:
            out += self.outbox.transmit(now)
        return out

    def tick(self, now: float) -> None:
        """Keepalive and silence."""
        limit = LINK_TIMEOUT if self.established else UNUSED_TIMEOUT
        if now - self.last_heard >= limit:
            self.closed = True
        elif self.established and now >= self._next_alive:
            self._next_alive = now + ALIVE_EVERY
            if not self._faults.no_station_alive:
                self._control.append(encode_datagram(DatagramType.ALIVE))

    @property
    def next_timer(self) -> float:
        """When `tick` or a repeat is due."""
        limit = LINK_TIMEOUT if self.established else UNUSED_TIMEOUT
        due = self.last_heard + limit
        if self.established:
            due = min(due, self._next_alive)
        repeat = self.outbox.next_timer()
        return due if repeat is None else min(due, repeat)

    def _punched(self, payload: memoryview) -> None:
        try:
            did = Did.from_bytes(payload)
        except WireError:
            return
        if did != self._did:
            self.counters["foreign_punch"] += 1
            return
        self.established = True
        if not self._faults.no_ready:
            self._control.append(encode_ready(self._did))

    def _acknowledged(self, payload: memoryview) -> None:
        try:
            ack = decode_ack(payload)
        except WireError:
            self.counters["malformed"] += 1
            return
        self.counters["acked_indices"] += len(ack.indices)
        self.counters["largest_ack"] = max(self.counters["largest_ack"], len(ack.indices))
        self.outbox.acknowledge(ack.channel, ack.indices)

    def _data(self, payload: memoryview) -> Iterator[tuple[int, Record]]:
        try:
            chunk = decode_data(payload)
        except WireError:
            self.counters["malformed"] += 1
            return
        channel = chunk.channel
        if channel not in self._inboxes:
            self.counters["unknown_channel"] += 1
            return
        self._control.append(encode_ack(channel, (chunk.index,)))
        # A punch may be lost while the first data arrives: data from the right address counts.
        self.established = True
        for piece in self._inboxes[channel].accept(chunk.index, bytes(chunk.chunk)):
            for record in self._readers[channel].feed(piece):
                yield channel, record

    @property
    def duplicates(self) -> int:
        """DATA datagrams of the client that had come before."""
        return sum(inbox.duplicates for inbox in self._inboxes.values())
