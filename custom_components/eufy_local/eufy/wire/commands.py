"""Commands that a client sends: what to write, to which channel, in which form.

Builders return a `Command`; `sealing.Sealer` turns it into record bytes for the grade of the
link. Key orders are those of the vectors: both known clients send compact JSON in this order.
Source: protocol/p2p-commands.md. The media commands and the envelopes are re-exported here.
"""

from collections.abc import Mapping, Sequence

from .bodies import ParamQueryBody, VoidBody
from .envelopes import (
    LIVE_FLAG,
    STATION_CHANNEL,
    Command,
    CommandType,
    GuardForm,
    LiveForm,
    StopForm,
    inner_command,
    json_1350,
    json_1700,
    json_record,
    scalar,
    string,
    void,
)
from .media_commands import (
    live_open,
    live_stop,
    recording,
    recording_cancel,
    recording_legacy,
    talk,
)

__all__ = [
    "LIVE_FLAG",
    "STATION_CHANNEL",
    "Command",
    "CommandType",
    "GuardForm",
    "LiveForm",
    "StopForm",
    "arm",
    "database",
    "inner_command",
    "json_1350",
    "json_1700",
    "json_record",
    "live_open",
    "live_stop",
    "mode_table",
    "param_query",
    "ping",
    "recording",
    "recording_cancel",
    "recording_legacy",
    "scalar",
    "station_alarm",
    "still",
    "storage_query",
    "storage_query_homebase2",
    "string",
    "talk",
    "time_zone",
    "void",
]

# --- station ---------------------------------------------------------------------------


def param_query() -> Command:
    """Ask for the dump of all parameters (1103)."""
    return Command(CommandType.PARAMETERS, ParamQueryBody(), STATION_CHANNEL)


def ping() -> Command:
    """Application ping (1139): keeps a standalone camera streaming; no receipt."""
    return Command(CommandType.PING, VoidBody(), STATION_CHANNEL, wants_receipt=False)


def arm(
    account_id: str,
    mode: int,
    user_name: str,
    form: GuardForm = GuardForm.JSON,
    *,
    transaction: str | None = None,
) -> Command:
    """Set the guard mode (§3.2): 0 away, 1 home, 2 schedule, 3-5 custom, 47, 63 disarmed."""
    if form is GuardForm.SCALAR:
        return scalar(CommandType.GUARD_MODE, mode, account_id)
    legacy = form is GuardForm.JSON_LEGACY
    return json_1350(
        account_id,
        CommandType.GUARD_MODE,
        {"mode_type": mode, "user_name": user_name},
        channel=STATION_CHANNEL if legacy else 0,
        m_channel=None if legacy else 0,
        transaction=transaction,
    )


def still(account_id: str, path: str, transaction: str, *, legacy: bool = False) -> Command:
    """Fetch one picture by its path (1308; p2p-media.md §6.1). The payload is a list."""
    return json_1350(
        account_id,
        CommandType.STILL,
        [{"file": path}],
        channel=STATION_CHANNEL if legacy else 0,
        m_channel=STATION_CHANNEL if legacy else 0,
        transaction=path if legacy else transaction,
    )


def database(
    account_id: str,
    verb: int,
    payload: object,
    table: str,
    transaction: str,
    *,
    m_channel: int = STATION_CHANNEL,
    outer_transaction: bool = False,
) -> Command:
    """Ask the event database (1306; §5). A missing mandatory field means no answer at all."""
    inner: dict[str, object] = {"cmd": verb}
    if payload is not None:
        inner["payload"] = payload
    inner["table"] = table
    inner["transaction"] = transaction
    return json_1350(
        account_id,
        CommandType.DATABASE,
        inner,
        m_channel=m_channel,
        transaction=transaction if outer_transaction else None,
    )


def storage_query(account_id: str, transaction: str) -> Command:
    """Ask a HomeBase 3 class station for its storage (1307/11001; §8)."""
    payload = {"cmd": 11001, "version": 0, "mChannel": STATION_CHANNEL}
    return json_1350(account_id, CommandType.STORAGE, payload, transaction=transaction)


def storage_query_homebase2(account_id: str) -> Command:
    """Ask a newer HomeBase 2 (55000; §8; declared)."""
    payload = {"account_id": account_id, "type": 1, "value": 0}
    return json_1350(account_id, 55000, payload)


# --- settings used by more than one family -----------------------------------------------


def station_alarm(account_id: str, seconds: int, user_name: str) -> Command:
    """Sound the station's alarm for `seconds`; 0 asks it to stop (§7).

    A stop may be accepted and the tone still run to its end (protocol/field.md).
    """
    payload = {"time_out": seconds, "user_name": user_name}
    return json_1350(account_id, CommandType.STATION_ALARM, payload)


def time_zone(account_id: str, text: str) -> Command:
    """Set the time zone text of a version-8 station (1215; protocol/cloud.md §4.2)."""
    return string(CommandType.TIME_ZONE, text, account_id)


def mode_table(
    account_id: str,
    mode: int,
    actions: Mapping[int, int],
    *,
    entry: tuple[Sequence[int], int] = ((), 0),
    leave: tuple[Sequence[int], int] = ((), 0),
    siren_channels: Sequence[int] = (),
) -> Command:
    """Write the whole table of one mode (1255; §3.5): devices left out fall to action 0.

    `actions` maps channel to action bits; `entry` and `leave` are (channels, seconds).
    """
    value = {
        "account_id": account_id,
        "mode_id": mode,
        "devices": [
            {"device_channel": channel, "action": action} for channel, action in actions.items()
        ],
        "count_down_alarm": {"channel_list": list(entry[0]), "delay_time": entry[1]},
        "count_down_arm": {"channel_list": list(leave[0]), "delay_time": leave[1]},
        "siren_sensor_action": [
            {"device_channel": channel, "action": 0} for channel in siren_channels
        ],
    }
    return json_record(CommandType.MODE_TABLE, value)
