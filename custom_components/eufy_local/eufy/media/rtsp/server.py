"""The RTSP server: one per Home Assistant, on loopback, one path per camera.

`rtsp://127.0.0.1:PORT/TOKEN/NAME` is constant for a stored port and token, so a URL can be given
out before there is any video (design/media.md).
"""

import asyncio
import secrets
from collections.abc import Awaitable
from typing import Final

from ...errors import ConfigurationError
from ...net.gate import Gate
from ...net.policy import Purpose
from ...secret import Secret
from ..live import LiveStream
from .auth import Credentials
from .doors import DigestDoor, TokenDoor
from .message import MAX_HEADER
from .packets import StreamPackets
from .session import RtspSession

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
        self._door = TokenDoor(self._cameras, token)
        self._server: asyncio.Server | None = None
        self._lan_server: asyncio.Server | None = None
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

    async def expose(
        self,
        port: int,
        credentials: Credentials,
        host: str = "0.0.0.0",  # noqa: S104
    ) -> None:
        """Serve the same cameras on the LAN too, as `rtsp://USER:PASSWORD@HOST:PORT/NAME`.

        The owner's explicit choice, for NVRs and a go2rtc elsewhere. RTSP has no encryption:
        whoever can listen on the LAN sees the pictures, but not the password. Raises `OSError`
        if the port is taken, `ConfigurationError` for an empty user or password.
        """
        if not credentials.user or not credentials.password or '"' in credentials.user:
            raise ConfigurationError("viewers on the LAN need a user and a password")

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Awaitable[None]:
            door = DigestDoor(self._cameras, credentials)
            return self._serve(RtspSession(reader, writer, door, lan=True), writer)

        await self.conceal()
        self._lan_server = await self._gate.listen_tcp(
            Purpose.LOCAL_STREAM, host, port, accept, lan=True, limit=MAX_HEADER
        )

    @property
    def lan_port(self) -> int | None:
        """The port on the LAN, None while there is none."""
        if self._lan_server is None:
            return None
        port: int = self._lan_server.sockets[0].getsockname()[1]
        return port

    async def conceal(self) -> None:
        """Stop serving on the LAN; viewers there are cut off."""
        server, self._lan_server = self._lan_server, None
        await self._shut(server, lan=True)

    async def stop(self) -> None:
        """End all connections and stop listening."""
        await self.conceal()
        server, self._server = self._server, None
        await self._shut(server, lan=False)

    async def _shut(self, server: asyncio.Server | None, *, lan: bool) -> None:
        if server is None:
            return
        server.close()
        for session in tuple(self._sessions):
            if session.lan == lan:
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
        await self._serve(RtspSession(reader, writer, self._door, lan=False), writer)

    async def _serve(self, session: RtspSession, writer: asyncio.StreamWriter) -> None:
        unknown = [other for other in self._sessions if not other.is_known]
        if len(self._sessions) >= MAX_CONNECTIONS:
            writer.transport.abort()
            return
        if len(unknown) >= MAX_UNKNOWN:
            unknown[0].abort()
        self._sessions[session] = None
        try:
            await session.serve()
        finally:
            del self._sessions[session]
