"""The one RTSP server of this Home Assistant: what players read live views from.

Its port and token are chosen once and stored, because players remember addresses
(design/home-assistant.md §2.1: go2rtc adds a stream anew whenever its address differs). It runs
while at least one account is set up.
"""

import asyncio
import logging
import secrets
from collections.abc import Collection, Iterable
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
SAVE_DELAY: Final = 10.0
"""Seconds that changed codec parameters wait for more of them before they are written."""


class StreamsData(TypedDict):
    """What is stored: the server's port and token, and each camera's codec parameters."""

    port: int
    token: str
    cameras: dict[str, object]


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
        self._cameras: dict[str, Camera] = {}

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
                self.remember()
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
            self._data = stored or StreamsData(
                port=0, token=secrets.token_hex(TOKEN_BYTES), cameras={}
            )
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
        """Offer the live views of cameras, with what is remembered of their codecs."""
        for camera in cameras:
            self._cameras[camera.serial] = camera
            self.server.add(camera.serial, camera.live)

    @callback
    def remove(self, serials: Collection[str]) -> None:
        """Take cameras off the server; what is known of their codecs is kept."""
        self.remember()
        for serial in serials:
            if self._cameras.pop(serial, None) is not None and self._server is not None:
                self._server.remove(serial)

    async def async_forget(self, serials: Collection[str]) -> None:
        """Delete what is remembered of cameras that are not ours any more."""
        data = await self._async_load()
        kept = {key: value for key, value in data["cameras"].items() if key not in serials}
        if kept != data["cameras"]:
            data["cameras"] = kept
            await self._store.async_save(data)

    @callback
    def remember(self) -> None:
        """Store codec parameters that were learned since the last time, a little later."""
        data = self._data
        if data is None:
            return
        known = data["cameras"] | {
            serial: camera.live.parameters.to_dict() for serial, camera in self._cameras.items()
        }
        if known != data["cameras"]:
            data["cameras"] = known
            self._store.async_delay_save(lambda: data, SAVE_DELAY)


@callback
def async_streams(hass: HomeAssistant) -> Streams:
    """Return the one instance; made when it is first asked for, started by its first user."""
    if STREAMS not in hass.data:
        hass.data[STREAMS] = Streams(hass)
    return hass.data[STREAMS]
