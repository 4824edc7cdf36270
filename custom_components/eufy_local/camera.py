"""The live view and the newest picture of each camera."""

from typing import Final, override

from homeassistant.components import camera as camera_component
from homeassistant.components.camera import (
    Camera as CameraBase,
)
from homeassistant.components.camera import (
    CameraEntityDescription,
    CameraEntityFeature,
)
from homeassistant.components.stream import HLS_PROVIDER, Stream
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import HLS_IDLE_SECONDS, MANUFACTURER
from .coordinator import StationCoordinator
from .entity import CameraDeviceEntity
from .eufy.camera import Camera
from .eufy.media.live import StreamEvent
from .eufy.media.states import StreamState
from .eufy.station_events import PictureReady
from .runtime import EufyConfigEntry
from .streams import async_streams

PARALLEL_UPDATES = 0

# Home Assistant 2026.11 and later only. Two-way audio is announced when the talk path is there.
CAPABILITIES: Final = getattr(camera_component, "CameraEntityCapabilities", None)

STREAMING: Final = frozenset({StreamState.LIVE, StreamState.LINGERING})

DESCRIPTION: Final = CameraEntityDescription(key="camera", name=None)


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a camera entity for each camera of each station."""
    streams = async_streams(hass)
    async_add_entities(
        EufyCamera(coordinator, camera, streams.url(camera.serial))
        for coordinator in entry.runtime_data.stations.values()
        for camera in coordinator.station.cameras.values()
    )


class EufyCamera(CameraDeviceEntity, CameraBase):
    """One camera.

    The stream's address never changes and costs nothing to ask for: the camera is only woken when
    a player starts to read from it (design/home-assistant.md §0.4).
    """

    _attr_brand = MANUFACTURER
    _attr_supported_features = CameraEntityFeature.STREAM

    def __init__(self, coordinator: StationCoordinator, camera: Camera, url: str) -> None:
        CameraDeviceEntity.__init__(self, coordinator, camera, DESCRIPTION)
        CameraBase.__init__(self)
        self._url = url
        self._attr_model = camera.product.name
        self._attr_is_streaming = camera.live.state in STREAMING
        if CAPABILITIES is not None:
            self._attr_camera_entity_capabilities = CAPABILITIES(two_way_audio=False)

    @override
    async def async_added_to_hass(self) -> None:
        await super().async_added_to_hass()
        self.async_on_remove(self.device.live.subscribe(self._on_live_event))

    @override
    async def stream_source(self) -> str:
        return self._url

    @override
    async def async_create_stream(self) -> Stream | None:
        """Return the HLS worker, told to let go of the camera soon after its last reader."""
        stream = await super().async_create_stream()
        if stream is not None:
            stream.add_provider(HLS_PROVIDER, timeout=HLS_IDLE_SECONDS)
        return stream

    @override
    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """Return the newest picture that is in memory; a camera is never woken for it."""
        picture = self.device.last_picture
        return None if picture is None else picture.jpeg

    @override
    @callback
    def on_picture(self, event: PictureReady) -> None:
        self.async_update_token()  # the picture's address changes with it, so that pages reload it
        self.async_write_ha_state()

    @callback
    def _on_live_event(self, event: StreamEvent) -> None:
        if event is StreamEvent.STATE:
            self._attr_is_streaming = self.device.live.state in STREAMING
            self.async_write_ha_state()
        else:
            self.coordinator.config_entry.runtime_data.memory.save_soon()
