"""The asyncio link over loopback sockets."""

import asyncio
import errno
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from custom_components.eufy_local.eufy.errors import (
    CommandError,
    CommandTimeout,
    DowngradeRefused,
    KeyUnavailable,
    LinkError,
    LinkLost,
    NetworkBlocked,
    StationMismatch,
    StationNotFound,
    WireError,
)
from custom_components.eufy_local.eufy.link.budget import TotalBudget
from custom_components.eufy_local.eufy.link.discovery import Probe
from custom_components.eufy_local.eufy.link.events import HoleSkipped
from custom_components.eufy_local.eufy.link.link import (
    Link,
    LinkDown,
    LinkEvent,
    LinkState,
    LinkTarget,
    LinkUp,
    NotificationReceived,
)
from custom_components.eufy_local.eufy.link.pin import Pin
from custom_components.eufy_local.eufy.link.policy import LinkPolicy, LinkQuirks
from custom_components.eufy_local.eufy.link.transport import Transport
from custom_components.eufy_local.eufy.net import Gate, Purpose, UdpSocket
from custom_components.eufy_local.eufy.wire.commands import arm, param_query, still
from custom_components.eufy_local.eufy.wire.datagram import (
    encode_data,
    encode_datagram,
    encode_punch,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import CipherKey, LinkGrade
from custom_components.eufy_local.eufy.wire.media import MediaProtection
from custom_components.eufy_local.eufy.wire.notify import GuardModeReport
from custom_components.eufy_local.eufy.wire.record import Record, encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .station import ACCOUNT, CIPHER, CIPHER_ID, DID, OTHER_DID, SERIAL
from .test_session import WRONG_ECC
from .udp_station import UdpStation

pytestmark = pytest.mark.usefixtures("socket_enabled")

QUIET = LinkPolicy(probe=False)


async def keys(cipher_id: int) -> CipherKey:
    assert cipher_id == CIPHER_ID
    return CIPHER


def make_link(station: UdpStation, **kwargs: Any) -> Link:
    target = kwargs.pop("target", LinkTarget(SERIAL, DID))
    return Link(station.gate, target, kwargs.pop("keys", keys), ACCOUNT, **kwargs)


@pytest.fixture
async def station() -> AsyncIterator[UdpStation]:
    async with UdpStation() as running:
        yield running


@pytest.fixture
async def link(station: UdpStation) -> AsyncIterator[Link]:
    made = make_link(station)
    await made.connect()
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times themselves are tested in virtual time."""
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.connection.CONTEST_TIME", 0.15)
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.link.PUNCH_TIME", 0.6)
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.channels.MEDIA_HOLE_TIME", 0.2)


async def settle(condition: Any, seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - polls a peer in another callback
            await asyncio.sleep(0.005)


async def test_connect_read_arm_close(station: UdpStation) -> None:
    link = make_link(station)
    assert link.state is LinkState.DOWN
    info = await link.connect()
    assert info.grade is LinkGrade.GCM
    assert info.peer == ("127.0.0.1", station.link_port)
    assert info.seconds < 1.0
    assert link.state is LinkState.UP
    assert await link.connect() is info
    dump = await link.parameters(settle=0.05)
    assert dump.get(1224) == "63"
    assert dump.firmware == "3.8.6.0"
    assert await link.command(arm(ACCOUNT, 1, "me")) == 0
    await link.close()
    assert link.state is LinkState.DOWN
    await settle(lambda: station.station.closed == 1)
    with pytest.raises(LinkLost):
        await link.command(param_query())
    with pytest.raises(LinkLost):
        link.stream_ping(running=True)


async def test_a_typed_host_is_searched_by_unicast(station: UdpStation) -> None:
    target = LinkTarget(SERIAL, DID, hosts=("127.0.0.1",))
    link = make_link(station, target=target)
    info = await link.connect()
    assert info.peer[0] == "127.0.0.1"
    assert link.target.hints == ("127.0.0.1",)
    await link.close()


async def test_link_comes_back_after_a_close_of_the_station(station: UdpStation) -> None:
    link = make_link(station)
    events: list[LinkEvent] = []
    unsubscribe = link.subscribe(events.append)
    await link.connect()
    station.send(station.station.close_link())
    await settle(lambda: link.state is LinkState.DOWN)
    station.station.script.ignore_searches = 1
    await link.connect()
    assert await link.command(param_query()) == 0
    ups = [event for event in events if isinstance(event, LinkUp)]
    downs = [event for event in events if isinstance(event, LinkDown)]
    assert len(ups) == 2
    assert [down.by_peer for down in downs] == [True]
    assert isinstance(downs[0].error, LinkLost)
    unsubscribe()
    unsubscribe()
    await link.close()
    assert isinstance(events[-1], NotificationReceived) or events[-1] is ups[-1]


async def test_reports_reach_listeners_with_their_protection(
    station: UdpStation, link: Link
) -> None:
    events: list[LinkEvent] = []
    link.subscribe(events.append)
    for protection in (Protection.GCM, Protection.STATIC):
        station.station.report(1, station.now, protection)
    station.send()
    await settle(lambda: len(events) >= 2)
    reports = [e for e in events if isinstance(e, NotificationReceived)]
    assert [e.notification for e in reports[:2]] == [GuardModeReport(1), GuardModeReport(1)]
    assert [e.authenticated for e in reports[:2]] == [True, False]


async def test_a_failing_listener_harms_nobody(
    station: UdpStation, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[LinkEvent] = []

    def broken(event: LinkEvent) -> None:
        raise RuntimeError("listener")

    link.subscribe(broken)
    link.subscribe(seen.append)
    station.station.report(1, station.now)
    station.send()
    await settle(lambda: seen)
    assert "listener of a link failed" in caplog.text
    assert await link.command(param_query()) == 0


async def test_command_errors_are_typed(station: UdpStation, link: Link) -> None:
    station.station.script.results = {1350: [-104]}
    with pytest.raises(CommandError) as caught:
        await link.command(arm("wrong", 1, "me"))
    assert caught.value.code == -104
    assert "account" in str(caught.value)
    station.station.script.answer_commands = False
    with pytest.raises(CommandTimeout):
        await link.command(arm("wrong", 1, "me"), timeout=0.2)


async def test_request_returns_the_matching_reply(station: UdpStation, link: Link) -> None:
    def reply(now: float) -> None:
        fake = station.station
        fake.notify(1308, {"file": "/other.jpg", "content": "AA=="}, now, channel=1)
        fake.notify(1308, ["not an object"], now)
        fake.notify(1308, {"file": "/a.jpg", "content": "BB=="}, now, channel=0)

    station.station.at(station.now + 0.05, reply)
    got = await link.request(
        still(ACCOUNT, "/a.jpg", "1"), 1308, lambda value: value["file"] == "/a.jpg"
    )
    assert got["content"] == "BB=="


async def test_a_reply_that_never_comes(station: UdpStation, link: Link) -> None:
    with pytest.raises(CommandTimeout):
        await link.request(still(ACCOUNT, "/a.jpg", "1"), 1308, timeout=0.05)
    station.station.script.dump = {}
    dump = await link.parameters(settle=0.01)
    assert dump.parameters == ()


async def test_waiting_requests_fail_with_the_link(station: UdpStation, link: Link) -> None:
    task = asyncio.create_task(link.request(still(ACCOUNT, "/a.jpg", "1"), 1308))
    await settle(lambda: station.station.requests)
    await asyncio.sleep(0.05)
    station.send(station.station.close_link())
    with pytest.raises(LinkLost):
        await task


async def test_a_cancelled_command_leaves_the_queue(station: UdpStation, link: Link) -> None:
    station.station.script.stall = {1103: 0.3}
    first = asyncio.create_task(link.command(param_query()))
    await asyncio.sleep(0)
    second = asyncio.create_task(link.command(arm(ACCOUNT, 1, "me")))
    await asyncio.sleep(0.01)
    second.cancel()
    assert await first == 0
    await asyncio.sleep(0.05)
    assert [request.command for request in station.station.requests] == [1103]


async def test_media_comes_in_the_turn_of_its_last_byte(station: UdpStation, link: Link) -> None:
    got: list[Record] = []
    gaps: list[int] = []
    link.set_media_sink(got.append, lambda: gaps.append(1))
    bodies = [bytes([n]) * 60_000 for n in range(5)]
    for body in bodies:
        station.station.video(body, station.now)
    station.send()
    await settle(lambda: len(got) == 5)
    assert [record.body for record in got] == bodies
    assert gaps == []
    link.set_media_sink(None)
    station.station.video(b"x", station.now)
    station.send()
    await asyncio.sleep(0.05)
    assert len(got) == 5


async def test_a_lost_part_of_a_stream_is_reported(station: UdpStation, link: Link) -> None:
    got: list[Record] = []
    gaps: list[int] = []
    link.set_media_sink(got.append, lambda: gaps.append(1))
    fake = station.station
    fake.next_index[1] = 1  # index 0 never comes
    fake.video(b"y" * 3000, station.now)
    station.send()
    await settle(lambda: gaps)
    fake.video(b"z" * 3000, station.now)
    station.send()
    await settle(lambda: len(got) == 2)
    assert [record.body[:1] for record in got] == [b"y", b"z"]


async def test_a_failing_sink_does_not_end_the_link(
    station: UdpStation, link: Link, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(record: Record) -> None:
        raise RuntimeError("sink")

    link.set_media_sink(broken)
    for _ in range(3):
        station.station.video(b"x" * 100, station.now)
    station.send()
    await settle(lambda: "media sink failed" in caplog.text)
    assert await link.command(param_query()) == 0
    assert caplog.text.count("media sink failed") == 1


async def test_stream_pings_and_raw_records(station: UdpStation, link: Link) -> None:
    link.stream_ping(running=True)
    await settle(lambda: any(r.command == 1139 for r in station.station.requests))
    link.stream_ping(running=False)
    link.send_record(1, encode_record(1300, bytes(6), b"sound"))
    await settle(lambda: any(r.command == 1300 for r in station.station.requests))


# --- connecting ----------------------------------------------------------------------------------


async def test_nobody_answers(station: UdpStation) -> None:
    station.station.script.alive = False
    link = make_link(station)
    with pytest.raises(StationNotFound):
        await link.connect(timeout=0.2)
    assert link.state is LinkState.DOWN
    assert link.last_probe is Probe.SILENT


async def test_nothing_listens_at_the_known_address(station: UdpStation) -> None:
    target = LinkTarget(SERIAL, DID, hosts=("127.0.0.1",))
    station.station.script.alive = False
    station.close_search()
    link = make_link(station, target=target)
    with pytest.raises(StationNotFound, match="no longer offers"):
        await link.connect(timeout=0.2)
    assert link.last_probe is Probe.REFUSED


async def test_another_station_at_the_typed_address(station: UdpStation) -> None:
    target = LinkTarget(SERIAL, OTHER_DID, hosts=("127.0.0.1",))
    link = make_link(station, target=target)
    with pytest.raises(StationMismatch):
        await link.connect(timeout=0.2)


async def test_an_address_the_gate_refuses(station: UdpStation) -> None:
    link = make_link(station, target=LinkTarget(SERIAL, DID, hosts=("8.8.8.8",)))
    with pytest.raises(NetworkBlocked):
        await link.connect()
    hinted = make_link(station, target=LinkTarget(SERIAL, DID, hints=("8.8.8.8", "junk")))
    await hinted.connect()
    await hinted.close()


async def test_a_changed_address_is_followed() -> None:
    async with UdpStation(search_host="127.255.255.255") as station:
        await follow(station)


async def follow(station: UdpStation) -> None:
    target = LinkTarget(SERIAL, DID, hosts=("127.0.0.44",), hints=("127.0.0.45",))
    link = make_link(station, target=target)
    info = await link.connect()
    assert info.peer[0] == "127.0.0.1"
    assert info.seconds >= 1.0  # first only the known addresses were asked
    await link.close()
    assert link.target.hints == ("127.0.0.1", "127.0.0.45")
    await link.close()


async def test_no_static_key_can_be_made(station: UdpStation) -> None:
    link = make_link(station, target=LinkTarget("T1", DID))
    with pytest.raises(WireError):
        await link.connect()


async def test_a_rival_answer_ends_the_link(station: UdpStation) -> None:
    link = make_link(station)
    await link.connect()
    rival = station._socket("127.0.0.66")
    rival.sendto(encode_punch(DID), station.clients[0])
    rival.close()
    await settle(lambda: link.state is LinkState.DOWN)
    assert isinstance(link.last_error, StationMismatch)


async def test_the_kernel_drops_strangers_once_no_rival_can_come(station: UdpStation) -> None:
    link = make_link(station, policy=QUIET)
    await link.connect()
    await settle(lambda: transport_of(link)._connected)
    session = link._session
    assert session is not None
    stranger = station._socket("127.0.0.66")
    for _ in range(200):
        stranger.sendto(encode_punch(DID), station.clients[0])
        stranger.sendto(b"junk", station.clients[0])
    stranger.close()
    before = session.connection.foreign
    assert await link.command(param_query()) == 0
    assert session.connection.foreign == before
    assert link.state is LinkState.UP
    await link.close()


async def test_pinned_port(station: UdpStation) -> None:
    free = station._socket("127.0.0.1")
    port = free.getsockname()[1]
    link = make_link(station, local_port=port)
    asyncio.get_running_loop().call_later(0.15, free.close)
    await link.connect()
    assert station.clients[-1][1] == port
    other = make_link(station, local_port=port)
    with pytest.raises(LinkError):
        await other.connect()
    await link.close()


async def test_two_calls_share_one_connect(station: UdpStation) -> None:
    link = make_link(station)
    first, second = await asyncio.gather(link.connect(), link.connect())
    assert first is second
    assert station.station.init_count == 1
    await link.close()


async def test_closing_while_connecting(station: UdpStation) -> None:
    station.station.script.alive = False
    link = make_link(station)
    task = asyncio.create_task(link.connect())
    await asyncio.sleep(0.05)
    assert link.state is LinkState.CONNECTING
    await link.close()
    with pytest.raises(LinkLost):
        await task
    assert link.state is LinkState.DOWN


async def test_cancelling_a_connect_leaves_nothing_behind(station: UdpStation) -> None:
    station.station.script.alive = False
    link = make_link(station)
    task = asyncio.create_task(link.connect())
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert link.state is LinkState.DOWN
    assert station.gate._sockets == set()


async def test_relay_offers_are_counted_at_the_gate(station: UdpStation) -> None:
    station.station.script.alive = False
    link = make_link(station)
    task = asyncio.create_task(link.connect(timeout=0.2))
    await settle(lambda: station.clients)
    server = station._socket("127.0.0.77")
    for _ in range(3):
        server.sendto(encode_datagram(0x82, bytes(20)), station.clients[0])
    with pytest.raises(StationNotFound):
        await task
    server.close()
    assert station.gate.counters[Purpose.P2P_LAN, "relay"].blocked == 3


async def test_stations_in_another_network_are_not_peers() -> None:
    link = Link(Gate(networks=tuple), LinkTarget(SERIAL, DID, ("10.0.0.9",)), keys, ACCOUNT)
    assert link._admit("10.0.0.9")
    assert not link._admit("10.0.0.8")


async def test_a_report_that_cannot_be_read_is_passed_over(station: UdpStation, link: Link) -> None:
    events: list[LinkEvent] = []
    link.subscribe(events.append)
    for value in ("text", {"cmd": 1}):
        station.station.notify(1351, value, station.now)
    station.send()
    await settle(lambda: events)
    assert await link.command(param_query()) == 0


async def test_a_lost_control_record_is_no_gap_in_media(station: UdpStation, link: Link) -> None:
    gaps: list[int] = []
    link.set_media_sink(lambda _: None, lambda: gaps.append(1))
    session = link._session
    assert session is not None
    session._events.extend((HoleSkipped(2), HoleSkipped(1)))
    transport_of(link).kick()
    assert gaps == [1]
    link.set_media_sink(None)
    session._events.append(HoleSkipped(1))
    transport_of(link).kick()
    assert gaps == [1]


async def test_single_acks_are_learned_while_the_link_is_up(
    station: UdpStation, link: Link
) -> None:
    session = link._session
    assert session is not None
    session.connection._receiver.single_acks = True
    await link.command(param_query())
    assert link.quirks.single_acks


# --- keys ----------------------------------------------------------------------------------------


async def test_a_slow_key_is_waited_for(station: UdpStation) -> None:
    async def slow(cipher_id: int) -> CipherKey:
        await asyncio.sleep(0.9)
        return CIPHER

    link = make_link(station, keys=slow)
    info = await link.connect()
    assert info.seconds > 0.9
    assert station.station.received.count(0xE0) >= 2  # at once, and 0.7 s later
    await link.close()


async def test_key_errors_end_the_connect(
    station: UdpStation, caplog: pytest.LogCaptureFixture
) -> None:
    async def none(cipher_id: int) -> CipherKey:
        raise KeyUnavailable("offline")

    async def broken(cipher_id: int) -> CipherKey:
        raise RuntimeError("bug")

    for provider in (none, broken):
        with pytest.raises(KeyUnavailable):
            await make_link(station, keys=provider).connect()
    assert "key provider failed" in caplog.text


async def test_a_stale_key_is_fetched_anew(station: UdpStation) -> None:
    async def stale(cipher_id: int) -> CipherKey:
        return WRONG_ECC

    link = make_link(station, keys=stale, refresh_key=keys)
    await link.connect()
    await link.close()


async def test_rsa_links_are_unwrapped_beside_the_loop(station: UdpStation) -> None:
    station.station.script.grade = LinkGrade.RSA
    link = make_link(station)
    assert (await link.connect()).grade is LinkGrade.RSA
    assert await link.command(arm(ACCOUNT, 1, "me")) == 0
    assert station.station.requests[-1].protection is Protection.RSA
    await link.close()


# --- pin and quirks ------------------------------------------------------------------------------


async def test_pin_is_made_kept_and_enforced(station: UdpStation) -> None:
    pins: list[Pin] = []
    link = make_link(station, on_pin=pins.append)
    await link.connect()
    await link.close()
    assert pins == [Pin(str(DID), LinkGrade.GCM, CIPHER_ID)]
    await link.connect()
    assert len(pins) == 1
    assert link.media_seen(MediaProtection.KEY_FRAME_PREFIX)
    assert not link.media_seen(MediaProtection.CLEAR)
    assert pins[-1].media is MediaProtection.KEY_FRAME_PREFIX
    await link.close()
    for grade in (LinkGrade.RSA, LinkGrade.STATIC):
        station.station.script.grade = grade
        with pytest.raises(DowngradeRefused):
            await link.connect()
    accepted = make_link(station, pin=Pin(str(DID), LinkGrade.STATIC))
    assert (await accepted.connect()).grade is LinkGrade.STATIC
    await accepted.close()


async def test_pin_of_another_identity(station: UdpStation) -> None:
    link = make_link(station, pin=Pin(str(OTHER_DID)))
    with pytest.raises(StationMismatch):
        await link.connect()


async def test_what_a_product_does_is_learned(station: UdpStation) -> None:
    learned: list[LinkQuirks] = []
    station.station.script.ready = False
    link = make_link(station, on_quirks=learned.append)
    assert (await link.connect()).seconds >= 0.6
    await link.close()
    assert learned == [LinkQuirks(no_ready=True)]
    assert (await link.connect()).seconds < 0.55
    session = link._session
    assert session is not None
    session.connection._receiver.single_acks = True
    await link.close()
    assert learned[-1] == LinkQuirks(no_ready=True, single_acks=True)


async def test_the_total_budget_is_shared_and_given_back(station: UdpStation) -> None:
    total = TotalBudget()
    link = make_link(station, total=total)
    await link.connect()
    fake = station.station
    fake.next_index[1] = 1
    for _ in range(80):
        fake.send_chunk(1, bytes(1024), station.now)
    station.send()
    await settle(lambda: total.held > 60_000)
    await link.close()
    assert total.held == 0


async def test_nothing_secret_or_personal_is_logged(
    station: UdpStation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = make_link(station)
    await link.connect()
    await link.parameters(settle=0.01)
    await link.close()
    for canary in (SERIAL, str(DID), ACCOUNT, "127.0.0.1"):
        assert canary not in "".join(
            record.getMessage() for record in caplog.records if "eufy" in record.name
        )


async def test_did_of_another_shape_cannot_be_a_target() -> None:
    with pytest.raises(WireError):
        Did.parse("RUSPRAA-123456789-ABCDEFGHIJ")


# --- faults of the host --------------------------------------------------------------------------


def transport_of(link: Link) -> Transport:
    assert link._transport is not None
    return link._transport


@pytest.mark.parametrize("connected", [False, True])
async def test_the_network_goes_away(station: UdpStation, link: Link, connected: bool) -> None:
    def gone(*_: object) -> bytes:
        raise OSError(errno.ENETDOWN, "network is down")

    transport = transport_of(link)
    if connected:
        await settle(lambda: transport._connected)
    waiting = asyncio.create_task(link.command(arm(ACCOUNT, 1, "me")))
    await asyncio.sleep(0)
    transport._udp.recv = transport._udp.recvfrom = gone  # type: ignore[assignment]
    with pytest.raises(LinkLost):
        await waiting
    await settle(lambda: link.state is LinkState.DOWN)
    assert station.gate._sockets == set()
    await link.connect()


async def test_the_peer_is_refused_when_the_socket_is_bound_to_it(
    station: UdpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = make_link(station)
    await link.connect()

    def refused(*_: object, **__: object) -> None:
        raise NetworkBlocked("mode changed")

    monkeypatch.setattr(UdpSocket, "connect", refused)
    await settle(lambda: link.state is LinkState.DOWN)
    assert isinstance(link.last_error, NetworkBlocked)


@pytest.mark.parametrize("where", ["pump", "handle_timer"])
async def test_a_fault_of_ours_ends_the_link_and_nothing_else(
    station: UdpStation, caplog: pytest.LogCaptureFixture, where: str
) -> None:
    events: list[LinkEvent] = []
    total = TotalBudget()
    link = make_link(station, total=total)
    link.subscribe(events.append)
    await link.connect()
    waiting = asyncio.create_task(link.command(arm(ACCOUNT, 1, "me")))
    await asyncio.sleep(0)

    def fault(now: float) -> None:
        raise RuntimeError("bug")

    setattr(transport_of(link)._session, where, fault)
    if where == "handle_timer":
        assert await waiting == 0
        station.station.script.stall = {1350: 30.0}
        waiting = asyncio.create_task(link.command(arm(ACCOUNT, 1, "me")))
    with pytest.raises(LinkLost):
        await waiting
    assert link.state is LinkState.DOWN
    assert caplog.text.count("unexpected way") == 1
    assert isinstance(events[-1], LinkDown)
    assert total.held == 0
    assert station.gate._sockets == set()
    await link.connect()
    await link.close()


async def test_a_burst_larger_than_one_turn(station: UdpStation, link: Link) -> None:
    got: list[Record] = []
    link.set_media_sink(got.append)
    transport = transport_of(link)
    await settle(lambda: transport._connected)
    assert transport.receive_buffer >= 100_000
    station.station.video(b"k" * 400_000, station.now)
    station.send()
    await settle(lambda: got)
    assert got[0].body == b"k" * 400_000
    assert max(station.station.ack_sizes) == 17


async def test_datagrams_that_waited_while_the_socket_was_bound(
    station: UdpStation, link: Link
) -> None:
    """What strangers sent before the socket was bound is read with its address, and refused."""
    transport = transport_of(link)
    stranger = station._socket("127.0.0.66")
    stranger.sendto(encode_data(2, 0, b"not the station"), station.clients[0])
    stranger.close()
    transport._connect(station.now)
    assert transport.connection.foreign == 1
    assert await link.command(param_query()) == 0
