"""Which reports change what the owner believes about the safety of the home.

Reports that are not authenticated may be forged by anyone who knows the label of the station; they
only cause a read (design/security.md T2). Record types from protocol/p2p-commands.md §6.
"""

from typing import Final

from ..errors import WireError
from ..wire.envelopes import CommandType
from ..wire.sealing import OpenedRecord

_TYPES: Final = frozenset(
    {
        CommandType.GUARD_REPORT,
        CommandType.ENTRY_DELAY,
        CommandType.STATION_ALARM,
        CommandType.DEVICE_ALARM,
    }
)
_ENTRY_SENSOR: Final = 1550
_GARAGE_DOOR: Final = 7500
_NOTIFIES: Final = frozenset({CommandType.GUARD_MODE, _ENTRY_SENSOR, _GARAGE_DOOR})


def is_security_hint(opened: OpenedRecord) -> bool:
    """Return whether an opened record reports guard mode, alarm or a door."""
    if opened.command in _TYPES:
        return True
    if opened.command != CommandType.NOTIFY:
        return False
    try:
        return opened.json().get("cmd") in _NOTIFIES
    except WireError, TypeError:
        return False
