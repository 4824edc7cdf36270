"""The whole simulator on real sockets: search, cloud, control interface, command line."""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from custom_components.eufy_local.eufy.net.override import LoopbackOverride
from custom_components.eufy_local.eufy.wire.datagram import decode_datagram, encode_lan_search
from custom_components.eufy_local.eufy.wire.did import Did
from simulator.cloud import Challenge, CloudOptions
from simulator.control import Control
from simulator.families import FAMILIES
from simulator.home import Home
from simulator.network import BROADCAST, HOST
from simulator.simulator import Simulator

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def running(socket_enabled: None) -> AsyncIterator[Simulator]:
    async with Simulator(Home.demo()) as simulator:
        yield simulator


async def search(simulator: Simulator, host: str, seconds: float = 0.3) -> list[tuple[str, int]]:
    """(DID, port) of whoever answers."""
    loop = asyncio.get_running_loop()
    found: list[tuple[str, int]] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sock.bind((HOST, 0))
        sock.sendto(encode_lan_search(), (host, simulator.network.search_port))
        try:
            async with asyncio.timeout(seconds):
                while True:
                    data, address = await loop.sock_recvfrom(sock, 2048)
                    did = Did.from_bytes(decode_datagram(data).payload)
                    found.append((str(did), address[1]))
        except TimeoutError:
            return found


@pytest.mark.parametrize("host", [HOST, BROADCAST])
async def test_a_search_is_answered_from_a_random_port(running: Simulator, host: str) -> None:
    ((did, port),) = await search(running, host)
    assert did == running.home.stations[0].did
    assert port != running.network.search_port


async def test_several_stations_answer_one_search(socket_enabled: None) -> None:
    names = [name for name in FAMILIES if not FAMILIES[name].sleeps]
    async with Simulator(Home.of_families(names)) as simulator:
        found = await search(simulator, BROADCAST)
    assert {did for did, _ in found} == {spec.did for spec in simulator.home.stations}
    assert len({port for _, port in found}) == len(names)


async def test_the_override_is_one_that_the_client_accepts(running: Simulator) -> None:
    override = LoopbackOverride.parse(running.override)
    assert override.search == (BROADCAST, running.network.search_port)
    async with aiohttp.ClientSession() as http, http.post(override.cloud + "/nothing") as answer:
        assert answer.status in {200, 400, 404}
    assert running.cloud.total == 1


async def test_a_taken_search_port_is_an_error(running: Simulator) -> None:
    with pytest.raises(OSError, match="in use"):
        async with Simulator(Home.demo(), search_port=running.network.search_port):
            pass


async def test_the_override_is_not_there_before_the_start() -> None:
    with pytest.raises(RuntimeError):
        _ = Simulator(Home.demo()).override


@pytest.fixture
async def control(running: Simulator) -> AsyncIterator[tuple[aiohttp.ClientSession, str]]:
    interface = Control(running)
    base = await interface.start()
    async with aiohttp.ClientSession() as http:
        yield http, base
    await interface.stop()


async def call(
    control: tuple[aiohttp.ClientSession, str], path: str, body: Any = None, status: int = 200
) -> Any:
    http, base = control
    method = "GET" if body is None else "POST"
    async with http.request(method, f"{base}/{path}", json=body) as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def test_a_detection_is_told_and_counted(
    running: Simulator, control: tuple[aiohttp.ClientSession, str]
) -> None:
    told = await call(
        control, "detect", {"camera": "front_door", "kind": "known", "person": "Alice"}
    )
    assert told["kind"] == "known_face"
    assert told["camera"] == running.home.find_camera("front_door").serial
    assert abs(told["time_ms"] / 1000 - time.time()) < 5
    counters = await call(control, "counters")
    (station,) = counters["stations"].values()
    assert station["detections"] == 1


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("detect", {"camera": "cellar", "kind": "motion"}, 404),
        ("detect", {"camera": "hall", "kind": "dragon"}, 400),
        ("detect", {"camera": "hall", "kind": "known", "person": "Nobody"}, 404),
        ("detect", {"kind": "motion"}, 404),
        ("guard", {"mode": "home"}, 400),
        ("guard", {"mode": 1, "station": "T0000"}, 404),
        ("faults", {"colour": "red"}, 400),
        ("faults", {"loss": "much"}, 400),
        ("faults", {"ecc": "never"}, 400),
        ("faults", [1], 400),
    ],
)
async def test_a_wrong_call_says_what_is_wrong(
    control: tuple[aiohttp.ClientSession, str], path: str, body: Any, status: int
) -> None:
    assert (await call(control, path, body, status))["error"]


async def test_faults_are_set_by_name_and_all_or_none(
    running: Simulator, control: tuple[aiohttp.ClientSession, str]
) -> None:
    faults = running.station().faults
    await call(control, "faults", {"loss": 0.1, "silent": "yes"}, 400)
    assert faults.loss == 0.0
    await call(
        control,
        "faults",
        {
            "loss": 0.1,
            "silent": True,
            "ecc": "all",
            "handshake": "rsa_clear",
            "answers": {"1003": {"code": -204, "after": 12.3}},
        },
    )
    assert (faults.loss, faults.silent, faults.ecc) == (0.1, True, "all")
    assert faults.handshake == "rsa_clear"
    assert faults.answers[1003].code == -204


async def test_the_guard_mode_is_changed_at_the_station(
    control: tuple[aiohttp.ClientSession, str],
) -> None:
    await call(control, "guard", {"mode": 1})
    (station,) = (await call(control, "state"))["stations"].values()
    assert station["guard_mode"] == 1


async def test_clock_and_picture_belong_together(
    running: Simulator, control: tuple[aiohttp.ClientSession, str]
) -> None:
    clock = await call(control, "clock?camera=hall")
    assert clock["frame"] >= 0
    http, base = control
    async with http.get(f"{base}/picture?camera=hall&frame=31") as answer:
        assert answer.content_type == "image/png"
        assert (await answer.read()).startswith(b"\x89PNG")


async def test_code_and_captcha_come_from_the_cloud(socket_enabled: None) -> None:
    options = CloudOptions(challenge=Challenge.BOTH, verify_code="135791")
    async with Simulator(Home.demo(), options=options) as simulator:
        interface = Control(simulator)
        base = await interface.start()
        async with aiohttp.ClientSession() as http:
            assert (await call((http, base), "code")) == {"code": "135791"}
            assert "answer" in await call((http, base), "captcha")
        await interface.stop()


async def test_the_command_line_runs_without_home_assistant(socket_enabled: None) -> None:
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "run", "--challenge", "code",
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            ready = json.loads(await process.stdout.readline())
        assert ready["ready"] is True
        assert ready["account"]["email"] == "demo@example.com"
        assert set(ready["cameras"]) == {"front_yard", "hall", "front_door"}
        LoopbackOverride.parse(ready["override"])
        detect = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulator", "detect", "--control", ready["control"],
            "--camera", "front_door", "--kind", "ring",
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, _ = await detect.communicate()
        assert json.loads(out)["kind"] == "doorbell_ring"
        assert detect.returncode == 0
    finally:
        process.terminate()
        await process.wait()
    assert process.returncode == 0
    assert time.monotonic() - began < 30
