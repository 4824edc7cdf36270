"""A session against a scripted station, up to the point a test starts from."""

import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from custom_components.eufy_local.eufy.link.connection import Connection
from custom_components.eufy_local.eufy.link.events import KeyNeeded
from custom_components.eufy_local.eufy.link.link import Link
from custom_components.eufy_local.eufy.link.session import Session

from .station import CIPHER, DID, STATIC, FakeStation, Faults, Network, Script
from .udp_station import UdpStation, make_link

type MakeNetwork = Callable[..., Network]


@pytest.fixture
def make_network() -> MakeNetwork:
    """Build a network; `connect=True` brings the link up first."""

    def make(
        script: Script | None = None,
        faults: Faults | None = None,
        *,
        connect: bool = True,
        seed: int = 7,
        answer_keys: bool = True,
        connection: dict[str, Any] | None = None,
        **session: Any,
    ) -> Network:
        nonces = random.Random(seed)
        link = Session(
            Connection(DID, **(connection or {})),
            STATIC,
            nonce=lambda: nonces.randbytes(12),
            **session,
        )
        network = Network(link, FakeStation(script, seed), faults, seed)
        if answer_keys:

            def answer(event: object) -> None:
                if isinstance(event, KeyNeeded):
                    link.provide_key(CIPHER, network.now)

            network.on_event = answer
        network.search()
        if connect:
            assert network.run(10.0, lambda: link.secured), network.events
        return network

    return make


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """The times themselves are tested in virtual time."""
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.connection.CONTEST_TIME", 0.15)
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.attempt.PUNCH_TIME", 0.6)
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.channels.MEDIA_HOLE_TIME", 0.2)


@pytest.fixture
async def station(socket_enabled: None) -> AsyncIterator[UdpStation]:
    async with UdpStation() as running:
        yield running


@pytest.fixture
async def link(station: UdpStation) -> AsyncIterator[Link]:
    made = make_link(station)
    await made.connect()
    yield made
    await made.close()
