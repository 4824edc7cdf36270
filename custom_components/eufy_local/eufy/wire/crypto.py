"""Ciphers of the protocol: static key, AES-ECB, AES-GCM, ECIES and RSA wraps.

Source: protocol/p2p-crypto.md. Nothing here draws random bytes: nonces, ephemeral keys and
padding are arguments. The static key is derivable from the label of a station, so records under
it are forgeable by anyone who read that label.
"""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Final

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ..errors import AuthenticityError, WireError
from .datagram import Buffer
from .did import Did

AAD: Final = b"eufy security"
"""Constant associated data of every GCM body (protocol/p2p-crypto.md §5)."""

BLOCK: Final = 16
TAG_SIZE: Final = 16
NONCE_SIZE: Final = 12
GCM_OVERHEAD: Final = TAG_SIZE + NONCE_SIZE
ECIES_BLOB_SIZE: Final = 129
"""An ECIES blob around a 32-byte key: point 33, IV 16, ciphertext 48, tag 32."""
RSA_BLOB_SIZE: Final = 128

_POINT: Final = 33
_HMAC: Final = 32
_LABEL: Final = b"ECIES"
_CURVE: Final = ec.SECP256R1()
_MAX_RSA_BITS: Final = 4096
"""Cloud keys are RSA-1024; a larger one than this is refused instead of burning time."""


def static_key(serial: str, did: Did | str, *, from_first_dash: bool = False) -> bytes:
    """Return the 16-byte static key of a station: end of the serial + middle of the DID text.

    Clients agree for 7-letter DID prefixes; for others the readings differ (contradiction C14)
    and `from_first_dash` selects the other one. Raises `WireError` when no 16 bytes result.
    """
    text = str(did)
    start = text.find("-") if from_first_dash else 7
    key = (serial.strip()[-7:] + text[start : start + 9]).encode("utf-8")
    if len(key) != BLOCK:
        raise WireError("no static key can be made from this serial and DID")
    return key


class Ecb:
    """AES-ECB without padding under one kept key schedule; knows nothing of order or state."""

    __slots__ = ("_decrypt", "_encrypt")

    def __init__(self, key: bytes) -> None:
        try:
            cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - what the wire uses
        except ValueError:
            raise WireError("an AES key has 16, 24 or 32 bytes") from None
        self._encrypt = cipher.encryptor()
        self._decrypt = cipher.decryptor()

    def encrypt(self, data: Buffer) -> bytes:
        """Encrypt `data`, zero-filled to whole blocks."""
        rest = -len(data) % BLOCK
        return self._encrypt.update(bytes(data) + bytes(rest) if rest else data)

    def decrypt(self, data: Buffer) -> bytes:
        """Decrypt the whole blocks of `data`; a trailing partial block is kept as it is."""
        rest = len(data) % BLOCK
        if not rest:
            return self._decrypt.update(data)
        whole = len(data) - rest
        view = memoryview(data)
        return self._decrypt.update(view[:whole]) + bytes(view[whole:])


def ecb_encrypt(key: bytes, data: Buffer) -> bytes:
    """Encrypt once; keep an `Ecb` where a key is used again."""
    return Ecb(key).encrypt(data)


def ecb_decrypt(key: bytes, data: Buffer) -> bytes:
    """Decrypt once; keep an `Ecb` where a key is used again."""
    return Ecb(key).decrypt(data)


