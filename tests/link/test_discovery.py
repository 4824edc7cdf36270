"""Scans, single searches, probes, and what they say about WebRTC-only devices."""

import asyncio

import pytest

from custom_components.eufy_local.eufy.errors import (
    NetworkBlocked,
    StationMismatch,
    StationNotFound,
)
from custom_components.eufy_local.eufy.link.attempt import probe_known
from custom_components.eufy_local.eufy.link.discovery import (
    Found,
    Probe,
    describe,
    find,
    probe,
    scan,
    search_endpoints,
    search_port,
)
from custom_components.eufy_local.eufy.link.events import Endpoint
from custom_components.eufy_local.eufy.link.model import LinkTarget
from custom_components.eufy_local.eufy.link.webrtc import RtcSigns, is_rtc_did, is_webrtc_only
from custom_components.eufy_local.eufy.net import Gate, LoopbackOverride, Purpose, UdpSocket
from custom_components.eufy_local.eufy.wire.datagram import encode_datagram, encode_punch
from custom_components.eufy_local.eufy.wire.did import Did

from .station import DID, OTHER_DID, Script
from .udp_station import UdpStation

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_scan_finds_each_station_once() -> None:
    async with UdpStation() as station:
        found = await scan(station.gate, seconds=0.2)
        assert found == [Found(DID, "127.0.0.1", station.link_port)]
        found = await scan(station.gate, ["127.0.0.1"], seconds=0.2, broadcast=False)
        assert [entry.did for entry in found] == [DID]
        assert station.gate._sockets == set()
        broadcast = station.gate.counters[Purpose.LAN_DISCOVERY, "127.255.255.255"]
        assert (broadcast.bytes_out, broadcast.bytes_in) == (4, 24)
        flow = station.gate.counters[Purpose.LAN_DISCOVERY, "127.0.0.1"]
        assert flow.bytes_in == 24
        assert flow.bytes_out == 4


async def test_scan_reports_two_answers_for_one_identity() -> None:
    async with UdpStation() as station:
        rival = station._socket("127.0.0.66")
        original = station.station.search

        def both(
            data: bytes, addr: tuple[str, int], now: float
        ) -> list[tuple[bytes, tuple[str, int]]]:
            rival.sendto(encode_punch(DID), addr)
            rival.sendto(encode_punch(DID)[:10], addr)
            rival.sendto(encode_datagram(0x42), addr)
            rival.sendto(b"junk", addr)
            return original(data, addr, now)

        station.station.search = both  # type: ignore[method-assign]
        found = await scan(station.gate, seconds=0.2)
        rival.close()
        assert sorted(entry.address for entry in found) == ["127.0.0.1", "127.0.0.66"]
        assert {entry.did for entry in found} == {DID}


async def test_find_returns_as_soon_as_the_station_answers() -> None:
    async with UdpStation(Script(ignore_searches=1)) as station:
        found = await find(station.gate, DID, timeout=5.0)
        assert found == Found(DID, "127.0.0.1", station.link_port)


async def test_find_says_why_there_is_nothing() -> None:
    async with UdpStation() as station:
        with pytest.raises(StationMismatch):
            await find(station.gate, OTHER_DID, ["127.0.0.1"], timeout=0.2)
        with pytest.raises(StationNotFound):
            await find(station.gate, OTHER_DID, timeout=0.2)
        with pytest.raises(NetworkBlocked):
            await find(station.gate, DID, ["8.8.8.8"], timeout=0.2)
        with pytest.raises(NetworkBlocked):
            await find(station.gate, DID, ["homebase.lan"], timeout=0.2)


async def test_probe_tells_silence_from_refusal() -> None:
    async with UdpStation(Script(alive=False)) as station:
        assert await probe(station.gate, "127.0.0.1", wait=0.1) is Probe.SILENT
        station.close_search()
        assert await probe(station.gate, "127.0.0.1", wait=0.5) is Probe.REFUSED
        again = station._socket("127.0.0.1")
        again.close()


async def test_probe_takes_any_answer_from_the_search_port() -> None:
    loop = asyncio.get_running_loop()
    server = UdpStation._socket("127.0.0.1")

    def answer() -> None:
        _, addr = server.recvfrom(100)
        server.sendto(encode_punch(DID), addr)

    loop.add_reader(server, answer)
    port = server.getsockname()[1]
    gate = Gate(override=LoopbackOverride("http://127.0.0.1:9", "", ("127.255.255.255", port)))
    assert await probe(gate, "127.0.0.1", wait=0.5) is Probe.ANSWERED
    with pytest.raises(NetworkBlocked):
        await probe(gate, "192.168.1.1")
    loop.remove_reader(server)
    server.close()


