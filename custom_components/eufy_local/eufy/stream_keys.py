"""Key pairs for live streams, made ahead of time and outside the event loop.

Making an RSA-1024 pair takes tens of milliseconds at times, which would delay the first picture
and every other camera's frames (`design/security.md` T18).
"""

import asyncio
import secrets
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .wire.media import StreamKey

_EXPONENT: Final = 65537
_MODULUS_BITS: Final = 1024  # the station wraps to exactly this size, `protocol/p2p-media.md` §1
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # P-256


def _make(*, ecc: bool) -> StreamKey:
    private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    if ecc:
        private = ec.derive_private_key(1 + secrets.randbelow(_ORDER - 1), ec.SECP256R1())
    else:
        private = rsa.generate_private_key(_EXPONENT, _MODULUS_BITS)
    return StreamKey(private)


class KeyMint:
    """Keeps one unused key pair of each kind that was asked for; a pair is handed out once."""

    def __init__(self) -> None:
        self._ready: dict[bool, asyncio.Future[StreamKey]] = {}

    def prepare(self, *, ecc: bool) -> None:
        """Begin to make a pair if none is waiting; returns at once."""
        if ecc not in self._ready:
            self._ready[ecc] = asyncio.ensure_future(asyncio.to_thread(_make, ecc=ecc))

    async def take(self, *, ecc: bool) -> StreamKey:
        """Return a fresh pair, and begin to make the next one."""
        self.prepare(ecc=ecc)
        key = await asyncio.shield(self._ready.pop(ecc))
        self.prepare(ecc=ecc)
        return key

    async def close(self) -> None:
        """Wait for pairs in the making and forget them."""
        waiting, self._ready = list(self._ready.values()), {}
        await asyncio.gather(*waiting, return_exceptions=True)
