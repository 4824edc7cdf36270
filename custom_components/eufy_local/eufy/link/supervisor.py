"""Keeps one control link up: connects, waits, connects again.

Delays follow the known clients (protocol/p2p-transport.md §2.3) with a quick first try, because
most losses are a station that restarted or chose another client to close.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from ..errors import (
    DowngradeRefused,
    EufyError,
    KeyRejected,
    LinkError,
    NetworkBlocked,
    StationMismatch,
)
from .link import Link, LinkDown, LinkEvent, LinkInfo

_LOGGER = logging.getLogger(__name__)

DELAYS: Final = (1.0, 5.0, 10.0, 20.0, 40.0, 60.0, 120.0, 300.0)
"""Seconds before each further try; the last one repeats."""
JITTER: Final = 0.2
"""Share by which a delay is spread, so that several links do not search at the same moment."""
STABLE_AFTER: Final = 60.0
"""Seconds after which a link counts as stable and the delays begin anew."""
EVICTED_DELAY: Final = 60.0
"""Least delay after a station closed a young link: it has no room (p2p-devices.md §4), and taking
the slot back would only close somebody else's."""
OWNER_DELAY: Final = 300.0
"""Delay while the owner has to decide something."""

_OWNER_ERRORS: Final = (DowngradeRefused, KeyRejected, NetworkBlocked, StationMismatch)


class SupervisorState(StrEnum):
    """What the supervisor is doing."""

    STOPPED = "stopped"
    CONNECTING = "connecting"
    UP = "up"
    WAITING = "waiting"


class LinkSupervisor:
    """Holds `link` up between `start` and `stop`.

    `reason` is the error of the last failure while there is no link. `on_change` is called after
    every change of `state`.
    """

    def __init__(
        self,
        link: Link,
        *,
        on_change: Callable[[SupervisorState, EufyError | None], None] | None = None,
        delays: tuple[float, ...] = DELAYS,
        spread: Callable[[], float] = random.random,
    ) -> None:
        self.link = link
        self.state = SupervisorState.STOPPED
        self.reason: EufyError | None = None
        self.evictions = 0
        """Times the station closed a young link in a row."""
        self._on_change = on_change
        self._delays = delays
        self._spread = spread
        self._task: asyncio.Task[None] | None = None
        self._down: asyncio.Event = asyncio.Event()
        self._closed_by_peer = False
        self._wake: asyncio.Event = asyncio.Event()

    def start(self) -> None:
        """Begin; returns at once."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """End the link and every try."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self.link.close()
        self._change(SupervisorState.STOPPED, self.reason)

    def retry_now(self) -> None:
        """Cut a pause short (the owner changed something, the network came back)."""
        self._wake.set()

    async def _run(self) -> None:
        unsubscribe = self.link.subscribe(self._on_link_event)
        failures = 0
        try:
            while True:
                if await self._connect():
                    lasted = await self._stay()
                    failures = 0 if lasted >= STABLE_AFTER else failures
                    young = self._closed_by_peer and lasted < STABLE_AFTER
                    self.evictions = self.evictions + 1 if young else 0
                await self._pause(failures)
                failures += 1
        finally:
            unsubscribe()

    async def _connect(self) -> bool:
        self._change(SupervisorState.CONNECTING, self.reason)
        self._down.clear()
        self._closed_by_peer = False
        try:
            info: LinkInfo = await self.link.connect()
        except EufyError as error:
            self.reason = error
            return False
        except OSError:
            self.reason = LinkError("the network is not available")
            return False
        except Exception:
            _LOGGER.exception("Connecting failed in an unexpected way")
            self.reason = LinkError("connecting failed in an unexpected way")
            return False
        _LOGGER.debug("Link up, grade %s after %.2f s", info.grade.name, info.seconds)
        self._change(SupervisorState.UP, None)
        return True

    async def _stay(self) -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if self.link.info is not None:
            await self._down.wait()
        return loop.time() - began

    async def _pause(self, failures: int) -> None:
        delay = self._delays[min(failures, len(self._delays) - 1)]
        if isinstance(self.reason, _OWNER_ERRORS):
            delay = max(delay, OWNER_DELAY)
        elif self.evictions > 1:
            delay = max(delay, EVICTED_DELAY)
        delay *= 1 + JITTER * self._spread()
        self._change(SupervisorState.WAITING, self.reason)
        self._wake.clear()
        try:
            async with asyncio.timeout(delay):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _on_link_event(self, event: LinkEvent) -> None:
        if isinstance(event, LinkDown):
            self.reason = event.error
            self._closed_by_peer = event.by_peer
            self._down.set()

    def _change(self, state: SupervisorState, reason: EufyError | None) -> None:
        self.reason = reason
        if state is self.state:
            return
        self.state = state
        if self._on_change is not None:
            self._on_change(state, reason)
