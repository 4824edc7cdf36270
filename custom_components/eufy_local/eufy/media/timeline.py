"""One time line for pictures and sound, from the camera's clock.

The camera counts milliseconds, shared by sound and pictures; only differences mean something
(protocol/p2p-media.md §2.1). Our line starts at 0 when it is made, runs with the camera's clock
while that clock is sane, and with ours across a jump of it (restart, reopened stream).
"""

from typing import Final

_JUMP_MS: Final = 5000
"""A step of the camera's clock that differs from ours by more is not the passing of time: longer
than any stall that a stream survives (`StreamTimes.silence`)."""
_WRAP: Final = 1 << 32


class Timeline:
    """Maps the camera's milliseconds to milliseconds since `start` (both clocks in seconds)."""

    def __init__(self, start: float) -> None:
        self._camera: int | None = None
        self._seen = start
        self._last = 0

    def at(self, now: float) -> int:
        """Return where the line is at `now`, from the last frame or, before one, the start."""
        return self._last + round((now - self._seen) * 1000)

    def restart(self) -> None:
        """Forget the camera's clock: the next frame lies where our own clock is."""
        self._camera = None

    def place(self, camera_ms: int, now: float) -> int:
        """Return where a frame lies that arrived at `now`; small steps back are kept."""
        passed = round((now - self._seen) * 1000)
        if self._camera is None:
            step = passed
        else:
            # Sound and pictures may have been unwrapped apart, so whole wraps mean nothing.
            step = (camera_ms - self._camera + _WRAP // 2) % _WRAP - _WRAP // 2
            if abs(step - passed) > _JUMP_MS:
                step = max(passed, 1)
        self._camera, self._seen = camera_ms, now
        self._last = max(self._last + step, 0)
        return self._last
