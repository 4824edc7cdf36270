"""Serials, DIDs and keys that are made up, yet the same for the same seed.

Everything is derived from SHA-256 over ``seed/label``: two runs, two processes and two machines
agree, so a test can be repeated and a stored link key still fits after a restart.
"""

import base64
import functools
import hashlib
import math
import random

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

RSA_BITS = 1024
"""Size of the cipher keys that the cloud hands out (protocol/p2p-crypto.md §1)."""

_EXPONENT = 65537
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_SMALL_PRIMES = [p for p in range(3, 2000, 2) if all(p % q for q in range(3, math.isqrt(p) + 1, 2))]


def digest(seed: int, label: str) -> bytes:
    """32 bytes that belong to this label of this seed."""
    return hashlib.sha256(f"{seed}/{label}".encode()).digest()


def hexadecimal(seed: int, label: str, digits: int) -> str:
    """Lower-case hex digits; at most 64."""
    return digest(seed, label).hex()[:digits]


def serial(seed: int, product: str, label: str) -> str:
    """A 16-character serial: product code, ``P23`` and eight hex digits."""
    return f"{product}P23{hexadecimal(seed, f'serial/{label}', 8).upper()}"


def did(seed: int, label: str) -> str:
    """A DID of the classic shape: 7 letters, 6 digits, 5 letters (protocol/p2p-transport.md §2.1)."""
    raw = digest(seed, f"did/{label}")
    prefix = "SIM" + "".join(_LETTERS[b % 26] for b in raw[:4])
    number = int.from_bytes(raw[4:8]) % 1_000_000
    suffix = "".join(_LETTERS[b % 26] for b in raw[8:13])
    return f"{prefix}-{number:06d}-{suffix}"


def p256(seed: int, label: str) -> ec.EllipticCurvePrivateKey:
    """A P-256 key pair."""
    scalar = int.from_bytes(digest(seed, f"p256/{label}")) % (_P256_ORDER - 1) + 1
    return ec.derive_private_key(scalar, ec.SECP256R1())


def p256_hex(seed: int, label: str) -> str:
    """The private half of `p256` as 64 hex digits, as the cloud writes ``ecc_private_key``."""
    return f"{p256(seed, label).private_numbers().private_value:064x}"


@functools.lru_cache(maxsize=64)
def rsa_key(seed: int, label: str) -> rsa.RSAPrivateKey:
    """An RSA-1024 key pair made from the seed (toy randomness: for the simulator only)."""
    rng = random.Random(digest(seed, f"rsa/{label}"))
    while True:
        p, q = _prime(rng), _prime(rng)
        phi = (p - 1) * (q - 1)
        if p == q or (p * q).bit_length() != RSA_BITS or math.gcd(_EXPONENT, phi) != 1:
            continue
        d = pow(_EXPONENT, -1, phi)
        public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
        return rsa.RSAPrivateNumbers(
            p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public
        ).private_key()


def rsa_base64(seed: int, label: str) -> str:
    """The private half as one line of base64 PKCS#8 DER, as the cloud writes ``private_key``."""
    der = rsa_key(seed, label).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    return base64.b64encode(der).decode()


def _prime(rng: random.Random) -> int:
    bits = RSA_BITS // 2
    while True:
        candidate = rng.getrandbits(bits) | 1 | 3 << (bits - 2)
        if all(candidate % p for p in _SMALL_PRIMES) and _probably_prime(candidate, rng):
            return candidate


def _probably_prime(n: int, rng: random.Random, rounds: int = 12) -> bool:
    """Miller-Rabin."""
    shift = ((n - 1) & -(n - 1)).bit_length() - 1
    odd = (n - 1) >> shift
    for _ in range(rounds):
        x = pow(rng.randrange(2, n - 1), odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(shift - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True
