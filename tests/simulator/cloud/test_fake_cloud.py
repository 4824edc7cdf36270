"""What the fake cloud enforces (`protocol/cloud.md` §9), seen by a client made of the codec alone."""

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import ClientSession
from aiohttp.client_exceptions import ClientError
from aiohttp.test_utils import TestServer

from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import mega
from simulator.cloud import (
    Challenge,
    CloudAccount,
    CloudOptions,
    Effect,
    FakeCloud,
    Fault,
    device_entry,
    single_home,
)
from simulator.home import Home

from .raw_client import CATEGORY, RawClient

EMAIL = "demo@example.com"
WORD = "demo-password"
HOME = Home.demo()
OWNER = HOME.account.user_id
CIPHER = HOME.ciphers[0].cipher_id
NOW = 1_767_323_045.0


@dataclass
class Setting:
    cloud: FakeCloud
    client: RawClient
    base: str
    now: float = NOW

    @property
    def options(self) -> CloudOptions:
        return self.cloud.options

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.client.now = self.now

    def another(self) -> RawClient:
        other = RawClient(self.client.http, self.base, self.cloud.login_server_key, self.client.now)
        other.count = 10_000
        other.openudid = "cd" * 16
        return other


@pytest.fixture
async def setting(socket_enabled: None) -> AsyncIterator[Setting]:
    holder: list[Setting] = []
    cloud = FakeCloud(
        [CloudAccount(EMAIL, Secret(WORD), OWNER)],
        {
            EMAIL: single_home(
                [
                    device_entry(
                        HOME.stations[0].serial,
                        18,
                        "HomeBase",
                        owner_id=OWNER,
                        house_id="house-0001",
                        did=HOME.stations[0].did,
                    )
                ],
                OWNER,
            )
        },
        HOME.ciphers,
        clock=lambda: holder[0].now if holder else NOW,
        rng=random.Random(3),
    )
    async with TestServer(cloud.app) as server, ClientSession() as http:
        base = f"http://127.0.0.1:{server.port}"
        holder.append(Setting(cloud, RawClient(http, base, cloud.login_server_key, NOW), base))
        yield holder[0]


HOUSES = ("house", "/app/house/get_house_list")
CIPHERS = ("security", "/v3/app/cipher/get_ciphers")


async def ciphers(setting: Setting, **kwargs: Any) -> Any:
    body = {"cipher_ids": [CIPHER], "user_id": kwargs.pop("owner", OWNER), "station_sn": "x"}
    kwargs.setdefault("extra", CATEGORY)
    return await setting.client.call(*CIPHERS, body, realm="security", **kwargs)


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


# --- faults -----------------------------------------------------------------------------


async def test_faults_in_the_envelope(setting: Setting) -> None:
    client = setting.client
    await client.login(EMAIL, WORD)
    setting.options.faults += [
        Fault(Effect.CODE, "get_house_list", code=429, status=429, retry_after="60"),
        Fault(Effect.NOT_JSON, "get_house_list", status=403),
        Fault(Effect.PLAIN, "get_house_list"),
        Fault(Effect.ABSENT, "get_house_list"),
        Fault(Effect.REDIRECT, "get_house_list"),
    ]
    limited = await client.call(*HOUSES, {})
    assert (limited.status, limited.headers["Retry-After"]) == (429, "60")
    assert (await client.call(*HOUSES, {})).outer["text"] == "<html>sorry</html>"
    assert "house_infos" in (await client.call(*HOUSES, {})).outer["data"]
    assert "data" not in (await client.call(*HOUSES, {})).outer
    async with client.http.post(setting.base + HOUSES[1], allow_redirects=False) as answer:
        assert answer.status == 302


async def test_stall_and_drop(setting: Setting) -> None:
    setting.options.faults += [
        Fault(Effect.STALL, seconds=0.02),
        Fault(Effect.STALL, seconds=60),
        Fault(Effect.DROP),
    ]
    assert (await setting.client.post("x", "/y", {}, "")).status == 504
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await setting.client.post("x", "/y", {}, "")
    with pytest.raises(ClientError):
        await setting.client.post("x", "/y", {}, "")


async def test_empty_list_is_null(setting: Setting) -> None:
    setting.cloud.inventory[EMAIL].devices = []
    await setting.client.login(EMAIL, WORD)
    reply = await setting.client.call("house", "/app/house/get_devs_list", {})
    assert reply.data == {"devices": None}


async def test_list_on_the_other_cluster_only(setting: Setting) -> None:
    setting.cloud.accounts[EMAIL] = CloudAccount(EMAIL, Secret(WORD), OWNER, region="us")
    await setting.client.login(EMAIL, WORD)
    assert (await setting.client.call(*HOUSES, {})).data == {"house_infos": []}


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("mega-eu-pr.eufy.com", "/passport/login"),
        ("elsewhere.example", "/passport/login"),
        ("app-passport-eu-pr.eufy.com", "/v3/app/get_hub_list"),
        ("security-app-eu.eufylife.com", "/passport/login"),
    ],
)
async def test_unknown_places(setting: Setting, host: str, path: str) -> None:
    assert (await setting.client.post(host, path, {}, "")).status == 404


