"""What a client asks for, understood: the station's reading of parsed commands.

Used by the simulator and by tests; the client only writes these. Source:
protocol/p2p-commands.md §2 to §9, p2p-media.md §1, §4 to §6.
"""

from dataclasses import dataclass, field
from typing import Final

from ..errors import WireError
from .bodies import (
    JsonBody,
    ParamQueryBody,
    ScalarBody,
    StringBody,
    TwoStringBody,
    VoidBody,
)
from .envelopes import Command, CommandType
from .media_encode import OfferKind, offer_kind
from .safe_json import JsonObject, JsonValue, as_int, as_text
from .sealing import Protection
from .station import Request


@dataclass(frozen=True, slots=True)
class ParamQuery:
    """Asks for the dump (1103)."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Application ping (1139)."""


@dataclass(frozen=True, slots=True)
class LiveOpen:
    """Opens a live view; `channel` is subheader byte 2, which is what a station obeys."""

    channel: int
    offer: str = field(repr=False)
    kind: OfferKind = OfferKind.RSA
    account_id: str = field(default="", repr=False)
    record_type: int = CommandType.PAYLOAD
    transaction: str = ""


@dataclass(frozen=True, slots=True)
class LiveStop:
    """Stops the live view of a channel."""

    channel: int
    record_type: int = CommandType.STOP_LIVE


@dataclass(frozen=True, slots=True)
class SetGuardMode:
    """Sets the guard mode."""

    mode: int
    account_id: str = field(default="", repr=False)
    user_name: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StillFetch:
    """Asks for pictures by path (1308)."""

    paths: tuple[str, ...]
    account_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DatabaseQuery:
    """Asks the event database (1306)."""

    verb: int
    table: str
    payload: JsonObject
    transaction: str
    account_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StorageQuery:
    """Asks for storage: 1307 with its verb, or 55000."""

    cmd: int
    verb: int
    account_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class RecordingOpen:
    """Plays (1025) or downloads (1024) a stored video; no offer on older stations."""

    channel: int
    path: str
    download: bool
    offer: str = field(default="", repr=False)
    account_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class StationAlarm:
    """Sounds (seconds > 0) or stops the station's alarm."""

    seconds: int
    account_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Talk:
    """Starts or stops talkback."""

    channel: int
    start: bool


@dataclass(frozen=True, slots=True)
class Setting:
    """Any other command: `cmd` with its value, text or JSON payload.

    `record_type` tells the envelope: 1350, 1700, or the command itself for scalars.
    """

    cmd: int
    channel: int
    record_type: int
    value: int | None = None
    text: str = ""
    payload: JsonValue = None
    account_id: str = field(default="", repr=False)


type ClientRequest = (
    ParamQuery
    | Ping
    | LiveOpen
    | LiveStop
    | SetGuardMode
    | StillFetch
    | DatabaseQuery
    | StorageQuery
    | RecordingOpen
    | StationAlarm
    | Talk
    | Setting
)

MAX_FILES: Final = 16


def understand(request: Request) -> ClientRequest:
    """Return what a client's record asks for. Raises `WireError` when its form is wrong."""
    return understand_command(request.parse())


def understand_command(command: Command) -> ClientRequest:
    """Return what a parsed command asks for. Raises `WireError` when its form is wrong."""
    body = command.body
    if isinstance(body, ParamQueryBody):
        return ParamQuery()
    if isinstance(body, VoidBody):
        if command.record_type == CommandType.PING:
            return Ping()
        return Setting(command.record_type, command.channel, command.record_type)
    if isinstance(body, ScalarBody):
        return _scalar(command, body)
    if isinstance(body, StringBody):
        return Setting(
            command.record_type,
            body.channel,
            command.record_type,
            text=body.value,
            account_id=body.account_id,
        )
    if isinstance(body, TwoStringBody):
        return RecordingOpen(command.channel, body.text, download=True, account_id=body.text2)
    return _json(command, body)


def account_of(request: ClientRequest) -> str | None:
    """Return the account id that a request carries; None for those that carry none.

    A wrong one is dropped silently, or answered with -104 on scalars (p2p-commands.md §1.7).
    """
    account = getattr(request, "account_id", None)
    return account if isinstance(account, str) and account else None


