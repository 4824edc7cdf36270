"""What a station does with a command: the table from understood requests to outcomes.

protocol/p2p-commands.md §2 to §9. The station's state is behind the small interface `Desk`.
"""

import random
from collections.abc import Callable
from typing import Protocol

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import requests, safe_json
from custom_components.eufy_local.eufy.wire.envelopes import CommandType
from custom_components.eufy_local.eufy.wire.results import (
    INVALID_ACCOUNT,
    INVALID_COMMAND,
    NOT_HANDLED,
)
from custom_components.eufy_local.eufy.wire.sealing import (
    CHANNEL_VALUE_IDS,
    ENCRYPTED_IDS,
    STATION_VALUE_IDS,
    VALUE_IDS,
)
from custom_components.eufy_local.eufy.wire.station import Request

from ..home import StationSpec
from .memory import Memory
from .session import Outcome, Session

NO_SUCH_CHANNEL = -110
NO_FILE = -111
NEVER_SERVED = frozenset({1026, 1051, 1055})
"""A HomeBase 3 cannot be told to stop a playback: these time out (hardware)."""
_SCALARS = CHANNEL_VALUE_IDS | STATION_VALUE_IDS | VALUE_IDS | ENCRYPTED_IDS
_JSON_SETTINGS = frozenset(
    {1045, 1065, 1069, 1070, 1072, 1073, 1202, 1276, 1277, 1279, 1280, 1281, 1282, 1283, 1286,
     1288, 1289, 1292, 1293, 1298, 1366, 1421, 1422, 1508, 1664, 1710, 1716, 1717, 1718, 1919,
     2100, 2103, 2123, 6017, 6027, 6030, 6073, 6098, 6203, 6208, 6242, 6243, 6250, 6251, 8000}
    | set(range(2700, 2732))
)  # fmt: skip
_DEVICE_SETTINGS = frozenset(
    set(range(1003, 1032)) | {1045, 1205, 1214, 1253, 1277, 1286, 1288, 1293}
    | set(range(1400, 1414)) | set(range(6000, 6400)) | set(range(7500, 7512))
)  # fmt: skip
_TABLES = frozenset({1215, 1254, 1255, 1256, 1271})
_VALUE_NAMES = ("value", "status", "enable", "quality", "switch", "type", "index", "volume")


class Desk(Protocol):
    """What commands may do to the station."""

    spec: StationSpec
    memory: Memory
    rng: random.Random

    def send_dump(self, session: Session, now: float) -> None:
        """Send the parameter dump to one link."""

    def set_mode(self, mode: int, now: float, asker: Session | None = None) -> None:
        """Select a guard mode."""

    def open_live(self, session: Session, asked: requests.LiveOpen, flag: int, now: float) -> bool:
        """Open a live view; False when there is no such camera."""

    def stop_live(self, session: Session, now: float) -> None:
        """Stop a link's live view."""

    def play(self, session: Session, asked: requests.RecordingOpen, now: float) -> bool:
        """Play or download a recording; False when there is none."""

    def query(self, session: Session, asked: requests.DatabaseQuery, now: float) -> None:
        """Answer a database query."""

    def storage(self, session: Session, cmd: int, now: float) -> None:
        """Answer a storage query."""

    def send_pictures(self, session: Session, paths: tuple[str, ...], now: float) -> None:
        """Send stored pictures."""

    def sound_alarm(self, seconds: int, channel: int, now: float) -> None:
        """Start or stop (0) the alarm of a channel."""

    def set_light(self, channel: int, on: bool, now: float) -> None:
        """Switch a camera's light."""

    def reboot(self, now: float) -> None:
        """Restart the station."""

    def talk(self, session: Session, channel: int, start: bool) -> int:
        """Start or stop talkback; returns the result code."""

    def changed(self, param: int, value: str, channel: int, now: float) -> None:
        """Store a setting and report the change."""


