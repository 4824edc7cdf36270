"""The key handshake of one link: one request, one reply, the key that the reply names.

Source: protocol/p2p-crypto.md §3. The request is sent exactly once; a second one can make the
link useless. The reply is not repeated either, so the link is kept while a key is fetched.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..errors import (
    AuthenticityError,
    DowngradeRefused,
    EufyError,
    HandshakeFailed,
    KeyRejected,
    KeyUnavailable,
    LinkError,
    WireError,
)
from ..wire.handshake import (
    VERSION_GCM,
    CipherKey,
    ConnectionReply,
    LinkGrade,
    LinkKeys,
    decode_connection_reply,
    static_link_keys,
    unwrap_link_keys,
)
from ..wire.record import Record
from .pin import Pin
from .policy import LinkQuirks

REPLY_TIME: Final = 6.0
"""Seconds to wait for the reply (known clients: 5 and 6)."""
KEY_TIME: Final = 10.0
"""Seconds a link is kept while its key is fetched; how long a station waits is unknown."""


@dataclass(frozen=True, slots=True)
class Secured:
    """The link has its keys. `cipher_id` is 0 without a key of its own."""

    grade: LinkGrade
    cipher_id: int
    version: int
    pin: Pin


class Want(StrEnum):
    """What a handshake needs next."""

    REPLY = "reply"
    KEY = "key"
    NOTHING = "nothing"


class Handshake:
    """From the sent request to link keys. Every refusal is an error raised to the session."""

    def __init__(self, did: str, static: bytes, pin: Pin | None, quirks: LinkQuirks) -> None:
        self._pin = pin or Pin(did)
        self._pinned = pin is not None
        self._static = static
        self._quirks = quirks
        self._reply: ConnectionReply | None = None
        self._refreshed = False
        self.want = Want.NOTHING
        self.deadline = 0.0
        self.keys = static_link_keys(static)
        """Until the handshake is done only the static key is known."""

    @property
    def cipher_id(self) -> int:
        """The cipher that the station named."""
        return self._reply.cipher_id if self._reply is not None else 0

    def requested(self, now: float) -> None:
        """The request is on its way."""
        self.want = Want.REPLY
        self.deadline = now + REPLY_TIME

    def take_reply(self, record: Record, now: float) -> Secured | None:
        """Take the reply; None means that the key `cipher_id` is needed.

        Raises `HandshakeFailed` for a reply that cannot be read and `DowngradeRefused` for one
        that is weaker than the pin.
        """
        try:
            reply = decode_connection_reply(record, self._static, self._quirks.options)
        except WireError as error:
            raise HandshakeFailed("the station's handshake cannot be read") from error
        self._reply = reply
        self._check(reply.grade, reply.cipher_id)
        if reply.version != VERSION_GCM and not reply.cipher_id:
            return self._weak(clear=self._quirks.keyless_clear)
        self.want = Want.KEY
        self.deadline = now + KEY_TIME
        return None

    @property
    def unwraps_slowly(self) -> bool:
        """Whether the key takes milliseconds to load (RSA), so that a thread should do it."""
        return self._reply is not None and self._reply.version != VERSION_GCM

    def unwrap(self, cipher: CipherKey) -> LinkKeys | WireError:
        """Open the reply with the key; changes nothing, so any thread may do it."""
        try:
            return unwrap_link_keys(
                self._expect_reply(), cipher, self._static, self._quirks.options
            )
        except WireError as error:
            return error

    def take_key(self, cipher: CipherKey, keys: LinkKeys | WireError) -> Secured | None:
        """Take what `unwrap` gave; None means that the key must be fetched anew.

        Raises `KeyRejected` when the fresh one does not fit either and `KeyUnavailable` when the
        account holds no key of the needed kind.
        """
        reply = self._expect_reply()
        if isinstance(keys, WireError):
            held = cipher.ecc_private if reply.version == VERSION_GCM else cipher.rsa_private
            if held and not self._refreshed:
                self._refreshed = True
                return None
            return self._without_key(keys, held=held is not None)
        return self._done(keys, reply.cipher_id)

    def refuse_key(self, error: EufyError) -> Secured:
        """No key can be had: go on with the static key where that is no step back."""
        return self._without_key(error, held=False)

    def time_out(self) -> Secured:
        """The deadline passed. Raises the reason unless the station may be used without keys."""
        if self.want is Want.KEY:
            raise KeyUnavailable("the key for this station was not at hand in time")
        if not self._quirks.clear_without_reply:
            raise HandshakeFailed("the station did not answer the key handshake")
        return self._weak(clear=True)

    # --- inside --------------------------------------------------------------------------

    def _expect_reply(self) -> ConnectionReply:
        if self._reply is None:
            raise LinkError("no handshake reply yet")
        return self._reply

    def _without_key(self, error: EufyError, *, held: bool) -> Secured:
        if self._expect_reply().version != VERSION_GCM:
            # Some accounts hold an RSA key that nobody can read; both known clients then use the
            # static key (protocol/p2p-crypto.md §3.3).
            try:
                return self._weak(clear=False)
            except DowngradeRefused:
                pass
        if held or isinstance(error, AuthenticityError | KeyRejected):
            raise KeyRejected("the held key does not open the station's handshake") from error
        raise KeyUnavailable("no key for this station could be had") from error

    def _weak(self, *, clear: bool) -> Secured:
        keys = static_link_keys(self._static, clear=clear)
        self._check(keys.grade, 0)
        return self._done(keys, 0)

    def _check(self, grade: LinkGrade, cipher_id: int) -> None:
        if self._pinned:
            self._pin.check_link(grade, cipher_id)

    def _done(self, keys: LinkKeys, cipher_id: int) -> Secured:
        self.want = Want.NOTHING
        self.keys = keys
        version = self._reply.version if self._reply is not None else 0
        pin = self._pin.with_link(keys.grade, cipher_id)
        return Secured(keys.grade, cipher_id, version, pin)
