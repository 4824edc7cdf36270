"""What the gate admits, opens, refuses and counts."""

import asyncio
import ipaddress
import socket
import ssl

import pytest

from custom_components.eufy_local.eufy.errors import CloudUnreachable, NetworkBlocked
from custom_components.eufy_local.eufy.net import (
    CloudMode,
    Gate,
    LoopbackOverride,
    Purpose,
    UdpSocket,
)
from custom_components.eufy_local.eufy.net.counters import MAX_FLOWS, OTHER_HOSTS
from custom_components.eufy_local.eufy.net.policy import PUSH_HOST, PUSH_PORT
from custom_components.eufy_local.eufy.net.udp import _request_buffer, is_broadcast

NETWORKS = (ipaddress.IPv4Network("192.168.1.0/24"), ipaddress.IPv4Network("10.9.0.0/31"))
OVERRIDE = LoopbackOverride("http://127.0.0.1:9", "04", ("127.255.255.255", 32108))
CLOUD = {
    Purpose.LOGIN: CloudMode.KEYS_ONLY,
    Purpose.KEYS: CloudMode.KEYS_ONLY,
    Purpose.DEVICE_LIST: CloudMode.KEYS_ONLY,
    Purpose.PUSH_REGISTER: CloudMode.EVENTS,
    Purpose.PICTURE: CloudMode.FULL,
    Purpose.FIRMWARE_INFO: CloudMode.FULL,
}


def demo() -> Gate:
    return Gate(override=OVERRIDE)


# --- cloud --------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(CloudMode))
@pytest.mark.parametrize("purpose", list(Purpose))
def test_each_mode_admits_its_purposes_and_no_other(mode: CloudMode, purpose: Purpose) -> None:
    gate = Gate(mode)
    order = list(CloudMode)
    needed = CLOUD.get(purpose)
    allowed = needed is not None and order.index(mode) >= order.index(needed)
    url = "https://mega-eu-pr.eufy.com/x"
    if allowed:
        assert gate.check_cloud(url, purpose) == "mega-eu-pr.eufy.com"
    else:
        with pytest.raises(NetworkBlocked):
            gate.check_cloud(url, purpose)
    assert gate.counters.blocked == int(not allowed)


@pytest.mark.parametrize(
    "url",
    [
        "https://app-passport-eu-pr.eufy.com/passport/login",
        "https://security-app-eu.eufylife.com/v3/app/get_hub_list?a=b",
        "https://EXTEND.eufylife.com:443/domain/DE",
    ],
)
def test_vendor_hosts(url: str) -> None:
    assert (
        Gate(CloudMode.FULL).check_cloud(url, Purpose.KEYS).endswith((".eufy.com", ".eufylife.com"))
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://mega-eu-pr.eufy.com/",
        "https://eufy.com/",
        "https://evileufy.com/",
        "https://eufy.com.evil.example/",
        "https://mega-eu-pr.eufy.com.evil.example/",
        "https://mega-eu-pr.eufy.com@evil.example/",
        "https://user:pw@mega-eu-pr.eufy.com/",
        "https://mega-eu-pr.eufy.com:8443/",
        "https://mega-eu-pr.eufy.com:99999/",
        "https://mega-eu-pr.eufy.com/#x",
        "https://mega-eu-pr.eufy.com\\@evil.example/",
        "https://evil.example\\.eufy.com/",
        "https://a..eufy.com/",
        "https://.eufy.com/",
        "https://a_b.eufy.com/",
        "https://m\u00e9ga.eufy.com/",
        "https://evil.example%2f.eufy.com/",
        "https://mega.eufy.com\n.evil.example/",
        "https://127.0.0.1/",
        "https://192.168.1.1/",
        "https://[::1]/",
        "https://[::1",
        "https:///x",
        "ftp://mega-eu-pr.eufy.com/",
        "mega-eu-pr.eufy.com",
        "",
        "https://android.clients.google.com/checkin",
        "https://mtalk.google.com/",
    ],
)
def test_everything_else_is_refused_before_dns(url: str) -> None:
    async def never(host: str) -> list[str]:
        raise AssertionError("a name was looked up")

    gate = Gate(CloudMode.FULL, resolve=never)
    with pytest.raises(NetworkBlocked) as caught:
        gate.check_cloud(url, Purpose.KEYS)
    assert "evil" not in str(caught.value)
    assert gate.counters.blocked == 1