class Gcm:
    """AES-256-GCM with the protocol's associated data under one kept key."""

    __slots__ = ("_aead",)

    def __init__(self, key: bytes) -> None:
        try:
            self._aead = AESGCM(key)
        except ValueError:
            raise WireError("a GCM key has 32 bytes") from None

    def seal_parts(self, nonce: bytes, plaintext: Buffer) -> tuple[bytes, bytes]:
        """Return (tag, ciphertext)."""
        if len(nonce) != NONCE_SIZE:
            raise WireError("a nonce has 12 bytes")
        sealed = self._aead.encrypt(nonce, plaintext, AAD)
        return sealed[-TAG_SIZE:], sealed[:-TAG_SIZE]

    def seal(self, nonce: bytes, plaintext: Buffer) -> bytes:
        """Return `tag | nonce | ciphertext`, the body of a station's record."""
        tag, ciphertext = self.seal_parts(nonce, plaintext)
        return tag + nonce + ciphertext

    def open_parts(self, tag: Buffer, nonce: Buffer, ciphertext: Buffer) -> bytes:
        """Verify and decrypt. Raises `AuthenticityError`."""
        try:
            return self._aead.decrypt(bytes(nonce), b"".join((ciphertext, tag)), AAD)
        except InvalidTag, ValueError:
            raise AuthenticityError("a GCM tag does not verify") from None

    def open(self, body: Buffer) -> bytes:
        """Open `tag | nonce | ciphertext`. Raises `AuthenticityError`, also when too short."""
        view = memoryview(body)
        if len(view) < GCM_OVERHEAD:
            raise AuthenticityError("a GCM body has at least 28 bytes")
        return self.open_parts(view[:TAG_SIZE], view[TAG_SIZE:GCM_OVERHEAD], view[GCM_OVERHEAD:])


def gcm_seal(key: bytes, nonce: bytes, plaintext: Buffer) -> bytes:
    """Seal once into `tag | nonce | ciphertext`; keep a `Gcm` where a key is used again."""
    return Gcm(key).seal(nonce, plaintext)


def gcm_open(key: bytes, body: Buffer) -> bytes:
    """Open `tag | nonce | ciphertext` once. Raises `AuthenticityError`."""
    return Gcm(key).open(body)


# --- ECIES -----------------------------------------------------------------------------


def load_ecc_private(text: str) -> ec.EllipticCurvePrivateKey:
    """Load a P-256 private key from its 64 hex digits. Raises `WireError`."""
    try:
        scalar = int(text.strip(), 16)
        return ec.derive_private_key(scalar, _CURVE)
    except ValueError:
        raise WireError("not a P-256 private key") from None


def load_ecc_public(data: bytes) -> ec.EllipticCurvePublicKey:
    """Load a P-256 point: compressed, uncompressed, or bare X and Y. Raises `WireError`."""
    point = b"\x04" + data if len(data) == 64 else data
    try:
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError:
        raise WireError("not a point on P-256") from None


def compressed_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the 33-byte compressed SEC1 form of a point."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)


def uncompressed_point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the 65-byte uncompressed SEC1 form of a point (04, X, Y)."""
    return key.public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def ecdh(private: ec.EllipticCurvePrivateKey, public: ec.EllipticCurvePublicKey) -> bytes:
    """Return the 32-byte X coordinate that both sides share."""
    return private.exchange(ec.ECDH(), public)


def ecies_keys(shared: bytes) -> tuple[bytes, bytes]:
    """Derive (AES-128 key, 32-byte HMAC key) from a shared X coordinate (§3.4)."""
    first = _mac(shared, _LABEL)
    second = _mac(shared, first)
    material = _mac(shared, first + _LABEL) + _mac(shared, second + _LABEL)
    return material[:16], material[16:48]


def ecies_wrap(
    public: ec.EllipticCurvePublicKey,
    ephemeral: ec.EllipticCurvePrivateKey,
    iv: bytes,
    plaintext: bytes,
) -> bytes:
    """Wrap a key to `public`: `point | IV | ciphertext | tag`, 129 bytes for a 32-byte key."""
    aes_key, mac_key = ecies_keys(ecdh(ephemeral, public))
    ciphertext = cbc_encrypt(aes_key, iv, pkcs7_pad(plaintext))
    tag = _mac(mac_key, iv + ciphertext)
    return compressed_point(ephemeral.public_key()) + iv + ciphertext + tag


def ecies_unwrap(private: ec.EllipticCurvePrivateKey, blob: Buffer) -> bytes:
    """Open an ECIES blob: the tag is verified before anything is decrypted.

    Raises `AuthenticityError` for a wrong tag, `WireError` for a wrong form.
    """
    data = bytes(blob)
    body = data[_POINT:-_HMAC]
    if len(body) < 2 * BLOCK or len(body) % BLOCK:
        raise WireError("an ECIES blob has a point, an IV, whole blocks and a tag")
    aes_key, mac_key = ecies_keys(ecdh(private, load_ecc_public(data[:_POINT])))
    if not hmac.compare_digest(_mac(mac_key, body), data[-_HMAC:]):
        raise AuthenticityError("an ECIES tag does not verify")
    return pkcs7_unpad(cbc_decrypt(aes_key, body[:BLOCK], body[BLOCK:]))


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, hashlib.sha256)


# --- CBC and PKCS#7 (ECIES and the cloud envelope) ---------------------------------------


def cbc_encrypt(key: bytes, iv: bytes, padded: bytes) -> bytes:
    """AES-CBC over whole blocks. Raises `WireError` for a wrong key, IV or length."""
    try:
        context = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
        return context.update(padded) + context.finalize()
    except ValueError:
        raise WireError("CBC needs a key, an IV and whole blocks") from None


def cbc_decrypt(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Undo `cbc_encrypt`; the padding stays. Raises `WireError`."""
    try:
        context = Cipher(algorithms.AES(key), modes.CBC(iv)).decryptor()
        return context.update(data) + context.finalize()
    except ValueError:
        raise WireError("CBC needs a key, an IV and whole blocks") from None


