"""The envelope of the eufy cloud, both directions: encryption, signatures, password wrap.

Source: protocol/cloud.md §2 and §3.1. The codec lives here so that client and simulator share
it; who calls whom and when is the cloud room's business. Everything random is an argument.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import WireError
from . import crypto
from .safe_json import JsonObject, JsonValue, as_int, as_text, loads, loads_object

PRESET_BASIC: Final = "2500a7d5617812f9d52515b2c8f20a3d"
PRESET_SECURITY: Final = "118c12c81e211149304bd70a0c071d01"
"""Constants of the vendor's app, the same in every installation: they hide nothing."""

LOGIN_SERVER_KEY: Final = (
    "04c5c00c4f8d1197cc7c3167c52bf7acb054d722f0ef08dcd7e0883236e0d72a"
    "3868d9750cb47fa4619248f3d83f0f662671dadc6e2d31c2f41db0161651c7c076"
)
"""The vendor's login key, uncompressed P-256 point; a simulator injects its own."""

SHARED_PART: Final = 32
"""Hex digits of a shared key that are used: an AES-128 key, and as text the HMAC key."""

MAX_ANSWER: Final = 8 * 1024 * 1024
"""Largest answer read; a large account's device list has some 100 kB (T13)."""

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def encrypt(key: bytes, iv: bytes, plaintext: bytes) -> str:
    """Return base64 of `IV | AES-CBC-PKCS7(plaintext)`; `iv` are 16 random bytes."""
    return base64.b64encode(iv + crypto.cbc_encrypt(key, iv, crypto.pkcs7_pad(plaintext))).decode()


def decrypt(key: bytes, text: str) -> bytes:
    """Undo `encrypt`. Raises `WireError`; the envelope has no tag of its own, TLS has."""
    raw = _base64(text)
    if len(raw) < 2 * crypto.BLOCK:
        raise WireError("cloud body cut off")
    return crypto.pkcs7_unpad(crypto.cbc_decrypt(key, raw[: crypto.BLOCK], raw[crypto.BLOCK :]))


def sign(key_text: str, timestamp: str, once: str, body: str) -> str:
    """Return the signature of a request: the key is ASCII text, `body` the encrypted text.

    In a key exchange the field is signed, not the JSON around it.
    """
    message = f"{timestamp}+{once}+{body}".encode()
    return hmac.digest(key_text.encode(), message, hashlib.sha256).hex()


def verify(signature: str, key_text: str, timestamp: str, once: str, body: str) -> bool:
    """Check a request's signature in constant time (a simulator's side)."""
    return hmac.compare_digest(
        sign(key_text, timestamp, once, body).encode(), signature.encode("utf-8", "replace")
    )


def private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """Make a P-256 key from 32 random bytes."""
    return ec.derive_private_key(int.from_bytes(seed) % (_ORDER - 1) + 1, ec.SECP256R1())


def public_hex(private: ec.EllipticCurvePrivateKey) -> str:
    """Return the uncompressed public point as 130 hex digits."""
    return crypto.uncompressed_point(private.public_key()).hex()


def shared_secret(private: ec.EllipticCurvePrivateKey, peer_hex: str) -> bytes:
    """Return the 32-byte ECDH X coordinate with a peer's point in hex. Raises `WireError`."""
    try:
        point = bytes.fromhex(peer_hex)
    except ValueError:
        raise WireError("a public key is written in hex digits") from None
    return crypto.ecdh(private, crypto.load_ecc_public(point))


def body_key(shared_hex: str) -> bytes:
    """Return the AES key of an identity from its shared key (hex). Raises `WireError`."""
    try:
        return bytes.fromhex(shared_hex[:SHARED_PART])
    except ValueError:
        raise WireError("a shared key is written in hex digits") from None


def signature_key(shared_hex: str) -> str:
    """Return the HMAC key of an identity: the same digits as ASCII text."""
    return shared_hex[:SHARED_PART]


# --- answers ---------------------------------------------------------------------------


def decode_answer(text: bytes | str) -> JsonObject:
    """Read the outer JSON of an answer. Raises `WireError`."""
    return loads_object(text, max_bytes=MAX_ANSWER)


def answer_code(answer: JsonObject) -> int:
    """Return the code, which may come as text; -1 when there is none."""
    return as_int(answer.get("code"), -1)


def answer_data(answer: JsonObject, shared_hex: str) -> JsonValue:
    """Return the decrypted `data` of an answer.

    It may be missing or empty (None), or rarely a plain object or list. Raises `WireError`.
    """
    data = answer.get("data")
    if isinstance(data, dict | list):
        return data
    text = as_text(data)
    if not text:
        return None
    return loads(decrypt(body_key(shared_hex), text), max_bytes=MAX_ANSWER)


# --- sign-in ---------------------------------------------------------------------------


def wrap_password(secret: bytes, password: str, *, block: int = crypto.BLOCK) -> str:
    """Encrypt a password under a login secret (32 bytes; its first half is the IV).

    `block` 32 is the padding of one client; both log in, 16 is the standard one.
    """
    padded = crypto.pkcs7_pad(password.encode(), block)
    return base64.b64encode(crypto.cbc_encrypt(secret, secret[: crypto.BLOCK], padded)).decode()


def unwrap_password(secret: bytes, text: str) -> str:
    """Read a wrapped password of either padding (a simulator's side). Raises `WireError`."""
    padded = crypto.cbc_decrypt(secret, secret[: crypto.BLOCK], _base64(text))
    try:
        return crypto.pkcs7_unpad(padded, 32).decode()
    except UnicodeDecodeError:
        raise WireError("the password is not text") from None


def decrypt_legacy(secret: bytes, text: str) -> bytes:
    """Open `data` of the older backend: AES-256-CBC under the whole secret, IV = its half."""
    padded = crypto.cbc_decrypt(secret, secret[: crypto.BLOCK], _base64(text))
    return crypto.pkcs7_unpad(padded)


def gtoken(user_id: str) -> str:
    """Return the header value that goes with a token: MD5 of the account id in hex."""
    return hashlib.md5(user_id.encode(), usedforsecurity=False).hexdigest()


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error, ValueError:
        raise WireError("not base64") from None
