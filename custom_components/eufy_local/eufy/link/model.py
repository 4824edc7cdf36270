"""The plain values a link is made of and the events it reports."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from ..errors import EufyError
from ..secret import Secret
from ..wire.did import Did
from ..wire.handshake import CipherKey, LinkGrade
from ..wire.notify import Notification
from ..wire.sealing import Protection
from .events import Endpoint

type KeyProvider = Callable[[int], Awaitable[CipherKey]]
type WakeProvider = Callable[[], Awaitable[WakeKeys]]
type Listener = Callable[[LinkEvent], None]


@dataclass(frozen=True, slots=True)
class WakeKeys:
    """What waking a camera takes: its rendezvous servers and a fresh lookup key (DSK)."""

    hosts: tuple[Endpoint, ...]
    dsk: Secret[str]


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """Which station, and where it may be.

    `hosts` are addresses that the owner typed, `hints` addresses known from elsewhere (the
    cloud's list, the last link); both are IPv4 literals. Without any the search is broadcast.
    """

    serial: str
    did: Did
    hosts: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkInfo:
    """A link that is up. `seconds` is what connecting took; `version` is that of the reply."""

    peer: Endpoint
    grade: LinkGrade
    cipher_id: int
    version: int
    seconds: float


class LinkState(StrEnum):
    """Whether there is a link."""

    DOWN = "down"
    CONNECTING = "connecting"
    UP = "up"


@dataclass(frozen=True, slots=True)
class LinkUp:
    """The link has its keys."""

    info: LinkInfo


@dataclass(frozen=True, slots=True)
class LinkDown:
    """The link ended; `error` is None when we ended it. `by_peer` marks a CLOSE of the station."""

    error: EufyError | None
    by_peer: bool = False


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """A report of the station; only an authenticated one may change security state (T2)."""

    notification: Notification
    protection: Protection

    @property
    def authenticated(self) -> bool:
        """Whether the station proved that it sent this."""
        return self.protection.authenticated


type LinkEvent = LinkUp | LinkDown | NotificationReceived
