"""A network between station and client that loses, doubles and reorders on request."""

import heapq
import random
from collections.abc import Iterator

from ..faults import Faults


class Impairment[T]:
    """Passes items on, or not, or twice, or late, by the faults' probabilities.

    Items that are late come out of `due` when their time has come. Bounded: what does not fit
    is lost, as in a router.
    """

    MAX_HELD = 4096

    def __init__(self, faults: Faults, rng: random.Random) -> None:
        self._faults = faults
        self._rng = rng
        self._held: list[tuple[float, int, T]] = []
        self._order = 0
        self.lost = 0

    def admit(self, item: T, now: float) -> Iterator[T]:
        """Yield the item as often as it comes through at once."""
        faults = self._faults
        if faults.loss and self._rng.random() < faults.loss:
            self.lost += 1
            return
        copies = 2 if faults.duplicate and self._rng.random() < faults.duplicate else 1
        for _ in range(copies):
            if faults.reorder and self._rng.random() < faults.reorder:
                if len(self._held) < self.MAX_HELD:
                    self._order += 1
                    heapq.heappush(self._held, (now + faults.reorder_delay, self._order, item))
            else:
                yield item

    def due(self, now: float) -> Iterator[T]:
        """Yield the late items whose time has come."""
        while self._held and self._held[0][0] <= now:
            yield heapq.heappop(self._held)[2]

    @property
    def next_timer(self) -> float | None:
        """When the next late item is due."""
        return self._held[0][0] if self._held else None
