"""The camera entity: a constant address, no wake without a viewer, a short HLS life."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from homeassistant.components.camera import (
    CameraEntityFeature,
    async_get_stream_source,
)
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, flush_store

from custom_components.eufy_local.eufy.media.live import StreamEvent
from custom_components.eufy_local.eufy.media.states import StreamState
from custom_components.eufy_local.streams import async_streams

from .conftest import MEMORY_KEY, MakeStation
from .fakes import HOMEBASE, JPEG, YARD, FakeStation

ENTITY = "camera.front_yard"


def tell(station: FakeStation, state: StreamState) -> None:
    """Let the live view of the yard be in a state."""
    live = station.cameras[YARD].live
    live.state = state
    for callback in tuple(live._subscribers):
        callback(StreamEvent.STATE)


async def test_the_address_is_there_without_waking_the_camera(
    hass: HomeAssistant, station: FakeStation
) -> None:
    source = await async_get_stream_source(hass, ENTITY)
    assert source == async_streams(hass).url(YARD)
    assert source.startswith("rtsp://127.0.0.1:")
    live = station.cameras[YARD].live
    assert live.state is StreamState.IDLE
    assert live.usage.count_today(dt.datetime.now(dt.UTC)) == 0


async def test_it_streams_but_not_for_stills(hass: HomeAssistant, station: FakeStation) -> None:
    camera = get_camera_from_entity_id(hass, ENTITY)
    assert camera.supported_features == CameraEntityFeature.STREAM
    assert camera.use_stream_for_stills is False


async def test_the_state_follows_the_live_view(hass: HomeAssistant, station: FakeStation) -> None:
    for state, shown in (
        (StreamState.STARTING, "idle"),
        (StreamState.LIVE, "streaming"),
        (StreamState.LINGERING, "streaming"),
        (StreamState.IDLE, "idle"),
    ):
        tell(station, state)
        assert hass.states.get(ENTITY).state == shown


async def test_the_hls_worker_lets_go_soon(hass: HomeAssistant, station: FakeStation) -> None:
    assert await async_setup_component(hass, "stream", {"stream": {}})
    camera = get_camera_from_entity_id(hass, ENTITY)
    stream = await camera.async_create_stream()
    assert stream is not None
    assert stream.source == async_streams(hass).url(YARD)
    assert stream.outputs()["hls"].idle_timer._timeout == 15
    assert await camera.async_create_stream() is stream
    await stream.stop()


async def test_a_new_picture_has_a_new_address(
    hass: HomeAssistant, station: FakeStation, hass_client_no_auth: Any
) -> None:
    before = hass.states.get(ENTITY).attributes["entity_picture"]
    station.picture(YARD)
    after = hass.states.get(ENTITY).attributes["entity_picture"]
    assert before != after
    client = await hass_client_no_auth()
    answer = await client.get(after)
    assert answer.status == 200
    assert await answer.read() == JPEG


async def test_codec_parameters_are_remembered(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    station.learned = 7
    for callback in tuple(station.cameras[YARD].live._subscribers):
        callback(StreamEvent.PARAMETERS)
    await flush_store(entry.runtime_data.memory._store)
    assert hass_storage[MEMORY_KEY]["data"][HOMEBASE]["learned"] == 7


async def test_what_home_assistant_2026_11_adds_is_used_where_it_is_there(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    monkeypatch.setattr("custom_components.eufy_local.camera.CAPABILITIES", SimpleNamespace)
    make_station()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    camera = get_camera_from_entity_id(hass, ENTITY)
    # The talk path is not built yet, so no button may promise it.
    assert camera._attr_camera_entity_capabilities == SimpleNamespace(two_way_audio=False)
    await hass.config_entries.async_unload(entry.entry_id)
