"""RTCP sender reports (RFC 3550 §6.4.1, §6.5) as interleaved frames."""

import struct
from typing import Final

from .rtp import RtpCounter

_NTP_EPOCH: Final = 2_208_988_800
"""Seconds from 1900, where NTP counts from, to 1970."""
_NAME: Final = b"eufy-local"
_REPORT: Final = struct.Struct(">BBHIIIIII")
_SENDER_REPORT: Final = 200
_DESCRIPTION: Final = 202
_CNAME: Final = 1


def sender_report(channel: int, counter: RtpCounter, time_ms: int, wall: float) -> bytes:
    """Return a sender report with a CNAME for the RTCP channel `channel`.

    `time_ms` is a time of the stream, `wall` the same instant in Unix seconds. Both must lie on
    one straight line in all reports, or players would see the time step.
    """
    seconds = int(wall)
    report = _REPORT.pack(
        0x80,
        _SENDER_REPORT,
        6,
        counter.ssrc,
        seconds + _NTP_EPOCH & 0xFFFFFFFF,
        int((wall - seconds) * (1 << 32)),
        counter.wire_time(counter.ticks(time_ms)),
        counter.packets & 0xFFFFFFFF,
        counter.octets & 0xFFFFFFFF,
    )
    item = bytes((_CNAME, len(_NAME))) + _NAME
    chunk = counter.ssrc.to_bytes(4) + item
    chunk += bytes(4 - len(chunk) % 4)
    description = struct.pack(">BBH", 0x81, _DESCRIPTION, len(chunk) // 4) + chunk
    both = report + description
    return struct.pack(">BBH", 0x24, channel, len(both)) + both
