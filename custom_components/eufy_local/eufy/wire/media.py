"""Live and recorded media: from a sealed record to one frame, and what protected it.

Source: protocol/p2p-media.md §2 and §3. The grade is measured per record and never assumed
from the key offer: an ECC offer does not mean that every record is encrypted (§2.4).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal, Self, overload

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ..errors import AuthenticityError, WireError
from . import crypto, nal
from .crypto import ECIES_BLOB_SIZE, NONCE_SIZE, RSA_BLOB_SIZE, TAG_SIZE
from .media_headers import (
    AUDIO_HEADER,
    AUDIO_HEADER_SIZE,
    VIDEO_HEADER,
    VIDEO_HEADER_SIZE,
    TimestampUnwrapper,
)
from .options import DEFAULT_OPTIONS, WireOptions
from .record import Record

VIDEO: Final = 1300
AUDIO: Final = 1301
PREFIX_SIZE: Final = 128
"""Bytes of a frame that RSA-style protection encrypts."""
RSA_MARKER: Final = 1
"""The zero byte between the wrapped key and the frame."""
RSA_OVERHEAD: Final = RSA_BLOB_SIZE + RSA_MARKER
ECC_VIDEO_OVERHEAD: Final = ECIES_BLOB_SIZE + TAG_SIZE + NONCE_SIZE
ECC_AUDIO_OVERHEAD: Final = TAG_SIZE + NONCE_SIZE

MAX_CACHED_KEYS: Final = 4
"""Unwrapped stream keys kept: a stream has one, a restart adds one (T6: four decoders)."""

MAX_REMEMBERED_NONCES: Final = 8192
"""Nonces of authenticated frames remembered, newest first: nine minutes at 15 frames/s."""

_ECC_VERSIONS: Final = frozenset({8, 9})
_FLOODLIGHT: Final = 3
_G711: Final = 1
_SEALED_END_TO_END: Final = frozenset({4, 5})


class MediaProtection(StrEnum):
    """What protected one media record on the network."""

    CLEAR = "clear"
    KEY_FRAME_PREFIX = "key_frame_prefix"
    """Only the first 128 bytes were encrypted; nothing was authenticated."""
    AUTHENTICATED = "authenticated"
    REFUSED = "refused"
    """A record that could not be opened; counted, never handed on."""


class Drop(StrEnum):
    """Why a record gave no frame."""

    FOREIGN_CHANNEL = "foreign_channel"
    MALFORMED = "malformed"
    FOREIGN_KEY = "foreign_key"
    NOT_AUTHENTIC = "not_authentic"
    REPLAYED = "replayed"
    NO_KEY_YET = "no_key_yet"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class VideoFrame:
    """One video record in the clear.

    `timestamp_ms` counts up through wraps; `width` and `height` are the sender's word in
    pixels. `continues` marks a record without a start code: it belongs to the previous frame
    of this camera (p2p-media.md §2.5). `key` says that a picture group starts here.
    """

    data: bytes = field(repr=False)
    key: bool
    timestamp_ms: int
    width: int
    height: int
    number: int
    codec_byte: int
    channel: int
    protection: MediaProtection
    continues: bool = False
    fps: int = 0


@dataclass(frozen=True, slots=True)
class AudioFrame:
    """One audio record in the clear: ADTS frames; `kind` is the header's type byte.

    `g711` marks A-law samples instead, as floodlights declare them (p2p-media.md §3) [D].
    """

    data: bytes = field(repr=False)
    timestamp_ms: int
    kind: int
    channel: int
    protection: MediaProtection
    g711: bool = False


class StreamKey:
    """The key pair that a client mints for one stream, and its offer.

    Made from a private key that is passed in; generating RSA-1024 takes about 7 ms, so it is
    made ahead of time outside the event loop.
    """

    __slots__ = ("_ecc", "_rsa", "offer")

    def __init__(self, private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
        self._rsa = private if isinstance(private, rsa.RSAPrivateKey) else None
        self._ecc = private if isinstance(private, ec.EllipticCurvePrivateKey) else None
        if self._rsa is not None:
            modulus = crypto.rsa_modulus(self._rsa.public_key())
            if len(modulus) != RSA_BLOB_SIZE:
                raise WireError("a stream key is RSA-1024 or P-256")
            self.offer = modulus.hex().upper()
        else:
            point = crypto.uncompressed_point(self._ecc_key.public_key())
            self.offer = point[1:].hex().upper()
        """Hex offer: 256 digits (modulus) or 128 digits (X and Y), upper case."""

    @classmethod
    def from_ecc_scalar(cls, scalar: int) -> Self:
        """Make a P-256 stream key from a random number below the group order."""
        return cls(ec.derive_private_key(scalar, ec.SECP256R1()))

    @property
    def is_ecc(self) -> bool:
        """True for a P-256 pair, whose records may be authenticated."""
        return self._ecc is not None

    @property
    def _ecc_key(self) -> ec.EllipticCurvePrivateKey:
        if self._ecc is None:
            raise WireError("not an ECC stream key")
        return self._ecc

    def unwrap_rsa(self, blob: bytes) -> crypto.Ecb:
        """Return the AES-128 cipher of an RSA-wrapped stream key. Raises `WireError`."""
        if self._rsa is None:
            raise WireError("a key wrapped for another stream")
        key = crypto.rsa_unwrap(self._rsa, blob)
        if len(key) != 16:
            raise WireError("a key wrapped for another stream")
        return crypto.Ecb(key)

    def unwrap_ecc(self, blob: bytes) -> crypto.Gcm:
        """Return the AES-256 cipher of an ECIES-wrapped stream key. Raises `WireError`."""
        key = crypto.ecies_unwrap(self._ecc_key, blob)
        if len(key) > 32:
            raise WireError("a stream key has 32 bytes")
        return crypto.Gcm(key.ljust(32, b"\0"))


class MediaDecoder:
    """Opens the media records of one stream; one per live view or recording.

    `camera_channel` drops records of other cameras (on a HomeBase); None accepts all, because
    standalone devices tag theirs unreliably (contradiction C17). Nothing waits here: a record
    gives its frame at once, and `VideoFrame.continues` tells what belongs together.
    """

    __slots__ = (
        "_audio_key",
        "_audio_time",
        "_channel",
        "_ecc_keys",
        "_key",
        "_nonces",
        "_rsa_keys",
        "_video_time",
        "drops",
        "last_drop",
        "opened",
    )

    def __init__(
        self,
        stream_key: StreamKey | None,
        camera_channel: int | None = None,
        options: WireOptions = DEFAULT_OPTIONS,
    ) -> None:
        self.drops: dict[Drop, int] = dict.fromkeys(Drop, 0)
        self.last_drop: Drop | None = None
        self.opened: dict[MediaProtection, int] = dict.fromkeys(MediaProtection, 0)
        """Records per measured protection; `REFUSED` counts those that could not be opened."""
        self._key = stream_key
        self._channel = camera_channel
        self._rsa_keys: dict[bytes, crypto.Ecb] = {}
        self._ecc_keys: dict[bytes, crypto.Gcm] = {}
        self._audio_key: crypto.Gcm | None = None
        self._nonces: dict[bytes, None] = {}
        self._video_time = TimestampUnwrapper(options.timestamp_bits)
        self._audio_time = TimestampUnwrapper(options.timestamp_bits)

    def decode(self, record: Record) -> VideoFrame | AudioFrame | None:
        """Return the frame of a media record, or None when it was dropped and counted.

        Raises `WireError` only for a record that is not media at all.
        """
        command = record.command
        if command not in {VIDEO, AUDIO}:
            raise WireError("not a media record")
        try:
            if self._channel is not None and record.subheader[2] != self._channel:
                raise _Dropped(Drop.FOREIGN_CHANNEL)
            frame = self._video(record) if command == VIDEO else self._audio(record)
        except _Dropped as dropped:
            self.drops[dropped.reason] += 1
            self.last_drop = dropped.reason
            self.opened[MediaProtection.REFUSED] += 1
            return None
        self.opened[frame.protection] += 1
        return frame

    # --- video ---

    def _video(self, record: Record) -> VideoFrame:
        body = record.body
        if len(body) < VIDEO_HEADER_SIZE:
            raise _Dropped(Drop.MALFORMED)
        datalen, flag, codec_byte, number, fps, width, height, raw = VIDEO_HEADER.unpack_from(body)
        data, protection = self._open_video(record, memoryview(body), datalen)
        continues = not nal.has_start_code(data)
        keyed = flag == 1 or protection is MediaProtection.KEY_FRAME_PREFIX
        return VideoFrame(
            data,
            not continues and (keyed or _starts_group(data)),
            self._video_time.unwrap(raw),
            width,
            height,
            number,
            codec_byte,
            record.subheader[2],
            protection,
            continues,
            fps,
        )

    def _open_video(
        self, record: Record, view: memoryview, datalen: int
    ) -> tuple[bytes, MediaProtection]:
        """Choose the variant by subheader bytes 0 and 3 (§2.2), then check what it is."""
        version, encryption = record.subheader[0], record.subheader[3]
        room = len(view) - VIDEO_HEADER_SIZE
        if not 0 < datalen <= room:
            raise _Dropped(Drop.MALFORMED)
        if version in _ECC_VERSIONS:
            if datalen + ECC_VIDEO_OVERHEAD > room:
                raise _Dropped(Drop.MALFORMED)
            return self._open_ecc_video(view, datalen), MediaProtection.AUTHENTICATED
        if version in _SEALED_END_TO_END and encryption >= 2:
            raise _Dropped(Drop.UNSUPPORTED)
        prefixed = encryption and version in {1, 2} and datalen >= PREFIX_SIZE
        if prefixed and room >= RSA_OVERHEAD + PREFIX_SIZE:
            # The flag alone proves nothing: a frame that reads as clear was sent clear.
            if nal.is_clear(view[VIDEO_HEADER_SIZE:]):
                return _plain(view, VIDEO_HEADER_SIZE, datalen), MediaProtection.CLEAR
            first = VIDEO_HEADER_SIZE + RSA_OVERHEAD
            if nal.is_clear(view[first:]):
                return _plain(view, first, datalen), MediaProtection.CLEAR
            return self._open_rsa(view, datalen), MediaProtection.KEY_FRAME_PREFIX
        data = _plain(view, VIDEO_HEADER_SIZE, datalen)
        if not _is_plain(version, encryption) and not nal.is_clear(data):
            raise _Dropped(Drop.UNSUPPORTED)
        return data, MediaProtection.CLEAR

    def _open_rsa(self, view: memoryview, datalen: int) -> bytes:
        start = VIDEO_HEADER_SIZE + RSA_BLOB_SIZE
        blob = bytes(view[VIDEO_HEADER_SIZE:start])
        cipher = self._rsa_keys.get(blob)
        known = cipher is not None
        if cipher is None:
            cipher = self._unwrap(blob, ecc=False)
        first = start + RSA_MARKER
        rest = first + PREFIX_SIZE
        clear = cipher.decrypt(view[first:rest])
        if not known:
            if not nal.has_start_code(clear):
                # Implicit rejection or a stale key: never cache, wait for the next key frame.
                raise _Dropped(Drop.FOREIGN_KEY)
            _remember(self._rsa_keys, blob, cipher)
        # `datalen` is that of the frame; the record is longer by wrapped key and marker.
        return b"".join((clear, view[rest : first + datalen]))

    def _open_ecc_video(self, view: memoryview, datalen: int) -> bytes:
        start = VIDEO_HEADER_SIZE + ECIES_BLOB_SIZE
        blob = bytes(view[VIDEO_HEADER_SIZE:start])
        cipher = self._ecc_keys.get(blob)
        if cipher is None:
            cipher = self._unwrap(blob, ecc=True)
        data = self._open_gcm(cipher, view[start:], datalen)
        _remember(self._ecc_keys, blob, cipher)
        self._audio_key = cipher
        return data

    @overload
    def _unwrap(self, blob: bytes, *, ecc: Literal[False]) -> crypto.Ecb: ...

    @overload
    def _unwrap(self, blob: bytes, *, ecc: Literal[True]) -> crypto.Gcm: ...

    def _unwrap(self, blob: bytes, *, ecc: bool) -> crypto.Ecb | crypto.Gcm:
        if self._key is None:
            raise _Dropped(Drop.NO_KEY_YET)
        try:
            return self._key.unwrap_ecc(blob) if ecc else self._key.unwrap_rsa(blob)
        except WireError:
            raise _Dropped(Drop.FOREIGN_KEY) from None

    def _open_gcm(self, cipher: crypto.Gcm, sealed: memoryview, datalen: int) -> bytes:
        nonce = bytes(sealed[TAG_SIZE : TAG_SIZE + NONCE_SIZE])
        begin = TAG_SIZE + NONCE_SIZE
        try:
            data = cipher.open_parts(sealed[:TAG_SIZE], nonce, sealed[begin : begin + datalen])
        except AuthenticityError:
            raise _Dropped(Drop.NOT_AUTHENTIC) from None
        if nonce in self._nonces:
            raise _Dropped(Drop.REPLAYED)
        self._nonces[nonce] = None
        if len(self._nonces) > MAX_REMEMBERED_NONCES:
            del self._nonces[next(iter(self._nonces))]
        return data

    # --- audio ---

    def _audio(self, record: Record) -> AudioFrame:
        body = record.body
        if len(body) < AUDIO_HEADER_SIZE:
            raise _Dropped(Drop.MALFORMED)
        datalen, _, kind, _, raw = AUDIO_HEADER.unpack_from(body)
        view = memoryview(body)
        sealed = record.subheader[0] in _ECC_VERSIONS
        overhead = ECC_AUDIO_OVERHEAD if sealed else 0
        if not 0 < datalen <= len(body) - AUDIO_HEADER_SIZE - overhead:
            raise _Dropped(Drop.MALFORMED)
        if not sealed:
            data = _plain(view, AUDIO_HEADER_SIZE, datalen)
            protection = MediaProtection.CLEAR
        elif self._audio_key is None:
            raise _Dropped(Drop.NO_KEY_YET)
        else:
            data = self._open_gcm(self._audio_key, view[AUDIO_HEADER_SIZE:], datalen)
            protection = MediaProtection.AUTHENTICATED
        timestamp = self._audio_time.unwrap(raw)
        subheader = record.subheader
        g711 = subheader[5] == _FLOODLIGHT and subheader[0] == _G711
        return AudioFrame(data, timestamp, kind, subheader[2], protection, g711)


class _Dropped(Exception):
    def __init__(self, reason: Drop) -> None:
        super().__init__(reason)
        self.reason = reason


def _plain(view: memoryview, start: int, datalen: int) -> bytes:
    return bytes(view[start : start + datalen])


def _remember[T](cache: dict[bytes, T], blob: bytes, cipher: T) -> None:
    if blob not in cache:
        if len(cache) >= MAX_CACHED_KEYS:
            del cache[next(iter(cache))]
        cache[blob] = cipher


def _is_plain(version: int, encryption: int) -> bool:
    """Rows of p2p-media.md §2.2 whose body is the frame itself."""
    return (version <= 2 and not encryption) or (version >= 3 and encryption == 1)


_GROUP_BYTES: Final = frozenset({0x26, 0x28, 0x2A, 0x40, 0x42, 0x44, 0x65, 0x67, 0x68, 0x27})


def _starts_group(data: bytes) -> bool:
    """First NAL header byte of a key frame in either codec (p2p-media.md §2.5)."""
    if len(data) < 5 or data[0] or data[1]:
        return False
    return data[3 if data[2] else 4] in _GROUP_BYTES
