"""The asyncio side of a session: one socket, one timer, no protocol.

The socket is read until it is empty (bounded), everything read is acknowledged by one datagram per
stream, and only then are records looked at. Rules 1 and 2 of design/performance.md; figures there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

from ..errors import EufyError, LinkLost, NetworkBlocked
from ..net.policy import Purpose
from ..net.udp import UdpSocket
from .connection import State
from .events import Closed, Endpoint, SessionEvent
from .session import Session

_LOGGER = logging.getLogger(__name__)

RECEIVE_BUFFER: Final = 4 * 1024 * 1024
"""Socket buffer asked for: a 4K key frame is a burst of about 1 MB (p2p-transport.md §4.3)."""
MAX_BURST: Final = 256
"""Datagrams read in one turn, so that the event loop gets to others (T18)."""
MAX_DATAGRAM: Final = 8192
"""Bytes read of one datagram. Stations send about 1 KB (p2p-transport.md §4); a longer one is cut,
which its length field shows, and is not acknowledged."""


class Transport:
    """Runs a session over a UDP socket until it ends.

    Args:
        udp: the socket that searches and then carries the link.
        session: a session whose connection is about to search.
        on_event: takes every event of the session, in the loop turn it happened.
        typed: addresses that the owner entered.
    """

    def __init__(
        self,
        udp: UdpSocket,
        session: Session,
        on_event: Callable[[SessionEvent], None],
        *,
        typed: frozenset[str] = frozenset(),
    ) -> None:
        self._udp = udp
        self._session = session
        self.connection = session.connection
        self._on_event = on_event
        self._typed = typed
        self.purposes: dict[Endpoint, Purpose] = {}
        """Purposes of addresses other than stations (rendezvous servers)."""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._connected = False
        self._closed = False

    @property
    def local_port(self) -> int:
        """The UDP port of this side."""
        return self._udp.local_port

    @property
    def receive_buffer(self) -> int:
        """Bytes of receive buffer granted by the system."""
        return self._udp.receive_buffer

    def start(self) -> None:
        """Begin: send what the session has ready, then read."""
        self._loop.add_reader(self._udp.fileno(), self._readable)
        self.kick()

    def kick(self) -> None:
        """Send what is ready, hand out events, set the timer; after any call into the session."""
        if self._closed:
            return
        self._flush()
        next_event = self._session.next_event
        while (event := next_event()) is not None:
            self._on_event(event)
        self._flush()
        if self._session.is_closed:
            self.close()
        else:
            self._rearm()

    def close(self) -> None:
        """Stop reading and close the socket; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(Exception):
            self._flush()
        if self._timer is not None:
            self._timer.cancel()
        self._loop.remove_reader(self._udp.fileno())
        self._udp.close()

    # --- reading ---------------------------------------------------------------------------

    def _readable(self) -> None:
        try:
            self._read(self._loop.time())
        except Exception as error:
            self._crashed(error)

    def _read(self, now: float) -> None:
        if not self._connected:
            self._read_from_anyone(now)
            return
        batch: list[bytes] = []
        append = batch.append
        recv = self._udp.recv
        try:
            for _ in range(MAX_BURST):
                append(recv(MAX_DATAGRAM))
        except BlockingIOError, ConnectionRefusedError:
            # Empty; or the ICMP answer to an earlier datagram, which proves nothing (anyone
            # can send one) and is read away by this call.
            pass
        except OSError as error:
            self._fail(error, now)
            return
        if not batch:
            return
        self._udp.count_received(sum(map(len, batch)))
        connection = self.connection
        connection.receive_burst(batch, now)
        if connection.quiet:
            self._flush()
            return
        self._flush()
        self._session.pump(now)
        self.kick()

    def _read_from_anyone(self, now: float) -> None:
        """Read while the socket is open to all: during search, and until no rival can answer."""
        receive = self.connection.receive_datagram
        try:
            for _ in range(MAX_BURST):
                data, address = self._udp.recvfrom(MAX_DATAGRAM)
                self._udp.count_received(len(data), address[0])
                receive(data, address, now)
        except BlockingIOError, ConnectionRefusedError:
            pass
        except OSError as error:
            self._fail(error, now)
            return
        self._flush()
        self._session.pump(now)
        self.kick()

    def _connect(self, now: float) -> None:
        """Let the kernel drop what is not the peer's (T4); what waits already is still checked."""
        peer = self.connection.peer
        if peer is None:
            return
        try:
            self._udp.connect(peer, typed=peer[0] in self._typed)
        except (OSError, NetworkBlocked) as error:
            self._fail(error, now)
            return
        receive = self.connection.receive_datagram
        with contextlib.suppress(OSError):
            while True:
                data, address = self._udp.recvfrom(MAX_DATAGRAM)
                receive(data, address, now)
        self._connected = True

    def _crashed(self, error: Exception) -> None:
        """A fault of ours: end this link instead of meeting the same fault again and again."""
        _LOGGER.error("A link failed in an unexpected way", exc_info=error)
        with contextlib.suppress(Exception):
            self.connection.close(self._loop.time())
        self.close()
        self._on_event(Closed(LinkLost("the link failed in an unexpected way")))

    def _fail(self, error: Exception, now: float) -> None:
        reason = error if isinstance(error, EufyError) else LinkLost("the network went away")
        self._session.close(now, reason)
        self.kick()

    # --- sending and time ------------------------------------------------------------------

    def _flush(self) -> None:
        if self._connected:
            send = self._udp.send
            for data, _ in self.connection.datagrams_to_send():
                send(data)
            return
        for data, address in self.connection.datagrams_to_send():
            self._send_to(data, address)

    def _send_to(self, data: bytes, address: Endpoint) -> None:
        purpose = self.purposes.get(address)
        # What the gate refuses it has counted; the search goes on with the other addresses.
        with contextlib.suppress(NetworkBlocked):
            self._udp.send_to(data, address, purpose, typed=address[0] in self._typed)

    def _next_time(self) -> float | None:
        due = self._session.next_timer()
        if not self._connected and self.connection.state is State.LINKED:
            contest = self.connection.contest_ends
            due = contest if due is None else min(due, contest)
        return due

    def _rearm(self) -> None:
        """Set the timer only when it would be late: deadlines mostly move away."""
        due = self._next_time()
        if due is None:
            return
        if self._timer is not None:
            if self._timer.when() <= due:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        if self._closed:
            return
        try:
            self._time_passed()
        except Exception as error:
            self._crashed(error)

    def _time_passed(self) -> None:
        # After a pause of the process, what came in the meantime counts before what did not.
        self._read(self._loop.time())
        now = self._loop.time()
        linked = self.connection.state is State.LINKED
        if not self._connected and linked and now >= self.connection.contest_ends:
            self._connect(now)
        self._session.handle_timer(now)
        self.kick()
