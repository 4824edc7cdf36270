"""The receiving half of a link: four byte streams put in order, acknowledged and cut into records.

Source: protocol/p2p-transport.md §4 and §4.1. The common case, the next datagram of a stream, runs
through one loop without an object per datagram (design/performance.md, rule 3).
"""

import struct
from collections import deque
from collections.abc import Sequence
from typing import Final

from ..wire.datagram import DATA_OFFSET, HEADER_SIZE, MAX_ACK_INDICES, Channel, encode_ack
from ..wire.record import Record, RecordReader
from .budget import Budget

MAX_REORDERED: Final = 4096
"""Datagrams of one stream kept while an earlier one is missing; a 4 MiB key frame in chunks."""

MEDIA_HOLE_TIME: Final = 1.0
"""Seconds to wait for a missing media datagram. Stations repeat after tenths of a second; the
target is a picture within one GOP and 1 s (design/performance.md)."""

CONTROL_HOLE_TIME: Final = 5.0
"""Seconds for the control streams, where the next record does not replace the lost one."""

_HEAD: Final = struct.Struct(">HHBBH")
_DATA_START: Final = 0xF1D0
_DATA_MAGIC: Final = 0xD1
_INDEX_MASK: Final = 0xFFFF
_HALF: Final = 0x8000

# Detection of stations that read only the first index of an ACK (protocol/p2p-transport.md §4).
_SPANS: Final = 256
"""Multi-index ACKs remembered per stream: more than 4000 datagrams."""
_MAX_WATCHED: Final = 1024
_MIN_REPEATED: Final = 2
_REPEATED_SHARE: Final = 8
"""One in eight. Lost ACKs explain a few: at 5 % loss 0.25 % of the indices come three times."""
_DECAY: Final = 512

BUDGET_EVERY: Final = 64
"""Datagrams between two looks at the budget: half a megabyte at most."""

type Delivered = tuple[int, Record]


class _Stream:
    """One channel: what is expected next, what came too early, what is to be acknowledged."""

    __slots__ = (
        "acks",
        "early",
        "early_bytes",
        "expected",
        "feed",
        "hole_since",
        "hole_time",
        "multi_acked",
        "reader",
        "repeated",
        "spans",
        "watched",
    )

    def __init__(self, hole_time: float) -> None:
        self.expected = 0
        self.reader = RecordReader()
        self.feed = self.reader.feed
        self.acks: list[int] = []
        self.early: dict[int, bytes] = {}
        self.early_bytes = 0
        self.hole_since = 0.0
        self.hole_time = hole_time
        self.spans: deque[tuple[int, ...]] = deque(maxlen=_SPANS)
        self.watched: dict[int, int] = {}
        self.multi_acked = 0
        self.repeated = 0


