"""One clear repair for a station that stays away, and the ways out of it."""

import datetime as dt
from typing import Any

import pytest
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.eufy_local.const import DOMAIN
from custom_components.eufy_local.eufy.account import Account
from custom_components.eufy_local.eufy.errors import (
    AccountTakenOver,
    CloudUnreachable,
    EufyError,
    KeyRejected,
    StationNotFound,
)

from .conftest import MakeStation
from .fakes import HOMEBASE, FakeStation


def issues(hass: HomeAssistant) -> list[ir.IssueEntry]:
    """Return the repairs of this integration."""
    return [issue for issue in ir.async_get(hass).issues.values() if issue.domain == DOMAIN]


async def pass_time(hass: HomeAssistant, freezer: Any, minutes: float) -> None:
    """Let timers that are due in that time run."""
    freezer.tick(dt.timedelta(minutes=minutes))
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


@pytest.fixture
async def repairs(hass: HomeAssistant) -> None:
    """Set repairs up."""
    assert await async_setup_component(hass, "repairs", {})


async def start_fix(hass: HomeAssistant) -> dict[str, Any]:
    """Open the fix of the only issue."""
    (issue,) = issues(hass)
    manager = repairs_flow_manager(hass)
    assert manager is not None
    return await manager.async_init(DOMAIN, data={"issue_id": issue.issue_id})


async def send(hass: HomeAssistant, result: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Answer a form of a fix."""
    manager = repairs_flow_manager(hass)
    assert manager is not None
    return await manager.async_configure(result["flow_id"], data)


async def test_a_short_absence_is_no_repair(
    hass: HomeAssistant, station: FakeStation, freezer: Any
) -> None:
    station.connect(False, "link_lost")
    await pass_time(hass, freezer, 14)
    station.connect(True)
    await pass_time(hass, freezer, 60)
    assert issues(hass) == []


async def test_a_long_absence_is_one_repair_that_ends_by_itself(
    hass: HomeAssistant, station: FakeStation, freezer: Any
) -> None:
    station.connect(False, "link_lost")
    await pass_time(hass, freezer, 10)
    station.connect(False, "station_not_found")
    await pass_time(hass, freezer, 6)
    (issue,) = issues(hass)
    assert issue.translation_key == "station_missing"
    assert issue.translation_placeholders == {
        "station": "HomeBase",
        "reason": "No answer in the local network: it is off, asleep, or in another network.",
    }
    station.connect(False, "station_not_found")
    await pass_time(hass, freezer, 60)
    assert len(issues(hass)) == 1
    station.connect(True)
    assert issues(hass) == []


async def test_the_absence_counts_over_repeated_set_up(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    freezer: Any,
    socket_enabled: None,
) -> None:
    make_station(StationNotFound("no answer"))
    await hass.config_entries.async_setup(entry.entry_id)
    for _ in range(4):
        await pass_time(hass, freezer, 5)
        assert entry.state is ConfigEntryState.SETUP_RETRY
    assert [issue.translation_key for issue in issues(hass)] == ["station_missing"]
    make_station()
    await pass_time(hass, freezer, 5)
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


async def test_a_typed_address_is_taken(
    hass: HomeAssistant,
    repairs: None,
    station: FakeStation,
    entry: MockConfigEntry,
    freezer: Any,
) -> None:
    station.connect(False, "station_not_found")
    await pass_time(hass, freezer, 16)
    result = await start_fix(hass)
    assert result["step_id"] == "confirm"
    assert result["description_placeholders"]["station"] == "HomeBase"
    result = await send(hass, result, {"host": "8.8.8.8"})
    assert result["errors"] == {"host": "host_invalid"}
    station.failure = None
    result = await send(hass, result, {"host": "192.168.7.7"})
    assert result["type"] == "create_entry"
    await hass.async_block_till_done()
    assert entry.options["hosts"] == ["192.168.7.7"]
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == []


@pytest.mark.parametrize("reason", ["key_rejected", "key_unavailable"])
async def test_a_refused_key_is_said_at_once_and_once(
    hass: HomeAssistant, station: FakeStation, freezer: Any, reason: str
) -> None:
    for _ in range(3):
        station.connect(False, reason)
    await pass_time(hass, freezer, 60)
    assert [issue.translation_key for issue in issues(hass)] == ["key_refused"]
    assert hass.config_entries.flow.async_progress() == []
    station.connect(True)
    assert issues(hass) == []


async def test_a_refused_key_while_nothing_is_set_up(
    hass: HomeAssistant,
    repairs: None,
    entry: MockConfigEntry,
    make_station: MakeStation,
    monkeypatch: pytest.MonkeyPatch,
    socket_enabled: None,
) -> None:
    make_station(KeyRejected("other owner"))
    await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    read: list[str] = []

    async def refresh(self: Account) -> None:
        read.append(self.account_id)

    monkeypatch.setattr(Account, "refresh", refresh)
    result = await start_fix(hass)
    make_station()
    result = await send(hass, result, {})
    assert result["type"] == "create_entry"
    await hass.async_block_till_done()
    assert read == [entry.unique_id]
    assert entry.state is ConfigEntryState.LOADED
    assert issues(hass) == []
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize(
    ("error", "key", "asks"),
    [
        (CloudUnreachable("no answer"), "cloud_unreachable", False),
        (AccountTakenOver("by a phone", 26084), "account_taken_over", True),
    ],
)
async def test_fetching_keys_can_fail(
    hass: HomeAssistant,
    repairs: None,
    station: FakeStation,
    monkeypatch: pytest.MonkeyPatch,
    error: EufyError,
    key: str,
    asks: bool,
) -> None:
    async def refresh(self: Account) -> None:
        raise error

    monkeypatch.setattr(Account, "refresh", refresh)
    station.connect(False, "key_rejected")
    result = await start_fix(hass)
    result = await send(hass, result, {})
    assert result["errors"] == {"base": key}
    await hass.async_block_till_done()
    assert bool(hass.config_entries.flow.async_progress()) is asks
    assert len(issues(hass)) == 1


async def test_a_fix_after_the_entry_is_gone(
    hass: HomeAssistant, repairs: None, station: FakeStation, entry: MockConfigEntry
) -> None:
    station.connect(False, "key_rejected")
    result = await start_fix(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert issues(hass) == []
    result = await send(hass, result, {})
    assert (result["type"], result["reason"]) == ("abort", "entry_gone")


async def test_a_missing_station_whose_entry_is_gone(
    hass: HomeAssistant, repairs: None, station: FakeStation, entry: MockConfigEntry, freezer: Any
) -> None:
    station.connect(False, "station_not_found")
    await pass_time(hass, freezer, 16)
    result = await start_fix(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    result = await send(hass, result, {"host": ""})
    assert (result["type"], result["reason"]) == ("abort", "entry_gone")


async def test_a_lost_sign_in_asks_once(hass: HomeAssistant, station: FakeStation) -> None:
    for _ in range(3):
        station.connect(False, "account_taken_over")
        await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    assert issues(hass) == []


def test_issue_ids_tell_stations_apart() -> None:
    from custom_components.eufy_local.issues import issue_id

    assert issue_id("a", "entry", HOMEBASE) != issue_id("a", "entry", "T8010P0000000002")
