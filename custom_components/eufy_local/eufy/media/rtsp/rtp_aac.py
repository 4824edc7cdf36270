"""AAC in RTP: mpeg4-generic, mode AAC-hbr, one frame per packet (RFC 3640 §3.2.1, §3.3.6)."""

from .rtp import Payload


def payload(frame: bytes) -> Payload:
    """Return the RTP payload of one raw AAC frame (at most 8191 bytes, as ADTS allows)."""
    # AU-headers-length is 16 bits; the one header is 13 bits of size and 3 bits of index 0.
    return b"\0\x10" + (len(frame) << 3).to_bytes(2), frame
