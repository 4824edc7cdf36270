"""Reading a station's parameters: after connecting, on request, and after unasked reports."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from .errors import EufyError
from .link.link import Link
from .wire.notifications import ParameterPush

_LOGGER = logging.getLogger(__name__)

FIRST_TRIES: Final = (2.0, 5.0, 15.0, 60.0)
"""Seconds before a further try to read the parameters of a fresh link."""
AGAIN_AFTER: Final = 2.0
"""Seconds from an unasked report of parameters to reading all (`protocol/events.md` §2)."""
LEAST_PAUSE: Final = 30.0
"""Seconds between two reads that unasked reports cause: each read is 19 kB from a HomeBase 3."""
REPORT_PAUSE: Final = 2.0
"""Seconds between two reads that mode reports cause (`design/security.md` T2)."""
SHORT_DUMP: Final = 20
"""Parameters below which an unasked dump is a change and not the whole."""


class ParameterReader:
    """Runs one read at a time; what is read arrives as reports of the link, not here."""

    def __init__(
        self, link: Callable[[], Awaitable[Link]], first_tries: tuple[float, ...] = FIRST_TRIES
    ) -> None:
        self._link = link
        self._first_tries = first_tries
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._last = float("-inf")

    @property
    def reading(self) -> bool:
        """Whether a read runs, so that parameters that come in are its answer."""
        return self._lock.locked()

    async def read(self) -> None:
        """Read all parameters. Raises `LinkError` subclasses."""
        async with self._lock:
            link = await self._link()
            self._last = asyncio.get_running_loop().time()
            await link.parameters()

    async def read_first(self) -> None:
        """Read all parameters of a fresh link, with a few tries; gives up quietly."""
        for pause in (*self._first_tries, None):
            try:
                await self.read()
            except EufyError as error:
                _LOGGER.debug("The parameters could not be read: %s", error)
            else:
                return
            if pause is None:
                return
            await asyncio.sleep(pause)

    def heard(self, push: ParameterPush) -> None:
        """Learn of parameters that came in; read all when they were an unasked change."""
        short = push.partial or len(push.parameters) < SHORT_DUMP
        if short and not self.reading:
            self.soon(AGAIN_AFTER, LEAST_PAUSE)

    def soon(self, delay: float, pause: float = REPORT_PAUSE) -> None:
        """Read in `delay` seconds, but not sooner than `pause` seconds after the last read."""
        loop = asyncio.get_running_loop()
        when = max(loop.time() + delay, self._last + pause)
        if self._timer is not None and not self._timer.cancelled():
            if loop.time() < self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = loop.call_at(when, self._start)

    def stop(self) -> None:
        """Forget what was to be read."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _start(self) -> None:
        self._timer = None
        self._task = asyncio.get_running_loop().create_task(self._quiet_read())

    async def _quiet_read(self) -> None:
        try:
            await self.read()
        except EufyError as error:
            _LOGGER.debug("The parameters could not be read: %s", error)
