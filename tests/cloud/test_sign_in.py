"""Signing in: password, captcha, code, and what each refusal leaves behind."""

import io
from typing import Any

import pytest
from PIL import Image

from custom_components.eufy_local.eufy.cloud import CloudState, CodeChannel
from custom_components.eufy_local.eufy.errors import (
    AuthenticationFailed,
    CaptchaRequired,
    CloudBusy,
    CloudError,
    CloudUnreachable,
    SignInExpired,
    SignInRefused,
    VerificationRequired,
)
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Challenge, Effect, Fault

from .conftest import EMAIL, OWNER, PASSWORD, World

WORD = Secret(PASSWORD)


async def test_password_alone_gives_the_inventory_and_keys(world: World) -> None:
    client = world.client()
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert result.account_id == OWNER
    assert (result.region, result.country) == ("eu", "DE")
    assert result.inventory is not None
    assert [station.name for station in result.inventory.stations] == ["HomeBase"]
    assert [device.name for device in result.inventory.devices] == [
        "Front yard",
        "Hall",
        "Front door",
    ]
    keys = await client.cipher_keys(OWNER)
    assert keys
    assert all(key.ecc_private and key.rsa_private for key in keys.values())


async def test_captcha_is_a_picture_and_its_text_goes_on(world: World) -> None:
    world.options.challenge = Challenge.CAPTCHA
    client = world.client()
    with pytest.raises(CaptchaRequired) as raised:
        await client.sign_in(EMAIL, WORD, "DE")
    assert not raised.value.wrong
    assert Image.open(io.BytesIO(raised.value.picture)).format == "PNG"
    result = await client.answer_captcha(world.cloud.captcha_answer)
    assert result.account_id == OWNER


async def test_captcha_may_come_as_a_data_uri(world: World) -> None:
    world.options.challenge = Challenge.CAPTCHA
    world.options.captcha_as_uri = True
    with pytest.raises(CaptchaRequired) as raised:
        await world.client().sign_in(EMAIL, WORD, "DE")
    assert raised.value.picture.startswith(b"\x89PNG")


async def test_wrong_captcha_brings_a_new_picture(world: World) -> None:
    world.options.challenge = Challenge.CAPTCHA
    client = world.client()
    with pytest.raises(CaptchaRequired) as first:
        await client.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(CaptchaRequired) as second:
        await client.answer_captcha("nope")
    assert second.value.wrong
    assert second.value.picture != first.value.picture
    assert await client.answer_captcha(world.cloud.captcha_answer)


@pytest.mark.parametrize("in_body", [False, True])
async def test_code_in_both_signalling_forms(world: World, in_body: bool) -> None:
    world.options.challenge = Challenge.CODE
    world.options.code_in_body = in_body
    client = world.client()
    with pytest.raises(VerificationRequired) as raised:
        await client.sign_in(EMAIL, WORD, "DE")
    assert not raised.value.wrong
    assert world.cloud.passport.codes_sent == {2: 1}
    assert not client.signed_in  # the token so far is provisional
    result = await client.answer_code(f" {world.cloud.code} ")
    assert result.inventory is not None
    assert client.signed_in


async def test_wrong_code_asks_again_in_the_same_login(world: World) -> None:
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(VerificationRequired) as raised:
        await client.answer_code("000000")
    assert raised.value.wrong
    assert raised.value.code == 26051
    await client.answer_code(world.cloud.code)
    assert len(client.state.sign_ins) == 1


async def test_expired_code_asks_again_and_a_new_one_can_be_sent(world: World) -> None:
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    world.now += world.options.code_life + 1
    with pytest.raises(VerificationRequired) as raised:
        await client.answer_code(world.cloud.code)
    assert raised.value.code == 26050
    await client.resend_code(CodeChannel.SMS)
    assert world.cloud.passport.codes_sent == {2: 1, 1: 1}
    assert await client.answer_code(world.cloud.code)


