"""Writing the reports of a station: the other direction of `notify`, for the simulator.

Each notification becomes (record type, channel, plaintext); `station.encode_notice` seals it.
"""

from typing import NamedTuple

from . import safe_json
from .bodies import pack_u32
from .envelopes import STATION_CHANNEL, CommandType
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
from .parameters import dump_value


class Notice(NamedTuple):
    """A report before sealing."""

    command: int
    channel: int
    plaintext: bytes


def encode_notification(item: Notification, *, wide: bool = True) -> Notice:
    """Return the record type, channel and plaintext of a report.

    `wide` writes the guard mode as the u64 of a GCM record; the u32 with its unexplained third
    word of an ECB record otherwise. JSON ends with one NUL. Raises `WireError`.
    """
    match item:
        case GuardModeReport(mode):
            plain = pack_u32(mode) + bytes(4 if wide else 12)
            return Notice(CommandType.GUARD_REPORT, STATION_CHANNEL, plain)
        case AlarmReport(channel, event, duration, siren):
            command = CommandType.DEVICE_ALARM if siren else CommandType.STATION_ALARM
            return Notice(command, channel, pack_u32(event) + pack_u32(duration))
        case EntryDelay(channel, event, seconds):
            plain = pack_u32(event) + pack_u32(seconds)
            return Notice(CommandType.ENTRY_DELAY, channel, plain)
        case Charging(channel, charge_type, battery):
            plain = pack_u32(charge_type) + pack_u32(battery)
            return Notice(CommandType.CHARGING, channel, plain)
        case Runtime(channel, battery, temperature):
            plain = pack_u32(battery) + pack_u32(temperature)
            return Notice(CommandType.RUNTIME, channel, plain)
        case LightState(channel, on):
            return Notice(CommandType.LIGHT, channel, pack_u32(int(on)))
        case Rssi(channel, dbm):
            return Notice(CommandType.WIFI_RSSI, channel, pack_u32(dbm))
        case SdState(channel, status):
            return Notice(CommandType.SD_STATUS, channel, pack_u32(status))
        case RtspUrl(channel, url):
            return Notice(CommandType.RTSP_URL, channel, url.encode() + b"\0")
        case SnoozeChanged(channel, text):
            return Notice(CommandType.SNOOZE, channel, text.encode() + b"\0")
        case DevicePing(channel):
            return Notice(CommandType.DEVICE_PING, channel, b"")
        case PlaybackControl(value):
            plain = pack_u32(value) + b"\0"
            return Notice(CommandType.PLAYBACK_CONTROL, STATION_CHANNEL, plain)
        case DownloadProgress(channel, None):
            return Notice(CommandType.FINISHED, channel, b"\0")
        case DownloadProgress(channel, int(total)):
            return Notice(CommandType.TOTAL_SIZE, channel, b"\0" + pack_u32(total))
        case Unknown(command, channel, size):
            return Notice(command, channel, bytes(size))
        case _:
            return _encode_json(item)


def _encode_json(item: Notification) -> Notice:
    command: int = CommandType.NOTIFY
    channel = STATION_CHANNEL
    value: dict[str, object]
    match item:
        case CameraPush():
            # The payload is JSON inside a text (p2p-commands.md §6.1).
            value = {"cmd": 2037, "payload": safe_json.dumps(push_value(item)).decode()}
        case ParameterPush(dump, partial=False):
            command = CommandType.PARAMETERS
            value = dump_value(dump.parameters, dump.extras)
        case ParameterPush(dump):
            value = {"cmd": 1829, "payload": dump_value(dump.parameters)}
        case StorageReport(55000, _, body):
            value = {"cmd": 55000, "payload": body}
        case StorageReport(cmd, code, body):
            value = {"cmd": cmd, "payload": {"cmd": 11001, "mIntRet": code, "body": body}}
        case SensorState(channel, is_open):
            value = {"cmd": 1550, "payload": {"status": int(is_open)}}
        case GarageDoor(channel, door_id, kind):
            value = {"cmd": 7500, "payload": {"type": kind, "notify_tag": "", "door_id": door_id}}
        case Viewers(channel, count):
            value = {"cmd": 6246, "payload": {"num": count}}
        case CommandCode(cmd, code, channel, payload):
            value = {"cmd": cmd, "code": code}
            if payload is not None:
                value["payload"] = payload
        case JsonNotify(command, cmd, channel, payload):
            value = {"cmd": cmd, "payload": payload}
        case JsonReply(command, channel, reply):
            value = dict(reply)
        case _:
            raise TypeError("not a notification")
    return Notice(command, channel, safe_json.dumps(value) + b"\0")


def push_value(push: CameraPush) -> dict[str, object]:
    """Return the inner object of a camera push, with its rows attached."""
    value: dict[str, object] = {
        "msg_type": push.msg_type,
        "event_type": push.event_type,
        "device_sn": push.device_serial,
        "channel": push.channel,
        "name": push.name,
        "create_time": push.create_time_ms,
        "trigger_time": push.trigger_time_ms,
        "file_path": push.file_path,
        "pic_url": push.pic_url,
        "push_count": push.push_count,
        "notification_style": push.notification_style,
        "storage_type": push.storage_type,
        "unique_id": push.unique_id,
        "record_id": push.record_id,
    }
    if push.session_id:
        value["session_id"] = push.session_id
    if push.person_name:
        value["nick_name"] = push.person_name
    if push.person_id is not None:
        value["person_id"] = push.person_id
    if push.face_id is not None:
        value["face_id"] = push.face_id
    value["rec_content"] = _record_rows(push)
    value["pic_content"] = _crop_rows(push)
    return value


def _record_rows(push: CameraPush) -> list[dict[str, object]]:
    if not (push.thumb_path or push.owner_account or push.station_serial):
        return []
    return [
        {
            "record_id": push.record_id,
            "account": push.owner_account,
            "station_sn": push.station_serial,
            "device_sn": push.device_serial,
            "storage_path": push.file_path,
            "thumb_path": push.thumb_path,
        }
    ]


def _crop_rows(push: CameraPush) -> list[dict[str, object]]:
    if not push.crop_path:
        return []
    return [
        {
            "record_id": push.record_id,
            "crop_path": push.crop_path,
            "person_id": push.person_id or 0,
            "detection_type": 1,
        }
    ]
