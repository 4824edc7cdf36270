"""Sealing commands and opening a station's records: the cipher is chosen per record.

Source: protocol/p2p-crypto.md §4 (opening), §5 and §6 (sealing). Media records (1300, 1301) and
the connection reply (1100) have readers of their own.
"""

import struct
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..errors import WireError
from . import safe_json
from .bodies import (
    PARAM_QUERY_PLAIN,
    JsonBody,
    ParamQueryBody,
    ScalarBody,
    StringBody,
    VoidBody,
    read_i32,
)
from .crypto import GCM_OVERHEAD, TAG_SIZE
from .envelopes import STATION_CHANNEL, Command, CommandType
from .handshake import LinkGrade, LinkKeys
from .options import DEFAULT_OPTIONS, ResultBody, V8Json, WireOptions
from .record import Record, body_limit, encode_record
from .safe_json import JsonObject

FIRST_SEQUENCE: Final = 0x0102_0304
FIRST_COUNTER: Final = 2
COUNTER_STEP: Final = 2
RESULT_FLAG: Final = 1
RECEIPT_SIZES: Final = (132, 36)
"""Body lengths of receipts: HomeBase 3, and standalone version-8 devices."""

_SEQUENCE: Final = struct.Struct("<I")
_JSON_TYPES: Final = frozenset({1103, 1306, 1308, 1351, 1701})


def _ids(text: str) -> frozenset[int]:
    out: set[int] = set()
    for part in text.split():
        first, _, last = part.partition("-")
        out.update(range(int(first), int(last or first) + 1))
    return frozenset(out)


ENCRYPTED_IDS: Final = _ids(
    "1001 1002 1004-1011 1013 1015 1017 1019 1024-1027 1029 1034-1038 1040 1043 1045 1047-1051"
    " 1054 1056 1057 1060 1101 1103 1106 1108 1110-1114 1116-1119 1121 1129 1132 1145 1146 1152"
    " 1164 1200-1207 1210 1211 1213-1224 1226-1238 1240-1243 1246 1248-1262 1264 1269 1271-1273"
    " 1275 1350 1400-1410 1412-1414 1506 1507 1607 1609-1611 1700 1702-1709 1800"
)
"""Record types encrypted on static-key and RSA links; all others go clear (§6.1)."""

VALUE_IDS: Final = _ids("1249-1252")
STATION_VALUE_IDS: Final = _ids(
    "1029 1034 1036 1043 1057 1203 1218-1224 1232 1234 1235 1237 1238 1248 1253 1257 1269 1800"
)
CHANNEL_VALUE_IDS: Final = _ids(
    "1011 1015 1017 1019 1035 1045 1056 1145 1146 1152 1200 1207 1210 1213 1214 1226 1227 1229"
    " 1230 1233 1236 1240 1241 1243 1246 1272 1273 1275 1400-1403 1408-1410 1412 1413 1506 1507"
    " 1607 1609-1611 1702-1709"
)
"""The three sets of scalar records that a version-8 link takes under the static key (§6.2)."""

MAX_SCALAR_CHANNEL: Final = 50


class Protection(StrEnum):
    """What protected one record on its way; only `GCM` proves who sent it."""

    CLEAR = "clear"
    STATIC = "static"
    RSA = "rsa"
    GCM = "gcm"

    @property
    def authenticated(self) -> bool:
        """True when the content was verified with a key that only the station holds."""
        return self is Protection.GCM


@dataclass(frozen=True, slots=True)
class OpenedRecord:
    """One record of a station in the clear.

    `channel` is subheader byte 2. `receipt` marks a receipt or result, whose int32le `code`
    leads the plaintext. `nonce` is that of a GCM record, for the replay memory.
    """

    command: int
    channel: int
    flag: int
    plaintext: bytes = field(repr=False)
    protection: Protection
    receipt: bool = False
    nonce: bytes = b""

    @property
    def authenticated(self) -> bool:
        """True when the record verified under the link key (design/security.md T2)."""
        return self.protection.authenticated

    @property
    def code(self) -> int:
        """Result code of a receipt or result. Raises `WireError` when cut off."""
        return read_i32(self.plaintext)

    def json(self) -> JsonObject:
        """Read the plaintext as a JSON object with the size limit of its type."""
        return safe_json.loads_object(self.plaintext, max_bytes=body_limit(self.command))


