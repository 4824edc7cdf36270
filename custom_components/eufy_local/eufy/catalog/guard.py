"""Guard modes and alarm events: the numbers of the wire and what they mean."""

from enum import IntEnum
from typing import Final


class GuardMode(IntEnum):
    """A guard mode as the wire numbers it (`protocol/p2p-commands.md` §3.1)."""

    AWAY = 0
    HOME = 1
    SCHEDULE = 2
    CUSTOM_1 = 3
    CUSTOM_2 = 4
    CUSTOM_3 = 5
    OFF = 6  # reported only, never set
    GEOFENCE = 47
    DISARMED = 63


SETTABLE_MODES: Final = tuple(mode for mode in GuardMode if mode is not GuardMode.OFF)
"""Modes that may be sent; `OFF` is only ever reported."""

EFFECTIVE_MODES: Final = tuple(
    mode for mode in GuardMode if mode not in {GuardMode.SCHEDULE, GuardMode.GEOFENCE}
)
"""Modes that can be in force: a schedule or geofence resolves to one of these."""


class AlarmEvent(IntEnum):
    """Why an alarm sounds or stopped (`protocol/p2p-commands.md` §6, frames 1201, 1202, 1164)."""

    HUB_STOP = 0
    DEVICE_STOP = 1
    GRAVITY_SENSOR = 2
    PIR = 3
    APP = 4
    HEAT = 5
    DOOR = 6
    CAMERA_PIR = 7
    MOTION_SENSOR = 8
    CAMERA_GRAVITY_SENSOR = 9
    CAMERA_APP = 10
    LINKAGE = 11
    KEYPAD = 13
    STOPPED_BY_KEYPAD = 15
    STOPPED_BY_APP = 16
    STOPPED_BY_HAND = 17
    APP_LIGHT = 22
    APP_LIGHT_SOUND = 23
    MOTION_LIGHT = 24
    MOTION_LIGHT_ALARM = 25


ALARM_STOPS: Final = frozenset(
    {
        AlarmEvent.HUB_STOP,
        AlarmEvent.DEVICE_STOP,
        AlarmEvent.STOPPED_BY_KEYPAD,
        AlarmEvent.STOPPED_BY_APP,
        AlarmEvent.STOPPED_BY_HAND,
    }
)


def alarm_state(event: int, seconds: int) -> bool | None:
    """Return whether an alarm frame says on (`True`), off (`False`) or nothing (`None`).

    Off needs a stop event with 0 seconds, on needs seconds above 0
    (`protocol/p2p-commands.md` §6).
    """
    if event in ALARM_STOPS:
        return False if seconds == 0 else None
    return True if seconds > 0 else None
