"""The RTSP server: one per Home Assistant, on loopback, one path per camera.

`rtsp://127.0.0.1:PORT/TOKEN/NAME` is constant for a stored port and token, so a URL can be given
out before there is any video (design/media.md).
"""

import asyncio
import hmac
import logging
import secrets
from typing import Final

from ...errors import ConfigurationError
from ...net.gate import Gate
from ...net.policy import Purpose
from ...secret import Secret
from ..live import LiveStream
from .message import MAX_HEADER, Request, RequestRefused, Target
from .packets import StreamPackets
from .session import RtspSession

_LOGGER: Final = logging.getLogger(__name__)

MAX_PLAYING: Final = 4
"""Viewers of one camera at a time (design/security.md T15)."""
MAX_CONNECTIONS: Final = 128
"""Connections in all: 4 viewers of 16 cameras, and as many again that are just connecting."""
MAX_UNKNOWN: Final = 32
"""Connections that have named no camera yet; the oldest goes when one more comes, so that
half-open ones cannot shut the door."""
_TOKEN_BYTES: Final = 32


def new_token() -> Secret[str]:
    """Make a token of 256 bits for the URLs."""
    return Secret(secrets.token_hex(_TOKEN_BYTES))


class MountedCamera:
    """One live stream in the server."""

    def __init__(self, stream: LiveStream) -> None:
        self.stream = stream
        self.sessions: set[RtspSession] = set()
        self._packets: StreamPackets | None = None

    @property
    def packets(self) -> StreamPackets:
        """The RTP streams that all viewers share."""
        if self._packets is None:
            now = asyncio.get_running_loop().time()
            self._packets = StreamPackets(self.stream.pipeline.timeline, now)
        return self._packets

    def has_room(self) -> bool:
        """Tell whether one more viewer may play."""
        playing = sum(isinstance(viewer, RtspSession) for viewer in self.stream.viewers)
        return playing < MAX_PLAYING


class _TokenDoor:
    """Lets in whoever knows the token; everybody else learns nothing (404)."""

    def __init__(self, cameras: dict[str, MountedCamera], token: Secret[str]) -> None:
        self._cameras = cameras
        self._token = token.reveal().encode()

    def find(self, target: Target, request: Request) -> MountedCamera:
        token, name = target.path if len(target.path) == 2 else ("", "")
        known = hmac.compare_digest(token.encode(), self._token)
        camera = self._cameras.get(name)
        if not known or camera is None:
            raise RequestRefused(404)
        return camera

    def challenge(self, request: Request) -> dict[str, str]:
        return {}


class RtspServer:
    """Serves live streams to Home Assistant, go2rtc and others on this host.

    Args:
        gate: opens the listening socket.
        host: a loopback address.
        port: 0 lets the system choose; store `port` and give it back, so that URLs stay.
        token: part of every URL; stored as a secret.
    """

    def __init__(
        self, gate: Gate, host: str = "127.0.0.1", port: int = 0, *, token: Secret[str]
    ) -> None:
        if not token:
            raise ConfigurationError("the RTSP server needs a token")
        self._gate = gate
        self._host = host
        self._port = port
        self._token = token
        self._cameras: dict[str, MountedCamera] = {}
        self._door = _TokenDoor(self._cameras, token)
        self._server: asyncio.Server | None = None
        self._sessions: dict[RtspSession, None] = {}

    @property
    def port(self) -> int:
        """The port that is listened on, or will be."""
        return self._port

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    async def start(self) -> None:
        """Begin to listen. Raises `OSError` if the port is taken, `NetworkBlocked`."""
        self._server = await self._gate.listen_tcp(
            Purpose.LOCAL_STREAM, self._host, self._port, self._accept, limit=MAX_HEADER
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """End all connections and stop listening."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for session in tuple(self._sessions):
            session.abort()
        await server.wait_closed()

    def add(self, name: str, stream: LiveStream) -> None:
        """Serve `stream` as `name`, in place of any other of that name."""
        self.remove(name)
        self._cameras[name] = MountedCamera(stream)

    def remove(self, name: str) -> None:
        """Serve nothing as `name` any more; its viewers are cut off."""
        camera = self._cameras.pop(name, None)
        if camera is None:
            return
        for viewer in camera.stream.viewers:
            if isinstance(viewer, RtspSession):
                viewer.abort()

    def url(self, name: str) -> str:
        """Return the constant URL of a camera; holds the token, so it is not for logs."""
        return f"rtsp://{self._host}:{self._port}/{self._token.reveal()}/{name}"

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unknown = [session for session in self._sessions if not session.is_known]
        if len(self._sessions) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        if len(unknown) >= MAX_UNKNOWN:
            unknown[0].abort()
        session = RtspSession(reader, writer, self._door, lan=False)
        self._sessions[session] = None
        try:
            await session.serve()
        finally:
            del self._sessions[session]
