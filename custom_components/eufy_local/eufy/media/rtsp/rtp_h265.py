"""H.265 in RTP: single NAL unit packets and fragmentation units (RFC 7798 §4.4.1, §4.4.3)."""

from typing import Final

from .rtp import PAYLOAD_LIMIT, Payload

_FU: Final = 49
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
        head = bytes((nal[0] & 0x81 | _FU << 1, nal[1]))
        kind = nal[0] >> 1 & 0x3F
        step = PAYLOAD_LIMIT - 3
        middle = head + bytes((kind,))
        first = len(result)
        result.extend((middle, nal[at : at + step]) for at in range(2, size, step))
        result[first] = (head + bytes((kind | _START,)), result[first][1])
        result[-1] = (head + bytes((kind | _END,)), result[-1][1])
    return result
