"""Cipher keys in every form of the answer, and which key texts can be used."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from custom_components.eufy_local.eufy.cloud.ciphers import is_usable_rsa, parse_ciphers
from custom_components.eufy_local.eufy.secret import Secret
from simulator.home import Home

OWNER = "a" * 40
PAIR = Home.demo().ciphers[0]
ENTRY = {
    "cipher_id": 40,
    "ecc_private_key": PAIR.ecc_private.upper(),
    "private_key": PAIR.rsa_private,
    "user_id": OWNER,
}


@pytest.mark.parametrize("answer", [[ENTRY], {"ciphers": [ENTRY]}, ENTRY])
def test_all_forms_of_the_answer(answer: object) -> None:
    keys = parse_ciphers(answer, OWNER)
    assert keys[40].ecc_private == Secret(PAIR.ecc_private)
    assert keys[40].rsa_private == Secret(PAIR.rsa_private)


@pytest.mark.parametrize("answer", [None, [], {}, "x", 5, [None, 5, {"cipher_id": -1}]])
def test_answers_without_keys(answer: object) -> None:
    assert parse_ciphers(answer, OWNER) == {}


def test_key_of_another_owner_is_not_taken() -> None:
    assert parse_ciphers([ENTRY | {"user_id": "b" * 40}], OWNER) == {}


def test_halves_that_cannot_be_used_are_none() -> None:
    spoiled = ENTRY | {"private_key": PAIR.rsa_private.lower(), "ecc_private_key": "zz"}
    key = parse_ciphers([spoiled], OWNER)[40]
    assert (key.rsa_private, key.ecc_private) == (None, None)


def pem(text: str) -> str:
    return f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"


EC_KEY = base64.b64encode(
    ec.derive_private_key(5, ec.SECP256R1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
).decode()
UNKNOWN = base64.b64encode(bytes.fromhex("300f020100300606042a0304050402ffff")).decode()


@pytest.mark.parametrize(
    ("text", "usable"),
    [
        (PAIR.rsa_private, True),
        (pem(PAIR.rsa_private), True),
        (PAIR.rsa_private.lower(), False),
        (PAIR.rsa_private[:100], False),
        (EC_KEY, False),
        (UNKNOWN, False),
        ("not Base64!", False),
        ("", False),
    ],
)
def test_which_rsa_texts_can_be_used(text: str, usable: bool) -> None:
    assert is_usable_rsa(text) is usable
