"""Sources that behave as cameras do, without a camera."""

import asyncio
import contextlib

from custom_components.eufy_local.eufy.media.live import MediaSink

from .clips import FPS, Clip


class ClipSource:
    """Plays a clip in real time, from the moment it is opened.

    `wake` is what opening takes in seconds; `errors` are raised by the first openings.
    """

    def __init__(
        self, clip: Clip, *, wake: float = 0.0, sound: bool = True, errors=(), pace: float = 1.0
    ) -> None:
        self.clip = clip
        self.wake = wake
        self.sound = sound
        self.errors = list(errors)
        self.pace = pace
        self.opened = 0
        self.closed = 0
        self.is_open = False
        self.sink: MediaSink | None = None
        self.index = 0
        self._task: asyncio.Task | None = None

    async def open(self, sink: MediaSink) -> None:
        assert not self.is_open, "a source is opened once at a time"
        self.opened += 1
        self.is_open = True
        await asyncio.sleep(self.wake)
        if self.errors:
            raise self.errors.pop(0)
        self.sink = sink
        self._task = asyncio.create_task(self._play(sink))

    async def close(self) -> None:
        self.closed += 1
        self.is_open = False
        self.sink = None
        if self._task:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _play(self, sink: MediaSink) -> None:
        sounds = self.index * 1000 // FPS // 64
        while True:
            sink.video(self.clip.video(self.index))
            self.index += 1
            while self.sound and sounds * 64 < self.index * 1000 // FPS:
                sink.audio(self.clip.audio(sounds))
                sounds += 1
            await asyncio.sleep(self.pace / FPS)


class HandSource:
    """Does nothing by itself: the test pushes frames into `sink`."""

    def __init__(self) -> None:
        self.sink: MediaSink | None = None
        self.opened = 0
        self.closed = 0

    async def open(self, sink: MediaSink) -> None:
        self.opened += 1
        self.sink = sink

    async def close(self) -> None:
        self.closed += 1
