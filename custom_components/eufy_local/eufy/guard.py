"""The guard mode and the alarms of one station: what may change them, and what is only a hint.

A frame that is not authenticated may be forged by anyone who knows the station's label, so on a
link with a session key it changes nothing here; the session then reads the truth
(`design/security.md` T2). Older links have no authenticated frames at all; there the state
follows the frames and is marked as not authenticated.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Final

from .catalog.guard import EFFECTIVE_MODES, GuardMode, alarm_state
from .station_events import AlarmChanged, EntryDelayChanged, GuardModeChanged, GuardSource
from .text import clean_name

ATTRIBUTION_SECONDS: Final = 60.0  # a push that says who changed the mode comes 1 s later or more
MAX_PUSH_AGE: Final = dt.timedelta(seconds=300)  # `protocol/events.md` §2.2
MAX_CHANNELS: Final = 64  # sub-devices of a HomeBase; more cannot be real
RESOLVED_MODES: Final = frozenset({GuardMode.SCHEDULE, GuardMode.GEOFENCE})
"""Selected modes under which another mode is in force."""


@dataclass(frozen=True, slots=True)
class GuardPush:
    """What a cloud push says about the guard mode: a hint with the name of who did it."""

    selected: GuardMode | None
    effective: GuardMode | None
    user: str | None
    time: dt.datetime


class GuardState:
    """Selected and effective mode of one station; every change goes through one comparator."""

    def __init__(self) -> None:
        self.selected: GuardMode | None = None
        self.effective: GuardMode | None = None
        self.authenticated = False
        self.user: str | None = None
        self.ignored = 0
        """Frames that would have changed the mode, but prove nothing."""
        self._changed_at: float | None = None
        self._pushes: list[tuple[float, GuardPush]] = []

    def report(
        self, number: int, now: float, *, proven: bool, trusted: bool
    ) -> list[GuardModeChanged]:
        """Take frame 1151, the mode in force. `trusted` says whether it may change anything."""
        mode = guard_mode(number)
        if mode is None or mode not in EFFECTIVE_MODES:
            return []
        selected = self.selected
        if selected not in RESOLVED_MODES:
            selected = mode
        return self._set(
            selected, mode, now, proven=proven, trusted=trusted, source=GuardSource.REPORT
        )

    def read(
        self,
        selected: str | None,
        effective: str | None,
        now: float,
        *,
        proven: bool,
        trusted: bool,
        commanded: bool = False,
    ) -> list[GuardModeChanged]:
        """Take parameters 1224 (selected) and 1151 (in force) of a dump; either may be missing."""
        chosen = guard_mode(selected) if selected is not None else self.selected
        in_force = guard_mode(effective) if effective is not None else self.effective
        if chosen is not None and chosen not in RESOLVED_MODES and effective is None:
            in_force = chosen
        source = GuardSource.COMMAND if commanded else GuardSource.READ
        return self._set(chosen, in_force, now, proven=proven, trusted=trusted, source=source)

    def push(self, push: GuardPush, now: float, wall: dt.datetime) -> list[GuardModeChanged]:
        """Take a cloud push: it names who changed the mode, and never changes the mode itself."""
        if push.time < wall - MAX_PUSH_AGE:
            return []
        self._pushes = [(at, p) for at, p in self._pushes if at > now - ATTRIBUTION_SECONDS][-8:]
        self._pushes.append((now, push))
        recent = self._changed_at is not None and now - self._changed_at <= ATTRIBUTION_SECONDS
        if not recent or not self._matches(push) or push.user in {None, self.user}:
            return []
        self.user = push.user
        return [self._event(GuardSource.PUSH)]

    def _matches(self, push: GuardPush) -> bool:
        return (push.selected, push.effective) == (self.selected, self.effective)

    def _set(
        self,
        selected: GuardMode | None,
        effective: GuardMode | None,
        now: float,
        *,
        proven: bool,
        trusted: bool,
        source: GuardSource,
    ) -> list[GuardModeChanged]:
        if effective is not None and effective not in EFFECTIVE_MODES:
            effective = None
        if (selected, effective) == (self.selected, self.effective):
            if proven:
                self.authenticated = self.authenticated or selected is not None
            return []
        if not trusted:
            self.ignored += 1
            return []
        self.selected, self.effective = selected, effective
        self.authenticated = proven
        self._changed_at = now
        fresh = [p for at, p in self._pushes if now - at <= ATTRIBUTION_SECONDS]
        self.user = next((p.user for p in reversed(fresh) if self._matches(p)), None)
        return [self._event(source)]

    def _event(self, source: GuardSource) -> GuardModeChanged:
        return GuardModeChanged(
            self.selected, self.effective, self.authenticated, source, self.user
        )


class AlarmState:
    """Alarm, sirens and entry delay of one station; reports transitions only.

    Arming sends "ended" on every channel (`protocol/p2p-commands.md` §6), so an end counts only
    where something had started.
    """

    def __init__(self) -> None:
        self._alarms: set[int] = set()
        self._sirens: set[int] = set()
        self.entry_delay = 0
        self.ignored = 0
        """Frames that would have changed something, but prove nothing."""

    @property
    def active(self) -> bool:
        """Whether the alarm of the station sounds."""
        return bool(self._alarms)

    @property
    def sirens(self) -> frozenset[int]:
        """Channels of devices whose own siren sounds."""
        return frozenset(self._sirens)

    def report(
        self, channel: int, event: int, seconds: int, *, siren: bool, proven: bool, trusted: bool
    ) -> list[AlarmChanged]:
        """Take frame 1201 (alarm) or 1202 (siren of a device)."""
        state = alarm_state(event, seconds)
        if state is None:
            return []
        if not trusted:
            self.ignored += 1
            return []
        running = self._sirens if siren else self._alarms
        if state:
            if channel in running or len(running) >= MAX_CHANNELS:
                return []
            running.add(channel)
            return [AlarmChanged(channel, True, event, proven, siren)]
        # The station ends an alarm for all channels at once, or for the one that started it.
        ended = sorted(running) if channel == 255 else [channel] if channel in running else []
        running.difference_update(ended)
        return [AlarmChanged(number, False, event, proven, siren) for number in ended]

    def delay(
        self, event: int, seconds: int, *, proven: bool, trusted: bool
    ) -> list[EntryDelayChanged]:
        """Take frame 1164: an entry delay runs; event 0 means that the station is armed."""
        if not trusted:
            self.ignored += 1
            return []
        seconds = 0 if event == 0 else max(seconds, 0)
        if seconds == self.entry_delay == 0:
            return []
        self.entry_delay = seconds
        return [EntryDelayChanged(seconds, event, proven)]

    def disarmed(self, *, proven: bool) -> list[AlarmChanged | EntryDelayChanged]:
        """End everything because the station is disarmed; a cloud-started alarm has no stop."""
        events: list[AlarmChanged | EntryDelayChanged] = [
            AlarmChanged(channel, False, 0, proven, siren)
            for siren, running in ((False, self._alarms), (True, self._sirens))
            for channel in sorted(running)
        ]
        self._alarms.clear()
        self._sirens.clear()
        if self.entry_delay:
            self.entry_delay = 0
            events.append(EntryDelayChanged(0, 0, proven))
        return events


def guard_mode(value: object) -> GuardMode | None:
    """Return the mode of a number or decimal text, `None` when it is not a known one."""
    if isinstance(value, str):
        text = value.strip()
        value = int(text) if text.isdecimal() and len(text) <= 3 else None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return GuardMode(value) if value in GuardMode else None


def guard_user(kind: object, name: object) -> str | None:
    """Return who changed the mode: the free text of the push, else the kind of user.

    1 keypad, 2 app, 5 key fob (`protocol/push.md` §6).
    """
    text = clean_name(name)
    if text is not None:
        return text
    return {1: "keypad", 2: "app", 5: "key fob"}.get(kind) if isinstance(kind, int) else None
