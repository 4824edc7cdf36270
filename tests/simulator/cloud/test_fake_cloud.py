"""What the fake cloud enforces (`protocol/cloud.md` §9), seen by a client made of the codec alone."""

from typing import Any

import pytest

from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import mega
from simulator.cloud import (
    Challenge,
    CloudAccount,
)

from .conftest import EMAIL, HOME, HOUSES, OWNER, WORD, Setting, ciphers
from .raw_client import CATEGORY


async def test_sign_in_list_and_keys(setting: Setting) -> None:
    reply = await setting.client.login(EMAIL, WORD)
    assert reply.data["mega_domain"] == "mega-eu-pr.eufy.com"
    assert reply.data["fa_info"] == {"step": 0, "info": ""}
    houses = await setting.client.call(*HOUSES, {})
    assert houses.data["house_infos"][0]["house_id"] == "house-0001"
    keys = await ciphers(setting)
    assert keys.data[0]["ecc_private_key"] == HOME.ciphers[0].ecc_private
    assert setting.cloud.counters["login"] == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"signature": "0" * 64}, 4416),
        ({"once": "short"}, 4416),
        ({"ts": "1767319000"}, 461),
        ({"ts": "17673230450"}, 461),
        ({"ts": "now"}, 461),
    ],
)
async def test_signature_and_freshness(
    setting: Setting, changed: dict[str, Any], code: int
) -> None:
    assert (await setting.client.call(*HOUSES, {}, **changed)).code == code


