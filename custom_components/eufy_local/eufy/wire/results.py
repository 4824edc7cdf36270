"""Result codes of commands, with a sentence each. Source: protocol/p2p-commands.md §1.7.

A receipt of 0 means "taken from the queue", not "applied". Unknown codes are normal (a
HomeBase 3 sends -148) and are reported as such.
"""

from typing import Final

SUCCESS: Final = 0
RESEND: Final = 503
INVALID_COMMAND: Final = -103
INVALID_ACCOUNT: Final = -104
BUSY: Final = -106
NOT_HANDLED: Final = -108
DATABASE_NOT_READY: Final = -1100
DATABASE_UNSUPPORTED: Final = -6006
ASLEEP: Final = frozenset({-203, -204, -205})
"""The camera behind a HomeBase could not be woken (p2p-media.md §1.4)."""

RESULT_CODES: Final[dict[int, str]] = {
    0: "done",
    1: "the device is still busy with the last request",
    503: "the station could not take the request; it can be sent again",
    -1: "the device refuses this form of the command",
    -100: "the station reports an internal error",
    -101: "already connected",
    -102: "the station has too many connections",
    -103: "the station does not know this form of the command",
    -104: "the account is not the one that owns the station",
    -105: "the station could not write its memory",
    -106: "no such device, or somebody else is talking",
    -107: "a parameter has the wrong length",
    -108: "the device did not answer the station in time",
    -109: "the device is offline",
    -110: "a parameter or channel is not valid",
    -111: "the file cannot be opened",
    -112: "the station is being updated",
    -113: "the device is being updated",
    -114: "the device is busy",
    -115: "the picture shows no face",
    -116: "the value is already set",
    -117: "the battery is too low",
    -118: "there is no memory card",
    -119: "the memory card is being formatted",
    -120: "the command was carried out with an error",
    -121: "the device is too hot",
    -122: "the connection details could not be stored",
    -123: "the device has too many connections",
    -124: "the connection inside the station failed",
    -125: "only the owner may do this",
    -126: "a connection is being made already",
    -127: "playback was stopped",
    -128: "the device is switched off",
    -129: "this mode is disabled",
    -130: "there are too many connections to the network storage",
    -131: "the device was woken for another reason",
    -132: "the memory card is full",
    -133: "the command timed out",
    -134: "the connection timed out",
    -135: "the memory card is being repaired",
    -143: "the HomeKit connection is closed",
    -151: "the sequence number is wrong",
    -200: "the camera could not be reached over its Wi-Fi",
    -203: "the camera is disconnected from its Wi-Fi",
    -204: "the camera could not be woken",
    -205: "the camera did not answer in time",
    -500: "a limit is reached",
    -502: "a confirmation is needed",
    -1100: "the event database is not ready",
    -6006: "the station does not support this database query",
}

_BINDING: Final = range(-309, -299)


def is_success(code: int) -> bool:
    """Tell whether a command was taken."""
    return code == SUCCESS


def result_name(code: int) -> str:
    """Return one plain sentence part for a code, also for unknown ones."""
    if code in RESULT_CODES:
        return RESULT_CODES[code]
    if code in _BINDING:
        return "the station reports a problem with its pairing"
    return "the station reports an unknown result"
