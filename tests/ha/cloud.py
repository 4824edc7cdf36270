"""The simulated cloud for tests of the config flow, with the demonstration home in it."""

import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.test_utils import TestServer

from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import CloudAccount, FakeCloud, device_entry, single_home
from simulator.cloud.description import Entry
from simulator.home import Home

HOME = Home.demo()
EMAIL = HOME.account.email
PASSWORD = HOME.account.password
OWNER = HOME.account.user_id
OTHER_EMAIL = "other@example.com"
OTHER_ID = "f" * 40
STATION = HOME.stations[0]


def entries(owner: str = OWNER) -> list[Entry]:
    """Return the cloud's list of the demonstration home."""
    own = {"owner_id": owner, "house_id": "house-0001"}
    return [
        device_entry(STATION.serial, STATION.device_type, STATION.name, did=STATION.did, **own),
        *(
            device_entry(
                camera.serial,
                camera.device_type,
                camera.name,
                parent=STATION.serial,
                channel=camera.channel,
                **own,
            )
            for camera in STATION.cameras
        ),
    ]


@asynccontextmanager
async def running_cloud() -> AsyncIterator[tuple[FakeCloud, str]]:
    """Run the cloud with two accounts; give it and the text of the override."""
    cloud = FakeCloud(
        [
            CloudAccount(EMAIL, Secret(PASSWORD), OWNER, country="US", region="us"),
            CloudAccount(OTHER_EMAIL, Secret(PASSWORD), OTHER_ID, country="US", region="us"),
        ],
        {EMAIL: single_home(entries(), OWNER)},
        HOME.ciphers,
        clock=time.time,
        rng=random.Random(7),
    )
    async with TestServer(cloud.app) as server:
        yield (
            cloud,
            json.dumps(
                {
                    "cloud": f"http://127.0.0.1:{server.port}",
                    "login_server_key": cloud.login_server_key,
                    "search": ["127.255.255.255", 32108],
                }
            ),
        )
