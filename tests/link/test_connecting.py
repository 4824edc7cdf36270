"""The asyncio link over loopback sockets: coming up, or saying why not."""

import asyncio
import logging

import pytest

from custom_components.eufy_local.eufy.errors import (
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
    LinkEvent,
    LinkState,
    LinkTarget,
)
from custom_components.eufy_local.eufy.link.pin import Pin
from custom_components.eufy_local.eufy.link.policy import LinkPolicy, LinkQuirks
from custom_components.eufy_local.eufy.net import Gate, Purpose
from custom_components.eufy_local.eufy.wire.commands import arm, param_query
from custom_components.eufy_local.eufy.wire.datagram import (
    encode_datagram,
    encode_punch,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import CipherKey, LinkGrade
from custom_components.eufy_local.eufy.wire.media import MediaProtection
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .stage import WRONG_ECC
from .station import ACCOUNT, CIPHER, CIPHER_ID, DID, OTHER_DID, SERIAL
from .udp_station import UdpStation, keys, make_link, settle, transport_of

pytestmark = pytest.mark.usefixtures("socket_enabled", "short_waits")

QUIET = LinkPolicy(probe=False)


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
