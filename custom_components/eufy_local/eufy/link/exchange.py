"""One command at a time: sending, waiting for its result, sending again when asked to.

Source: protocol/p2p-transport.md §4.2 and §5.3, p2p-commands.md §1.6. A station handles one record
of channel 0 after the other, and a result carries no request id: it has the type of its request.
An unknown command blocks a HomeBase 3 for 11 to 17 s, so a wait is longer than that.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..errors import CommandTimeout, EufyError, LinkError
from ..wire.envelopes import Command
from .events import CommandDone, CommandFailed

RESULT_TIME: Final = 20.0
"""Seconds to wait for a result: beyond the longest stall measured on a HomeBase 3 (17 s)."""
BUSY_CODE: Final = 503
"""The station could not take the request: it wants it again as a new record."""
BUSY_RETRIES: Final = 3
BUSY_PAUSE: Final = 0.5
MAX_WAITING: Final = 64
"""Commands queued behind the running one; a full queue is a caller in a loop."""


@dataclass(slots=True)
class _Entry:
    token: int
    command: Command
    deadline_after: float
    index: int = -1
    deadline: float = 0.0
    acknowledged: bool = False
    retries: int = 0
    resend_at: float | None = None


class Exchange:
    """The queue of commands of one link.

    `send` writes one command and returns the index under which it will be acknowledged.
    """

    def __init__(self, send: Callable[[Command, float], int]) -> None:
        self._send = send
        self._waiting: deque[_Entry] = deque()
        self._running: _Entry | None = None
        self._next_token = 1
        self.unacknowledged = 0
        """Commands in a row that the station did not even acknowledge."""

    @property
    def busy(self) -> bool:
        """Whether a command runs or waits."""
        return self._running is not None or bool(self._waiting)

    def submit(self, command: Command, timeout: float = RESULT_TIME) -> int:
        """Queue a command; returns its token. Raises `LinkError` when the queue is full."""
        if len(self._waiting) >= MAX_WAITING:
            raise LinkError("too many commands are waiting")
        token = self._next_token
        self._next_token += 1
        self._waiting.append(_Entry(token, command, timeout))
        return token

    def start_next(self, now: float) -> list[CommandDone | CommandFailed]:
        """Send the next command when none runs; returns those that are finished by sending."""
        finished: list[CommandDone | CommandFailed] = []
        while self._running is None and self._waiting:
            entry = self._waiting.popleft()
            try:
                entry.index = self._send(entry.command, now)
            except EufyError as error:
                finished.append(CommandFailed(entry.token, error))
                continue
            if not entry.command.wants_receipt:
                finished.append(CommandDone(entry.token, 0))
                continue
            entry.deadline = now + entry.deadline_after
            self._running = entry
        return finished

    def acknowledged(self, index: int) -> None:
        """The station has the record that went out as `index`."""
        self.unacknowledged = 0
        if self._running is not None and self._running.index == index:
            self._running.acknowledged = True

    def send_failed(self, index: int) -> CommandFailed | None:
        """Nobody acknowledged the record `index`."""
        entry = self._running
        if entry is None or entry.index != index:
            return None
        self.unacknowledged += 1
        self._running = None
        return CommandFailed(
            entry.token, CommandTimeout("the station did not acknowledge the command")
        )

    def result(self, record_type: int, code: int, now: float) -> CommandDone | None:
        """Take a receipt or result; None when it belongs to nothing or the command is repeated."""
        entry = self._running
        if entry is None or entry.command.record_type != record_type:
            return None
        if entry.resend_at is not None:
            return None
        self.unacknowledged = 0
        if code == BUSY_CODE and entry.retries < BUSY_RETRIES:
            entry.retries += 1
            entry.resend_at = now + BUSY_PAUSE
            return None
        self._running = None
        return CommandDone(entry.token, code)

    def next_timer(self) -> float | None:
        """Return when `handle_timer` is due, None when nothing runs."""
        entry = self._running
        if entry is None:
            return None
        return entry.deadline if entry.resend_at is None else min(entry.deadline, entry.resend_at)

    def handle_timer(self, now: float) -> CommandFailed | None:
        """Repeat what is due; return the command whose time is over."""
        entry = self._running
        if entry is None:
            return None
        if now >= entry.deadline:
            self._running = None
            reason = (
                "the station took the command but did not answer (it ignores a wrong account)"
                if entry.acknowledged
                else "the station did not answer the command"
            )
            return CommandFailed(entry.token, CommandTimeout(reason))
        if entry.resend_at is not None and now >= entry.resend_at:
            entry.resend_at = None
            entry.acknowledged = False
            try:
                entry.index = self._send(entry.command, now)
            except EufyError as error:
                self._running = None
                return CommandFailed(entry.token, error)
        return None

    def cancel(self, token: int) -> None:
        """Forget a command that nobody waits for; one that was already sent runs to its end."""
        self._waiting = deque(entry for entry in self._waiting if entry.token != token)

    def fail_all(self, error: EufyError) -> list[CommandFailed]:
        """The link is gone: every command fails with `error`."""
        entries = [self._running] if self._running is not None else []
        entries.extend(self._waiting)
        self._running = None
        self._waiting.clear()
        return [CommandFailed(entry.token, error) for entry in entries]
