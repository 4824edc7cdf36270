"""Reading the inner payload of a camera push, which P2P and the cloud push share.

Source: protocol/p2p-commands.md §6.1, events.md §2.1. Everything comes from a device: texts are
checked before they are kept, and attached rows are bound to this event only.
"""

import re
from typing import Final

from ..errors import WireError
from .notifications import CameraPush
from .safe_json import JsonObject, JsonValue, as_int, as_text

MAX_NAME: Final = 64
MAX_PATH: Final = 256
MAX_URL: Final = 2048
MAX_ATTACHED: Final = 64
"""Attached rows looked at; a push carries one or two."""
EARLIEST_MS: Final = 1_577_836_800_000
"""2020-01-01; older times come from a clock that was not set."""
LATEST_MS: Final = 4_102_444_800_000
"""2100-01-01."""

_ID: Final = re.compile(r"[!-~]{1,64}\Z", re.ASCII)
_PATH: Final = re.compile(r"/zx/[0-9A-Za-z_./-]{1,252}\Z", re.ASCII)
_OLD_PATH: Final = re.compile(r"/(?:zx|media|mnt)/[0-9A-Za-z_./-]{1,248}\Z", re.ASCII)
_CAMERA: Final = re.compile(r"/(Camera[0-9]{1,3})/")
_MAX_RECORD: Final = 1 << 53


def decode_camera_push(inner: JsonObject) -> CameraPush:
    """Read the inner object. Raises `WireError` when it is no detection."""
    event_type = as_int(inner.get("event_type"), -1)
    if not 0 <= event_type <= 0xFFFF:
        raise WireError("a camera push names an event type")
    file_path = clean_recording(inner.get("file_path"))
    serial = clean_id(inner.get("device_sn"))
    record_id = _number(inner.get("record_id"))
    records = _bound(inner.get("rec_content"), serial, record_id)
    crops = _bound(inner.get("pic_content"), serial, record_id)
    if not record_id:
        crops = [row for row in crops if _same_camera(row, file_path)]
    attached = _rows(inner.get("rec_content"))
    name = clean_name(inner.get("nick_name")) or clean_name(inner.get("person_name"))
    return CameraPush(
        event_type=event_type,
        device_serial=serial,
        channel=as_int(inner.get("channel"), -1),
        msg_type=as_int(inner.get("msg_type"), 0),
        name=clean_name(inner.get("name")),
        create_time_ms=_time(inner.get("create_time")),
        trigger_time_ms=_time(inner.get("trigger_time")),
        file_path=file_path,
        pic_url=_picture(inner.get("pic_url")),
        unique_id=clean_id(inner.get("unique_id")),
        session_id=clean_id(inner.get("session_id")),
        record_id=record_id,
        push_count=_number(inner.get("push_count")),
        notification_style=_number(inner.get("notification_style")),
        storage_type=_number(inner.get("storage_type")),
        person_name=name,
        person_id=_person(inner.get("person_id")),
        face_id=_person(inner.get("face_id")),
        station_serial=next(
            (found for row in attached if (found := clean_id(row.get("station_sn")))), ""
        ),
        owner_account=next(
            (found for row in records if (found := clean_id(row.get("account")))), ""
        ),
        thumb_path=next(
            (found for row in records if (found := clean_path(row.get("thumb_path"), ".jpg"))), ""
        ),
        crop_path=next(
            (found for row in crops if (found := clean_path(row.get("crop_path"), ".jpg"))), ""
        ),
    )


def clean_path(value: JsonValue, suffix: str) -> str:
    """Return a station path that is safe to ask for, else the empty text.

    It starts with `/zx/`, ends as expected, is plain ASCII, at most 256 characters, and has no
    step upwards (events.md §2.1). Device text never becomes a local file name.
    """
    text = as_text(value)
    if len(text) > MAX_PATH or not text.endswith(suffix) or ".." in text:
        return ""
    return text if _PATH.match(text) else ""


def clean_recording(value: JsonValue) -> str:
    """Return the path of a recording, else the empty text.

    As `clean_path`, and the roots and endings of older stations too (protocol/field.md).
    """
    text = as_text(value)
    if text.endswith(".zxvideo"):
        return clean_path(text, ".zxvideo")
    if len(text) > MAX_PATH or not text.endswith((".dat", ".h264")) or ".." in text:
        return ""
    return text if _OLD_PATH.match(text) else ""


def clean_id(value: JsonValue) -> str:
    """Return an identifier of 1 to 64 visible ASCII characters, else the empty text."""
    text = as_text(value)
    return text if _ID.match(text) else ""


def clean_name(value: JsonValue) -> str:
    """Return a display name of at most 64 characters without control characters."""
    text = as_text(value)[: 4 * MAX_NAME]
    kept = "".join(char for char in text if char.isprintable()).strip()
    return kept[:MAX_NAME]


def _picture(value: JsonValue) -> str:
    text = as_text(value)
    if text.startswith("https://") and len(text) <= MAX_URL and text.isascii():
        return text if text.isprintable() and " " not in text else ""
    return clean_path(value, ".jpg")


def _number(value: JsonValue) -> int:
    number = as_int(value)
    return number if 0 <= number <= _MAX_RECORD else 0


def _time(value: JsonValue) -> int:
    number = as_int(value)
    return number if EARLIEST_MS <= number <= LATEST_MS else 0


def _person(value: JsonValue) -> int | None:
    """Person ids start at 1; -1 and 0 mean nobody (protocol/field.md)."""
    number = as_int(value)
    return number if 0 < number <= _MAX_RECORD else None


def _rows(value: JsonValue) -> list[JsonObject]:
    if not isinstance(value, list):
        return []
    return [row for row in value[:MAX_ATTACHED] if isinstance(row, dict)]


def _bound(value: JsonValue, serial: str, record_id: int) -> list[JsonObject]:
    """Rows of this event: the same record id; without one, the same device."""
    rows = _rows(value)
    if record_id:
        return [row for row in rows if _number(row.get("record_id")) == record_id]
    return [row for row in rows if serial and row.get("device_sn", serial) == serial]


def _same_camera(row: JsonObject, file_path: str) -> bool:
    mine = _CAMERA.search(file_path)
    theirs = _CAMERA.search(as_text(row.get("crop_path")))
    return bool(mine and theirs and mine.group(1) == theirs.group(1))
