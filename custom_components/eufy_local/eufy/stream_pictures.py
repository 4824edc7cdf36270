"""Keeps a still picture of each live view, so that a camera has one without being woken for it."""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable
from typing import Final

from .camera import Camera
from .errors import EufyError
from .media.live import StreamEvent
from .media.states import StreamState
from .media.units import VideoUnit
from .pictures import Picture, PictureChecker, PictureSource

_LOGGER = logging.getLogger(__name__)

LEAST_PAUSE: Final = 20.0
"""Seconds between two pictures of one view; decoding 4K takes a tenth of a second of a core."""
FIRST_DELAY: Final = 1.0
"""A camera opens at sensor size and settles within 0.6 s (`protocol/p2p-media.md` §2.5)."""

_SHOWING: Final = frozenset({StreamState.LIVE, StreamState.LINGERING})


class StreamPictures:
    """Takes a picture soon after a live view of `camera` began and one when it ends."""

    def __init__(
        self,
        camera: Camera,
        checker: PictureChecker,
        deliver: Callable[[Picture], None],
        *,
        clock: Callable[[], dt.datetime],
        first_delay: float = FIRST_DELAY,
    ) -> None:
        self._camera = camera
        self._checker = checker
        self._deliver = deliver
        self._clock = clock
        self._first_delay = first_delay
        self._showing = False
        self._taken: VideoUnit | None = None
        self._last = float("-inf")
        self._task: asyncio.Task[None] | None = None
        self._unsubscribe = camera.live.subscribe(self._on_event)

    async def close(self) -> None:
        """Stop taking pictures."""
        self._unsubscribe()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _on_event(self, event: StreamEvent) -> None:
        if event is not StreamEvent.STATE:
            return
        showing = self._camera.live.state in _SHOWING
        began, ended = showing and not self._showing, self._showing and not showing
        self._showing = showing
        if not (began or ended) or (self._task is not None and not self._task.done()):
            return
        now = asyncio.get_running_loop().time()
        if began and now - self._last < LEAST_PAUSE:
            return
        delay = self._first_delay if began else 0.0
        self._task = asyncio.get_running_loop().create_task(self._take(delay))

    async def _take(self, delay: float) -> None:
        await asyncio.sleep(delay)
        unit = self._camera.live.cached_key_frame
        if unit is None or unit is self._taken:
            return
        self._taken = unit
        self._last = asyncio.get_running_loop().time()
        time = self._clock()
        try:
            jpeg = await self._checker.key_frame_to_jpeg(unit.codec, unit.annex_b())
        except EufyError as error:
            _LOGGER.debug("A key frame gave no picture: %s", error)
            return
        self._deliver(
            Picture(
                jpeg=jpeg,
                width=unit.parameters.width,
                height=unit.parameters.height,
                time=time,
                source=PictureSource.STREAM,
            )
        )