async def test_the_clearest_sign_of_several_addresses_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reactions: dict[str, Probe | Exception] = {
        "10.0.0.1": Probe.SILENT,
        "10.0.0.2": Probe.REFUSED,
        "10.0.0.3": OSError("no route"),
        "10.0.0.4": NetworkBlocked("no"),
        "10.0.0.5": Probe.ANSWERED,
    }

    async def react(gate: Gate, host: str, *, typed: bool) -> Probe:
        reaction = reactions[host]
        if isinstance(reaction, Exception):
            raise reaction
        return reaction

    monkeypatch.setattr("custom_components.eufy_local.eufy.link.attempt.probe", react)
    hosts = tuple(reactions)
    assert await probe_known(Gate(), LinkTarget("", DID, hosts[:1], hosts[1:4])) is Probe.REFUSED
    assert await probe_known(Gate(), LinkTarget("", DID, (), hosts)) is Probe.ANSWERED
    assert await probe_known(Gate(), LinkTarget("", DID)) is Probe.SILENT


async def test_a_probe_that_cannot_be_sent_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> bytes:
        raise OSError("network is down")

    async with UdpStation(Script(alive=False)) as station:
        opened = station.gate.open_udp

        def open_udp(purpose: Purpose) -> UdpSocket:
            udp = opened(purpose)
            udp.recv = broken
            return udp

        monkeypatch.setattr(station.gate, "open_udp", open_udp)
        assert await probe(station.gate, "127.0.0.1", wait=0.1) is Probe.SILENT


async def test_a_scan_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.discovery.MAX_FOUND", 2)
    async with UdpStation() as station:

        def many(data: bytes, addr: Endpoint, now: float) -> list[tuple[bytes, Endpoint]]:
            return [(encode_punch(Did("ABCDEFG", n, "HIJKL")), addr) for n in range(9)]

        station.station.search = many  # type: ignore[method-assign]
        assert len(await scan(station.gate, seconds=0.2)) == 2


def test_search_endpoints_and_port() -> None:
    gate = Gate(networks=lambda: None)
    assert search_port(gate) == 32108
    known, wide = search_endpoints(gate, ["10.0.0.9"], ["10.0.0.9", "10.0.0.8", "8.8.8.8", "?"])
    assert known == [("10.0.0.9", 32108), ("10.0.0.8", 32108)]
    assert wide == [("255.255.255.255", 32108)]


def test_what_a_probe_adds_to_the_sentence() -> None:
    error = StationNotFound("no station answered the search")
    assert describe(error, Probe.SILENT) == describe(error, None) == str(error)
    assert "no longer" in describe(error, Probe.REFUSED)


RTC_DID = "RUSPRAA-123456789-ABCDEFGHIJ"


@pytest.mark.parametrize(
    ("result", "signs", "expected"),
    [
        (Probe.ANSWERED, RtcSigns(did=RTC_DID, declared=2), False),
        (Probe.SILENT, RtcSigns(), False),
        (Probe.REFUSED, RtcSigns(), False),
        (Probe.REFUSED, RtcSigns(has_signaling_servers=True), True),
        (Probe.SILENT, RtcSigns(has_signaling_servers=True), False),
        (Probe.REFUSED, RtcSigns(has_rendezvous=False), True),
        (Probe.SILENT, RtcSigns(has_rendezvous=False), False),
        (Probe.SILENT, RtcSigns(did=RTC_DID), True),
        (Probe.SILENT, RtcSigns(declared=2), True),
        (Probe.SILENT, RtcSigns(declared=1, did=str(DID)), False),
    ],
)
def test_webrtc_only_is_recognised_by_answer_and_sign(
    result: Probe, signs: RtcSigns, expected: bool
) -> None:
    assert is_webrtc_only(result, signs) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [(RTC_DID, True), (f" {RTC_DID} ", True), (str(DID), False), ("", False), ("R", False)],
)
def test_rtc_dids(text: str, expected: bool) -> None:
    assert is_rtc_did(text) is expected
