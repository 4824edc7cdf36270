"""From what a source sent to a `DetectionReport`: pushes over P2P, and shared rules of time.

Nothing here trusts a field: serials, ids, names and paths are checked, and a time counts only
between 2020 and 2100 and at most ten minutes ahead of ours (`protocol/events.md` §2.1).
"""

import datetime as dt
from typing import Final

from .detections import NAMED_KINDS, DetectionKind, DetectionReport, DetectionSource
from .text import (
    clean_id,
    clean_name,
    clean_person_id,
    clean_picture_path,
    clean_recording_path,
    clean_serial,
)
from .wire.notifications import CameraPush

EARLIEST: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
LATEST: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
MAX_AHEAD: Final = dt.timedelta(minutes=10)
_MILLISECONDS_FROM: Final = 10**10  # smaller numbers are seconds (`protocol/push.md` §5)

KINDS: Final = {
    3101: DetectionKind.MOTION,
    3102: DetectionKind.PERSON,
    3103: DetectionKind.DOORBELL_RING,
    3104: DetectionKind.CRYING,
    3105: DetectionKind.SOUND,
    3106: DetectionKind.PET,
    3107: DetectionKind.VEHICLE,
    3108: DetectionKind.DOG,
    3109: DetectionKind.DOG_LICK,
    3110: DetectionKind.DOG_POOP,
    3111: DetectionKind.KNOWN_FACE,
    3112: DetectionKind.STRANGER,
    3301: DetectionKind.PACKAGE_DELIVERED,
    3302: DetectionKind.PACKAGE_TAKEN,
    3303: DetectionKind.FAMILY_FACE,
    3304: DetectionKind.PACKAGE_STRANDED,
    3305: DetectionKind.LOITERING,
    3306: DetectionKind.RADAR,
    3307: DetectionKind.LEAVING,
    3308: DetectionKind.RADAR,
}
HOUSEKEEPING: Final = 3100
"""A push with everything empty that is no detection (`vectors/field.json`, T8200)."""
FIRST_CAMERA_KIND: Final = 3101
LAST_CAMERA_KIND: Final = 3999
"""Unknown numbers up to here are kept as unknown detections; others belong to locks and doors."""


def kind_of(event_type: int) -> DetectionKind | None:
    """Return the kind of an event type; `None` when the number is no detection at all."""
    known = KINDS.get(event_type)
    if known is None and FIRST_CAMERA_KIND <= event_type <= LAST_CAMERA_KIND:
        return DetectionKind.UNKNOWN
    return known


def refine_kind(kind: DetectionKind, person_name: str | None) -> DetectionKind:
    """Return the kind with the name taken into account: a named person is a known face."""
    if kind is DetectionKind.PERSON and person_name is not None:
        return DetectionKind.KNOWN_FACE
    return kind


def moment(value: object, now: dt.datetime) -> dt.datetime | None:
    """Return a plausible time from seconds or milliseconds since 1970, else `None`."""
    if isinstance(value, str):
        value = int(value) if value.isdecimal() and len(value) <= 16 else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 10**14:
        return None
    seconds = value / 1000 if value >= _MILLISECONDS_FROM else float(value)
    time = dt.datetime.fromtimestamp(seconds, dt.UTC)
    return time if EARLIEST <= time < LATEST and time <= now + MAX_AHEAD else None


def first_moment(now: dt.datetime, *values: object) -> dt.datetime:
    """Return the first plausible one of several times, else `now`."""
    return next((time for value in values if (time := moment(value, now))), now)


def from_camera_push(
    push: CameraPush,
    *,
    station_serial: str,
    camera_serial: str | None,
    now: dt.datetime,
    authenticated: bool,
) -> DetectionReport | None:
    """Return the report of a 2037 push of a station's link.

    `camera_serial` is the device known on the push's channel, used when the push names none.
    `None` when the push is no detection or belongs to no device.
    """
    kind = kind_of(push.event_type)
    serial = clean_serial(push.device_serial) or camera_serial
    if kind is None or serial is None:
        return None
    name = clean_name(push.person_name)
    kind = refine_kind(kind, name)
    picture = clean_picture_path(push.thumb_path) or clean_picture_path(push.pic_url)
    return DetectionReport(
        kind=kind,
        raw_kind=push.event_type,
        camera_serial=serial,
        station_serial=station_serial,
        channel=push.channel if 0 <= push.channel < 255 else None,
        time=first_moment(now, push.trigger_time_ms, push.create_time_ms),
        received=now,
        source=DetectionSource.P2P,
        authenticated=authenticated,
        person_name=name if kind in NAMED_KINDS else None,
        person_id=clean_person_id(push.person_id) or clean_person_id(push.face_id),
        picture_path=picture,
        crop_path=clean_picture_path(push.crop_path),
        recording_path=clean_recording_path(push.file_path),
        picture_url=push.pic_url if push.pic_url.startswith("https://") else None,
        record_id=push.record_id or None,
        unique_id=clean_id(push.unique_id),
        session_id=clean_id(push.session_id),
        push_count=max(push.push_count, 1),
        account_id=clean_id(push.owner_account),
    )
