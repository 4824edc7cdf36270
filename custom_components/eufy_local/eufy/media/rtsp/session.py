"""One connection of an RTSP client: its requests, and, while it plays, its view."""

import asyncio
import logging
import secrets
from typing import Final

from ...errors import EufyError
from ..codec import AudioParameters
from ..talk import Talk
from ..units import MediaUnit, VideoUnit
from .doors import Camera, Door
from .message import (
    MAX_HEADER,
    Request,
    RequestRefused,
    Target,
    parse_request,
    parse_target,
    parse_transport,
    response,
)
from .rtp import rtp_payload
from .sdp import AUDIO_TRACK, TALK_TRACK, TALK_TYPE, VIDEO_TRACK, Description

_LOGGER: Final = logging.getLogger(__name__)

HEADER_SECONDS: Final = 2.0
"""For a whole request, from its first byte, and for the first one from the start (T15)."""
SESSION_SECONDS: Final = 60
"""A client that is set up but does not play and says nothing is let go after this."""
REPORT_WAITING: Final = 1.0
"""Clients drop a server that is silent for 5 s, so while a camera wakes a report goes out each
second (design/home-assistant.md §0, 5)."""
REPORT_FLOWING: Final = 5.0
LAG_BYTES: Final = 6 << 20
"""Bytes that may wait for one viewer: a whole picture group of 4 MiB at its start, and more.
Above it the viewer gets nothing until a key frame finds room."""
SLOW_SECONDS: Final = 10.0
"""A viewer that finds no room for so long is let go."""
MAX_FAILURES: Final = 3
"""Wrong log-ins on one connection; the first request of a client has none at all."""
WRONG_SECONDS: Final = 1.0
"""A wrong log-in is answered after this, so that guessing takes long."""
MAX_REQUESTS: Final = 100
"""Requests before PLAY; a client needs six."""
BACK_CHANNEL: Final = "www.onvif.org/ver20/backchannel"
_METHODS: Final = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, SET_PARAMETER, TEARDOWN"