def is_sealed(request: Request) -> bool:
    """Tell whether a client's record was encrypted with any key."""
    return request.protection is not Protection.CLEAR


def _scalar(command: Command, body: ScalarBody) -> ClientRequest:
    match command.record_type:
        case 1003:
            kind = offer_kind(body.text)
            return LiveOpen(command.channel, body.text, kind, record_type=1003)
        case 1004:
            return LiveStop(body.value)
        case 1005 | 1006:
            return Talk(command.channel, start=command.record_type == 1005)
        case 1224:
            return SetGuardMode(body.value, body.text)
        case 1201:
            # Older stations: value 2, and the seconds where the channel usually stands.
            return StationAlarm(body.sub or 0, body.text)
        case _:
            channel = command.channel if body.sub is None else body.sub
            return Setting(
                command.record_type,
                channel,
                command.record_type,
                value=body.value,
                account_id=body.text,
            )


def _json(command: Command, body: JsonBody) -> ClientRequest:
    value = body.value()
    if command.record_type == CommandType.DEVICE_PAYLOAD:
        return _device(command, value)
    if command.record_type != CommandType.PAYLOAD:
        account = as_text(value.get("account_id"))
        return Setting(
            command.record_type,
            command.channel,
            command.record_type,
            payload=value,
            account_id=account,
        )
    return _station(command, value)


def _device(command: Command, value: JsonObject) -> ClientRequest:
    inner = as_int(value.get("commandType"), -1)
    data = value.get("data")
    fields = data if isinstance(data, dict) else {}
    account = as_text(fields.get("accountId")) or as_text(fields.get("account_id"))
    match inner:
        case 1000:
            offer = as_text(fields.get("encryptkey"))
            return LiveOpen(
                command.channel, offer, offer_kind(offer), account, CommandType.DEVICE_PAYLOAD
            )
        case 1001 | 1002:
            return Talk(command.channel, start=inner == 1001)
        case -1:
            raise WireError("a device command names its type")
        case _:
            return Setting(
                inner,
                command.channel,
                CommandType.DEVICE_PAYLOAD,
                payload=data,
                account_id=account,
            )


def _station(command: Command, value: JsonObject) -> ClientRequest:
    cmd = as_int(value.get("cmd"), -1)
    account = as_text(value.get("account_id"))
    payload = value.get("payload")
    fields = payload if isinstance(payload, dict) else {}
    transaction = as_text(value.get("transaction"))
    channel = command.channel
    match cmd:
        case 1003:
            offer = as_text(fields.get("key"))
            kind = offer_kind(offer)
            return LiveOpen(channel, offer, kind, account, CommandType.PAYLOAD, transaction)
        case 1004:
            return LiveStop(channel, CommandType.PAYLOAD)
        case 1024 | 1025:
            return RecordingOpen(
                as_int(value.get("mChannel"), channel),
                as_text(fields.get("filepath")),
                download=cmd == 1024,
                offer=as_text(fields.get("key")),
                account_id=account,
            )
        case 1201 if "time_out" in fields:
            return StationAlarm(as_int(fields["time_out"]), account)
        case 1224 if "mode_type" in fields:
            user = as_text(fields.get("user_name"))
            return SetGuardMode(as_int(fields["mode_type"]), account, user)
        case 1306 if fields:
            return _query(fields, account)
        case 1307 | 55000:
            return StorageQuery(cmd, as_int(fields.get("cmd"), cmd), account)
        case 1308:
            return StillFetch(_files(payload), account)
        case -1:
            raise WireError("a command names its number")
        case _:
            return Setting(cmd, channel, CommandType.PAYLOAD, payload=payload, account_id=account)


def _query(fields: JsonObject, account: str) -> DatabaseQuery:
    inner = fields.get("payload")
    return DatabaseQuery(
        as_int(fields.get("cmd"), -1),
        as_text(fields.get("table")),
        inner if isinstance(inner, dict) else {},
        as_text(fields.get("transaction")),
        account,
    )


def _files(payload: JsonValue) -> tuple[str, ...]:
    if not isinstance(payload, list):
        raise WireError("a picture request carries a list")
    paths = [as_text(item.get("file")) for item in payload if isinstance(item, dict)]
    return tuple(path for path in paths[:MAX_FILES] if path)
