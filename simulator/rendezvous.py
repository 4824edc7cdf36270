"""The vendor's rendezvous servers, which wake a sleeping camera (protocol/p2p-transport.md §3).

Sans-IO: datagrams in, answers out. A LOOKUP with a valid key pokes the station, which then
punches the LAN address that the LOOKUP names.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_datagram,
    encode_datagram,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.rendezvous import (
    Endpoint,
    Relay,
    decode_lookup,
    encode_lookup_answer,
    encode_lookup_response,
    encode_relay_offer,
)

from .station.core import StationCore

type ValidDsk = Callable[[str, str], bool]
"""Tells whether a station (serial) has this lookup key."""

KNOWN = 0
REFUSED = 253
"""A code seen during a failing lookup (field); its meaning is open."""
PUBLIC = Endpoint("198.51.100.7", 20001)
"""A documentation address: nobody is there."""
RELAY = Relay(Endpoint("203.0.113.9", 10000), b"\1\2\3\4")


class Manner(StrEnum):
    """What a server answers besides waking the station."""

    HONEST = "honest"
    PUBLIC_ADDRESS = "public_address"
    """Names a public address of the station too: a LAN client must not use it."""
    RELAY = "relay"
    """Offers a relay instead of waking the station: must be refused."""
    REFUSES = "refuses"
    """Answers with a code and does nothing."""


class Rendezvous:
    """One server that knows all stations of the home."""

    def __init__(self, stations: Sequence[StationCore], valid_dsk: ValidDsk | None = None) -> None:
        self.manner = Manner.HONEST
        self.counters: Counter[str] = Counter()
        self._stations = stations
        self._valid_dsk = valid_dsk or (lambda _serial, _dsk: True)

    def receive(self, data: bytes, now: float) -> list[bytes]:
        """Take a datagram; return what goes back to its sender."""
        try:
            datagram = decode_datagram(data)
            if datagram.type == DatagramType.HELLO:
                self.counters["hellos"] += 1
                return [encode_datagram(DatagramType.HELLO_ACK, bytes(16))]
            if datagram.type != DatagramType.LOOKUP_WITH_KEY:
                self.counters["others"] += 1
                return []
            did, endpoint, dsk = decode_lookup(datagram.payload)
        except WireError:
            self.counters["malformed"] += 1
            return []
        self.counters["lookups"] += 1
        station = self._find(did)
        if station is None or not self._valid_dsk(station.spec.serial, dsk.reveal()):
            self.counters["refused"] += 1
            return [encode_lookup_response(REFUSED)]
        match self.manner:
            case Manner.REFUSES:
                return [encode_lookup_response(REFUSED)]
            case Manner.RELAY:
                return [encode_relay_offer(RELAY)]
            case _:
                station.wake((endpoint.host, endpoint.port), now)
        answers = [encode_lookup_response(KNOWN)]
        if self.manner is Manner.PUBLIC_ADDRESS:
            answers.append(encode_lookup_answer(PUBLIC))
        return answers

    def _find(self, did: Did) -> StationCore | None:
        return next((s for s in self._stations if Did.parse(s.spec.did) == did), None)
