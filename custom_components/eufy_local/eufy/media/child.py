"""Runs native code on foreign bytes, in a process of its own. Started by file, never imported.

Requests come on standard input, answers leave on standard output, both as `u32 size` and then
that many bytes: a line of JSON and a payload. One request at a time. Before it reads anything the
process gives up what a decoder does not need: no new files, sockets or processes, a bounded
address space and CPU time. It imports the standard library and av only.
"""

import fractions
import io
import json
import resource
import struct
import sys
from typing import Any, Final

import av

type Answer = tuple[dict[str, Any], bytes]

ADDRESS_SPACE: Final = 768 << 20
"""Bytes. Measured: 350 MB mapped at most for a 4096 x 4096 H.265 picture, libraries included."""
CPU_SECONDS: Final = 60
"""For the whole life of a process, which is replaced long before."""
MAX_REQUEST: Final = 8 << 20
JPEG_QUALITY: Final = 4
"""FFmpeg's scale from 2 (best) to 31."""
TALK_RATE: Final = 16_000
TALK_BIT_RATE: Final = 20_000
"""What loudspeakers take: AAC-LC, 16 kHz, mono, 16-20 kbit/s (protocol/p2p-media.md §4)."""
MAX_SPEECH_SECONDS: Final = 60
"""Of one file to be spoken; a longer one is cut off."""


def limit() -> None:
    """Give up what a decoder does not need; whatever is open already stays open."""
    for what, value in (
        (resource.RLIMIT_AS, ADDRESS_SPACE),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (bound, bound))


def decode_picture(codec: str, data: bytes) -> av.VideoFrame:
    """Decode one intra picture; raises an error if there is none."""
    decoder = av.CodecContext.create(codec, "r")
    if not isinstance(decoder, av.VideoCodecContext):
        raise TypeError(codec)
    decoder.thread_count = 1
    # Half a picture is none: FFmpeg would else fill it up with grey.
    decoder.options = {"err_detect": "explode"}
    frames = decoder.decode(av.Packet(data)) + decoder.decode(None)
    if not frames or frames[0].is_corrupt:
        raise ValueError("no whole picture")
    return frames[0]


def key_frame_to_jpeg(request: dict[str, Any], data: bytes) -> Answer:
    """Decode one key frame (Annex B) and encode it as a JPEG."""
    picture = decode_picture(request["codec"], data)
    encoder = av.VideoCodecContext.create("mjpeg", "w")
    encoder.width, encoder.height = picture.width, picture.height
    encoder.pix_fmt = "yuvj420p"
    encoder.time_base = fractions.Fraction(1, 25)
    encoder.thread_count = 1
    encoder.qmin = encoder.qmax = JPEG_QUALITY
    picture = picture.reformat(format="yuvj420p", dst_color_range="JPEG")
    picture.pts = 0
    jpeg = b"".join(bytes(packet) for packet in (*encoder.encode(picture), *encoder.encode(None)))
    return {"width": picture.width, "height": picture.height}, jpeg


def check_jpeg(_: dict[str, Any], data: bytes) -> Answer:
    """Decode a JPEG and tell its size."""
    picture = decode_picture("mjpeg", data)
    return {"width": picture.width, "height": picture.height}, b""


class Encoder:
    """Turns sound of any form into AAC frames for a loudspeaker."""

    def __init__(self) -> None:
        self._resampler = av.AudioResampler("fltp", "mono", TALK_RATE, frame_size=1024)
        self._codec = av.AudioCodecContext.create("aac", "w")
        self._codec.sample_rate = TALK_RATE
        self._codec.layout = "mono"
        self._codec.format = "fltp"
        self._codec.bit_rate = TALK_BIT_RATE
        self._samples = 0

    def push(self, frame: av.AudioFrame | None) -> bytes:
        """Take a frame, None at the end; return AAC frames, each as `u16 size` and bytes."""
        packets = []
        for resampled in self._resampler.resample(frame):
            resampled.pts, resampled.time_base = self._samples, fractions.Fraction(1, TALK_RATE)
            self._samples += resampled.samples
            packets += self._codec.encode(resampled)
        if frame is None:
            packets += self._codec.encode(None)
        return b"".join(struct.pack(">H", packet.size) + bytes(packet) for packet in packets)


class Talk:
    """A conversation: pieces of one stream of sound, in order."""

    decoder: av.AudioCodecContext
    encoder: Encoder
    samples: int

    @classmethod
    def begin(cls) -> None:
        """Forget the conversation before."""
        cls.decoder = av.AudioCodecContext.create("pcm_mulaw", "r")
        cls.decoder.sample_rate = 8000
        cls.decoder.layout = "mono"
        cls.encoder = Encoder()


def talk(request: dict[str, Any], data: bytes) -> Answer:
    """Encode a piece of G.711 µ-law at 8 kHz."""
    if request.get("begin"):
        Talk.begin()
    if not data:
        return {}, b""
    frames = Talk.decoder.decode(av.Packet(data))
    for frame in frames:
        frame.pts = None
    return {}, b"".join(map(Talk.encoder.push, frames))


def speech(_: dict[str, Any], data: bytes) -> Answer:
    """Encode the sound of a media file."""
    encoder, encoded, seconds = Encoder(), [], 0.0
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(audio=0):
            frame.pts = None
            seconds += frame.samples / frame.sample_rate
            if seconds > MAX_SPEECH_SECONDS:
                break
            encoded.append(encoder.push(frame))
    encoded.append(encoder.push(None))
    return {}, b"".join(encoded)


ACTIONS: Final = {
    "key_frame_to_jpeg": key_frame_to_jpeg,
    "check_jpeg": check_jpeg,
    "talk": talk,
    "speech": speech,
}


def warm_up() -> None:
    """Load what the library only loads when it is used: later, no file can be opened."""
    samples = bytes(3200)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, TALK_RATE, 2 * TALK_RATE, 2, 16)
    content = b"WAVE" + form + struct.pack("<4sI", b"data", len(samples)) + samples
    speech({}, struct.pack("<4sI", b"RIFF", len(content)) + content)


def answer(request: dict[str, Any], data: bytes) -> bytes:
    """Do what is asked; return the bytes of the answer."""
    try:
        result, payload = ACTIONS[request["action"]](request, data)
    except Exception as error:
        # Whatever a native library raises, the parent gets one kind of answer.
        result, payload = {"error": f"{type(error).__name__}: {error}"[:200]}, b""
    body = json.dumps(result).encode() + b"\n" + payload
    return struct.pack(">I", len(body)) + body


def main() -> None:
    """Serve requests until standard input ends."""
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    warm_up()
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
