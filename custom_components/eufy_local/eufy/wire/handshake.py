"""Connection init (record 1100): which link key a station offers, and how to unwrap it.

Source: protocol/p2p-crypto.md §3. The version byte of the reply decides, never the model:
8 = ECIES and GCM, anything else = RSA and ECB.
"""

import struct
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..errors import WireError
from ..secret import Secret
from . import crypto
from .options import DEFAULT_OPTIONS, WireOptions
from .record import Record, encode_record

CONNECTION_INIT: Final = 1100
REQUEST_SUBHEADER: Final = bytes.fromhex("0100ff000000")
VERSION_GCM: Final = 8
RSA_KEY_SIZE: Final = 16
GCM_KEY_SIZE: Final = 32
_CIPHER_ID: Final = struct.Struct("<I")


class LinkGrade(IntEnum):
    """How strong a link is; a higher number is stronger (design/security.md T1)."""

    CLEAR = 0
    STATIC = 1
    RSA = 2
    GCM = 8


@dataclass(frozen=True, slots=True)
class CipherKey:
    """What the cloud holds for one cipher id of one owner (protocol/cloud.md §5.1).

    `rsa_private` is base64 PKCS#8 text, `ecc_private` 64 hex digits; either may be missing.
    """

    cipher_id: int
    owner_id: str = field(repr=False)
    rsa_private: Secret[str] | None = None
    ecc_private: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionReply:
    """A station's 1100 reply, its outer ECB layer removed.

    `cipher_id` 0 means: no key material. `material` is what follows the id.
    """

    version: int
    cipher_id: int
    material: bytes = field(repr=False)

    @property
    def grade(self) -> LinkGrade:
        """The grade this reply offers before any key is looked up."""
        if self.version == VERSION_GCM:
            return LinkGrade.GCM
        return LinkGrade.RSA if self.cipher_id else LinkGrade.STATIC


class LinkKeys:
    """The keys of one link and their kept cipher contexts.

    `grade` is what outgoing commands use. `static` is always there: stations send some records
    under it whatever the grade.
    """

    __slots__ = ("gcm", "grade", "rsa", "static")

    def __init__(
        self,
        static: bytes,
        grade: LinkGrade,
        rsa: bytes | None = None,
        gcm: bytes | None = None,
    ) -> None:
        self.grade = grade
        self.static = crypto.Ecb(static)
        self.rsa = crypto.Ecb(rsa) if rsa else None
        self.gcm = crypto.Gcm(gcm) if gcm else None


def encode_connection_request() -> bytes:
    """Return the 1100 record: always clear, exactly once per link, channel 0 index 0."""
    return encode_record(CONNECTION_INIT, REQUEST_SUBHEADER)


def decode_connection_reply(
    record: Record, static: bytes, options: WireOptions = DEFAULT_OPTIONS
) -> ConnectionReply:
    """Read a station's 1100 reply with the static key. Raises `WireError`."""
    if record.command != CONNECTION_INIT:
        raise WireError("not a connection reply")
    payload = record.body
    if record.encryption:
        payload = crypto.ecb_decrypt(static, payload + bytes(-len(payload) % crypto.BLOCK))
    if len(payload) < _CIPHER_ID.size:
        raise WireError("connection reply cut off")
    cipher_id = int.from_bytes(payload[: options.cipher_id_bytes], "little")
    return ConnectionReply(record.version, cipher_id, payload[_CIPHER_ID.size :])


def unwrap_link_keys(
    reply: ConnectionReply,
    cipher: CipherKey | None,
    static: bytes,
    options: WireOptions = DEFAULT_OPTIONS,
) -> LinkKeys:
    """Turn a reply and the matching cloud key into link keys.

    A version-8 reply needs `cipher.ecc_private`; an RSA reply with a cipher id needs
    `cipher.rsa_private`. The grade never silently falls below what the reply offers: the caller
    decides about a weaker link with `static_link_keys`. Raises `AuthenticityError` when the key
    does not fit (stale, or of another owner) and `WireError` when it is missing or unusable.
    """
    if reply.version == VERSION_GCM:
        secret = cipher.ecc_private if cipher else None
        if secret is None:
            raise WireError("this link needs an ECC key")
        private = crypto.load_ecc_private(secret.reveal())
        key = crypto.ecies_unwrap(private, reply.material[: crypto.ECIES_BLOB_SIZE])
        if len(key) != GCM_KEY_SIZE:
            raise WireError("the unwrapped link key has a wrong length")
        if options.ecies_half_key:
            return LinkKeys(static, LinkGrade.RSA, rsa=key[:RSA_KEY_SIZE], gcm=key)
        return LinkKeys(static, LinkGrade.GCM, gcm=key)
    if not reply.cipher_id:
        return static_link_keys(static)
    text = cipher.rsa_private if cipher else None
    if text is None:
        raise WireError("this link needs an RSA key")
    loaded = crypto.load_rsa_private(text.reveal())
    plain = crypto.rsa_unwrap(loaded, reply.material[: crypto.RSA_BLOB_SIZE])
    key = plain.partition(b"\0")[0][:RSA_KEY_SIZE]
    # Implicit rejection hands out random bytes for a wrong key; a genuine one is printable.
    if len(key) != RSA_KEY_SIZE or not all(0x20 <= byte < 0x7F for byte in key):
        raise WireError("the RSA key does not open this link")
    return LinkKeys(static, LinkGrade.RSA, rsa=key)


def static_link_keys(static: bytes, *, clear: bool = False) -> LinkKeys:
    """Return keys for a link without a key of its own: static-key ECB, or clear."""
    return LinkKeys(static, LinkGrade.CLEAR if clear else LinkGrade.STATIC)


# --- what a station sends ----------------------------------------------------------------


def encode_gcm_reply(
    static: bytes,
    cipher_id: int,
    cipher_public: ec.EllipticCurvePublicKey,
    link_key: bytes,
    *,
    ephemeral: ec.EllipticCurvePrivateKey,
    iv: bytes,
) -> bytes:
    """Return a version-8 reply: the 32-byte link key under ECIES, all under the static key."""
    blob = crypto.ecies_wrap(cipher_public, ephemeral, iv, link_key)
    payload = crypto.ecb_encrypt(static, _CIPHER_ID.pack(cipher_id) + blob)
    return encode_record(CONNECTION_INIT, bytes.fromhex("0800ff010000"), payload)


def encode_rsa_reply(
    static: bytes,
    cipher_id: int,
    cipher_public: rsa.RSAPublicKey,
    link_key: bytes,
    filler: bytes,
    *,
    sealed: bool = False,
) -> bytes:
    """Return an RSA reply: 133 bytes clear, or 144 under the static key when `sealed`."""
    blob = crypto.rsa_wrap(crypto.rsa_modulus(cipher_public), link_key, filler)
    return encode_rsa_blob_reply(static, cipher_id, blob, sealed=sealed)


def encode_rsa_blob_reply(
    static: bytes, cipher_id: int, blob: bytes, *, sealed: bool = False
) -> bytes:
    """Return an RSA reply around an existing 128-byte ciphertext."""
    payload = _CIPHER_ID.pack(cipher_id) + blob + b"\0"
    subheader = REQUEST_SUBHEADER
    if sealed:
        payload = crypto.ecb_encrypt(static, payload)
        subheader = bytes.fromhex("0100ff010000")
    return encode_record(CONNECTION_INIT, subheader, payload)


def encode_keyless_reply() -> bytes:
    """Return the reply that names cipher 0 and carries no key (declared, not seen)."""
    return encode_record(CONNECTION_INIT, REQUEST_SUBHEADER, bytes(132))
