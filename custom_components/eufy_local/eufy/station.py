"""A station (HomeBase, or a camera that is its own station) as Home Assistant holds it.

The station owns one control link. While it is up, the station's parameters, guard mode, alarms,
detections and pictures come over it; subscribers get one small event per change.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from .camera import Camera
from .catalog.guard import GuardMode
from .cloud.models import CloudDevice, CloudStation
from .link.link import LinkInfo
from .net.gate import Gate
from .people import People
from .pictures import Picture
from .station_events import StationEvent
from .wire.handshake import CipherKey

STATION_CHANNEL = 255  # the station itself in commands, dumps and notifies


class KeyProvider(Protocol):
    """Gives the private keys of a cipher id; the account's cache first, then its cloud."""

    def cipher_key(self, owner_id: str, cipher_id: int) -> Awaitable[CipherKey]:
        """Return the keys, or raise `KeyUnavailable`."""


class Station:
    """One station with its cameras; build it, `subscribe()`, then `start()`."""

    def __init__(
        self,
        gate: Gate,
        record: CloudStation,
        devices: Sequence[CloudDevice],
        keys: KeyProvider,
    ) -> None:
        raise NotImplementedError

    serial: str
    name: str
    firmware: str | None
    product: object  # catalog.Product
    cameras: Mapping[str, Camera]  # by serial
    people: People
    available: bool
    unavailable_reason: str | None  # key of eufy.errors, e.g. "station_not_found"
    guard_mode: GuardMode | None  # selected
    effective_mode: GuardMode | None  # in force
    alarm_active: bool
    link_info: LinkInfo | None
    parameters: Mapping[int, str]  # the station's own block
    guard_modes: tuple[GuardMode, ...]  # settable; empty when the station has none

    async def start(self) -> None:
        """Start keeping the control link; returns at once."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop everything and close the links."""
        raise NotImplementedError

    async def connect_once(self, seconds: float) -> LinkInfo:
        """Connect, or raise why not (used by the config flow); the link stays up."""
        raise NotImplementedError

    def subscribe(self, listener: Callable[[StationEvent], None]) -> Callable[[], None]:
        """Call `listener` for each event, in the event loop; returns how to end it."""
        raise NotImplementedError

    async def set_guard_mode(self, mode: GuardMode) -> None:
        """Set the mode and read it back; raises `LinkError` subclasses."""
        raise NotImplementedError

    async def fetch_picture(self, path: str) -> Picture:
        """Fetch a picture by its path on the station's disk."""
        raise NotImplementedError
