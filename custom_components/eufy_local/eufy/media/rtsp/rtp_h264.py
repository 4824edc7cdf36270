"""H.264 in RTP: single NAL unit packets and FU-A (RFC 6184 §5.6, §5.8), packetization-mode 1."""

from typing import Final

from .rtp import PAYLOAD_LIMIT, Payload

_FU_A: Final = 28
_START: Final = 0x80
_END: Final = 0x40


def payloads(nals: tuple[memoryview, ...]) -> list[Payload]:
    """Return the RTP payloads of one access unit."""
    result: list[Payload] = []
    for nal in nals:
        size = len(nal)
        if size <= PAYLOAD_LIMIT:
            result.append((b"", nal))
            continue
        indicator, kind = nal[0] & 0xE0 | _FU_A, nal[0] & 0x1F
        step = PAYLOAD_LIMIT - 2
        middle = bytes((indicator, kind))
        first = len(result)
        result.extend((middle, nal[at : at + step]) for at in range(1, size, step))
        result[first] = (bytes((indicator, kind | _START)), result[first][1])
        result[-1] = (bytes((indicator, kind | _END)), result[-1][1])
    return result
