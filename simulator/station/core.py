"""One simulated station without sockets and clock: datagrams and time in, datagrams out.

Searches, links, capacity and sleep are here; what commands mean is in `commands` and `desk`.
"""

import functools
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_datagram,
    encode_datagram,
    encode_punch,
)
from custom_components.eufy_local.eufy.wire.did import Did

from .. import identity
from ..clip import Clip
from ..faults import Faults, Impostor
from ..home import CameraSpec, Home, PersonSpec, StationSpec
from .agenda import Agenda
from .commands import answer
from .desk import Seat, StationDesk
from .detections import Event
from .impairment import Impairment
from .link import Address, StationLink
from .live import LiveView
from .session import Session

MAX_LINKS = 32
"""Client addresses that are answered at once; a flood of searches must not eat memory."""
AWAKE_SECONDS = 7.0
"""A battery camera sleeps this long after the last record (hardware, T8170)."""
ALIVE_AFTER_SLEEP = 10.0
"""It still answers ALIVE for a while; then its radio is off."""
WAKE_SECONDS = (1.8, 3.0)
"""From the rendezvous LOOKUP to the punch (hardware, T8170)."""
REBOOT_SECONDS = 3.0
REPEAT_AFTER = 2.0
"""The push that has the recording follows the bare one by this; assumed."""
MAX_HEARD = 2000
"""ADTS frames of talkback that are kept."""
FOREIGN_DID = "SIMFAKE-000666-AAAAA"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A datagram to send from a link's own socket."""

    link: int
    data: bytes
    address: Address


