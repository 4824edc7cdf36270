"""The cloud vectors, through the client and against the simulator's cloud, in both directions."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from custom_components.eufy_local.eufy.cloud import CloudClient, CloudState
from custom_components.eufy_local.eufy.cloud.envelope import token_headers
from custom_components.eufy_local.eufy.cloud.hosts import Cluster
from custom_components.eufy_local.eufy.cloud.models import CloudStation
from custom_components.eufy_local.eufy.cloud.sign_in import SignIn
from custom_components.eufy_local.eufy.cloud.state import Access, Session
from custom_components.eufy_local.eufy.cloud.transport import Transport
from custom_components.eufy_local.eufy.errors import VerificationRequired
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import mega
from simulator.cloud import CloudOptions
from simulator.cloud.login import Passport
from simulator.cloud.sessions import BASIC, SECURITY, Identity, Sessions

from .conftest import World
from .replay import Draws, Replay, order

VECTORS: dict[str, Any] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "cloud.json").read_text()
)
STEPS = VECTORS["mega_sign_in"]["steps"]
USER = VECTORS["mega_sign_in"]["login_user"]
LOGIN = next(v for v in VECTORS["login_password"] if v["case"] == "simulator_server_key/9_chars")
NOW = 1767323045.0


def draws() -> Iterator[bytes]:
    """Everything random of the sign-in, in the order in which the client uses it."""
    for number, step in enumerate(STEPS):
        if number == 0:
            yield order(LOGIN["client_private_key"])
        if "client_private_key" in step:
            yield bytes.fromhex(step["headers"]["x-key-ident"])
            yield order(step["client_private_key"])
        yield bytes.fromhex(step["iv_request"])
        yield bytes.fromhex(step["headers"]["x-request-once"])
        if step["path"].endswith("get_devs_list"):  # the list of the house, beside the transcript
            yield bytes(16)
            yield bytes(16)


class HouseBeside(Replay):
    """The transcript has the account's list only; the house's own list gets the same answer."""

    async def post(self, url: str, **kwargs: Any) -> Any:
        asked = sum(done.startswith("devices") for done in self.done)
        if url.endswith("get_devs_list") and asked == 1 and "house" not in self.done:
            self.done.append("house")
            step = next(step for step in STEPS if step["path"].endswith("get_devs_list"))
            self._beside["/app/house/get_devs_list"] = step["response"]
        return await super().post(url, **kwargs)


async def test_whole_sign_in_is_byte_exact() -> None:
    estimate = json.dumps(
        {
            "code": 0,
            "data": {
                "domain": "mega-eu-pr.eufy.com",
                "product_domains": {"eufy_security": "security-app-eu.eufylife.com"},
            },
        }
    )
    http = HouseBeside(STEPS, {"/passport/estimate_domain": estimate})
    state = CloudState("ab" * 16)
    client = CloudClient(
        http,
        state,
        server_key=LOGIN["server_public_key"],
        clock=lambda: NOW,
        rng=Draws(draws()),
    )
    with pytest.raises(VerificationRequired):
        await client.sign_in(USER["email"], Secret(USER["password"]), "DE")
    with pytest.raises(VerificationRequired) as raised:
        await client.answer_code("000000")
    assert raised.value.code == 26051
    result = await client.answer_code(USER["verify_code"])
    assert result.inventory is not None
    (station,) = result.inventory.stations
    assert station.serial == "T8030P2300000042"
    assert station.rendezvous  # what the illustrative text decodes to
    assert station.params == {1224: "1"}
    assert [(d.serial, d.channel) for d in result.inventory.devices] == [
        ("T8160P2300000077", 1),
        ("T8160P2300000078", 0),
        ("T8214P3000066666", 2),
    ]
    assert result.inventory.devices[0].params == {1103: "128", 1101: "88"}
    keys = await client.cipher_keys(station.owner_id, [40], station_serial=station.serial)
    plain = json.loads(STEPS[-1]["response_plaintext"])[0]
    assert keys[40].ecc_private == Secret(plain["ecc_private_key"])
    assert keys[40].rsa_private == Secret(plain["private_key"])
    assert {step["step"] for step in STEPS} <= set(http.done)


def seen(vector: dict[str, Any], padding: str) -> dict[str, Any]:
    return {
        "password": vector[padding],
        "client_secret_info": {"public_key": vector["client_public_key"]},
    }


@pytest.mark.parametrize("vector", VECTORS["login_password"], ids=lambda v: v["case"])
async def test_client_wraps_the_password_as_in_the_vector(vector: dict[str, Any]) -> None:
    bodies: list[dict[str, Any]] = []

    class Watched(Transport):
        async def call(self, endpoint: Any, body: Any, *_: Any, **__: Any) -> Any:
            bodies.append(body)
            raise AssertionError

    transport = Watched(
        Replay([], {}),
        CloudState("ab" * 16),
        clock=lambda: NOW,
        rng=Draws(iter([order(vector["client_private_key"])])),
        save=no_save,
    )
    with pytest.raises(AssertionError):
        await SignIn(transport, vector["server_public_key"]).begin(
            "user@example.com", Secret(vector["password"]), Access(Cluster.of_region("eu"), "DE")
        )
    assert bodies[0]["password"] == vector["encrypted_pkcs7_16"]
    assert bodies[0]["client_secret_info"] == {"public_key": vector["client_public_key"]}


async def no_save() -> None:
    """Keep nothing."""


@pytest.mark.parametrize("padding", ["encrypted_pkcs7_16", "encrypted_pkcs7_32"])
@pytest.mark.parametrize(
    "vector",
    [v for v in VECTORS["login_password"] if "server_private_key" in v],
    ids=lambda v: v["case"],
)
def test_simulator_opens_both_paddings(vector: dict[str, Any], padding: str, world: World) -> None:
    accounts = dict(world.cloud.accounts)
    account = next(iter(accounts.values()))
    options = CloudOptions()
    passport = Passport(
        accounts,
        Sessions(options, world.clock, world.rng.randbytes),
        options,
        world.clock,
        rng=random.Random(1),
        server_key=mega.private_key(order(vector["server_private_key"])),
    )
    object.__setattr__(account, "password", Secret(vector["password"]))
    data = passport.login(
        "eu", {"x-key-ident": "a"}, {"email": account.email, **seen(vector, padding)}, None
    )
    assert data["auth_token"]


# --- the envelope, at the simulator's end -------------------------------------------------


def headers(vector: dict[str, Any]) -> dict[str, str]:
    names = ("x_key_ident", "x_request_ts", "x_request_once")
    found = {name.replace("_", "-"): VECTORS["mega"][name] for name in names}
    return found | {"x-signature": vector["x_signature"]}


def sessions(*drawn: bytes) -> Sessions:
    return Sessions(CloudOptions(), lambda: 1_750_000_000.0, Draws(iter(drawn)))


def test_simulator_answers_the_key_exchange_of_the_vector() -> None:
    vector = VECTORS["mega"]["key_exchange"]
    cloud = sessions(order(vector["server_private_key"]), bytes.fromhex(vector["iv_response"]))
    answer = cloud.exchange(BASIC, "eu", headers(vector), vector["request_body"].encode())
    assert answer == {"server_public_key": vector["server_public_key_field"]}
    identity = cloud.identity(BASIC, "eu", headers(vector))
    assert identity.shared == vector["shared_key"]


@pytest.mark.parametrize("name", ["request", "request_empty_object"])
def test_simulator_opens_the_requests_of_the_vectors(name: str) -> None:
    vector = VECTORS["mega"][name]
    identity = Identity(BASIC, "eu", VECTORS["mega"]["key_exchange"]["shared_key"], 0.0)
    opened = sessions().open(identity, headers(vector), vector["body"].encode())
    assert opened == json.loads(vector["plaintext"])


def test_simulator_reads_the_other_realms_exchange() -> None:
    vector = VECTORS["mega"]["key_exchange_security_realm"]
    field = vector["client_public_key_field"]
    signature = mega.sign(vector["preset_key"], "1750000000", "00" * 16, field)
    heads = {
        "x-key-ident": "a",
        "x-request-ts": "1750000000",
        "x-request-once": "00" * 16,
        "x-signature": signature,
    }
    body = json.dumps({"client_public_key": field}).encode()
    cloud = sessions(bytes(31) + b"\x05", bytes(16))
    assert "server_public_key" in cloud.exchange(SECURITY, "eu", heads, body)


async def test_client_reads_the_answer_of_the_vector(socket_enabled: None) -> None:
    vector = VECTORS["mega"]["response"]
    exchange = VECTORS["mega"]["key_exchange"]
    first = json.dumps(
        {"code": 0, "data": {"server_public_key": exchange["server_public_key_field"]}}
    )
    second = json.dumps({"code": 0, "data": vector["data"]})
    http = Replay([], {"/openapi/oauth/key/exchange": first, "/app/house/get_house_list": second})
    from custom_components.eufy_local.eufy.cloud import endpoints

    drawn = [
        bytes.fromhex(VECTORS["mega"]["x_key_ident"]),
        order(exchange["client_private_key"]),
        bytes.fromhex(exchange["iv_request"]),
        bytes.fromhex(VECTORS["mega"]["x_request_once"]),
        bytes(16),
        bytes(16),
    ]
    transport = Transport(
        http,
        CloudState("ab" * 16),
        clock=lambda: 1_750_000_000.0,
        rng=Draws(iter(drawn)),
        save=no_save,
    )
    access = Access(Cluster.of_region("eu"), "DE")
    answer = await transport.call(endpoints.HOUSES, {}, access)
    assert answer.data == json.loads(vector["plaintext"])


def test_gtoken_header() -> None:
    vector = VECTORS["mega"]["gtoken"]
    session = Session(Secret("t"), 0.0, vector["user_id"], "")
    assert token_headers(session)["gtoken"] == vector["gtoken"]


@pytest.mark.parametrize("name", ["app_conn", "app_conn_trailing"])
def test_rendezvous_hosts_of_a_station(name: str) -> None:
    vector = VECTORS[name]
    station = CloudStation("T8030P2300000042", "x", None, "o", app_conn=vector["encoded"])
    assert list(station.rendezvous) == vector["hosts"]
    assert CloudStation("T8030P2300000042", "x", None, "o", app_conn="!").rendezvous == ()


def test_legacy_answer_opens() -> None:
    vector = VECTORS["legacy_response"]
    private = mega.private_key(order(vector["client_private_key"]))
    secret = mega.shared_secret(private, vector["server_secret_info_public_key"])
    assert secret.hex() == vector["shared_secret"]
    assert mega.decrypt_legacy(secret, vector["data"]).decode() == vector["plaintext"]
