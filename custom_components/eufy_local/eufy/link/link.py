"""A link to one station: what the rest of the client holds.

A `Link` may be connected again after it went down; subscriptions and the media sink stay.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from ..errors import CommandTimeout, EufyError, LinkLost, StationNotFound, WireError
from ..net.gate import Gate
from ..net.policy import Purpose
from ..wire.crypto import static_key
from ..wire.datagram import Channel
from ..wire.envelopes import Command
from ..wire.media import MediaProtection
from ..wire.notify import decode_notification
from ..wire.parameters import ParameterDump
from ..wire.record import Record
from ..wire.sealing import OpenedRecord
from .attempt import Waker, make_session, open_socket, probe_known
from .budget import Budget, TotalBudget
from .discovery import Probe, describe, search_endpoints
from .events import (
    Closed,
    CommandDone,
    CommandFailed,
    HoleSkipped,
    KeyNeeded,
    Linked,
    RecordOpened,
    SessionEvent,
)
from .exchange import RESULT_TIME
from .handshake import Secured
from .keys import KeyFetcher
from .learned import Learned
from .model import (
    KeyProvider,
    LinkDown,
    LinkEvent,
    LinkInfo,
    LinkState,
    LinkTarget,
    LinkUp,
    Listener,
    NotificationReceived,
    WakeProvider,
)
from .pin import Pin
from .policy import MAINS, STREAM_PING, LinkPolicy, LinkQuirks
from .replies import DUMP_SETTLE, REPLY_TIME, DumpCollector, JsonReply, Requests
from .session import LONG_QUERY, MediaSink, Session
from .transport import Transport

__all__ = [
    "KeyProvider",
    "Link",
    "LinkDown",
    "LinkEvent",
    "LinkInfo",
    "LinkState",
    "LinkTarget",
    "LinkUp",
    "NotificationReceived",
]

_LOGGER = logging.getLogger(__name__)

SEARCH_TIME: Final = 10.0
"""Seconds a station may take to answer a search; 2.1 s were measured on a slow one."""
QUERY_TIME: Final = 8.0
"""Seconds a station gets to take a parameter query (protocol/p2p-transport.md §4.2)."""
MAX_HINTS: Final = 3
"""Addresses remembered of one station."""


class Link:
    """One link to one station.

    Args:
        gate: opens the socket and rules on peers.
        target: the station.
        keys: gives the cipher key with an id; may take seconds, the link is kept meanwhile.
        account_id: the owner's account, which every command of this station must carry.
        refresh_key: fetches a key anew when the held one does not fit.
        pin: what the station is known to be; weaker links are refused.
        on_pin: told about each better pin, for the store.
        quirks: what is known about the product and firmware.
        on_quirks: told what was learned, for the store.
        policy: how the link is held.
        total: the byte budget of all links together.
        local_port: UDP port to use, for firewalls; 0 lets the system choose.
        wake: gives what it takes to wake a sleeping camera; asked only when it does not answer.
    """

    def __init__(
        self,
        gate: Gate,
        target: LinkTarget,
        keys: KeyProvider,
        account_id: str,
        *,
        refresh_key: KeyProvider | None = None,
        pin: Pin | None = None,
        on_pin: Callable[[Pin], None] | None = None,
        quirks: LinkQuirks | None = None,
        on_quirks: Callable[[LinkQuirks], None] | None = None,
        policy: LinkPolicy = MAINS,
        total: TotalBudget | None = None,
        local_port: int = 0,
        wake: WakeProvider | None = None,
    ) -> None:
        self.target = target
        self.account_id = account_id
        self.policy = policy
        self.info: LinkInfo | None = None
        self.last_error: EufyError | None = None
        self.last_probe: Probe | None = None
        """How the known addresses reacted after the last search in vain."""
        self._gate = gate
        self._learned = Learned(pin, on_pin, quirks, on_quirks)
        self._keys = KeyFetcher(keys, refresh_key)
        self._total = total
        self._local_port = local_port
        self._waker = Waker(gate, wake)
        self._listeners: list[Listener] = []
        self._session: Session | None = None
        self._transport: Transport | None = None
        self._connecting: asyncio.Future[LinkInfo] | None = None
        self._connect_lock = asyncio.Lock()
        self._started = 0.0
        self._linked: Linked | None = None
        self._requests = Requests()
        self._media: MediaSink | None = None
        self._gap: Callable[[], None] | None = None

    # --- what is known of the station --------------------------------------------------------

    @property
    def pin(self) -> Pin | None:
        """The best the station has shown; None lets the next link set it anew."""
        return self._learned.pin

    @pin.setter
    def pin(self, pin: Pin | None) -> None:
        self._learned.pin = pin

    @property
    def quirks(self) -> LinkQuirks:
        """What was learned about the product and firmware."""
        return self._learned.quirks

    # --- connecting ------------------------------------------------------------------------

    @property
    def state(self) -> LinkState:
        """Whether the link is up, coming up or down; that to a sleeping camera counts as down."""
        if self.info is not None:
            return LinkState.DOWN if self._is_asleep() else LinkState.UP
        return LinkState.CONNECTING if self._connecting is not None else LinkState.DOWN

    @property
    def is_found(self) -> bool:
        """Whether the station answered the search of the last `connect`."""
        return self._linked is not None

    async def connect(self, timeout: float = SEARCH_TIME) -> LinkInfo:  # noqa: ASYNC109
        """Search the station, agree on keys and return how the link stands.

        `timeout` is the time for the search in seconds. Returns at once when the link is up.
        Raises the `LinkError` that says why there is no link, `NetworkBlocked` for an address the
        gate refuses, and `WireError` when serial and DID give no static key.
        """
        async with self._connect_lock:
            if self._is_asleep():
                self._drop()
            if self.info is not None:
                return self.info
            self.last_probe = None
            try:
                info = await self._connect(timeout)
            except StationNotFound as error:
                self.last_probe = await probe_known(self._gate, self.target)
                if self.last_probe is Probe.REFUSED:
                    self.last_error = StationNotFound(describe(error, self.last_probe))
                    raise self.last_error from error
                raise
            # The next search begins where the station was found.
            others = (host for host in self.target.hints if host != info.peer[0])
            self.target = replace(self.target, hints=(info.peer[0], *others)[:MAX_HINTS])
            return info

    async def _connect(self, seconds: float) -> LinkInfo:
        loop = asyncio.get_running_loop()
        static = static_key(self.target.serial, self.target.did)
        if self.pin is not None:
            self.pin.check_identity(self.target.did)
        known, wide = search_endpoints(self._gate, self.target.hosts, self.target.hints)
        udp = await open_socket(self._gate, self._local_port)
        self._started = loop.time()
        self._linked = None
        session = make_session(
            self.target,
            static,
            admit=self._admit,
            budget=Budget(parent=self._total),
            learned=self._learned,
            policy=self.policy,
            media=self._sink if self._media is not None else None,
        )
        connection = session.connection
        connection.start_search(self._started, known, wide, seconds=seconds)
        transport = Transport(udp, session, self._on_event, typed=frozenset(self.target.hosts))
        self._session, self._transport = session, transport
        connecting: asyncio.Future[LinkInfo] = loop.create_future()
        self._connecting = connecting
        self._waker.start(self.target, transport)
        try:
            transport.start()
            return await connecting
        finally:
            self._connecting = None
            self._waker.finish(linked=self.info is not None)
            if connection.relayed:
                self._gate.block(Purpose.P2P_LAN, "relay", connection.relayed)
            if self.info is None:
                self._drop()

    def _is_asleep(self) -> bool:
        session = self._session
        return session is not None and session.is_asleep(asyncio.get_running_loop().time())

    async def close(self) -> None:
        """End the link; the station is told."""
        self._drop()
        await self._keys.close()

    def _drop(self) -> None:
        session, transport = self._session, self._transport
        if session is not None and transport is not None:
            session.close(asyncio.get_running_loop().time())
            transport.kick()
            transport.close()
        self._session = self._transport = None

    def _admit(self, host: str) -> bool:
        try:
            self._gate.check_peer(host, Purpose.P2P_LAN, typed=host in self.target.hosts)
        except EufyError:
            return False
        return True

    # --- using -----------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every `LinkEvent`; returns the way to stop that."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    def set_media_sink(self, sink: MediaSink | None, gap: Callable[[], None] | None = None) -> None:
        """Hand every media record to `sink` in the loop turn in which its last byte came.

        `gap` is called when a part of a stream was lost for good. None drops media.
        """
        self._media = sink
        self._gap = gap
        if self._session is not None:
            self._session.media = self._sink if sink is not None else None

    def stream_ping(self, *, running: bool) -> None:
        """Keep a standalone camera streaming (application ping every 3 s), or stop doing so."""
        session, transport = self._require()
        interval = STREAM_PING if running else None
        session.stream_ping(interval, asyncio.get_running_loop().time())
        transport.kick()

    def send_record(self, channel: int, record: bytes) -> None:
        """Send a finished record that has no result, such as talkback sound."""
        session, transport = self._require()
        session.send_raw(channel, record, asyncio.get_running_loop().time())
        transport.kick()

    async def command(self, cmd: Command, timeout: float = RESULT_TIME) -> int:  # noqa: ASYNC109
        """Send a command and return its result code, 0.

        A receipt of 0 means "taken", not "applied". Raises `CommandError` for another code,
        `CommandTimeout` without a result, `LinkError` without a link.
        """
        session, transport = self._require()
        return await self._requests.command(session, transport, cmd, timeout)

    async def exchange(
        self,
        cmd: Command,
        match: Callable[[OpenedRecord], bool],
        timeout: float = REPLY_TIME,  # noqa: ASYNC109
    ) -> OpenedRecord:
        """Send a command and return the first record that `match` accepts.

        It may come before or after the result. Raises like `command`, and `CommandTimeout` when
        no such record comes within `timeout` seconds after the result.
        """
        with self._requests.wait(match) as waiter:
            await self.command(cmd)
            return await waiter.result(timeout)

    async def request(
        self,
        cmd: Command,
        reply_type: int,
        match: Callable[[dict[str, Any]], bool] | None = None,
        timeout: float = REPLY_TIME,  # noqa: ASYNC109
    ) -> dict[str, Any]:
        """Send a command and return the JSON of the reply record of `reply_type`.

        `match` chooses among replies of that type. Raises like `exchange`.
        """
        reply = JsonReply(reply_type, match)
        await self.exchange(cmd, reply, timeout)
        return reply.value

    async def parameters(self, settle: float = DUMP_SETTLE) -> ParameterDump:
        """Read all parameters; a dump comes in parts, `settle` seconds apart at most.

        On links below version 8 both forms of the query are tried, and the one that is answered
        is remembered. Raises like `command`, and `CommandTimeout` when no part comes.
        """
        session, _ = self._require()
        for query in session.queries():
            collector = DumpCollector()
            with self._requests.wait(collector):
                try:
                    await self.command(query, QUERY_TIME)
                except CommandTimeout:
                    if not collector:
                        continue
                dump = await collector.merged(settle)
            if query is not session.query:
                session.query = query
                self._learned.learn(long_query=query is LONG_QUERY)
            return dump
        raise CommandTimeout("the station does not tell its parameters")

    def _require(self) -> tuple[Session, Transport]:
        session, transport = self._session, self._transport
        if session is None or transport is None or self.info is None:
            raise LinkLost("there is no link")
        return session, transport

    def media_seen(self, protection: MediaProtection) -> bool:
        """Note how media was protected; False when that is weaker than the pin allows (T1)."""
        return self._learned.media_seen(protection)

    # --- events of the session ---------------------------------------------------------------

    def _on_event(self, event: SessionEvent) -> None:
        match event:
            case RecordOpened(opened):
                self._opened(opened)
            case CommandDone() | CommandFailed():
                self._requests.finished(event)
            case HoleSkipped(channel):
                if self._gap is not None and channel in {Channel.VIDEO, Channel.BINARY}:
                    self._gap()
            case Linked():
                self._linked = event
            case KeyNeeded():
                if self._session is not None and self._transport is not None:
                    self._keys.fetch(event, self._session, self._transport)
            case Secured():
                self._secured(event)
            case Closed(error, by_peer):
                self._ended(error, by_peer=by_peer)

    def _opened(self, opened: OpenedRecord) -> None:
        self._requests.offer(opened)
        self._learn_acks()
        if opened.receipt or not self._listeners:
            return
        try:
            notification = decode_notification(opened)
        except WireError:
            return
        if notification is not None:
            self._emit(NotificationReceived(notification, opened.protection))

    def _secured(self, event: Secured) -> None:
        linked = self._linked
        if linked is None:
            return
        seconds = asyncio.get_running_loop().time() - self._started
        self.info = LinkInfo(linked.peer, event.grade, event.cipher_id, event.version, seconds)
        self.last_error = None
        self._learned.raise_pin(event.pin)
        self._learned.learn(no_ready=not linked.ready)
        if self._connecting is not None and not self._connecting.done():
            self._connecting.set_result(self.info)
        self._emit(LinkUp(self.info))

    def _ended(self, error: EufyError | None, *, by_peer: bool) -> None:
        was_up = self.info is not None
        self.info = None
        self.last_error = error
        self._learn_acks()
        if was_up:
            self._session = self._transport = None
        if self._connecting is not None and not self._connecting.done():
            self._connecting.set_exception(error or LinkLost("the link was closed"))
        self._requests.fail(error or LinkLost("the link was closed"))
        if was_up:
            self._emit(LinkDown(error, by_peer))

    def _learn_acks(self) -> None:
        session = self._session
        if session is not None and session.connection.single_acks:
            self._learned.learn(single_acks=True)

    def _sink(self, record: Record) -> None:
        sink = self._media
        if sink is None:
            return
        try:
            sink(record)
        except Exception:
            # A fault above must not end the link that also carries alarms.
            _LOGGER.exception("A media sink failed")
            self.set_media_sink(None)

    def _emit(self, event: LinkEvent) -> None:
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                _LOGGER.exception("A listener of a link failed")