def test_google_hosts_serve_push_only() -> None:
    gate = Gate(CloudMode.FULL)
    for host in ("android.clients.google.com", "firebaseinstallations.googleapis.com"):
        gate.check_cloud(f"https://{host}/x", Purpose.PUSH_REGISTER)
        for purpose in (Purpose.LOGIN, Purpose.KEYS, Purpose.PICTURE):
            with pytest.raises(NetworkBlocked):
                gate.check_cloud(f"https://{host}/x", purpose)
    with pytest.raises(NetworkBlocked):
        gate.check_cloud("https://storage.googleapis.com/x", Purpose.PUSH_REGISTER)


# --- waking --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wake", "mode", "host", "allowed"),
    [
        (True, CloudMode.KEYS_ONLY, "34.1.2.3", True),
        (False, CloudMode.FULL, "34.1.2.3", False),
        (True, CloudMode.OFF, "34.1.2.3", False),
        (True, CloudMode.KEYS_ONLY, "192.168.1.9", False),
        (True, CloudMode.KEYS_ONLY, "rendezvous.example", False),
        (True, CloudMode.KEYS_ONLY, "2606:4700::1", False),
    ],
)
def test_the_rendezvous_is_the_owners_choice(
    wake: bool, mode: CloudMode, host: str, allowed: bool
) -> None:
    gate = Gate(mode, wake=wake, networks=lambda: NETWORKS)
    if allowed:
        gate.check_peer(host, Purpose.WAKE_RENDEZVOUS)
        with pytest.raises(NetworkBlocked):
            gate.check_peer(host, Purpose.P2P_LAN)
    else:
        with pytest.raises(NetworkBlocked):
            gate.check_peer(host, Purpose.WAKE_RENDEZVOUS)


def test_peer_purposes_only() -> None:
    gate = Gate(networks=lambda: NETWORKS)
    for purpose in Purpose:
        if purpose in (Purpose.P2P_LAN, Purpose.LAN_DISCOVERY):
            gate.check_peer("192.168.1.2", purpose)
        else:
            with pytest.raises(NetworkBlocked):
                gate.check_peer("192.168.1.2", purpose)


def test_networks_are_read_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[int] = []

    def read() -> tuple[ipaddress.IPv4Network, ...]:
        reads.append(1)
        return NETWORKS

    now = 100.0
    monkeypatch.setattr("custom_components.eufy_local.eufy.net.gate.time.monotonic", lambda: now)
    gate = Gate(networks=read)
    for _ in range(5):
        gate.check_peer("192.168.1.2", Purpose.P2P_LAN)
    assert len(reads) == 1
    now += 11
    assert gate.broadcasts() == ("192.168.1.255",)
    assert len(reads) == 2
    assert demo().broadcasts() == ("127.255.255.255",)


def test_broadcast_addresses_are_not_peers() -> None:
    assert is_broadcast("192.168.1.255", NETWORKS)
    assert is_broadcast("192.168.1.0", NETWORKS)
    assert not is_broadcast("10.9.0.1", NETWORKS)


# --- UDP -----------------------------------------------------------------------------------------


@pytest.fixture
def receiver(socket_enabled: None) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 0))
    sock.settimeout(2)
    return sock


