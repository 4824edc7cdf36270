"""A fake cloud and a raw client of it, with a clock that tests move."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import (
    CloudAccount,
    CloudOptions,
    FakeCloud,
    device_entry,
    single_home,
)
from simulator.home import Home

from .raw_client import CATEGORY, RawClient

EMAIL = "demo@example.com"
WORD = "demo-password"
HOME = Home.demo()
OWNER = HOME.account.user_id
CIPHER = HOME.ciphers[0].cipher_id
NOW = 1_767_323_045.0


@dataclass
class Setting:
    cloud: FakeCloud
    client: RawClient
    base: str
    now: float = NOW

    @property
    def options(self) -> CloudOptions:
        return self.cloud.options

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.client.now = self.now

    def another(self) -> RawClient:
        other = RawClient(self.client.http, self.base, self.cloud.login_server_key, self.client.now)
        other.count = 10_000
        other.openudid = "cd" * 16
        return other


@pytest.fixture
async def setting(socket_enabled: None) -> AsyncIterator[Setting]:
    holder: list[Setting] = []
    cloud = FakeCloud(
        [CloudAccount(EMAIL, Secret(WORD), OWNER)],
        {
            EMAIL: single_home(
                [
                    device_entry(
                        HOME.stations[0].serial,
                        18,
                        "HomeBase",
                        owner_id=OWNER,
                        house_id="house-0001",
                        did=HOME.stations[0].did,
                    )
                ],
                OWNER,
            )
        },
        HOME.ciphers,
        clock=lambda: holder[0].now if holder else NOW,
        rng=random.Random(3),
    )
    async with TestServer(cloud.app) as server, ClientSession() as http:
        base = f"http://127.0.0.1:{server.port}"
        holder.append(Setting(cloud, RawClient(http, base, cloud.login_server_key, NOW), base))
        yield holder[0]


HOUSES = ("house", "/app/house/get_house_list")
CIPHERS = ("security", "/v3/app/cipher/get_ciphers")


async def ciphers(setting: Setting, **kwargs: Any) -> Any:
    body = {"cipher_ids": [CIPHER], "user_id": kwargs.pop("owner", OWNER), "station_sn": "x"}
    kwargs.setdefault("extra", CATEGORY)
    return await setting.client.call(*CIPHERS, body, realm="security", **kwargs)
