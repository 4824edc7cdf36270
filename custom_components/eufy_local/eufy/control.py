"""The control link of a station: held for good, or opened on demand for a sleeping camera."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from .errors import EufyError, HandshakeFailed, LinkLost, StationNotFound
from .link.link import Link, LinkInfo, LinkState
from .link.supervisor import LinkSupervisor, SupervisorState

_LOGGER = logging.getLogger(__name__)

WAKE_RETRIES: Final = (60.0, 300.0, 900.0)
"""Seconds between tries to reach a sleeping camera for the first time; the last one repeats
(`protocol/p2p-devices.md` §3.2, retry policy after a failed wake)."""


class ControlLink:
    """Keeps `link` up, or opens it on demand when `on_demand` is set.

    `on_change(available, error)` is called when the station becomes usable or stops being so. A
    camera that was reached once and went back to sleep stays usable: the next command wakes it.
    """

    def __init__(
        self,
        link: Link,
        on_change: Callable[[bool, EufyError | None], None],
        *,
        on_demand: bool,
        wake_retries: tuple[float, ...] = WAKE_RETRIES,
    ) -> None:
        self.link = link
        self.available = False
        self.reason: EufyError | None = None
        self._on_change = on_change
        self._on_demand = on_demand
        self._wake_retries = wake_retries
        self._supervisor = LinkSupervisor(link, on_change=self._supervised)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        if not self._on_demand:
            self._supervisor.start()
        elif self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._reach_once())

    async def stop(self) -> None:
        """End the link and every try."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._supervisor.stop()
        self.available = False

    def retry_now(self) -> None:
        """Try at once again, because something changed."""
        self._supervisor.retry_now()

    async def connect_once(self, seconds: float) -> LinkInfo:
        """Connect within `seconds`, or raise why not; nothing is tried again afterwards.

        Half of the time is for the search, so that a station that was found but does not agree on
        keys can say so.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self.link.connect(seconds / 2)
        except TimeoutError:
            if self.link.is_found:
                raise HandshakeFailed("the key handshake did not end in time") from None
            raise StationNotFound("the station did not answer the search in time") from None

    async def usable(self) -> Link:
        """Return the link when it is up, waking the camera if that is how it works.

        Raises the error why there is no link.
        """
        if self.link.state is LinkState.UP:
            return self.link
        if self._on_demand:
            await self.link.connect()
            return self.link
        raise self.reason or LinkLost("there is no link to the station")

    async def _reach_once(self) -> None:
        failures = 0
        while True:
            try:
                await self.link.connect()
            except EufyError as error:
                self._set(False, error)
            except Exception:
                _LOGGER.exception("Connecting failed in an unexpected way")
                self._set(False, LinkLost("connecting failed in an unexpected way"))
            else:
                self._set(True, None)
                return
            delay = self._wake_retries[min(failures, len(self._wake_retries) - 1)]
            failures += 1
            await asyncio.sleep(delay)

    def _supervised(self, state: SupervisorState, error: EufyError | None) -> None:
        if state is SupervisorState.UP:
            self._set(True, None)
        elif state in {SupervisorState.WAITING, SupervisorState.STOPPED}:
            self._set(False, error)

    def _set(self, available: bool, error: EufyError | None) -> None:
        key = self.reason.key if self.reason else None
        same = (available, error.key if error else None) == (self.available, key)
        first = self.reason is None and not self.available
        self.available, self.reason = available, error
        if not same or (first and not available):
            self._on_change(available, error)