async def test_udp_socket_sends_to_admitted_peers_and_counts(receiver: socket.socket) -> None:
    gate = demo()
    udp = gate.open_udp(Purpose.P2P_LAN, receive_buffer=1 << 20)
    address = receiver.getsockname()
    assert udp.send_to(b"hello", address)
    data, source = receiver.recvfrom(100)
    assert (data, source) == (b"hello", ("127.0.0.1", udp.local_port))
    with pytest.raises(NetworkBlocked):
        udp.send_to(b"x", ("192.168.1.2", 1))
    with pytest.raises(NetworkBlocked):
        udp.send_to(b"x", ("127.255.255.255x", 1))
    udp.connect(address)
    assert udp.peer == address
    assert udp.send(b"12345678")
    assert udp.local_address() == "127.0.0.1"
    receiver.sendto(b"answer", source)
    await asyncio.sleep(0.02)
    udp.count_received(len(udp.recv(100)))
    udp.count_received(999, "10.0.0.1")  # never sent to: not booked
    flow = gate.counters[Purpose.P2P_LAN, "127.0.0.1"]
    assert (flow.bytes_out, flow.bytes_in, flow.connections) == (13, 6, 2)
    assert (flow.scope, flow.protocol, flow.port) == ("loopback", "udp", address[1])
    assert udp.receive_buffer >= 1 << 17
    udp.close()
    udp.close()
    assert udp.fileno() == -1
    receiver.close()


async def test_a_refused_datagram_does_not_stop_the_next(receiver: socket.socket) -> None:
    gate = demo()
    udp = gate.open_udp(Purpose.P2P_LAN)
    gone = receiver.getsockname()
    receiver.close()
    udp.connect(gone)
    for _ in range(5):
        udp.send(b"x")
        await asyncio.sleep(0.005)
    with pytest.raises(ConnectionRefusedError):
        udp.recv(10)
    assert gate.counters[Purpose.P2P_LAN, "127.0.0.1"].bytes_out >= 3
    udp.close()
    assert not udp.send(b"x")


async def test_a_refusal_is_passed_over_and_a_dead_network_is_not_an_error(
    socket_enabled: None,
) -> None:
    class Line:
        """Raises what it is told to, then works."""

        def __init__(self) -> None:
            self.errors: list[OSError] = []
            self.sent: list[bytes] = []

        def sendto(self, data: bytes, address: object) -> None:
            if self.errors:
                raise self.errors.pop(0)
            self.sent.append(data)

    gate = demo()
    udp = gate.open_udp(Purpose.P2P_LAN)
    real, line = udp._socket, Line()
    udp._socket = line  # type: ignore[assignment]
    line.errors = [ConnectionRefusedError()]
    assert udp.send_to(b"one", ("127.0.0.1", 9))
    line.errors = [ConnectionRefusedError(), ConnectionRefusedError()]
    assert not udp.send_to(b"two", ("127.0.0.1", 9))
    line.errors = [BlockingIOError()]
    assert not udp.send_to(b"three", ("127.0.0.1", 9))
    assert line.sent == [b"one"]
    assert gate.counters[Purpose.P2P_LAN, "127.0.0.1"].bytes_out == 3
    udp._socket = real
    udp.close()


def test_the_receive_buffer_is_asked_for_in_the_ordinary_way_too() -> None:
    class Limited:
        def __init__(self) -> None:
            self.asked: list[tuple[int, int]] = []

        def setsockopt(self, level: int, option: int, value: int) -> None:
            if option != socket.SO_RCVBUF:
                raise PermissionError
            self.asked.append((option, value))

        def getsockopt(self, level: int, option: int) -> int:
            return 425_984

    limited = Limited()
    assert _request_buffer(limited, 4 << 20) == 425_984  # type: ignore[arg-type]
    assert limited.asked == [(socket.SO_RCVBUF, 4 << 20)]


async def test_sending_needs_a_peer(socket_enabled: None) -> None:
    udp = demo().open_udp(Purpose.P2P_LAN)
    with pytest.raises(NetworkBlocked):
        udp.send(b"x")
    udp.count_received(5)
    udp.close()


async def test_broadcast_only_when_asked_for(socket_enabled: None) -> None:
    gate = demo()
    plain = gate.open_udp(Purpose.LAN_DISCOVERY)
    assert not plain.send_to(b"x", ("127.255.255.255", 32108))  # the system refuses it
    wide = gate.open_udp(Purpose.LAN_DISCOVERY, broadcast=True)
    assert wide.send_to(b"x", ("127.255.255.255", 32108))
    with pytest.raises(NetworkBlocked):
        wide.send_to(b"x", ("255.255.255.255", 32108))
    assert gate.counters[Purpose.LAN_DISCOVERY, "127.255.255.255"].scope == "loopback"
    await gate.close()
    assert plain.fileno() == wide.fileno() == -1


