"""Who watches a stream: the interface of a viewer, and one that wants a single picture."""

import asyncio
from typing import Protocol

from ..errors import EufyError
from .units import MediaUnit, VideoUnit


class Viewer(Protocol):
    """Somebody who watches. Calls are synchronous and must not raise."""

    @property
    def asked_by(self) -> str:
        """Who it is, for the battery account: a word or two, no address or name of a person."""

    def receive(self, unit: MediaUnit) -> None:
        """Take one unit, in the loop turn in which it came."""

    def closed(self, error: EufyError) -> None:
        """Learn that the stream gave up; the viewer is detached already."""


class KeyFrameViewer:
    """Waits for one key frame."""

    def __init__(self, asked_by: str) -> None:
        self.asked_by = asked_by
        self.found: asyncio.Future[VideoUnit] = asyncio.get_running_loop().create_future()

    def receive(self, unit: MediaUnit) -> None:
        """Take the first key frame."""
        if isinstance(unit, VideoUnit) and unit.key and not self.found.done():
            self.found.set_result(unit)

    def closed(self, error: EufyError) -> None:
        """Pass the failure on."""
        if not self.found.done():
            self.found.set_exception(error)
