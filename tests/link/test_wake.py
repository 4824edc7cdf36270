"""Waking a sleeping camera: only when allowed, only when needed, not too often."""

import asyncio
import ipaddress
from dataclasses import replace
from typing import Any

import pytest

from custom_components.eufy_local.eufy.errors import (
    KeyUnavailable,
    LinkError,
    LinkLost,
    StationNotFound,
)
from custom_components.eufy_local.eufy.link import attempt
from custom_components.eufy_local.eufy.link.attempt import lan_address
from custom_components.eufy_local.eufy.link.link import Link, LinkState
from custom_components.eufy_local.eufy.link.model import WakeKeys
from custom_components.eufy_local.eufy.link.policy import BATTERY
from custom_components.eufy_local.eufy.net import CloudMode, Gate, Purpose
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.commands import param_query
from custom_components.eufy_local.eufy.wire.datagram import decode_datagram
from custom_components.eufy_local.eufy.wire.rendezvous import decode_lookup

from .station import DID, Script
from .udp_station import UdpStation, make_link

pytestmark = pytest.mark.usefixtures("socket_enabled")

DSK = "AbCdEfGhIjKlMnOpQrSt"


class Rendezvous:
    """A rendezvous server on loopback that wakes the station."""

    def __init__(self, station: UdpStation) -> None:
        self.socket = station._socket("127.0.0.1")
        self.station = station
        self.seen: list[int] = []
        self.wakes = True
        self.asked = 0
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(self.socket, self.on_datagram)

    def on_datagram(self) -> None:
        data, _ = self.socket.recvfrom(2048)
        type_, payload = decode_datagram(data)
        self.seen.append(type_)
        if type_ == 0x26 and self.wakes:
            did, local, dsk = decode_lookup(payload)
            assert did == DID
            assert dsk.reveal() == DSK
            self.station.station.script.alive = True
            search = self.station.station.search(bytes.fromhex("f1300000"), tuple(local), 0.0)
            self.station.send(search)

    async def keys(self) -> WakeKeys:
        self.asked += 1
        return WakeKeys((self.socket.getsockname(),), Secret(DSK))

    def close(self) -> None:
        self.loop.remove_reader(self.socket)
        self.socket.close()


def wake_link(station: UdpStation, server: Rendezvous, **kwargs: Any) -> Link:
    return make_link(station, wake=server.keys, policy=BATTERY, **kwargs)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempt, "WAKE_AFTER", 0.1)
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.search.WAKE_TIME", 0.3)


async def test_a_sleeping_camera_is_woken_and_linked_over_the_lan() -> None:
    async with UdpStation(Script(alive=False), gate_args={"wake": True}) as station:
        server = Rendezvous(station)
        link = wake_link(station, server)
        info = await link.connect(timeout=1.0)
        assert info.peer == ("127.0.0.1", station.link_port)
        assert server.seen[:2] == [0x00, 0x26]
        flow = station.gate.counters[Purpose.WAKE_RENDEZVOUS, "127.0.0.1"]
        assert flow.bytes_out >= 4 + 68
        await link.close()
        server.close()


async def test_a_camera_that_answers_is_not_woken() -> None:
    async with UdpStation(gate_args={"wake": True}) as station:
        server = Rendezvous(station)
        link = wake_link(station, server)
        await link.connect()
        await asyncio.sleep(0.2)
        assert (server.asked, server.seen) == (0, [])
        await link.close()
        server.close()


@pytest.mark.parametrize("args", [{"wake": False}, {"wake": True, "mode": CloudMode.OFF}])
async def test_nothing_is_sent_without_permission(args: dict[str, object]) -> None:
    async with UdpStation(Script(alive=False), gate_args=args) as station:
        server = Rendezvous(station)
        with pytest.raises(StationNotFound):
            await wake_link(station, server).connect(timeout=0.3)
        assert (server.asked, server.seen) == (0, [])
        server.close()


async def test_wakes_in_vain_are_spaced_out() -> None:
    async with UdpStation(Script(alive=False), gate_args={"wake": True}) as station:
        server = Rendezvous(station)
        server.wakes = False
        link = wake_link(station, server)
        for _ in range(3):
            with pytest.raises(StationNotFound):
                await link.connect(timeout=0.2)
        assert server.asked == 1
        link._waker._not_before = 0.0
        server.wakes = True
        await link.connect(timeout=0.5)
        assert link._waker._failures == 0
        await link.close()
        server.close()


async def test_no_lookup_key_can_be_had(caplog: pytest.LogCaptureFixture) -> None:
    async def none() -> WakeKeys:
        raise KeyUnavailable("offline")

    async def broken() -> WakeKeys:
        raise RuntimeError("bug")

    async with UdpStation(Script(alive=False), gate_args={"wake": True}) as station:
        for provider in (none, broken):
            link = make_link(station, wake=provider, policy=BATTERY)
            with pytest.raises(StationNotFound):
                await link.connect(timeout=0.3)
    assert "provider of wake keys failed" in caplog.text


async def test_a_sleeping_camera_gets_a_new_link() -> None:
    policy = replace(BATTERY, asleep_after=0.2)
    async with UdpStation() as station:
        link = make_link(station, policy=policy)
        first = await link.connect()
        assert await link.connect() is first
        await asyncio.sleep(0.25)
        assert link.state is LinkState.DOWN
        with pytest.raises(LinkLost):
            await link.command(param_query())
        assert await link.connect() is not first
        assert await link.command(param_query()) == 0
        await asyncio.sleep(0.25)
        await link.connect()
        assert station.station.init_count == 3
        await link.close()


def test_own_address_in_the_home_network(monkeypatch: pytest.MonkeyPatch) -> None:
    networks = (ipaddress.IPv4Network("192.168.7.0/24"),)
    gate = Gate(networks=lambda: networks)
    asked: list[str] = []

    def towards(address: tuple[str, int], purpose: Purpose, *, typed: bool) -> str:
        asked.append(address[0])
        if address[0] == "192.168.7.9":
            raise OSError("no route")
        return "192.168.7.2"

    monkeypatch.setattr(gate, "local_address_towards", towards)
    assert lan_address(gate, ["192.168.7.9"]) == "192.168.7.2"
    assert asked == ["192.168.7.9", "192.168.7.1"]
    with pytest.raises(LinkError):
        lan_address(Gate(networks=tuple), [])
