"""RTP packets in RTSP interleaved frames, built once per unit and shared by all viewers.

RFC 3550 §5.1 (RTP), RFC 2326 §10.12 (interleaving).
"""

import secrets
import struct
from typing import Final

PAYLOAD_LIMIT: Final = 1400
"""Bytes of one RTP payload. TCP would take 64 KiB, but clients hand packets on by UDP."""

type Payload = tuple[bytes, memoryview | bytes]
"""A prefix made by the packetisation and a piece of the coded data, not copied yet."""

# "$", channel, length, then version 2, marker and payload type, sequence, time, SSRC.
_HEAD: Final = struct.Struct(">BBHBBHII")
_RTP_HEADER_SIZE: Final = 12


class RtpCounter:
    """Sequence, time and source of one RTP stream (RFC 3550 §5.1: all start at random)."""

    __slots__ = ("_offset", "clock", "octets", "packets", "payload_type", "sequence", "ssrc")

    def __init__(self, payload_type: int, clock: int) -> None:
        self.payload_type = payload_type
        self.clock = clock
        self.sequence = secrets.randbits(16)
        self.ssrc = secrets.randbits(32)
        self.packets = 0
        self.octets = 0
        self._offset = secrets.randbits(32)

    def ticks(self, time_ms: int) -> int:
        """Return a time of the stream in clock ticks, not cut to 32 bits."""
        return time_ms * self.clock // 1000

    def wire_time(self, ticks: int) -> int:
        """Return ticks as an RTP timestamp."""
        return (ticks + self._offset) & 0xFFFFFFFF

    def take(self, packets: int, octets: int) -> int:
        """Count packets to be sent; return the first one's sequence number."""
        first = self.sequence
        self.sequence = (first + packets) & 0xFFFF
        self.packets += packets
        self.octets += octets
        return first


def interleave(
    payloads: list[Payload], channel: int, counter: RtpCounter, sequence: int, ticks: int
) -> bytes:
    """Return one access unit as interleaved RTP packets; the last one has the marker bit."""
    parts: list[bytes | memoryview] = []
    payload_type, ssrc, time = counter.payload_type, counter.ssrc, counter.wire_time(ticks)
    pack = _HEAD.pack
    last = len(payloads) - 1
    for index, (prefix, data) in enumerate(payloads):
        size = _RTP_HEADER_SIZE + len(prefix) + len(data)
        mark = payload_type | 0x80 if index == last else payload_type
        number = (sequence + index) & 0xFFFF
        parts.append(pack(0x24, channel, size, 0x80, mark, number, time, ssrc))
        if prefix:
            parts.append(prefix)
        parts.append(data)
    return b"".join(parts)


def rtp_payload(packet: bytes) -> tuple[int, bytes] | None:
    """Return payload type and payload of a received RTP packet, None if it is none."""
    if len(packet) < _RTP_HEADER_SIZE or packet[0] >> 6 != 2:
        return None
    start = _RTP_HEADER_SIZE + 4 * (packet[0] & 0xF)
    if packet[0] & 0x10:
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4])
    end = len(packet)
    if packet[0] & 0x20:
        end -= packet[-1]
    return (packet[1] & 0x7F, packet[start:end]) if start <= end else None
