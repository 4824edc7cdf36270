"""The secure session on top of a connection: handshake, commands, opened records, liveness.

Sans-IO like the connection below it. Media records (1300, 1301) do not become events: they go to
`media` in the same turn, because a frame must not wait for anything (design/performance.md).
"""

from collections import deque
from collections.abc import Callable
from typing import Final

from ..errors import EufyError, LinkError, LinkLost, WireError
from ..wire.bodies import ScalarBody
from ..wire.commands import param_query
from ..wire.datagram import Channel
from ..wire.envelopes import STATION_CHANNEL, Command, CommandType, void
from ..wire.handshake import CipherKey, LinkGrade, LinkKeys, encode_connection_request
from ..wire.record import Record
from ..wire.replay import ReplayGuard
from ..wire.sealing import OpenedRecord, Sealer, open_record
from .connection import Connection, State
from .events import (
    Acknowledged,
    Closed,
    CommandDone,
    CommandFailed,
    HoleSkipped,
    KeyNeeded,
    Linked,
    RecordOpened,
    RecordReceived,
    SendFailed,
    SessionEvent,
)
from .exchange import RESULT_TIME, Exchange
from .handshake import Handshake, Secured, Want
from .hints import is_security_hint
from .liveness import Liveness
from .pin import Pin
from .policy import MAINS, LinkPolicy, LinkQuirks

HINT_INTERVAL: Final = 2.0
"""Seconds between reads caused by unauthenticated state reports (design/security.md T2)."""
PROBE_TIME: Final = 8.0
"""Seconds within which a working station answers a parameter query."""
DEVICE_PING_INTERVAL: Final = 1.0
"""Seconds between answers to a station's pings: never more datagrams out than in (T5)."""
MAX_UNACKNOWLEDGED: Final = 2
"""Commands in a row without an ACK after which the link counts as half-open."""

SHORT_QUERY: Final = param_query()
LONG_QUERY: Final = Command(CommandType.PARAMETERS, ScalarBody(0x387, 0xFF), STATION_CHANNEL)
"""The parameter query with a second word, as the vendor app sends it on every grade (declared);
other clients send one word on links below version 8 (protocol/p2p-crypto.md §6.1)."""

type MediaSink = Callable[[Record], None]


