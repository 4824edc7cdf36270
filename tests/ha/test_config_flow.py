"""Every way through set-up, against the simulated cloud; stations are fakes that answer or not."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigEntryState,
    ConfigFlowResult,
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
from simulator.cloud import Challenge, Effect, FakeCloud, Fault, device_entry, single_home

from .cloud import EMAIL, OTHER_EMAIL, OTHER_ID, OWNER, PASSWORD, STATION, entries, running_cloud
from .fakes import FakeStation

USER_INPUT = {"email": EMAIL, "password": PASSWORD, "country": "US"}
STORE = f"{DOMAIN}.account.{store_key(EMAIL)}"


class Lan:
    """Which stations answer, and which addresses they were asked at."""

    def __init__(self) -> None:
        self.failure: EufyError | None = None
        self.options: list[dict[str, Any]] = []
        self.stations: list[FakeStation] = []

    def build(
        self, _gate: object, account: Any, options: dict[str, Any], _memory: object = None
    ) -> list[FakeStation]:
        self.options.append(dict(options))
        found = [FakeStation(record, failure=self.failure) for record in account.stations]
        self.stations += found
        return found


@pytest.fixture
def lan(monkeypatch: pytest.MonkeyPatch) -> Lan:
    """Put fake stations into the network."""
    lan = Lan()
    for module in ("custom_components.eufy_local", "custom_components.eufy_local.config_flow"):
        monkeypatch.setattr(f"{module}.build_stations", lan.build)
    return lan


@pytest.fixture
async def cloud(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, lan: Lan
) -> AsyncIterator[FakeCloud]:
    """Run the simulated cloud and let the integration use it; flows left open are cancelled."""
    monkeypatch.setattr("custom_components.eufy_local.eufy.cloud.client.PROBE_SPACING", 0)
    async with running_cloud() as (cloud, override):
        monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", override)
        yield cloud
        for flow in hass.config_entries.flow.async_progress():
            hass.config_entries.flow.async_abort(flow["flow_id"])
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state.recoverable:
                await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def begin(hass: HomeAssistant, **changes: str) -> ConfigFlowResult:
    """Start a flow and send the account."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    return await send(hass, result, USER_INPUT | changes)


async def send(
    hass: HomeAssistant, result: ConfigFlowResult, user_input: dict[str, Any] | None = None
) -> ConfigFlowResult:
    """Answer a form or a menu."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input or {})


async def wait(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Let the search for stations finish."""
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["progress_action"] == "connect"
    await hass.async_block_till_done()
    return await hass.config_entries.flow.async_configure(result["flow_id"])


