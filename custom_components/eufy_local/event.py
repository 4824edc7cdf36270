"""Moments for automations: a ring, a face, any detection."""

from collections import OrderedDict
from typing import Any, Final, override

from homeassistant.components.event import (
    DoorbellEventType,
    EventDeviceClass,
    EventEntity,
    EventEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_NAMES
from .coordinator import StationCoordinator
from .entity import CameraDeviceEntity
from .eufy.camera import Camera
from .eufy.detections import NAMED_KINDS, Detection, DetectionKind
from .eufy.station_events import Detected
from .runtime import EufyConfigEntry

PARALLEL_UPDATES = 0

ATTR_AUTHENTICATED: Final = "authenticated"
ATTR_EVENT_ID: Final = "event_id"
ATTR_PERSON: Final = "person"
ATTR_PERSON_ID: Final = "person_id"
ATTR_SOURCE: Final = "source"
ATTR_TIME: Final = "time"

FACE_KNOWN: Final = "known"
FACE_STRANGER: Final = "stranger"
FACE_KINDS: Final = NAMED_KINDS | {DetectionKind.STRANGER}

MAX_FIRED: Final = 32
"""Detections remembered against firing twice; updates come within seconds of the first copy."""

DOORBELL: Final = EventEntityDescription(
    key="doorbell",
    device_class=EventDeviceClass.DOORBELL,
    event_types=[DoorbellEventType.RING],
)
FACE: Final = EventEntityDescription(
    key="face", translation_key="face", event_types=[FACE_KNOWN, FACE_STRANGER]
)
DETECTION: Final = EventEntityDescription(
    key="detection",
    translation_key="detection",
    event_types=[kind.value for kind in DetectionKind],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the event entities that each camera can feed."""
    names = bool(entry.options.get(CONF_NAMES, True))
    entities: list[CameraEvents] = []
    for coordinator in entry.runtime_data.stations.values():
        for camera in coordinator.station.cameras.values():
            entities.append(DetectionEvents(coordinator, camera, DETECTION))
            if DetectionKind.DOORBELL_RING in camera.detection_kinds:
                entities.append(DoorbellEvents(coordinator, camera, DOORBELL))
            if not FACE_KINDS.isdisjoint(camera.detection_kinds):
                entities.append(FaceEvents(coordinator, camera, FACE, names=names))
    async_add_entities(entities)


class CameraEvents(CameraDeviceEntity, EventEntity):
    """Fires once for each thing that a detection says, however many copies and updates it has."""

    def __init__(
        self, coordinator: StationCoordinator, camera: Camera, description: EventEntityDescription
    ) -> None:
        super().__init__(coordinator, camera, description)
        self._fired: OrderedDict[str, object] = OrderedDict()

    def _fire(self, detection: Detection, event_type: str, **attributes: Any) -> None:
        """Fire unless the last firing for this detection said the same."""
        said = (event_type, *attributes.values())
        if self._fired.get(detection.id) == said:
            return
        self._fired[detection.id] = said
        self._fired.move_to_end(detection.id)
        if len(self._fired) > MAX_FIRED:
            self._fired.popitem(last=False)
        self._trigger_event(
            event_type,
            {
                ATTR_EVENT_ID: detection.id,
                ATTR_TIME: detection.time.isoformat(),
                ATTR_SOURCE: detection.source.value,
                ATTR_AUTHENTICATED: detection.authenticated,
                **attributes,
            },
        )
        self.async_write_ha_state()


class DoorbellEvents(CameraEvents):
    """Somebody rang."""

    @override
    @callback
    def on_detection(self, event: Detected) -> None:
        if event.detection.kind is DetectionKind.DOORBELL_RING:
            self._fire(event.detection, DoorbellEventType.RING)


class DetectionEvents(CameraEvents):
    """Anything was detected; fires again when a detection turns out to be more specific."""

    @override
    @callback
    def on_detection(self, event: Detected) -> None:
        self._fire(event.detection, event.detection.kind.value)


class FaceEvents(CameraEvents):
    """A face was seen; fires again when a stranger turns out to be known or gets a name."""

    _unrecorded_attributes = frozenset({ATTR_PERSON, ATTR_PERSON_ID})

    def __init__(
        self,
        coordinator: StationCoordinator,
        camera: Camera,
        description: EventEntityDescription,
        *,
        names: bool,
    ) -> None:
        super().__init__(coordinator, camera, description)
        self._names = names

    @override
    @callback
    def on_detection(self, event: Detected) -> None:
        detection = event.detection
        if detection.kind not in FACE_KINDS:
            return
        known = detection.kind in NAMED_KINDS
        self._fire(
            detection,
            FACE_KNOWN if known else FACE_STRANGER,
            **{
                ATTR_PERSON: detection.person_name if known and self._names else None,
                ATTR_PERSON_ID: detection.person_id if self._names else None,
            },
        )
