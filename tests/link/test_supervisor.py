"""Keeping a link up: delays, reasons, evictions."""

import asyncio

import pytest

from custom_components.eufy_local.eufy.errors import (
    EufyError,
    LinkError,
    LinkLost,
    StationMismatch,
    StationNotFound,
)
from custom_components.eufy_local.eufy.link.link import (
    Link,
    LinkDown,
    LinkInfo,
    LinkState,
    LinkTarget,
)
from custom_components.eufy_local.eufy.link.supervisor import (
    DELAYS,
    EVICTED_DELAY,
    OWNER_DELAY,
    LinkSupervisor,
    SupervisorState,
)
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade

from .station import DID, OTHER_DID, SERIAL
from .udp_station import UdpStation, make_link, settle

pytestmark = pytest.mark.usefixtures("socket_enabled")

QUICK = (0.01, 0.02, 0.03)


async def test_brings_the_link_up_and_back_up_after_a_drop() -> None:
    states: list[tuple[SupervisorState, EufyError | None]] = []
    async with UdpStation() as station:
        link = make_link(station)
        supervisor = LinkSupervisor(
            link, delays=QUICK, on_change=lambda state, error: states.append((state, error))
        )
        supervisor.start()
        supervisor.start()
        await settle(lambda: supervisor.state is SupervisorState.UP)
        assert supervisor.reason is None
        station.send(station.station.close_link())
        await settle(lambda: len(station.clients) >= 2 and link.state is LinkState.UP)
        await settle(lambda: supervisor.state is SupervisorState.UP)
        await supervisor.stop()
    assert link.state is LinkState.DOWN
    names = [state for state, _ in states]
    assert names == [
        SupervisorState.CONNECTING,
        SupervisorState.UP,
        SupervisorState.WAITING,
        SupervisorState.CONNECTING,
        SupervisorState.UP,
        SupervisorState.STOPPED,
    ]
    assert isinstance(states[2][1], LinkLost)


async def test_keeps_the_reason_while_it_waits() -> None:
    async with UdpStation() as station:
        target = LinkTarget(SERIAL, OTHER_DID, hosts=("127.0.0.1",))
        supervisor = LinkSupervisor(make_link(station, target=target), delays=QUICK)
        connect = supervisor.link.connect
        supervisor.link.connect = lambda: connect(0.1)  # type: ignore[method-assign, assignment]
        supervisor.start()
        await settle(lambda: supervisor.state is SupervisorState.WAITING)
        assert isinstance(supervisor.reason, StationMismatch)
        await supervisor.stop()
        assert isinstance(supervisor.reason, StationMismatch)


async def test_retry_now_cuts_the_pause_short() -> None:
    async with UdpStation() as station:
        station.station.script.alive = False
        link = make_link(station)
        connect = link.connect
        link.connect = lambda: connect(0.05)  # type: ignore[method-assign, assignment]
        supervisor = LinkSupervisor(link, delays=(1000.0,))
        supervisor.start()
        await settle(lambda: supervisor.state is SupervisorState.WAITING)
        station.station.script.alive = True
        supervisor.retry_now()
        await settle(lambda: supervisor.state is SupervisorState.UP)
        await supervisor.stop()


class ScriptedLink:
    """A link whose connects end as the script says; only what the supervisor uses."""

    def __init__(self, *ends: Exception | float, by_peer: bool = True) -> None:
        self.ends = list(ends)
        self.by_peer = by_peer
        self.info: object | None = None
        self.listener: object = None
        self.connects: list[float] = []

    def subscribe(self, listener: object) -> object:
        self.listener = listener
        return lambda: None

    async def connect(self) -> object:
        loop = asyncio.get_running_loop()
        self.connects.append(loop.time())
        end = self.ends.pop(0) if self.ends else StationNotFound("off")
        if isinstance(end, Exception):
            raise end
        self.info = LinkInfo(("10.0.0.1", 1), LinkGrade.GCM, 1, 8, 0.1)

        def down() -> None:
            self.info = None
            assert callable(self.listener)
            self.listener(LinkDown(LinkLost("closed"), self.by_peer))

        loop.call_later(end, down)
        return self.info

    async def close(self) -> None:
        self.info = None


async def delays_of(*ends: Exception | float, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Run the supervisor over a script; return the pauses it made, without waiting for them."""
    pauses: list[float] = []
    enough = asyncio.Event()
    real = asyncio.timeout

    def timeout(delay: float | None) -> object:
        assert delay is not None
        pauses.append(round(delay, 3))
        if len(pauses) > len(ends):
            enough.set()
        return real(0)

    link = ScriptedLink(*ends)
    supervisor = LinkSupervisor(link, spread=lambda: 0.0)  # type: ignore[arg-type]
    monkeypatch.setattr(
        "custom_components.eufy_local.eufy.link.supervisor.asyncio.timeout", timeout
    )
    supervisor.start()
    await enough.wait()
    await supervisor.stop()
    return pauses[: len(ends)]


async def test_delays_grow_and_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [StationNotFound("off")] * 10
    assert await delays_of(*ends, monkeypatch=monkeypatch) == [*DELAYS, DELAYS[-1], DELAYS[-1]]


async def test_the_owner_is_given_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [StationMismatch("two"), StationNotFound("off")]
    assert await delays_of(*ends, monkeypatch=monkeypatch) == [OWNER_DELAY, DELAYS[1]]


async def test_a_station_without_room_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses = await delays_of(0.0, 0.0, 0.0, monkeypatch=monkeypatch)
    assert pauses == [DELAYS[0], EVICTED_DELAY, EVICTED_DELAY]


async def test_unexpected_failures_are_survived(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ends = (OSError("no network"), RuntimeError("bug"), LinkError("x"))
    assert await delays_of(*ends, monkeypatch=monkeypatch) == list(DELAYS[:3])
    assert "unexpected way" in caplog.text


async def test_a_long_link_starts_the_delays_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("custom_components.eufy_local.eufy.link.supervisor.STABLE_AFTER", 0.01)
    ends = (StationNotFound("off"), StationNotFound("off"), 0.05, StationNotFound("off"))
    pauses = await delays_of(*ends, monkeypatch=monkeypatch)
    assert pauses == [DELAYS[0], DELAYS[1], DELAYS[0], DELAYS[1]]


async def test_stop_without_start() -> None:
    async with UdpStation() as station:
        link = Link(station.gate, LinkTarget(SERIAL, DID), None, "")  # type: ignore[arg-type]
        supervisor = LinkSupervisor(link)
        await supervisor.stop()
        assert supervisor.state is SupervisorState.STOPPED
