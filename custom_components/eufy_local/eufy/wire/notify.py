"""Decoding what a station reports on its own, by record type.

Source: protocol/p2p-commands.md §6 and events.md §2. The caller decides what a notification may
change by the protection of its record: only an authenticated one changes security state.
"""

from collections.abc import Callable
from typing import Final

from ..errors import WireError
from . import safe_json
from .bodies import read_i32, read_string, read_u32
from .camera_push import decode_camera_push
from .envelopes import CommandType
from .notifications import (
    AlarmReport,
    CameraPush,
    Charging,
    CommandCode,
    DevicePing,
    DownloadProgress,
    EntryDelay,
    GarageDoor,
    GuardModeReport,
    JsonNotify,
    JsonReply,
    LightState,
    Notification,
    ParameterPush,
    PlaybackControl,
    Rssi,
    RtspUrl,
    Runtime,
    SdState,
    SensorState,
    SnoozeChanged,
    StorageReport,
    Unknown,
    Viewers,
)
from .parameters import ParameterDump, parse_dump, parse_entries
from .safe_json import JsonObject, JsonValue, as_int
from .sealing import OpenedRecord, Protection

__all__ = [
    "AlarmReport",
    "CameraPush",
    "Charging",
    "CommandCode",
    "DevicePing",
    "DownloadProgress",
    "EntryDelay",
    "GarageDoor",
    "GuardModeReport",
    "JsonNotify",
    "JsonReply",
    "LightState",
    "Notification",
    "ParameterPush",
    "PlaybackControl",
    "Rssi",
    "RtspUrl",
    "Runtime",
    "SdState",
    "SensorState",
    "SnoozeChanged",
    "StorageReport",
    "Unknown",
    "Viewers",
    "decode_notification",
]

CMD_CAMERA_PUSH: Final = 2037
CMD_ENTRY_SENSOR: Final = 1550
CMD_GARAGE: Final = 7500
CMD_PARAMETERS: Final = 1829
CMD_VIEWERS: Final = 6246
CMD_STORAGE: Final = 1307
CMD_STORAGE_HOMEBASE2: Final = 55000
STORAGE_VERB: Final = 11001

MAX_MODE: Final = 255
MAX_WORDS_BODY: Final = 16
"""Bodies of number reports: 4 or 8 bytes, or one ECB block."""
MAX_TEXT: Final = 1024


def decode_notification(opened: OpenedRecord) -> Notification | None:
    """Return what a record reports, or None for receipts and results.

    Types without a reader give `Unknown`. Raises `WireError` for a malformed report: drop and
    count it.
    """
    if opened.receipt:
        return None
    reader = _READERS.get(opened.command)
    if reader is None:
        return Unknown(opened.command, opened.channel, len(opened.plaintext))
    return reader(opened)


def _guard_mode(opened: OpenedRecord) -> Notification:
    plain = opened.plaintext
    # Under GCM the report is one u64; a longer or larger one is another record's content
    # under this type (the type is not authenticated; design/security.md T3).
    exact = opened.protection is Protection.GCM
    mode = read_u32(plain)
    if mode > MAX_MODE or (exact and (len(plain) != 8 or any(plain[4:]))):
        raise WireError("not a guard mode")
    _check_words(plain)
    return GuardModeReport(mode)


def _alarm(opened: OpenedRecord) -> Notification:
    first, second = _two_words(opened)
    siren = opened.command == CommandType.DEVICE_ALARM
    return AlarmReport(opened.channel, first, second, siren)


def _entry_delay(opened: OpenedRecord) -> Notification:
    first, second = _two_words(opened)
    return EntryDelay(opened.channel, first, second)


def _charging(opened: OpenedRecord) -> Notification:
    first, second = _two_words(opened)
    return Charging(opened.channel, first, second)


def _runtime(opened: OpenedRecord) -> Notification:
    first, _ = _two_words(opened)
    return Runtime(opened.channel, first, read_i32(opened.plaintext, 4))


def _light(opened: OpenedRecord) -> Notification:
    _check_words(opened.plaintext)
    return LightState(opened.channel, bool(read_u32(opened.plaintext)))


def _rssi(opened: OpenedRecord) -> Notification:
    _check_words(opened.plaintext)
    return Rssi(opened.channel, read_i32(opened.plaintext))


def _sd_state(opened: OpenedRecord) -> Notification:
    _check_words(opened.plaintext)
    return SdState(opened.channel, read_i32(opened.plaintext))


