"""How well a stream is protected on the network: measured, never assumed (design/privacy.md)."""

from collections import deque
from enum import StrEnum
from typing import Final

from ..wire.media import MediaProtection

WINDOW: Final = 60
"""Seconds that a statement covers."""


class StreamGrade(StrEnum):
    """The worst protection that any record of the last 60 s had."""

    CLEAR = "clear"
    KEY_FRAME_PREFIX = "key_frame_prefix"
    PARTLY_REFUSED = "partly_refused"
    """All that could be opened was authenticated, but some records could not be opened."""
    AUTHENTICATED = "authenticated"


class ProtectionMeter:
    """Counts records by protection in one-second steps over the last 60 s. Times in seconds."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, dict[MediaProtection, int]]] = deque()

    def add(self, protection: MediaProtection, now: float, count: int = 1) -> None:
        """Count records that came at `now`."""
        second = int(now)
        if not self._steps or self._steps[-1][0] != second:
            self._forget(now)
            self._steps.append((second, {}))
        counts = self._steps[-1][1]
        counts[protection] = counts.get(protection, 0) + count

    def counts(self, now: float) -> dict[MediaProtection, int]:
        """Return the number of records of each protection in the last 60 s."""
        self._forget(now)
        total = dict.fromkeys(MediaProtection, 0)
        for _, counts in self._steps:
            for protection, count in counts.items():
                total[protection] += count
        return total

    def grade(self, now: float) -> StreamGrade | None:
        """Return the worst grade of the last 60 s, None when nothing was received."""
        counts = self.counts(now)
        if counts[MediaProtection.CLEAR]:
            return StreamGrade.CLEAR
        if counts[MediaProtection.KEY_FRAME_PREFIX]:
            return StreamGrade.KEY_FRAME_PREFIX
        if not counts[MediaProtection.AUTHENTICATED]:
            return None
        if counts[MediaProtection.REFUSED]:
            return StreamGrade.PARTLY_REFUSED
        return StreamGrade.AUTHENTICATED

    def encrypted(self, now: float) -> bool | None:
        """Tell whether every record of the last 60 s was authenticated.

        False if any was clear or protected in its first bytes only; None (unknown is never
        green) without a stream and when records could not be opened.
        """
        match self.grade(now):
            case StreamGrade.AUTHENTICATED:
                return True
            case StreamGrade.CLEAR | StreamGrade.KEY_FRAME_PREFIX:
                return False
            case _:
                return None

    def _forget(self, now: float) -> None:
        while self._steps and self._steps[0][0] <= int(now) - WINDOW:
            self._steps.popleft()