def pkcs7_pad(data: bytes, block: int = BLOCK) -> bytes:
    """Add PKCS#7 padding; `block` is 16, or 32 for one client's password wrap."""
    rest = block - len(data) % block
    return data + bytes([rest]) * rest


def pkcs7_unpad(data: bytes, block: int = BLOCK) -> bytes:
    """Remove PKCS#7 padding. Raises `WireError`."""
    rest = data[-1] if data else 0
    if not 0 < rest <= block or rest > len(data) or data[-rest:] != bytes([rest]) * rest:
        raise WireError("wrong padding")
    return data[:-rest]


# --- RSA -------------------------------------------------------------------------------

_ARMOUR: Final = re.compile(r"-----[A-Z ]+-----")


def load_rsa_private(text: str) -> rsa.RSAPrivateKey:
    """Load a cloud private key: base64 of PKCS#8 DER, maybe with line breaks or PEM armour.

    Some accounts receive the base64 in lower case, which nobody can read: `WireError`, and
    fetching again does not help (protocol/p2p-crypto.md §3.3). The key is validated, which
    takes about 5 ms for RSA-1024: once per link, outside the event loop where that matters.
    """
    compact = "".join(_ARMOUR.sub("", text).split())
    try:
        der = base64.b64decode(compact, validate=True)
        key = serialization.load_der_private_key(der, password=None)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm) as error:
        raise WireError("not an RSA private key") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size > _MAX_RSA_BITS:
        raise WireError("not an RSA private key")
    return key


def rsa_unwrap(private: rsa.RSAPrivateKey, blob: Buffer) -> bytes:
    """Undo PKCS#1 v1.5 wrapping. Raises `WireError` when it is refused.

    A wrong key mostly does not fail: implicit rejection returns pseudo-random bytes of random
    length. Check the result before using it.
    """
    try:
        return private.decrypt(bytes(blob), padding.PKCS1v15())
    except ValueError:
        raise WireError("RSA ciphertext refused") from None


def rsa_wrap(modulus: bytes, message: bytes, filler: bytes, exponent: int = 65537) -> bytes:
    """Wrap `message` to an RSA public key with PKCS#1 v1.5 (what a station does).

    `filler` are random bytes, as many as the modulus has; zeros among them are replaced.
    """
    size = len(modulus)
    count = size - len(message) - 3
    if count < 8 or len(filler) < count:
        raise WireError("message too long for the RSA key")
    pad = bytes(byte or 0xA5 for byte in filler[:count])
    number = int.from_bytes(b"\0\x02" + pad + b"\0" + message)
    return pow(number, exponent, int.from_bytes(modulus)).to_bytes(size)


def rsa_modulus(key: rsa.RSAPublicKey) -> bytes:
    """Return the modulus, big-endian, without leading zeros."""
    numbers = key.public_numbers()
    return numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)
