"""Setting the guard mode: the form a station takes, and reading back what it did."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from .catalog.guard import SETTABLE_MODES, GuardMode
from .errors import CommandError, CommandTimeout, ConfigurationError
from .guard import GuardState
from .link.link import Link
from .wire.commands import arm
from .wire.envelopes import GuardForm
from .wire.handshake import LinkGrade
from .wire.results import INVALID_COMMAND

USER_NAME: Final = "Home Assistant"
"""Free text that a station shows as who changed the mode; no source checks it."""
CONFIRM_TIME: Final = 10.0
"""Seconds for the station to report the new mode; a HomeBase 3 does so within one."""


class GuardCommander:
    """Sets the mode of one station.

    Args:
        state: where reports and reads of the mode arrive.
        link: gives the control link.
        read: reads the parameters, which ends up in `state`.
        account_id: the owner's account.
        scalar: whether the product takes the scalar form first (`protocol/p2p-commands.md` §3.3).
        now_ms: wall clock in ms, for transaction numbers.
    """

    def __init__(
        self,
        state: GuardState,
        link: Callable[[], Awaitable[Link]],
        read: Callable[[], Awaitable[None]],
        account_id: str,
        *,
        scalar: bool,
        now_ms: Callable[[], int],
        confirm_time: float = CONFIRM_TIME,
    ) -> None:
        self._state = state
        self._link = link
        self._read = read
        self._account_id = account_id
        self._scalar = scalar
        self._now_ms = now_ms
        self._confirm_time = confirm_time
        self._changed = asyncio.Event()
        self._lock = asyncio.Lock()

    def changed(self) -> None:
        """Learn that the mode changed; called for every change."""
        self._changed.set()

    async def set(self, mode: GuardMode) -> None:
        """Set `mode` and wait until the station says that it is selected.

        Raises `ConfigurationError` for a mode that cannot be set, `CommandError`,
        `CommandTimeout` when the mode did not change, and other `LinkError` subclasses.
        """
        if mode not in SETTABLE_MODES:
            raise ConfigurationError(f"{mode.name.lower()} is only reported, never set")
        async with self._lock:
            link = await self._link()
            await self._send(link, mode)
            await self._confirm(mode)

    async def _send(self, link: Link, mode: GuardMode) -> None:
        forms = self._forms(link)
        for form in forms:
            command = arm(self._account_id, mode, USER_NAME, form, transaction=str(self._now_ms()))
            try:
                await link.command(command)
            except CommandError as error:
                if error.code != INVALID_COMMAND or form is forms[-1]:
                    raise
                continue
            self._scalar = form is GuardForm.SCALAR
            return

    def _forms(self, link: Link) -> tuple[GuardForm, ...]:
        secured = link.info is not None and link.info.grade is LinkGrade.GCM
        json = GuardForm.JSON if secured else GuardForm.JSON_LEGACY
        return (GuardForm.SCALAR, json) if self._scalar else (json, GuardForm.SCALAR)

    async def _confirm(self, mode: GuardMode) -> None:
        reading = asyncio.ensure_future(self._read())
        waiting: asyncio.Task[bool] | None = None
        try:
            async with asyncio.timeout(self._confirm_time):
                while self._state.selected is not mode and not reading.done():
                    self._changed.clear()
                    waiting = asyncio.ensure_future(self._changed.wait())
                    await asyncio.wait({reading, waiting}, return_when=asyncio.FIRST_COMPLETED)
                    waiting.cancel()
        except TimeoutError:
            pass
        finally:
            if waiting is not None:
                waiting.cancel()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
        # A station that never says its mode (T8414, §3.4) cannot be checked.
        if self._state.selected not in {mode, None}:
            raise CommandTimeout("the station took the command, but its guard mode is another one")
