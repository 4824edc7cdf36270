"""Who was seen last, and how the link to a station is protected."""

from typing import Final, override

from homeassistant.components.sensor import (
    RestoreSensor,
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_NAMES
from .coordinator import StationCoordinator
from .entity import CameraDeviceEntity, StationEntity
from .eufy.camera import Camera
from .eufy.detections import NAMED_KINDS, DetectionKind
from .eufy.station_events import Detected, PeopleChanged, StationEvent
from .event import FACE_KINDS
from .runtime import EufyConfigEntry

PARALLEL_UPDATES = 0

PERSON_KNOWN: Final = "known"
PERSON_STRANGER: Final = "stranger"

LAST_PERSON: Final = SensorEntityDescription(
    key="last_person", translation_key="last_person", device_class=SensorDeviceClass.ENUM
)

LINK_PROTECTION: Final = SensorEntityDescription(
    key="link_protection",
    translation_key="link_protection",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=["clear", "static", "rsa", "gcm"],
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a sensor for each station, and one for each camera that can tell people apart."""
    names = bool(entry.options.get(CONF_NAMES, True))
    coordinators = entry.runtime_data.stations.values()
    async_add_entities(LinkProtection(coordinator) for coordinator in coordinators)
    async_add_entities(
        LastPerson(coordinator, camera, names=names)
        for coordinator in coordinators
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
        self.async_on_remove(self.coordinator.station.subscribe(self._on_station_event))
        last = await self.async_get_last_sensor_data()
        if last is not None and isinstance(last.native_value, str):
            fixed = last.native_value in (PERSON_KNOWN, PERSON_STRANGER)
            self._attr_native_value = last.native_value if self._names or fixed else PERSON_KNOWN

    @callback
    def _on_station_event(self, event: StationEvent) -> None:
        if isinstance(event, PeopleChanged):
            self.async_write_ha_state()

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


class LinkProtection(StationEntity, SensorEntity):
    """The grade of the link's commands; what protects the pictures is measured elsewhere."""

    def __init__(self, coordinator: StationCoordinator) -> None:
        super().__init__(coordinator, LINK_PROTECTION)

    @property
    @override
    def native_value(self) -> str | None:
        link = self.station.link_info
        return None if link is None else link.grade.name.lower()
