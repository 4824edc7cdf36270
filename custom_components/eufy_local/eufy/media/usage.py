"""What watching costs a battery: who woke a camera, for how long, and a limit per day."""

import dataclasses
import datetime as dt
from collections import deque
from typing import Final

MAX_WAKES: Final = 50
"""Wakes that are kept to be shown; the sums per day do not need them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wake:
    """One time that a camera was made to send: when (aware), who asked, seconds awake."""

    start: dt.datetime
    asked_by: str
    seconds: float


class UsageLedger:
    """Sums up the wakes of one camera per day of the clock that it is given.

    `daily_limit` is in seconds of live view, None for no limit.
    """

    def __init__(self, daily_limit: float | None = None) -> None:
        self.daily_limit = daily_limit
        self._wakes: deque[Wake] = deque(maxlen=MAX_WAKES)
        self._running: tuple[dt.datetime, str] | None = None
        self._day: dt.date | None = None
        self._count = 0
        self._seconds = 0.0

    @property
    def wakes(self) -> tuple[Wake, ...]:
        """The last finished wakes, oldest first."""
        return tuple(self._wakes)

    def started(self, now: dt.datetime, asked_by: str) -> None:
        """Note that the camera is asked to send from `now` on."""
        self.finished(now)
        self._turn(now)
        self._running = now, asked_by
        self._count += 1

    def finished(self, now: dt.datetime) -> None:
        """Note that the camera may sleep again."""
        if self._running is None:
            return
        start, asked_by = self._running
        self._running = None
        seconds = max((now - start).total_seconds(), 0.0)
        self._turn(now)
        self._seconds += self._today_part(start, now)
        self._wakes.append(Wake(start, asked_by, seconds))

    def count_today(self, now: dt.datetime) -> int:
        """Return how often the camera was woken on the day of `now`."""
        self._turn(now)
        return self._count

    def seconds_today(self, now: dt.datetime) -> float:
        """Return how long it was awake on the day of `now`, a running view included."""
        self._turn(now)
        running = self._today_part(self._running[0], now) if self._running else 0.0
        return self._seconds + running

    def left(self, now: dt.datetime) -> float | None:
        """Return the seconds that the limit leaves today, None without a limit."""
        if self.daily_limit is None:
            return None
        return max(self.daily_limit - self.seconds_today(now), 0.0)

    def _turn(self, now: dt.datetime) -> None:
        if self._day != now.date():
            self._day, self._count, self._seconds = now.date(), 0, 0.0

    @staticmethod
    def _today_part(start: dt.datetime, now: dt.datetime) -> float:
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return max((now - max(start, midnight)).total_seconds(), 0.0)
