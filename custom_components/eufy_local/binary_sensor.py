"""What is being detected right now, and whether a station is connected."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_call_later

from .const import CONF_RESET, DEFAULT_RESET
from .coordinator import StationCoordinator
from .entity import CameraDeviceEntity, StationEntity
from .eufy.camera import Camera
from .eufy.detections import PERSON_KINDS, DetectionKind
from .eufy.station import Station
from .eufy.station_events import Detected
from .runtime import EufyConfigEntry

PARALLEL_UPDATES = 0

DOG_KINDS: Final = frozenset({DetectionKind.DOG, DetectionKind.DOG_LICK, DetectionKind.DOG_POOP})
PACKAGE_KINDS: Final = frozenset(
    {
        DetectionKind.PACKAGE_DELIVERED,
        DetectionKind.PACKAGE_STRANDED,
        DetectionKind.PACKAGE_TAKEN,
    }
)
# Whatever moves is motion: a station reports only the most specific kind (known face instead of
# person instead of motion), and a lamp that follows the motion sensor must light for all of them.
MOTION_KINDS: Final = (
    PERSON_KINDS | DOG_KINDS | {DetectionKind.MOTION, DetectionKind.PET, DetectionKind.VEHICLE}
)


@dataclass(frozen=True, kw_only=True)
class DetectionSensorDescription(BinarySensorEntityDescription):
    """A sensor that turns on for some kinds of detection.

    It is made for a camera that declares one of `declared_by`, by default one of `kinds`.
    """

    kinds: frozenset[DetectionKind]
    declared_by: frozenset[DetectionKind] | None = None

    def supported(self, camera: Camera) -> bool:
        """Return whether the camera can report any of the kinds."""
        return not (self.declared_by or self.kinds).isdisjoint(camera.detection_kinds)


@dataclass(frozen=True, kw_only=True)
class StationSensorDescription(BinarySensorEntityDescription):
    """A sensor that shows a state of the station."""

    value: Callable[[Station], bool | None]
    always_available: bool = False


DETECTION_SENSORS: Final = (
    DetectionSensorDescription(
        key="motion", device_class=BinarySensorDeviceClass.MOTION, kinds=MOTION_KINDS
    ),
    DetectionSensorDescription(
        key="person",
        translation_key="person",
        kinds=PERSON_KINDS,
    ),
    DetectionSensorDescription(
        key="doorbell_ring",
        translation_key="doorbell_ring",
        kinds=frozenset({DetectionKind.DOORBELL_RING}),
    ),
    DetectionSensorDescription(
        key="pet",
        translation_key="pet",
        kinds=DOG_KINDS | {DetectionKind.PET},
        declared_by=frozenset({DetectionKind.PET}),
    ),
    DetectionSensorDescription(key="dog", translation_key="dog", kinds=DOG_KINDS),
    DetectionSensorDescription(
        key="vehicle", translation_key="vehicle", kinds=frozenset({DetectionKind.VEHICLE})
    ),
    DetectionSensorDescription(
        key="crying", translation_key="crying", kinds=frozenset({DetectionKind.CRYING})
    ),
    DetectionSensorDescription(
        key="sound",
        device_class=BinarySensorDeviceClass.SOUND,
        kinds=frozenset({DetectionKind.SOUND, DetectionKind.CRYING}),
        declared_by=frozenset({DetectionKind.SOUND}),
    ),
    DetectionSensorDescription(key="package", translation_key="package", kinds=PACKAGE_KINDS),
    DetectionSensorDescription(
        key="loitering", translation_key="loitering", kinds=frozenset({DetectionKind.LOITERING})
    ),
    DetectionSensorDescription(
        key="radar", translation_key="radar", kinds=frozenset({DetectionKind.RADAR})
    ),
    DetectionSensorDescription(
        key="leaving", translation_key="leaving", kinds=frozenset({DetectionKind.LEAVING})
    ),
)

STATION_SENSORS: Final = (
    StationSensorDescription(
        key="connectivity",
        translation_key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value=lambda station: station.available,
        always_available=True,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the sensors that each station and camera can feed."""
    coordinators = entry.runtime_data.stations.values()
    reset = float(entry.options.get(CONF_RESET, DEFAULT_RESET))
    async_add_entities(
        StationSensor(coordinator, description)
        for coordinator in coordinators
        for description in STATION_SENSORS
    )
    async_add_entities(
        DetectionSensor(coordinator, camera, description, reset)
        for coordinator in coordinators
        for camera in coordinator.station.cameras.values()
        for description in DETECTION_SENSORS
        if description.supported(camera)
    )


class StationSensor(StationEntity, BinarySensorEntity):
    """A state of the station."""

    entity_description: StationSensorDescription

    @property
    @override
    def available(self) -> bool:
        return self.entity_description.always_available or super().available

    @property
    @override
    def is_on(self) -> bool | None:
        return self.entity_description.value(self.station)


class DetectionSensor(CameraDeviceEntity, BinarySensorEntity):
    """On when something is detected, off again after a while: the wire has no "cleared"."""

    entity_description: DetectionSensorDescription

    def __init__(
        self,
        coordinator: StationCoordinator,
        camera: Camera,
        description: DetectionSensorDescription,
        reset: float,
    ) -> None:
        super().__init__(coordinator, camera, description)
        self._reset = reset
        self._attr_is_on = False
        self._shown: str | None = None
        self._cancel: CALLBACK_TYPE | None = None

    @override
    async def async_will_remove_from_hass(self) -> None:
        self._stop_timer()
        await super().async_will_remove_from_hass()

    @override
    @callback
    def on_detection(self, event: Detected) -> None:
        detection = event.detection
        if detection.kind not in self.entity_description.kinds or detection.id == self._shown:
            return  # a late picture of what was shown already is no second detection
        self._shown = detection.id
        self._stop_timer()
        self._cancel = async_call_later(self.hass, self._reset, self._off)
        self._attr_is_on = True
        self.async_write_ha_state()

    @callback
    def _off(self, _now: dt.datetime) -> None:
        self._cancel = None
        self._attr_is_on = False
        self.async_write_ha_state()

    def _stop_timer(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None
