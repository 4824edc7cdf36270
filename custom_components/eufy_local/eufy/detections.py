"""One detection model for every family and every source.

The same detection reaches us up to three times: pushed over the P2P link, over FCM, and as a row
of the station's database, in any order, with different fields (`protocol/events.md` §5). Sources
make `DetectionReport`s; `merging` turns them into one `Detection` that only grows.
"""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class DetectionKind(StrEnum):
    """What was detected; the numbers are the wire's event types (`protocol/events.md` §1)."""

    MOTION = "motion"  # 3101
    PERSON = "person"  # 3102
    DOORBELL_RING = "doorbell_ring"  # 3103
    CRYING = "crying"  # 3104
    SOUND = "sound"  # 3105
    PET = "pet"  # 3106
    VEHICLE = "vehicle"  # 3107
    DOG = "dog"  # 3108
    DOG_LICK = "dog_lick"  # 3109
    DOG_POOP = "dog_poop"  # 3110
    KNOWN_FACE = "known_face"  # 3111
    STRANGER = "stranger"  # 3112
    PACKAGE_DELIVERED = "package_delivered"  # 3301
    PACKAGE_TAKEN = "package_taken"  # 3302
    FAMILY_FACE = "family_face"  # 3303
    PACKAGE_STRANDED = "package_stranded"  # 3304
    LOITERING = "loitering"  # 3305
    RADAR = "radar"  # 3306, 3308
    LEAVING = "leaving"  # 3307
    UNKNOWN = "unknown"  # any other number: kept and shown with `raw_kind`


class DetectionSource(StrEnum):
    """Which way a detection came first."""

    P2P = "p2p"
    FCM = "fcm"
    DATABASE = "database"


NAMED_KINDS: Final = frozenset({DetectionKind.KNOWN_FACE, DetectionKind.FAMILY_FACE})
PERSON_KINDS: Final = NAMED_KINDS | {DetectionKind.PERSON, DetectionKind.STRANGER}
"""Kinds that mean a human: 3111 comes *instead of* 3102 (`vectors/field.json`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """One thing that a camera saw or heard, as far as it is known by now.

    `id` stays the same through all updates. `time` is when the camera triggered and `received`
    when the first copy came in, both UTC. `source` is the way of the first copy.
    `authenticated` says that `kind` and the person come from a frame whose sender was proven
    (AEAD); a push by cloud or a frame under the static key is never that.
    Paths are files on the station's disk; `picture_url` is the vendor cloud's and only useful
    when the owner allows the full cloud mode.
    """

    id: str
    kind: DetectionKind
    raw_kind: int
    camera_serial: str
    station_serial: str
    channel: int | None
    time: dt.datetime
    received: dt.datetime
    source: DetectionSource
    authenticated: bool
    sources: frozenset[DetectionSource] = frozenset()
    person_name: str | None = None
    person_id: str | None = None
    picture_path: str | None = None
    crop_path: str | None = None
    recording_path: str | None = None
    picture_url: str | None = None
    record_id: int | None = None

    @property
    def is_person(self) -> bool:
        """Return whether a human was seen, named or not."""
        return self.kind in PERSON_KINDS

    @property
    def delay(self) -> float:
        """Return the seconds from the trigger to the first copy (the camera's clock counts)."""
        return (self.received - self.time).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionReport:
    """What one source said about a detection: input of the merger, fields as in `Detection`.

    `unique_id` is the station's id of the detection, the same on P2P and FCM; `push_count` above
    1 marks a follow-up (`protocol/push.md` §6).
    """

    kind: DetectionKind
    raw_kind: int
    camera_serial: str
    station_serial: str
    time: dt.datetime
    received: dt.datetime
    source: DetectionSource
    authenticated: bool = False
    channel: int | None = None
    person_name: str | None = None
    person_id: str | None = None
    picture_path: str | None = None
    crop_path: str | None = None
    recording_path: str | None = None
    picture_url: str | None = None
    record_id: int | None = None
    unique_id: str | None = None
    session_id: str | None = None
    push_count: int = 1
    account_id: str | None = None  # owner id that the attached row names; diagnostics only


@dataclass(frozen=True, slots=True)
class Merged:
    """What a report changed: a new detection, or an update of one already announced."""

    detection: Detection
    is_update: bool
