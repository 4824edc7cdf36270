"""What a command is, its numbers and forms, and the envelopes around JSON payloads.

Sources: protocol/p2p-commands.md §1 and §3.2, p2p-media.md §1.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from . import safe_json
from .bodies import Body, JsonBody, ScalarBody, StringBody, VoidBody

STATION_CHANNEL: Final = 255
LIVE_FLAG: Final = 0x0A
"""Subheader byte 4 of a live open, echoed on its media."""


class CommandType(IntEnum):
    """Record types and inner command numbers used by name in this package."""

    START_LIVE = 1003
    STOP_LIVE = 1004
    DOWNLOAD = 1024
    PLAYBACK = 1025
    PLAYBACK_CONTROL = 1026
    DOWNLOAD_CANCEL = 1051
    WIFI_RSSI = 1032
    REBOOT = 1034
    CONNECTION_INIT = 1100
    PARAMETERS = 1103
    SD_STATUS = 1135
    PING = 1139
    SD_INFO = 1144
    RTSP_URL = 1145
    GUARD_REPORT = 1151
    DEVICE_PING = 1152
    ENTRY_DELAY = 1164
    STATION_ALARM = 1201
    DEVICE_ALARM = 1202
    TIME_ZONE = 1215
    GUARD_MODE = 1224
    SCHEDULE = 1254
    MODE_TABLE = 1255
    MODE_LIST = 1256
    SNOOZE = 1271
    VIDEO = 1300
    AUDIO = 1301
    TOTAL_SIZE = 1303
    FINISHED = 1304
    DATABASE = 1306
    STORAGE = 1307
    STILL = 1308
    PAYLOAD = 1350
    NOTIFY = 1351
    LIGHT = 1400
    DEVICE_PAYLOAD = 1700
    DEVICE_NOTIFY = 1701
    RUNTIME = 2107
    CHARGING = 2111
    CAMERA_PUSH = 2037
    LIVE_1700 = 1000
    TALK_START = 1001
    TALK_STOP = 1002


class GuardForm(StrEnum):
    """How a guard mode is set (protocol/p2p-commands.md §3.2; contradiction C11)."""

    JSON = "json"
    """1350 as the newer client sends it: mChannel 0, transaction, byte 2 = 0."""
    JSON_LEGACY = "json_legacy"
    """1350 without mChannel, header channel 255."""
    SCALAR = "scalar"
    """1224 int value and account, channel 255."""


class LiveForm(StrEnum):
    """Forms of a live open (protocol/p2p-media.md §1.1 and §1.3)."""

    A = "A"
    B = "B"
    C = "C"
    C_PRIME = "C'"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"


class StopForm(StrEnum):
    """How a live view is stopped (protocol/p2p-media.md §1.1, §1.2)."""

    LIST = "list"
    """1350/1004 naming the channel in a list; after form A."""
    ENVELOPE = "envelope"
    """1350/1004 without the list; behind a HomeBase 3 for a few older cameras."""
    BARE = "bare"
    """Record 1004 with the channel; after all other forms."""


@dataclass(frozen=True, slots=True)
class Command:
    """One command: record type, body, subheader byte 2 (`channel`) and byte 4 (`flag`)."""

    record_type: int
    body: Body
    channel: int
    flag: int = 0
    wants_receipt: bool = True


# --- envelopes -------------------------------------------------------------------------


def json_1350(
    account_id: str,
    cmd: int,
    payload: object,
    *,
    channel: int = 0,
    m_channel: int | None = 0,
    value3: int | None = 0,
    transaction: str | None = None,
    media: bool = False,
    flag: int = 0,
) -> Command:
    """Wrap `payload` in the 1350 envelope (§1.2); `channel` is subheader byte 2.

    `media` adds the account and a zero as media commands carry them.
    """
    envelope: dict[str, object] = {"account_id": account_id, "cmd": cmd}
    if m_channel is not None:
        envelope["mChannel"] = m_channel
    if value3 is not None:
        envelope["mValue3"] = value3
    envelope["payload"] = payload
    if media:
        envelope["mValueStrSub"] = account_id
        envelope["mValue5"] = 0
    if transaction is not None:
        envelope["transaction"] = transaction
    return Command(CommandType.PAYLOAD, JsonBody.of(envelope), channel, flag)


def json_1700(
    command_type: int, data: object = None, *, channel: int = 0, flag: int = 0
) -> Command:
    """Wrap `data` in the 1700 envelope of standalone and wired devices (§1.3)."""
    envelope: dict[str, object] = {"commandType": command_type}
    if data is not None:
        envelope["data"] = data
    return Command(CommandType.DEVICE_PAYLOAD, JsonBody.of(envelope), channel, flag)


def json_record(record_type: int, value: object, *, channel: int = STATION_CHANNEL) -> Command:
    """Send JSON as a record type of its own: 1254, 1255, 1256, 1271 (§1.4)."""
    return Command(record_type, JsonBody.of(value), channel)


_CHANNEL_IN_HEADER_ONLY: Final = frozenset({1249, 1250, 1251, 1252})
"""Clip length, retrigger and their like: form I although they belong to a camera (§10)."""


def scalar(
    command: int, value: int, account_id: str = "", *, channel: int | None = None
) -> Command:
    """Form S for a camera `channel`, or form I for the station when it is None (§1.1).

    A few camera settings use form I with the channel in the header only.
    """
    header = STATION_CHANNEL if channel is None else channel
    sub = None if command in _CHANNEL_IN_HEADER_ONLY else channel
    return Command(command, ScalarBody(value, sub, account_id), header)


def void(command: int, *, channel: int = STATION_CHANNEL) -> Command:
    """Form V: a command without a body."""
    return Command(command, VoidBody(), channel)


def string(command: int, value: str, account_id: str, *, channel: int = 255) -> Command:
    """The string command of version-8 links, e.g. 1215 time zone (p2p-crypto.md §6.2)."""
    return Command(command, StringBody(channel, value, account_id), STATION_CHANNEL)


def inner_command(command: Command) -> int:
    """Return the command number inside a JSON command, else the record type."""
    if not isinstance(command.body, JsonBody):
        return command.record_type
    value = command.body.value()
    if command.record_type == CommandType.DEVICE_PAYLOAD:
        return safe_json.as_int(value.get("commandType"), command.record_type)
    return safe_json.as_int(value.get("cmd"), command.record_type)