async def test_captcha_then_code(world: World) -> None:
    world.options.challenge = Challenge.BOTH
    client = world.client()
    with pytest.raises(CaptchaRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(VerificationRequired):
        await client.answer_captcha(world.cloud.captcha_answer)
    result = await client.answer_code(world.cloud.code)
    assert result.account_id == OWNER
    assert len(client.state.sign_ins) == 1


async def test_sending_the_code_may_itself_need_a_captcha(world: World) -> None:
    world.options.challenge = Challenge.CODE
    world.options.faults.append(Fault(Effect.CODE, "verify_code", code=100032))
    client = world.client()
    with pytest.raises(CaptchaRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(VerificationRequired):
        await client.answer_captcha(world.cloud.captcha_answer)
    assert await client.answer_code(world.cloud.code)


@pytest.mark.parametrize("challenge", [Challenge.CAPTCHA, Challenge.CODE])
async def test_three_wrong_answers_end_the_pending_login(
    world: World, challenge: Challenge
) -> None:
    world.options.challenge = challenge
    client = world.client()
    with pytest.raises((CaptchaRequired, VerificationRequired)):
        await client.sign_in(EMAIL, WORD, "DE")
    answer = client.answer_captcha if challenge is Challenge.CAPTCHA else client.answer_code
    for _ in range(2):
        with pytest.raises((CaptchaRequired, VerificationRequired)):
            await answer("0")
    with pytest.raises(SignInExpired):
        await answer("0")
    calls = world.cloud.total
    with pytest.raises(SignInExpired):
        await answer(world.cloud.code)
    assert world.cloud.total == calls


async def test_pending_login_ends_after_fifteen_minutes(world: World) -> None:
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    world.now += 15 * 60 + 1
    calls = world.cloud.total
    with pytest.raises(SignInExpired):
        await client.answer_code(world.cloud.code)
    assert world.cloud.total == calls


async def test_stable_install_id_is_a_trusted_device(world: World) -> None:
    world.options.challenge = Challenge.CODE
    world.options.trust_devices = True
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    await client.answer_code(world.cloud.code)
    again = world.client(CloudState.from_dict(client.state.to_dict()))
    assert await again.sign_in(EMAIL, WORD, "DE")


async def test_wrong_password_is_never_retried(world: World) -> None:
    client = world.client()
    with pytest.raises(AuthenticationFailed):
        await client.sign_in(EMAIL, Secret("wrong"), "DE")
    assert world.cloud.counters["login"] == 1
    assert not client.signed_in


async def test_fourth_sign_in_in_six_hours_is_refused_without_any_contact(world: World) -> None:
    state = CloudState.fresh(world.rng.randbytes)
    for _ in range(3):
        await world.client(state).sign_in(EMAIL, WORD, "DE")
        state = CloudState.from_dict(state.to_dict())  # a restart forgets nothing
        world.now += 60
    calls = world.cloud.total
    with pytest.raises(SignInRefused) as raised:
        await world.client(state).sign_in(EMAIL, WORD, "DE")
    assert world.cloud.total == calls
    assert raised.value.reason == "sign_in_budget"
    assert raised.value.retry_at is not None
    world.now = raised.value.retry_at.timestamp() + 1
    assert await world.client(state).sign_in(EMAIL, WORD, "DE")


async def test_login_is_counted_before_it_is_sent(world: World) -> None:
    world.options.faults.append(Fault(Effect.DROP, "login"))
    client = world.client()
    with pytest.raises(CloudError):
        await client.sign_in(EMAIL, WORD, "DE")
    assert len(client.state.sign_ins) == 1


@pytest.mark.parametrize(("code", "hours"), [(100028, 2), (10019, 24), (100056, 24), (26053, 24)])
async def test_locks_hold_over_a_restart(world: World, code: int, hours: int) -> None:
    world.options.faults.append(Fault(Effect.CODE, "login", code=code))
    client = world.client()
    with pytest.raises(SignInRefused) as raised:
        await client.sign_in(EMAIL, WORD, "DE")
    assert raised.value.retry_at is not None
    assert raised.value.retry_at.timestamp() == pytest.approx(world.now + hours * 3600, abs=2)
    state = CloudState.from_dict(client.state.to_dict())
    calls = world.cloud.total
    world.now += hours * 3600 - 10
    with pytest.raises(SignInRefused):
        await world.client(state).sign_in(EMAIL, WORD, "DE")
    assert world.cloud.total == calls
    world.now += 20
    assert await world.client(state).sign_in(EMAIL, WORD, "DE")


@pytest.mark.parametrize(
    ("fault", "minutes"),
    [
        (Fault(Effect.CODE, "get_house_list", code=250999), 30),
        (Fault(Effect.CODE, "get_house_list", code=26145), 30),
        (Fault(Effect.CODE, "get_house_list", code=429, status=429), 30),
        (Fault(Effect.NOT_JSON, "get_house_list", status=429, retry_after="7200"), 120),
        (Fault(Effect.NOT_JSON, "get_house_list", status=403, times=2), 60),
    ],
)
async def test_request_limits_stop_all_calls(world: World, fault: Fault, minutes: int) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    client = world.client(CloudState.from_dict(client.state.to_dict()))
    world.options.faults.append(fault)
    with pytest.raises(CloudBusy) as raised:
        await client.inventory()
    assert raised.value.retry_at is not None
    assert raised.value.retry_at.timestamp() == pytest.approx(world.now + minutes * 60, abs=2)
    calls = world.cloud.total
    again = world.client(CloudState.from_dict(client.state.to_dict()))
    for call in (again.inventory(), again.cipher_keys(OWNER), again.sign_in(EMAIL, WORD, "DE")):
        with pytest.raises(CloudBusy):
            await call
    assert world.cloud.total == calls
    world.now += minutes * 60 + 1
    assert len(await again.inventory())


# --- answers that a healthy cloud would not give ------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"auth_token": "t"},
        {"auth_token": "", "user_id": OWNER},
        {"auth_token": "bad\r\nheader: x", "user_id": OWNER},
        {"auth_token": "t" * 5000, "user_id": OWNER},
        {"auth_token": "t", "user_id": "<script>"},
    ],
)
async def test_login_answer_without_a_usable_token(world: World, data: object) -> None:
    world.options.faults.append(Fault(Effect.DATA, "login", data=data))
    client = world.client()
    with pytest.raises(CloudUnreachable) as raised:
        await client.sign_in(EMAIL, WORD, "DE")
    assert raised.value.call == "login"
    assert client.state.access is None


