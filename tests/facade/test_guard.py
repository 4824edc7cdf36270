"""Guard mode and alarm: who may change them."""

import datetime as dt

from custom_components.eufy_local.eufy.catalog.guard import GuardMode
from custom_components.eufy_local.eufy.guard import (
    AlarmState,
    GuardPush,
    GuardState,
    guard_mode,
    guard_user,
)
from custom_components.eufy_local.eufy.station_events import GuardSource

WALL = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)


def test_selected_and_effective_mode() -> None:
    guard = GuardState()
    (change,) = guard.read("2", "1", 0.0, proven=True, trusted=True)
    assert (change.mode, change.effective) == (GuardMode.SCHEDULE, GuardMode.HOME)
    (change,) = guard.report(0, 1.0, proven=True, trusted=True)
    assert (change.mode, change.effective) == (GuardMode.SCHEDULE, GuardMode.AWAY)
    assert guard.report(0, 2.0, proven=True, trusted=True) == []
    assert guard.report(2, 3.0, proven=True, trusted=True) == []
    assert guard.report(99, 3.0, proven=True, trusted=True) == []
    (change,) = guard.read("63", None, 4.0, proven=True, trusted=True, commanded=True)
    assert change.effective is GuardMode.DISARMED
    assert change.source is GuardSource.COMMAND


def test_an_unproven_report_changes_nothing() -> None:
    guard = GuardState()
    guard.read("0", "0", 0.0, proven=True, trusted=True)
    assert guard.report(63, 1.0, proven=False, trusted=False) == []
    assert guard.selected is GuardMode.AWAY
    assert guard.ignored == 1


def test_a_push_names_who_and_never_what() -> None:
    guard = GuardState()
    guard.read("63", "63", 0.0, proven=True, trusted=True)
    away = GuardPush(GuardMode.AWAY, GuardMode.AWAY, "keypad", WALL)
    assert guard.push(away, 1.0, WALL) == []
    assert guard.selected is GuardMode.DISARMED
    (change,) = guard.report(0, 2.0, proven=True, trusted=True)
    assert change.user == "keypad"
    late = GuardPush(GuardMode.AWAY, GuardMode.AWAY, "somebody", WALL - dt.timedelta(minutes=10))
    assert guard.push(late, 3.0, WALL) == []
    renamed = GuardPush(GuardMode.AWAY, GuardMode.AWAY, "app", WALL)
    (named,) = guard.push(renamed, 4.0, WALL)
    assert (named.user, named.source) == ("app", GuardSource.PUSH)


def test_alarms_report_transitions_only() -> None:
    alarm = AlarmState()
    # Arming says "ended" on every channel.
    assert alarm.report(255, 0, 0, siren=False, proven=True, trusted=True) == []
    (started,) = alarm.report(255, 3, 30, siren=False, proven=True, trusted=True)
    assert started.active
    assert alarm.report(255, 3, 30, siren=False, proven=True, trusted=True) == []
    alarm.report(1, 25, 30, siren=True, proven=True, trusted=True)
    assert alarm.sirens == {1}
    assert alarm.report(255, 16, 0, siren=False, proven=False, trusted=False) == []
    assert alarm.active
    assert alarm.report(255, 16, 8, siren=False, proven=True, trusted=True) == []
    (ended,) = alarm.report(255, 16, 0, siren=False, proven=True, trusted=True)
    assert not ended.active
    assert not alarm.active


def test_disarming_ends_everything() -> None:
    alarm = AlarmState()
    alarm.report(255, 3, 30, siren=False, proven=True, trusted=True)
    alarm.report(1, 25, 30, siren=True, proven=True, trusted=True)
    (delay,) = alarm.delay(3, 30, proven=True, trusted=True)
    assert delay.seconds == 30
    assert alarm.delay(3, 0, proven=False, trusted=False) == []
    assert len(alarm.disarmed(proven=True)) == 3
    assert alarm.disarmed(proven=True) == []
    assert alarm.entry_delay == 0
    assert alarm.delay(0, 0, proven=True, trusted=True) == []


def test_modes_and_users_from_texts() -> None:
    assert guard_mode("47") is GuardMode.GEOFENCE
    assert [guard_mode(x) for x in ("x", 7, True, None, "1234")] == [None] * 5
    assert guard_user(1, "") == "keypad"
    assert guard_user(9, None) is None
    assert guard_user(2, "Alice\x00") == "Alice"
