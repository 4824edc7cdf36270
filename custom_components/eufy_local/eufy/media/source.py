"""Where media come from: the interface of a source, and the way into a stream."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from ..errors import EufyError
from ..wire.media import AudioFrame, MediaProtection, VideoFrame
from .pipeline import Pipeline


class MediaSink(Protocol):
    """Where a source puts what it receives; every call is synchronous and returns at once."""

    def video(self, frame: VideoFrame) -> None:
        """Take one video record."""

    def audio(self, frame: AudioFrame) -> None:
        """Take one audio record."""

    def refused(self, count: int = 1) -> None:
        """Count records that could not be opened (contradictions, foreign keys)."""

    def ended(self, error: EufyError | None) -> None:
        """Learn that nothing more will come, and why (None: the camera ended it)."""


class MediaSource(Protocol):
    """Makes one camera send: opens a link, asks for the live view, decrypts."""

    async def open(self, sink: MediaSink) -> None:
        """Make the camera send into `sink`; raise `EufyError` with the reason if it will not."""

    async def close(self) -> None:
        """Make the camera stop, also after a failed or cancelled `open`."""


class OpeningSink:
    """The way into a pipeline for one opening; cut off when that opening is over."""

    def __init__(self, pipeline: Pipeline, wake: Callable[[], None]) -> None:
        self._pipeline: Pipeline | None = pipeline
        self._wake = wake
        self.is_ended = False
        self.error: EufyError | None = None

    def video(self, frame: VideoFrame) -> None:
        """Pass a video record on."""
        if self._pipeline is not None:
            self._pipeline.video(frame)

    def audio(self, frame: AudioFrame) -> None:
        """Pass an audio record on."""
        if self._pipeline is not None:
            self._pipeline.audio(frame)

    def refused(self, count: int = 1) -> None:
        """Count records that could not be opened."""
        if self._pipeline is not None:
            now = asyncio.get_running_loop().time()
            self._pipeline.meter.add(MediaProtection.REFUSED, now, count)

    def ended(self, error: EufyError | None) -> None:
        """Note the end and wake the supervision."""
        if self._pipeline is not None and not self.is_ended:
            self.is_ended, self.error = True, error
            self._wake()

    def cut(self) -> None:
        """Let nothing through any more."""
        self._pipeline = None
