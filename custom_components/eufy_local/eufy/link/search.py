"""Looking for one station: whom to ask, how often, and which answer counts.

Sans-IO part of a connection. Source: protocol/p2p-transport.md §2.2 (LAN search), §3.2 and §3.3
(rendezvous), p2p-devices.md §3.2 (waking).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import LinkError, StationMismatch, StationNotFound, WireError
from ..secret import Secret
from ..wire.datagram import DatagramType, encode_check_cam, encode_lan_search
from ..wire.did import Did
from ..wire.rendezvous import (
    Endpoint as Address,
)
from ..wire.rendezvous import (
    LookupTail,
    decode_lookup_answer,
    encode_hello,
    encode_lookup,
)
from .events import Endpoint

SEARCH_REPEATS: Final = (0.3, 0.7)
"""Pauses after the first searches: a HomeBase 3 ignores the first one after a link was closed."""
SEARCH_INTERVAL: Final = 1.0
"""Later pauses between searches and lookups (both known clients)."""
WIDEN_AFTER: Final = 1.0
"""Seconds for which only the known addresses are asked before the search is broadcast."""
WAKE_TIME: Final = 12.0
"""Seconds a woken camera gets to punch back; 1.8 to 3 s were measured (p2p-devices.md §3.2)."""
MAX_RENDEZVOUS: Final = 8
"""Rendezvous hosts asked; three are usual."""
MAX_CANDIDATES: Final = 4
"""LAN addresses that rendezvous hosts may name for one station."""


@dataclass(frozen=True, slots=True)
class Wake:
    """How to wake a sleeping standalone camera: over the internet, when the owner allows it.

    `hosts` are the rendezvous servers, `dsk` is the camera's short-lived lookup key, `local` this
    host's own LAN endpoint, which the camera then punches. `tail` is contradiction C13.
    """

    hosts: tuple[Endpoint, ...]
    dsk: Secret[str]
    local: Endpoint
    tail: LookupTail = LookupTail.APP


class Search:
    """The search of one connection.

    Args:
        did: the identity that must answer.
        admit: tells whether an address may be a peer.
        known: addresses asked from the beginning.
        wide: broadcasts, asked after a moment (at once without a known address).
        seconds: after which the search is given up.
    """

    def __init__(
        self,
        did: Did,
        admit: Callable[[str], bool],
        known: Sequence[Endpoint],
        wide: Sequence[Endpoint],
        *,
        now: float,
        seconds: float,
    ) -> None:
        self.other_did: Did | None = None
        """Another identity that answered from one of the known addresses."""
        self.refused = 0
        """Right answers from addresses that may not be a peer."""
        self._did = did
        self._admit = admit
        self._known = tuple(known)
        self._wide = tuple(wide)
        self._candidates: list[Endpoint] = []
        self._wake: Wake | None = None
        self._count = 0
        self._started = now
        self.deadline = now + seconds
        self.next_try = now

    def wake(self, plan: Wake, now: float) -> None:
        """Ask the rendezvous servers too, from now on."""
        self._wake = plan
        self.next_try = now
        self.deadline = max(self.deadline, now + WAKE_TIME)

    @property
    def is_waking(self) -> bool:
        """Whether rendezvous servers are asked."""
        return self._wake is not None

    def datagrams(self, now: float) -> list[tuple[bytes, Endpoint]]:
        """Return what to send now; call it when `next_try` has come."""
        data = encode_lan_search()
        targets = list(self._known)
        if not targets or now >= self._started + WIDEN_AFTER:
            targets.extend(self._wide)
        out = [(data, address) for address in targets]
        out.extend((encode_check_cam(self._did), address) for address in self._candidates)
        if self._wake is not None:
            out.extend(self._lookups(self._wake))
        pauses = SEARCH_REPEATS[self._count : self._count + 1]
        self._count += 1
        self.next_try = now + (pauses[0] if pauses else SEARCH_INTERVAL)
        return out

    def _lookups(self, plan: Wake) -> list[tuple[bytes, Endpoint]]:
        lookup = encode_lookup(self._did, Address(*plan.local), plan.dsk, plan.tail)
        out: list[tuple[bytes, Endpoint]] = []
        for host in plan.hosts[:MAX_RENDEZVOUS]:
            out.append((encode_hello(), host))
            out.append((lookup, host))
        return out

    def take(self, type_: int, payload: memoryview, addr: Endpoint) -> Endpoint | None:
        """Take a datagram; return the peer when it is the right answer from an admitted address.

        Raises `WireError` for a datagram that makes no sense here.
        """
        if type_ == DatagramType.PUNCH_TO:
            self._named(payload, addr)
            return None
        if type_ not in {DatagramType.PUNCH_PKT, DatagramType.P2P_RDY}:
            raise WireError("not an answer to a search")
        if type_ == DatagramType.P2P_RDY and addr not in self._candidates:
            raise WireError("a confirmation nobody asked for")
        did = Did.from_bytes(payload)
        if did != self._did:
            if any(addr[0] == host for host, _ in self._known):
                self.other_did = did
            raise WireError("another station")
        if not self._admit(addr[0]):
            self.refused += 1
            raise WireError("the address may not be a peer")
        return addr

    def _named(self, payload: memoryview, addr: Endpoint) -> None:
        """A rendezvous host names an address of the station: punch it when it is on the LAN."""
        if self._wake is None or addr not in self._wake.hosts:
            raise WireError("an address nobody asked for")
        named = decode_lookup_answer(payload)
        candidate = (named.host, named.port)
        if not named.is_set or candidate in self._candidates:
            return
        if not self._admit(named.host):
            self.refused += 1
            return
        if len(self._candidates) < MAX_CANDIDATES:
            self._candidates.append(candidate)

    def again(self, host: str) -> list[tuple[bytes, Endpoint]]:
        """Return a search by unicast of a host that answered a broadcast; nothing for others.

        This host may reach the network over two interfaces, so that the broadcast went out with
        another source address than the punch, and a link port belongs to the address that
        searched. Addresses that were asked directly need no second question.
        """
        if any(host == known for known, _ in self._known):
            return []
        return [(encode_lan_search(), (host, port)) for _, port in self._wide[:1]]

    def failure(self) -> LinkError:
        """Return why the search found nothing."""
        if self.other_did is not None:
            return StationMismatch("another station answers at the given address")
        if self.refused:
            return StationNotFound("the station answered from outside the home network only")
        if self.is_waking:
            return StationNotFound("the camera could not be woken")
        return StationNotFound("no station answered the search")
