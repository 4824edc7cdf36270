"""Waiting for the records that answer a command: one reply, or a dump in parts."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self

from ..errors import CommandError, CommandTimeout, EufyError, LinkError, WireError
from ..wire.envelopes import Command, CommandType
from ..wire.parameters import Parameter, ParameterDump, parse_dump
from ..wire.results import is_success, result_name
from ..wire.sealing import OpenedRecord
from .events import CommandDone, CommandFailed
from .session import Session
from .transport import Transport

REPLY_TIME: Final = 15.0
"""Seconds between a command's result and its reply record."""
DUMP_TIME: Final = 8.0
"""Seconds within which the first part of a parameter dump comes."""
DUMP_SETTLE: Final = 1.0
"""Seconds without a further part after which a dump is complete (protocol/p2p-commands.md §4.1)."""
MAX_WAITERS: Final = 64
MAX_PARTS: Final = 64
"""Parts of one dump; a HomeBase 3 sends one per device at most."""


class Waiter:
    """Waits for one record; a context manager that registers itself."""

    def __init__(self, waiters: list[Waiter], match: Callable[[OpenedRecord], bool]) -> None:
        self._waiters = waiters
        self._match = match
        self.future: asyncio.Future[OpenedRecord] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> Self:
        if len(self._waiters) >= MAX_WAITERS:
            raise LinkError("too many requests wait for a reply")
        self._waiters.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._waiters.remove(self)
        self.future.cancel()

    def offer(self, opened: OpenedRecord) -> None:
        """Show a record to whoever waits."""
        if not self.future.done() and self._match(opened):
            self.future.set_result(opened)

    def fail(self, error: EufyError) -> None:
        """The link is gone."""
        if not self.future.done():
            self.future.set_exception(error)
            # Nobody may be waiting yet, when the command itself fails first.
            self.future.exception()

    async def result(self, seconds: float) -> OpenedRecord:
        """Return the record. Raises `CommandTimeout`, or the error that ended the link."""
        try:
            async with asyncio.timeout(seconds):
                return await self.future
        except TimeoutError:
            raise CommandTimeout("the station took the command but sent no reply") from None


class Requests:
    """What callers of one link are waiting for: results of commands, and reply records."""

    def __init__(self) -> None:
        self._commands: dict[int, asyncio.Future[int]] = {}
        self._waiters: list[Waiter] = []

    async def command(
        self, session: Session, transport: Transport, cmd: Command, seconds: float
    ) -> int:
        """Send a command and return 0. Raises `CommandError`, `CommandTimeout`, `LinkError`."""
        loop = asyncio.get_running_loop()
        try:
            token = session.submit(cmd, loop.time(), seconds)
        except LinkError:
            # The session may have ended itself; whoever listens must learn that.
            transport.kick()
            raise
        done: asyncio.Future[int] = loop.create_future()
        self._commands[token] = done
        try:
            transport.kick()
            code = await done
        finally:
            self._commands.pop(token, None)
            if done.cancelled():
                session.cancel(token)
        if not is_success(code):
            raise CommandError(code, result_name(code))
        return code

    def finished(self, event: CommandDone | CommandFailed) -> None:
        """A command has ended."""
        done = self._commands.get(event.token)
        if done is None or done.done():
            return
        if isinstance(event, CommandDone):
            done.set_result(event.code)
        else:
            done.set_exception(event.error)

    def wait(self, match: Callable[[OpenedRecord], bool]) -> Waiter:
        """Return a context manager that waits for a record `match` accepts."""
        return Waiter(self._waiters, match)

    def offer(self, opened: OpenedRecord) -> None:
        """Show a record to everyone who waits."""
        for waiter in tuple(self._waiters):
            waiter.offer(opened)

    def fail(self, error: EufyError) -> None:
        """The link is gone."""
        for done in self._commands.values():
            if not done.done():
                done.set_exception(error)
        for waiter in tuple(self._waiters):
            waiter.fail(error)


class JsonReply:
    """Accepts the first JSON record of one type that `match` accepts; keeps its value."""

    def __init__(
        self, reply_type: int, match: Callable[[dict[str, Any]], bool] | None = None
    ) -> None:
        self.value: dict[str, Any] = {}
        self._type = reply_type
        self._match = match

    def __call__(self, opened: OpenedRecord) -> bool:
        """Return whether this record is the reply."""
        if opened.command != self._type or opened.receipt:
            return False
        try:
            value = opened.json()
        except WireError:
            return False
        if self._match is not None and not self._match(value):
            return False
        self.value = value
        return True


class DumpCollector:
    """Puts the parts of a parameter dump together."""

    def __init__(self) -> None:
        self._parts: asyncio.Queue[ParameterDump] = asyncio.Queue(MAX_PARTS)

    def __call__(self, opened: OpenedRecord) -> bool:
        """Take a part; never ends the wait."""
        if opened.command == CommandType.PARAMETERS and not opened.receipt:
            try:
                self._parts.put_nowait(parse_dump(opened.plaintext))
            except WireError, asyncio.QueueFull:
                return False
        return False

    def __bool__(self) -> bool:
        """Whether a part has come."""
        return not self._parts.empty()

    async def merged(self, settle: float) -> ParameterDump:
        """Return all parts as one dump. Raises `CommandTimeout` when no part comes."""
        values: dict[tuple[int, int], Parameter] = {}
        extras: dict[str, Any] = {}
        wait = DUMP_TIME
        while True:
            try:
                async with asyncio.timeout(wait):
                    dump = await self._parts.get()
            except TimeoutError:
                break
            values.update({(item.dev_type, item.param_type): item for item in dump.parameters})
            extras.update(dump.extras)
            wait = settle
        if not values and not extras:
            raise CommandTimeout("the station sent no parameters")
        return ParameterDump(tuple(values.values()), extras)
