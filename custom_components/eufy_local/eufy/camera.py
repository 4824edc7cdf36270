"""A camera as Home Assistant holds it: what it is, what it last showed, and its live view."""

from collections.abc import Mapping

from .detections import Detection, DetectionKind
from .media.live import LiveStream
from .pictures import Picture


class Camera:
    """One camera of a station, or the station's own camera when it stands alone."""

    serial: str
    name: str
    channel: int
    product: object  # catalog.Product: .code .name .kind .battery
    firmware: str | None
    detection_kinds: frozenset[DetectionKind]
    live: LiveStream
    last_picture: Picture | None
    last_detection: Detection | None
    parameters: Mapping[int, str]