class Receiver:
    """Orders the DATA datagrams of a link and returns whole records."""

    __slots__ = (
        "_budget",
        "_streams",
        "_unchecked",
        "duplicates",
        "malformed",
        "single_acks",
        "skipped",
    )

    def __init__(self, budget: Budget, *, single_acks: bool = False) -> None:
        media = (Channel.VIDEO, Channel.BINARY)
        self._streams = tuple(
            _Stream(MEDIA_HOLE_TIME if channel in media else CONTROL_HOLE_TIME)
            for channel in Channel
        )
        self._budget = budget
        self._unchecked = 0
        self.single_acks = single_acks
        """Whether each index gets an ACK datagram of its own; turns itself on when needed."""
        self.duplicates = 0
        self.malformed = 0
        self.skipped = 0
        """Holes given up."""

    def take(self, datagrams: Sequence[bytes], now: float, out: list[Delivered]) -> list[bytes]:
        """Take what one drain of the socket gave; append the complete records to `out`.

        Returns the datagrams that are not DATA, in their order.
        """
        rest: list[bytes] = []
        streams = self._streams
        unpack = _HEAD.unpack_from
        for data in datagrams:
            try:
                start, length, magic, channel, index = unpack(data)
            except struct.error:
                rest.append(data)
                continue
            if start != _DATA_START:
                rest.append(data)
                continue
            end = len(data)
            if length != end - HEADER_SIZE:
                # A cut-off datagram is not acknowledged, so that it is sent again; a trailer is
                # ignored (protocol/p2p-transport.md §1).
                if length > end - HEADER_SIZE or 0 < length < HEADER_SIZE:
                    self.malformed += 1
                    continue
                end = length + HEADER_SIZE if length else end
            if magic != _DATA_MAGIC or channel >= len(streams):
                self.malformed += 1
                continue
            stream = streams[channel]
            if index == stream.expected and not stream.early:
                stream.acks.append(index)
                stream.expected = index + 1 & _INDEX_MASK
                for record in stream.feed(data[DATA_OFFSET:end]):
                    out.append((channel, record))  # noqa: PERF401 - mostly nothing to append
            else:
                self._out_of_order(channel, index, data[DATA_OFFSET:end], now, out)
        self._unchecked += len(datagrams)
        if self._unchecked >= BUDGET_EVERY:
            self._unchecked = 0
            self._keep_budget()
        return rest

    def _out_of_order(
        self, channel: int, index: int, chunk: bytes, now: float, out: list[Delivered]
    ) -> None:
        stream = self._streams[channel]
        ahead = index - stream.expected & _INDEX_MASK
        if ahead >= _HALF or index in stream.early:
            self.duplicates += 1
            stream.acks.append(index)
            self._watch(stream, index)
            return
        if ahead and len(stream.early) >= MAX_REORDERED:
            # No room: not acknowledged, so the station will offer it again.
            return
        stream.acks.append(index)
        if not stream.early:
            stream.hole_since = now
        stream.early[index] = chunk
        stream.early_bytes += len(chunk)
        if not ahead:
            self._drain(channel, now, out)

    def _drain(self, channel: int, now: float, out: list[Delivered]) -> None:
        stream = self._streams[channel]
        early = stream.early
        while (chunk := early.pop(stream.expected, None)) is not None:
            stream.early_bytes -= len(chunk)
            stream.expected = stream.expected + 1 & _INDEX_MASK
            out.extend((channel, record) for record in stream.feed(chunk))
        stream.hole_since = now

    # --- holes -------------------------------------------------------------------------

    @property
    def has_holes(self) -> bool:
        """Whether any stream waits for a missing datagram."""
        return any(stream.early for stream in self._streams)

    def next_timer(self) -> float | None:
        """Return when the oldest hole is given up, None without one."""
        times = [s.hole_since + s.hole_time for s in self._streams if s.early]
        return min(times, default=None)

    def handle_timer(self, now: float, out: list[Delivered]) -> list[int]:
        """Give up the holes that are due; return their channels.

        The open record is lost; the stream goes on with the next record that begins after it.
        """
        given_up: list[int] = []
        for channel, stream in enumerate(self._streams):
            if stream.early and now >= stream.hole_since + stream.hole_time:
                self._skip(channel, now, out)
                given_up.append(channel)
        return given_up

    def _skip(self, channel: int, now: float, out: list[Delivered]) -> None:
        stream = self._streams[channel]
        stream.reader.abandon()
        start = stream.expected
        stream.expected = min(stream.early, key=lambda index: index - start & _INDEX_MASK)
        self.skipped += 1
        self._drain(channel, now, out)

    def _keep_budget(self) -> None:
        """Give up the fullest stream while more is held than allowed."""
        while not self._budget.hold(held := self.held):
            fullest = max(self._streams, key=_held_by)
            fullest.reader.abandon()
            if fullest.early:
                start = fullest.expected
                last = max(fullest.early, key=lambda index: index - start & _INDEX_MASK)
                fullest.expected = last + 1 & _INDEX_MASK
                fullest.early.clear()
                fullest.early_bytes = 0
            self.skipped += 1
            if not held:
                # Others hold it all; nothing of ours is left to give.
                break

    @property
    def held(self) -> int:
        """Bytes held in open records and reorder buffers."""
        return sum(_held_by(stream) for stream in self._streams)

    # --- acknowledging -----------------------------------------------------------------

    def acknowledge(self, out: list[bytes]) -> None:
        """Append the ACK datagrams for everything taken since the last call."""
        for channel, stream in enumerate(self._streams):
            acks = stream.acks
            if not acks:
                continue
            stream.acks = []
            size = 1 if self.single_acks else MAX_ACK_INDICES
            if len(acks) <= size:
                if len(acks) > 1 or stream.watched:
                    self._note(stream, acks)
                out.append(encode_ack(channel, acks))
                continue
            for first in range(0, len(acks), size):
                part = acks[first : first + size]
                self._note(stream, part)
                out.append(encode_ack(channel, part))

    def _note(self, stream: _Stream, indices: list[int]) -> None:
        if len(indices) > 1:
            stream.spans.append(tuple(indices[1:]))
            stream.multi_acked += len(indices) - 1
            if stream.multi_acked > _DECAY:
                stream.multi_acked >>= 1
                stream.repeated >>= 1
        if stream.watched:
            # The first index of an ACK is read by every station.
            stream.watched.pop(indices[0], None)

    def _watch(self, stream: _Stream, index: int) -> None:
        """Count an index that came again although it was acknowledged behind another one."""
        if self.single_acks:
            return
        times = stream.watched.get(index, 0)
        if times == 0:
            acked_behind = any(index in span for span in stream.spans)
            if acked_behind and len(stream.watched) < _MAX_WATCHED:
                stream.watched[index] = 1
            return
        stream.watched[index] = times + 1
        if times + 1 == _MIN_REPEATED:
            stream.repeated += 1
            if (
                stream.repeated >= _MIN_REPEATED
                and stream.repeated * _REPEATED_SHARE >= stream.multi_acked
            ):
                self.single_acks = True


def _held_by(stream: _Stream) -> int:
    return stream.early_bytes + stream.reader.pending
