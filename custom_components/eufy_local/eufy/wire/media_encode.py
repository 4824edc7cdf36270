"""Media records as stations (and talking clients) send them; used by the simulator and talkback.

Source: protocol/p2p-media.md §2 to §4.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric import ec

from ..errors import WireError
from . import crypto
from .crypto import RSA_BLOB_SIZE
from .envelopes import LIVE_FLAG
from .media import AUDIO, PREFIX_SIZE, VIDEO
from .media_headers import AudioHeader, VideoHeader, encode_audio_header, encode_video_header
from .record import encode_record

RSA_OFFER_DIGITS: Final = 256
ECC_OFFER_DIGITS: Final = 128
TALK_FRAME_MS: Final = 64
"""One AAC frame of 1024 samples at 16 kHz."""


class OfferKind(StrEnum):
    """What kind of stream key a client offered."""

    RSA = "rsa"
    ECC = "ecc"


def offer_kind(offer: str) -> OfferKind:
    """Tell the kind by the number of hex digits. Raises `WireError`."""
    offer_bytes(offer)
    return OfferKind.RSA if len(offer) == RSA_OFFER_DIGITS else OfferKind.ECC


def offer_bytes(offer: str) -> bytes:
    """Return the modulus (128 bytes) or X and Y (64 bytes) of an offer. Raises `WireError`."""
    if len(offer) not in {RSA_OFFER_DIGITS, ECC_OFFER_DIGITS}:
        raise WireError("an offer has 256 or 128 hex digits")
    try:
        return bytes.fromhex(offer)
    except ValueError:
        raise WireError("an offer is written in hex digits") from None


@dataclass(frozen=True, slots=True)
class Picture:
    """One access unit to send: Annex-B `data` and what its header says (sizes in pixels)."""

    data: bytes
    key: bool
    timestamp: int
    width: int
    height: int
    number: int
    fps: int = 15
    codec_byte: int = 0


class MediaEncoder:
    """Seals the media of one stream to the key a client offered.

    Make one with `clear`, `rsa` or `ecc`; the stream key is wrapped once, as real stations do.
    """

    __slots__ = ("_channel", "_ecb", "_flag", "_gcm", "wrapped_key")

    def __init__(self, channel: int, flag: int = LIVE_FLAG) -> None:
        self._channel = channel
        self._flag = flag
        self._ecb: crypto.Ecb | None = None
        self._gcm: crypto.Gcm | None = None
        self.wrapped_key = b""
        """The 128-byte RSA or 129-byte ECIES wrap sent with key frames; empty when clear."""

    @classmethod
    def clear(cls, channel: int, flag: int = LIVE_FLAG) -> Self:
        """Send everything in the clear."""
        return cls(channel, flag)

    @classmethod
    def rsa(
        cls, channel: int, offer: str, key: bytes, filler: bytes, *, flag: int = LIVE_FLAG
    ) -> Self:
        """Encrypt the first 128 bytes of key frames under the 16-byte `key`.

        `filler` are 128 random bytes for the wrap. Raises `WireError` for another offer.
        """
        modulus = offer_bytes(offer)
        if len(modulus) != RSA_BLOB_SIZE:
            raise WireError("not an RSA offer")
        encoder = cls(channel, flag)
        encoder._ecb = crypto.Ecb(key)
        encoder.wrapped_key = crypto.rsa_wrap(modulus, key, filler)
        return encoder

    @classmethod
    def ecc(
        cls,
        channel: int,
        offer: str,
        key: bytes,
        *,
        ephemeral: ec.EllipticCurvePrivateKey,
        iv: bytes,
        flag: int = LIVE_FLAG,
    ) -> Self:
        """Seal whole records under the 32-byte `key`. Raises `WireError` for another offer."""
        point = offer_bytes(offer)
        if len(point) == RSA_BLOB_SIZE:
            raise WireError("not an ECC offer")
        encoder = cls(channel, flag)
        encoder._gcm = crypto.Gcm(key)
        public = crypto.load_ecc_public(point)
        encoder.wrapped_key = crypto.ecies_wrap(public, ephemeral, iv, key)
        return encoder

    def video(self, picture: Picture, *, nonce: bytes = b"", force_clear: bool = False) -> bytes:
        """Return the record of one picture.

        An ECC encoder needs a fresh 12-byte `nonce`; `force_clear` sends this one in the clear
        inside a protected stream, as a T8160 does with P-frames.
        """
        data = picture.data
        header = encode_video_header(
            VideoHeader(
                len(data),
                int(picture.key),
                picture.codec_byte,
                picture.number & 0xFFFF,
                picture.fps,
                picture.width,
                picture.height,
                picture.timestamp,
            )
        )
        if self._gcm is not None and not force_clear:
            body = header + self.wrapped_key + self._gcm.seal(nonce, data)
            return self._record(VIDEO, 8, int(picture.key), body)
        if self._ecb is not None and picture.key and not force_clear:
            return self._record(VIDEO, 1, 1, header + self._prefixed(data))
        return self._record(VIDEO, 1, 0, header + data)

    def video_pieces(self, pictures: list[Picture]) -> list[bytes]:
        """Return one record per piece of a split key frame: each with its own prefix.

        So do HomeBase 2 cameras with large key frames (p2p-media.md §2.5).
        """
        return [self.video(piece) for piece in pictures]

    def audio(
        self, data: bytes, timestamp: int, counter: int, *, kind: int = 0, nonce: bytes = b""
    ) -> bytes:
        """Return the record of one or more ADTS frames."""
        header = encode_audio_header(AudioHeader(len(data), 0, kind, counter & 0xFFFF, timestamp))
        if self._gcm is not None:
            return self._record(AUDIO, 8, 0, header + self._gcm.seal(nonce, data))
        return self._record(AUDIO, 2, 0, header + data)

    def _prefixed(self, data: bytes) -> bytes:
        if self._ecb is None or len(data) < PREFIX_SIZE:
            raise WireError("a protected key frame has at least 128 bytes")
        prefix = self._ecb.encrypt(data[:PREFIX_SIZE])
        return self.wrapped_key + b"\0" + prefix + data[PREFIX_SIZE:]

    def _record(self, command: int, version: int, encryption: int, body: bytes) -> bytes:
        subheader = bytes([version, 0, self._channel, encryption, self._flag, 0])
        return encode_record(command, subheader, body)


def encode_talk(
    data: bytes, channel: int, number: int, *, version: int = 2, counting: bool = True
) -> bytes:
    """Return the record of one ADTS frame that a client speaks (p2p-media.md §4).

    Newer doorbells play nothing unless `version` (subheader byte 0) is 2 and number and
    timestamp count; older stations were driven with version 1 and zeros.
    """
    header = AudioHeader(
        len(data),
        0,
        0,
        number & 0xFFFF if counting else 0,
        number * TALK_FRAME_MS if counting else 0,
    )
    subheader = bytes([version, 0, channel, 0, 0, 0])
    return encode_record(AUDIO, subheader, encode_audio_header(header) + data)
