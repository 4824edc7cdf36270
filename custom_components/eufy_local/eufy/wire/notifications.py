"""What a station reports on its own: one small frozen class per kind.

Source: protocol/p2p-commands.md §6 and §8, events.md §2. `channel` is subheader byte 2 of the
record: 255 = the station, else a camera or sensor.
"""

from dataclasses import dataclass, field
from typing import Final

from .parameters import Parameter, ParameterDump
from .safe_json import JsonObject, JsonValue

ALARM_ENDED: Final = frozenset({0, 1, 15, 16, 17})
"""Alarm event numbers that end an alarm: hub, device, keypad, app, by hand."""

MILLISECONDS_ABOVE: Final = 1000
"""A duration above this is in milliseconds (declared)."""


@dataclass(frozen=True, slots=True)
class CameraPush:
    """A detection or ring (1351 cmd 2037), also the inner payload of a cloud push.

    Times are ms since the epoch. Texts were checked: empty means absent or not plausible.
    `thumb_path` and `crop_path` are only those attached to this very event, because stations
    attach older rows, sometimes of another camera (events.md §2.1).
    """

    event_type: int
    device_serial: str
    channel: int
    msg_type: int = 18
    name: str = field(default="", repr=False)
    create_time_ms: int = 0
    trigger_time_ms: int = 0
    file_path: str = ""
    pic_url: str = ""
    unique_id: str = ""
    session_id: str = ""
    record_id: int = 0
    push_count: int = 0
    notification_style: int = 0
    storage_type: int = 0
    person_name: str = field(default="", repr=False)
    person_id: int | None = None
    face_id: int | None = None
    station_serial: str = ""
    owner_account: str = field(default="", repr=False)
    thumb_path: str = ""
    crop_path: str = ""


@dataclass(frozen=True, slots=True)
class GuardModeReport:
    """The guard mode in force (1151): a schedule slot's mode, never 2."""

    mode: int


@dataclass(frozen=True, slots=True)
class AlarmReport:
    """An alarm tone of the station (1201) or the siren of a device (1202)."""

    channel: int
    event: int
    duration: int
    siren: bool = False

    @property
    def active(self) -> bool | None:
        """True = started, False = ended, None = a combination to ignore."""
        if self.duration:
            return None if self.event in ALARM_ENDED else True
        return False if self.event in ALARM_ENDED else None

    @property
    def seconds(self) -> float:
        """The duration in seconds; never end an alarm by it (a T8010 sends 65534)."""
        if self.duration > MILLISECONDS_ABOVE:
            return self.duration / 1000
        return float(self.duration)


@dataclass(frozen=True, slots=True)
class LightState:
    """A camera light was switched (1400); only the first word is defined."""

    channel: int
    on: bool


@dataclass(frozen=True, slots=True)
class EntryDelay:
    """An entry delay runs (1164); event 0 means armed."""

    channel: int
    event: int
    seconds: int

    @property
    def armed(self) -> bool:
        """True when this reports the end of the leaving delay."""
        return self.event == 0


@dataclass(frozen=True, slots=True)
class Rssi:
    """Radio strength of a device in dBm (1032)."""

    channel: int
    dbm: int


@dataclass(frozen=True, slots=True)
class Charging:
    """Charging state of a device (2111): source number and battery in percent."""

    channel: int
    charge_type: int
    battery: int


@dataclass(frozen=True, slots=True)
class Runtime:
    """Battery in percent and temperature in degrees Celsius of a device (2107)."""

    channel: int
    battery: int
    temperature: int


@dataclass(frozen=True, slots=True)
class SdState:
    """State number of a memory card (1135): 0 normal, -1 none, ..."""

    channel: int
    status: int


@dataclass(frozen=True, slots=True)
class RtspUrl:
    """The address of a camera's own RTSP server after enabling it (1145)."""

    channel: int
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SnoozeChanged:
    """A snooze ended or changed (1271): base64 text as sent."""

    channel: int
    text: str


@dataclass(frozen=True, slots=True)
class ParameterPush:
    """Parameters: a dump (1103), asked for or not, or a list inside a notify (1829)."""

    dump: ParameterDump
    partial: bool = False
    """True for a list inside a notify: apply it, then read everything again."""

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters in the order sent."""
        return self.dump.parameters


@dataclass(frozen=True, slots=True)
class StorageReport:
    """Storage of a station (1351 cmd 1307, or 55000 on a HomeBase 2)."""

    cmd: int
    code: int
    body: JsonObject


@dataclass(frozen=True, slots=True)
class SensorState:
    """An entry sensor opened or closed (1351 cmd 1550); the sensor is the channel."""

    channel: int
    open: bool


@dataclass(frozen=True, slots=True)
class GarageDoor:
    """A garage door report (1351 cmd 7500)."""

    channel: int
    door_id: int
    type: int


@dataclass(frozen=True, slots=True)
class Viewers:
    """How many watch the stream (1351 cmd 6246; declared)."""

    channel: int
    count: int


@dataclass(frozen=True, slots=True)
class CommandCode:
    """Result of a 1350 command (1351 with `code`), matched by `cmd`."""

    cmd: int
    code: int
    channel: int = 255
    payload: JsonValue = None


@dataclass(frozen=True, slots=True)
class JsonNotify:
    """A 1351 or 1701 notify that has no class of its own."""

    command: int
    cmd: int
    channel: int
    payload: JsonValue


@dataclass(frozen=True, slots=True)
class JsonReply:
    """Content of a 1306 (database) or 1308 (picture) record."""

    command: int
    channel: int
    value: JsonObject = field(repr=False)


@dataclass(frozen=True, slots=True)
class DevicePing:
    """The station asks whether the client is there (1152): answer with an empty 1152."""

    channel: int


@dataclass(frozen=True, slots=True)
class PlaybackControl:
    """Playback state (1026): 2 = ended."""

    value: int

    @property
    def ended(self) -> bool:
        """True when the recording has been sent completely."""
        return self.value == 2


@dataclass(frozen=True, slots=True)
class DownloadProgress:
    """Total size in bytes of a download (1303), or its end (1304, total None)."""

    channel: int
    total: int | None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A record of a type that nothing here reads; only its size in bytes is kept."""

    command: int
    channel: int
    size: int


type Notification = (
    CameraPush
    | GuardModeReport
    | AlarmReport
    | LightState
    | EntryDelay
    | Rssi
    | Charging
    | Runtime
    | SdState
    | RtspUrl
    | SnoozeChanged
    | ParameterPush
    | StorageReport
    | SensorState
    | GarageDoor
    | Viewers
    | CommandCode
    | JsonNotify
    | JsonReply
    | DevicePing
    | PlaybackControl
    | DownloadProgress
    | Unknown
)