class Sealer:
    """Turns commands into record bytes; holds the counters of one link.

    Retransmissions repeat the bytes that `seal` returned; sealing again makes a new record.
    """

    __slots__ = ("_counter", "_keys", "_legacy_counter", "_options", "_sequence")

    def __init__(self, keys: LinkKeys, options: WireOptions = DEFAULT_OPTIONS) -> None:
        self._keys = keys
        self._options = options
        self._counter = FIRST_COUNTER
        self._legacy_counter = 0
        self._sequence = FIRST_SEQUENCE

    def seal(self, command: Command, nonce: bytes) -> bytes:
        """Return the record of `command`; `nonce` is 12 fresh random bytes.

        Raises `WireError` when the command has no form on this grade.
        """
        if self._keys.grade is LinkGrade.GCM:
            return self._seal_v8(command, nonce)
        return self._seal_legacy(command)

    def ping(self) -> bytes:
        """Return the empty application ping (1139)."""
        subheader = bytes([1, self._next_counter(), STATION_CHANNEL, 0, 0, 0])
        return encode_record(CommandType.PING, subheader)

    def _seal_v8(self, command: Command, nonce: bytes) -> bytes:
        body = command.body
        if isinstance(body, VoidBody):
            subheader = bytes([1, self._next_counter(), command.channel, 0, 0, 0])
            return encode_record(command.record_type, subheader)
        if isinstance(body, ScalarBody):
            if command.record_type == CommandType.STOP_LIVE:
                return self._seal_gcm(command, body.encode(), nonce)
            return self._seal_static(command, scalar_plaintext(command.record_type, body))
        if isinstance(body, JsonBody):
            if self._options.v8_json is V8Json.STATIC:
                return self._seal_static(command, body.data)
            return self._seal_gcm(command, body.data, nonce)
        if isinstance(body, ParamQueryBody):
            return self._seal_gcm(command, PARAM_QUERY_PLAIN, nonce)
        if isinstance(body, StringBody):
            return self._seal_gcm(command, body.encode(), nonce)
        raise WireError("this command has no form on a version-8 link")

    def _seal_gcm(self, command: Command, plaintext: bytes, nonce: bytes) -> bytes:
        gcm = self._keys.gcm
        if gcm is None:
            raise WireError("no link key")
        tag, ciphertext = gcm.seal_parts(nonce, plaintext)
        sequence = _SEQUENCE.pack(self._sequence)
        self._sequence = (self._sequence + 1) & 0xFFFF_FFFF
        subheader = bytes([8, self._next_counter(), command.channel, 8, command.flag, 0])
        return encode_record(
            command.record_type, subheader, b"".join((tag, nonce, sequence, ciphertext))
        )

    def _seal_static(self, command: Command, plaintext: bytes) -> bytes:
        channel = command.channel
        if command.record_type in STATION_VALUE_IDS:
            channel = STATION_CHANNEL
        subheader = bytes([1, self._next_legacy(), channel, 1, 0, 0])
        return encode_record(command.record_type, subheader, self._keys.static.encrypt(plaintext))

    def _seal_legacy(self, command: Command) -> bytes:
        plaintext = command.body.encode()
        grade = self._keys.grade
        flag = command.flag if self._options.legacy_live_flag else 0
        everything = grade is LinkGrade.RSA and self._options.encrypt_all_rsa
        listed = everything or command.record_type in ENCRYPTED_IDS
        if isinstance(command.body, VoidBody) or not listed or grade is LinkGrade.CLEAR:
            encryption = 0
        elif grade is LinkGrade.RSA and self._keys.rsa:
            encryption = 2
            plaintext = self._keys.rsa.encrypt(plaintext)
        else:
            encryption = 1
            plaintext = self._keys.static.encrypt(plaintext)
        subheader = bytes([1, self._next_legacy(), command.channel, encryption, flag, 0])
        return encode_record(command.record_type, subheader, plaintext)

    def _next_counter(self) -> int:
        if self._keys.grade is not LinkGrade.GCM:
            return self._next_legacy()
        value = self._counter
        self._counter = (value + COUNTER_STEP) & 0xFF
        return value

    def _next_legacy(self) -> int:
        if not self._options.count_legacy:
            return 0
        self._legacy_counter = (self._legacy_counter + 1) & 0xFF
        return self._legacy_counter


