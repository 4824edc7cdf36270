"""Faults that the fake cloud can be told to show, and its services behind a token."""

import asyncio
import json
from typing import Any

import pytest
from aiohttp.client_exceptions import ClientError

from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import (
    CloudAccount,
    Effect,
    Fault,
)

from .conftest import EMAIL, HOME, HOUSES, OWNER, WORD, Setting
from .raw_client import CATEGORY

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
