"""The integration as an owner meets it: real flow, real links, real frames, simulated devices."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import av
import pytest
from homeassistant.components.camera import async_get_image as async_get_camera_image
from homeassistant.components.camera import async_get_stream_source
from homeassistant.components.image import async_get_image
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from custom_components.eufy_local.const import DOMAIN
from custom_components.eufy_local.diagnostics import async_get_config_entry_diagnostics
from simulator import Simulator
from simulator.families import Handshake
from simulator.faults import Impostor

SECONDS = 15.0
"""How long anything in a simulated home may take on a busy machine."""


async def until(hass: HomeAssistant, true: Callable[[], Any]) -> Any:
    """Wait until something is so."""
    async with asyncio.timeout(SECONDS):
        while not (found := true()):  # noqa: ASYNC110 (states have no event to wait for)
            await asyncio.sleep(0.01)
    await hass.async_block_till_done()
    return found


def state(hass: HomeAssistant, entity_id: str) -> str | None:
    """Return a state."""
    found = hass.states.get(entity_id)
    return None if found is None else found.state


@pytest.fixture
async def simulator(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Simulator]:
    """Run the demonstration home; what a test leaves set up is unloaded."""
    async with Simulator() as simulator:
        monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", simulator.override)
        yield simulator
        for flow in hass.config_entries.flow.async_progress():
            hass.config_entries.flow.async_abort(flow["flow_id"])
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state.recoverable:
                await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def search(hass: HomeAssistant, simulator: Simulator) -> str:
    """Walk through the config flow and return what it says of the stations."""
    return str((await _to_the_stations(hass, simulator))["description_placeholders"]["summary"])


async def _to_the_stations(hass: HomeAssistant, simulator: Simulator) -> ConfigFlowResult:
    account = simulator.home.account
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"],
        {"email": account.email, "password": account.password, "country": account.country},
    )
    assert result["type"] is FlowResultType.SHOW_PROGRESS, result
    await hass.async_block_till_done()
    result = await hass.config_entries.flow.async_configure(result["flow_id"])
    assert result["type"] is FlowResultType.MENU
    return result


async def set_up(hass: HomeAssistant, simulator: Simulator) -> ConfigEntry:
    """Walk through the config flow and return the entry."""
    result = await _to_the_stations(hass, simulator)
    assert "✅" in result["description_placeholders"]["summary"], result
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "finish"}
    )
    await hass.async_block_till_done()
    entry: ConfigEntry = result["result"]
    assert entry.state is ConfigEntryState.LOADED, entry.reason
    return entry


@pytest.fixture
async def home(hass: HomeAssistant, simulator: Simulator) -> Simulator:
    """Set the integration up in the simulated home."""
    await set_up(hass, simulator)
    return simulator


@pytest.fixture
def entry(hass: HomeAssistant, home: Simulator) -> ConfigEntry:
    """Return the entry of the simulated home."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return entry


async def test_a_known_face_reaches_home_assistant_with_its_name(
    hass: HomeAssistant, home: Simulator
) -> None:
    home.detect("front_door", "known", "Alice")
    await until(hass, lambda: state(hass, "sensor.front_door_last_recognised_person") == "Alice")
    face = hass.states.get("event.front_door_face")
    assert face.attributes["event_type"] == "known"
    assert face.attributes["person"] == "Alice"
    assert face.attributes["source"] == "p2p"
    assert face.attributes["authenticated"] is True
    assert state(hass, "binary_sensor.front_door_person") == "on"


@pytest.mark.parametrize(
    ("camera", "kind", "entity_id"),
    [
        ("front_yard", "motion", "binary_sensor.front_yard_motion"),
        ("hall", "person", "binary_sensor.hall_person"),
        ("front_door", "ring", "binary_sensor.front_door_doorbell"),
        ("front_yard", "vehicle", "binary_sensor.front_yard_vehicle"),
    ],
)
async def test_detections_turn_their_sensors_on(
    hass: HomeAssistant, home: Simulator, camera: str, kind: str, entity_id: str
) -> None:
    assert state(hass, entity_id) == "off"
    home.detect(camera, kind)
    await until(hass, lambda: state(hass, entity_id) == "on")


async def test_a_stranger_and_a_ring(hass: HomeAssistant, home: Simulator) -> None:
    home.detect("front_door", "stranger")
    home.detect("front_door", "ring")
    await until(hass, lambda: state(hass, "event.front_door_doorbell") != "unknown")
    await until(hass, lambda: state(hass, "sensor.front_door_last_recognised_person") == "stranger")


async def test_the_picture_of_a_detection_is_shown(hass: HomeAssistant, home: Simulator) -> None:
    home.detect("front_yard", "person")
    await until(hass, lambda: state(hass, "image.front_yard_last_event") != "unknown")
    image = (await async_get_image(hass, "image.front_yard_last_event")).content
    assert image.startswith(b"\xff\xd8")
    assert (await async_get_camera_image(hass, "camera.front_yard")).content == image


async def test_the_live_view_can_be_played(hass: HomeAssistant, home: Simulator) -> None:
    source = await async_get_stream_source(hass, "camera.front_door")

    def play() -> tuple[str, int]:
        with av.open(source, options={"rtsp_transport": "tcp"}, timeout=SECONDS) as stream:
            for frame in stream.decode(video=0):
                return stream.streams.video[0].codec_context.name, frame.width
        return "", 0

    codec, width = await asyncio.get_running_loop().run_in_executor(None, play)
    assert codec == "h264"
    assert width > 0
    assert state(hass, "camera.front_door") == "streaming"


