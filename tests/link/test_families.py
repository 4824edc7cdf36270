"""The link against the simulated stations, which share no state machine with it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from custom_components.eufy_local.eufy.errors import (
    DowngradeRefused,
    HandshakeFailed,
    KeyRejected,
    LinkError,
    StationMismatch,
    StationNotFound,
)
from custom_components.eufy_local.eufy.link.discovery import scan
from custom_components.eufy_local.eufy.link.link import (
    Link,
    LinkDown,
    LinkEvent,
    LinkTarget,
    NotificationReceived,
)
from custom_components.eufy_local.eufy.link.model import WakeKeys
from custom_components.eufy_local.eufy.link.pin import Pin
from custom_components.eufy_local.eufy.link.policy import LinkQuirks
from custom_components.eufy_local.eufy.net import Gate, LoopbackOverride
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.commands import arm, param_query
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import CipherKey, LinkGrade
from custom_components.eufy_local.eufy.wire.notify import GuardModeReport
from simulator.families import FAMILIES, Handshake
from simulator.faults import Impostor
from simulator.home import Home, StationSpec
from simulator.simulator import Simulator

pytestmark = pytest.mark.usefixtures("socket_enabled")

GRADES = {
    Handshake.ECIES: LinkGrade.GCM,
    Handshake.RSA_CLEAR: LinkGrade.RSA,
    Handshake.RSA_ECB: LinkGrade.RSA,
    Handshake.NO_KEY: LinkGrade.STATIC,
    Handshake.SILENT: LinkGrade.CLEAR,
}

type Make = Callable[..., Link]


class House:
    """A running simulator and the links a test opens to it."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.home = simulator.home
        self.spec: StationSpec = self.home.stations[0]
        self.station = simulator.stations[self.spec.serial]
        self.gate = Gate(override=LoopbackOverride.parse(simulator.override), wake=True)
        self.links: list[Link] = []

    def link(self, spec: StationSpec | None = None, **kwargs: Any) -> Link:
        spec = spec or self.spec

        async def keys(cipher_id: int) -> CipherKey:
            cipher = self.home.cipher(cipher_id)
            return CipherKey(
                cipher_id, cipher.owner_id, Secret(cipher.rsa_private), Secret(cipher.ecc_private)
            )

        target = LinkTarget(spec.serial, Did.parse(spec.did))
        link = Link(self.gate, target, keys, spec.owner_id, **kwargs)
        self.links.append(link)
        return link

    async def close(self) -> None:
        for link in self.links:
            await link.close()
        await self.gate.close()


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.handshake.REPLY_TIME", 1.5)
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.attempt.WAKE_AFTER", 0.1)


@pytest.fixture
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    names = getattr(request, "param", ["homebase3"])
    async with Simulator(Home.of_families(names)) as simulator:
        made = House(simulator)
        yield made
        await made.close()


@pytest.mark.parametrize("house", [[name] for name in FAMILIES], indirect=True, ids=list(FAMILIES))
async def test_every_family(house: House) -> None:
    family = house.spec.family
    wake = None
    if family.sleeps:

        async def wake() -> WakeKeys:
            host = ("127.0.0.1", house.simulator.network.rendezvous_port)
            return WakeKeys((host,), Secret(house.home.dsk(house.spec.serial)))

    quirks = LinkQuirks(clear_without_reply=family.handshake is Handshake.SILENT)
    link = house.link(quirks=quirks, wake=wake)
    info = await link.connect(timeout=8.0)
    assert info.grade is GRADES[family.handshake]
    assert info.cipher_id == family.cipher_id
    dump = await link.parameters(settle=0.1)
    assert dump.parameters
    assert await link.command(param_query()) == 0


async def test_scan_of_a_whole_home() -> None:
    names = ["homebase3", "homebase2", "standalone_mains", "homebase3"]
    async with Simulator(Home.of_families(names)) as simulator:
        house = House(simulator)
        found = await scan(house.gate, seconds=1.2)
        assert {str(entry.did) for entry in found} == {s.did for s in house.home.stations}
        infos = await asyncio.gather(*(house.link(s).connect() for s in house.home.stations))
        assert [info.grade for info in infos] == [
            LinkGrade.GCM,
            LinkGrade.RSA,
            LinkGrade.RSA,
            LinkGrade.GCM,
        ]
        await house.close()


