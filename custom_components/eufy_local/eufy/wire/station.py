"""The station's side of the wire: opening what a client sends, sealing what a station sends.

Used by the simulator; the client never needs it. Source: protocol/p2p-crypto.md §5 to §7,
p2p-commands.md §1.6, p2p-transport.md §5.
"""

import struct
from dataclasses import dataclass, field
from typing import Final

from ..errors import WireError
from . import safe_json
from .bodies import (
    PARAM_QUERY_PLAIN,
    Body,
    JsonBody,
    ParamQueryBody,
    ScalarBody,
    StringBody,
    TwoStringBody,
    VoidBody,
    pack_u32,
)
from .crypto import GCM_OVERHEAD, TAG_SIZE
from .envelopes import STATION_CHANNEL, Command, CommandType
from .handshake import LinkKeys
from .record import Record, encode_record
from .safe_json import JsonObject
from .sealing import (
    CHANNEL_VALUE_IDS,
    RESULT_FLAG,
    STATION_VALUE_IDS,
    VALUE_IDS,
    Protection,
)

RECEIPT_HOMEBASE: Final = 132
RECEIPT_STANDALONE: Final = 36
SEQUENCE_SIZE: Final = 4

_SEQUENCE: Final = struct.Struct("<I")
_JSON_TYPES: Final = frozenset({1350, 1700, 1254, 1255, 1256, 1271})
_FORM_I: Final = VALUE_IDS | STATION_VALUE_IDS | {1003, 1004, 1051, 1005, 1006}


@dataclass(frozen=True, slots=True)
class Request:
    """One client record in the clear; `sequence` and `nonce` only on GCM records."""

    command: int
    channel: int
    flag: int
    plaintext: bytes = field(repr=False)
    protection: Protection
    sequence: int | None = None
    nonce: bytes = b""

    def json(self) -> JsonObject:
        """Read the plaintext as a JSON object. Raises `WireError`."""
        return safe_json.loads_object(self.plaintext)

    def parse(self) -> Command:
        """Return the command with its body in the form of its type. Raises `WireError`."""
        body = parse_body(self.command, self.plaintext)
        receipt = self.command != CommandType.PING
        return Command(self.command, body, self.channel, self.flag, wants_receipt=receipt)


def open_request(record: Record, keys: LinkKeys) -> Request:
    """Open a client's record: `tag | nonce | sequence | ciphertext`, ECB, or clear.

    Raises `AuthenticityError` for a wrong tag and `WireError` for anything else. A station
    accepts clear and encrypted forms of any command (p2p-crypto.md §6.1).
    """
    version, _, channel, encryption, flag, _ = record.subheader
    body = record.body
    command = record.command
    if version == 8:
        if keys.gcm is None:
            raise WireError("a GCM record on a link without such a key")
        if len(body) < GCM_OVERHEAD + SEQUENCE_SIZE:
            raise WireError("GCM record cut off")
        view = memoryview(body)
        nonce = view[TAG_SIZE:GCM_OVERHEAD]
        start = GCM_OVERHEAD + SEQUENCE_SIZE
        plaintext = keys.gcm.open_parts(view[:TAG_SIZE], nonce, view[start:])
        sequence: int = _SEQUENCE.unpack_from(body, GCM_OVERHEAD)[0]
        return Request(command, channel, flag, plaintext, Protection.GCM, sequence, bytes(nonce))
    if encryption == 0 or not body:
        return Request(command, channel, flag, body, Protection.CLEAR)
    if encryption == 2 and keys.rsa is not None:
        return Request(command, channel, flag, keys.rsa.decrypt(body), Protection.RSA)
    return Request(command, channel, flag, keys.static.decrypt(body), Protection.STATIC)


def parse_body(command: int, plaintext: bytes) -> Body:
    """Read a request's body by its record type and content. Raises `WireError`.

    Types that are in no table are read as form S when a channel and a value fit, because that
    is what camera settings use (p2p-commands.md §1.1).
    """
    if command == CommandType.PARAMETERS:
        # Legacy links send a u32, version-8 links two words.
        if plaintext[:4] != PARAM_QUERY_PLAIN[:4]:
            raise WireError("not a parameter query")
        return ParamQueryBody()
    if not plaintext:
        return VoidBody()
    if command in _JSON_TYPES or plaintext[:1] == b"{":
        return JsonBody(plaintext.rstrip(b"\0"))
    if command == CommandType.TIME_ZONE:
        return StringBody.decode(plaintext)
    if command == CommandType.DOWNLOAD:
        return TwoStringBody.decode(plaintext)
    if command in _FORM_I:
        return ScalarBody.decode_int(plaintext)
    if command in CHANNEL_VALUE_IDS or len(plaintext) >= 8:
        return ScalarBody.decode_sub(plaintext)
    return ScalarBody.decode_int(plaintext)


