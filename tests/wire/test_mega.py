"""The cloud's envelope: vectors of every step, both directions."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import crypto, mega

from .support import CLOUD, unhex

MEGA = CLOUD["mega"]
EXCHANGE = MEGA["key_exchange"]
SHARED = EXCHANGE["shared_key"]
SIGN_IN = CLOUD["mega_sign_in"]
PRESETS = {"basic": mega.PRESET_BASIC, "security": mega.PRESET_SECURITY}


def test_constants() -> None:
    constants = CLOUD["constants"]
    assert constants["login_server_public_key"] == mega.LOGIN_SERVER_KEY
    assert constants["preset_key_basic_realm"] == mega.PRESET_BASIC
    assert constants["preset_key_security_realm"] == mega.PRESET_SECURITY


def test_key_exchange_both_sides() -> None:
    client = crypto.load_ecc_private(EXCHANGE["client_private_key"])
    server = crypto.load_ecc_private(EXCHANGE["server_private_key"])
    assert mega.public_hex(client) == EXCHANGE["client_public_key"]
    assert mega.public_hex(server) == EXCHANGE["server_public_key"]
    preset = unhex(mega.PRESET_BASIC)
    field = mega.encrypt(preset, unhex(EXCHANGE["iv_request"]), mega.public_hex(client).encode())
    assert field == EXCHANGE["client_public_key_field"]
    signature = mega.sign(mega.PRESET_BASIC, MEGA["x_request_ts"], MEGA["x_request_once"], field)
    assert signature == EXCHANGE["x_signature"]
    answer = mega.encrypt(preset, unhex(EXCHANGE["iv_response"]), mega.public_hex(server).encode())
    assert answer == EXCHANGE["server_public_key_field"]
    assert mega.decrypt(preset, answer).decode() == EXCHANGE["server_public_key"]
    assert mega.shared_secret(client, EXCHANGE["server_public_key"]).hex() == SHARED
    assert mega.shared_secret(server, EXCHANGE["client_public_key"]).hex() == SHARED
    security = mega.encrypt(
        unhex(mega.PRESET_SECURITY),
        unhex(EXCHANGE["iv_request"]),
        mega.public_hex(client).encode(),
    )
    assert security == MEGA["key_exchange_security_realm"]["client_public_key_field"]


@pytest.mark.parametrize("name", ["request", "request_empty_object"])
def test_requests(name: str) -> None:
    case = MEGA[name]
    key = mega.body_key(SHARED)
    assert key.hex() == MEGA["request"]["aes_key"]
    iv = unhex(MEGA["request"]["iv"])
    assert mega.encrypt(key, iv, case["plaintext"].encode()) == case["body"]
    assert mega.decrypt(key, case["body"]).decode() == case["plaintext"]
    text = mega.signature_key(SHARED)
    assert text == MEGA["request"]["hmac_key_ascii"]
    arguments = (text, MEGA["x_request_ts"], MEGA["x_request_once"], case["body"])
    assert mega.sign(*arguments) == case["x_signature"]
    assert mega.verify(case["x_signature"], *arguments)
    assert not mega.verify("0" * 64, *arguments)
    assert not mega.verify("ä", *arguments)


def test_responses() -> None:
    case = MEGA["response"]
    value = mega.answer_data({"code": 0, "data": case["data"]}, SHARED)
    assert value == json.loads(case["plaintext"])
    key = mega.body_key(SHARED)
    assert mega.encrypt(key, unhex(case["iv"]), case["plaintext"].encode()) == case["data"]


def test_answers_come_in_several_forms() -> None:
    for data in (None, ""):
        assert mega.answer_data({"data": data}, SHARED) is None
    assert mega.answer_data({}, SHARED) is None
    assert mega.answer_data({"data": {"a": 1}}, SHARED) == {"a": 1}
    assert mega.answer_data({"data": [1]}, SHARED) == [1]
    assert mega.answer_code(mega.decode_answer(b'{"code":"26052","msg":""}')) == 26052
    assert mega.answer_code(mega.decode_answer('{"code":0}')) == 0
    assert mega.answer_code({}) == -1
    for broken in ("AAAA", "not base64", MEGA["response"]["data"][:-8]):
        with pytest.raises(WireError):
            mega.answer_data({"data": broken}, SHARED)
    with pytest.raises(WireError):
        mega.decode_answer(b"<html>")


def test_gtoken() -> None:
    assert mega.gtoken(MEGA["gtoken"]["user_id"]) == MEGA["gtoken"]["gtoken"]


@pytest.mark.parametrize("case", CLOUD["login_password"], ids=lambda case: case["case"])
def test_password_wraps(case: dict[str, Any]) -> None:
    client = crypto.load_ecc_private(case["client_private_key"])
    assert mega.public_hex(client) == case["client_public_key"]
    secret = mega.shared_secret(client, case["server_public_key"])
    assert secret.hex() == case["shared_secret"]
    password = case["password"]
    assert mega.wrap_password(secret, password) == case["encrypted_pkcs7_16"]
    assert mega.wrap_password(secret, password, block=32) == case["encrypted_pkcs7_32"]
    if "server_private_key" in case:
        server = crypto.load_ecc_private(case["server_private_key"])
        secret = mega.shared_secret(server, case["client_public_key"])
    for wrapped in (case["encrypted_pkcs7_16"], case["encrypted_pkcs7_32"]):
        assert mega.unwrap_password(secret, wrapped) == password


def test_passwords_that_do_not_unwrap() -> None:
    secret = bytes(32)
    for broken in ("", "AAAA", "!", mega.wrap_password(bytes([1]) * 32, "x")):
        with pytest.raises(WireError):
            mega.unwrap_password(secret, broken)
    padded = crypto.pkcs7_pad(b"\xff\xfe")
    import base64

    raw = base64.b64encode(crypto.cbc_encrypt(secret, secret[:16], padded)).decode()
    with pytest.raises(WireError):
        mega.unwrap_password(secret, raw)


def test_the_older_backend() -> None:
    case = CLOUD["legacy_response"]
    client = crypto.load_ecc_private(case["client_private_key"])
    secret = mega.shared_secret(client, case["server_secret_info_public_key"])
    assert secret.hex() == case["shared_secret"]
    assert mega.decrypt_legacy(secret, case["data"]).decode() == case["plaintext"]


def test_keys_from_random_bytes_are_those_of_the_vectors() -> None:
    step = next(step for step in SIGN_IN["steps"] if "client_private_key" in step)
    scalar = unhex(step["client_private_key"])
    assert mega.public_hex(mega.private_key(bytes(31) + b"\0"))
    again = mega.private_key((int.from_bytes(scalar) - 1).to_bytes(32))
    assert mega.public_hex(again) == mega.public_hex(crypto.load_ecc_private(scalar.hex()))


def test_points_and_keys_that_are_none() -> None:
    private = mega.private_key(hashlib.sha256(b"x").digest())
    for bad in ("", "zz", "04" + "00" * 64, "02"):
        with pytest.raises(WireError):
            mega.shared_secret(private, bad)
    with pytest.raises(WireError):
        mega.body_key("zz")


def test_a_whole_sign_in() -> None:
    """Every body and signature of the recorded sign-in, from both sides."""
    shared: dict[str, str] = {}
    for step in SIGN_IN["steps"]:
        headers, realm = step["headers"], step["realm"]
        stamp = (headers["x-request-ts"], headers["x-request-once"])
        response = mega.decode_answer(step["response"])
        if "client_private_key" in step:
            preset = PRESETS[realm]
            client = crypto.load_ecc_private(step["client_private_key"])
            field = mega.encrypt(
                unhex(preset), unhex(step["iv_request"]), mega.public_hex(client).encode()
            )
            assert json.loads(step["body"]) == {"client_public_key": field}
            assert mega.sign(preset, *stamp, field) == headers["x-signature"]
            data = response["data"]
            assert isinstance(data, dict)
            point = mega.decrypt(unhex(preset), str(data["server_public_key"])).decode()
            shared[realm] = mega.shared_secret(client, point).hex()
            assert shared[realm] == step["shared_key"]
            continue
        key = mega.body_key(shared[realm])
        body = mega.encrypt(key, unhex(step["iv_request"]), step["plaintext"].encode())
        assert body == step["body"]
        assert mega.decrypt(key, body).decode() == step["plaintext"]
        assert mega.sign(mega.signature_key(shared[realm]), *stamp, body) == headers["x-signature"]
        if "response_plaintext" in step:
            assert mega.answer_code(response) == 0
            expected = json.loads(step["response_plaintext"])
            assert mega.answer_data(response, shared[realm]) == expected
        else:
            assert mega.answer_code(response) != 0


@given(
    st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), st.binary(max_size=99)
)
def test_envelope_round_trip(key: bytes, iv: bytes, plaintext: bytes) -> None:
    assert mega.decrypt(key, mega.encrypt(key, iv, plaintext)) == plaintext
