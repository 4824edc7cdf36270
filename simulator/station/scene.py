"""The camera's own clock: which frame of its scene is in front of the lens now.

A camera runs for ever, watched or not. When nobody watches and a live view opens, its encoder
starts with a key frame: the clock steps back to the newest one (at most one picture group).
"""

import random
from collections.abc import Callable

from ..clip import Clip
from ..home import CameraSpec


class SceneClock:
    """Maps time to the frame counter of one camera; the counter grows over the scene's loops."""

    def __init__(self, camera: CameraSpec, load: Callable[[CameraSpec], Clip], now: float) -> None:
        self.camera = camera
        self.watchers = 0
        self._load = load
        self._clip: Clip | None = None
        self._anchor_frame = 0
        self._anchor_time = now

    @property
    def clip(self) -> Clip:
        """The scene; loaded or encoded when it is first needed."""
        if self._clip is None:
            self._clip = self._load(self.camera)
        return self._clip

    def frame(self, now: float) -> int:
        """Counter of the newest frame captured."""
        elapsed = max(0.0, now - self._anchor_time)
        # A timer may fire a hair before the frame's time; it is that frame's turn all the same.
        return self._anchor_frame + int(elapsed * self.clip.fps + 1e-6)

    def time_of(self, frame: int) -> float:
        """When a frame is captured."""
        return self._anchor_time + (frame - self._anchor_frame) / self.clip.fps

    def start(self, now: float, rng: random.Random, *, mid_group: bool = False) -> int:
        """A viewer comes: return the frame counter with which its stream begins."""
        frame = self.frame(now)
        if not self.watchers:
            frame = self.clip.key_before(frame)
            if mid_group:
                frame += 1 + rng.randrange(3)
            self._anchor_frame, self._anchor_time = frame, now
        self.watchers += 1
        return frame

    def stop(self) -> None:
        """A viewer leaves."""
        self.watchers = max(0, self.watchers - 1)

    def frame_showing(self, now: float, spans: tuple[tuple[int, int], ...]) -> int:
        """The newest frame up to now inside one of the spans (start, end exclusive) of a loop."""
        newest = self.frame(now)
        length = len(self.clip.video)
        for back in range(length):
            position = (newest - back) % length
            if newest - back >= 0 and any(a <= position < b for a, b in spans):
                return newest - back
        return newest
