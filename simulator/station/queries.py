"""Answers of the event database (protocol/p2p-commands.md §5, events.md §4.1)."""

from custom_components.eufy_local.eufy.wire import safe_json
from custom_components.eufy_local.eufy.wire.database import (
    HISTORY_TABLE,
    Verb,
    error_value,
    reply_value,
)
from custom_components.eufy_local.eufy.wire.requests import DatabaseQuery
from custom_components.eufy_local.eufy.wire.results import (
    DATABASE_NOT_READY,
    DATABASE_UNSUPPORTED,
)

from ..home import CameraSpec, StationSpec
from .detections import EventLog

MANDATORY = frozenset({"start_id", "end_id", "need_ai", "update_time", "alarm_id"})
"""A HomeBase 3 stays silent on verb 10000 when one is missing (hardware)."""
MAX_PAGE = 100
GENERIC_ROWS = 20
_HISTORY = frozenset({Verb.BY_DATE, Verb.HISTORY_HOMEBASE3, Verb.HISTORY})
type Reply = dict[str, object]


def not_ready() -> Reply:
    """The reply of a database that is still starting."""
    return error_value(DATABASE_NOT_READY, "database not ready")


def answer_query(log: EventLog, spec: StationSpec, asked: DatabaseQuery) -> Reply | None:
    """The JSON of a reply; None = silence."""
    verb = asked.verb
    if verb in _HISTORY:
        if verb not in (Verb.BY_DATE, spec.family.history_verb):
            return error_value(DATABASE_UNSUPPORTED, "not supported")
        return _history(log, asked)
    if verb == Verb.QUERY:
        return _generic(log, asked)
    if verb == Verb.LATEST:
        return _bare(asked) | {"data": [_latest(log, camera) for camera in spec.cameras]}
    if verb == Verb.COUNT_PER_DAY:
        days: dict[str, int] = {}
        for event in log.events:
            day = event.local.strftime("%Y%m%d")
            days[day] = days.get(day, 0) + 1
        rows = [{"days": day, "count": count} for day, count in sorted(days.items())]
        return _bare(asked) | {"data": rows or "[]"}
    return error_value(DATABASE_UNSUPPORTED, "not supported")


def _bare(asked: DatabaseQuery) -> Reply:
    return reply_value(asked.verb, {}, table=asked.table, transaction=asked.transaction)


def _generic(log: EventLog, asked: DatabaseQuery) -> Reply | None:
    if not asked.payload.keys() >= MANDATORY:
        return None
    rows: list[safe_json.JsonObject] = []
    if "person" in asked.table:
        rows = log.person_rows()
    elif asked.table == HISTORY_TABLE:
        rows = [log.history_row(event) for event in reversed(log.events)][:GENERIC_ROWS]
    return reply_value(
        asked.verb,
        {asked.table: rows} if rows else {},
        table=asked.table,
        transaction=asked.transaction,
    )


def _history(log: EventLog, asked: DatabaseQuery) -> Reply:
    """A page, newest first; the AI tables and the whole face library come with every page."""
    inner = asked.payload
    start = safe_json.as_text(inner.get("start_date"))
    end = safe_json.as_text(inner.get("end_date")) or "99999999"
    count = max(1, min(MAX_PAGE, safe_json.as_int(inner.get("count"), 30)))
    newest = safe_json.as_int(inner.get("start_id"))
    events = [e for e in log.on(start, end) if not newest or e.record_id <= newest][:count]
    if not events:
        return _bare(asked)
    tables = {name: rows for name, rows in log.tables(events).items() if rows}
    return reply_value(
        asked.verb,
        dict(tables),
        table=asked.table,
        transaction=asked.transaction,
        ids=(events[0].record_id, events[-1].record_id),
    )


def _latest(log: EventLog, camera: CameraSpec) -> safe_json.JsonObject:
    mine = [event for event in log.events if event.camera == camera]
    newest = mine[-1].crop if mine and mine[-1].has_crop else ""
    counts: safe_json.JsonObject = {
        "event_count": len(mine),
        "crop_hb3_path": newest,
        "crop_cloud_path": "",
    }
    return {"device_sn": camera.serial, "payload": counts}
