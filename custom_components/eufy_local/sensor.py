"""Who was seen last."""

from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntityDescription,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_NAMES
from .coordinator import StationCoordinator
from .entity import CameraDeviceEntity
from .eufy.camera import Camera
from .eufy.detections import NAMED_KINDS, DetectionKind
from .eufy.station_events import Detected
from .event import FACE_KINDS
from .runtime import EufyConfigEntry

PARALLEL_UPDATES = 0

PERSON_KNOWN: Final = "known"
PERSON_STRANGER: Final = "stranger"

LAST_PERSON: Final = SensorEntityDescription(
    key="last_person", translation_key="last_person", device_class=SensorDeviceClass.ENUM
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensor for each camera that can tell people apart."""
    names = bool(entry.options.get(CONF_NAMES, True))
    async_add_entities(
        LastPerson(coordinator, camera, names=names)
        for coordinator in entry.runtime_data.stations.values()
        for camera in coordinator.station.cameras.values()
        if not FACE_KINDS.isdisjoint(camera.detection_kinds)
    )


class LastPerson(CameraDeviceEntity, RestoreSensor):
    """The name of the person that was recognised last, or `stranger`.

    It stays what it is while the station is away, and over a restart: it is about the past.
    """

    def __init__(self, coordinator: StationCoordinator, camera: Camera, *, names: bool) -> None:
        super().__init__(coordinator, camera, LAST_PERSON)
        self._names = names

    @property
    @override
    def available(self) -> bool:
        return True

    @property
    @override
    def options(self) -> list[str]:
        """Return every person the station knows, the two fixed states, and what is shown now."""
        names = self.coordinator.station.people.names if self._names else ()
        shown = self._attr_native_value
        options = [PERSON_KNOWN, PERSON_STRANGER, *names]
        return list(dict.fromkeys([*options, shown] if isinstance(shown, str) else options))

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        last = await self.async_get_last_sensor_data()
        if last is not None and isinstance(last.native_value, str):
            fixed = last.native_value in (PERSON_KNOWN, PERSON_STRANGER)
            self._attr_native_value = last.native_value if self._names or fixed else PERSON_KNOWN

    @override
    @callback
    def on_detection(self, event: Detected) -> None:
        detection = event.detection
        if detection.kind in NAMED_KINDS:
            name = detection.person_name if self._names else None
            self._attr_native_value = name or PERSON_KNOWN
        elif detection.kind is DetectionKind.STRANGER:
            self._attr_native_value = PERSON_STRANGER
        else:
            return
        self.async_write_ha_state()
