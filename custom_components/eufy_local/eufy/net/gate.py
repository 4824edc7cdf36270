"""The gate: opens every socket of the client, or refuses before anything is sent.

Deny by default (design/privacy.md). A peer must be private and near (T19), a cloud host on the
list and its purpose admitted by the owner's mode, a listener on loopback unless it is asked to be
open to the LAN. Everything is counted per purpose and host.
"""

import asyncio
import ipaddress
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn
from urllib.parse import urlsplit

from ..errors import CloudUnreachable, NetworkBlocked
from .addresses import (
    LIMITED_BROADCAST,
    Scope,
    broadcast_addresses,
    connected_networks,
    parse_address,
    scope_of,
)
from .counters import Counters, Flow
from .http import GatedHttp
from .override import LoopbackOverride
from .policy import (
    ALLOWED_PURPOSES,
    CLOUD_PURPOSES,
    PEER_PURPOSES,
    PUSH_PORT,
    CloudMode,
    Purpose,
    is_allowed_host,
    split_cloud_url,
)
from .resolver import PublicResolver, Resolve, resolve_with_system
from .udp import Endpoint, UdpSocket, is_broadcast

type Networks = tuple[ipaddress.IPv4Network, ...] | None
type StreamCallback = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None]

_NETWORKS_AGE: Final = 10.0
"""Seconds the list of connected networks is used before it is read again (docking, VPN)."""
_CONNECT_TIME: Final = 15.0
_BACKLOG: Final = 16
_NEAR: Final = (Scope.LAN, Scope.LINK_LOCAL)
_TYPED: Final = (Scope.LAN, Scope.LINK_LOCAL, Scope.OVERLAY)


