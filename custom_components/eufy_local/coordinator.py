"""One coordinator per station: hands the station's events to entities, nothing is polled."""

import asyncio
import logging
from collections.abc import Callable
from typing import override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .eufy.station import Station
from .eufy.station_events import (
    AvailabilityChanged,
    Detected,
    PeopleChanged,
    PictureReady,
    StationEvent,
)
from .issues import StationIssues
from .runtime import EufyConfigEntry

_LOGGER = logging.getLogger(__name__)

type CameraEvent = Detected | PictureReady
type CameraListener = Callable[[CameraEvent], None]


class StationCoordinator(DataUpdateCoordinator[None]):
    """The one owner of a station's subscription.

    Plain listeners (`async_add_listener`) hear when the station comes or goes; listeners of a
    camera (`async_add_camera_listener`) get that camera's detections and pictures as they come, in
    the same turn of the event loop. An entity that shows something else of the station subscribes
    to that kind of event, so that a detection never waits for fifty entities to be written.
    """

    config_entry: EufyConfigEntry

    def __init__(self, hass: HomeAssistant, entry: EufyConfigEntry, station: Station) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=station.name, update_interval=None)
        self.station = station
        self.via_device_id: str | None = None
        """Registry id of the station's device; set before the platforms are."""
        self._camera_listeners: dict[str, list[CameraListener]] = {}
        self._first_answer = asyncio.Event()
        self._unsubscribe: CALLBACK_TYPE | None = None
        self._issues = StationIssues(hass, entry, station)

    async def async_start(self) -> None:
        """Subscribe and let the station connect; returns at once."""
        self._unsubscribe = self.station.subscribe(self._on_event)
        await self.station.start()

    async def async_stop(self) -> None:
        """Close the station's links; that it goes away now is no news."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._issues.stop()
        await self.station.stop()

    async def async_first_answer(self) -> bool:
        """Wait until the station connected or said why it cannot; return whether it did."""
        await self._first_answer.wait()
        return self.station.available

    @callback
    def async_add_camera_listener(self, serial: str, listener: CameraListener) -> CALLBACK_TYPE:
        """Call `listener` with each event of one camera; returns how to end it."""
        listeners = self._camera_listeners.setdefault(serial, [])
        listeners.append(listener)
        return lambda: listeners.remove(listener)

    @callback
    def _on_event(self, event: StationEvent) -> None:
        match event:
            case Detected(detection=detection):
                self._tell_camera(detection.camera_serial, event)
            case PictureReady(camera_serial=serial):
                self._tell_camera(serial, event)
            case AvailabilityChanged(available=available, reason=reason):
                self._on_availability(available, reason)
            case PeopleChanged():
                self.config_entry.runtime_data.memory.save_soon()

    def _tell_camera(self, serial: str, event: CameraEvent) -> None:
        for listener in tuple(self._camera_listeners.get(serial, ())):
            listener(event)

    def _on_availability(self, available: bool, reason: str | None) -> None:
        self._first_answer.set()
        if available != self.last_update_success:
            # Once per change, at info: a HomeBase that restarts is no fault of the installation.
            if available:
                _LOGGER.info("%s is connected again", self.station.name)
            else:
                _LOGGER.info("%s is not connected: %s", self.station.name, reason)
        self.last_update_success = available
        self._issues.availability(available, reason)
        self.async_update_listeners()

    @override
    async def _async_update_data(self) -> None:
        """Do nothing: a state is pushed, and a "refresh" by the user has nothing to fetch."""