async def test_token_without_expiry_lives_a_week(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = world.client()
    login = world.cloud.passport.login

    def without_expiry(*args: Any) -> dict[str, Any]:
        return login(*args) | {"token_expires_at": 0}

    monkeypatch.setattr(world.cloud.passport, "login", without_expiry)
    await client.sign_in(EMAIL, WORD, "DE")
    assert client.state.access is not None
    assert client.state.access.session is not None
    assert client.state.access.session.expires_at == world.now + 7 * 86400


@pytest.mark.parametrize("item", ["", "AAAA", "!", "data:image/svg+xml;base64,PHN2Zz4=", 5, None])
async def test_captcha_that_is_no_picture(world: World, item: object) -> None:
    world.options.challenge = Challenge.CAPTCHA
    world.options.faults.append(
        Fault(Effect.DATA, "captcha", data={"captcha_id": "1", "item": item})
    )
    with pytest.raises(CloudUnreachable):
        await world.client().sign_in(EMAIL, WORD, "DE")


async def test_answer_that_got_lost_can_be_given_again(world: World) -> None:
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.DROP, "login"))
    with pytest.raises(CloudUnreachable):
        await client.answer_code(world.cloud.code)
    assert await client.answer_code(world.cloud.code)


async def test_captcha_after_a_failed_resend_belongs_to_the_login(world: World) -> None:
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults += [
        Fault(Effect.CODE, "verify_code", code=10000),
        Fault(Effect.CODE, "login", code=100032),
    ]
    with pytest.raises(CloudError):
        await client.resend_code()
    with pytest.raises(CaptchaRequired):
        await client.answer_code(world.cloud.code)
    assert await client.answer_captcha(world.cloud.captcha_answer)


async def test_three_wrong_captchas_while_sending_the_code(world: World) -> None:
    world.options.challenge = Challenge.CODE
    world.options.faults.append(Fault(Effect.CODE, "verify_code", code=100033, times=-1))
    client = world.client()
    with pytest.raises(CaptchaRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    for _ in range(2):
        with pytest.raises(CaptchaRequired):
            await client.answer_captcha("x")
    with pytest.raises(SignInExpired):
        await client.answer_captcha("x")
