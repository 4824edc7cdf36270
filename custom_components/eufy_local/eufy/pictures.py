"""Pictures of events: what a `Picture` is, and fetching one from a station's disk."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum


class PictureSource(StrEnum):
    """Where a picture came from."""

    EVENT = "event"  # the station's picture of a detection
    CROP = "crop"  # the part that shows the face or object
    STREAM = "stream"  # a key frame of a live view
    LIBRARY = "library"  # the face library


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG that was decoded once in full before anybody sees it.

    `time` is when the camera took it, as far as known (UTC); `detection_id` the detection it
    belongs to, if any.
    """

    jpeg: bytes
    width: int
    height: int
    time: dt.datetime
    source: PictureSource
    detection_id: str | None = None