class StationCore:
    """A HomeBase, or a standalone camera."""

    def __init__(
        self,
        home: Home,
        spec: StationSpec,
        load: Callable[[CameraSpec], Clip],
        *,
        faults: Faults | None = None,
        epoch: float = 0.0,
        now: float = 0.0,
    ) -> None:
        self.spec = spec
        self.faults = faults or Faults()
        self.counters: Counter[str] = Counter()
        self.links: dict[Address, StationLink] = {}
        self._seats: dict[int, Seat] = {}
        self._agenda = Agenda()
        self._rng = random.Random(identity.digest(home.seed, f"station/{spec.serial}"))
        self.desk = StationDesk(
            home,
            spec,
            load,
            faults=self.faults,
            rng=self._rng,
            agenda=self._agenda,
            epoch=epoch,
            now=now,
        )
        self._home = home
        self._did = Did.parse(spec.did)
        self._next_link = 1
        self._in = Impairment[tuple[int, bytes, Address]](self.faults, self._rng)
        self._out = Impairment[Outgoing](self.faults, self._rng)
        self._ready: list[Outgoing] = []
        self._gone: list[int] = []
        self._deaf_to: dict[str, float] = {}
        self._awake_until = float("-inf") if spec.family.sleeps else float("inf")
        self._off_until = now

    # --- what comes in ------------------------------------------------------------------

    def receive_search(self, data: bytes, address: Address, now: float) -> None:
        """A datagram on the search port."""
        self.counters["search_port_in"] += 1
        try:
            kind = decode_datagram(data).type
        except WireError:
            self.counters["search_malformed"] += 1
            return
        if kind != DatagramType.LAN_SEARCH:
            self.counters[f"search_other_{kind:02x}"] += 1
            return
        self.counters["searches"] += 1
        if not self._listening(now) or self._deaf(address, now):
            return
        self._answer_search(address, now)

    def receive(self, number: int, data: bytes, address: Address, now: float) -> None:
        """A datagram on a link's socket."""
        self.counters["datagrams_in"] += 1
        self.counters["bytes_in"] += len(data)
        for item in self._in.admit((number, data, address), now):
            self._take(*item, now)

    def _take(self, number: int, data: bytes, address: Address, now: float) -> None:
        link = self.links.get(address)
        if link is None or link.number != number:
            self.counters["not_a_peer"] += 1
            return
        if self.faults.silent or self.faults.unreachable or now < self._off_until:
            return
        if now > self._awake_until + ALIVE_AFTER_SLEEP:
            return
        seat = self._seats[number]
        was_new = not link.established
        for channel, record in link.receive(data, now):
            self.counters["records_in"] += 1
            if now <= self._awake_until or not self.spec.family.sleeps:
                self._stay_awake(now)
                seat.session.receive(channel, record, now)
        if was_new and link.established:
            self._established(link, now)
        if link.closed:
            self._forget(link, now, by_client=True)

    # --- search, links, capacity --------------------------------------------------------

    def _listening(self, now: float) -> bool:
        faults = self.faults
        return not (faults.unreachable or faults.silent) and (
            self._off_until <= now <= self._awake_until
        )

    def _deaf(self, address: Address, now: float) -> bool:
        """S2: the first search after a closed link is ignored."""
        ignore = self.faults.ignore_first_search
        if ignore is None:
            ignore = self.spec.family.ignores_first_search
        return self._deaf_to.pop(address[0], 0.0) > now and ignore

    def _answer_search(self, address: Address, now: float) -> None:
        impostor = self.faults.impostor
        foreign = Did.parse(FOREIGN_DID)
        if impostor is Impostor.NOISE:
            # An address without a port of its own: it must not look like a link.
            self._emit(0, encode_punch(foreign), address, now)
            self._emit(0, b"\xf1\x41\xff\xff\x00", address, now)
        if impostor is Impostor.TWIN:
            self._emit(0, encode_punch(self._did), address, now)
        link = self.links.get(address)
        if link is not None and link.established:
            # A search from a port that holds a link is a restart (simulated, p2p.md trap 20).
            self._forget(link, now)
            link = None
        if link is None:
            link = self._open_link(address, now)
        if link is None:
            return
        did = foreign if impostor is Impostor.FOREIGN_DID else self._did
        link.control(encode_punch(did))

    def wake(self, address: Address | None, now: float) -> None:
        """A rendezvous LOOKUP names us: come up and punch the client's LAN address."""
        self.counters["wakes"] += 1
        if self.faults.unreachable:
            return
        asleep = now > self._awake_until
        delay = self._rng.uniform(*WAKE_SECONDS) if asleep else 0.05

        def up(at: float) -> None:
            self._stay_awake(at)
            if address is not None and address not in self.links:
                self._answer_search(address, at)

        self._agenda.at(now + delay, up)

    def _open_link(self, address: Address, now: float) -> StationLink | None:
        if len(self.links) >= MAX_LINKS:
            unused = next((x for x in self.links.values() if not x.established), None)
            if unused is None:
                return None
            self._forget(unused, now)
        link = StationLink(self._next_link, address, self._did, self.faults, now)
        self._next_link += 1
        self.links[address] = link
        session = Session(
            self._home,
            self.spec,
            faults=self.faults,
            rng=self._rng,
            agenda=self._agenda,
            send=link.send,
            handle=functools.partial(answer, self.desk),
            now=now,
        )
        session.talk_sink = self._hear
        seat = Seat(session, link.send)
        seat.backlog = link.outbox.backlog
        seat.hang_up = link.close
        self._seats[link.number] = seat
        return link

    def _established(self, link: StationLink, now: float) -> None:
        self.counters["links"] += 1
        for _ in range(self.spec.family.extra_punches):
            link.control(encode_datagram(DatagramType.PUNCH_SUCCESS))
        self.desk.seats.append(self._seats[link.number])
        others = [x for x in self.links.values() if x.established and x is not link]
        if len(others) >= self.spec.family.capacity:
            # S20: another one has to go, not necessarily the oldest.
            self.counters["evictions"] += 1
            self._hang_up(self._rng.choice(others), now)

    def _hang_up(self, link: StationLink, now: float) -> None:
        link.close()
        self._flush(link, now)
        self._forget(link, now)

    def _forget(self, link: StationLink, now: float, *, by_client: bool = False) -> None:
        self.links.pop(link.address, None)
        link.closed = True
        seat = self._seats.pop(link.number, None)
        if seat is not None:
            self.counters.update(link.counters)
            self.counters.update(seat.session.counters)
            self.counters["retransmissions"] += link.outbox.retransmissions
            seat.stop(now)
            if seat in self.desk.seats:
                self.desk.seats.remove(seat)
            if self.desk.talking is seat.session:
                self.desk.talking = None
        self._gone.append(link.number)
        if link.established:
            self.counters["links_ended"] += 1
            if by_client:
                self._deaf_to[link.address[0]] = now + 60.0

    def drop_links(self, now: float, *, silently: bool = False) -> int:
        """End every link; with or without saying CLOSE."""
        links = list(self.links.values())
        for link in links:
            if silently:
                self._forget(link, now)
            else:
                self._hang_up(link, now)
        return len(links)

    def _stay_awake(self, now: float) -> None:
        if self.spec.family.sleeps:
            self._awake_until = max(self._awake_until, now + AWAKE_SECONDS)

    @property
    def awake_until(self) -> float:
        """When a battery camera falls asleep; infinity for the others."""
        return self._awake_until

    def _hear(self, data: bytes) -> None:
        self.counters["talk_bytes"] += len(data)
        self.desk.heard.append(data)
        del self.desk.heard[:-MAX_HEARD]

    # --- what the outside does ----------------------------------------------------------

    def detect(
        self,
        camera: CameraSpec,
        kind: str,
        person: PersonSpec | None,
        now: float,
        *,
        spans: tuple[tuple[int, int], ...] = (),
        repeat: bool = False,
    ) -> tuple[Event, int]:
        """A camera sees something: log it, push it; returns the event and the links told.

        ``spans``: source frames in which the person is to be seen; the picture shows the newest
        of them. ``repeat``: a push without recording first, then one that has it.
        """
        self._stay_awake(now)
        scene = self.desk.scenes[camera.channel]
        frame = scene.frame_showing(now, spans) if spans else scene.frame(now)
        event = self.desk.log.add(
            kind, camera, person, self.desk.wall_ms(now),
            frame=frame, first_frame=scene.clip.key_before(frame),
        )  # fmt: skip
        self.desk.disk.prepare(event)
        told = self.desk.push(event.record_id, bare=repeat)
        if repeat:
            self._agenda.at(now + REPEAT_AFTER, functools.partial(self._repeat, event))
        self.counters["detections"] += 1
        self.counters["pushes"] += told
        return event, told

    def _repeat(self, event: Event, now: float) -> None:
        del now
        self.counters["pushes"] += self.desk.push(event.record_id, count=2)

    # --- time and output ----------------------------------------------------------------

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        for item in self._in.due(now):
            self._take(*item, now)
        self._agenda.run(now)
        for link in list(self.links.values()):
            link.tick(now)
        if self.desk.rebooting:
            self.desk.rebooting = False
            self.counters["reboots"] += 1
            self._agenda.at(now + 0.2, self._reboot)
        if self.spec.family.sleeps:
            self._nap(now)

    def _reboot(self, now: float) -> None:
        self.drop_links(now)
        self._off_until = now + REBOOT_SECONDS

    def _nap(self, now: float) -> None:
        """A running stream keeps a battery camera awake."""
        for seat in self.desk.seats:
            if isinstance(seat.stream, LiveView) and seat.stream.running:
                self._stay_awake(now)

    def outgoing(self, now: float) -> list[Outgoing]:
        """Everything to be sent now; empties the queue."""
        for link in list(self.links.values()):
            self._flush(link, now)
            if link.closed:
                self._forget(link, now)
        out = self._ready
        self._ready = []
        out += self._out.due(now)
        return out

    def _flush(self, link: StationLink, now: float) -> None:
        if self.faults.silent or now < self._off_until:
            return
        for data in link.datagrams(now):
            self._emit(link.number, data, link.address, now)

    def _emit(self, number: int, data: bytes, address: Address, now: float) -> None:
        self.counters["datagrams_out"] += 1
        self.counters["bytes_out"] += len(data)
        self._ready += self._out.admit(Outgoing(number, data, address), now)

    def take_closed(self) -> list[int]:
        """Links whose sockets may go."""
        gone, self._gone = self._gone, []
        return gone

    def next_timer(self) -> float | None:
        """When `handle_timer` wants to be called."""
        timers = [self._agenda.next_timer, self._in.next_timer, self._out.next_timer]
        timers += [link.next_timer for link in self.links.values()]
        return min((t for t in timers if t is not None), default=None)

    def live_views(self) -> list[LiveView]:
        """Streams that run now."""
        return [
            seat.stream
            for seat in self.desk.seats
            if isinstance(seat.stream, LiveView) and seat.stream.running
        ]

    def snapshot(self) -> Counter[str]:
        """All counters, those of open links included."""
        total = Counter(self.counters)
        for link in self.links.values():
            total.update(link.counters)
            total.update(self._seats[link.number].session.counters)
            total["retransmissions"] += link.outbox.retransmissions
        return total
