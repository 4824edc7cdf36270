"""Set-up up to the account: sign-in, challenges, refusals, accounts without stations."""

import json
from typing import Any

import pytest
from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant

from custom_components.eufy_local.const import CONF_STORE, DOMAIN
from custom_components.eufy_local.store import store_key
from simulator.cloud import Challenge, Effect, FakeCloud, Fault, single_home

from ..cloud import EMAIL, OWNER, PASSWORD, STATION
from .conftest import STORE, USER_INPUT, Lan, begin, finish, is_form, send

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
