"""The one RTSP server of this Home Assistant: what players read live views from.

Its port and token are chosen once and stored, because players remember addresses
(design/home-assistant.md §2.1: go2rtc adds a stream anew whenever its address differs). It runs
while at least one account is set up.
"""

import asyncio
import logging
import secrets
from collections.abc import Iterable
from typing import Final, TypedDict

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN
from .eufy.camera import Camera
from .eufy.media.rtsp.server import RtspServer
from .eufy.net.gate import Gate
from .eufy.net.policy import CloudMode
from .eufy.secret import Secret

_LOGGER = logging.getLogger(__name__)

STREAMS: HassKey[Streams] = HassKey(f"{DOMAIN}_streams")

STORAGE_VERSION: Final = 1
STORAGE_KEY: Final = f"{DOMAIN}.streams"
TOKEN_BYTES: Final = 32
"""The path's secret: 256 bit (design/security.md T15)."""


class StreamsData(TypedDict):
    """What is stored: the server's port and token."""

    port: int
    token: str


class Streams:
    """Counts its users, starts the server with the first and stops it with the last."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[StreamsData](
            hass, STORAGE_VERSION, STORAGE_KEY, private=True, atomic_writes=True
        )
        self._data: StreamsData | None = None
        self._server: RtspServer | None = None
        # A gate of its own, without any cloud: the server only listens, on loopback.
        self._gate = Gate(CloudMode.OFF)
        self._users = 0
        self._lock = asyncio.Lock()

    async def async_acquire(self) -> None:
        """Start the server unless it runs; each call needs one `async_release` later."""
        async with self._lock:
            if self._users == 0:
                await self._async_start()
            self._users += 1

    async def async_release(self) -> None:
        """Stop the server when nobody needs it any more."""
        async with self._lock:
            self._users -= 1
            if self._users == 0 and self._server is not None:
                server, self._server = self._server, None
                await server.stop()

    async def _async_start(self) -> None:
        data = await self._async_load()
        server = RtspServer(self._gate, port=data["port"], token=Secret(data["token"]))
        try:
            await server.start()
        except OSError:
            # Something else took the port meanwhile: players must learn a new address.
            _LOGGER.warning("The port of the live views is taken; choosing another one")
            server = RtspServer(self._gate, port=0, token=Secret(data["token"]))
            await server.start()
        self._server = server
        if server.port != data["port"]:
            data["port"] = server.port
            await self._store.async_save(data)

    async def _async_load(self) -> StreamsData:
        if self._data is None:
            stored = await self._store.async_load()
            self._data = stored or StreamsData(port=0, token=secrets.token_hex(TOKEN_BYTES))
        return self._data

    @property
    def server(self) -> RtspServer:
        """The running server."""
        if self._server is None:
            raise RuntimeError("the RTSP server is asked for before it was acquired")
        return self._server

    @callback
    def url(self, serial: str) -> str:
        """Return the constant address of a camera's live view."""
        return self.server.url(serial)

    @callback
    def add(self, cameras: Iterable[Camera]) -> None:
        """Offer the live views of cameras."""
        for camera in cameras:
            self.server.add(camera.serial, camera.live)

    @callback
    def remove(self, serials: Iterable[str]) -> None:
        """Take cameras off the server; their viewers are cut off."""
        if self._server is not None:
            for serial in serials:
                self._server.remove(serial)


@callback
def async_streams(hass: HomeAssistant) -> Streams:
    """Return the one instance; made when it is first asked for, started by its first user."""
    if STREAMS not in hass.data:
        hass.data[STREAMS] = Streams(hass)
    return hass.data[STREAMS]