class RtspSession:
    """Serves one connection until either side ends it; a `Viewer` while it plays."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: Door, *, lan: bool
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._transport = writer.transport
        self._door = door
        self.lan = lan
        self._loop = asyncio.get_running_loop()
        self._id = secrets.token_hex(8)
        self._agent = ""
        self._camera: Camera | None = None
        self._description: Description | None = None
        self._channels: dict[int, int] = {}
        self._controls: dict[int, int] = {}
        self._playing = False
        self._reports: asyncio.TimerHandle | None = None
        self._video_sent = False
        self._lagging_since: float | None = None
        self._talk: Talk | None = None

    @property
    def is_known(self) -> bool:
        """True once the client has named a camera that it may see."""
        return self._camera is not None

    @property
    def asked_by(self) -> str:
        """Who watches, for the battery account."""
        kind = "RTSP client"
        if self._agent.lower().startswith("go2rtc"):
            kind = "go2rtc"
        elif self._agent.startswith("Lavf"):
            kind = "stream"
        return f"LAN {kind}" if self.lan else kind

    def abort(self) -> None:
        """End the connection at once."""
        self._transport.abort()

    # --- requests ----------------------------------------------------------------------

    async def serve(self) -> None:
        """Answer requests until the connection ends."""
        try:
            await self._serve()
        except (OSError, EOFError, TimeoutError) as error:
            _LOGGER.debug("An RTSP client is gone: %s", type(error).__name__)
        finally:
            self._stop()
            self._transport.close()
        try:
            async with asyncio.timeout(HEADER_SECONDS):
                await self._writer.wait_closed()
        except OSError, TimeoutError:
            # It does not take what was written last.
            self.abort()

    async def _serve(self) -> None:
        idle_requests = 0
        while idle_requests < MAX_REQUESTS:
            idle_requests = 0 if self._playing else idle_requests + 1
            try:
                request = await self._next_request()
            except RequestRefused as refusal:
                self._write(response(refusal.status, "0"))
                return
            if request is None or not await self._answer(request):
                return

    async def _next_request(self) -> Request | None:
        """Return the next request; None at the end. Interleaved data are taken on the way."""
        until: float | None = None
        if not self._playing:
            until = self._loop.time() + (SESSION_SECONDS if self.is_known else HEADER_SECONDS)
        while True:
            try:
                async with asyncio.timeout_at(until):
                    first = await self._reader.readexactly(1)
                async with asyncio.timeout(HEADER_SECONDS):
                    if first == b"$":
                        await self._interleaved()
                    elif first not in b"\r\n":
                        return await self._request(first)
            except asyncio.IncompleteReadError as error:
                if error.partial or self._playing:
                    raise
                return None

    async def _request(self, first: bytes) -> Request:
        try:
            head = first + await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError:
            raise RequestRefused(413) from None
        if len(head) > MAX_HEADER:
            raise RequestRefused(413)
        request = parse_request(head)
        if length := request.body_length:
            await self._reader.readexactly(length)
        return request

    async def _interleaved(self) -> None:
        head = await self._reader.readexactly(3)
        data = await self._reader.readexactly(int.from_bytes(head[1:]))
        if self._playing and head[0] == self._channels.get(TALK_TRACK):
            self._hear(data)

    async def _answer(self, request: Request) -> bool:
        """Answer one request, at once unless the log-in was wrong; return False to end."""
        self._agent = request.headers.get("user-agent", self._agent)
        target = parse_target(request.url)
        failures = self._door.failures
        try:
            self._dispatch(request, target)
        except RequestRefused as refusal:
            headers = {}
            if refusal.status == 401:
                headers = self._door.challenge()
                if self._door.failures > failures:
                    await asyncio.sleep(WRONG_SECONDS)
            elif refusal.status == 405:
                headers = {"Allow": _METHODS}
            self._write(response(refusal.status, request.sequence, headers))
            return refusal.status != 404 and self._door.failures < MAX_FAILURES
        return request.method != "TEARDOWN"

    def _dispatch(self, request: Request, target: Target) -> None:
        match request.method:
            case "OPTIONS":
                self._options(request, target)
            case "DESCRIBE":
                self._describe(request, target)
            case "SETUP":
                self._setup(request, target)
            case "PLAY":
                self._play(request, target)
            case "GET_PARAMETER" | "SET_PARAMETER" | "TEARDOWN":
                if self._camera is None:
                    raise RequestRefused(454)
                self._reply(request, self._session_header())
                if request.method == "TEARDOWN":
                    self._stop()
            case _:
                raise RequestRefused(405)

    def _options(self, request: Request, target: Target) -> None:
        if target.path not in {(), ("*",)}:
            try:
                self._find(target, request)
            except RequestRefused as refusal:
                # Clients ask what there is before they log in.
                if refusal.status != 401:
                    raise
        self._reply(request, {"Public": _METHODS})

    def _find(self, target: Target, request: Request) -> Camera:
        camera = self._door.find(target, request)
        if self._camera is not None and camera is not self._camera:
            raise RequestRefused(459)
        self._camera = camera
        return camera

    def _describe(self, request: Request, target: Target) -> None:
        camera = self._find(target, request)
        stream = camera.stream
        talk = stream.talk is not None and BACK_CHANNEL in request.headers.get("require", "")
        self._description = Description.of(stream.parameters, talk=talk)
        self._reply(
            request,
            {"Content-Base": f"{target.base}/", "Content-Type": "application/sdp"},
            self._description.sdp(stream.name),
        )

    def _setup(self, request: Request, target: Target) -> None:
        camera = self._find(target, request)
        if self._playing:
            raise RequestRefused(455)
        if self._description is None:
            self._description = Description.of(camera.stream.parameters, talk=False)
        tracks = {VIDEO_TRACK}
        if self._description.audio:
            tracks.add(AUDIO_TRACK)
        if self._description.talk:
            tracks.add(TALK_TRACK)
        if target.track not in tracks:
            raise RequestRefused(404 if target.track is not None else 459)
        media, control = parse_transport(request.headers.get("transport", ""))
        if media is None or control is None:
            media = 2 * len(self._channels)
            control = media + 1
        self._channels[target.track] = media
        self._controls[target.track] = control
        self._reply(
            request,
            {
                "Transport": f"RTP/AVP/TCP;unicast;interleaved={media}-{control}",
                **self._session_header(),
            },
        )

    def _play(self, request: Request, target: Target) -> None:
        camera = self._find(target, request)
        if self._playing:
            self._reply(request, self._session_header())
            return
        if not self._channels:
            raise RequestRefused(455)
        if not camera.has_room():
            raise RequestRefused(453)
        try:
            group = camera.stream.attach(self)
        except EufyError:
            raise RequestRefused(453) from None
        self._playing = True
        self._reply(request, {"Range": "npt=now-", **self._session_header()})
        packets = camera.packets
        self._report(group[0].time_ms if group else packets.time(self._loop.time()))
        for unit in group:
            self.receive(unit)

    def _reply(self, request: Request, headers: dict[str, str], body: bytes = b"") -> None:
        self._write(response(200, request.sequence, headers, body))

    def _session_header(self) -> dict[str, str]:
        return {"Session": f"{self._id};timeout={SESSION_SECONDS}"}

    def _write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def _hear(self, data: bytes) -> None:
        """Take one RTP packet of sound from the viewer; begins a talk if there is none."""
        desk = self._camera.stream.talk if self._camera else None
        packet = rtp_payload(data)
        if desk is None or packet is None or packet[0] != TALK_TYPE or not packet[1]:
            return
        if self._talk is None or self._talk.is_over:
            if desk.is_busy:
                return
            self._talk = desk.begin()
        self._talk.feed(packet[1])

    # --- playing -----------------------------------------------------------------------

    def receive(self, unit: MediaUnit) -> None:
        """Send one unit, unless the client lags or has not asked for its track."""
        camera, description = self._camera, self._description
        if camera is None or description is None or not self._playing:
            return
        if isinstance(unit, VideoUnit):
            channel = self._channels.get(VIDEO_TRACK)
            if unit.codec is not description.codec:
                self._part("the codec changed")
                return
        else:
            channel = self._channels.get(AUDIO_TRACK)
            if unit.parameters != description.audio:
                self._unannounced(description.audio)
                return
        if channel is None or self._is_lagging(unit):
            return
        self._video_sent = self._video_sent or isinstance(unit, VideoUnit)
        self._transport.write(camera.packets.build(unit, channel))

    def _is_lagging(self, unit: MediaUnit) -> bool:
        room = self._transport.get_write_buffer_size() < LAG_BYTES
        if self._lagging_since is None:
            if not room:
                self._lagging_since = self._loop.time()
            return not room
        if room:
            sound_only = VIDEO_TRACK not in self._channels
            if sound_only or (isinstance(unit, VideoUnit) and unit.key):
                self._lagging_since = None
                return False
        elif self._loop.time() - self._lagging_since > SLOW_SECONDS:
            _LOGGER.debug("A viewer was too slow and is let go")
            self.abort()
        return True

    def _unannounced(self, announced: AudioParameters | None) -> None:
        """Deal with sound that the client was not told about, or of another form.

        A new connection learns of it. FFmpeg clients are spared: Home Assistant's stream
        worker waits 10 s before it connects again, which is worse than a view without sound.
        """
        if not self._agent.startswith("Lavf") and (
            announced is None or AUDIO_TRACK in self._channels
        ):
            self._part("the sound changed")

    def closed(self, error: EufyError) -> None:
        """End the connection because the stream gave up."""
        self._part(str(error))

    def _part(self, why: str) -> None:
        """Close after what was written has left; the client connects again if it wants."""
        _LOGGER.debug("An RTSP view ends: %s", why)
        self._stop()
        if self._lagging_since is None:
            self._transport.close()
            self._reader.feed_eof()
        else:
            self.abort()

    def _report(self, time_ms: int) -> None:
        """Send sender reports for all tracks and set the time of the next ones."""
        camera, description = self._camera, self._description
        if camera is None or description is None or self._transport.is_closing():
            return
        packets = camera.packets
        reports = b""
        if (control := self._controls.get(VIDEO_TRACK)) is not None:
            reports = packets.video_report(control, time_ms)
        if (control := self._controls.get(AUDIO_TRACK)) is not None and description.audio:
            reports += packets.audio_report(control, time_ms, description.audio)
        if self._lagging_since is None:
            self._transport.write(reports)
        pause = REPORT_FLOWING if self._video_sent else REPORT_WAITING
        self._reports = self._loop.call_later(
            pause, lambda: self._report(packets.time(self._loop.time()))
        )

    def _stop(self) -> None:
        """Stop watching; safe to call again."""
        if self._reports is not None:
            self._reports.cancel()
            self._reports = None
        if self._talk is not None:
            self._talk.end()
            self._talk = None
        if self._playing and self._camera is not None:
            self._playing = False
            self._camera.stream.detach(self)
