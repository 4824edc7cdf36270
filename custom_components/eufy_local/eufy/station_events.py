"""What a `Station` tells its subscribers: small frozen events, one class per change."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from .catalog.guard import AlarmEvent, GuardMode
from .detections import Detection
from .pictures import Picture


class GuardSource(StrEnum):
    """How a guard mode became known."""

    REPORT = "report"  # frame 1151
    READ = "read"  # the parameter dump
    COMMAND = "command"  # our own command, read back
    PUSH = "push"  # FCM; a hint, never a state


@dataclass(frozen=True, slots=True)
class AvailabilityChanged:
    """The control link came up or broke; `reason` is the key of `eufy.errors` or `None`."""

    available: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class ParametersChanged:
    """Parameters of these devices changed; 255 is the station, else the camera's channel."""

    channels: frozenset[int]


@dataclass(frozen=True, slots=True)
class GuardModeChanged:
    """The guard mode changed; sent only for what an authenticated frame said.

    `mode` is the selected mode, `effective` the mode in force (never schedule or geofence),
    `None` while unknown. `authenticated` is always true for HomeBases with a version-8 link; on
    older links no frame is authenticated and it is false. `user` names who changed it, when a
    push said so: free text, cleaned, and not proven.
    """

    mode: GuardMode | None
    effective: GuardMode | None
    authenticated: bool
    source: GuardSource
    user: str | None = None


@dataclass(frozen=True, slots=True)
class AlarmChanged:
    """An alarm or siren started or stopped; channel 255 is the station itself."""

    channel: int
    active: bool
    event: int
    authenticated: bool
    siren: bool = False  # the siren of a device (1202) instead of the alarm (1201)

    @property
    def cause(self) -> AlarmEvent | None:
        """Return the event number by name, `None` when it is not known."""
        return AlarmEvent(self.event) if self.event in AlarmEvent else None


@dataclass(frozen=True, slots=True)
class EntryDelayChanged:
    """The entry delay of an alarm runs for `seconds`, or ended (0)."""

    seconds: int
    event: int
    authenticated: bool


@dataclass(frozen=True, slots=True)
class SensorChanged:
    """An entry sensor opened or closed; the sensor is the device on `channel`."""

    channel: int
    open: bool
    time: dt.datetime
    authenticated: bool


@dataclass(frozen=True, slots=True)
class LightChanged:
    """A camera's light went on or off."""

    channel: int
    on: bool
    authenticated: bool


@dataclass(frozen=True, slots=True)
class Detected:
    """A new detection, or a late field (name, picture, recording) of one announced before."""

    detection: Detection
    is_update: bool


@dataclass(frozen=True, slots=True)
class PictureReady:
    """A picture was fetched and checked; it is also the camera's `last_picture` now."""

    camera_serial: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class PeopleChanged:
    """The list of known people changed."""


type StationEvent = (
    AvailabilityChanged
    | ParametersChanged
    | GuardModeChanged
    | AlarmChanged
    | EntryDelayChanged
    | SensorChanged
    | LightChanged
    | Detected
    | PictureReady
    | PeopleChanged
)
