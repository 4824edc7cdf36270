"""One connection to a station below encryption: search, punch, streams, keepalive, close.

Sans-IO, in the manner of QUIC libraries: datagrams and the time go in; datagrams, events and the
next deadline come out. Source: protocol/p2p-transport.md §2 (search and punch), §4 (streams) and §6
(states). The datagram layer has no authentication, so this only decides *who may be talked to*;
what a peer says is proven one layer up.
"""

from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final

from ..errors import EufyError, LinkError, LinkLost, StationMismatch, WireError
from ..wire.datagram import (
    DatagramType,
    decode_ack,
    decode_datagram,
    encode_datagram,
    encode_punch,
)
from ..wire.did import Did
from .budget import Budget
from .channels import Delivered, Receiver
from .events import (
    Acknowledged,
    Closed,
    ConnectionEvent,
    Endpoint,
    HoleSkipped,
    Linked,
    RecordReceived,
    SendFailed,
)
from .keepalive import Keepalive
from .search import Search, Wake
from .sender import Sender

PUNCH_INTERVAL: Final = 0.5
PUNCH_TIME: Final = 2.0
"""Seconds to wait for P2P_RDY, which not every station sends; then the link is taken as made."""
CONTEST_TIME: Final = 1.0
"""Seconds after the first answer in which a second one for the same DID refuses the link."""
CLOSE_COPIES: Final = 2
"""CLOSE is not acknowledged; a copy makes it likelier that the station frees its slot."""
MAX_EVENTS: Final = 4096
"""Events kept between two collections: more than one drain of the socket gives in earnest."""

_ALIVE: Final = encode_datagram(DatagramType.ALIVE)
_ALIVE_ACK: Final = encode_datagram(DatagramType.ALIVE_ACK)
_CLOSE: Final = encode_datagram(DatagramType.CLOSE)
_RELAY_TYPES: Final = frozenset(
    {
        DatagramType.RELAY_TO,
        DatagramType.CHECK_CAM_2,
        DatagramType.TURN_CAM_ID,
        DatagramType.TURN_TOKEN,
        DatagramType.RELAY_HELLO,
    }
)


class State(StrEnum):
    """Where a connection stands (protocol/p2p-transport.md §6)."""

    IDLE = "idle"
    SEARCH = "search"
    PUNCH = "punch"
    LINKED = "linked"
    CLOSED = "closed"


