"""Finding stations on the LAN without a link, and telling why one does not answer.

Scans use a socket of their own that is closed afterwards; a link repeats the search from the socket
that will carry it (protocol/p2p-transport.md §2.2).
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..errors import EufyError, NetworkBlocked, StationMismatch, StationNotFound, WireError
from ..net.gate import Gate
from ..net.policy import Purpose
from ..net.udp import UdpSocket
from ..wire.datagram import (
    SEARCH_PORT,
    DatagramType,
    decode_datagram,
    encode_lan_search,
)
from ..wire.did import Did
from .events import Endpoint

SEARCH_INTERVAL: Final = 1.0
POLL: Final = 0.05
MAX_FOUND: Final = 256
"""Stations reported by one scan; more are somebody making them up."""
PROBE_TRIES: Final = 2
_MAX_DATAGRAM: Final = 2048
_MAX_READ: Final = 256


@dataclass(frozen=True, slots=True)
class Found:
    """One answer to a search: the identity, the address, and the port a link would use."""

    did: Did
    address: str
    port: int = 0


class Probe(StrEnum):
    """How an address reacts to a search (protocol/webrtc.md §2.4)."""

    ANSWERED = "answered"
    REFUSED = "refused"
    """The host is there, but nothing listens: the local protocol is gone from this firmware."""
    SILENT = "silent"


def search_port(gate: Gate) -> int:
    """Return the UDP port of the LAN search."""
    return SEARCH_PORT if gate.override is None else gate.override.search[1]


def search_endpoints(
    gate: Gate, hosts: Sequence[str] = (), hints: Sequence[str] = ()
) -> tuple[list[Endpoint], list[Endpoint]]:
    """Return (known addresses, broadcasts) to search.

    Raises `NetworkBlocked` for a typed host that may not be a peer; a hint that may not be one is
    left out.
    """
    port = search_port(gate)
    known: dict[str, None] = {}
    for host in hosts:
        gate.check_peer(host, Purpose.LAN_DISCOVERY, typed=True)
        known[host] = None
    for host in hints:
        try:
            gate.check_peer(host, Purpose.LAN_DISCOVERY)
        except NetworkBlocked:
            continue
        known[host] = None
    wide = [(host, port) for host in gate.broadcasts()]
    return [(host, port) for host in known], wide


async def scan(
    gate: Gate, hosts: Sequence[str] = (), seconds: float = 5.0, *, broadcast: bool = True
) -> list[Found]:
    """Return every station that answers within `seconds`, by broadcast and at `hosts`.

    One entry per identity and address; two entries of one identity are the caller's to refuse.
    Raises `NetworkBlocked` for a host that may not be a peer.
    """
    found: dict[tuple[str, str], Found] = {}
    async with asyncio.timeout(seconds + SEARCH_INTERVAL):
        await _search(gate, hosts, seconds, found, broadcast=broadcast, wanted=None)
    return list(found.values())


async def find(
    gate: Gate,
    did: Did,
    hosts: Sequence[str] = (),
    timeout: float = 10.0,  # noqa: ASYNC109 - the time is part of the search
) -> Found:
    """Return where the station with `did` answers, as soon as it does.

    Raises `StationMismatch` when only other stations answer from `hosts`, `StationNotFound` when
    nothing does.
    """
    found: dict[tuple[str, str], Found] = {}
    await _search(gate, hosts, timeout, found, broadcast=True, wanted=did)
    for entry in found.values():
        if entry.did == did:
            return entry
    if any(entry.address in hosts for entry in found.values()):
        raise StationMismatch("another station answers at the given address")
    raise StationNotFound("no station answered the search")


async def _search(
    gate: Gate,
    hosts: Sequence[str],
    seconds: float,
    found: dict[tuple[str, str], Found],
    *,
    broadcast: bool,
    wanted: Did | None,
) -> None:
    known, wide = search_endpoints(gate, hosts)
    targets = known + (wide if broadcast else [])
    loop = asyncio.get_running_loop()
    udp = gate.open_udp(Purpose.LAN_DISCOVERY, broadcast=broadcast)
    try:
        done = asyncio.Event()

        def readable() -> None:
            for entry in _read(udp, gate, hosts):
                if len(found) < MAX_FOUND:
                    found.setdefault((str(entry.did), entry.address), entry)
                if entry.did == wanted:
                    done.set()

        loop.add_reader(udp.fileno(), readable)
        end = loop.time() + seconds
        while not done.is_set() and (left := end - loop.time()) > 0:
            for address in targets:
                udp.send_to(encode_lan_search(), address, typed=address[0] in hosts)
            try:
                async with asyncio.timeout(min(SEARCH_INTERVAL, left)):
                    await done.wait()
            except TimeoutError:
                continue
    finally:
        loop.remove_reader(udp.fileno())
        udp.close()


def _read(udp: UdpSocket, gate: Gate, hosts: Sequence[str]) -> list[Found]:
    found: list[Found] = []
    try:
        for _ in range(_MAX_READ):
            data, (host, port) = udp.recvfrom(_MAX_DATAGRAM)
            udp.count_received(len(data), host)
            try:
                type_, payload = decode_datagram(data)
                if type_ != DatagramType.PUNCH_PKT:
                    continue
                did = Did.from_bytes(payload)
                gate.check_peer(host, Purpose.LAN_DISCOVERY, typed=host in hosts)
            except WireError, NetworkBlocked:
                continue
            found.append(Found(did, host, port))
    except OSError:
        pass
    return found


async def probe(gate: Gate, host: str, *, typed: bool = False, wait: float = 0.5) -> Probe:
    """Ask one address whether anything listens for the search.

    Only a connected socket learns about an ICMP "port unreachable". Raises `NetworkBlocked`.
    """
    udp = gate.open_udp(Purpose.LAN_DISCOVERY)
    try:
        udp.connect((host, search_port(gate)), typed=typed)
        for _ in range(PROBE_TRIES):
            udp.send(encode_lan_search())
            end = asyncio.get_running_loop().time() + wait
            while asyncio.get_running_loop().time() < end:
                try:
                    udp.recv(_MAX_DATAGRAM)
                except ConnectionRefusedError:
                    return Probe.REFUSED
                except BlockingIOError:
                    await asyncio.sleep(POLL)
                except OSError:
                    return Probe.SILENT
                else:
                    return Probe.ANSWERED
    finally:
        udp.close()
    return Probe.SILENT


def describe(error: EufyError, result: Probe | None) -> str:
    """Return a plain sentence for a failed search, with what a probe added."""
    if result is Probe.REFUSED:
        return "the device is on the network but no longer offers the local connection"
    return str(error)
