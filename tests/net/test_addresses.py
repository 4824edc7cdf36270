"""Which addresses may be a peer: the table of design/security.md T19."""

import ipaddress
from pathlib import Path

import pytest

from custom_components.eufy_local.eufy.errors import NetworkBlocked
from custom_components.eufy_local.eufy.net import Gate, LoopbackOverride, Purpose, Scope, scope_of
from custom_components.eufy_local.eufy.net.addresses import (
    broadcast_addresses,
    connected_networks,
    parse_routes,
)

NETWORKS = tuple(
    ipaddress.IPv4Network(text)
    for text in ("192.168.1.0/24", "10.20.0.0/16", "169.254.0.0/16", "172.17.0.0/16")
)
OVERRIDE = LoopbackOverride("http://127.0.0.1:8123", "04", ("127.255.255.255", 32108))

# address, admitted as found, admitted when the owner typed it, admitted under the override
PEERS = [
    ("192.168.1.2", True, True, False),
    ("192.168.1.254", True, True, False),
    ("192.168.1.255", False, True, False),  # broadcast of the network
    ("192.168.1.0", False, True, False),
    ("192.168.2.2", False, True, False),  # another network of the home
    ("192.167.255.255", False, False, False),
    ("192.169.0.1", False, False, False),
    ("10.20.0.1", True, True, False),
    ("10.20.255.254", True, True, False),
    ("10.20.255.255", False, True, False),
    ("10.21.0.1", False, True, False),
    ("10.0.0.1", False, True, False),
    ("9.255.255.255", False, False, False),
    ("11.0.0.0", False, False, False),
    ("172.17.3.4", True, True, False),
    ("172.16.0.1", False, True, False),
    ("172.31.255.254", False, True, False),
    ("172.15.255.255", False, False, False),
    ("172.32.0.1", False, False, False),
    ("169.254.10.20", True, True, False),
    ("169.253.1.1", False, False, False),
    ("169.255.1.1", False, False, False),
    ("100.64.0.1", False, True, False),
    ("100.127.255.254", False, True, False),
    ("100.63.255.255", False, False, False),
    ("100.128.0.1", False, False, False),
    ("127.0.0.1", False, False, True),
    ("127.1.2.3", False, False, True),
    ("127.255.255.255", False, False, True),
    ("126.255.255.255", False, False, False),
    ("128.0.0.1", False, False, False),
    ("0.0.0.0", False, False, False),
    ("0.1.2.3", False, False, False),
    ("255.255.255.255", False, False, False),
    ("224.0.0.1", False, False, False),
    ("239.255.255.250", False, False, False),
    ("240.0.0.1", False, False, False),
    ("8.8.8.8", False, False, False),
    ("1.1.1.1", False, False, False),
    ("34.120.1.2", False, False, False),
    ("192.0.2.1", False, False, False),  # documentation
    ("198.51.100.7", False, False, False),
    ("203.0.113.9", False, False, False),
    ("198.18.0.1", False, False, False),  # benchmarking
    ("192.88.99.1", False, False, False),
    ("192.0.0.8", False, False, False),
    ("::1", False, False, False),
    ("::", False, False, False),
    ("fe80::1", False, False, False),
    ("fd00::1", False, False, False),
    ("2001:db8::1", False, False, False),
    ("2606:4700:4700::1111", False, False, False),
    ("::ffff:192.168.1.2", False, False, False),
    ("::ffff:127.0.0.1", False, False, False),
    ("192.168.1", False, False, False),
    ("192.168.001.002", False, False, False),  # octal in some readers
    ("0x7f.0.0.1", False, False, False),
    ("2130706433", False, False, False),
    ("127.1", False, False, False),
    (" 192.168.1.2", False, False, False),
    ("192.168.1.2\n", False, False, False),
    ("192.168.1.2:32108", False, False, False),
    ("192.168.1.2/24", False, False, False),
    ("homebase.lan", False, False, False),
    ("localhost", False, False, False),
    ("", False, False, False),
    ("١٩٢.168.1.2", False, False, False),
]