async def finish(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Go on from the connected stations to the entry."""
    result = await wait(hass, result)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "stations"
    result = await send(hass, result, {"next_step_id": "finish"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return result


def is_form(result: ConfigFlowResult, step: str, error: str | None = None) -> bool:
    """Return whether a form with that error is shown."""
    return (
        result["type"] is FlowResultType.FORM
        and result["step_id"] == step
        and result["errors"] == ({} if error is None else {"base": error})
    )


async def sign_in_again(hass: HomeAssistant, entry: ConfigEntry, source: str) -> ConfigFlowResult:
    """Start a reauth or reconfigure flow."""
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": source, "entry_id": entry.entry_id, "unique_id": entry.unique_id},
        data=entry.data if source == SOURCE_REAUTH else None,
    )


# --- the straight way -------------------------------------------------------------------


async def test_account_to_entry(
    hass: HomeAssistant, cloud: FakeCloud, hass_storage: dict[str, Any]
) -> None:
    result = await finish(hass, await begin(hass))
    entry = result["result"]
    assert entry.title == EMAIL
    assert entry.unique_id == OWNER
    assert entry.data == {"email": EMAIL, "country": "US", CONF_STORE: store_key(EMAIL)}
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("camera.front_door") is not None
    assert PASSWORD not in json.dumps(hass_storage)
    assert PASSWORD not in json.dumps(entry.as_dict(), default=str)
    assert hass_storage[STORE]["data"]["account_id"] == OWNER


async def test_country_is_proposed(hass: HomeAssistant, cloud: FakeCloud) -> None:
    hass.config.country = "DE"
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    (country,) = [key for key in result["data_schema"].schema if key == "country"]
    assert country.description == {"suggested_value": "DE"}


async def test_links_of_the_set_up_are_closed_before_the_entry_connects(
    hass: HomeAssistant, cloud: FakeCloud, lan: Lan
) -> None:
    await finish(hass, await begin(hass))
    assert [station.is_stopped for station in lan.stations] == [True, False]


# --- challenges -------------------------------------------------------------------------


async def test_code(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.challenge = Challenge.CODE
    result = await begin(hass)
    assert is_form(result, "code")
    assert result["description_placeholders"] == {"email": EMAIL}
    result = await send(hass, result, {"code": "000000"})
    assert is_form(result, "code", "wrong_code")
    result = await send(hass, result, {"code": " "})
    assert result["errors"] == {"code": "code_empty"}
    await finish(hass, await send(hass, result, {"code": f" {cloud.code} "}))


async def test_code_is_sent_again(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.challenge = Challenge.CODE
    result = await begin(hass)
    sent = cloud.counters["verify_code"]
    result = await send(hass, result, {"resend": True})
    assert is_form(result, "code", "code_resent")
    assert cloud.counters["verify_code"] == sent + 1
    await finish(hass, await send(hass, result, {"code": cloud.code}))


async def test_sending_again_can_ask_for_a_captcha(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.challenge = Challenge.CODE
    result = await begin(hass)
    cloud.options.faults.append(Fault(Effect.CODE, "verify_code", code=100032))
    result = await send(hass, result, {"resend": True})
    assert is_form(result, "captcha")
    result = await send(hass, result, {"captcha": cloud.captcha_answer})
    assert is_form(result, "code")
    await finish(hass, await send(hass, result, {"code": cloud.code}))


async def test_sending_again_can_fail(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.challenge = Challenge.CODE
    result = await begin(hass)
    cloud.options.faults.append(Fault(Effect.CODE, "verify_code", code=250999))
    result = await send(hass, result, {"resend": True})
    assert is_form(result, "user", "cloud_too_many_requests")


async def test_captcha_picture_is_shown_and_answered(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.challenge = Challenge.CAPTCHA
    result = await begin(hass)
    assert is_form(result, "captcha")
    first = result["description_placeholders"]["picture"]
    assert first.startswith("data:image/png;base64,")
    result = await send(hass, result, {"captcha": ""})
    assert result["errors"] == {"captcha": "captcha_empty"}
    result = await send(hass, result, {"captcha": "wrong"})
    assert is_form(result, "captcha", "wrong_captcha")
    assert result["description_placeholders"]["picture"] != first
    await finish(hass, await send(hass, result, {"captcha": cloud.captcha_answer}))


async def test_captcha_then_code(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.challenge = Challenge.BOTH
    result = await begin(hass)
    assert is_form(result, "captcha")
    result = await send(hass, result, {"captcha": cloud.captcha_answer})
    assert is_form(result, "code")
    await finish(hass, await send(hass, result, {"code": cloud.code}))


@pytest.mark.parametrize(
    ("challenge", "step", "field"),
    [(Challenge.CAPTCHA, "captcha", "captcha"), (Challenge.CODE, "code", "code")],
)
async def test_three_wrong_answers_begin_again(
    hass: HomeAssistant, cloud: FakeCloud, challenge: Challenge, step: str, field: str
) -> None:
    cloud.options.challenge = challenge
    result = await begin(hass)
    for _ in range(2):
        result = await send(hass, result, {field: "wrong"})
        assert is_form(result, step, f"wrong_{step}")
    result = await send(hass, result, {field: "wrong"})
    assert is_form(result, "user", "sign_in_expired")
    result = await send(hass, result, USER_INPUT)
    assert is_form(result, step)


async def test_a_captcha_that_the_cloud_has_forgotten_brings_a_new_one(
    hass: HomeAssistant, cloud: FakeCloud
) -> None:
    cloud.options.challenge = Challenge.CAPTCHA
    result = await begin(hass)
    picture, answer = result["description_placeholders"]["picture"], cloud.captcha_answer
    cloud.passport._captchas.clear()
    result = await send(hass, result, {"captcha": answer})
    assert is_form(result, "captcha", "wrong_captcha")
    assert result["description_placeholders"]["picture"] != picture
    await finish(hass, await send(hass, result, {"captcha": cloud.captcha_answer}))


@pytest.mark.parametrize(
    ("challenge", "step"), [(Challenge.CAPTCHA, "captcha"), (Challenge.CODE, "code")]
)
async def test_an_answer_that_took_too_long_begins_again(
    hass: HomeAssistant,
    cloud: FakeCloud,
    monkeypatch: pytest.MonkeyPatch,
    challenge: Challenge,
    step: str,
) -> None:
    cloud.options.challenge = challenge
    result = await begin(hass)
    monkeypatch.setattr("custom_components.eufy_local.eufy.cloud.sign_in.PENDING_LIFE", -1)
    assert is_form(await send(hass, result, {step: "123456"}), "user", "sign_in_expired")


# --- refusals ---------------------------------------------------------------------------


async def test_wrong_password_can_be_corrected(hass: HomeAssistant, cloud: FakeCloud) -> None:
    result = await begin(hass, password="not it")
    assert is_form(result, "user", "wrong_credentials")
    suggested = {
        str(key): (key.description or {}).get("suggested_value")
        for key in result["data_schema"].schema
    }
    assert suggested == {"email": EMAIL, "password": None, "country": "US"}
    await finish(hass, await send(hass, result, USER_INPUT))


async def test_the_sign_in_budget_holds_over_cancelled_flows(
    hass: HomeAssistant, cloud: FakeCloud
) -> None:
    for _ in range(3):
        result = await begin(hass, password="not it")
        hass.config_entries.flow.async_abort(result["flow_id"])
        await hass.async_block_till_done()
    calls = cloud.counters["login"]
    result = await begin(hass)
    assert is_form(result, "user", "sign_in_budget")
    assert result["description_placeholders"]["when"].count(":") == 1
    assert cloud.counters["login"] == calls


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(Effect.CODE, "login", code=26015), "account_not_activated"),
        (Fault(Effect.CODE, "login", code=100028), "too_many_sign_ins"),
        (Fault(Effect.CODE, "login", code=26053), "account_locked"),
        (Fault(Effect.CODE, "login", code=250999), "cloud_too_many_requests"),
        (Fault(Effect.CODE, "login", status=424, code=424), "cloud_maintenance"),
        (Fault(Effect.CODE, "login", code=999999), "cloud_unknown_code"),
        (Fault(Effect.DROP, "estimate_domain", times=-1), "cloud_unreachable"),
        (Fault(Effect.NOT_JSON, "login", times=-1), "cloud_unreachable"),
    ],
)
async def test_refusals_of_the_cloud(
    hass: HomeAssistant, cloud: FakeCloud, fault: Fault, error: str
) -> None:
    cloud.options.faults.append(fault)
    assert is_form(await begin(hass), "user", error)


async def test_what_nobody_foresaw_is_said_and_logged(
    hass: HomeAssistant,
    cloud: FakeCloud,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", '{"cloud": "http://192.0.2.1:80"}')
    assert is_form(await begin(hass), "user", "unknown")
    assert "Unexpected error while signing in" in caplog.text


async def test_lists_that_cannot_be_read_at_first(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.faults.append(Fault(Effect.CODE, "get_devs_list", code=10000))
    result = await finish(hass, await begin(hass))
    assert result["result"].runtime_data.stations.keys() == {STATION.serial}


async def test_lists_that_cannot_be_read_at_all(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.faults.append(Fault(Effect.CODE, "get_devs_list", times=-1, code=10000))
    assert is_form(await begin(hass), "user", "cloud_parameter")


# --- accounts without stations ----------------------------------------------------------


async def test_no_station(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.services._lists[EMAIL] = single_home([], OWNER)
    assert is_form(await begin(hass), "user", "no_stations")


async def test_invitation_pending(hass: HomeAssistant, cloud: FakeCloud) -> None:
    lists = single_home([], OWNER)
    lists.house_invites[0] = [{"house_id": "house-2", "house_name": "Other home"}]
    cloud.services._lists[EMAIL] = lists
    assert is_form(await begin(hass), "user", "invitation_pending")


async def test_another_country(hass: HomeAssistant, cloud: FakeCloud) -> None:
    cloud.options.country_strict = True
    result = await begin(hass, country="DE")
    assert is_form(result, "user", "other_country")
    assert result["description_placeholders"]["country"] == "US"


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

    folder = Path(__file__).parents[2] / "custom_components" / "eufy_local"
    texts = json.loads((folder / "strings.json").read_text())["config"]["error"]
    assert set(EXPLANATIONS) <= set(texts)
