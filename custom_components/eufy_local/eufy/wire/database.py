"""The event database of a station (1306): queries, replies, and the rows that are used.

Source: protocol/p2p-commands.md §5, events.md §4. A missing mandatory field means no answer at
all, so the payloads here are complete. Rows come from a device: texts are checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ..errors import WireError
from . import safe_json
from .camera_push import MAX_PATH, clean_id, clean_name, clean_path
from .results import DATABASE_NOT_READY, DATABASE_UNSUPPORTED
from .safe_json import JsonObject, JsonValue, as_int, as_text

HISTORY_TABLE: Final = "history_record_info"
CROP_TABLE: Final = "record_crop_picture_info"
PERSON_TABLE: Final = "person_basic_info"
FACE_TABLE: Final = "face_feature_info"
EVENT_TABLE: Final = "event_record"

HOMEBASE3_FAMILY: Final = ("T8030", "T8025", "T8N00", "T9000")
"""Serial prefixes whose history is read with verb 10011 (contradiction C10)."""

MAX_ROWS: Final = 10_000
"""Rows kept of one reply: pages have 50, but the whole person library is appended."""
MAX_TABLES: Final = 32
_DATE_DIGITS: Final = 8


class Verb(IntEnum):
    """Database verbs (p2p-commands.md §5)."""

    QUERY = 10000
    DELETE = 10001
    BY_DATE = 10006
    COUNT_PER_DAY = 10008
    HISTORY_HOMEBASE3 = 10011
    LATEST = 10013
    HISTORY = 10017


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One recorded event. Times are station-local text as sent, with `time_zone` beside."""

    record_id: int
    device_serial: str
    station_serial: str
    account: str = field(repr=False)
    start_time: str
    end_time: str
    thumb_path: str
    storage_path: str
    storage_type: int
    cipher_id: int
    frame_count: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class CropRow:
    """One picture cut out of an event; `person_id` is None when it shows nobody known."""

    record_id: int
    device_serial: str
    person_id: int | None
    detection_type: int
    crop_path: str
    event_time: str


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person of the station's library; table and column names are partly uncertain."""

    person_id: int
    name: str = field(repr=False)
    picture_path: str


@dataclass(frozen=True, slots=True)
class DatabaseReply:
    """One reply; `verb` and `transaction` are empty in error replies: match those by order."""

    verb: int | None
    code: int
    message: str
    transaction: str
    table: str
    start_id: int
    end_id: int
    tables: dict[str, tuple[JsonObject, ...]] = field(repr=False)

    @property
    def not_ready(self) -> bool:
        """True when the same query can be asked again shortly."""
        return self.code == DATABASE_NOT_READY

    @property
    def unsupported(self) -> bool:
        """True when the station does not know the verb."""
        return self.code == DATABASE_UNSUPPORTED

    def rows(self, table: str) -> tuple[JsonObject, ...]:
        """Return the raw rows of one table."""
        return self.tables.get(table, ())


def parse_reply(value: JsonObject) -> DatabaseReply:
    """Read a 1306 reply. Raises `WireError` when it is none at all."""
    if not any(key in value for key in ("mIntRet", "cmd", "data")):
        raise WireError("not a database reply")
    table = as_text(value.get("table"))
    verb = value.get("cmd")
    return DatabaseReply(
        verb=None if verb is None else as_int(verb),
        code=as_int(value.get("mIntRet")),
        message=clean_name(value.get("msg")),
        transaction=as_text(value.get("transaction")),
        table=table,
        start_id=as_int(value.get("start_id")),
        end_id=as_int(value.get("end_id")),
        tables=_tables(value.get("data"), table),
    )


def history_rows(reply: DatabaseReply) -> tuple[HistoryRow, ...]:
    """Return the events of a reply, in the order sent (a HomeBase 3: newest first)."""
    rows = reply.rows(HISTORY_TABLE)
    return tuple(_history(row) for row in rows if as_int(row.get("record_id")) > 0)


def crop_rows(reply: DatabaseReply) -> tuple[CropRow, ...]:
    """Return the cut-out pictures of a reply."""
    return tuple(_crop(row) for row in reply.rows(CROP_TABLE))


def person_rows(reply: DatabaseReply) -> tuple[PersonRow, ...]:
    """Return the named persons of the library appended to a history page."""
    found: dict[int, PersonRow] = {}
    for name, rows in reply.tables.items():
        if name in {HISTORY_TABLE, CROP_TABLE}:
            continue
        for row in rows:
            person = _person(row)
            if person is not None and (person.person_id not in found or person.name):
                found[person.person_id] = person
    return tuple(found.values())


# --- queries ---------------------------------------------------------------------------


def history_verb(serial: str) -> Verb:
    """Return the history verb of a station (contradiction C10)."""
    return Verb.HISTORY_HOMEBASE3 if serial.startswith(HOMEBASE3_FAMILY) else Verb.HISTORY


