"""The picture of the last detection."""

from typing import Final, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .entity import CameraDeviceEntity
from .eufy.camera import Camera
from .eufy.pictures import Picture, PictureSource
from .eufy.station_events import PictureReady
from .runtime import EufyConfigEntry

PARALLEL_UPDATES = 0

LAST_EVENT: Final = ImageEntityDescription(key="last_event", translation_key="last_event")


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add an image for each camera."""
    async_add_entities(
        LastEventImage(hass, coordinator, camera)
        for coordinator in entry.runtime_data.stations.values()
        for camera in coordinator.station.cameras.values()
    )


class LastEventImage(CameraDeviceEntity, ImageEntity):
    """The station's own picture of the last detection; it stays while the station is away."""

    _attr_content_type = "image/jpeg"

    def __init__(
        self, hass: HomeAssistant, coordinator: StationCoordinator, camera: Camera
    ) -> None:
        CameraDeviceEntity.__init__(self, coordinator, camera, LAST_EVENT)
        ImageEntity.__init__(self, hass)
        self._picture: Picture | None = None
        self._take(camera.last_picture)

    @property
    @override
    def available(self) -> bool:
        return True

    @override
    async def async_image(self) -> bytes | None:
        return None if self._picture is None else self._picture.jpeg

    @override
    @callback
    def on_picture(self, event: PictureReady) -> None:
        if self._take(event.picture):
            self.async_update_token()
            self.async_write_ha_state()

    def _take(self, picture: Picture | None) -> bool:
        """Keep a picture of a detection that is not older than the one shown."""
        if picture is None or picture.source is not PictureSource.EVENT:
            return False
        if self._picture is not None and picture.time < self._picture.time:
            return False
        self._picture = picture
        self._attr_image_last_updated = picture.time
        return True