class Connection:
    """A client's connection to the station with the identity `did`.

    Args:
        did: the identity that must answer.
        admit: tells whether an address may be a peer (the gate's rule).
        budget: bytes this connection may hold.
        single_acks: acknowledge each datagram on its own from the start.
        ready_time: seconds to wait for the confirmation of a punch.
    """

    def __init__(
        self,
        did: Did,
        *,
        admit: Callable[[str], bool] = lambda _: True,
        budget: Budget | None = None,
        single_acks: bool = False,
        ready_time: float = PUNCH_TIME,
    ) -> None:
        self.did = did
        self.state = State.IDLE
        self.peer: Endpoint | None = None
        self.foreign = 0
        """Datagrams from an address that is not the peer, or that made no sense."""
        self.relayed = 0
        """Offers of a relay; never taken up (design/security.md T19)."""
        self.overrun = 0
        """Events nobody collected in time: a station that floods with empty records."""
        self._admit = admit
        self._ready_time = ready_time
        self._budget = budget or Budget()
        self._receiver = Receiver(self._budget, single_acks=single_acks)
        self._sender = Sender()
        self._keepalive = Keepalive(0.0)
        self._out: list[tuple[bytes, Endpoint]] = []
        self._events: deque[ConnectionEvent] = deque()
        self._search: Search | None = None
        self._punched = 0.0
        self._next_punch = 0.0
        self._contest_ends = 0.0

    # --- what the caller does ------------------------------------------------------------

    def start_search(
        self,
        now: float,
        known: Sequence[Endpoint],
        wide: Sequence[Endpoint] = (),
        *,
        seconds: float = 10.0,
    ) -> None:
        """Search the station at `known` addresses and, a little later, at `wide` (broadcasts).

        Without a known address the broadcasts go out at once. After `seconds` without the right
        answer the connection closes with `StationNotFound` or `StationMismatch`.
        """
        if self.state is not State.IDLE:
            raise LinkError("a connection is used once")
        self.state = State.SEARCH
        self._search = Search(self.did, self._admit, known, wide, now=now, seconds=seconds)
        self._out.extend(self._search.datagrams(now))

    def wake(self, plan: Wake, now: float) -> None:
        """Ask rendezvous servers to wake the station, while it is still searched."""
        if self._search is not None and self.state is State.SEARCH:
            self._search.wake(plan, now)
            self._out.extend(self._search.datagrams(now))

    @property
    def other_did(self) -> Did | None:
        """Another identity that answered from one of the known addresses."""
        return self._search.other_did if self._search is not None else None

    def send_record(self, channel: int, record: bytes, now: float) -> int:
        """Send one record; returns the index under which it will be acknowledged.

        Raises `LinkError` when there is no link or too much is waiting.
        """
        if self.state is not State.LINKED:
            raise LinkError("there is no link")
        out: list[bytes] = []
        index = self._sender.send(channel, record, now, out)
        self._to_peer(out)
        return index

    def close(self, now: float, error: EufyError | None = None) -> None:
        """End the connection and tell the station; `error` says why when it is not our wish."""
        if self.state in (State.LINKED, State.PUNCH):
            self._to_peer([_CLOSE] * CLOSE_COPIES)
        self._end(error)

    def datagrams_to_send(self) -> list[tuple[bytes, Endpoint]]:
        """Return what is to be sent now, in order."""
        out = self._out
        if self.state is State.LINKED:
            acks: list[bytes] = []
            self._receiver.acknowledge(acks)
            self._to_peer(acks)
            out = self._out
        self._out = []
        return out

    def next_event(self) -> ConnectionEvent | None:
        """Return the next event, None when there is none."""
        return self._events.popleft() if self._events else None

    # --- time ----------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        """Return when `handle_timer` must be called, None when never."""
        match self.state:
            case State.SEARCH if self._search is not None:
                return min(self._search.next_try, self._search.deadline)
            case State.PUNCH:
                return min(self._next_punch, self._punched + self._ready_time)
            case State.LINKED:
                times = (
                    self._keepalive.next_timer(),
                    self._sender.next_timer(),
                    self._receiver.next_timer(),
                )
                return min(time for time in times if time is not None)
            case _:
                return None

    def handle_timer(self, now: float) -> None:
        """Do what is due at `now`."""
        match self.state:
            case State.SEARCH if self._search is not None:
                if now >= self._search.deadline:
                    self._end(self._search.failure())
                elif now >= self._search.next_try:
                    self._out.extend(self._search.datagrams(now))
            case State.PUNCH:
                if now >= self._punched + self._ready_time:
                    self._link(now, ready=False)
                elif now >= self._next_punch:
                    self._punch_again(now)
            case State.LINKED:
                self._handle_link_timer(now)
            case _:
                pass

    def _handle_link_timer(self, now: float) -> None:
        if self._keepalive.is_lost(now):
            self.close(now, LinkLost("nothing was heard from the station for 15 seconds"))
            return
        out: list[bytes] = []
        if self._keepalive.is_due(now):
            out.append(_ALIVE)
        for channel, index in self._sender.handle_timer(now, out):
            self._emit(SendFailed(channel, index))
        self._to_peer(out)
        records: list[Delivered] = []
        for channel in self._receiver.handle_timer(now, records):
            self._emit(HoleSkipped(channel))
        self._deliver(records)

    # --- receiving -------------------------------------------------------------------------

    def receive_datagram(self, data: bytes, addr: Endpoint, now: float) -> None:
        """Take one datagram from an unconnected socket."""
        if addr == self.peer and self.state is State.LINKED:
            self.receive_burst((data,), now)
            return
        try:
            type_, payload = decode_datagram(data)
        except WireError:
            self.foreign += 1
            return
        match self.state:
            case State.SEARCH if type_ not in _RELAY_TYPES:
                self._answered(type_, payload, addr, now)
            case State.PUNCH if addr == self.peer:
                self._receive_punching(type_, data, now)
            case State.PUNCH if (
                type_ == DatagramType.PUNCH_PKT
                and self.peer is not None
                and addr[0] == self.peer[0]
            ):
                self._moved(payload, addr, now)
            case State.PUNCH | State.LINKED if (
                type_ == DatagramType.PUNCH_PKT and now < self._contest_ends
            ):
                self._contested(payload, addr, now)
            case _:
                self.foreign += 1
                if type_ in _RELAY_TYPES:
                    self.relayed += 1

    def receive_burst(self, datagrams: Sequence[bytes], now: float) -> None:
        """Take what one drain of the connected socket gave; every datagram is the peer's."""
        if self.state is not State.LINKED:
            return
        self._keepalive.heard = now
        records: list[Delivered] = []
        for data in self._receiver.take(datagrams, now, records):
            self._receive_control(data, now)
        self._deliver(records)

    def _receive_control(self, data: bytes, now: float) -> None:
        try:
            type_, payload = decode_datagram(data)
            if type_ == DatagramType.ACK:
                ack = decode_ack(payload)
                for index in self._sender.acknowledge(ack.channel, ack.indices):
                    self._emit(Acknowledged(ack.channel, index))
                return
        except WireError:
            self.foreign += 1
            return
        if type_ == DatagramType.ALIVE:
            self._to_peer([_ALIVE_ACK])
        elif type_ == DatagramType.CLOSE:
            self._end(LinkLost("the station closed the link"), by_peer=True)

    # --- search and punch ------------------------------------------------------------------

    def _answered(self, type_: int, payload: memoryview, addr: Endpoint, now: float) -> None:
        assert self._search is not None  # noqa: S101 - SEARCH is entered with a search only
        try:
            peer = self._search.take(type_, payload, addr)
        except WireError:
            self.foreign += 1
            return
        if peer is None:
            return
        self.peer = addr
        self.state = State.PUNCH
        self._punched = now
        self._contest_ends = now + CONTEST_TIME
        if type_ == DatagramType.P2P_RDY:
            self._link(now, ready=True)
        else:
            self._punch(now)

    def _punch(self, now: float) -> None:
        self._to_peer([encode_punch(self.did)])
        self._next_punch = now + PUNCH_INTERVAL

    def _punch_again(self, now: float) -> None:
        if self._search is not None and self.peer is not None:
            self._out.extend(self._search.again(self.peer[0]))
        self._punch(now)

    def _moved(self, payload: memoryview, addr: Endpoint, now: float) -> None:
        """The host that does not take the punch has answered from another port: use that."""
        try:
            same = Did.from_bytes(payload) == self.did
        except WireError:
            same = False
        if same and now >= self._punched + PUNCH_INTERVAL:
            self.peer = addr
            self._punch(now)
        else:
            self.foreign += 1

    def _receive_punching(self, type_: int, data: bytes, now: float) -> None:
        """Anything but a repeated answer shows that the station took the punch."""
        if type_ == DatagramType.PUNCH_PKT:
            return
        if type_ == DatagramType.CLOSE:
            self._end(LinkLost("the station refused the link"), by_peer=True)
            return
        self._link(now, ready=type_ == DatagramType.P2P_RDY)
        self.receive_burst((data,), now)

    def _contested(self, payload: memoryview, addr: Endpoint, now: float) -> None:
        """A second answer for our DID from elsewhere: one of the two is not our station (T1)."""
        self.foreign += 1
        try:
            same = Did.from_bytes(payload) == self.did
        except WireError:
            return
        if same and self.peer is not None and addr[0] != self.peer[0]:
            self.close(now, StationMismatch("two stations answered with the same identity"))

    def _link(self, now: float, *, ready: bool) -> None:
        assert self.peer is not None  # noqa: S101 - PUNCH is entered with a peer only
        self.state = State.LINKED
        self._keepalive = Keepalive(now)
        self._emit(Linked(self.peer, self.did, ready))
        self._handle_link_timer(now)

    @property
    def contest_ends(self) -> float:
        """Until when the socket must stay open to other addresses, so that a rival is noticed."""
        return self._contest_ends

    # --- inside ----------------------------------------------------------------------------

    @property
    def quiet(self) -> bool:
        """Whether the last datagrams changed nothing that anyone must look at now."""
        return not self._events and not self._receiver.has_holes

    @property
    def single_acks(self) -> bool:
        """Whether this station turned out to read only one index of an ACK."""
        return self._receiver.single_acks

    def _to_peer(self, datagrams: Sequence[bytes]) -> None:
        peer = self.peer
        if peer is not None:
            self._out.extend((data, peer) for data in datagrams)

    def _deliver(self, records: list[Delivered]) -> None:
        for channel, record in records:
            self._emit(RecordReceived(channel, record))

    def _emit(self, event: ConnectionEvent) -> None:
        if len(self._events) < MAX_EVENTS:
            self._events.append(event)
        else:
            self.overrun += 1

    def _end(self, error: EufyError | None, *, by_peer: bool = False) -> None:
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        self._budget.release()
        self._events.append(Closed(error, by_peer))
