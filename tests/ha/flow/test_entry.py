"""Set-up from the stations on: what does not answer, one entry per account, signing in again."""

import json
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.eufy_local.const import CONF_STORE, DOMAIN
from custom_components.eufy_local.eufy.errors import (
    EufyError,
    HandshakeFailed,
    StationMismatch,
    StationNotFound,
)
from custom_components.eufy_local.store import store_key
from simulator.cloud import FakeCloud, device_entry, single_home

from ..cloud import EMAIL, OTHER_EMAIL, OTHER_ID, OWNER, PASSWORD, STATION, entries
from ..fakes import FakeStation
from .conftest import STORE, USER_INPUT, Lan, begin, finish, is_form, send, sign_in_again, wait

# --- stations that do not answer ----------------------------------------------------------


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (StationNotFound("no answer"), "No answer in the local network"),
        (StationMismatch("foreign"), "Something answered in place of the station"),
        (HandshakeFailed("no keys"), "The station answered the search but not the key exchange"),
    ],
)
async def test_the_reason_is_shown_for_each_station(
    hass: HomeAssistant, cloud: FakeCloud, lan: Lan, failure: EufyError, sentence: str
) -> None:
    lan.failure = failure
    result = await wait(hass, await begin(hass))
    assert result["menu_options"] == ["finish", "connect", "hosts"]
    summary = result["description_placeholders"]["summary"]
    assert f"❌ **{STATION.name}**" in summary
    assert sentence in summary


async def test_searching_again(hass: HomeAssistant, cloud: FakeCloud, lan: Lan) -> None:
    lan.failure = StationNotFound("no answer")
    result = await wait(hass, await begin(hass))
    lan.failure = None
    result = await wait(hass, await send(hass, result, {"next_step_id": "connect"}))
    assert result["menu_options"] == ["finish"]
    assert "connected in 0.2 s" in result["description_placeholders"]["summary"]


async def test_a_typed_address_is_asked_and_kept(
    hass: HomeAssistant, cloud: FakeCloud, lan: Lan
) -> None:
    lan.failure = StationNotFound("no answer")
    result = await wait(hass, await begin(hass))
    result = await send(hass, result, {"next_step_id": "hosts"})
    assert is_form(result, "hosts")
    result = await send(hass, result, {"hosts": ["8.8.8.8", "homebase", "192.168.1.5"]})
    assert result["errors"] == {"hosts": "host_invalid"}
    assert result["description_placeholders"]["reason"] == "8.8.8.8, homebase"
    lan.failure = None
    result = await send(hass, result, {"hosts": ["192.168.1.5", " 192.168.1.5 ", ""]})
    result = await finish(hass, result)
    assert lan.options[-1]["hosts"] == ["192.168.1.5"]
    assert result["result"].options == {"hosts": ["192.168.1.5"]}


async def test_finishing_without_any_station_tries_again_later(
    hass: HomeAssistant, cloud: FakeCloud, lan: Lan
) -> None:
    lan.failure = StationNotFound("no answer")
    result = await finish(hass, await begin(hass))
    entry = result["result"]
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "not_ready"
    assert "No answer in the local network" in str(entry.reason)


async def test_markdown_in_a_name_is_harmless(hass: HomeAssistant, cloud: FakeCloud) -> None:
    listed = entries()
    listed[0]["device_name"] = "**big** [x](http://a.example) <b>"
    cloud.services._lists[EMAIL] = single_home(listed, OWNER)
    result = await wait(hass, await begin(hass))
    summary = result["description_placeholders"]["summary"]
    assert "](" not in summary
    assert "<b>" not in summary
    assert "\\*\\*big" in summary


# --- one entry per account ----------------------------------------------------------------


async def test_the_same_address_again(hass: HomeAssistant, cloud: FakeCloud) -> None:
    await finish(hass, await begin(hass))
    calls = cloud.counters["login"]
    result = await begin(hass, email=EMAIL.upper())
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert cloud.counters["login"] == calls


async def test_the_same_account_under_another_address(
    hass: HomeAssistant, cloud: FakeCloud, hass_storage: dict[str, Any]
) -> None:
    MockConfigEntry(
        domain=DOMAIN, unique_id=OWNER, data={"email": "old@example.com", CONF_STORE: "old"}
    ).add_to_hass(hass)
    result = await begin(hass)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    await hass.async_block_till_done()
    assert hass_storage[STORE]["data"]["account_id"] == ""


async def test_a_cancelled_flow_leaves_no_keys(
    hass: HomeAssistant, cloud: FakeCloud, hass_storage: dict[str, Any]
) -> None:
    result = await wait(hass, await begin(hass))
    assert hass_storage[STORE]["data"]["keys"]
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    data = hass_storage[STORE]["data"]
    assert data["keys"] == []
    assert data["cloud"]["access"] is None
    assert data["stations"]["stations"] == []
    assert data["cloud"]["openudid"]
    await finish(hass, await begin(hass))
    assert hass_storage[STORE]["data"]["cloud"]["openudid"] == data["cloud"]["openudid"]


