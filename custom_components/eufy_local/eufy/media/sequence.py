"""Notices pictures that were lost on the way, from the frame numbers of the records."""

from typing import Final

_PROOF: Final = 8
"""Steps of one in a row that show that a camera numbers its frames one by one. What the number
counts is known from two products only (protocol/p2p-media.md §2.1), so it must prove itself."""


class HoleDetector:
    """Tells a hole in the numbering (u16) once the camera has shown that it has none."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._steady = 0

    def lost(self, number: int) -> bool:
        """Take the number of the next record; return whether records before it are missing.

        The pieces of one frame may each have a number or share one (field: each has one).
        """
        last, self._last = self._last, number
        if last is None or number == last:
            return False
        if (number - last) & 0xFFFF == 1:
            self._steady += 1
            return False
        proven = self._steady >= _PROOF
        self._steady = 0
        return proven