def answer(desk: Desk, session: Session, request: Request, now: float) -> Outcome:
    """Return what a command leads to; never raises for what a client sent."""
    try:
        asked = requests.understand(request)
    except WireError:
        session.counters["not_understood"] += 1
        return Outcome(INVALID_COMMAND)
    if (refusal := _wrong_account(desk, session, request, asked)) is not None:
        return refusal
    match asked:
        case requests.ParamQuery():
            return Outcome(then=lambda at: desk.send_dump(session, at))
        case requests.SetGuardMode(mode):
            return Outcome(then=lambda at: desk.set_mode(mode, at, session))
        case requests.LiveOpen():
            opened = desk.open_live(session, asked, request.flag, now)
            return Outcome(0 if opened else NO_SUCH_CHANNEL)
        case requests.LiveStop():
            return Outcome(then=lambda at: desk.stop_live(session, at))
        case requests.StillFetch(paths):
            return Outcome(then=lambda at: desk.send_pictures(session, paths, at))
        case requests.DatabaseQuery():
            return Outcome(then=lambda at: desk.query(session, asked, at))
        case requests.StorageQuery(cmd):
            return Outcome(then=lambda at: desk.storage(session, cmd, at))
        case requests.RecordingOpen():
            return Outcome(0 if desk.play(session, asked, now) else NO_FILE)
        case requests.StationAlarm(seconds):
            return Outcome(then=lambda at: desk.sound_alarm(seconds, 255, at))
        case requests.Talk(channel, start):
            return Outcome(desk.talk(session, channel, start))
        case requests.Setting():
            return _setting(desk, session, asked, request)
        case _:
            return _unknown(desk)


def _wrong_account(
    desk: Desk, session: Session, request: Request, asked: requests.ClientRequest
) -> Outcome | None:
    """S12: JSON with a wrong owner is dropped in silence, scalars are refused."""
    account = requests.account_of(asked)
    if account is None or account == desk.spec.owner_id:
        return None
    session.counters["wrong_account"] += 1
    scalar = request.command not in (CommandType.PAYLOAD, CommandType.DEVICE_PAYLOAD)
    if desk.spec.family.silent_on_wrong_account and not scalar:
        return Outcome(None)
    return Outcome(INVALID_ACCOUNT)


def _unknown(desk: Desk) -> Outcome:
    """S11: nobody answers inside the station, which blocks the queue for a while."""
    stall = desk.spec.family.stall
    return Outcome(NOT_HANDLED, desk.rng.uniform(*stall) if stall else 0.0)


def _setting(desk: Desk, session: Session, asked: requests.Setting, request: Request) -> Outcome:
    cmd = asked.cmd
    if cmd in NEVER_SERVED:
        return _unknown(desk)
    if special := _special(desk, session, asked):
        return special
    if asked.record_type == CommandType.PAYLOAD:
        known = _JSON_SETTINGS | _SCALARS
    elif asked.record_type == CommandType.DEVICE_PAYLOAD:
        known = _DEVICE_SETTINGS
    else:
        known = _SCALARS | _TABLES
    if cmd not in known:
        return _unknown(desk)
    channel, value = asked.channel, _value_of(asked)

    def apply(now: float) -> None:
        desk.changed(cmd, value, channel, now)

    return Outcome(then=apply)


def _special(desk: Desk, session: Session, asked: requests.Setting) -> Outcome | None:
    """Commands that do more than store a value."""
    channel, value = asked.channel, asked.value or 0
    actions: dict[int, Callable[[float], None]] = {
        1034: desk.reboot,
        1144: lambda now: desk.storage(session, 1144, now),
        1202: lambda now: desk.sound_alarm(_seconds_of(asked), channel, now),
        1400: lambda now: desk.set_light(channel, bool(value or _truth(asked.payload)), now),
        1152: lambda _: None,
    }
    action = actions.get(asked.cmd)
    return Outcome(then=action) if action else None


def _seconds_of(asked: requests.Setting) -> int:
    payload = asked.payload
    if isinstance(payload, dict):
        return safe_json.as_int(payload.get("time_out"))
    return asked.value or 0


def _truth(payload: safe_json.JsonValue) -> bool:
    if isinstance(payload, dict):
        return bool(safe_json.as_int(payload.get("value")))
    return bool(payload)


def _value_of(asked: requests.Setting) -> str:
    """The text that a setting leaves in the parameter block."""
    payload = asked.payload
    if isinstance(payload, dict):
        for name in _VALUE_NAMES:
            if isinstance(payload.get(name), int):
                return str(int(payload[name]))  # type: ignore[arg-type]  # checked just before
        return safe_json.dumps(payload).decode()
    if payload is not None:
        return str(payload)
    return asked.text if asked.value is None else str(asked.value)
