"""A minimal RTSP viewer that measures PLAY to the first decodable key frame."""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import av

from .proofs import NotProven

START_CODE = b"\x00\x00\x00\x01"
SECONDS = 10.0
IDR, FU_A, STAP_A = 5, 28, 24


@dataclass(frozen=True, slots=True)
class FirstFrame:
    """What the probe saw."""

    milliseconds: float
    """From sending PLAY to the last packet of the first key frame."""
    width: int
    height: int
    bytes: int


class _Viewer:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: str
    ) -> None:
        self._reader, self._writer, self._url = reader, writer, url
        self._number = 0

    def send(self, method: str, url: str, *headers: str) -> None:
        self._number += 1
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}", *headers, "", ""]
        self._writer.write("\r\n".join(lines).encode())

    async def answer(self) -> tuple[dict[str, str], str]:
        status = (await self._reader.readline()).decode().split(" ", 2)
        if len(status) < 2 or status[1] != "200":
            raise NotProven(f"the RTSP server answered {' '.join(status).strip()}")
        headers: dict[str, str] = {}
        while line := (await self._reader.readline()).decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return headers, body.decode()

    async def packet(self) -> tuple[int, bytes]:
        """Return (interleaved channel, packet), passing over late answers."""
        while True:
            first = await self._reader.readexactly(1)
            if first == b"$":
                head = await self._reader.readexactly(3)
                return head[0], await self._reader.readexactly(int.from_bytes(head[1:]))
            await self._reader.readline()


def _video_track(url: str, headers: dict[str, str], sdp: str) -> str:
    base = headers.get("content-base", url).rstrip("/")
    in_video = False
    for line in sdp.splitlines():
        if line.startswith("m="):
            in_video = line.startswith("m=video")
        elif in_video and line.startswith("a=control:"):
            control = line.removeprefix("a=control:")
            return control if control.startswith("rtsp:") else f"{base}/{control}"
    raise NotProven("the RTSP server offers no video")


async def first_key_frame(url: str) -> FirstFrame:
    """Watch an RTSP address until the first key frame is whole, and decode it."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    viewer = _Viewer(reader, writer, url)
    try:
        async with asyncio.timeout(SECONDS):
            viewer.send("DESCRIBE", url, "Accept: application/sdp")
            headers, sdp = await viewer.answer()
            track = _video_track(url, headers, sdp)
            viewer.send("SETUP", track, "Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
            headers, _ = await viewer.answer()
            session = headers["session"].split(";")[0]
            began = time.perf_counter()
            viewer.send("PLAY", url, f"Session: {session}", "Range: npt=0.000-")
            unit = await _key_frame(viewer)
            took = (time.perf_counter() - began) * 1000
            viewer.send("TEARDOWN", url, f"Session: {session}")
            await writer.drain()
    finally:
        writer.close()
    decoder = av.CodecContext.create("h264", "r")
    frames = [*decoder.decode(av.Packet(unit)), *decoder.decode(None)]
    if not frames:
        raise NotProven("the first key frame cannot be decoded")
    return FirstFrame(took, frames[0].width, frames[0].height, len(unit))


async def _key_frame(viewer: _Viewer) -> bytes:
    """Collect access units (RFC 6184) until one has an IDR slice; return it with start codes."""
    unit, fragments, has_idr = bytearray(), bytearray(), False
    while True:
        channel, packet = await viewer.packet()
        if channel != 0 or len(packet) < 14:
            continue
        last, skip = bool(packet[1] & 0x80), 12 + 4 * (packet[0] & 0x0F)
        payload = packet[skip:]
        kind = payload[0] & 0x1F
        nals: list[bytes] = []
        if kind == FU_A:
            if payload[1] & 0x80:
                fragments = bytearray([payload[0] & 0xE0 | payload[1] & 0x1F])
            fragments += payload[2:]
            if payload[1] & 0x40:
                nals = [bytes(fragments)]
        elif kind == STAP_A:
            place = 1
            while place + 2 <= len(payload):
                size = int.from_bytes(payload[place : place + 2])
                nals.append(payload[place + 2 : place + 2 + size])
                place += 2 + size
        else:
            nals = [payload]
        for nal in nals:
            unit += START_CODE + nal
            has_idr = has_idr or nal[0] & 0x1F == IDR
        if last:
            if has_idr:
                return bytes(unit)
            unit.clear()
