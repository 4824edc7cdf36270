"""Cipher keys: what the cloud holds for the cipher ids of an owner (`protocol/cloud.md` §5.1)."""

import base64
import re
from collections.abc import Iterable
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ..secret import Secret
from ..wire.handshake import CipherKey
from . import fields
from .fields import Json

SWEEP: Final = range(401)
"""Ids asked in one call at sign-in: the cloud returns the held ones (cloud.md §5.1, V)."""

MAX_KEYS: Final = 512
_MAX_KEY_TEXT: Final = 4096
_ECC: Final = re.compile(r"[0-9a-fA-F]{64}")
_PEM_LINE: Final = re.compile(r"-----[A-Z ]+-----")


def parse_ciphers(data: object, owner_id: str) -> dict[int, CipherKey]:
    """Read the answer in any of its forms: a list, `{"ciphers": […]}` or one object.

    A key of another owner is not taken. A half whose text is unusable is None; both can be.
    """
    entries: Iterable[object]
    if isinstance(data, list):
        entries = data[:MAX_KEYS]
    else:
        single = fields.as_dict(data)
        entries = fields.as_list(single.get("ciphers"), MAX_KEYS) or [single]
    found = (_parse(fields.as_dict(entry), owner_id) for entry in entries)
    return {key.cipher_id: key for key in found if key is not None}


def _parse(entry: Json, owner_id: str) -> CipherKey | None:
    cipher_id = fields.number(entry, "cipher_id", default=-1)
    owner = fields.identifier(entry, "user_id") or owner_id
    if cipher_id < 0 or owner != owner_id:
        return None
    rsa = fields.text(entry, "private_key", limit=_MAX_KEY_TEXT)
    ecc = fields.text(entry, "ecc_private_key")
    return CipherKey(
        cipher_id,
        owner_id,
        Secret(rsa) if is_usable_rsa(rsa) else None,
        Secret(ecc.lower()) if _ECC.fullmatch(ecc) else None,
    )


def is_usable_rsa(text: str) -> bool:
    """Tell whether the base64 PKCS#8 text holds an RSA key.

    The cloud sometimes returns it lower-cased, which no refetch repairs (cloud.md §5.1, V).
    """
    body = "".join(_PEM_LINE.sub("", text).split())
    if not body or body == body.lower():
        return False
    try:
        der = base64.b64decode(body, validate=True)
        # Validation of the primes takes 20 ms of the event loop and protects nobody here.
        key = load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except ValueError, TypeError, UnsupportedAlgorithm:
        return False
    return isinstance(key, RSAPrivateKey)
