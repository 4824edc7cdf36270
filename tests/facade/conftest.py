"""A station of the facade against the simulated home, without Home Assistant."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from custom_components.eufy_local.eufy.cloud import CloudDevice, CloudStation
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.net.override import LoopbackOverride
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.station import Station
from custom_components.eufy_local.eufy.station_events import StationEvent
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import CipherKey
from simulator import Simulator

SECONDS = 15.0


class Keys:
    """The account's keys of a simulated home."""

    def __init__(self, simulator: Simulator) -> None:
        self._home = simulator.home

    async def cipher_key(self, owner_id: str, cipher_id: int) -> CipherKey:
        pair = self._home.cipher(cipher_id)
        return CipherKey(cipher_id, owner_id, Secret(pair.rsa_private), Secret(pair.ecc_private))

    refresh_key = cipher_key


class Watched:
    """A station and everything that it told."""

    def __init__(self, station: Station) -> None:
        self.station = station
        self.events: list[StationEvent] = []
        station.subscribe(self.events.append)

    def of[T](self, kind: type[T]) -> list[T]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, true: Callable[[], Any]) -> Any:
        async with asyncio.timeout(SECONDS):
            while not (found := true()):  # noqa: ASYNC110 (many things to wait for)
                await asyncio.sleep(0.01)
        return found


def build(simulator: Simulator, gate: Gate, **more: Any) -> Station:
    """Return the facade's station for the home's first one."""
    spec = simulator.home.stations[0]
    record = CloudStation(
        spec.serial, spec.name, Did.parse(spec.did), spec.owner_id,
        local_ip="127.0.0.1", firmware=spec.firmware, device_type=spec.device_type,
        product=spec.product, params=spec.params,
    )  # fmt: skip
    devices = [
        CloudDevice(
            camera.serial, camera.name, spec.serial, camera.channel,
            device_type=camera.device_type, params=camera.params, owner_id=spec.owner_id,
            product=camera.product, firmware=camera.firmware,
        )
        for camera in spec.cameras
    ]  # fmt: skip
    return Station(gate, record, devices, Keys(simulator), **more)


@pytest.fixture
async def simulator(socket_enabled: None) -> AsyncIterator[Simulator]:
    async with Simulator() as simulator:
        yield simulator


@pytest.fixture
async def watched(simulator: Simulator) -> AsyncIterator[Watched]:
    gate = Gate(override=LoopbackOverride.parse(simulator.override))
    watched = Watched(build(simulator, gate))
    await watched.station.start()
    await watched.until(lambda: watched.station.available)
    await watched.until(lambda: watched.station.guard_mode is not None)
    yield watched
    await watched.station.stop()
    await gate.close()