@pytest.mark.parametrize(
    "faults",
    [
        {"no_ready": True},
        {"ignore_first_search": True},
        {"drop_first_data": True},
        {"first_ack_index_only": True},
        {"chunk_size": 7},
        {"chunking": "stream", "chunk_size": 100},
        {"garbage_chunks": True},
        {"no_station_alive": True},
        {"reply_after": 0.5},
        {"receipt_after": 0.3},
        {"static_notifies": True},
        {"block_per_record": True},
        {"late_blocks": 0.3},
        {"loss": 0.1, "reorder": 0.1, "duplicate": 0.1},
        {"impostor": Impostor.NOISE},
    ],
    ids=str,
)
async def test_faults_that_a_link_must_survive(house: House, faults: dict[str, Any]) -> None:
    for name, value in faults.items():
        kind = type(getattr(house.station.faults, name))
        setattr(house.station.faults, name, value if value is True else kind(value))
    if "ignore_first_search" in faults:
        house.station.faults.ignore_first_search = True
    link = house.link()
    events: list[LinkEvent] = []
    link.subscribe(events.append)
    await link.connect()
    dump = await link.parameters(settle=0.5)
    assert dump.get(1224) is not None
    mode = "1" if dump.get(1224) != "1" else "0"
    await link.command(arm(house.spec.owner_id, int(mode), "test"))
    async with asyncio.timeout(3.0):
        while not [e for e in events if _is_report(e)]:  # noqa: ASYNC110 - a callback fills it
            await asyncio.sleep(0.01)
    (report, *_) = [e for e in events if _is_report(e)]
    assert isinstance(report, NotificationReceived)
    assert report.authenticated is not faults.get("static_notifies", False)
    again = await link.parameters(settle=0.3)
    assert again.get(1224) == mode
    assert not [e for e in events if isinstance(e, LinkDown)]


def _is_report(event: LinkEvent) -> bool:
    return isinstance(event, NotificationReceived) and isinstance(
        event.notification, GuardModeReport
    )


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"unreachable": True}, StationNotFound),
        ({"impostor": Impostor.TWIN}, StationMismatch),
        ({"no_reply": True}, HandshakeFailed),
        ({"wrap_for_other_key": True}, KeyRejected),
    ],
    ids=str,
)
async def test_faults_that_end_a_link_with_a_reason(
    house: House, faults: dict[str, Any], error: type[LinkError]
) -> None:
    for name, value in faults.items():
        setattr(house.station.faults, name, value)
    link = house.link()
    try:
        await link.connect(timeout=1.0)
        # The twin answers after the first: the link is refused a moment later.
        async with asyncio.timeout(2.0):
            while link.info is not None:  # noqa: ASYNC110 - a callback changes it
                await asyncio.sleep(0.01)
        assert isinstance(link.last_error, error)
    except error:
        pass


@pytest.mark.parametrize("handshake", list(Handshake)[1:])
async def test_downgrades_are_refused(house: House, handshake: Handshake) -> None:
    """T1: a pinned version-8 station offers less; nothing of what it says is believed."""
    events: list[LinkEvent] = []
    pin = Pin(house.spec.did, LinkGrade.GCM, house.spec.family.cipher_id)
    house.station.faults.handshake = handshake
    link = house.link(pin=pin, quirks=LinkQuirks(clear_without_reply=True))
    link.subscribe(events.append)
    with pytest.raises(DowngradeRefused):
        await link.connect()
    assert events == []
    assert link.pin == pin


async def test_the_station_makes_room_by_closing_a_link(house: House) -> None:
    house.station.faults.ignore_first_search = False
    links = [house.link() for _ in range(house.spec.family.capacity + 1)]
    for link in links:
        await link.connect()
    await asyncio.sleep(0.1)
    down = [link for link in links if link.info is None]
    assert len(down) == 1
    assert "closed" in str(down[0].last_error)


async def test_a_restarted_station_is_reconnected(house: House) -> None:
    link = house.link()
    await link.connect()
    house.station.drop_links(house.simulator.network.now)
    async with asyncio.timeout(3.0):
        while link.info is not None:  # noqa: ASYNC110 - a callback changes it
            await asyncio.sleep(0.01)
    await link.connect()
    assert await link.command(param_query()) == 0