# --- answers ---------------------------------------------------------------------------


def encode_receipt(
    command: int,
    code: int = 0,
    *,
    channel: int = 0,
    size: int = RECEIPT_HOMEBASE,
    counter: int | None = None,
) -> bytes:
    """Return the clear receipt of a version-8 link.

    132 bytes as a HomeBase 3, or 36 bytes as a standalone device, whose subheader claims
    encryption and repeats the request's counter. Source: p2p-commands.md §1.6.
    """
    standalone = counter is not None
    subheader = bytes([8, counter or 0, channel, 8 if standalone else 0, RESULT_FLAG, 0])
    return encode_record(command, subheader, pack_u32(code).ljust(size, b"\0"))


def encode_result(
    command: int,
    code: int = 0,
    *,
    channel: int = STATION_CHANNEL,
    keys: LinkKeys | None = None,
    protection: Protection = Protection.CLEAR,
    size: int = RECEIPT_HOMEBASE,
    tail: bytes = b"",
) -> bytes:
    """Return a legacy result: int32le code, `tail`, zeros to `size` bytes.

    ECB scalars on a version-8 link are answered with 16 bytes under the static key.
    """
    body = (pack_u32(code) + tail).ljust(size, b"\0")
    encryption, body = _seal_legacy(body, keys, protection)
    subheader = bytes([1, 0, channel, encryption, RESULT_FLAG, 0])
    return encode_record(command, subheader, body)


def encode_notice(
    command: int,
    plaintext: bytes,
    *,
    channel: int = STATION_CHANNEL,
    keys: LinkKeys,
    protection: Protection,
    nonce: bytes = b"",
) -> bytes:
    """Return a record that a station sends on its own or as an answer with content.

    `plaintext` is sealed as `protection` says: GCM needs a fresh 12-byte `nonce`.
    """
    if protection is Protection.GCM:
        if keys.gcm is None:
            raise WireError("no link key")
        return encode_record(
            command, bytes([8, 0, channel, 8, 0, 0]), keys.gcm.seal(nonce, plaintext)
        )
    encryption, body = _seal_legacy(plaintext, keys, protection)
    return encode_record(command, bytes([1, 0, channel, encryption, 0, 0]), body)


def encode_json_notice(
    command: int,
    value: object,
    *,
    channel: int = STATION_CHANNEL,
    keys: LinkKeys,
    protection: Protection,
    nonce: bytes = b"",
    nuls: int = 1,
) -> bytes:
    """Return a JSON record as stations send it: compact, with `nuls` NULs at the end."""
    return encode_notice(
        command,
        safe_json.dumps(value) + bytes(nuls),
        channel=channel,
        keys=keys,
        protection=protection,
        nonce=nonce,
    )


def encode_playback_end() -> bytes:
    """Return the end of a HomeBase 3 playback: GCM tag, clear 5-byte body (2 = stop)."""
    subheader = bytes([8, 0, STATION_CHANNEL, 8, 0, 0])
    return encode_record(CommandType.PLAYBACK_CONTROL, subheader, pack_u32(2) + b"\0")


def encode_sd_info(status: int, total: int, free: int, *, channel: int = 0) -> bytes:
    """Return the clear 12-byte answer to 1144: status and sizes in MB."""
    body = pack_u32(status) + pack_u32(total) + pack_u32(free)
    return encode_record(CommandType.SD_INFO, bytes([8, 0, channel, 0, RESULT_FLAG, 0]), body)


def _seal_legacy(body: bytes, keys: LinkKeys | None, protection: Protection) -> tuple[int, bytes]:
    if protection is Protection.CLEAR:
        return 0, body
    cipher = None if keys is None else keys.static
    encryption = 1
    if protection is Protection.RSA and keys is not None:
        cipher, encryption = keys.rsa, 2
    if cipher is None or protection is Protection.GCM:
        raise WireError("no such key on this link")
    return encryption, cipher.encrypt(body)