async def test_the_guard_mode_is_shown_and_set(hass: HomeAssistant, home: Simulator) -> None:
    panel = "alarm_control_panel.homebase_guard"
    await until(hass, lambda: state(hass, panel) not in (None, "unknown"))
    for service, shown, selected in (
        ("alarm_arm_away", "armed_away", "away"),
        ("alarm_disarm", "disarmed", "disarmed"),
    ):
        await hass.services.async_call(
            "alarm_control_panel", service, {"entity_id": panel}, blocking=True
        )
        await until(hass, lambda shown=shown: state(hass, panel) == shown)
        assert state(hass, "select.homebase_guard_mode") == selected
    home.set_guard_mode(1)
    await until(hass, lambda: state(hass, panel) == "armed_home")


async def test_a_dropped_link_comes_back(hass: HomeAssistant, home: Simulator) -> None:
    connection = "binary_sensor.homebase_connection"
    assert state(hass, connection) == "on"
    home.drop_links()
    await until(hass, lambda: state(hass, connection) == "off")
    assert state(hass, "camera.front_door") == "unavailable"
    await until(hass, lambda: state(hass, connection) == "on")
    home.detect("front_door", "ring")
    await until(hass, lambda: state(hass, "event.front_door_doorbell") not in ("unknown", None))
    assert not ir.async_get(hass).issues


async def test_a_restart_makes_no_cloud_call(
    hass: HomeAssistant, home: Simulator, entry: ConfigEntry
) -> None:
    before = home.counters["cloud_total"]
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    home.detect("hall", "person")
    await until(hass, lambda: state(hass, "binary_sensor.hall_person") == "on")
    assert home.counters["cloud_total"] == before


async def test_diagnostics_of_a_running_home_tell_no_secret(
    hass: HomeAssistant, home: Simulator, entry: ConfigEntry
) -> None:
    home.detect("front_door", "known", "Alice")
    await until(hass, lambda: state(hass, "sensor.front_door_last_recognised_person") == "Alice")
    text = str(await async_get_config_entry_diagnostics(hass, entry))
    spec = home.home.stations[0]
    secrets = [
        home.home.account.email,
        home.home.account.user_id,
        spec.serial,
        spec.did,
        spec.name,
        "Alice",
        *(camera.serial for camera in spec.cameras),
        *(cipher.ecc_private for cipher in home.home.ciphers),
    ]
    assert [secret for secret in secrets if secret in text] == []
    assert "'grade': 'gcm'" in text


async def test_nothing_of_it_is_left_after_removal(
    hass: HomeAssistant, home: Simulator, entry: ConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    left = {key: value for key, value in hass_storage.items() if key.startswith(DOMAIN)}
    assert set(left) == {f"{DOMAIN}.streams"}


# --- what goes wrong --------------------------------------------------------------------


def damage(simulator: Simulator, **faults: Any) -> None:
    """Turn faults of the only station on."""
    (station,) = simulator.stations.values()
    for name, value in faults.items():
        assert hasattr(station.faults, name)
        setattr(station.faults, name, value)


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        ({"unreachable": True}, "No answer in the local network"),
        ({"impostor": Impostor.FOREIGN_DID}, "with another identity"),
        ({"no_reply": True}, "answered the search but not the key exchange"),
        ({"wrap_for_other_key": True}, "The stored key does not open the station"),
    ],
    ids=["off", "foreign DID", "no handshake", "other key"],
)
async def test_the_flow_says_why_a_station_is_not_connected(
    hass: HomeAssistant,
    simulator: Simulator,
    monkeypatch: pytest.MonkeyPatch,
    faults: dict[str, Any],
    sentence: str,
) -> None:
    monkeypatch.setattr("custom_components.eufy_local.config_flow.CONNECT_SECONDS", 3.0)
    damage(simulator, **faults)
    summary = await search(hass, simulator)
    assert "❌" in summary
    assert sentence in summary


async def test_a_link_that_breaks_in_a_view_does_not_end_the_view(
    hass: HomeAssistant, home: Simulator
) -> None:
    source = await async_get_stream_source(hass, "camera.hall")
    loop = asyncio.get_running_loop()
    playing, dropped = asyncio.Event(), threading.Event()

    def play() -> int:
        frames_after = 0
        with av.open(source, options={"rtsp_transport": "tcp"}, timeout=SECONDS) as stream:
            for frame in stream.decode(video=0):
                loop.call_soon_threadsafe(playing.set)
                frames_after += dropped.is_set() and frame.key_frame
                if frames_after >= 2:
                    break
        return frames_after

    view = loop.run_in_executor(None, play)
    async with asyncio.timeout(SECONDS):
        await playing.wait()
        home.drop_links()
        dropped.set()
        assert await view == 2


async def test_a_key_that_does_not_fit_any_more_is_one_repair(
    hass: HomeAssistant, home: Simulator, entry: ConfigEntry
) -> None:
    calls = home.counters["cloud"].get("login", 0)
    damage(home, wrap_for_other_key=True)
    home.drop_links()
    await until(hass, lambda: ir.async_get(hass).issues)
    assert [issue.translation_key for issue in ir.async_get(hass).issues.values()] == [
        "key_refused"
    ]
    assert home.counters["cloud"].get("login", 0) == calls
    assert hass.config_entries.flow.async_progress() == []


async def test_a_weaker_link_is_refused_after_a_strong_one(
    hass: HomeAssistant, home: Simulator, entry: ConfigEntry
) -> None:
    damage(home, handshake=Handshake.RSA_ECB)
    await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "weaker protection" in str(entry.reason)
