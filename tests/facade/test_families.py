"""The same station code with other families: older hubs, standalone and sleeping cameras."""

import asyncio

import pytest

from custom_components.eufy_local.eufy.catalog.guard import GuardMode
from custom_components.eufy_local.eufy.cloud import CloudStation
from custom_components.eufy_local.eufy.errors import (
    CameraAsleep,
    ConfigurationError,
    EufyError,
    HandshakeFailed,
    StationNotFound,
)
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.net.override import LoopbackOverride
from custom_components.eufy_local.eufy.station import Station
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from simulator import Home, Simulator
from simulator.faults import Answer, EccBehaviour

from .conftest import Keys, Watched, build

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.parametrize(
    ("family", "grade"),
    [
        ("homebase2", LinkGrade.RSA),
        ("homebase2_v8", LinkGrade.GCM),
        ("homebase1", LinkGrade.STATIC),
        ("homebase_mini", LinkGrade.GCM),
    ],
)
async def test_hubs(family: str, grade: LinkGrade) -> None:
    async with Simulator(Home.of_families([family])) as simulator:
        gate = Gate(override=LoopbackOverride.parse(simulator.override))
        watched = Watched(build(simulator, gate))
        station = watched.station
        await station.start()
        await watched.until(lambda: station.guard_mode is not None)
        assert station.link_info is not None
        assert station.link_info.grade is grade
        assert station.guard_authenticated is (grade is LinkGrade.GCM)
        await station.set_guard_mode(GuardMode.AWAY)
        assert simulator.station().desk.memory.mode == GuardMode.AWAY
        with pytest.raises(ConfigurationError):
            await station.set_guard_mode(GuardMode.OFF)
        camera = next(iter(station.cameras.values()))
        unit = await camera.live.last_key_frame()
        assert unit.annex_b().startswith(b"\0\0\0\1")
        await station.stop()
        await gate.close()


async def test_an_ecc_offer_that_is_not_taken_is_remembered() -> None:
    async with Simulator() as simulator:
        simulator.station().faults.ecc = EccBehaviour.AS_RSA
        gate = Gate(override=LoopbackOverride.parse(simulator.override))
        watched = Watched(build(simulator, gate))
        await watched.station.start()
        await watched.until(lambda: watched.station.guard_mode is not None)
        camera = next(c for c in watched.station.cameras.values() if c.allows_ecc)
        unit = await camera.live.last_key_frame()
        assert unit.annex_b()
        assert camera.memory.rsa_firmware == camera.firmware
        await watched.station.stop()
        await gate.close()


async def test_a_camera_that_cannot_be_woken_says_so() -> None:
    async with Simulator() as simulator:
        simulator.station().faults.answers[1003] = Answer(-204)
        gate = Gate(override=LoopbackOverride.parse(simulator.override))
        watched = Watched(build(simulator, gate))
        await watched.station.start()
        await watched.until(lambda: watched.station.guard_mode is not None)
        camera = next(iter(watched.station.cameras.values()))
        with pytest.raises(EufyError) as caught:
            await camera.live.last_key_frame()
        assert isinstance(caught.value, CameraAsleep) or caught.value.key == CameraAsleep.key
        await watched.station.stop()
        await gate.close()


@pytest.mark.parametrize("seconds", [0.4, 8.0])
async def test_no_station_on_the_network(seconds: float) -> None:
    async with Simulator() as simulator:
        simulator.station().faults.unreachable = True
        gate = Gate(override=LoopbackOverride.parse(simulator.override))
        station = build(simulator, gate)
        with pytest.raises(StationNotFound):
            await station.connect_once(seconds)
        await station.stop()
        await gate.close()


async def test_a_station_without_an_identity() -> None:
    """Newer hubs are listed without a DID (protocol/webrtc.md)."""
    async with Simulator() as simulator:
        gate = Gate(override=LoopbackOverride.parse(simulator.override))
        record = CloudStation("T9000P2300000042", "Hub", None, "owner")
        watched = Watched(Station(gate, record, [], Keys(simulator)))
        await watched.station.start()
        await asyncio.sleep(0)
        assert not watched.station.available
        assert watched.station.unavailable_reason == StationNotFound.key
        with pytest.raises(StationNotFound):
            await watched.station.connect_once(1.0)
        await watched.station.stop()
        await gate.close()


async def test_a_station_that_is_found_and_gives_no_keys() -> None:
    async with Simulator() as simulator:
        simulator.station().faults.no_reply = True
        gate = Gate(override=LoopbackOverride.parse(simulator.override))
        station = build(simulator, gate)
        with pytest.raises(HandshakeFailed):
            await station.connect_once(1.0)
        await station.stop()
        await gate.close()