async def test_real_broadcast_addresses(socket_enabled: None) -> None:
    gate = Gate(networks=lambda: NETWORKS)
    udp = gate.open_udp(Purpose.LAN_DISCOVERY, broadcast=True)
    assert udp._broadcast == {"192.168.1.255", "255.255.255.255"}
    gate.broadcast_flow(("192.168.1.255", 32108), Purpose.LAN_DISCOVERY)
    assert gate.counters[Purpose.LAN_DISCOVERY, "192.168.1.255"].scope == "lan"
    udp.close()


async def test_one_socket_has_a_bounded_number_of_peers(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.net.udp._MAX_PEERS", 3)
    udp = demo().open_udp(Purpose.LAN_DISCOVERY)
    for n in range(1, 4):
        udp.send_to(b"", (f"127.0.0.{n}", 9))
    with pytest.raises(NetworkBlocked):
        udp.send_to(b"", ("127.0.0.9", 9))
    udp.close()


async def test_a_taken_port_is_an_error_without_a_leak(receiver: socket.socket) -> None:
    gate = demo()
    with pytest.raises(OSError, match="in use"):
        gate.open_udp(Purpose.P2P_LAN, local_port=receiver.getsockname()[1])
    assert gate._sockets == set()
    receiver.close()


def test_no_udp_for_other_purposes() -> None:
    with pytest.raises(NetworkBlocked):
        demo().open_udp(Purpose.LOGIN)


async def test_own_address(socket_enabled: None) -> None:
    gate = demo()
    assert gate.local_address_towards(("127.0.0.1", 0), Purpose.P2P_LAN) == "127.0.0.1"
    with pytest.raises(NetworkBlocked):
        gate.local_address_towards(("8.8.8.8", 0), Purpose.P2P_LAN)


# --- listening -----------------------------------------------------------------------------------


async def _ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def test_listens_on_loopback(socket_enabled: None) -> None:
    gate = Gate()
    server = await gate.listen_tcp(Purpose.LOCAL_STREAM, "127.0.0.1", 0, _ignore)
    assert server.sockets[0].getsockname()[0] == "127.0.0.1"
    server.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "8.8.8.8", "localhost", ""])
async def test_listening_beyond_this_host_is_the_owners_choice(host: str) -> None:
    with pytest.raises(NetworkBlocked):
        await Gate().listen_tcp(Purpose.LOCAL_STREAM, host, 0, _ignore)
    with pytest.raises(NetworkBlocked):
        await Gate(override=OVERRIDE).listen_tcp(Purpose.LOCAL_STREAM, host, 0, _ignore, lan=True)


async def test_lan_listener(socket_enabled: None) -> None:
    server = await Gate().listen_tcp(Purpose.LOCAL_STREAM, "0.0.0.0", 0, _ignore, lan=True)
    server.close()
    for host in ("8.8.8.8", "::", "localhost"):
        with pytest.raises(NetworkBlocked):
            await Gate().listen_tcp(Purpose.LOCAL_STREAM, host, 0, _ignore, lan=True)


async def test_only_local_streams_are_served() -> None:
    with pytest.raises(NetworkBlocked):
        await Gate().listen_tcp(Purpose.PUSH_RECEIVE, "127.0.0.1", 0, _ignore)


# --- push connection -----------------------------------------------------------------------------


async def test_push_connection_is_checked_before_dns() -> None:
    async def never(host: str) -> list[str]:
        raise AssertionError("a name was looked up")

    gate = Gate(CloudMode.FULL, resolve=never)
    for purpose, host, port in (
        (Purpose.LOGIN, PUSH_HOST, PUSH_PORT),
        (Purpose.PUSH_RECEIVE, PUSH_HOST, 443),
        (Purpose.PUSH_RECEIVE, "mega-eu-pr.eufy.com", PUSH_PORT),
        (Purpose.PUSH_RECEIVE, "evil.example", PUSH_PORT),
    ):
        with pytest.raises(NetworkBlocked):
            await gate.open_tls(purpose, host, port)
    with pytest.raises(NetworkBlocked):
        await Gate(CloudMode.KEYS_ONLY).open_tls(Purpose.PUSH_RECEIVE, PUSH_HOST, PUSH_PORT)


