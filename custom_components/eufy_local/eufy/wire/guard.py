"""What a guard mode does: action bits and the table of one mode.

Source: protocol/p2p-commands.md §3.5.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from ..errors import WireError
from .safe_json import JsonObject, JsonValue, as_int

MAX_DEVICES: Final = 256


class ActionBit(IntFlag):
    """What a device does in a mode.

    Bit 32 inverts: the motion sensor ignores motion (seen on a T8910; another source calls it
    the light alarm, contradiction C15). Bit 128 is the light alarm (declared).
    """

    RECORD = 1
    SIREN = 2
    STATION_ALARM = 4
    NOTIFICATION = 8
    PRIVACY = 16
    IGNORE_MOTION_SENSOR = 32
    MONITORING_CENTRE = 64
    LIGHT_ALARM = 128
    PRIVACY_NEW = 256


@dataclass(frozen=True, slots=True)
class Countdown:
    """A delay in seconds and the channels it applies to."""

    channels: tuple[int, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class ModeTable:
    """The table of one mode: actions by channel, entry and leaving delay.

    Sensors of the delays need not appear among the actions (protocol/field.md).
    """

    mode: int
    actions: dict[int, ActionBit]
    entry: Countdown
    leave: Countdown


def parse_mode_table(value: JsonValue) -> ModeTable:
    """Read a stored mode table (parameters 1157 to 1161, 1177). Raises `WireError`."""
    if not isinstance(value, dict) or "mode_id" not in value:
        raise WireError("not a mode table")
    devices = value.get("devices")
    actions = {
        as_int(item.get("device_channel"), -1): ActionBit(as_int(item.get("action")) & 0x1FF)
        for item in (devices if isinstance(devices, list) else [])[:MAX_DEVICES]
        if isinstance(item, dict)
    }
    actions.pop(-1, None)
    return ModeTable(
        as_int(value["mode_id"]),
        actions,
        _countdown(value.get("count_down_alarm")),
        _countdown(value.get("count_down_arm")),
    )


def action_names(action: ActionBit) -> tuple[str, ...]:
    """Return the names of the set bits in lower case, lowest first."""
    return tuple(bit.name.lower() for bit in ActionBit if bit in action and bit.name)


def _countdown(value: JsonValue) -> Countdown:
    fields: JsonObject = value if isinstance(value, dict) else {}
    channels = fields.get("channel_list")
    listed = channels if isinstance(channels, list) else []
    return Countdown(
        tuple(as_int(item, -1) for item in listed[:MAX_DEVICES]),
        as_int(fields.get("delay_time")),
    )
