"""The time zone text of parameter 1215, as cloud and stations carry it.

Seen: a POSIX rule with a code (`CET-1CEST,M3.5.0,M10.5.0/3|1.1375`), the same with an IANA name
after it, a bare rule, a bare IANA name, and the empty text. Source: protocol/cloud.md §4.2.
"""

import re
from dataclasses import dataclass
from typing import Final

_IANA: Final = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){1,2}\Z|UTC\Z", re.ASCII)
_OFFSET: Final = re.compile(
    r"(?:[A-Za-z]{3,10}|<[A-Za-z0-9+-]{1,10}>)([+-]?)([0-9]{1,2})(?::([0-9]{2}))?", re.ASCII
)
_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class TimeZone:
    """The parts of a time zone text; `text` is sent back unchanged.

    `iana` wins over `posix`; with neither the host's zone is meant.
    """

    text: str
    posix: str = ""
    code: str = ""
    iana: str = ""

    @property
    def standard_offset(self) -> int | None:
        """Standard-time offset east of UTC in seconds by the POSIX rule, or None."""
        match = _OFFSET.match(self.posix)
        if match is None:
            return None
        sign, hours, minutes = match.groups()
        seconds = int(hours) * 3600 + int(minutes or 0) * 60
        # POSIX counts west as positive.
        return seconds if sign == "-" else -seconds


def parse_time_zone(text: str) -> TimeZone:
    """Split the text of parameter 1215; never fails, unknown parts stay empty."""
    posix = code = iana = ""
    for index, part in enumerate(text[:_MAX].split("|")):
        item = part.strip()
        if _IANA.match(item):
            iana = item
        elif index == 0 and _OFFSET.match(item):
            posix = item
        elif index:
            code = code or item
    return TimeZone(text, posix, code, iana)
