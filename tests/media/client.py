"""A scripted RTSP client that behaves as go2rtc does, and takes RTP apart on its own."""

import asyncio
import collections
import dataclasses
import hashlib
import re

BACK_CHANNEL = "www.onvif.org/ver20/backchannel"
TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"


def signed(value: int) -> int:
    """A difference of two RTP times."""
    return (value + 2**31) % 2**32 - 2**31


@dataclasses.dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes


class Client:
    """One connection. Data frames that come between responses are kept in `frames`."""

    def __init__(self, url: str, agent: str = "go2rtc/1.9.13") -> None:
        self.url = url
        self.agent = agent
        self.frames: list[tuple[int, bytes]] = []
        self.times: list[float] = []
        self.marked: collections.Counter[int] = collections.Counter()
        self.session: str | None = None
        self._sequence = 0

    async def __aenter__(self):
        host, port = re.match(r"rtsp://([^:/]+):(\d+)", self.url).groups()
        self.reader, self.writer = await asyncio.open_connection(host, int(port))
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def ask(self, method, url=None, headers=None, body=b"") -> Response:
        self._sequence += 1
        lines = [
            f"{method} {url or self.url} RTSP/1.0",
            f"CSeq: {self._sequence}",
            f"User-Agent: {self.agent}",
        ]
        if self.session:
            lines.append(f"Session: {self.session}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.writer.write("\r\n".join((*lines, "", "")).encode() + body)
        return await self.response()

    async def response(self) -> Response:
        while await self.next_frame():
            pass
        head = b"R" + await self.reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode().rstrip().split("\r\n")
        headers = {}
        for line in rest:
            name, _, value = line.partition(": ")
            headers[name.lower()] = value
        if "session" in headers:
            self.session = headers["session"].split(";")[0]
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        assert headers["cseq"] in {str(self._sequence), "0"}
        return Response(int(first.split()[1]), headers, body)

    async def next_frame(self) -> bool:
        """Read one interleaved frame; False if a response comes (its first byte is read)."""
        async with asyncio.timeout(5):  # what every real client allows
            first = await self.reader.readexactly(1)
            if first != b"$":
                return False
            head = await self.reader.readexactly(3)
            data = await self.reader.readexactly(int.from_bytes(head[1:]))
        self.frames.append((head[0], data))
        if data[1] & 0x80:
            self.marked[head[0]] += 1
        self.times.append(asyncio.get_running_loop().time())
        return True

    async def play(self, tracks=(0, 1), require=None, channels=None) -> Response:
        headers = {"Accept": "application/sdp"}
        if require:
            headers["Require"] = require
        described = await self.ask("DESCRIBE", headers=headers)
        assert described.status == 200, described
        base = described.headers["content-base"]
        for index, track in enumerate(tracks):
            channel = channels[index] if channels else 2 * index
            answer = await self.ask(
                "SETUP",
                f"{base}trackID={track}",
                {"Transport": f"RTP/AVP/TCP;unicast;interleaved={channel}-{channel + 1}"},
            )
            assert answer.status == 200, answer
            assert f"interleaved={channel}-{channel + 1}" in answer.headers["transport"]
        played = await self.ask("PLAY", base)
        assert played.status == 200, played
        return described

    async def collect(self, channel: int, count: int, seconds: float = 5.0) -> list[Rtp]:
        """Read on until `count` packets came on a channel."""
        async with asyncio.timeout(seconds):
            while sum(number == channel for number, _ in self.frames) < count:
                assert await self.next_frame(), "a response that nobody asked for"
        return self.packets(channel)

    async def collect_units(self, codec, count: int, channel: int = 0, seconds: float = 5.0):
        """Read on until `count` whole access units came."""
        async with asyncio.timeout(seconds):
            while self.marked[channel] < count:
                assert await self.next_frame(), "a response that nobody asked for"
        return depacketise(self.packets(channel), codec)

    def packets(self, channel: int) -> list[Rtp]:
        return [Rtp.parse(data) for number, data in self.frames if number == channel]

    def reports(self, channel: int) -> list[Report]:
        return [Report.parse(data) for number, data in self.frames if number == channel]

    async def ended(self, seconds: float = 5.0) -> bool:
        """Read until the server closes."""
        try:
            async with asyncio.timeout(seconds):
                while await self.reader.read(65536):
                    pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@dataclasses.dataclass(frozen=True)
class Rtp:
    kind: int
    marker: bool
    sequence: int
    time: int
    source: int
    payload: bytes

    @classmethod
    def parse(cls, data: bytes):
        assert data[0] == 0x80
        return cls(
            data[1] & 0x7F,
            bool(data[1] & 0x80),
            int.from_bytes(data[2:4]),
            int.from_bytes(data[4:8]),
            int.from_bytes(data[8:12]),
            data[12:],
        )


@dataclasses.dataclass(frozen=True)
class Report:
    source: int
    wall: float
    time: int
    packets: int
    octets: int
    name: bytes

    @classmethod
    def parse(cls, data: bytes):
        assert data[:4] == b"\x80\xc8\0\x06"
        assert data[28:30] == b"\x81\xca"
        assert len(data) == 28 + 4 + 4 * int.from_bytes(data[30:32])
        assert data[32:36] == data[4:8]
        assert data[36] == 1
        wall = int.from_bytes(data[8:12]) - 2_208_988_800 + int.from_bytes(data[12:16]) / 2**32
        return cls(
            int.from_bytes(data[4:8]),
            wall,
            int.from_bytes(data[16:20]),
            int.from_bytes(data[20:24]),
            int.from_bytes(data[24:28]),
            data[38 : 38 + data[37]],
        )


def depacketise(packets: list[Rtp], codec: str) -> list[tuple[int, list[bytes]]]:
    """Put access units together again: (RTP time, NAL units) of those that are whole."""
    units, nals, partial = [], [], b""
    for packet in packets:
        data = packet.payload
        if codec == "h264":
            is_part, header = data[0] & 0x1F == 28, 2
            if is_part:
                start, end = data[1] & 0x80, data[1] & 0x40
                first = bytes((data[0] & 0xE0 | data[1] & 0x1F,))
        else:
            is_part, header = data[0] >> 1 & 0x3F == 49, 3
            if is_part:
                start, end = data[2] & 0x80, data[2] & 0x40
                first = bytes((data[0] & 0x81 | (data[2] & 0x3F) << 1, data[1]))
        if not is_part:
            nals.append(data)
        else:
            assert not (start and end)
            partial = first + data[header:] if start else partial + data[header:]
            if end:
                nals.append(partial)
        if packet.marker:
            units.append((packet.time, nals))
            nals = []
    return units


def digest(response: Response, method: str, uri: str, user: str, password: str) -> str:
    """Answer a challenge as RFC 7616 without qop asks."""
    challenge = dict(re.findall(r'(\w+)="([^"]*)"', response.headers["www-authenticate"]))

    def md5(text):
        return hashlib.md5(text.encode()).hexdigest()

    secret = md5(f"{user}:{challenge['realm']}:{password}")
    answer = md5(f"{secret}:{challenge['nonce']}:{md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{challenge["realm"]}", '
        f'nonce="{challenge["nonce"]}", uri="{uri}", response="{answer}"'
    )
