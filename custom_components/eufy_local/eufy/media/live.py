"""One live view of one camera, shared by all who watch it.

The first viewer starts the camera, the last one plus a short linger stops it. Behind the same
`LiveStream` the source may break and be opened again; viewers stay attached. Every wait has a
limit, every failure a stated reason (design/media.md).
"""

import asyncio
import contextlib
import datetime as dt
import logging
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from ..errors import EufyError, MediaError, StreamBusy, StreamUnavailable
from .codec import CodecParameters
from .pipeline import Pipeline, PipelineCounters
from .protection import ProtectionMeter
from .source import MediaSink, MediaSource, OpeningSink
from .states import (
    BudgetSpent,
    NoAnswer,
    NoKeyFrame,
    StreamEnded,
    StreamReason,
    StreamSilent,
    StreamState,
    StreamTimes,
    is_final,
    reason_of,
)
from .talk import TalkDesk, TalkSink
from .units import MediaUnit, VideoUnit
from .usage import UsageLedger
from .viewer import KeyFrameViewer, Viewer

__all__ = ["LiveStream", "MediaSink", "MediaSource", "StreamEvent", "Viewer"]

_LOGGER: Final = logging.getLogger(__name__)

MAX_VIEWERS: Final = 8
"""Viewers of one stream: the RTSP server's four (security.md T15), and stills and recordings."""


class StreamEvent(StrEnum):
    """What a subscriber of a live stream is told about."""

    STATE = "state"
    PARAMETERS = "parameters"