def history_payload(
    verb: Verb, start_date: str, end_date: str, *, count: int = 30, start_id: int = 0
) -> dict[str, object]:
    """Return the payload of one history page; dates are YYYYMMDD.

    A HomeBase 3 answers only rows of `start_date`; `end_date` is the next day. The next page
    starts at the previous reply's `end_id`, whose row comes again. Raises `WireError`.
    """
    for date in (start_date, end_date):
        if len(date) != _DATE_DIGITS or not date.isdecimal():
            raise WireError("a date has 8 digits")
    if verb is Verb.HISTORY_HOMEBASE3:
        return {
            "count": count,
            "start_date": start_date,
            "end_date": end_date,
            "start_id": start_id,
            "end_id": 1,
            "flag": 0,
            "need_ai": 1,
            "res_unzip": 1,
            "update_time": "0",
            "start_time": "0",
            "alarm_id": "",
        }
    return {
        "count": count,
        "start_date": start_date,
        "end_date": end_date,
        "start_time": "0",
        "event_type": 0,
        "ai_type": 0,
        "storage_cloud": -1,
        "trigger_type": 0,
        "detection_type": 0,
        "flag": 0,
    }


def query_payload(
    serials: Sequence[str], start_date: str, end_date: str, *, count: int = 20
) -> dict[str, object]:
    """Return the payload of the generic query (10000) with all its mandatory fields."""
    return {
        "count": count,
        "detection_type": 0,
        "device_info": [{"device_sn": serial} for serial in serials],
        "start_date": start_date,
        "end_date": end_date,
        "start_time": f"{start_date}000000",
        "event_type": 0,
        "flag": 0,
        "res_unzip": 1,
        "storage_cloud": -1,
        "ai_type": 0,
        "need_ai": 1,
        "start_id": 0,
        "end_id": 1,
        "update_time": 0,
        "alarm_id": 0,
    }


def reply_value(
    verb: int,
    tables: dict[str, Sequence[JsonObject]],
    *,
    code: int = 0,
    table: str = HISTORY_TABLE,
    transaction: str = "",
    ids: tuple[int, int] = (0, 0),
) -> dict[str, object]:
    """Return the JSON of a reply as a station sends it; no rows at all give `"[]"`."""
    data: object = [{"table_name": name, "payload": list(rows)} for name, rows in tables.items()]
    return {
        "cmd": verb,
        "data": data or "[]",
        "start_id": ids[0],
        "end_id": ids[1],
        "mIntRet": code,
        "msg": "SUCCESSFUL" if code == 0 else "FAILED",
        "table": table,
        "transaction": transaction,
    }


def error_value(code: int, message: str, version: str = "1.2.0.1") -> dict[str, object]:
    """Return the JSON of an error reply: it names neither verb, table nor transaction."""
    return {"mIntRet": code, "msg": message, "version": version}


# --- rows ------------------------------------------------------------------------------


def _tables(data: JsonValue, table: str) -> dict[str, tuple[JsonObject, ...]]:
    if isinstance(data, str):
        # An empty result is the text "[]".
        data = safe_json.loads(data) if data.startswith("[") else []
    if isinstance(data, dict):
        data = [data]
    if not isinstance(data, list):
        return {}
    found: dict[str, list[JsonObject]] = {}
    total = 0
    for entry in data:
        if not isinstance(entry, dict):
            continue
        name = as_text(entry.get("table_name"))
        rows = entry.get("payload") if name else [entry]
        for row in rows if isinstance(rows, list) else [rows]:
            known = (name or table) in found or len(found) < MAX_TABLES
            if isinstance(row, dict) and known and total < MAX_ROWS:
                found.setdefault(name or table, []).append(row)
                total += 1
    return {name: tuple(rows) for name, rows in found.items()}


def _history(row: JsonObject) -> HistoryRow:
    return HistoryRow(
        record_id=as_int(row.get("record_id")),
        device_serial=clean_id(row.get("device_sn")),
        station_serial=clean_id(row.get("station_sn")),
        account=clean_id(row.get("account")),
        start_time=clean_name(row.get("start_time")),
        end_time=clean_name(row.get("end_time")),
        thumb_path=clean_path(row.get("thumb_path"), ".jpg"),
        storage_path=clean_path(row.get("storage_path"), ".zxvideo"),
        storage_type=as_int(row.get("storage_type")),
        cipher_id=as_int(row.get("cipher_id")),
        frame_count=as_int(row.get("frame_num")),
        time_zone=clean_name(row.get("time_zone")),
    )


def _crop(row: JsonObject) -> CropRow:
    person = as_int(row.get("person_id"))
    return CropRow(
        record_id=as_int(row.get("record_id")),
        device_serial=clean_id(row.get("device_sn")),
        person_id=person if person > 0 else None,
        detection_type=as_int(row.get("detection_type")),
        crop_path=clean_path(row.get("crop_path"), ".jpg"),
        event_time=clean_name(row.get("event_time")),
    )


def _person(row: JsonObject) -> PersonRow | None:
    person_id = as_int(row.get("person_id"))
    if person_id <= 0:
        return None
    name = ""
    for key in ("face_name", "reid_name", "nick_name", "name"):
        name = name or clean_name(row.get(key))
    path = ""
    for key in ("face_picture_content", "reid_picture_content", "pic_url"):
        text = as_text(row.get(key))
        if len(text) <= MAX_PATH:
            path = path or clean_path(text, ".jpg")
    return PersonRow(person_id, name, path)
