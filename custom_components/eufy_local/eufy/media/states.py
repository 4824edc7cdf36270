"""The states of a live stream, the reasons for its failures, and its times."""

import dataclasses
from enum import StrEnum
from typing import Final

from ..errors import (
    CameraAsleep,
    CommandError,
    CommandTimeout,
    DowngradeRefused,
    EufyError,
    FrameRefused,
    HandshakeFailed,
    KeyRejected,
    KeyUnavailable,
    LinkError,
    MediaError,
    NetworkBlocked,
    StationMismatch,
    StationNotFound,
    StreamBusy,
    StreamUnavailable,
)


class StreamState(StrEnum):
    """What a live stream is doing."""

    IDLE = "idle"
    STARTING = "starting"
    """The camera is being woken or has not shown a picture yet."""
    LIVE = "live"
    LINGERING = "lingering"
    """Nobody watches any more; the camera still sends for a moment."""
    RETRYING = "retrying"
    STOPPING = "stopping"
    FAILED = "failed"
    """Given up; the next viewer starts it anew."""


class StreamReason(StrEnum):
    """Why a live stream failed or is being retried."""

    ASLEEP = "asleep"
    BUSY = "busy"
    UNREACHABLE = "unreachable"
    NO_ANSWER = "no_answer"
    NO_MEDIA = "no_media"
    NO_KEY_FRAME = "no_key_frame"
    REFUSED_PICTURE = "refused_picture"
    REFUSED_GRADE = "refused_grade"
    KEY = "key"
    REJECTED = "rejected"
    INTERRUPTED = "interrupted"
    ENDED = "ended"
    BUDGET = "budget"
    BLOCKED = "blocked"
    INTERNAL = "internal"


class StreamSilent(StreamUnavailable):
    """Media flowed and then stopped coming."""

    key = "stream_silent"


class StreamEnded(StreamUnavailable):
    """The camera ended the live view by itself."""

    key = "stream_ended"


class NoKeyFrame(StreamUnavailable):
    """Media came, but no picture that a view can start with."""

    key = "no_key_frame"


class NoAnswer(StreamUnavailable):
    """The station did not answer the request for a live view in time."""

    key = "no_answer"


class BudgetSpent(MediaError):
    """The owner's limit of live time per day is used up for this camera."""

    key = "budget_spent"


# The first class that fits counts, so subclasses stand before their bases.
_REASONS: Final[tuple[tuple[type[EufyError], StreamReason], ...]] = (
    (CameraAsleep, StreamReason.ASLEEP),
    (StreamBusy, StreamReason.BUSY),
    (BudgetSpent, StreamReason.BUDGET),
    (StreamSilent, StreamReason.INTERRUPTED),
    (StreamEnded, StreamReason.ENDED),
    (NoKeyFrame, StreamReason.NO_KEY_FRAME),
    (NoAnswer, StreamReason.NO_ANSWER),
    (FrameRefused, StreamReason.REFUSED_PICTURE),
    (StreamUnavailable, StreamReason.NO_MEDIA),
    (NetworkBlocked, StreamReason.BLOCKED),
    (DowngradeRefused, StreamReason.REFUSED_GRADE),
    (KeyUnavailable, StreamReason.KEY),
    (KeyRejected, StreamReason.KEY),
    (StationNotFound, StreamReason.UNREACHABLE),
    (StationMismatch, StreamReason.UNREACHABLE),
    (HandshakeFailed, StreamReason.UNREACHABLE),
    (CommandTimeout, StreamReason.NO_ANSWER),
    (CommandError, StreamReason.REJECTED),
    (LinkError, StreamReason.INTERRUPTED),
)
# Trying again would end the same way until the owner changes something.
_FINAL: Final = frozenset(
    {
        StreamReason.BLOCKED,
        StreamReason.REFUSED_GRADE,
        StreamReason.KEY,
        StreamReason.BUDGET,
        StreamReason.INTERNAL,
    }
)


def reason_of(error: EufyError) -> StreamReason:
    """Return the stated reason for an error."""
    return next((r for kind, r in _REASONS if isinstance(error, kind)), StreamReason.INTERNAL)


def is_final(error: EufyError) -> bool:
    """Return whether trying again makes no sense."""
    return reason_of(error) in _FINAL


@dataclasses.dataclass(frozen=True, slots=True)
class StreamTimes:
    """How long a live stream waits, in seconds. The defaults are for real cameras."""

    linger: float = 5.0
    """After the last viewer: talk makes go2rtc reconnect within 0.14 s, a page reload in 1-2 s."""
    open: float = 20.0
    """For the source to open: a sleeping camera takes 8 s, a refusal 12.3 s
    (protocol/p2p-media.md §1.4: allow 20 s)."""
    first_picture: float = 20.0
    """From a successful open to the first key frame: picture groups last up to 4 s, and a stream
    that must be opened again with another key offer takes 5 s more (§2.4)."""
    silence: float = 5.0
    """Without any media, once it flowed (§1.4)."""
    close: float = 10.0
    """For the source to close: frames may keep arriving for 5 s (§1.4)."""
    audio: float = 2.0
    """From the first picture until a camera without sound counts as silent (§3: 0.65 s in
    TS3; a wrong verdict costs one reconnect, so it is taken later here)."""
    retry: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    """Pauses before the first, second, ... attempt to open again; the last one repeats."""
    attempts: int = 5
    """Openings in a row that fail before the stream gives up."""
    stable: float = 30.0
    """Seconds of media after which an opening counts as a success."""
    cool_down: float = 3.0
    """Least time between giving up and the opening for the next viewer."""