async def test_cancelling_while_connecting(
    hass: HomeAssistant, cloud: FakeCloud, lan: Lan, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    async def for_ever(self: FakeStation, seconds: float) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(FakeStation, "connect_once", for_ever)
    result = await begin(hass)
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    await asyncio.sleep(0)
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert [station.is_stopped for station in lan.stations] == [True]


# --- signing in again ---------------------------------------------------------------------


async def test_reauth(hass: HomeAssistant, cloud: FakeCloud, lan: Lan) -> None:
    entry = (await finish(hass, await begin(hass)))["result"]
    result = await sign_in_again(hass, entry, SOURCE_REAUTH)
    assert is_form(result, "reauth_confirm")
    assert result["description_placeholders"]["email"] == EMAIL
    result = await send(hass, result, {"password": "not it"})
    assert is_form(result, "reauth_confirm", "wrong_credentials")
    result = await send(hass, result, {"password": PASSWORD})
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert entry.runtime_data.account.signed_in


async def test_reauth_after_a_take_over_says_why(hass: HomeAssistant, cloud: FakeCloud) -> None:
    entry = (await finish(hass, await begin(hass)))["result"]
    cloud.kick(EMAIL)
    with pytest.raises(EufyError):
        await entry.runtime_data.account.refresh()
    result = await sign_in_again(hass, entry, SOURCE_REAUTH)
    assert is_form(result, "reauth_taken_over")
    result = await send(hass, result, {"password": PASSWORD})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()


async def test_reauth_when_the_keys_are_gone(
    hass: HomeAssistant, cloud: FakeCloud, hass_storage: dict[str, Any]
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=OWNER,
        data={"email": EMAIL, "country": "US", CONF_STORE: store_key(EMAIL)},
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.SETUP_ERROR
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["step_id"] == "reauth_confirm"
    result = await send(hass, flow, {"password": PASSWORD})
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED


async def test_reauth_with_another_account_when_the_keys_are_gone(
    hass: HomeAssistant, cloud: FakeCloud, hass_storage: dict[str, Any]
) -> None:
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="e" * 40,
        data={"email": EMAIL, "country": "US", CONF_STORE: store_key(EMAIL)},
    )
    entry.add_to_hass(hass)
    hass_storage[STORE] = {"version": 1, "key": STORE, "data": {"version": 99}}
    await hass.config_entries.async_setup(entry.entry_id)
    (flow,) = hass.config_entries.flow.async_progress()
    result = await send(hass, flow, {"password": PASSWORD})
    assert is_form(result, "reauth_confirm", "wrong_account")
    assert hass_storage[STORE]["data"]["keys"] == []


async def test_a_damaged_file_does_not_stop_a_new_set_up(
    hass: HomeAssistant, cloud: FakeCloud, hass_storage: dict[str, Any]
) -> None:
    hass_storage[STORE] = {"version": 1, "key": STORE, "data": {"version": 99}}
    await finish(hass, await begin(hass))
    assert hass_storage[STORE]["data"]["account_id"] == OWNER


async def test_reconfigure_reads_the_account_again(hass: HomeAssistant, cloud: FakeCloud) -> None:
    entry = (await finish(hass, await begin(hass)))["result"]
    listed = entries()
    listed.append(
        device_entry(
            "T8170P0000000009",
            48,
            "Garden",
            owner_id=OWNER,
            house_id="house-0001",
            parent=STATION.serial,
            channel=5,
        )
    )
    cloud.services._lists[EMAIL] = single_home(listed, OWNER)
    result = await sign_in_again(hass, entry, SOURCE_RECONFIGURE)
    assert is_form(result, "reconfigure")
    result = await send(hass, result, USER_INPUT)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert hass.states.get("camera.garden") is not None


@pytest.mark.parametrize("accept", [True, False])
async def test_new_stations_are_offered_never_added(
    hass: HomeAssistant, cloud: FakeCloud, accept: bool
) -> None:
    entry = (await finish(hass, await begin(hass)))["result"]
    new = "T8010P0000000009"
    listed = [
        *entries(),
        device_entry(
            new, 0, "Second home", owner_id=OWNER, house_id="house-0001", did="SIMULAB-000009-ABCDE"
        ),
    ]
    cloud.services._lists[EMAIL] = single_home(listed, OWNER)
    result = await sign_in_again(hass, entry, SOURCE_RECONFIGURE)
    result = await send(hass, result, USER_INPUT)
    assert result["step_id"] == "accept"
    (selector,) = result["data_schema"].schema.values()
    assert [option["label"] for option in selector.config["options"]] == ["Second home (T8010…)"]
    result = await send(hass, result, {"accept": [new] if accept else []})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert (new in entry.runtime_data.stations) is accept


async def test_reconfigure_with_another_account(hass: HomeAssistant, cloud: FakeCloud) -> None:
    entry = (await finish(hass, await begin(hass)))["result"]
    cloud.services._lists[OTHER_EMAIL] = single_home(entries(OTHER_ID), OTHER_ID)
    result = await sign_in_again(hass, entry, SOURCE_RECONFIGURE)
    result = await send(hass, result, USER_INPUT | {"email": OTHER_EMAIL})
    assert is_form(result, "reconfigure", "wrong_account")
    hass.config_entries.flow.async_abort(result["flow_id"])
    await hass.async_block_till_done()
    assert entry.data["email"] == EMAIL
    assert entry.runtime_data.stations.keys() == {STATION.serial}


def test_every_error_of_the_account_has_a_sentence() -> None:
    from custom_components.eufy_local.eufy.account import EXPLANATIONS

    folder = Path(__file__).parents[3] / "custom_components" / "eufy_local"
    texts = json.loads((folder / "strings.json").read_text())["config"]["error"]
    assert set(EXPLANATIONS) <= set(texts)