class LiveStream:
    """The live view of one camera.

    Args:
        name: what it is called in URLs; the camera's serial.
        source: makes the camera send; used by one opening at a time.
        linger: seconds that the camera goes on after the last viewer; None takes `times.linger`.
        parameters: what `parameters.to_dict()` gave after an earlier view.
        times: all waits.
        usage: the battery account, with the owner's daily limit.
        talk: where sound for the camera's loudspeaker goes, None if it has none.
        wall_clock: gives the aware local time for the battery account.
    """

    def __init__(
        self,
        name: str,
        source: MediaSource,
        *,
        linger: float | None = None,
        parameters: CodecParameters | None = None,
        times: StreamTimes | None = None,
        usage: UsageLedger | None = None,
        talk: TalkSink | None = None,
        wall_clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.name = name
        self.talk = TalkDesk(talk) if talk else None
        self.usage = usage or UsageLedger()
        self.state = StreamState.IDLE
        self.reason: StreamReason | None = None
        self.error: EufyError | None = None
        """What the reason is taken from, while the state is retrying or failed."""
        self._times = times or StreamTimes()
        self._linger = self._times.linger if linger is None else linger
        self._source = source
        self._wall_clock = wall_clock
        self._remembered = parameters or CodecParameters()
        self._pipeline: Pipeline | None = None
        self._viewers: list[Viewer] = []
        self._empty_since = 0.0
        self._failed_at: float | None = None
        self._asked_by = ""
        self._sink: OpeningSink | None = None
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._changed = asyncio.Event()
        self._subscribers: list[Callable[[StreamEvent], None]] = []
        self._shut = False

    # --- what is known -----------------------------------------------------------------

    @property
    def parameters(self) -> CodecParameters:
        """Codecs as remembered and seen; store `to_dict()` of it and give it back."""
        return self._pipeline.parameters if self._pipeline else self._remembered

    @property
    def viewers(self) -> tuple[Viewer, ...]:
        """Who watches now."""
        return tuple(self._viewers)

    @property
    def protection(self) -> ProtectionMeter | None:
        """The measured protection of what was received, None before the first view."""
        return self._pipeline.meter if self._pipeline else None

    @property
    def encrypted(self) -> bool | None:
        """True if all of the last 60 s was authenticated, None if nobody can tell."""
        meter = self.protection
        return meter.encrypted(asyncio.get_running_loop().time()) if meter else None

    @property
    def counters(self) -> PipelineCounters:
        """What was shown, refused and left out so far."""
        return self._pipeline.counters if self._pipeline else PipelineCounters()

    @property
    def cached_key_frame(self) -> VideoUnit | None:
        """The newest key frame of this or the last view; never wakes the camera."""
        return self._pipeline.last_key if self._pipeline else None

    @property
    def pipeline(self) -> Pipeline:
        """The way of the frames, with the time line of this stream."""
        if self._pipeline is None:
            self._pipeline = Pipeline(
                self._remembered, self._fan_out, self._learned, self._times.audio
            )
        return self._pipeline

    def subscribe(self, callback: Callable[[StreamEvent], None]) -> Callable[[], None]:
        """Call `callback` after each change of state or parameters; return how to end that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._subscribers.remove(callback)

        return unsubscribe

    # --- viewers -----------------------------------------------------------------------

    def attach(self, viewer: Viewer) -> tuple[MediaUnit, ...]:
        """Let `viewer` watch; return the picture group so far, which it has not received.

        Starts the camera if need be, without waiting for it. Raises `StreamBusy` above
        `MAX_VIEWERS` and `MediaError` after `close`.
        """
        if self._shut:
            raise MediaError("this live view is closed")
        if len(self._viewers) >= MAX_VIEWERS:
            raise StreamBusy(f"{MAX_VIEWERS} viewers watch already")
        group = self.pipeline.group
        self._viewers.append(viewer)
        self._changed.set()
        if self._task is None:
            self._asked_by = viewer.asked_by
            self._task = asyncio.get_running_loop().create_task(
                self._run(), name=f"live view {self.name}"
            )
        elif self.state is StreamState.LINGERING:
            self._set_state(StreamState.LIVE)
        return group

    def detach(self, viewer: Viewer) -> None:
        """Let `viewer` go; does nothing if it is gone already."""
        if viewer not in self._viewers:
            return
        self._viewers.remove(viewer)
        if self._viewers:
            return
        self._empty_since = asyncio.get_running_loop().time()
        self._changed.set()
        if self.state is StreamState.LIVE:
            self._set_state(StreamState.LINGERING)

    async def last_key_frame(self, asked_by: str = "picture") -> VideoUnit:
        """Return the newest key frame of a live view, starting one if there is none.

        Wakes the camera; raises the `EufyError` with which the view failed.
        """
        if self.state in {StreamState.LIVE, StreamState.LINGERING} and self.cached_key_frame:
            return self.cached_key_frame
        viewer = KeyFrameViewer(asked_by)
        self.attach(viewer)
        try:
            return await viewer.found
        finally:
            self.detach(viewer)

    async def speak(self, media: bytes, asked_by: str = "announcement") -> float:
        """Speak a media file through the camera, waking it; return the seconds spoken.

        Raises `MediaError` if it has no loudspeaker, and as `TalkDesk.speak`.
        """
        if self.talk is None:
            raise MediaError("this camera has no loudspeaker that can be used")
        viewer = KeyFrameViewer(asked_by)
        group = self.attach(viewer)
        try:
            if not group:
                await viewer.found
            return await self.talk.speak(media)
        finally:
            self.detach(viewer)

    async def close(self) -> None:
        """End the view for everybody and make the camera stop; nobody can attach again."""
        self._shut = True
        self._dismiss(MediaError("this live view is closed"))
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        if self._closing is not None:
            await self._closing
        if self.talk is not None:
            await self.talk.close()
        self._set_state(StreamState.IDLE)

    def _dismiss(self, error: EufyError) -> None:
        viewers, self._viewers = self._viewers, []
        for viewer in viewers:
            viewer.closed(error)

    # --- what comes from the source ----------------------------------------------------

    def _fan_out(self, unit: MediaUnit) -> None:
        if self.state in {StreamState.STARTING, StreamState.RETRYING}:
            self._changed.set()
            self._set_state(StreamState.LIVE if self._viewers else StreamState.LINGERING)
        for viewer in tuple(self._viewers):
            viewer.receive(unit)

    def _learned(self) -> None:
        self._tell(StreamEvent.PARAMETERS)

    def _wake(self) -> None:
        self._changed.set()

    # --- the life of the source --------------------------------------------------------

    async def _run(self) -> None:
        try:
            error = await self._keep_open()
        except Exception as bug:
            _LOGGER.exception("The live view of a camera broke")
            error = MediaError(f"unexpected: {type(bug).__name__}")
        self._task = None
        if error is None:
            self._set_state(StreamState.IDLE)
            return
        self._failed_at = asyncio.get_running_loop().time()
        self._set_state(StreamState.FAILED, error, reason_of(error))
        self._dismiss(error)

    async def _keep_open(self) -> EufyError | None:
        """Open and reopen while somebody watches; return the error that ended it for good."""
        loop = asyncio.get_running_loop()
        failures = 0
        if self._failed_at is not None:
            self._set_state(StreamState.STARTING)
            await self._pause(self._failed_at + self._times.cool_down - loop.time())
        while self._viewers:
            began = loop.time()
            error = await self._one_opening()
            if error is None:
                continue
            stable = self.pipeline.first_picture is not None and (
                loop.time() - began >= self._times.stable
            )
            failures = 1 if stable else failures + 1
            _LOGGER.debug("A live view failed (%d): %s", failures, error)
            if not self._viewers:
                break
            if is_final(error) or failures >= self._times.attempts:
                return error
            self._set_state(StreamState.RETRYING, error, reason_of(error))
            pauses = self._times.retry
            await self._pause(pauses[min(failures, len(pauses)) - 1])
            self._asked_by = next((v.asked_by for v in self._viewers), self._asked_by)
        return None

    async def _pause(self, seconds: float) -> None:
        """Wait, but not longer than somebody watches."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._viewers and loop.time() < until:
            await self._wait_change(until)

    async def _wait_change(self, until: float) -> None:
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._changed.wait()

    async def _one_opening(self) -> EufyError | None:
        """Open, watch over and close the source; None if it ended because nobody watches."""
        left = self.usage.left(self._wall_clock())
        if left == 0:
            return BudgetSpent("the live time of today is used up")
        self._set_state(StreamState.STARTING, self.error, self.reason)
        self.pipeline.begin()
        sink = self._sink = OpeningSink(self.pipeline, self._wake)
        self.usage.started(self._wall_clock(), self._asked_by)
        opening = asyncio.ensure_future(self._source.open(sink))
        opening.add_done_callback(lambda _: self._changed.set())
        try:
            return await self._watch(sink, opening, left)
        except EufyError as error:
            return error
        finally:
            sink.cut()
            self._set_state(StreamState.STOPPING)
            opening.cancel()
            self._closing = asyncio.ensure_future(self._close_source(opening))
            await asyncio.shield(self._closing)

    async def _close_source(self, opening: asyncio.Future[None]) -> None:
        try:
            async with asyncio.timeout(self._times.close):
                await asyncio.wait([opening])
                await self._source.close()
        except (EufyError, TimeoutError) as error:
            _LOGGER.debug("A live view did not close cleanly: %s", type(error).__name__)
        self.pipeline.end()
        self.usage.finished(self._wall_clock())

    async def _watch(
        self, sink: OpeningSink, opening: asyncio.Future[None], budget: float | None
    ) -> EufyError | None:
        loop = asyncio.get_running_loop()
        began, opened = loop.time(), None
        while True:
            now = loop.time()
            if sink.is_ended:
                return sink.error or StreamEnded("the camera ended the live view")
            if opened is None and opening.done():
                if opening.cancelled():
                    return StreamUnavailable("the opening was given up")
                opening.result()
                opened = now
            until, error = self._deadline(began, opened)
            if budget is not None and began + budget < until:
                until, error = began + budget, BudgetSpent("the live time of today is used up")
            if not self._viewers and self._empty_since + self._linger < until:
                until, error = self._empty_since + self._linger, None
            if now >= until:
                return error
            await self._wait_change(until)

    def _deadline(self, began: float, opened: float | None) -> tuple[float, EufyError | None]:
        """Return until when the source may go on like this, and what it is if it does not."""
        times, flow = self._times, self.pipeline
        if opened is None:
            return began + times.open, NoAnswer("no answer to the request for a live view")
        if flow.first_picture is None or flow.last_media is None:
            error: EufyError = StreamUnavailable("the camera sent no media")
            if flow.last_refusal is not None:
                error = flow.last_refusal
            elif flow.last_media is not None:
                error = NoKeyFrame("no key frame came")
            return opened + times.first_picture, error
        silent = flow.last_media + times.silence
        blind = flow.last_picture + times.first_picture
        if silent <= blind:
            return silent, StreamSilent("the camera stopped sending")
        return blind, flow.last_refusal or NoKeyFrame("no key frame came any more")

    # --- telling -----------------------------------------------------------------------

    def _set_state(
        self,
        state: StreamState,
        error: EufyError | None = None,
        reason: StreamReason | None = None,
    ) -> None:
        if (state, reason) == (self.state, self.reason):
            return
        self.state, self.error, self.reason = state, error, reason
        self._tell(StreamEvent.STATE)

    def _tell(self, event: StreamEvent) -> None:
        for callback in tuple(self._subscribers):
            try:
                callback(event)
            except Exception:
                # This is called on the way of a picture, which must go on.
                _LOGGER.exception("A listener of a live view failed")
