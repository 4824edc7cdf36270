"""Draft of wire/mega.py until that exists."""

import base64
import hashlib
import hmac
from typing import Final

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ..errors import WireError

PRESET_BASIC: Final = "2500a7d5617812f9d52515b2c8f20a3d"
PRESET_SECURITY: Final = "118c12c81e211149304bd70a0c071d01"
LOGIN_SERVER_KEY: Final = (
    "04c5c00c4f8d1197cc7c3167c52bf7acb054d722f0ef08dcd7e0883236e0d72a"
    "3868d9750cb47fa4619248f3d83f0f662671dadc6e2d31c2f41db0161651c7c076"
)


def encrypt(key: bytes, iv: bytes, plaintext: bytes) -> str:
    padder = padding.PKCS7(128).padder()
    enc = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    padded = padder.update(plaintext) + padder.finalize()
    return base64.b64encode(iv + enc.update(padded) + enc.finalize()).decode()


def decrypt(key: bytes, text: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
        dec = Cipher(algorithms.AES(key), modes.CBC(raw[:16])).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        return unpadder.update(dec.update(raw[16:]) + dec.finalize()) + unpadder.finalize()
    except ValueError as err:
        raise WireError("mega body does not decrypt") from err


def sign(key_ascii: str, ts: str, once: str, body: str) -> str:
    return hmac.new(key_ascii.encode(), f"{ts}+{once}+{body}".encode(), hashlib.sha256).hexdigest()


def public_hex(private: ec.EllipticCurvePrivateKey) -> str:
    return private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint).hex()


def private_key(seed: bytes) -> ec.EllipticCurvePrivateKey:
    n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    return ec.derive_private_key(int.from_bytes(seed) % (n - 1) + 1, ec.SECP256R1())


def shared_secret(private: ec.EllipticCurvePrivateKey, peer_hex: str) -> bytes:
    try:
        peer = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes.fromhex(peer_hex))
    except ValueError as err:
        raise WireError("not a P-256 point") from err
    return private.exchange(ec.ECDH(), peer)


def wrap_password(secret: bytes, password: str) -> str:
    padder = padding.PKCS7(128).padder()
    enc = Cipher(algorithms.AES(secret), modes.CBC(secret[:16])).encryptor()
    padded = padder.update(password.encode()) + padder.finalize()
    return base64.b64encode(enc.update(padded) + enc.finalize()).decode()


def gtoken(user_id: str) -> str:
    return hashlib.md5(user_id.encode(), usedforsecurity=False).hexdigest()
