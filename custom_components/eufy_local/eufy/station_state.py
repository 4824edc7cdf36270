"""What is known of a station, and how each report changes it: no input or output, no clock.

`proven` says that the frame's sender was authenticated; `trusted` says whether it may change
security state (guard mode, alarm, doors): on a link with a session key only proven frames may
(`design/security.md` T2), on older links every frame, because none is ever proven.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final

from .blocks import ParameterBlocks
from .camera import Camera, Device
from .catalog.guard import GuardMode
from .detections import Detection, DetectionReport, DetectionSource, Merged
from .guard import AlarmState, GuardState
from .merging import DetectionMerger
from .people import People, Person
from .reports import from_camera_push, refine_kind
from .station_events import (
    AlarmChanged,
    Detected,
    EntryDelayChanged,
    GuardModeChanged,
    LightChanged,
    ParametersChanged,
    PeopleChanged,
    SensorChanged,
    StationEvent,
)
from .wire.notifications import (
    AlarmReport,
    CameraPush,
    Charging,
    EntryDelay,
    GuardModeReport,
    LightState,
    Notification,
    ParameterPush,
    Rssi,
    Runtime,
    SdState,
    SensorState,
)
from .wire.parameters import STATION_BLOCK, Param, Parameter

MAX_STALE: Final = dt.timedelta(hours=1)
"""Age above which an unproven push is dropped: a recorded frame that is sent again."""
SECURITY_PARAMETERS: Final = frozenset(
    {Param.GUARD_MODE, Param.GUARD_MODE_EFFECTIVE, Param.ENTRY_SENSOR}
)
"""Parameters that an unproven dump may not change on a link with a session key."""


class StationState:
    """State of one station and its devices.

    `devices` are all devices, cameras included; `people` may hold what was remembered.
    """

    def __init__(
        self,
        serial: str,
        devices: Iterable[Device],
        blocks: ParameterBlocks,
        people: People | None = None,
    ) -> None:
        self.serial = serial
        self.blocks = blocks
        self.devices: Mapping[str, Device] = {device.serial: device for device in devices}
        self.cameras: dict[str, Camera] = {
            device.serial: device for device in self.devices.values() if isinstance(device, Camera)
        }
        self._by_channel = {device.channel: device for device in self.devices.values()}
        self.people = people or People()
        self.merger = DetectionMerger()
        self.guard = GuardState()
        self.alarms = AlarmState()
        self.last_event: dt.datetime | None = None
        """When the station last reported anything by itself."""
        self.unproven = 0
        """Reports of security state that were not authenticated and changed nothing."""
        self.stale = 0
        """Unproven pushes that were too old to be believed."""
        self.foreign = 0
        """Detections of devices that are not of this station."""

    def device_at(self, channel: int) -> Device | None:
        """Return the device on a channel, `None` for the station itself and unknown ones."""
        return self._by_channel.get(channel)

    # --- reports over the link -----------------------------------------------------------

    def take(
        self,
        notification: Notification,
        *,
        proven: bool,
        trusted: bool,
        now: float,
        wall: dt.datetime,
    ) -> list[StationEvent]:
        """Take one report; return what changed. `now` is monotonic seconds, `wall` aware UTC."""
        self._hear(notification, wall)
        match notification:
            case CameraPush():
                return self._camera_push(notification, proven=proven, now=now, wall=wall)
            case GuardModeReport(mode):
                if not trusted:
                    self.unproven += 1
                changes = self.guard.report(mode, now, proven=proven, trusted=trusted)
                return self._guard_changed(changes)
            case AlarmReport(channel, event, duration, siren):
                if not trusted:
                    self.unproven += 1
                return list(
                    self.alarms.report(
                        channel, event, duration, siren=siren, proven=proven, trusted=trusted
                    )
                )
            case EntryDelay(_, event, seconds):
                if not trusted:
                    self.unproven += 1
                return list(self.alarms.delay(event, seconds, proven=proven, trusted=trusted))
            case ParameterPush():
                return self.parameters(
                    notification.parameters, proven=proven, trusted=trusted, now=now, wall=wall
                )
            case SensorState(channel, is_open):
                found = Parameter(channel, Param.ENTRY_SENSOR, str(int(is_open)))
                return self.parameters([found], proven=proven, trusted=trusted, now=now, wall=wall)
            case LightState(channel, on):
                changed = self._set(channel, {Param.LIGHT: str(int(on))})
                return [LightChanged(channel, on, proven), *changed] if changed else []
            case Runtime(channel, battery, temperature):
                return self._set(
                    channel,
                    {Param.BATTERY: str(battery), Param.BATTERY_TEMPERATURE: str(temperature)},
                )
            case Charging(channel, _, battery):
                return self._set(channel, {Param.BATTERY: str(battery)})
            case Rssi(channel, dbm):
                return self._set(channel, {Param.WIFI_RSSI: str(dbm)})
            case SdState(channel, status):
                return self._set(channel, {Param.SD_STATUS: str(status)})
            case _:
                return []

    def parameters(
        self,
        parameters: Iterable[Parameter],
        *,
        proven: bool,
        trusted: bool,
        now: float,
        wall: dt.datetime,
        commanded: bool = False,
    ) -> list[StationEvent]:
        """Take parameters of a dump or notify; return what changed."""
        kept = list(parameters)
        if not trusted:
            before = len(kept)
            kept = [item for item in kept if item.param_type not in SECURITY_PARAMETERS]
            self.unproven += len(kept) < before
        doors = {
            item.dev_type: item.value
            for item in kept
            if item.param_type == Param.ENTRY_SENSOR and item.dev_type != STATION_BLOCK
        }
        were = {channel: self._door(channel) for channel in doors}
        events: list[StationEvent] = []
        if changed := self.blocks.update(kept):
            events.append(ParametersChanged(changed))
        for channel in doors:
            is_open = self._door(channel)
            if is_open is not None and is_open != were[channel]:
                events.append(SensorChanged(channel, is_open, wall, proven))
        events.extend(self._read_guard(kept, now, proven=proven, commanded=commanded))
        return events

    def _read_guard(
        self, kept: Iterable[Parameter], now: float, *, proven: bool, commanded: bool
    ) -> list[StationEvent]:
        found = {
            item.param_type: item.value
            for item in kept
            if item.dev_type in {STATION_BLOCK, 1000} or self.blocks.standalone
        }
        selected, effective = found.get(Param.GUARD_MODE), found.get(Param.GUARD_MODE_EFFECTIVE)
        if selected is None and effective is None:
            return []
        changes = self.guard.read(
            selected, effective, now, proven=proven, trusted=True, commanded=commanded
        )
        return self._guard_changed(changes)

    def _guard_changed(self, changes: list[GuardModeChanged]) -> list[StationEvent]:
        events: list[StationEvent] = [*changes]
        for change in changes:
            if change.effective is GuardMode.DISARMED:
                ended: list[AlarmChanged | EntryDelayChanged] = self.alarms.disarmed(
                    proven=change.authenticated
                )
                events.extend(ended)
        return events

    def _door(self, channel: int) -> bool | None:
        value = self.blocks.block(channel).get(Param.ENTRY_SENSOR)
        return {"0": False, "1": True}.get(value) if value is not None else None

    def _set(self, channel: int, values: Mapping[int, str]) -> list[StationEvent]:
        changed = self.blocks.update(
            Parameter(channel, param, value) for param, value in values.items()
        )
        return [ParametersChanged(changed)] if changed else []

    def _hear(self, notification: Notification, wall: dt.datetime) -> None:
        channel = getattr(notification, "channel", None)
        self.last_event = wall
        if isinstance(channel, int) and isinstance(device := self.device_at(channel), Camera):
            device.last_heard = wall

    # --- detections --------------------------------------------------------------------

    def _camera_push(
        self, push: CameraPush, *, proven: bool, now: float, wall: dt.datetime
    ) -> list[StationEvent]:
        device = self.device_at(push.channel)
        report = from_camera_push(
            push,
            station_serial=self.serial,
            camera_serial=device.serial if device else None,
            now=wall,
            authenticated=proven,
        )
        return [] if report is None else self.detection(report, now)

    def detection(self, report: DetectionReport, now: float) -> list[StationEvent]:
        """Take a report of any source; return what it changed.

        Reports of devices that are not of this station are counted and dropped.
        """
        device = self.devices.get(report.camera_serial)
        if device is None:
            self.foreign += 1
            return []
        unproven = not report.authenticated and report.source is DetectionSource.P2P
        if unproven and report.received - report.time > MAX_STALE:
            self.stale += 1
            return []
        events: list[StationEvent] = []
        report = self._with_name(report)
        if report.person_name and self.people.hear(report.person_id, report.person_name):
            events.append(PeopleChanged())
        merged = self.merger.add(report, now)
        if merged is not None:
            events.append(self._detected(merged, device))
        return events

    def _with_name(self, report: DetectionReport) -> DetectionReport:
        """Add the name that the face library has for the id of a report."""
        if report.person_name is not None or report.person_id is None:
            return report
        person = self.people.by_id(report.person_id)
        if person is None or not person.in_library:
            return report
        kind = refine_kind(report.kind, person.name)
        return replace(report, kind=kind, person_name=person.name)

    def _detected(self, merged: Merged, device: Device) -> Detected:
        detection = merged.detection
        if isinstance(device, Camera):
            newest = device.last_detection
            if newest is None or newest.id == detection.id or newest.time <= detection.time:
                device.last_detection = detection
            device.last_heard = max(device.last_heard or detection.received, detection.received)
        return Detected(detection, merged.is_update)

    def library(self, persons: Iterable[Person]) -> list[StationEvent]:
        """Take a face library read from the station; name open detections that lack a name."""
        if not self.people.replace_library(persons):
            return []
        events: list[StationEvent] = [PeopleChanged()]
        for merged in self.merger.name_persons(
            {person.id: person.name for person in self.people.all if person.id}
        ):
            device = self.devices[merged.detection.camera_serial]
            events.append(self._detected(merged, device))
        return events

    def find_detection(self, detection_id: str) -> Detection | None:
        """Return a detection of the last hour by its id."""
        return self.merger.get(detection_id)
