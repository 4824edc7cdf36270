"""What happens later: the one place where a station keeps its deadlines."""

import heapq
from collections.abc import Callable

type Action = Callable[[float], None]
"""Called with the time at which it is run."""


class Agenda:
    """A heap of (time, action); time is whatever clock the caller uses."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Action]] = []
        self._order = 0

    def at(self, when: float, action: Action) -> None:
        """Run an action once, at or after a time; actions of one time run in order."""
        self._order += 1
        heapq.heappush(self._heap, (when, self._order, action))

    def run(self, now: float) -> None:
        """Run everything that is due, including what those actions add for now."""
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2](now)

    @property
    def next_timer(self) -> float | None:
        """When the next action is due."""
        return self._heap[0][0] if self._heap else None
