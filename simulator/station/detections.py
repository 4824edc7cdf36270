"""What cameras detect: the log of events, its database rows, and the push of each.

protocol/p2p-commands.md §5 and §6.1, events.md §2.1 and §4.
"""

import datetime as dt
import hashlib
import zoneinfo
from collections import deque
from dataclasses import dataclass

from custom_components.eufy_local.eufy.wire import safe_json
from custom_components.eufy_local.eufy.wire.database import (
    CROP_TABLE,
    FACE_TABLE,
    HISTORY_TABLE,
    PERSON_TABLE,
)
from custom_components.eufy_local.eufy.wire.notifications import CameraPush
from custom_components.eufy_local.eufy.wire.notify_encode import push_value

from ..home import CameraSpec, PersonSpec, StationSpec

MAX_EVENTS = 2000
"""Events a station keeps; older ones are overwritten, as on a full disk."""
RECORDING_SECONDS = 20
DEVICE_TYPE_SHIFT = 100_000
"""record_id = YYYYMMDD x 100000 + counter."""

KINDS: dict[str, int] = {
    "motion": 3101, "person": 3102, "doorbell_ring": 3103, "crying": 3104, "sound": 3105,
    "pet": 3106, "vehicle": 3107, "dog": 3108, "dog_lick": 3109, "dog_poop": 3110,
    "known_face": 3111, "stranger": 3112, "package_delivered": 3301, "package_taken": 3302,
    "family_face": 3303, "package_stranded": 3304, "loitering": 3305, "radar": 3306,
    "leaving": 3307,
}  # fmt: skip
ALIASES = {"ring": "doorbell_ring", "known": "known_face", "package": "package_delivered"}
_FLAGS = {"person": 2, "known_face": 1, "stranger": 1, "vehicle": 4, "pet": 8, "dog": 8}
"""Detection bits of a row (events.md §4)."""


class UnknownKind(ValueError):
    """A kind of detection that no camera has."""


def event_type(kind: str) -> int:
    """The wire's number of a kind; a number itself is taken as it is."""
    name = ALIASES.get(kind, kind)
    if name in KINDS:
        return KINDS[name]
    if name.isdecimal() and int(name) <= 0xFFFF:
        return int(name)
    raise UnknownKind(f"no such detection: {kind}")


@dataclass(frozen=True, slots=True)
class Event:
    """One detection with everything that belongs to it."""

    record_id: int
    unique_id: str
    kind: str
    type: int
    camera: CameraSpec
    person: PersonSpec | None
    time_ms: int
    local: dt.datetime
    frame: int
    """Counter of the source frame that the pictures show."""
    first_frame: int
    """Where the recording starts (a key frame)."""

    @property
    def folder(self) -> str:
        """Folder on the station's disk."""
        stamp = self.local.strftime("%Y%m%d%H%M%S")
        return f"/zx/hdd_data0/Camera{self.camera.channel:02d}/{stamp[:6]}/{stamp}"

    @property
    def recording(self) -> str:
        """Path of the recording."""
        return f"{self.folder}/{self.local:%Y%m%d%H%M%S}.zxvideo"

    @property
    def thumbnail(self) -> str:
        """Path of the event picture; the spelling is the station's own."""
        return f"{self.folder}/snapshort.jpg"

    @property
    def crop(self) -> str:
        """Path of the cut-out, for kinds that have one."""
        return f"{self.folder}/crop0.jpg"

    @property
    def has_crop(self) -> bool:
        """Faces, people, pets and vehicles are cut out."""
        return self.kind in _FLAGS


def zone_of(spec: StationSpec) -> dt.tzinfo:
    """The station's zone; UTC when the text names none."""
    name = spec.time_zone.rpartition("|")[2]
    try:
        return zoneinfo.ZoneInfo(name)
    except zoneinfo.ZoneInfoNotFoundError, ValueError:
        return dt.UTC


