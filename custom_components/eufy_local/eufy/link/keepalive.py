"""Keeping a link alive and noticing that it is not.

Source: protocol/p2p-transport.md §4.3. A station answers ALIVE even when its encrypted side is
dead, so this proves a path, not a working station (protocol/p2p.md §8, trap 3).
"""

from typing import Final

INTERVAL: Final = 0.7
"""Seconds between ALIVE datagrams: the vendor app's cadence, measured on a HomeBase 3."""
SILENCE: Final = 15.0
"""Seconds without any datagram after which the link is lost."""


class Keepalive:
    """When to send the next ALIVE, and since when nothing was heard."""

    __slots__ = ("_next", "heard")

    def __init__(self, now: float) -> None:
        self._next = now
        self.heard = now
        """Time of the last datagram from the peer."""

    def next_timer(self) -> float:
        """Return when `handle_timer` is due."""
        return min(self._next, self.heard + SILENCE)

    def is_lost(self, now: float) -> bool:
        """Return whether the peer was silent for too long."""
        return now >= self.heard + SILENCE

    def is_due(self, now: float) -> bool:
        """Return whether an ALIVE is to be sent now; it then counts as sent."""
        if now < self._next:
            return False
        # After a pause of the whole process the missed ones are not made up for.
        self._next = now + INTERVAL
        return True