def admitted(gate: Gate, host: str, *, typed: bool = False) -> bool:
    try:
        gate.check_peer(host, Purpose.P2P_LAN, typed=typed)
    except NetworkBlocked:
        return False
    return True


def test_table_is_long_enough() -> None:
    assert len({row[0] for row in PEERS}) >= 60


@pytest.mark.parametrize(("host", "found", "typed", "simulated"), PEERS)
def test_peer_rule(host: str, found: bool, typed: bool, simulated: bool) -> None:
    gate = Gate(networks=lambda: NETWORKS)
    assert admitted(gate, host) is found
    assert admitted(gate, host, typed=True) is typed
    demo = Gate(override=OVERRIDE, networks=lambda: NETWORKS)
    assert admitted(demo, host) is simulated
    assert admitted(demo, host, typed=True) is simulated
    refused = [found, typed].count(False)
    assert gate.counters.blocked == refused


def test_private_is_enough_when_the_networks_are_unknown() -> None:
    gate = Gate(networks=lambda: None)
    assert admitted(gate, "192.168.77.1")
    assert not admitted(gate, "169.254.1.1")
    assert not admitted(gate, "8.8.8.8")


def test_no_network_means_no_peer_but_a_typed_one() -> None:
    gate = Gate(networks=tuple)
    assert not admitted(gate, "192.168.1.2")
    assert admitted(gate, "192.168.1.2", typed=True)


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("::ffff:10.0.0.1", Scope.LAN),
        ("64:ff9b::a00:1", Scope.LAN),
        ("64:ff9b::808:808", Scope.INTERNET),
        ("2002:c0a8:101::1", Scope.LAN),
        ("2002:7f00:1::", Scope.LOOPBACK),
        ("fd12::1", Scope.LAN),
        ("fe80::1%eth0", Scope.LINK_LOCAL),
        ("ff02::1", Scope.UNUSABLE),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Scope.UNUSABLE),
        ("2606:4700::1", Scope.INTERNET),
        ("::1", Scope.LOOPBACK),
        ("nonsense", Scope.UNUSABLE),
    ],
)
def test_scope_looks_into_embedded_addresses(text: str, scope: Scope) -> None:
    assert scope_of(text) is scope


def test_routes_give_connected_networks_and_their_broadcasts() -> None:
    lines = [
        "eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
        "eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
        "wlan0\t0001A8C0\t00000000\t0001\t0\t0\t600\t00FFFFFF\t0\t0\t0",
        "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
        "wg0\t0200000A\t00000000\t0001\t0\t0\t0\tFFFFFFFF\t0\t0\t0",
        "down0\t0002A8C0\t00000000\t0000\t0\t0\t0\t00FFFFFF\t0\t0\t0",
        "mc\t000000E0\t00000000\t0001\t0\t0\t0\t000000F0\t0\t0\t0",
        "odd\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FF00FF\t0\t0\t0",
        "short line",
        "eth1 zz 0 1 0 0 0 ff",
    ]
    networks = parse_routes(lines)
    assert [str(network) for network in networks] == [
        "192.168.1.0/24",
        "172.17.0.0/16",
        "10.0.0.2/32",
    ]
    assert broadcast_addresses(networks) == ("192.168.1.255", "172.17.255.255")
    assert broadcast_addresses(()) == ("255.255.255.255",)
    assert broadcast_addresses(None) == ("255.255.255.255",)


def test_route_list_is_bounded() -> None:
    lines = [f"e{n}\t00{n:02X}0A0A\t00000000\t0001\t0\t0\t0\t00FFFFFF" for n in range(1, 200)]
    assert len(parse_routes(lines)) == 64


def test_this_host_can_be_read() -> None:
    networks = connected_networks()
    assert networks is None or all(isinstance(n, ipaddress.IPv4Network) for n in networks)


def test_a_system_without_a_route_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        "custom_components.eufy_local.eufy.net.addresses._ROUTES", tmp_path / "none"
    )
    assert connected_networks() is None
