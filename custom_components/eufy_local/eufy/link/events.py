"""What the sans-IO state machines report upwards."""

from dataclasses import dataclass
from typing import NamedTuple

from ..errors import EufyError
from ..wire.did import Did
from ..wire.record import Record
from ..wire.sealing import OpenedRecord
from .handshake import Secured

type Endpoint = tuple[str, int]


# --- of a Connection -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Linked:
    """The station answered and the peer is fixed; `ready` tells whether it confirmed the punch."""

    peer: Endpoint
    did: Did
    ready: bool


class RecordReceived(NamedTuple):
    """One whole record, still sealed, with the channel it came on."""

    channel: int
    record: Record


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The station has the record that was sent as `index` of `channel`."""

    channel: int
    index: int


@dataclass(frozen=True, slots=True)
class SendFailed:
    """Nobody acknowledged the record that was sent as `index` of `channel`."""

    channel: int
    index: int


@dataclass(frozen=True, slots=True)
class HoleSkipped:
    """A part of `channel` never came; the stream goes on with the next record."""

    channel: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The end; no event follows. `by_peer` tells a CLOSE of the station from everything else."""

    error: EufyError | None
    by_peer: bool = False


type ConnectionEvent = Linked | RecordReceived | Acknowledged | SendFailed | HoleSkipped | Closed


# --- of a Session ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyNeeded:
    """The station named the cipher `cipher_id`: call `Session.provide_key` (or `refuse_key`).

    `refresh` asks to fetch the key anew, because the held one does not fit.
    """

    cipher_id: int
    refresh: bool = False


class CommandDone(NamedTuple):
    """The command `token` was answered with result `code` (0 when it wanted no receipt)."""

    token: int
    code: int


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """The command `token` got no answer."""

    token: int
    error: EufyError


class RecordOpened(NamedTuple):
    """One record in the clear that is neither a receipt nor media."""

    record: OpenedRecord


type SessionEvent = (
    Linked | KeyNeeded | Secured | CommandDone | CommandFailed | RecordOpened | HoleSkipped | Closed
)
