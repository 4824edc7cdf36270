"""Runs native code on foreign bytes, in a process of its own. Started by file, never imported.

Requests come on standard input, answers leave on standard output:
`u32 size, JSON line, newline, payload`; the size counts the JSON line and the payload. One request at a time. The process
lowers its own limits before it reads anything: no files, no further processes, a bounded address
space and CPU time. It imports the standard library and av only.
"""

import fractions
import io
import json
import resource
import struct
import sys
from typing import Any, Final

ADDRESS_SPACE: Final = 1 << 30
"""Bytes. The libraries map about 350 MB; a 4K picture with its references needs 200 MB more."""
CPU_SECONDS: Final = 60
"""For the whole life of a process, which is replaced long before."""
MAX_REQUEST: Final = 8 << 20
JPEG_QUALITY: Final = 4
"""FFmpeg's scale from 2 (best) to 31; 4 is about the quality 85 of other programs."""
TALK_RATE: Final = 16000
TALK_BIT_RATE: Final = 20000
"""protocol/p2p-media.md §4: AAC-LC ADTS, 16 kHz, mono, 16-20 kbit/s."""


def limit() -> None:
    """Give up what a decoder does not need."""
    for what, value in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (bound, bound))


def key_frame_to_jpeg(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Decode one key frame (Annex B) and encode it as a JPEG."""
    import av  # noqa: PLC0415

    decoder = av.CodecContext.create(request["codec"], "r")
    decoder.thread_count = 1
    frames = decoder.decode(av.Packet(data)) + decoder.decode(None)
    if not frames:
        raise ValueError("no picture")
    picture = frames[0]
    encoder = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = fractions.Fraction(1, 25)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = JPEG_QUALITY
    picture = picture.reformat(format="yuvj420p", dst_color_range="JPEG")
    picture.pts = 0
    jpeg = b"".join(bytes(packet) for packet in encoder.encode(picture) + encoder.encode(None))
    return {"width": picture.width, "height": picture.height}, jpeg


def check_jpeg(_: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """Decode a JPEG and tell its size."""
    import av  # noqa: PLC0415

    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.thread_count = 1
    frames = decoder.decode(av.Packet(data)) + decoder.decode(None)
    if not frames:
        raise ValueError("no picture")
    return {"width": frames[0].width, "height": frames[0].height}, b""


_ACTIONS: Final = {"key_frame_to_jpeg": key_frame_to_jpeg, "check_jpeg": check_jpeg}


def answer(request: dict[str, Any], data: bytes) -> bytes:
    """Do what is asked; return the bytes of the answer."""
    try:
        result, payload = _ACTIONS[request["action"]](request, data)
    except Exception as error:  # noqa: BLE001
        # Whatever a native library raises, the parent gets one kind of answer.
        result, payload = {"error": f"{type(error).__name__}: {error}"[:200]}, b""
    body = json.dumps(result).encode() + b"\n" + payload
    return struct.pack(">I", len(body)) + body


def main() -> None:
    """Serve requests until standard input ends."""
    sys.path += sys.argv[1:]
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    import av  # noqa: PLC0415

    av.logging.set_level(None)
    limit()
    while len(size := source.read(4)) == 4:
        (length,) = struct.unpack(">I", size)
        if length > MAX_REQUEST:
            return
        line, _, payload = source.read(length).partition(b"\n")
        sink.write(answer(json.loads(line), payload))
        sink.flush()


if __name__ == "__main__":
    main()
