"""Where an address lies: this host, the home network, the internet, or nowhere usable.

A P2P peer must be an IPv4 address of a private range and of a network this host is directly
connected to, unless the owner typed the address (design/security.md T19). The ranges are those
of protocol/p2p-transport.md §2.2. Links are IPv4 only, because the PPCS address struct is.
"""

import ipaddress
import socket
import struct
from enum import StrEnum
from pathlib import Path
from typing import Final

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

LIMITED_BROADCAST: Final = ipaddress.IPv4Address("255.255.255.255")

_ROUTES: Final = Path("/proc/net/route")
_ROUTE_UP: Final = 0x1
_MAX_NETWORKS: Final = 64
"""More directly connected networks than any home has; container hosts may have dozens."""

_PRIVATE: Final = tuple(
    ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_LINK_LOCAL: Final = ipaddress.IPv4Network("169.254.0.0/16")
_SHARED: Final = ipaddress.IPv4Network("100.64.0.0/10")
_LOOPBACK: Final = ipaddress.IPv4Network("127.0.0.0/8")
_TRANSLATED: Final = ipaddress.IPv6Network("64:ff9b::/96")
_UNIQUE_LOCAL: Final = ipaddress.IPv6Network("fc00::/7")


class Scope(StrEnum):
    """How far away an address is."""

    LOOPBACK = "loopback"
    LAN = "lan"
    LINK_LOCAL = "link_local"
    OVERLAY = "overlay"
    """100.64.0.0/10: carrier NAT and private overlay networks; only when typed."""
    INTERNET = "internet"
    UNUSABLE = "unusable"
    """Multicast, broadcast, unspecified, reserved or documentation ranges, or no address."""


def parse_address(text: str) -> Address | None:
    """Read a literal address in its canonical form; None for anything else, also names."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def scope_of(address: Address | str) -> Scope:
    """Return the scope of an address; an IPv6 form that embeds IPv4 counts as that IPv4."""
    if isinstance(address, str):
        parsed = parse_address(address)
        if parsed is None:
            return Scope.UNUSABLE
        address = parsed
    if isinstance(address, ipaddress.IPv6Address):
        return _scope_of_v6(address)
    if address in _LOOPBACK:
        return Scope.LOOPBACK
    if any(address in network for network in _PRIVATE):
        return Scope.LAN
    if address in _LINK_LOCAL:
        return Scope.LINK_LOCAL
    if address in _SHARED:
        return Scope.OVERLAY
    if address.is_global and not address.is_multicast:
        return Scope.INTERNET
    return Scope.UNUSABLE


def _scope_of_v6(address: ipaddress.IPv6Address) -> Scope:
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _TRANSLATED:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if inner is not None:
        return scope_of(inner)
    if address.is_loopback:
        return Scope.LOOPBACK
    if address in _UNIQUE_LOCAL:
        return Scope.LAN
    if address.is_link_local:
        return Scope.LINK_LOCAL
    if address.is_global and not address.is_multicast and address.teredo is None:
        return Scope.INTERNET
    return Scope.UNUSABLE


def connected_networks() -> tuple[ipaddress.IPv4Network, ...] | None:
    """Return the IPv4 networks this host is directly connected to, None when unknown.

    Read from the kernel's route table: a connected network is a route that is up and has no
    gateway. Loopback is not among them.
    """
    try:
        lines = _ROUTES.read_text(encoding="ascii").splitlines()[1:]
    except OSError, UnicodeDecodeError:
        return None
    return parse_routes(lines)


def parse_routes(lines: list[str]) -> tuple[ipaddress.IPv4Network, ...]:
    """Read the connected networks out of the lines of a Linux route table, without doubles."""
    found: dict[ipaddress.IPv4Network, None] = {}
    for line in lines:
        fields = line.split()
        try:
            destination, gateway, flags, mask = (int(fields[i], 16) for i in (1, 2, 3, 7))
        except ValueError, IndexError:
            continue
        if gateway or not mask or not flags & _ROUTE_UP:
            continue
        network = _network(destination, mask)
        if network is not None and scope_of(network.network_address) is not Scope.UNUSABLE:
            found[network] = None
        if len(found) >= _MAX_NETWORKS:
            break
    return tuple(found)


def _network(destination: int, mask: int) -> ipaddress.IPv4Network | None:
    """The kernel prints both words in host byte order."""
    try:
        words = (socket.inet_ntoa(struct.pack("=I", word)) for word in (destination, mask))
        return ipaddress.IPv4Network("/".join(words))
    except ValueError, struct.error:
        return None


def broadcast_addresses(networks: tuple[ipaddress.IPv4Network, ...] | None) -> tuple[str, ...]:
    """Return where a LAN search is broadcast: once per connected network.

    Point-to-point networks have no broadcast. Without a known network the limited broadcast is
    used, which the kernel sends out of one interface only.
    """
    directed = [
        str(network.broadcast_address)
        for network in networks or ()
        if network.prefixlen < ipaddress.IPV4LENGTH - 1
        and scope_of(network.network_address) in (Scope.LAN, Scope.LINK_LOCAL)
    ]
    return tuple(directed) or (str(LIMITED_BROADCAST),)
