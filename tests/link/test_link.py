"""The asyncio link over loopback sockets: using it."""

import asyncio
import errno

import pytest

from custom_components.eufy_local.eufy.errors import (
    CommandError,
    CommandTimeout,
    LinkLost,
    NetworkBlocked,
)
from custom_components.eufy_local.eufy.link.budget import TotalBudget
from custom_components.eufy_local.eufy.link.link import (
    Link,
    LinkDown,
    LinkEvent,
    LinkState,
    LinkTarget,
    LinkUp,
    NotificationReceived,
)
from custom_components.eufy_local.eufy.link.policy import LinkPolicy, LinkQuirks
from custom_components.eufy_local.eufy.net import UdpSocket
from custom_components.eufy_local.eufy.wire.commands import arm, param_query, still
from custom_components.eufy_local.eufy.wire.datagram import (
    encode_data,
)
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from custom_components.eufy_local.eufy.wire.notify import GuardModeReport
from custom_components.eufy_local.eufy.wire.record import Record, encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .station import ACCOUNT, DID, SERIAL
from .udp_station import UdpStation, make_link, settle, transport_of

pytestmark = pytest.mark.usefixtures("socket_enabled", "short_waits")

QUIET = LinkPolicy(probe=False)


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


async def test_the_form_of_the_parameter_query_is_found_and_remembered(
    station: UdpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.link.QUERY_TIME", 0.6)
    learned: list[LinkQuirks] = []
    station.station.script.grade = LinkGrade.RSA
    station.station.script.query = bytes.fromhex("ff00000087030000")
    link = make_link(station, on_quirks=learned.append)
    await link.connect()
    for _ in range(2):
        dump = await link.parameters(settle=0.02)
        assert dump.get(1224) == "63"
    assert learned == [LinkQuirks(long_query=True)]
    assert [r.command for r in station.station.requests] == [1103] * 3
    await link.close()
    await link.connect()
    assert (await link.parameters(settle=0.02)).get(1224) == "63"
    assert len(station.station.requests) == 4
    station.station.script.query = b"nothing will do"
    with pytest.raises(CommandTimeout):
        await link.parameters(settle=0.02)
    station.station.script.query = bytes.fromhex("ff00000000")
    assert (await link.parameters(settle=0.02)).get(1224) == "63"
    assert learned[-1] == LinkQuirks()
    await link.close()


async def test_a_dump_without_a_result_is_taken(
    station: UdpStation, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.link.QUERY_TIME", 0.1)
    station.station.script.answer_commands = False
    fake = station.station
    fake.at(station.now + 0.02, lambda now: fake.notify(1103, fake.dump(), now) and None)
    assert (await link.parameters(settle=0.02)).get(1224) == "63"


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