class EventLog:
    """The station's database."""

    def __init__(self, spec: StationSpec, people: tuple[PersonSpec, ...]) -> None:
        self._spec = spec
        self._people = people
        self._zone = zone_of(spec)
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._count = 0

    def add(
        self,
        kind: str,
        camera: CameraSpec,
        person: PersonSpec | None,
        time_ms: int,
        *,
        frame: int,
        first_frame: int,
    ) -> Event:
        """Record a detection."""
        self._count += 1
        local = dt.datetime.fromtimestamp(time_ms / 1000, self._zone)
        name = ALIASES.get(kind, kind)
        unique = hashlib.md5(  # noqa: S324  # an id, not a protection
            f"{self._spec.serial}/{camera.serial}/{time_ms}/{self._count}".encode()
        ).hexdigest()
        event = Event(
            record_id=int(local.strftime("%Y%m%d")) * DEVICE_TYPE_SHIFT + self._count,
            unique_id=unique,
            kind=name,
            type=event_type(name),
            camera=camera,
            person=person,
            time_ms=time_ms,
            local=local,
            frame=frame,
            first_frame=first_frame,
        )
        self._events.append(event)
        return event

    @property
    def events(self) -> tuple[Event, ...]:
        """Oldest first."""
        return tuple(self._events)

    def find(self, path: str) -> Event | None:
        """The event that a path belongs to."""
        return next((e for e in reversed(self._events) if path.startswith(e.folder + "/")), None)

    def previous(self, event: Event) -> Event | None:
        """An older event, of another camera if there is one."""
        older = [e for e in self._events if e.record_id < event.record_id]
        foreign = [e for e in older if e.camera != event.camera]
        found = foreign or older
        return found[-1] if found else None

    def on(self, start: str, end: str) -> list[Event]:
        """Events of the days from ``start`` until before ``end`` (YYYYMMDD), newest first."""
        return [e for e in reversed(self._events) if start <= e.local.strftime("%Y%m%d") < end]

    def history_row(self, event: Event) -> safe_json.JsonObject:
        """The row of ``history_record_info``."""
        ended = event.local + dt.timedelta(seconds=RECORDING_SECONDS)
        return {
            "record_id": event.record_id,
            "device_sn": event.camera.serial,
            "station_sn": self._spec.serial,
            "device_type": event.camera.device_type,
            "account": self._spec.owner_id,
            "start_time": event.local.strftime("%Y-%m-%d %H:%M:%S"),
            "end_time": ended.strftime("%Y-%m-%d %H:%M:%S"),
            "frame_num": RECORDING_SECONDS * 15,
            "storage_type": 2,
            "storage_cloud": 0,
            "cipher_id": self._spec.family.cipher_id,
            "video_type": 0,
            "trigger_type": 2,
            "storage_path": event.recording,
            "thumb_path": event.thumbnail,
            "time_zone": event.local.strftime("%z") or "+0000",
        }

    def crop_row(self, event: Event, number: int = 1) -> safe_json.JsonObject:
        """The row of ``record_crop_picture_info``."""
        return {
            "picture_id": number,
            "record_id": event.record_id,
            "device_sn": event.camera.serial,
            "station_sn": self._spec.serial,
            "detection_type": _FLAGS.get(event.kind, 32768),
            "person_id": event.person.id if event.person else 0,
            "crop_path": event.crop,
            "event_time": event.local.strftime("%Y-%m-%d %H:%M:%S"),
        }

    def person_rows(self) -> list[safe_json.JsonObject]:
        """The face library."""
        return [
            {
                "person_id": person.id,
                "face_name": person.name,
                "reid_name": person.name,
                "recognize_cnt": sum(e.person == person for e in self._events),
                "face_picture_content": face_path(person),
            }
            for person in self._people
        ]

    def tables(self, events: list[Event]) -> dict[str, list[safe_json.JsonObject]]:
        """All tables of a history page: the rows, their crops and the whole face library."""
        return {
            HISTORY_TABLE: [self.history_row(event) for event in events],
            CROP_TABLE: [self.crop_row(event) for event in events if event.has_crop],
            PERSON_TABLE: self.person_rows(),
            FACE_TABLE: [{"person_id": person.id, "face_id": person.id} for person in self._people],
        }


def face_path(person: PersonSpec) -> str:
    """Where the picture of a known person lies on the station."""
    return f"/zx/hdd_data0/person/{person.id}/face.jpg"


def push_text(
    log: EventLog,
    spec: StationSpec,
    event: Event,
    *,
    count: int = 1,
    bare: bool = False,
    old_rows: bool = False,
) -> bytes:
    """The plaintext of record 1351 for an event: JSON inside a JSON text, NUL-ended.

    ``bare``: nothing is recorded yet (record_id 0). ``old_rows``: an older event's rows.
    """
    person = event.person
    push = CameraPush(
        event_type=event.type,
        device_serial=event.camera.serial,
        channel=event.camera.channel,
        name=event.camera.name,
        create_time_ms=event.time_ms,
        trigger_time_ms=event.time_ms,
        file_path="" if bare else event.recording,
        unique_id=event.unique_id,
        record_id=0 if bare else event.record_id,
        push_count=count,
        notification_style=1,
        storage_type=1,
        person_name=person.name if person else "",
        person_id=person.id if person else None,
        face_id=person.id if person else None,
    )
    inner = push_value(push)
    rows: list[safe_json.JsonObject] = [] if bare else [log.history_row(event)]
    crops = [] if bare or not event.has_crop else [log.crop_row(event)]
    if old_rows and (older := log.previous(event)):
        rows, crops = [log.history_row(older)], [log.crop_row(older)]
    if event.type == KINDS["person"] and person is None:
        inner["person_id"] = -1  # a person whose face matched nobody (field)
    inner["rec_content"], inner["pic_content"] = rows, crops
    text = safe_json.dumps(inner).decode()
    return safe_json.dumps({"cmd": 2037, "payload": text}) + b"\0"
