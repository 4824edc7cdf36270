"""Structured parameter values that more than one family uses.

Source: protocol/p2p-commands.md §9, protocol/field.md. Numbers come as numbers in some products
and as text in others; both are read.
"""

from dataclasses import dataclass
from typing import Final

from .safe_json import JsonValue, as_int

MAX_PROFILES: Final = 16


@dataclass(frozen=True, slots=True)
class Snooze:
    """A snooze: length in seconds and start as Unix time in seconds, where known."""

    seconds: int
    start: int | None

    @property
    def active(self) -> bool:
        """True when a length is set."""
        return self.seconds > 0


@dataclass(frozen=True, slots=True)
class StreamProfile:
    """One stream that a camera offers: pixels, frames per second, frames per group."""

    width: int
    height: int
    fps: int
    gop: int
    bit_rate: int


@dataclass(frozen=True, slots=True)
class DailyWindow:
    """A daily time window, hours and minutes local to the station."""

    start_hour: int
    start_minute: int
    end_hour: int
    end_minute: int


def parse_snooze(value: JsonValue) -> Snooze:
    """Read a snooze value; anything unreadable is "off"."""
    if not isinstance(value, dict):
        return Snooze(0, None)
    start = as_int(value.get("startTime"))
    return Snooze(max(0, as_int(value.get("snooze_time"))), start or None)


def parse_stream_profiles(value: JsonValue) -> tuple[StreamProfile, ...]:
    """Read a list of streams; entries without a size are left out."""
    if not isinstance(value, list):
        return ()
    found = [
        StreamProfile(
            as_int(item.get("width")),
            as_int(item.get("height")),
            as_int(item.get("fps")),
            as_int(item.get("gop")),
            as_int(item.get("brate")),
        )
        for item in value[:MAX_PROFILES]
        if isinstance(item, dict)
    ]
    return tuple(item for item in found if item.width > 0 and item.height > 0)


def parse_window(value: JsonValue) -> DailyWindow | None:
    """Read a schedule's window; None when a member is missing or out of range."""
    if not isinstance(value, dict):
        return None
    window = DailyWindow(
        as_int(value.get("start_hour"), -1),
        as_int(value.get("start_min"), -1),
        as_int(value.get("end_hour"), -1),
        as_int(value.get("end_min"), -1),
    )
    hours = 0 <= window.start_hour <= 24 and 0 <= window.end_hour <= 24
    minutes = 0 <= window.start_minute <= 59 and 0 <= window.end_minute <= 59
    return window if hours and minutes else None
