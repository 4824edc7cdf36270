"""What lies on a station's disk: database answers, storage figures, pictures.

protocol/p2p-commands.md §5 and §8, p2p-media.md §6.
"""

from collections.abc import Callable
from typing import Final

from custom_components.eufy_local.eufy.wire import safe_json
from custom_components.eufy_local.eufy.wire.database import (
    PERSON_TABLE,
    Verb,
    error_value,
    reply_value,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.envelopes import CommandType
from custom_components.eufy_local.eufy.wire.requests import DatabaseQuery
from custom_components.eufy_local.eufy.wire.still import seal_v1

from .. import snapshots
from ..clip import Clip
from ..home import PersonSpec, StationSpec
from .detections import Event, EventLog, face_path

VERB_UNKNOWN: Final = -6006
V1_CODE: Final = "9900000001"
"""The 10 digits in the header of an obfuscated picture."""
MAX_ROWS: Final = 100


class Disk:
    """Stored pictures and the figures of the storage."""

    card = (16_000, 9_000)
    """MiB in all and free, what 1144 answers."""

    def __init__(self, spec: StationSpec, log: EventLog, people: tuple[PersonSpec, ...]) -> None:
        self._spec = spec
        self._log = log
        self._people = people
        self._seed = 0
        self.clip_of: Callable[[int], Clip] | None = None
        """Gives the scene of a channel; set by the desk."""

    def bind_seed(self, seed: int) -> None:
        """Take the home's seed."""
        self._seed = seed

    def prepare(self, event: Event) -> None:
        """A picture of the event exists from now on; it is cut when it is asked for."""
        del event

    def ask(self, path: str, then: Callable[[bytes], None], now: float) -> None:
        """Hand the stored bytes of a picture to `then`; nothing for an unknown path."""
        del now
        data = self._jpeg(path)
        if data is None:
            return
        if self._spec.family.obfuscated_stills:
            data = seal_v1(data, self._spec.serial, Did.parse(self._spec.did), V1_CODE)
        then(data)

    def _jpeg(self, path: str) -> bytes | None:
        person = next((p for p in self._people if face_path(p) == path), None)
        if person is not None:
            seen = [e for e in self._log.events if e.person == person]
            return self._crop(seen[-1]) if seen else None
        event = self._log.find(path)
        if event is None or self.clip_of is None:
            return None
        if path == event.thumbnail:
            return snapshots.still(self.clip_of(event.camera.channel), event.frame)
        return self._crop(event) if path == event.crop and event.has_crop else None

    def _crop(self, event: Event) -> bytes | None:
        if self.clip_of is None:
            return None
        return snapshots.crop(self.clip_of(event.camera.channel), event.frame)


def query_reply(log: EventLog, spec: StationSpec, asked: DatabaseQuery) -> dict[str, object] | None:
    """Answer a database query; None is silence (a mandatory field is missing)."""
    verb, payload = asked.verb, asked.payload
    served = {Verb.QUERY, Verb.COUNT_PER_DAY, Verb.LATEST, spec.family.history_verb}
    if verb not in served:
        return error_value(VERB_UNKNOWN, "not supported")
    if verb == Verb.LATEST:
        return _latest(log, spec, asked)
    if verb == Verb.QUERY:
        needed = {"start_id", "end_id", "need_ai", "update_time", "alarm_id"}
        if not needed <= payload.keys():
            return None
        if asked.table == PERSON_TABLE:
            return _reply(asked, {PERSON_TABLE: log.person_rows()})
    start = str(payload.get("start_date", ""))
    events = log.on(start, str(payload.get("end_date", "")) or "99999999")[:MAX_ROWS]
    if verb == Verb.COUNT_PER_DAY:
        days: dict[str, int] = {}
        for event in events:
            day = event.local.strftime("%Y%m%d")
            days[day] = days.get(day, 0) + 1
        rows: list[safe_json.JsonObject] = [{"days": d, "count": n} for d, n in days.items()]
        return _reply(asked, {asked.table: rows})
    return _reply(asked, log.tables(events))


def _latest(log: EventLog, spec: StationSpec, asked: DatabaseQuery) -> dict[str, object]:
    rows: list[safe_json.JsonObject] = []
    for camera in spec.cameras:
        events = [e for e in log.events if e.camera == camera]
        newest = events[-1].thumbnail if events else ""
        counted: safe_json.JsonObject = {
            "event_count": len(events),
            "crop_hb3_path": newest,
            "crop_cloud_path": "",
        }
        rows.append({"device_sn": camera.serial, "payload": counted})
    empty = reply_value(asked.verb, {}, table=asked.table, transaction=asked.transaction)
    return empty | {"data": rows}


def _reply(
    asked: DatabaseQuery, tables: dict[str, list[safe_json.JsonObject]]
) -> dict[str, object]:
    return reply_value(asked.verb, dict(tables), table=asked.table, transaction=asked.transaction)


def storage_value(cmd: int) -> dict[str, object]:
    """The 1351 value that answers a storage query (1307 or 55000)."""
    if cmd == CommandType.STORAGE:
        body = {
            "storage_days": 30,
            "hdd_info": {"disk_size": 238_475, "disk_used": 2_100, "health": 0},
            "emmc_info": {"disk_size": 16_000, "disk_used": 3_000, "health": 0},
        }
        return {"cmd": 1307, "payload": {"cmd": 11001, "mIntRet": 0, "body": body}}
    sizes = {"emmc_total": 16_000, "emmc_free": 9_000, "hdd_total": 0, "hdd_free": 0}
    inner = {"hdd_exist": 0, "emmc_status": 0, "usb_status": 0, "payload": sizes}
    return {"cmd": cmd, "payload": inner}
