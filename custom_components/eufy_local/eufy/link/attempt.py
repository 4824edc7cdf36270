"""What one try to connect needs around the session: its socket, and the waking of a camera."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence
from typing import Final

from ..errors import EufyError, LinkError, NetworkBlocked
from ..net.gate import Gate
from ..net.policy import CloudMode, Purpose
from ..net.udp import UdpSocket
from ..wire.crypto import NONCE_SIZE
from .budget import Budget
from .connection import PUNCH_TIME, Connection, State
from .discovery import Probe, probe
from .learned import Learned
from .model import LinkTarget, WakeProvider
from .policy import LinkPolicy
from .search import Wake
from .session import MediaSink, Session
from .transport import RECEIVE_BUFFER, Transport

_LOGGER = logging.getLogger(__name__)

SHORT_READY_TIME: Final = 0.3
"""Seconds to wait for a confirmation that this product is known not to send."""
BIND_TRIES: Final = 5
BIND_PAUSE: Final = 0.1
"""A pinned local port may still be held by the socket just closed."""
WAKE_AFTER: Final = 1.5
"""Seconds a camera is only searched on the LAN before the internet is asked to wake it."""
WAKE_PAUSES: Final = (0.0, 60.0, 300.0, 900.0)
"""Seconds after 0, 1, 2 ... wakes in vain before the next one: waking costs battery
(protocol/p2p-devices.md §3.2)."""


def make_session(
    target: LinkTarget,
    static: bytes,
    *,
    admit: Callable[[str], bool],
    budget: Budget,
    learned: Learned,
    policy: LinkPolicy,
    media: MediaSink | None,
) -> Session:
    """Return a session to the station, with what is known of it; nothing is sent yet."""
    quirks = learned.quirks
    connection = Connection(
        target.did,
        admit=admit,
        budget=budget,
        single_acks=quirks.single_acks,
        ready_time=SHORT_READY_TIME if quirks.no_ready else PUNCH_TIME,
    )
    return Session(
        connection,
        static,
        nonce=lambda: os.urandom(NONCE_SIZE),
        pin=learned.pin,
        quirks=quirks,
        policy=policy,
        media=media,
    )


async def open_socket(gate: Gate, local_port: int) -> UdpSocket:
    """Open the socket of a link. Raises `LinkError` when the pinned port stays taken."""
    for attempt in range(BIND_TRIES):
        if attempt:
            await asyncio.sleep(BIND_PAUSE)
        try:
            return gate.open_udp(
                Purpose.P2P_LAN,
                local_port=local_port,
                broadcast=True,
                receive_buffer=RECEIVE_BUFFER,
            )
        except OSError as error:
            reason = error
    raise LinkError("the local UDP port cannot be opened") from reason


class Waker:
    """Wakes one camera when the LAN search alone finds nothing, and not too often."""

    def __init__(self, gate: Gate, provider: WakeProvider | None) -> None:
        self._gate = gate
        self._provider = provider
        self._task: asyncio.Task[None] | None = None
        self._tried = False
        self._failures = 0
        self._not_before = 0.0

    def start(self, target: LinkTarget, transport: Transport) -> None:
        """Watch a search that has just begun."""
        self._tried = False
        allowed = self._gate.wake and self._gate.mode is not CloudMode.OFF
        if self._provider is None or not allowed:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= self._not_before:
            self._task = loop.create_task(self._wake(self._provider, target, transport))

    async def _wake(self, provider: WakeProvider, target: LinkTarget, transport: Transport) -> None:
        await asyncio.sleep(WAKE_AFTER)
        connection = transport.connection
        if connection.state is not State.SEARCH:
            return
        try:
            keys = await provider()
            local = lan_address(self._gate, (*target.hosts, *target.hints))
        except EufyError as error:
            _LOGGER.debug("A camera cannot be woken: %s", error)
            return
        except Exception:
            _LOGGER.exception("The provider of wake keys failed")
            return
        self._tried = True
        for host in keys.hosts:
            transport.purposes[host] = Purpose.WAKE_RENDEZVOUS
        plan = Wake(keys.hosts, keys.dsk, (local, transport.local_port))
        connection.wake(plan, asyncio.get_running_loop().time())
        transport.kick()

    def finish(self, *, linked: bool) -> None:
        """The search is over."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if linked:
            self._failures = 0
        elif self._tried:
            self._failures += 1
            pause = WAKE_PAUSES[min(self._failures, len(WAKE_PAUSES) - 1)]
            self._not_before = asyncio.get_running_loop().time() + pause


def lan_address(gate: Gate, hosts: Sequence[str]) -> str:
    """Return this host's own address in the home network.

    Seen towards the known addresses, else towards the connected networks. Raises `LinkError` when
    there is none.
    """
    towards = list(hosts)
    towards.extend(str(network[1]) for network in gate.networks() or () if network.prefixlen < 31)
    if gate.override is not None:
        towards = ["127.0.0.1"]
    for host in towards:
        try:
            return gate.local_address_towards((host, 0), Purpose.P2P_LAN, typed=True)
        except NetworkBlocked, OSError:
            continue
    raise LinkError("this host has no address in the home network")


async def probe_known(gate: Gate, target: LinkTarget) -> Probe:
    """Return how the known addresses of an unanswering station react; the clearest sign counts."""
    found = Probe.SILENT
    for host in (*target.hosts, *target.hints):
        try:
            result = await probe(gate, host, typed=host in target.hosts)
        except EufyError, OSError:
            continue
        if result is Probe.ANSWERED:
            return result
        found = result if result is Probe.REFUSED else found
    return found
