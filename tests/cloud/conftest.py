"""A signed-off client against the fake cloud, over loopback and through the real gate."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from custom_components.eufy_local.eufy.account import Account
from custom_components.eufy_local.eufy.cloud import CloudClient, CloudState
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.net.override import LoopbackOverride
from custom_components.eufy_local.eufy.net.policy import CloudMode
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import CloudAccount, CloudOptions, FakeCloud, device_entry, single_home
from simulator.home import Home

EMAIL = "demo@example.com"
PASSWORD = "demo-password"
START = 1_767_323_045.0
OWNER = Home.demo().account.user_id


@dataclass
class World:
    """Everything a test needs: time, the cloud, the gate, and what the store kept."""

    cloud: FakeCloud
    gate: Gate
    now: float = START
    saved: list[dict[str, Any]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    rng: random.Random = field(default_factory=lambda: random.Random(5))

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    async def load(self) -> dict[str, Any] | None:
        return self.saved[-1] if self.saved else None

    async def save(self, data: dict[str, Any]) -> None:
        self.saved.append(data)

    def client(self, state: CloudState | None = None) -> CloudClient:
        assert self.gate.override is not None
        return CloudClient(
            self.gate.http,
            state or CloudState.fresh(self.rng.randbytes),
            server_key=self.gate.override.login_server_key,
            clock=self.clock,
            rng=self.rng.randbytes,
            sleep=self.sleep,
        )

    def account(self, **kwargs: Any) -> Account:
        return Account(
            self.gate, self, clock=self.clock, rng=self.rng.randbytes, sleep=self.sleep, **kwargs
        )

    @property
    def options(self) -> CloudOptions:
        return self.cloud.options


def demo_entries(owner: str = OWNER, house: str = "house-0001") -> list[dict[str, Any]]:
    """The list entries of the demonstration home."""
    entries = []
    for station in Home.demo().stations:
        entries.append(
            device_entry(
                station.serial,
                station.device_type,
                station.name,
                owner_id=owner,
                house_id=house,
                did=station.did,
                local_ip=station.local_ip,
                firmware=station.firmware,
                time_zone=station.time_zone,
                params=station.params,
            )
        )
        entries += [
            device_entry(
                camera.serial,
                camera.device_type,
                camera.name,
                owner_id=owner,
                house_id=house,
                parent=station.serial,
                channel=camera.channel,
                params=camera.params,
            )
            for camera in station.cameras
        ]
    return entries


def make_account(**kwargs: Any) -> CloudAccount:
    return CloudAccount(EMAIL, Secret(PASSWORD), OWNER, **kwargs)


@pytest.fixture
async def world(socket_enabled: None) -> AsyncIterator[World]:
    """The demonstration home behind a running fake cloud; time stands still unless a test moves it."""
    holder: list[World] = []
    cloud = FakeCloud(
        [make_account()],
        {EMAIL: single_home(demo_entries(), OWNER)},
        Home.demo().ciphers,
        clock=lambda: holder[0].now,
        rng=random.Random(7),
    )
    async with TestServer(cloud.app) as server:
        override = LoopbackOverride(
            f"http://127.0.0.1:{server.port}", cloud.login_server_key, ("127.255.255.255", 32108)
        )
        gate = Gate(CloudMode.FULL, override)
        holder.append(World(cloud, gate))
        yield holder[0]
        await gate.close()