class Session:
    """A connection with keys. Owns the connection; drive both through this class only.

    Args:
        connection: the connection, not started yet.
        static: the station's 16-byte static key.
        nonce: returns 12 fresh random bytes.
        media: takes every media record of a secured link.
    """

    def __init__(
        self,
        connection: Connection,
        static: bytes,
        *,
        nonce: Callable[[], bytes],
        pin: Pin | None = None,
        quirks: LinkQuirks | None = None,
        policy: LinkPolicy = MAINS,
        media: MediaSink | None = None,
    ) -> None:
        self.connection = connection
        self.media = media
        self.refused = 0
        """Records dropped: not authentic, replayed, or not to be opened."""
        self.media_dropped = 0
        """Media records nobody wanted."""
        self._quirks = quirks or LinkQuirks()
        self._handshake = Handshake(str(connection.did), static, pin, self._quirks)
        self.query = LONG_QUERY if self._quirks.long_query else SHORT_QUERY
        """The form of the parameter query that this station answers."""
        self._nonce = nonce
        self._sealer: Sealer | None = None
        self._replay = ReplayGuard()
        self._exchange = Exchange(self._send_command)
        self._liveness = Liveness(policy)
        self._tells_parameters = False
        self._own: set[int] = set()
        self._probe: int | None = None
        self._hint_read = -HINT_INTERVAL
        self._hint_waiting = False
        self._pinged = -DEVICE_PING_INTERVAL
        self._events: deque[SessionEvent] = deque()
        self._closed = False
        if pin is not None:
            pin.check_identity(connection.did)

    # --- what the caller does --------------------------------------------------------------

    @property
    def secured(self) -> bool:
        """Whether commands can be sent."""
        return self._sealer is not None and not self._closed

    @property
    def grade(self) -> LinkGrade:
        """The grade of the link's own keys."""
        return self._handshake.keys.grade

    def queries(self) -> tuple[Command, ...]:
        """Return the forms of the parameter query to try, in this order."""
        if self.grade is LinkGrade.GCM:
            return (self.query,)
        return (self.query, SHORT_QUERY if self.query is LONG_QUERY else LONG_QUERY)

    def is_asleep(self, now: float) -> bool:
        """Whether a battery camera must be taken as asleep: only a new link wakes it."""
        return self.secured and self._liveness.is_asleep(now)

    def submit(self, command: Command, now: float, timeout: float = RESULT_TIME) -> int:
        """Queue a command; its end is a `CommandDone` or `CommandFailed` with the token.

        Raises `LinkError` when the link has no keys, is asleep or its queue is full.
        """
        if not self.secured:
            raise LinkError("there is no secured link")
        if self.is_asleep(now):
            self.close(now, LinkLost("the camera has gone to sleep"))
            raise LinkLost("the camera has gone to sleep")
        self._liveness.used(now)
        token = self._exchange.submit(command, timeout)
        self._run_queue(now)
        return token

    def cancel(self, token: int) -> None:
        """Take back a command that was not sent yet."""
        self._exchange.cancel(token)

    def send_raw(self, channel: int, record: bytes, now: float) -> None:
        """Send a finished record, such as talkback sound. Raises `LinkError`."""
        self._liveness.used(now)
        self.connection.send_record(channel, record, now)

    def stream_ping(self, interval: float | None, now: float) -> None:
        """Send an application ping every `interval` seconds, or stop doing so."""
        self._liveness.ping_every(interval, now)

    @property
    def unwraps_slowly(self) -> bool:
        """Whether `unwrap_key` takes milliseconds and belongs into a thread."""
        return self._handshake.unwraps_slowly

    def unwrap_key(self, cipher: CipherKey) -> LinkKeys | WireError:
        """Open the station's reply with the key; may run in a thread."""
        return self._handshake.unwrap(cipher)

    def provide_key(
        self, cipher: CipherKey, now: float, keys: LinkKeys | WireError | None = None
    ) -> None:
        """Answer `KeyNeeded`; `keys` is what `unwrap_key` gave, if it was called already."""
        if self._handshake.want is Want.KEY:
            opened = keys or self.unwrap_key(cipher)
            self._step(lambda: self._handshake.take_key(cipher, opened), now, refresh=True)

    def refuse_key(self, error: EufyError, now: float) -> None:
        """Answer `KeyNeeded`: there is no key."""
        if self._handshake.want is Want.KEY:
            self._step(lambda: self._handshake.refuse_key(error), now)

    def close(self, now: float, error: EufyError | None = None) -> None:
        """End the session and the connection."""
        self.connection.close(now, error)
        self.pump(now)

    def next_event(self) -> SessionEvent | None:
        """Return the next event, None when there is none."""
        return self._events.popleft() if self._events else None

    # --- time ------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        """Return when `handle_timer` must be called, None when never."""
        times = [self.connection.next_timer(), self._exchange.next_timer()]
        if self._handshake.want is not Want.NOTHING:
            times.append(self._handshake.deadline)
        if self.secured:
            times.append(self._liveness.next_timer(busy=self._exchange.busy))
            if self._hint_waiting:
                times.append(self._hint_read + HINT_INTERVAL)
        return min((time for time in times if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`."""
        self.connection.handle_timer(now)
        self.pump(now)
        if self._closed:
            return
        if self._handshake.want is not Want.NOTHING and now >= self._handshake.deadline:
            self._step(self._handshake.time_out, now)
        failed = self._exchange.handle_timer(now)
        if failed is not None:
            self._finished(failed, now)
        if self.secured:
            self._keep_alive(now)
        self._run_queue(now)

    def _keep_alive(self, now: float) -> None:
        if self._liveness.is_idle(now, busy=self._exchange.busy):
            self.close(now)
            return
        if self._liveness.ping_due(now) and self._sealer is not None:
            self.connection.send_record(Channel.DATA, self._sealer.ping(), now)
        if self._probe is None and self._liveness.probe_due(now, busy=self._exchange.busy):
            self._liveness.probing(now)
            self._probe = self._read(now)
        if self._hint_waiting and now >= self._hint_read + HINT_INTERVAL:
            self._hint(now)

    # --- receiving -------------------------------------------------------------------------

    def pump(self, now: float) -> None:
        """Take the connection's events; call it after every datagram that went in."""
        next_event = self.connection.next_event
        while (event := next_event()) is not None:
            match event:
                case RecordReceived(channel, record):
                    self._received(channel, record, now)
                case Acknowledged(Channel.DATA, index):
                    self._exchange.acknowledged(index)
                case SendFailed(channel, index):
                    self._send_failed(channel, index, now)
                case Linked():
                    self._events.append(event)
                    self._begin(now)
                case HoleSkipped():
                    self._events.append(event)
                case Closed():
                    self._end(event)

    def _received(self, channel: int, record: Record, now: float) -> None:
        command = record.command
        if command in {CommandType.VIDEO, CommandType.AUDIO}:
            self._liveness.heard(now)
            media = self.media
            if media is None or self._sealer is None:
                self.media_dropped += 1
            else:
                media(record)
            return
        if command == CommandType.CONNECTION_INIT:
            if self._handshake.want is Want.REPLY and record.flag != 1:
                self._step(lambda: self._handshake.take_reply(record, now), now)
            return
        try:
            opened = open_record(record, self._handshake.keys, self._quirks.options)
        except WireError:
            self.refused += 1
            return
        if opened.nonce and not self._replay.accept(opened.nonce):
            self.refused += 1
            if self._replay.full:
                self.close(now, LinkLost("the link must be renewed"))
            return
        self._liveness.heard(now)
        if command == CommandType.PARAMETERS:
            self._tells_parameters = True
        self._opened(channel, opened, now)

    def _opened(self, channel: int, opened: OpenedRecord, now: float) -> None:
        if opened.receipt and channel == Channel.DATA:
            self._take_result(opened, now)
        elif opened.command == CommandType.DEVICE_PING:
            if now >= self._pinged + DEVICE_PING_INTERVAL and self._sealer is not None:
                self._pinged = now
                reply = void(CommandType.DEVICE_PING, channel=opened.channel)
                self._send_command(reply, now)
            return
        elif not opened.authenticated and is_security_hint(opened):
            self._hint(now)
        self._events.append(RecordOpened(opened))

    def _take_result(self, opened: OpenedRecord, now: float) -> None:
        try:
            done = self._exchange.result(opened.command, opened.code, now)
        except WireError:
            self.refused += 1
            return
        if done is not None:
            self._finished(done, now)
            self._run_queue(now)

    # --- handshake -------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        try:
            self.connection.send_record(Channel.DATA, encode_connection_request(), now)
        except LinkError:
            return
        self._handshake.requested(now)

    def _step(
        self, step: Callable[[], Secured | None], now: float, *, refresh: bool = False
    ) -> None:
        try:
            secured = step()
        except EufyError as error:
            self.close(now, error)
            return
        if secured is None:
            self._events.append(KeyNeeded(self._handshake.cipher_id, refresh))
            return
        self._sealer = Sealer(self._handshake.keys, self._quirks.options)
        self._liveness.start(now)
        self._events.append(secured)

    # --- commands --------------------------------------------------------------------------

    def _send_command(self, command: Command, now: float) -> int:
        if self._sealer is None:
            raise LinkError("there is no secured link")
        record = self._sealer.seal(command, self._nonce())
        return self.connection.send_record(Channel.DATA, record, now)

    def _run_queue(self, now: float) -> None:
        if self.secured:
            for finished in self._exchange.start_next(now):
                self._finished(finished, now)

    def _finished(self, event: CommandDone | CommandFailed, now: float) -> None:
        if event.token not in self._own:
            self._events.append(event)
            return
        self._own.discard(event.token)
        if event.token == self._probe:
            self._probe = None
            # A dump without a result is a sign of life too.
            answered = isinstance(event, CommandDone) or self._liveness.heard_since_probe
            # A legacy station may know neither form of the query; then its silence says nothing.
            dead = self._liveness.probed(now, answered=answered)
            if dead and (self._tells_parameters or self.grade is LinkGrade.GCM):
                self.close(now, LinkLost("the station stopped answering"))

    def _send_failed(self, channel: int, index: int, now: float) -> None:
        if channel != Channel.DATA:
            return
        failed = self._exchange.send_failed(index)
        if failed is None:
            return
        self._finished(failed, now)
        if self._exchange.unacknowledged >= MAX_UNACKNOWLEDGED:
            self.close(now, LinkLost("the station stopped taking commands"))

    def _read(self, now: float) -> int | None:
        """Read the parameters on the session's own account."""
        try:
            token = self._exchange.submit(self.query, PROBE_TIME)
        except LinkError:
            return None
        self._own.add(token)
        self._run_queue(now)
        return token

    def _hint(self, now: float) -> None:
        """An unproven report of state: read the truth, at most once per `HINT_INTERVAL`."""
        if not self.secured:
            return
        if now < self._hint_read + HINT_INTERVAL:
            self._hint_waiting = True
            return
        self._hint_waiting = False
        self._hint_read = now
        self._read(now)

    def _end(self, event: Closed) -> None:
        self._closed = True
        self._handshake.want = Want.NOTHING
        error = event.error or LinkLost("the link was closed")
        for failed in self._exchange.fail_all(error):
            if failed.token not in self._own:
                self._events.append(failed)
        self._events.append(event)

    @property
    def is_closed(self) -> bool:
        """Whether the end was reached."""
        return self._closed or self.connection.state is State.CLOSED
