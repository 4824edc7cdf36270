"""Vectors and keys that the tests of this room share."""

import json
from pathlib import Path
from typing import Any

from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import crypto, handshake, media
from custom_components.eufy_local.eufy.wire.did import Did

VECTORS = Path(__file__).parents[1] / "vectors"
P2P: dict[str, Any] = json.loads((VECTORS / "p2p.json").read_text())
CLOUD: dict[str, Any] = json.loads((VECTORS / "cloud.json").read_text())
FIELD: dict[str, Any] = json.loads((VECTORS / "field.json").read_text())

KEYS = P2P["keys"]
IDENTITIES = P2P["identities"]
ACCOUNT = IDENTITIES["owner_account_id"]
STATION_DID = Did.parse(IDENTITIES["station_did"])
STATIC = crypto.static_key(IDENTITIES["station_serial"], STATION_DID)
TRANSACTION = "1767323045000"
MODULUS = KEYS["media_rsa_modulus_upper"]
POINT = KEYS["media_ecc_public_xy_upper"]

CIPHER = handshake.CipherKey(
    40,
    ACCOUNT,
    Secret(KEYS["cipher_rsa_private_pkcs8_base64"]),
    Secret(KEYS["cipher_ecc_private_hex"]),
)
CLEAR_KEYS = handshake.LinkKeys(STATIC, handshake.LinkGrade.CLEAR)
STATIC_KEYS = handshake.LinkKeys(STATIC, handshake.LinkGrade.STATIC)
RSA_KEYS = handshake.LinkKeys(
    STATIC, handshake.LinkGrade.RSA, rsa=KEYS["rsa_link_key_ascii"].encode()
)
GCM_KEYS = handshake.LinkKeys(
    STATIC, handshake.LinkGrade.GCM, gcm=KEYS["gcm_link_key_ascii"].encode()
)
LEGACY_KEYS = {0: CLEAR_KEYS, 1: STATIC_KEYS, 2: RSA_KEYS}

RSA_STREAM = media.StreamKey(crypto.load_rsa_private(KEYS["media_rsa_private_pkcs8_base64"]))
ECC_STREAM = media.StreamKey(crypto.load_ecc_private(KEYS["media_ecc_private_hex"]))


def cases(group: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the named cases of a vector group, without its notes."""
    return [(name, case) for name, case in group.items() if isinstance(case, dict)]


def unhex(text: str) -> bytes:
    """Return the bytes of a hex text."""
    return bytes.fromhex(text)
