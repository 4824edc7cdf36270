"""Text that a device or the cloud chose: made safe to show, compare and store.

Names, ids and paths come from frames that anybody on the LAN may forge and from people who may
type anything into the vendor's app (`design/security.md` T10). Nothing here raises: what cannot
be used becomes `None`.
"""

import re
import unicodedata
from typing import Final

MAX_NAME: Final = 64  # characters shown of a name; longer ones break dashboards and tables
MAX_ID: Final = 64  # `protocol/events.md` §2.1
MAX_PATH: Final = 256  # `protocol/events.md` §2.1
_MAX_RAW_NAME: Final = 1024  # read no further: normalising is linear, but not free

_ID: Final = re.compile(rf"[!-~]{{1,{MAX_ID}}}")
_SERIAL: Final = re.compile(r"[A-Z0-9]{8,32}")
_PATH_CHARACTERS: Final = re.compile(r"/[\w./\-]{1,255}", re.ASCII)
_PICTURE_ROOT: Final = "/zx/"  # HomeBase disks and eMMC, `protocol/field.md` row 18
_RECORDING_ROOTS: Final = ("/zx/", "/media/", "/mnt/data/")  # `protocol/push.md` §6
_RECORDING_ENDS: Final = (".zxvideo", ".dat", ".h264")
_PICTURE_ENDS: Final = (".jpg", ".jpeg")
_MARKUP: Final = frozenset("<>{}[]`|\\")
_UNSHOWN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})  # control, bidi, private


def clean_name(value: object) -> str | None:
    """Return a name fit to show: NFKC, one line, no control, bidi or markup characters, ≤ 64.

    `None` when nothing readable is left or the value is not text.
    """
    if not isinstance(value, str):
        return None
    text = unicodedata.normalize("NFKC", value[:_MAX_RAW_NAME])
    kept = "".join(
        " " if character.isspace() else character
        for character in text
        if character.isspace()
        or (character not in _MARKUP and unicodedata.category(character) not in _UNSHOWN)
    )
    return " ".join(kept.split())[:MAX_NAME].rstrip() or None


def clean_id(value: object) -> str | None:
    """Return an id (text or whole number) as 1 to 64 printable ASCII characters, else `None`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        value = str(value) if -(10**18) < value < 10**18 else None
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def clean_person_id(value: object) -> str | None:
    """Return the id of a known person; 0 and -1 mean that no person was recognised.

    -1 is field evidence (`protocol/field.md` row 13); 0 is an assumption, as library ids seen
    are positive.
    """
    text = clean_id(value)
    return None if text in {"0", "-1"} else text


def clean_serial(value: object) -> str | None:
    """Return a device serial (capital letters and digits), else `None`."""
    return value if isinstance(value, str) and _SERIAL.fullmatch(value) else None


def _clean_path(value: object, roots: tuple[str, ...], ends: tuple[str, ...]) -> str | None:
    if not isinstance(value, str) or len(value) > MAX_PATH:
        return None
    if not _PATH_CHARACTERS.fullmatch(value) or ".." in value or "//" in value:
        return None
    return value if value.startswith(roots) and value.lower().endswith(ends) else None


def clean_picture_path(value: object) -> str | None:
    """Return a picture path on a station's disk that may be asked for with 1308, else `None`."""
    return _clean_path(value, (_PICTURE_ROOT,), _PICTURE_ENDS)


def clean_recording_path(value: object) -> str | None:
    """Return a recording path on a station's or camera's storage, else `None`."""
    return _clean_path(value, _RECORDING_ROOTS, _RECORDING_ENDS)
