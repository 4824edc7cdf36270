"""A UDP socket that only talks to peers the gate admits."""

import ipaddress
import socket
from typing import TYPE_CHECKING, Final

from ..errors import NetworkBlocked
from .counters import Flow
from .policy import Purpose

if TYPE_CHECKING:
    from .gate import Gate

type Endpoint = tuple[str, int]

MAX_DATAGRAM: Final = 65_535
_SO_RCVBUFFORCE: Final = 33
"""Linux: exceeds the system's limit where the process may (CAP_NET_ADMIN)."""
_MAX_PEERS: Final = 1024
"""Addresses one socket may send to; a scan of a typed list stays far below."""


class UdpSocket:
    """One non-blocking IPv4 socket with a purpose; made by `Gate.open_udp`.

    `recv` and `recvfrom` are the bare socket methods (a call layer per datagram would show in the
    figures of design/performance.md), so the reader reports what it read with `count_received`.
    """

    __slots__ = (
        "_broadcast",
        "_broadcast_flow",
        "_flows",
        "_gate",
        "_socket",
        "local_port",
        "peer",
        "purpose",
        "receive_buffer",
        "recv",
        "recvfrom",
    )

    def __init__(
        self,
        gate: Gate,
        sock: socket.socket,
        purpose: Purpose,
        *,
        broadcast: frozenset[str],
        receive_buffer: int,
    ) -> None:
        self._gate = gate
        self._socket = sock
        self._broadcast = broadcast
        self._flows: dict[str, Flow] = {}
        self._broadcast_flow: Flow | None = None
        self.purpose = purpose
        self.peer: Endpoint | None = None
        self.local_port: int = sock.getsockname()[1]
        self.receive_buffer = _request_buffer(sock, receive_buffer)
        """Bytes of receive buffer that the system really granted."""
        self.recv = sock.recv
        self.recvfrom = sock.recvfrom

    def fileno(self) -> int:
        """Return the descriptor, for `loop.add_reader`; -1 once closed."""
        return self._socket.fileno()

    def send_to(
        self,
        data: bytes,
        address: Endpoint,
        purpose: Purpose | None = None,
        *,
        typed: bool = False,
    ) -> bool:
        """Send one datagram; False when the system had no room or no route for it.

        Raises `NetworkBlocked` when the address is not an admitted peer for the purpose; `typed`
        says that the owner entered this very address.
        """
        host = address[0]
        flow = self._flows.get(host)
        if flow is None:
            flow = self._admit(address, purpose or self.purpose, typed=typed)
        return self._sent(flow, data, address)

    def connect(self, address: Endpoint, *, typed: bool = False) -> None:
        """Bind the socket to one peer: from now on the kernel drops everything else (T4)."""
        flow = self._gate.admit_peer(address, self.purpose, typed=typed)
        self._socket.connect(address)
        self._flows = {address[0]: flow}
        self.peer = address

    def send(self, data: bytes) -> bool:
        """Send one datagram to the connected peer; False when it could not be sent now."""
        peer = self.peer
        if peer is None:
            raise NetworkBlocked("the socket has no peer")
        return self._sent(self._flows[peer[0]], data, None)

    def count_received(self, size: int, host: str | None = None) -> None:
        """Book `size` received bytes to the peer or to `host`.

        A host that was never sent to answers a broadcast: then they are booked to that.
        """
        if host is None:
            host = self.peer[0] if self.peer is not None else ""
        flow = self._flows.get(host) or self._broadcast_flow
        if flow is not None:
            flow.bytes_in += size

    def local_address(self) -> str:
        """Return the IPv4 address of this host towards the connected peer, or 0.0.0.0."""
        host: str = self._socket.getsockname()[0]
        return host

    def close(self) -> None:
        """Close the socket; safe to call twice."""
        self._gate.forget(self)
        self._socket.close()

    def _admit(self, address: Endpoint, purpose: Purpose, *, typed: bool) -> Flow:
        host = address[0]
        if len(self._flows) >= _MAX_PEERS:
            raise NetworkBlocked("the socket has too many peers")
        if host in self._broadcast:
            flow = self._broadcast_flow = self._gate.broadcast_flow(address, purpose)
        else:
            flow = self._gate.admit_peer(address, purpose, typed=typed)
        self._flows[host] = flow
        return flow

    def _sent(self, flow: Flow, data: bytes, address: Endpoint | None) -> bool:
        try:
            self._write(data, address)
        except OSError:
            # Full buffer or no route: UDP may lose any datagram, and the layers above repeat
            # what matters.
            return False
        flow.bytes_out += len(data)
        return True

    def _write(self, data: bytes, address: Endpoint | None) -> None:
        try:
            if address is None:
                self._socket.send(data)
            else:
                self._socket.sendto(data, address)
        except ConnectionRefusedError:
            # The queued ICMP error of an earlier datagram; this one was not sent yet.
            if address is None:
                self._socket.send(data)
            else:
                self._socket.sendto(data, address)


def _request_buffer(sock: socket.socket, size: int) -> int:
    if size:
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)


def is_broadcast(host: str, networks: tuple[ipaddress.IPv4Network, ...]) -> bool:
    """Return whether `host` is the broadcast or the network address of a connected network."""
    return any(
        host in (str(network.broadcast_address), str(network.network_address))
        for network in networks
        if network.prefixlen < ipaddress.IPV4LENGTH - 1
    )
