"""Two foreign clients against the simulator: it is a station also to those who never saw our code."""

import base64
import hashlib
import itertools
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from simulator import Home, Simulator
from simulator.home import CameraSpec, StationSpec

from .witness import needs_node, needs_python, run_node, run_python

pytestmark = pytest.mark.usefixtures("socket_enabled")

FRAMES = 20
AWAY, HOME_MODE = 0, 1


def station_and_camera(home: Home) -> tuple[StationSpec, CameraSpec]:
    station = home.stations[0]
    return station, station.cameras[0]


def wanted(simulator: Simulator, home: Home) -> dict[str, Any]:
    """What both witnesses are told: identities and keys as the cloud would have given them."""
    station, camera = station_and_camera(home)
    cipher = home.cipher(station.family.cipher_id, station.owner_id)
    return {
        "serial": station.serial,
        "did": station.did,
        "name": station.name,
        "host": "127.0.0.1",
        "search_port": simulator.network.search_port,
        "owner_id": station.owner_id,
        "guard_mode": HOME_MODE,
        "cipher_id": cipher.cipher_id,
        "ecc_private_key": cipher.ecc_private,
        "rsa_private_key": _pem(cipher.rsa_private),
        "private_key": cipher.rsa_private,
        "channel": camera.channel,
        "camera": {
            "serial": camera.serial,
            "channel": camera.channel,
            "type": camera.device_type,
        },
        "station_type": station.device_type,
        "station_firmware": station.firmware,
        "standalone": station.family.standalone,
    }


def _pem(der: str) -> str:
    key = load_der_private_key(base64.b64decode(der), None)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def assert_frames_of(simulator: Simulator, camera: CameraSpec, seen: list[str]) -> None:
    """Every frame is one of the scene's, byte for byte, in the scene's order."""
    units = simulator.clip(camera).video
    place = {hashlib.sha256(unit.data).hexdigest(): n for n, unit in enumerate(units)}
    assert len(place) == len(units)
    assert [name for name in seen if name not in place] == []
    steps = {
        (place[after] - place[before]) % len(units) for before, after in itertools.pairwise(seen)
    }
    assert steps == {1}


@needs_python
@pytest.mark.parametrize("media_key", ["rsa", "ecc"])
@pytest.mark.parametrize("family", ["homebase3", "homebase2"])
async def test_eufy_home_security_reads_arms_and_watches(family: str, media_key: str) -> None:
    home = Home.of_families([family])
    _, camera = station_and_camera(home)
    async with Simulator(home) as simulator:
        want = wanted(simulator, home)
        report = await run_python({**want, "media_key": media_key, "frames": FRAMES})
        assert report["errors"] == []
        assert report["parameters"] > 10
        assert report["mode"] == HOME_MODE
        assert report["video"]["frames"] == FRAMES
        assert_frames_of(simulator, camera, report["video"]["chunks"])


@needs_node
@pytest.mark.parametrize("family", ["homebase3", "homebase2"])
async def test_eufy_security_client_reads_arms_and_watches(family: str) -> None:
    home = Home.of_families([family])
    _, camera = station_and_camera(home)
    async with Simulator(home) as simulator:
        report = await run_node({**wanted(simulator, home), "seconds": 3})
        assert report["errors"] == []
        assert report["parameters"] > 10
        assert (report["armed"], report["mode"]) == (0, HOME_MODE)
        assert report["video"]["frames"] >= FRAMES
        assert_frames_of(simulator, camera, report["video"]["chunks"])