class Gate:
    """One per account. `mode` and `wake` are the owner's choices and may change at any time.

    Args:
        mode: how much cloud is admitted; `off` sends nothing to the internet at all.
        override: the simulator's addresses; then loopback is the only thing admitted.
        wake: admit the rendezvous that wakes sleeping standalone cameras (opt-in, needs internet).
        resolve: finds the addresses of a cloud host (tests).
        networks: finds the connected networks, None when they are unknown (tests).
        clock: wall clock in seconds, for the rows of the counters.
    """

    def __init__(
        self,
        mode: CloudMode = CloudMode.KEYS_ONLY,
        override: LoopbackOverride | None = None,
        *,
        wake: bool = False,
        resolve: Resolve = resolve_with_system,
        networks: Callable[[], Networks] = connected_networks,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.mode = mode
        self.override = override
        self.wake = wake
        self.counters = Counters()
        self._resolver = PublicResolver(resolve)
        self._read_networks = networks
        self._networks: Networks = None
        self._networks_read = -_NETWORKS_AGE
        self._clock = clock
        self._sockets: set[UdpSocket] = set()
        self.http = GatedHttp(self, self._resolver)

    # --- what is admitted --------------------------------------------------------------

    def check_peer(self, ip: str, purpose: Purpose, *, typed: bool = False) -> None:
        """Raise `NetworkBlocked` unless `ip` may be talked to over UDP for `purpose`."""
        self.admit_peer((ip, 0), purpose, typed=typed, connections=0)

    def admit_peer(
        self, address: Endpoint, purpose: Purpose, *, typed: bool = False, connections: int = 1
    ) -> Flow:
        """Return the counter row of an admitted peer; raise `NetworkBlocked` for another one."""
        host, port = address
        scope = scope_of(host)
        reason = self._peer_refusal(host, scope, purpose, typed=typed)
        if reason is not None:
            self._block(purpose, host, reason, scope)
        flow = self.flow(purpose, host, scope=scope, protocol="udp", port=port)
        flow.connections += connections
        return flow

    def _peer_refusal(
        self, host: str, scope: Scope, purpose: Purpose, *, typed: bool
    ) -> str | None:
        if not isinstance(parse_address(host), ipaddress.IPv4Address):
            return "a peer must be an IPv4 address"
        if purpose is Purpose.WAKE_RENDEZVOUS:
            if not self.wake or self.mode is CloudMode.OFF:
                return "waking cameras over the internet is not switched on"
            wanted = Scope.INTERNET if self.override is None else Scope.LOOPBACK
            return None if scope is wanted else "a rendezvous server has a public address"
        if purpose not in PEER_PURPOSES:
            return "the purpose is not one for a peer"
        if self.override is not None:
            return None if scope is Scope.LOOPBACK else "the simulator is the only peer"
        if typed and scope in _TYPED:
            return None
        if scope not in _NEAR:
            return "a peer must have a private address"
        return None if self._is_near(host, scope) else "a peer must be in a connected network"

    def _is_near(self, host: str, scope: Scope) -> bool:
        networks = self.networks()
        if networks is None:
            return scope is Scope.LAN
        address = ipaddress.IPv4Address(host)
        near = any(address in network for network in networks)
        return near and not is_broadcast(host, networks)

    def check_cloud(self, url: str, purpose: Purpose) -> str:
        """Return the host of an admitted cloud URL; raise `NetworkBlocked` before any DNS."""
        parts = split_cloud_url(url)
        if parts is None or parts.hostname is None:
            self._block(purpose, "", "a cloud address must be a plain https URL")
        host = parts.hostname
        self._check_host(host, purpose)
        return host

    def _check_host(self, host: str, purpose: Purpose) -> None:
        if purpose not in CLOUD_PURPOSES:
            self._block(purpose, host, "the purpose is not one for the cloud")
        if purpose not in ALLOWED_PURPOSES[self.mode]:
            self._block(purpose, host, "the cloud mode does not admit this purpose")
        if not is_allowed_host(host, purpose):
            self._block(purpose, host, "the host is not on the list")

    def _block(
        self, purpose: Purpose, host: str, reason: str, scope: Scope | None = None
    ) -> NoReturn:
        # A refused name may be anything; it is booked, so only as long as a name can be.
        flow = self.flow(purpose, host[:255], scope=scope or scope_of(host))
        flow.blocked += 1
        raise NetworkBlocked(f"blocked ({purpose}): {reason}")

    def flow(
        self, purpose: Purpose, host: str, *, scope: str = "", protocol: str = "", port: int = 0
    ) -> Flow:
        """Return the counter row of a purpose and host, for whoever moves the bytes."""
        return self.counters.flow(
            purpose, host, self._clock(), scope=scope, protocol=protocol, port=port
        )

    def block(self, purpose: Purpose, host: str, times: int = 1) -> None:
        """Count something refused outside the gate: offers of a relay, for example."""
        self.flow(purpose, host, scope=scope_of(host)).blocked += times

    # --- sockets -----------------------------------------------------------------------

    def networks(self) -> Networks:
        """Return the directly connected networks, None when they cannot be known."""
        now = time.monotonic()
        if now - self._networks_read >= _NETWORKS_AGE:
            self._networks = self._read_networks()
            self._networks_read = now
        return self._networks

    def broadcasts(self) -> tuple[str, ...]:
        """Return where a LAN search is broadcast (one address per connected network)."""
        if self.override is not None:
            return (self.override.search[0],)
        return broadcast_addresses(self.networks())

    def broadcast_flow(self, address: Endpoint, purpose: Purpose) -> Flow:
        """Return the counter row of a broadcast search."""
        scope = Scope.LAN if self.override is None else Scope.LOOPBACK
        flow = self.flow(purpose, address[0], scope=scope, protocol="udp", port=address[1])
        flow.connections += 1
        return flow

    def open_udp(
        self,
        purpose: Purpose,
        *,
        local_port: int = 0,
        broadcast: bool = False,
        receive_buffer: int = 0,
    ) -> UdpSocket:
        """Open a UDP socket that reaches admitted peers only.

        `local_port` 0 lets the system choose; `receive_buffer` asks for that many bytes (what was
        granted is in `UdpSocket.receive_buffer`). Raises `NetworkBlocked` for a purpose that is
        not one of UDP and `OSError` when the port is taken.
        """
        if purpose not in PEER_PURPOSES:
            self._block(purpose, "", "the purpose is not one for a peer")
        targets = frozenset(self.broadcasts()) | {str(LIMITED_BROADCAST)} if broadcast else ()
        if self.override is not None and broadcast:
            targets = frozenset(self.broadcasts())
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if broadcast:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            # Under the override the socket cannot even reach the network.
            sock.bind(("" if self.override is None else "127.0.0.1", local_port))
            opened = UdpSocket(
                self,
                sock,
                purpose,
                broadcast=frozenset(targets),
                receive_buffer=receive_buffer,
            )
        except OSError:
            sock.close()
            raise
        self._sockets.add(opened)
        return opened

    def local_address_towards(
        self, address: Endpoint, purpose: Purpose, *, typed: bool = False
    ) -> str:
        """Return this host's IPv4 address as the peer sees it. Nothing is sent."""
        self.admit_peer(address, purpose, typed=typed, connections=0)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect((address[0], address[1] or 9))
            host: str = sock.getsockname()[0]
            return host

    def forget(self, closed: UdpSocket) -> None:
        """Drop a socket that closes itself."""
        self._sockets.discard(closed)

    async def listen_tcp(
        self,
        purpose: Purpose,
        host: str,
        port: int,
        callback: StreamCallback,
        *,
        lan: bool = False,
        limit: int = 2**16,
    ) -> asyncio.Server:
        """Listen for local viewers; `lan` is the owner's choice to be reachable from the LAN.

        `limit` bounds the bytes a reader buffers. Raises `NetworkBlocked` for another purpose or
        for an address beyond loopback without `lan`; `OSError` when the port is taken.
        """
        scope = scope_of(host)
        if purpose is not Purpose.LOCAL_STREAM:
            self._block(purpose, host, "only local viewers may connect to us")
        open_to_lan = lan and self.override is None
        if scope is not Scope.LOOPBACK and not (
            open_to_lan and (scope in _NEAR or host == "0.0.0.0")  # noqa: S104
        ):
            self._block(purpose, host, "the listener must stay on this host", scope)
        return await asyncio.start_server(
            callback, host, port, limit=limit, backlog=_BACKLOG, start_serving=True
        )

    async def open_tls(
        self, purpose: Purpose, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a verified TLS stream to a listed host (the push connection).

        Raises `NetworkBlocked` before DNS for anything not admitted, `CloudUnreachable` when no
        connection comes about. Under an override: a plain stream to its push address.
        """
        if purpose is not Purpose.PUSH_RECEIVE or port != PUSH_PORT:
            self._block(purpose, host, "only the push connection is a bare TLS stream")
        self._check_host(host, purpose)
        flow = self.flow(purpose, host, scope=Scope.INTERNET, protocol="tls", port=port)
        try:
            async with asyncio.timeout(_CONNECT_TIME):
                streams = await self._connect(host, port)
        except (OSError, TimeoutError) as error:
            raise CloudUnreachable("the push service cannot be reached") from error
        flow.connections += 1
        return streams

    async def _connect(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self.override is not None:
            if self.override.push is None:
                raise CloudUnreachable("the simulator has no push service")
            return await asyncio.open_connection(*self.override.push)
        loop = asyncio.get_running_loop()
        # Loading the certificates reads files.
        context = await loop.run_in_executor(None, ssl.create_default_context)
        addresses = await self._resolver.addresses(host)
        return await asyncio.open_connection(addresses[0], port, ssl=context, server_hostname=host)

    def redirect(self, url: str) -> tuple[str, dict[str, str]]:
        """Return where a checked request really goes, and the headers that go with it."""
        if self.override is None:
            return url, {}
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        return self.override.cloud + path, {"X-Simulated-Host": parts.hostname or ""}

    async def close(self) -> None:
        """Close the HTTP connections and every UDP socket that is still open."""
        for opened in tuple(self._sockets):
            opened.close()
        await self.http.close()