def scalar_plaintext(record_type: int, body: ScalarBody) -> bytes:
    """Return the body of a scalar for a version-8 link (§6.2), before zero-filling.

    Raises `WireError` for a command that such a link takes only as JSON, and for channels that
    stations refuse with -110.
    """
    if record_type in CHANNEL_VALUE_IDS:
        channel = STATION_CHANNEL if body.sub is None else body.sub
        if not (0 <= channel <= MAX_SCALAR_CHANNEL or channel == STATION_CHANNEL):
            raise WireError("channel out of range")
        return ScalarBody(body.value, channel, body.text).encode()
    if record_type in VALUE_IDS or record_type in STATION_VALUE_IDS:
        return ScalarBody(body.value, None, body.text).encode()
    raise WireError("a version-8 link takes this command only as JSON")


# --- opening ---------------------------------------------------------------------------


def open_record(
    record: Record, keys: LinkKeys, options: WireOptions = DEFAULT_OPTIONS
) -> OpenedRecord:
    """Open one record of a station in the order of p2p-crypto.md §4.

    Raises `AuthenticityError` for a tag that does not verify and `WireError` for anything else
    that cannot be opened: drop and count the record, the link lives on.
    """
    command = record.command
    version, _, channel, _, flag, _ = record.subheader
    body = record.body
    if command in {CommandType.VIDEO, CommandType.AUDIO}:
        raise WireError("media records have their own reader")
    if version == 8:
        if flag == RESULT_FLAG or _is_receipt(body):
            return OpenedRecord(command, channel, flag, body, Protection.CLEAR, receipt=True)
        if command == CommandType.PLAYBACK_CONTROL and len(body) <= 8:
            return OpenedRecord(command, channel, flag, body, Protection.CLEAR)
        if keys.gcm is None:
            raise WireError("a GCM record on a link without such a key")
        plaintext = keys.gcm.open(body)
        nonce = body[TAG_SIZE:GCM_OVERHEAD]
        return OpenedRecord(command, channel, flag, plaintext, Protection.GCM, nonce=nonce)
    if flag == RESULT_FLAG:
        plaintext, protection = _open_result(record, keys, options)
        return OpenedRecord(command, channel, flag, plaintext, protection, receipt=True)
    plaintext, protection = _open_legacy(record, keys)
    return OpenedRecord(command, channel, flag, plaintext, protection)


def _is_receipt(body: bytes) -> bool:
    return len(body) in RECEIPT_SIZES and not any(body[4:])


def _open_legacy(record: Record, keys: LinkKeys) -> tuple[bytes, Protection]:
    body = record.body
    encryption = record.encryption
    if not encryption or not body:
        return body, Protection.CLEAR
    if record.command in _JSON_TYPES and body[:1] == b"{":
        # A T8170 sends some replies clear although it tags them as encrypted.
        return body, Protection.CLEAR
    if encryption == 2 and keys.rsa is not None:
        plaintext = keys.rsa.decrypt(body)
        if record.command not in _JSON_TYPES or plaintext[:1] == b"{":
            return plaintext, Protection.RSA
    elif encryption not in {1, 2}:
        raise WireError("unknown encryption type")
    return keys.static.decrypt(body), Protection.STATIC


def _open_result(record: Record, keys: LinkKeys, options: WireOptions) -> tuple[bytes, Protection]:
    body = record.body
    if not record.encryption or options.result_body is ResultBody.CLEAR:
        return body, Protection.CLEAR
    if options.result_body is ResultBody.EITHER and _is_result(body):
        return body, Protection.CLEAR
    plaintext, protection = _open_legacy(record, keys)
    if options.result_body is ResultBody.DECRYPT or _is_result(plaintext):
        return plaintext, protection
    # Neither reading is a usual code: a clear small number (1, 503) is still believable.
    if 0 <= read_i32(body) <= _MAX_PLAIN_CODE:
        return body, Protection.CLEAR
    raise WireError("a result that cannot be read")


_MAX_PLAIN_CODE: Final = 999
_MIN_CODE: Final = -9999
"""Codes seen go down to -6006."""


def _is_result(body: bytes) -> bool:
    return _MIN_CODE <= read_i32(body) <= 0