def _rtsp(opened: OpenedRecord) -> Notification:
    return RtspUrl(opened.channel, _text(opened))


def _snooze(opened: OpenedRecord) -> Notification:
    return SnoozeChanged(opened.channel, _text(opened))


def _dump(opened: OpenedRecord) -> Notification:
    return ParameterPush(parse_dump(opened.plaintext))


def _reply(opened: OpenedRecord) -> Notification:
    return JsonReply(opened.command, opened.channel, opened.json())


def _device_ping(opened: OpenedRecord) -> Notification:
    return DevicePing(opened.channel)


def _playback(opened: OpenedRecord) -> Notification:
    return PlaybackControl(read_u32(opened.plaintext))


def _progress(opened: OpenedRecord) -> Notification:
    if opened.command == CommandType.FINISHED:
        return DownloadProgress(opened.channel, None)
    # The total stands at offset 1 (p2p-media.md §5.2).
    return DownloadProgress(opened.channel, read_u32(opened.plaintext, 1))


def _json_notify(opened: OpenedRecord) -> Notification:
    value = opened.json()
    cmd = as_int(value.get("cmd"), -1)
    payload = _payload(value.get("payload"))
    inner = payload if isinstance(payload, dict) else {}
    channel = opened.channel
    match cmd:
        case 2037:
            if not inner:
                raise WireError("a camera push without content")
            return decode_camera_push(inner)
        case 1550 if "status" in inner:
            return SensorState(channel, bool(as_int(inner["status"])))
        case 7500 if "door_id" in inner:
            return GarageDoor(channel, as_int(inner["door_id"]), as_int(inner.get("type")))
        case 6246 if "num" in inner:
            return Viewers(channel, as_int(inner["num"]))
        case 1829 if "params" in inner:
            dump = ParameterDump(parse_entries(inner["params"]))
            return ParameterPush(dump, partial=True)
        case 1307 | 55000 if inner:
            return _storage(cmd, inner)
        case _:
            return _other(opened, cmd, value, payload)


def _storage(cmd: int, inner: JsonObject) -> Notification:
    code = as_int(inner.get("mIntRet"))
    body = inner.get("body") if cmd == CMD_STORAGE else inner
    return StorageReport(cmd, code, body if isinstance(body, dict) else {})


def _other(opened: OpenedRecord, cmd: int, value: JsonObject, payload: JsonValue) -> Notification:
    code = value.get("code", value.get("mIntRet"))
    if opened.command == CommandType.NOTIFY and code is not None:
        return CommandCode(cmd, as_int(code), opened.channel, payload)
    return JsonNotify(opened.command, cmd, opened.channel, payload)


def _payload(value: JsonValue) -> JsonValue:
    """Return the payload; stations send it as an object or as JSON inside a text."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        return safe_json.loads(value)
    return value


def _two_words(opened: OpenedRecord) -> tuple[int, int]:
    plain = opened.plaintext
    _check_words(plain)
    return read_u32(plain), read_u32(plain, 4)


def _check_words(plain: bytes) -> None:
    if len(plain) > MAX_WORDS_BODY:
        raise WireError("too long for a number report")


def _text(opened: OpenedRecord) -> str:
    text = read_string(opened.plaintext)
    if len(text) > MAX_TEXT:
        raise WireError("text too long")
    return text


_READERS: Final[dict[int, Callable[[OpenedRecord], Notification]]] = {
    CommandType.GUARD_REPORT: _guard_mode,
    CommandType.STATION_ALARM: _alarm,
    CommandType.DEVICE_ALARM: _alarm,
    CommandType.LIGHT: _light,
    CommandType.ENTRY_DELAY: _entry_delay,
    CommandType.WIFI_RSSI: _rssi,
    CommandType.CHARGING: _charging,
    CommandType.RUNTIME: _runtime,
    CommandType.SD_STATUS: _sd_state,
    CommandType.RTSP_URL: _rtsp,
    CommandType.SNOOZE: _snooze,
    CommandType.PARAMETERS: _dump,
    CommandType.NOTIFY: _json_notify,
    CommandType.DEVICE_NOTIFY: _json_notify,
    CommandType.DATABASE: _reply,
    CommandType.STILL: _reply,
    CommandType.DEVICE_PING: _device_ping,
    CommandType.PLAYBACK_CONTROL: _playback,
    CommandType.TOTAL_SIZE: _progress,
    CommandType.FINISHED: _progress,
}
