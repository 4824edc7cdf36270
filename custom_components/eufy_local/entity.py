"""What all entities share: the device they belong to and when they are available."""

from typing import ClassVar, override

from homeassistant.core import callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN, MANUFACTURER
from .coordinator import CameraEvent, StationCoordinator
from .eufy.camera import Camera
from .eufy.station import Station
from .eufy.station_events import Detected, PictureReady, StationEvent


def station_device_info(station: Station) -> DeviceInfo:
    """Return what the device registry shows of a station."""
    return DeviceInfo(
        identifiers={(DOMAIN, station.serial)},
        manufacturer=MANUFACTURER,
        model=station.product.name,
        model_id=station.product.code,
        name=station.name,
        serial_number=station.serial,
        sw_version=station.firmware,
    )


def camera_device_info(coordinator: StationCoordinator, camera: Camera) -> DeviceInfo:
    """Return what the device registry shows of a camera; a standalone one is its station."""
    if camera.serial == coordinator.station.serial:
        return station_device_info(coordinator.station)
    info = DeviceInfo(
        identifiers={(DOMAIN, camera.serial)},
        manufacturer=MANUFACTURER,
        model=camera.product.name,
        model_id=camera.product.code,
        name=camera.name,
        serial_number=camera.serial,
        sw_version=camera.firmware,
    )
    if coordinator.via_device_id is not None:
        info["via_device_id"] = coordinator.via_device_id
    return info


class StationEntity(CoordinatorEntity[StationCoordinator]):
    """An entity of the station itself, written anew with each event of the kinds `shows`."""

    _attr_has_entity_name = True
    shows: ClassVar[tuple[type[StationEvent], ...]] = ()

    def __init__(self, coordinator: StationCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self.station = coordinator.station
        self._attr_unique_id = f"{self.station.serial}-{description.key}"
        self._attr_device_info = station_device_info(self.station)

    @property
    @override
    def available(self) -> bool:
        return self.station.available

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.station.subscribe(self._on_station_event))

    @callback
    def _on_station_event(self, event: StationEvent) -> None:
        if isinstance(event, self.shows):
            self.async_write_ha_state()


class CameraDeviceEntity(CoordinatorEntity[StationCoordinator]):
    """An entity of one camera. Override `on_detection` or `on_picture` to hear of its events."""

    _attr_has_entity_name = True

    def __init__(
        self, coordinator: StationCoordinator, camera: Camera, description: EntityDescription
    ) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        self.device = camera
        self._attr_unique_id = f"{camera.serial}-{description.key}"
        self._attr_device_info = camera_device_info(coordinator, camera)

    @property
    @override
    def available(self) -> bool:
        return self.coordinator.station.available

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.async_add_camera_listener(self.device.serial, self._on_event)
        )

    @callback
    def _on_event(self, event: CameraEvent) -> None:
        match event:
            case Detected():
                self.on_detection(event)
            case PictureReady():
                self.on_picture(event)

    @callback
    def on_detection(self, event: Detected) -> None:
        """Take a detection of this camera, new or with more in it than before."""

    @callback
    def on_picture(self, event: PictureReady) -> None:
        """Take a picture of this camera."""


def register_station(coordinator: StationCoordinator) -> None:
    """Put the station into the device registry, so that its cameras can name it as their way."""
    entry = coordinator.config_entry
    device = dr.async_get(coordinator.hass).async_get_or_create(
        config_entry_id=entry.entry_id, **station_device_info(coordinator.station)
    )
    coordinator.via_device_id = device.id