async def test_push_connection_to_a_private_address_is_refused() -> None:
    async def rebound(host: str) -> list[str]:
        return ["10.0.0.1"]

    with pytest.raises(NetworkBlocked):
        await Gate(CloudMode.EVENTS, resolve=rebound).open_tls(
            Purpose.PUSH_RECEIVE, PUSH_HOST, PUSH_PORT
        )


async def test_push_connection_is_made_with_verified_tls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: dict[str, object] = {}

    async def connect(host: str, port: int, **kwargs: object) -> tuple[str, str]:
        asked.update(kwargs, host=host, port=port)
        return "reader", "writer"

    async def public(host: str) -> list[str]:
        return ["142.250.1.188"]

    monkeypatch.setattr(asyncio, "open_connection", connect)
    gate = Gate(CloudMode.EVENTS, resolve=public)
    assert await gate.open_tls(Purpose.PUSH_RECEIVE, PUSH_HOST, PUSH_PORT) == ("reader", "writer")
    assert (asked["host"], asked["port"]) == ("142.250.1.188", PUSH_PORT)
    assert asked["server_hostname"] == PUSH_HOST
    context = asked["ssl"]
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert gate.counters[Purpose.PUSH_RECEIVE, PUSH_HOST].connections == 1


async def test_push_connection_without_network() -> None:
    async def none(host: str) -> list[str]:
        raise OSError("no DNS")

    with pytest.raises(CloudUnreachable):
        await Gate(CloudMode.EVENTS, resolve=none).open_tls(
            Purpose.PUSH_RECEIVE, PUSH_HOST, PUSH_PORT
        )


async def test_push_connection_to_the_simulator(socket_enabled: None) -> None:
    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x29")
        writer.close()

    server = await asyncio.start_server(hello, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    override = LoopbackOverride("http://127.0.0.1:9", "", ("127.0.0.1", 9), ("127.0.0.1", port))
    gate = Gate(CloudMode.EVENTS, override)
    reader, writer = await gate.open_tls(Purpose.PUSH_RECEIVE, PUSH_HOST, PUSH_PORT)
    assert await reader.read() == b"\x29"
    writer.close()
    server.close()
    with pytest.raises(CloudUnreachable):
        await Gate(CloudMode.EVENTS, OVERRIDE).open_tls(Purpose.PUSH_RECEIVE, PUSH_HOST, PUSH_PORT)


# --- counters ------------------------------------------------------------------------------------


def test_rows_are_bounded_and_nothing_is_forgotten() -> None:
    gate = Gate(networks=lambda: NETWORKS, clock=lambda: 1234.5)
    total = MAX_FLOWS + 300
    for n in range(total):
        with pytest.raises(NetworkBlocked):
            gate.check_peer(f"8.{n // 200}.8.{n % 200}", Purpose.P2P_LAN)
    gate.block(Purpose.P2P_LAN, "9.9.9.9")
    assert len(gate.counters) == MAX_FLOWS + 1
    assert gate.counters.blocked == total + 1
    other = gate.counters[Purpose.P2P_LAN, OTHER_HOSTS]
    assert other.blocked == 301
    assert other.first_seen == other.last_seen == 1234.5
    assert next(iter(gate.counters)) == (Purpose.P2P_LAN, "8.0.8.0")


def test_a_refused_name_is_cut_short() -> None:
    gate = Gate(networks=lambda: NETWORKS)
    with pytest.raises(NetworkBlocked):
        gate.check_peer("x" * 100_000, Purpose.P2P_LAN)
    ((_, host),) = gate.counters
    assert len(host) <= 255


def test_udp_socket_type_is_exported() -> None:
    assert UdpSocket.__doc__
