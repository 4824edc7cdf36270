"""Set-up, unloading, removal, and what an entry says when it cannot be set up."""

import asyncio
import socket
from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, flush_store
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.eufy_local.const import DOMAIN
from custom_components.eufy_local.eufy.errors import KeyRejected, StationNotFound
from custom_components.eufy_local.eufy.people import Person
from custom_components.eufy_local.eufy.station_events import PeopleChanged
from custom_components.eufy_local.memory import Memory
from custom_components.eufy_local.streams import async_streams

from .conftest import MEMORY_KEY, STORAGE_KEY, MakeStation
from .fakes import DOOR, HOMEBASE, YARD, FakeStation

STREAMS_KEY = f"{DOMAIN}.streams"


async def test_set_up_contacts_no_cloud(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    assert entry.state is ConfigEntryState.LOADED
    assert not entry.runtime_data.gate.counters


async def test_unload_and_reload(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    url = async_streams(hass).url(YARD)
    await hass.config_entries.async_unload(entry.entry_id)
    assert entry.state is ConfigEntryState.NOT_LOADED
    assert station.is_stopped
    assert hass.states.get("camera.front_yard").state == "unavailable"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", int(url.split(":")[2].split("/")[0]))

    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert async_streams(hass).url(YARD) == url


async def test_a_station_that_does_not_answer_is_tried_again(
    hass: HomeAssistant, entry: MockConfigEntry, make_station: MakeStation, socket_enabled: None
) -> None:
    station = make_station(StationNotFound("no answer"))
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.reason == (
        "HomeBase: No answer in the local network: it is off, asleep, or in another network."
    )
    assert station.is_stopped
    assert async_streams(hass)._server is None


async def test_a_station_that_never_says_anything_is_not_waited_for(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    async def silent(self: FakeStation) -> None:
        """Say nothing."""

    monkeypatch.setattr(FakeStation, "start", silent)
    monkeypatch.setattr("custom_components.eufy_local.CONNECT_SECONDS", 0.01)
    make_station()
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert "Still connecting" in str(entry.reason)


async def test_lost_keys_ask_for_a_sign_in(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], socket_enabled: None
) -> None:
    del hass_storage[STORAGE_KEY]
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"


async def test_keys_of_another_account_are_not_used(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], socket_enabled: None
) -> None:
    hass_storage[STORAGE_KEY]["data"]["account_id"] = "f" * 40
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR


async def test_damaged_storage_asks_for_a_sign_in(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], socket_enabled: None
) -> None:
    hass_storage[STORAGE_KEY]["data"]["cloud"] = {}
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert "cannot be read" in str(entry.reason)
    assert hass.config_entries.flow.async_progress()


async def test_a_simulator_that_is_not_on_this_host_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "EUFY_LOCAL_SIMULATOR", '{"cloud": "http://192.0.2.1:1", "search": ["192.0.2.1", 1]}'
    )
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    assert "loopback" in str(entry.reason)


async def test_removal_deletes_everything(
    hass: HomeAssistant,
    station: FakeStation,
    entry: MockConfigEntry,
    hass_storage: dict[str, Any],
) -> None:
    station.tell(PeopleChanged())
    await flush_store(entry.runtime_data.memory._store)
    assert {STORAGE_KEY, MEMORY_KEY} <= set(hass_storage)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert STORAGE_KEY not in hass_storage
    assert MEMORY_KEY not in hass_storage
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert hass.states.async_entity_ids("camera") == []


async def test_removal_of_an_entry_that_cannot_be_read(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any], socket_enabled: None
) -> None:
    hass_storage[STORAGE_KEY]["data"]["version"] = 99
    await hass.config_entries.async_remove(entry.entry_id)
    assert STORAGE_KEY not in hass_storage


async def test_two_stations_one_of_them_away(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    from dataclasses import replace

    from .fakes import record

    first = FakeStation(record(), failure=KeyRejected("other owner"))
    other = record()
    other = replace(
        other, station=replace(other.station, serial="T8010P0000000002", name="Cellar"), devices=()
    )
    second = FakeStation(other)
    monkeypatch.setattr("custom_components.eufy_local.build_stations", lambda *_: [first, second])
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("binary_sensor.cellar_connection").state == "on"
    assert hass.states.get("binary_sensor.homebase_connection").state == "off"
    first.connect(True)
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.homebase_connection").state == "on"
    await hass.config_entries.async_unload(entry.entry_id)


async def test_only_devices_that_are_gone_can_be_removed(
    hass: HomeAssistant,
    station: FakeStation,
    entry: MockConfigEntry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    assert await async_setup_component(hass, "config", {})
    registry = dr.async_get(hass)
    old = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "T8160P0000000077")}
    )
    client = await hass_ws_client(hass)
    for serial, expected in ((HOMEBASE, False), (DOOR, False), ("T8160P0000000077", True)):
        device = registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
        answer = await client.remove_device(device.id)
        assert answer["success"] is expected
    assert registry.async_get(old.id) is None


async def test_a_taken_port_is_replaced_and_remembered(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    hass_storage: dict[str, Any],
    socket_enabled: None,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        hass_storage[STREAMS_KEY] = {
            "version": 1,
            "key": STREAMS_KEY,
            "data": {"port": port, "token": "t" * 64},
        }
        make_station()
        await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
    url = async_streams(hass).url(YARD)
    assert f":{port}/" not in url
    assert f"/{'t' * 64}/{YARD}" in url
    assert f":{hass_storage[STREAMS_KEY]['data']['port']}/" in url
    await hass.config_entries.async_unload(entry.entry_id)


async def test_private_files_are_private(hass: HomeAssistant) -> None:
    from custom_components.eufy_local.store import AccountFile

    assert AccountFile(hass, "x")._store._private
    assert async_streams(hass)._store._private


async def test_options_are_checked_and_reload_the_entry(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    result = await hass.config_entries.options.async_init(entry.entry_id)
    assert result["step_id"] == "init"
    given = {"detection_reset": 30, "person_names": True, "hosts": ["example.com"]}
    result = await hass.config_entries.options.async_configure(result["flow_id"], given)
    assert result["errors"] == {"hosts": "host_invalid"}
    given["hosts"] = ["10.0.0.7"]
    result = await hass.config_entries.options.async_configure(result["flow_id"], given)
    await hass.async_block_till_done()
    assert entry.options == given
    assert station.is_stopped
    assert entry.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("names", [True, False])
async def test_what_was_learned_is_kept_without_names_if_they_are_not_wanted(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    hass_storage: dict[str, Any],
    socket_enabled: None,
    names: bool,
) -> None:
    hass.config_entries.async_update_entry(entry, options={"person_names": names})
    station = make_station()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    station.people.replace_library([Person(id="1", name="Alice")])
    station.learned = 5
    await hass.config_entries.async_unload(entry.entry_id)
    kept = hass_storage[MEMORY_KEY]["data"][HOMEBASE]
    assert kept["learned"] == 5
    assert ("Alice" in str(kept)) is names
    memory = Memory(hass, entry)
    await memory.async_load()
    assert memory.of(HOMEBASE) == kept
    assert memory.of("T8010P0000000002") is None
