"""A station without a link, at the facade's public boundary: tests say what it reports.

For what real frames would be slow or hard to bring about; the rest of the tests goes through the
simulator.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

from homeassistant.util import dt as dt_util

from custom_components.eufy_local.eufy.account import StationRecord
from custom_components.eufy_local.eufy.blocks import ParameterBlocks
from custom_components.eufy_local.eufy.camera import Camera
from custom_components.eufy_local.eufy.catalog import SETTABLE_MODES, GuardMode, product_for
from custom_components.eufy_local.eufy.cloud.inventory import CloudDevice, CloudStation
from custom_components.eufy_local.eufy.detections import (
    Detection,
    DetectionKind,
    DetectionSource,
)
from custom_components.eufy_local.eufy.errors import EufyError
from custom_components.eufy_local.eufy.people import People
from custom_components.eufy_local.eufy.pictures import Picture, PictureSource
from custom_components.eufy_local.eufy.station_events import (
    AvailabilityChanged,
    Detected,
    GuardModeChanged,
    GuardSource,
    PictureReady,
    StationEvent,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade

ACCOUNT_ID = "0123456789abcdef0123456789abcdef01234567"
EMAIL = "demo@example.com"

HOMEBASE = "T8030P0000000001"
YARD = "T8160P0000000001"
DOOR = "T8214P0000000001"

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")


def record() -> StationRecord:
    """Return a HomeBase 3 with a camera and a doorbell."""
    station = CloudStation(
        HOMEBASE, "HomeBase", Did("EUPRAMA", 123456, "ABCDE"), ACCOUNT_ID, device_type=18
    )
    return StationRecord(
        station,
        (
            CloudDevice(YARD, "Front yard", HOMEBASE, 0, 19, owner_id=ACCOUNT_ID),
            CloudDevice(DOOR, "Front door", HOMEBASE, 2, 94, owner_id=ACCOUNT_ID),
        ),
    )


def stored_account() -> dict[str, Any]:
    """Return what the private storage of a set-up account holds."""
    return {
        "version": 1,
        "account_id": ACCOUNT_ID,
        "cloud": {"openudid": "00112233445566778899aabbccddeeff"},
        "stations": {"stations": [record().to_dict()], "changes": []},
        "keys": [],
        "key_tries": [],
    }


class NoMedia:
    """A source that never sends."""

    async def open(self, sink: object) -> None:
        """Open nothing."""

    async def close(self) -> None:
        """Close nothing."""


class FakeLinkInfo:
    """What a link says of itself."""

    version = 8
    seconds = 0.25
    grade = LinkGrade.GCM


class FakeStation:
    """The public side of `eufy.station.Station`."""

    def __init__(self, station: StationRecord, *, failure: EufyError | None = None) -> None:
        self.failure = failure
        self.serial = station.serial
        self.name = station.name
        self.product = product_for(station.serial, station.device_type)
        self.firmware = "3.8.7.4"
        self.people = People()
        self.available = False
        self.unavailable_reason: str | None = None
        self.guard_mode: GuardMode | None = GuardMode.HOME
        self.effective_mode: GuardMode | None = GuardMode.HOME
        self.guard_modes = SETTABLE_MODES
        self.alarm_active = False
        self.entry_delay = 0
        self.changed_by: str | None = None
        self.link_info: FakeLinkInfo | None = None
        self.parameters = {1224: "1", 1176: "192.168.1.44"}
        self.refusal: EufyError | None = None
        self.is_stopped = False
        self.learned = 0
        blocks = ParameterBlocks(standalone=False)
        self.cameras: dict[str, Camera] = {}
        for device in station.devices:
            camera = Camera(device, blocks)
            camera.offer(NoMedia())
            self.cameras[device.serial] = camera
        self._listeners: list[Callable[[StationEvent], None]] = []

    async def start(self) -> None:
        """Connect at once, or not."""
        if self.failure is None:
            self.link_info = FakeLinkInfo()
            self.connect(True)
        else:
            self.connect(False, self.failure.key)

    async def stop(self) -> None:
        """Be stopped."""
        self.is_stopped = True

    async def connect_once(self, seconds: float) -> FakeLinkInfo:
        """Connect or raise."""
        if self.failure is not None:
            raise self.failure
        return FakeLinkInfo()

    def subscribe(self, listener: Callable[[StationEvent], None]) -> Callable[[], None]:
        """Add a listener."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def set_guard_mode(self, mode: GuardMode) -> None:
        """Take the mode, or refuse it."""
        if self.refusal is not None:
            raise self.refusal
        self.guard_mode = self.effective_mode = mode
        self.tell(GuardModeChanged(mode, mode, True, GuardSource.COMMAND))

    def to_dict(self) -> dict[str, Any]:
        """Return what is to be remembered."""
        return {"people": self.people.to_dict(), "learned": self.learned}

    def tell(self, event: StationEvent) -> None:
        """Send an event to all listeners."""
        for listener in tuple(self._listeners):
            listener(event)

    def connect(self, available: bool, reason: str | None = None) -> None:
        """Come or go."""
        self.available, self.unavailable_reason = available, reason
        self.tell(AvailabilityChanged(available, reason))

    def detect(
        self,
        serial: str,
        kind: DetectionKind,
        *,
        event: str = "1",
        update: bool = False,
        **more: Any,
    ) -> None:
        """Report a detection."""
        now = dt_util.utcnow()
        fields: dict[str, Any] = {
            "id": event,
            "kind": kind,
            "raw_kind": 3100,
            "camera_serial": serial,
            "station_serial": self.serial,
            "channel": self.cameras[serial].channel,
            "time": now,
            "received": now,
            "source": DetectionSource.P2P,
            "authenticated": True,
        }
        detection = Detection(**(fields | more))
        self.cameras[serial].last_detection = detection
        self.tell(Detected(detection, update))

    def picture(
        self,
        serial: str,
        *,
        source: PictureSource = PictureSource.EVENT,
        time: dt.datetime | None = None,
        jpeg: bytes = JPEG,
    ) -> Picture:
        """Report a picture."""
        picture = Picture(
            jpeg=jpeg, width=1, height=1, time=time or dt_util.utcnow(), source=source
        )
        self.cameras[serial].take_picture(picture)
        self.tell(PictureReady(serial, picture))
        return picture