async def test_replay_is_refused(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    assert (await setting.client.call(*HOUSES, {}, once="a" * 32)).code == 0
    assert (await setting.client.call(*HOUSES, {}, once="a" * 32)).code == 4416


@pytest.mark.parametrize("body", ["{}", "", "QUFBQQ==", "AAAA" * 16])
async def test_body_that_is_not_encrypted_gets_http_400(setting: Setting, body: str) -> None:
    await setting.client.login(EMAIL, WORD)
    reply = await setting.client.call(*HOUSES, {}, plain=body)
    assert reply.status == 400
    assert "symmetric.AesCBCDecryptV2" in reply.outer["msg"]


async def test_realms_are_separate(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    setting.client.shared["security"] = setting.client.shared["basic"]
    setting.client.idents["security"] = setting.client.idents["basic"]
    reply = await ciphers(setting)
    assert (reply.status, reply.code) == (463, 4404)


async def test_identity_of_another_region_or_none(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    reply = await setting.client.call(*HOUSES, {}, region="us")
    assert (reply.status, reply.code) == (463, 4404)
    setting.cloud.forget_identities()
    assert (await setting.client.call(*HOUSES, {})).code == 4404


async def test_identity_ends_after_72_hours(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    setting.pass_time(72 * 3600 + 1)
    assert (await setting.client.call(*HOUSES, {})).code == 4404
    await setting.client.exchange()
    assert (await setting.client.call(*HOUSES, {})).code == 0


async def test_security_exchange_needs_the_login_and_no_category(setting: Setting) -> None:
    reply = await setting.client.exchange("security")
    assert reply.code == 401
    await setting.client.login(EMAIL, WORD)
    reply = await setting.client.exchange(
        "security", extra=setting.client.session_headers | CATEGORY
    )
    assert reply.status == 463


@pytest.mark.parametrize(
    "extra", [{}, {"category": "eufy_security"}, CATEGORY | {"app-tab": "eufy_mega"}]
)
async def test_ciphers_need_the_category(setting: Setting, extra: dict[str, str]) -> None:
    await setting.client.login(EMAIL, WORD)
    assert (await ciphers(setting, extra=extra)).status == 463


async def test_ciphers_of_another_owner_are_nothing(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    reply = await ciphers(setting, owner="0" * 40)
    assert reply.code == 0
    assert "data" not in reply.outer


async def test_no_token_wrong_gtoken_old_token(setting: Setting) -> None:
    await setting.client.exchange()
    assert (await setting.client.call(*HOUSES, {})).status == 401
    await setting.client.login(EMAIL, WORD)
    reply = await setting.client.call(*HOUSES, {}, extra={"gtoken": "0" * 32})
    assert (reply.status, reply.outer["msg"]) == (401, "gtoken not equal userid error")
    setting.pass_time(setting.options.token_life + 1)
    await setting.client.exchange()
    assert (await setting.client.call(*HOUSES, {})).code == 401


async def test_next_login_ends_the_former(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    await setting.another().login(EMAIL, WORD)
    reply = await setting.client.call(*HOUSES, {})
    assert (reply.status, reply.code) == (401, 26084)


async def test_fourth_login_is_too_many_until_the_window_has_passed(setting: Setting) -> None:
    for _ in range(3):
        assert (await setting.client.login(EMAIL, WORD)).code == 0
    assert (await setting.client.login(EMAIL, WORD)).code == 100028
    setting.pass_time(6 * 3600 + 1)
    assert (await setting.client.login(EMAIL, WORD)).code == 0


async def test_wrong_passwords_lock(setting: Setting) -> None:
    setting.options.max_sign_ins = 99
    codes = [(await setting.client.login(EMAIL, "no")).code for _ in range(6)]
    assert codes == [26006] * 4 + [100056] * 2
    assert (await setting.client.login(EMAIL, WORD)).code == 100056


async def test_unknown_and_inactive_accounts(setting: Setting) -> None:
    assert (await setting.client.login("nobody@example.com", WORD)).code == 22008
    setting.cloud.accounts[EMAIL] = CloudAccount(EMAIL, Secret(WORD), OWNER, activated=False)
    assert (await setting.client.login(EMAIL, WORD)).code == 26015


async def test_password_that_does_not_decrypt(setting: Setting) -> None:
    body = setting.client.login_body(EMAIL, WORD)
    spoiled: list[dict[str, Any]] = [
        {"password": "AAAA"},
        {"client_secret_info": {}},
        {"password": "="},
    ]
    for broken in spoiled:
        reply = await setting.client.call("passport", "/passport/login", body | broken)
        assert reply.code == 100030


# --- challenges -------------------------------------------------------------------------


async def test_captcha_is_good_once_and_for_five_minutes(setting: Setting) -> None:
    setting.options.challenge = Challenge.CAPTCHA
    client = setting.client
    assert (await client.login(EMAIL, WORD)).code == 100032
    first = await client.call("passport", "/passport/generate/captcha", {})
    mark = first.data["captcha_id"]
    answer = setting.cloud.captcha_answer
    assert (await client.login(EMAIL, WORD, captcha_id=mark, answer="zzzz")).code == 100033
    assert (await client.login(EMAIL, WORD, captcha_id=mark, answer=answer)).code == 100033
    second = await client.call("passport", "/passport/generate/captcha", {})
    setting.pass_time(301)
    answer = setting.cloud.captcha_answer
    mark = second.data["captcha_id"]
    assert (await client.login(EMAIL, WORD, captcha_id=mark, answer=answer)).code == 100033


async def test_captchas_are_bounded(setting: Setting) -> None:
    for _ in range(150):
        setting.cloud.passport.generate_captcha()
    assert len(setting.cloud.passport._captchas) == 100


async def test_provisional_token_is_good_for_code_and_login_only(setting: Setting) -> None:
    setting.options.challenge = Challenge.CODE
    client = setting.client
    reply = await client.login(EMAIL, WORD)
    assert reply.data["fa_info"]["step"] == 26052
    assert (await client.call(*HOUSES, {})).code == 401
    ask = {"biz_type": 1004, "message_type": 2, "transaction": "1"}
    code = {"verify_code": setting.cloud.code}
    assert (await client.login(EMAIL, WORD, **code)).code == 26054  # none was sent yet
    assert (await client.call("push", "/app/sendmsg/verify_code", ask)).code == 0
    assert (await client.login(EMAIL, WORD, **code)).code == 0
    assert (await client.call(*HOUSES, {})).code == 0


async def test_code_needs_the_pending_login_as_it_was(setting: Setting) -> None:
    setting.options.challenge = Challenge.CODE
    client = setting.client
    await client.login(EMAIL, WORD)
    ask = {"biz_type": 1004, "message_type": 2}
    bad = await client.call("push", "/app/sendmsg/verify_code", {"biz_type": 1})
    assert bad.code == 10000
    await client.call("push", "/app/sendmsg/verify_code", ask)
    code = setting.cloud.code
    other = setting.another()
    assert (await other.login(EMAIL, WORD, verify_code=code)).code == 26054
    token, client.session_headers = client.session_headers, {}
    assert (await client.login(EMAIL, WORD, verify_code=code)).code == 401
    client.session_headers = token
    client.private = mega.private_key(b"\x09" * 32)
    assert (await client.login(EMAIL, WORD, verify_code=code)).code == 10000
    assert (await other.call("push", "/app/sendmsg/verify_code", ask)).code == 401


async def test_wrong_codes_lock(setting: Setting) -> None:
    setting.options.challenge = Challenge.CODE
    setting.options.code_in_body = True
    client = setting.client
    assert (await client.login(EMAIL, WORD)).code == 26052
    await client.call("push", "/app/sendmsg/verify_code", {"biz_type": 1004, "message_type": 1})
    codes = [(await client.login(EMAIL, WORD, verify_code="0")).code for _ in range(6)]
    assert codes == [26051] * 4 + [26053] * 2


async def test_trusted_install_is_not_asked_again(setting: Setting) -> None:
    setting.options.challenge = Challenge.CODE
    setting.options.trust_devices = True
    client = setting.client
    await client.login(EMAIL, WORD)
    await client.call("push", "/app/sendmsg/verify_code", {"biz_type": 1004, "message_type": 3})
    await client.login(EMAIL, WORD, verify_code=setting.cloud.code)
    assert (await client.login(EMAIL, WORD)).data["fa_info"]["step"] == 0
    assert (await setting.another().login(EMAIL, WORD)).data["fa_info"]["step"] == 26052
