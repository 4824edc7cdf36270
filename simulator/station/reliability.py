"""The station's DATA/ACK machinery of one link (protocol/p2p-transport.md §4).

Indices are counted per channel and direction from 0 and wrap at 65536. What is sent is repeated,
same index and same bytes, until it is acknowledged.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from custom_components.eufy_local.eufy.wire.datagram import MAX_CHUNK, encode_data

from ..faults import Chunking, Faults

INDEX_MODULUS = 0x1_0000
HALF = INDEX_MODULUS // 2
MAX_EARLY = 1024
"""Chunks of a client held while an earlier one is missing; its commands are small."""
WINDOW = 80
"""Datagrams in flight per channel. The figure of the hardware is unknown; this one stays below
what a receiver with the system's default buffer can hold (92 datagrams)."""
RETRANSMIT_AFTER = 0.15
"""Seconds without ACK until a datagram is repeated; assumed, hardware unknown."""
MAX_QUEUED = 24 * 1024 * 1024
"""Bytes waiting per link; a client that stops acknowledging must not eat memory."""


class Inbox:
    """Receiving order of one channel: every index is delivered once, in order."""

    def __init__(self) -> None:
        self._expected = 0
        self._early: dict[int, bytes] = {}
        self.duplicates = 0

    def accept(self, index: int, chunk: bytes) -> Iterator[bytes]:
        """Yield the chunks that are deliverable now."""
        distance = (index - self._expected) % INDEX_MODULUS
        if distance >= HALF or index in self._early:
            self.duplicates += 1
            return
        if distance > 0:
            if len(self._early) < MAX_EARLY:
                self._early[index] = chunk
            return
        yield chunk
        self._expected = (self._expected + 1) % INDEX_MODULUS
        while (waiting := self._early.pop(self._expected, None)) is not None:
            yield waiting
            self._expected = (self._expected + 1) % INDEX_MODULUS


@dataclass(slots=True)
class _Flight:
    datagram: bytes
    first_sent: float
    transmissions: int = 1


@dataclass(slots=True)
class _Lane:
    """One sending channel."""

    next_index: int = 0
    waiting: deque[bytes] = field(default_factory=deque)
    tail: bytearray = field(default_factory=bytearray)
    """Stream chunking: the part of the byte stream that does not fill a chunk yet."""
    flights: dict[int, _Flight] = field(default_factory=dict)
    stopped: bool = False


class Outbox:
    """Sending side of one link: cuts records into chunks, keeps a window, repeats."""

    def __init__(self, faults: Faults, *, window: int = WINDOW) -> None:
        self._faults = faults
        self._window = window
        self._lanes: dict[int, _Lane] = {}
        self._timers: deque[tuple[float, int, int]] = deque()
        self.queued = 0
        """Bytes that wait for a place in the window."""
        self.retransmissions = 0

    def push(self, channel: int, record: bytes) -> bool:
        """Queue a whole record; False when the link's limit is reached and it was dropped."""
        if self.queued + len(record) > MAX_QUEUED:
            return False
        lane = self._lanes.setdefault(channel, _Lane())
        if lane.stopped:
            return False
        size = max(1, min(self._faults.chunk_size, MAX_CHUNK))
        self.queued += len(record)
        if self._faults.chunking is Chunking.STREAM:
            lane.tail += record
            while len(lane.tail) >= size:
                lane.waiting.append(bytes(lane.tail[:size]))
                del lane.tail[:size]
        else:
            self._flush_tail(lane)
            lane.waiting.extend(record[at : at + size] for at in range(0, len(record), size))
        return True

    def clear(self, channel: int) -> None:
        """Forget what waits on a channel (not what is in flight: indices stay gapless)."""
        if lane := self._lanes.get(channel):
            self.queued -= sum(map(len, lane.waiting)) + len(lane.tail)
            lane.waiting.clear()
            lane.tail.clear()

    def backlog(self, channel: int) -> int:
        """Bytes of a channel that wait or are in flight."""
        lane = self._lanes.get(channel)
        if lane is None:
            return 0
        return sum(map(len, lane.waiting)) + sum(len(f.datagram) for f in lane.flights.values())

    def acknowledge(self, channel: int, indices: tuple[int, ...]) -> None:
        """Take the indices of one ACK datagram."""
        lane = self._lanes.get(channel)
        if lane is None:
            return
        if self._faults.first_ack_index_only:
            indices = indices[:1]
        for index in indices:
            lane.flights.pop(index, None)

    def transmit(self, now: float) -> list[bytes]:
        """Return the datagrams to send now: repeats first, then new ones as the window allows."""
        out = list(self._repeats(now))
        for channel, lane in self._lanes.items():
            self._flush_tail(lane)
            while lane.waiting and len(lane.flights) < self._window and not lane.stopped:
                chunk = lane.waiting.popleft()
                self.queued -= len(chunk)
                index = lane.next_index
                lane.next_index = (index + 1) % INDEX_MODULUS
                datagram = encode_data(channel, index, chunk)
                lane.flights[index] = _Flight(datagram, now)
                self._timers.append((now + RETRANSMIT_AFTER, channel, index))
                if not self._faults.drop_first_data:
                    out.append(datagram)
        return out

    def next_timer(self) -> float | None:
        """When the next repeat is due."""
        while self._timers:
            due, channel, index = self._timers[0]
            lane = self._lanes[channel]
            if index in lane.flights and not lane.stopped:
                return due
            self._timers.popleft()
        return None

    def _repeats(self, now: float) -> Iterator[bytes]:
        limit = self._faults.stop_unacked_after
        while (due := self.next_timer()) is not None and due <= now:
            _, channel, index = self._timers.popleft()
            lane = self._lanes[channel]
            flight = lane.flights[index]
            if now < flight.first_sent + RETRANSMIT_AFTER:
                continue  # the timer of an older use of this index
            if limit and now - flight.first_sent > limit:
                lane.stopped = True
                continue
            flight.transmissions += 1
            self.retransmissions += 1
            self._timers.append((now + RETRANSMIT_AFTER, channel, index))
            yield flight.datagram

    def _flush_tail(self, lane: _Lane) -> None:
        if lane.tail:
            lane.waiting.append(bytes(lane.tail))
            lane.tail.clear()
