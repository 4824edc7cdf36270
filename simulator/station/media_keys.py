"""The stream key of one live view or playback, wrapped to what the client offered.

protocol/p2p-media.md §1, §2.3, §2.4. The cameras' choices (which records are protected) are the
faults' switches.
"""

import random

from cryptography.hazmat.primitives.asymmetric import ec

from custom_components.eufy_local.eufy.wire.crypto import rsa_modulus, uncompressed_point
from custom_components.eufy_local.eufy.wire.media_encode import (
    MediaEncoder,
    OfferKind,
    Picture,
    offer_kind,
)

from .. import identity
from ..faults import EccBehaviour

MIN_PROTECTED = 128
"""A shorter piece has no room for the encrypted prefix and goes clear."""
_PRINTABLE = [chr(code) for code in range(0x21, 0x7F)]


def printable_key(rng: random.Random, size: int) -> bytes:
    """A key of printable ASCII, as stations mint them (protocol/p2p-crypto.md §1)."""
    return "".join(rng.choice(_PRINTABLE) for _ in range(size)).encode()


def private_scalar(rng: random.Random) -> ec.EllipticCurvePrivateKey:
    """An ephemeral P-256 key of the station's own randomness."""
    return ec.derive_private_key(rng.getrandbits(255) + 1, ec.SECP256R1())


class StreamSealer:
    """Seals the records of one stream as a camera of a given behaviour does."""

    def __init__(
        self, offer: str, channel: int, flag: int, rng: random.Random, ecc: EccBehaviour
    ) -> None:
        self._rng = rng
        self._ecc = ecc
        self._sealed_audio = False
        kind = offer_kind(offer)
        if kind is OfferKind.ECC and ecc is EccBehaviour.AS_RSA:
            offer = rsa_modulus(identity.rsa_key(0, "unasked").public_key()).hex()
            kind = OfferKind.RSA
        self.kind = kind
        if kind is OfferKind.RSA:
            self._encoder = MediaEncoder.rsa(
                channel, offer, rng.randbytes(16), rng.randbytes(128), flag=flag
            )
        else:
            self._encoder = MediaEncoder.ecc(
                channel,
                offer,
                rng.randbytes(32),
                ephemeral=private_scalar(rng),
                iv=rng.randbytes(16),
                flag=flag,
            )
        self._clear = MediaEncoder.clear(channel, flag)

    def video(self, picture: Picture, *, clear: bool = False) -> bytes:
        """The record of one picture (or of one piece of it)."""
        if clear:
            return self._clear.video(picture)
        if self.kind is OfferKind.ECC:
            bare = self._ecc is EccBehaviour.KEY_FRAMES and not picture.key
            return self._encoder.video(picture, nonce=self._rng.randbytes(12), force_clear=bare)
        short = len(picture.data) < MIN_PROTECTED
        return self._encoder.video(picture, force_clear=short)

    def audio(self, data: bytes, timestamp: int, counter: int, *, clear: bool = False) -> bytes:
        """The record of one ADTS frame."""
        if clear or self.kind is OfferKind.RSA:
            return self._clear.audio(data, timestamp, counter)
        return self._encoder.audio(data, timestamp, counter, nonce=self._rng.randbytes(12))


def foreign_offer(kind: OfferKind, seed: int) -> str:
    """An offer of somebody else, for stale key frames."""
    if kind is OfferKind.RSA:
        return rsa_modulus(identity.rsa_key(seed, "stale").public_key()).hex()
    return uncompressed_point(identity.p256(seed, "stale").public_key())[1:].hex()
