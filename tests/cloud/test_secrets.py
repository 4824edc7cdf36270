"""Canaries: no secret appears in a log, an error, a repr or in what the simulator remembers."""

import logging
from typing import Any

import pytest

from custom_components.eufy_local.eufy.account import Account
from custom_components.eufy_local.eufy.errors import (
    CaptchaRequired,
    CloudError,
    EufyError,
    KeyUnavailable,
    VerificationRequired,
)
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Challenge, Effect, Fault

from .conftest import EMAIL, OWNER, PASSWORD, World


def secrets_of(account: Account, world: World) -> set[str]:
    """Everything that must never be shown, as it stands in the store and in the cloud."""
    data: dict[str, Any] = account.to_dict()
    access = data["cloud"]["access"]
    found = {PASSWORD, world.options.verify_code, data["cloud"]["openudid"], OWNER}
    for record in account.stations:
        found |= {record.serial, str(record.did)} | {d.serial for d in record.devices}
    found |= set(world.cloud.sessions.tokens)
    if access:
        found |= {shared for _, shared in access["identities"].values()}
        found |= {ident for ident, _ in access["identities"].values()}
    for key in data["keys"]:
        found |= {key["ecc"], key["rsa"], (key["rsa"] or "")[200:260]}
    return {secret for secret in found if secret}


def texts_of(error: BaseException | None) -> list[str]:
    texts = []
    while error is not None:
        texts += [str(error), repr(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    return texts


async def test_no_canary_in_logs_errors_and_reprs(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.options.challenge = Challenge.BOTH
    account = world.account(email=EMAIL, password=Secret(PASSWORD))
    shown: list[str] = []

    async def expect(kind: type[EufyError], call: Any) -> None:
        with pytest.raises(kind) as raised:
            await call
        shown.extend(texts_of(raised.value))

    await expect(CaptchaRequired, account.sign_in(EMAIL, Secret(PASSWORD), "DE"))
    await expect(VerificationRequired, account.answer_captcha(world.cloud.captcha_answer))
    await expect(VerificationRequired, account.answer_code("999999"))
    shown += [repr(account.cloud._sign_in.pending), repr(account.cloud.state.access)]
    result = await account.answer_code(world.cloud.code)
    await expect(KeyUnavailable, account.cipher_key(OWNER, 399))
    for effect in (Effect.DROP, Effect.NOT_JSON, Effect.UNDECODABLE, Effect.REDIRECT):
        world.options.faults.append(Fault(effect, "get_house_list"))
        await expect(CloudError, account.refresh())
    for code in (10000, 4416, 463, 461, 424):
        world.now += 86400
        world.options.faults.append(Fault(Effect.CODE, "get_house_list", code=code, times=2))
        await expect(CloudError, account.refresh())
    key = await account.cipher_key(OWNER, 40)
    shown += [
        repr(thing)
        for thing in (
            account,
            account.cloud,
            account.cloud.state,
            account.cloud.state.access,
            account.cloud.state.access and account.cloud.state.access.session,
            account.stations,
            result,
            key,
            world.cloud.calls,
            world.cloud.accounts,
            world.gate.counters,
        )
    ]
    shown += [record.getMessage() for record in caplog.records]
    canaries = secrets_of(account, world)
    assert len(canaries) >= 10
    text = "\n".join(shown)
    assert [secret for secret in canaries if secret in text] == []


async def test_password_and_email_are_not_stored(world: World) -> None:
    account = world.account(email=EMAIL, password=Secret(PASSWORD))
    await account.sign_in(EMAIL, Secret(PASSWORD), "DE")
    await account.refresh()
    stored = str(world.saved)
    assert PASSWORD not in stored
    assert EMAIL not in stored
    assert "owner@example.invalid" not in stored


async def test_token_goes_to_the_vendor_hosts_only_after_the_login(world: World) -> None:
    account = world.account()
    await account.sign_in(EMAIL, Secret(PASSWORD), "DE")
    names = {call.name: call.with_token for call in world.cloud.calls}
    assert not names["estimate_domain"]
    assert not names["login"]
    first = next(call for call in world.cloud.calls if call.name == "exchange")
    assert not first.with_token
    assert names["get_ciphers"]
    assert {call.host.split(".", 1)[1] for call in world.cloud.calls} == {
        "eufy.com",
        "eufylife.com",
    }
