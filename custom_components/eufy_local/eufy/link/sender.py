"""The sending half of a link: indices, retransmission until acknowledged, giving up.

Source: protocol/p2p-transport.md §4.2. A repetition carries the same index and bytes; an index is
never used for other bytes before it wraps.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ..errors import LinkError
from ..wire.datagram import INDEX_MODULUS, encode_data

FIRST_REPEAT: Final = 0.2
"""Seconds before the first repetition. A LAN answers in milliseconds; known clients wait 0.1 s
and 1.5 s."""
MAX_REPEAT: Final = 1.0
"""Seconds between later repetitions (the pause doubles up to this)."""
GIVE_UP: Final = 6.0
"""Seconds without an acknowledgement after which a record counts as not delivered."""
MAX_IN_FLIGHT: Final = 64
"""Records waiting for their ACK: one command plus some 2 s of talkback sound."""


@dataclass(slots=True)
class _InFlight:
    datagram: bytes
    sent: float
    next_try: float
    pause: float


class Sender:
    """Sends whole records, one per datagram, and repeats them until they are acknowledged."""

    __slots__ = ("_in_flight", "_next_index", "repeated")

    def __init__(self) -> None:
        self._next_index: dict[int, int] = {}
        self._in_flight: dict[tuple[int, int], _InFlight] = {}
        self.repeated = 0

    def send(self, channel: int, record: bytes, now: float, out: list[bytes]) -> int:
        """Append the datagram of `record` to `out`; return its index.

        Raises `LinkError` when too many records wait for their acknowledgement.
        """
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            raise LinkError("too many records wait for their acknowledgement")
        index = self._next_index.get(channel, 0)
        datagram = encode_data(channel, index, record)
        self._next_index[channel] = (index + 1) % INDEX_MODULUS
        self._in_flight[channel, index] = _InFlight(datagram, now, now + FIRST_REPEAT, FIRST_REPEAT)
        out.append(datagram)
        return index

    def acknowledge(self, channel: int, indices: Iterable[int]) -> list[int]:
        """Take an ACK; return the indices that were still waiting for it."""
        in_flight = self._in_flight
        return [index for index in indices if in_flight.pop((channel, index), None) is not None]

    def next_timer(self) -> float | None:
        """Return when something must be repeated or given up, None when nothing waits."""
        return min((entry.next_try for entry in self._in_flight.values()), default=None)

    def handle_timer(self, now: float, out: list[bytes]) -> list[tuple[int, int]]:
        """Append what is repeated to `out`; return (channel, index) of what is given up."""
        failed: list[tuple[int, int]] = []
        for key, entry in self._in_flight.items():
            if now < entry.next_try:
                continue
            if now - entry.sent >= GIVE_UP:
                failed.append(key)
                continue
            out.append(entry.datagram)
            self.repeated += 1
            entry.pause = min(entry.pause * 2, MAX_REPEAT)
            entry.next_try = now + entry.pause
        for key in failed:
            del self._in_flight[key]
        return failed