async def test_unknown_call_of_a_known_service(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    assert (await setting.client.call("house", "/app/house/other", {})).status == 404


@pytest.mark.parametrize(
    ("country", "domain"),
    [
        ("de", "mega-eu-pr.eufy.com"),
        ("US", "mega-us-pr.eufy.com"),
        ("ZZ", "app.example.invalid"),
    ],
)
async def test_estimate_domain(setting: Setting, country: str, domain: str) -> None:
    body = json.dumps({"ab": country, "mode": 1})
    reply = await setting.client.post("mega-us-pr.eufy.com", "/passport/estimate_domain", {}, body)
    assert reply.outer["data"]["domain"] == domain
    bad = await setting.client.post("mega-us-pr.eufy.com", "/passport/estimate_domain", {}, "<")
    assert bad.code == 10000


async def test_key_exchange_with_rubbish(setting: Setting) -> None:
    client = setting.client
    host, path = "app-openapi-eu-pr.eufy.com", "/openapi/oauth/key/exchange"
    for body in ("{", "{}", '{"client_public_key": 5}'):
        assert (await client.post(host, path, {}, body)).code in {10000, 461}
    text = "AAAA" * 16
    heads = {"x-key-ident": "z", **client.signed("2500a7d5617812f9d52515b2c8f20a3d", text)}
    reply = await client.post(host, path, heads, json.dumps({"client_public_key": text}))
    assert reply.code == 10000


# --- services ---------------------------------------------------------------------------


async def test_services_behind_a_token(setting: Setting) -> None:
    client = setting.client
    await client.login(EMAIL, WORD)
    profile = await client.call("passport", "/passport/get_profile", {})
    assert profile.data["email"] == EMAIL
    things = await client.call("things", "/app/things/get_things_list", {"product_codes": ["A"]})
    assert things.data["things_list"][0]["profile"]["product_code"] == "A"
    serial = HOME.stations[0].serial
    path = "/app/devicemanage/get_device_param_list"
    params = await client.call("devicemanage", path, {"device_sns": [serial]})
    assert params.data["params"][0]["device_sn"] == serial
    setting.cloud.inventory[EMAIL].devices[0]["member"]["admin_user_id"] = "other"
    params = await client.call("devicemanage", path, {"device_sns": [serial]})
    assert params.code == 20004
    push = await client.call("push", "/app/push/register_push_token", {})
    assert push.code == 10000


async def test_guard_groups_are_recorded(setting: Setting) -> None:
    client = setting.client
    await client.login(EMAIL, WORD)

    async def guard(name: str, **body: Any) -> Any:
        body["house_id"] = "house-0001"
        return await client.call(
            "security", f"/v3/house/{name}", body, realm="security", extra=CATEGORY
        )

    first = await guard("add_guard", group_name="Night", devices=[])
    group_id = first.data["group_id"]
    assert (await guard("update_guard", group_id=group_id, group_name="Late")).code == 10000
    assert (await guard("add_guard", group_name="x" * 32, devices=[])).code == 10000
    await guard("update_guard", group_id=group_id, group_name="Late", devices=[1])
    await guard("setup_guard", group_id=group_id, enable=True)
    groups = (await guard("guard_list")).data["groups"]
    assert [(g["group_name"], g["status"]) for g in groups] == [("Late", 1)]
    assert (await guard("get_guard_logs")).data["logs"][0]["group_id"] == group_id
    for _ in range(19):
        await guard("add_guard", group_name="more", devices=[])
    assert (await guard("add_guard", group_name="one too many", devices=[])).code == 10000
    await guard("delete_guard", group_id=group_id)
    assert len((await guard("guard_list")).data["groups"]) == 19


async def test_faces(setting: Setting) -> None:
    client = setting.client
    setting.cloud.inventory[EMAIL].faces = [{"ai_face_id": 1}, {"ai_face_id": 2}]
    await client.login(EMAIL, WORD)
    for name, body, count in (
        ("get_faces", {}, 2),
        ("get_faces_by_ids", {"ai_face_ids": [2]}, 1),
    ):
        reply = await client.call(
            "security", f"/v3/aiassis/{name}", body, realm="security", extra=CATEGORY
        )
        assert len(reply.data) == count


async def test_picture_needs_a_token(setting: Setting) -> None:
    setting.cloud.pictures["/p/1.jpg"] = b"jpeg"
    client = setting.client
    await client.login(EMAIL, WORD)

    async def get(headers: dict[str, str]) -> int:
        heads = {"X-Simulated-Host": "security-app-eu.eufylife.com", **headers}
        async with client.http.get(setting.base + "/p/1.jpg", headers=heads) as answer:
            return answer.status

    assert await get({}) == 401
    assert await get({"x-auth-token": "none"}) == 401
    assert await get(client.session_headers) == 200


async def test_counters_and_calls_hold_no_secrets(setting: Setting) -> None:
    await setting.client.login(EMAIL, WORD)
    setting.cloud.kick(EMAIL)
    seen = repr(setting.cloud.calls) + repr(setting.cloud.counters) + repr(setting.cloud.accounts)
    assert WORD not in seen
    assert setting.client.session_headers["x-auth-token"] not in seen
    assert setting.cloud.total == setting.cloud.counters.total() > 0


async def test_identities_and_replay_memory_are_bounded(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulator.cloud.sessions._MAX_IDENTITIES", 2)
    monkeypatch.setattr("simulator.cloud.sessions._MAX_SEEN", 2)
    for _ in range(4):
        await setting.client.exchange()
    assert len(setting.cloud.sessions._identities) == 2
    assert len(setting.cloud.sessions._seen) == 2
