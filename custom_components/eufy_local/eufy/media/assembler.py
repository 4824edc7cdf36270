"""Joins frames that a camera cut into several records (protocol/p2p-media.md §2.5)."""

import dataclasses
from typing import Final

from ..wire.media import VideoFrame
from .limits import MAX_ACCESS_UNIT

HOLD_SECONDS: Final = 0.15
"""How long the first piece of a frame waits for the next record: two frame times at 15 frames/s.
A camera that has nothing more to say would else never show its last picture."""


class Assembler:
    """Gives whole frames; holds one back only where a continuation is to be expected.

    Frames are handed on at once until a camera shows its first continuation, which costs one
    damaged picture group. From then on frames of at least `split_bytes`, the size at which this
    camera cuts, wait for the next record. The field shows 64,000 bytes, for P-frames too.
    """

    def __init__(self, split_bytes: int | None = None) -> None:
        self.split_bytes = split_bytes
        self._held: list[VideoFrame] = []
        self._held_bytes = 0
        self._last_size = 0

    @property
    def holding(self) -> bool:
        """True while a frame waits for its rest: call `flush` after `HOLD_SECONDS`."""
        return bool(self._held)

    def push(self, frame: VideoFrame) -> tuple[list[VideoFrame], bool]:
        """Take a record; return the frames that are whole now, and whether one was damaged."""
        if frame.continues:
            return self._continue(frame)
        ready = self.flush()
        self._last_size = len(frame.data)
        if self.split_bytes is not None and self._last_size >= self.split_bytes:
            self._held, self._held_bytes = [frame], self._last_size
        else:
            ready.append(frame)
        return ready, False

    def flush(self) -> list[VideoFrame]:
        """Return the held frame, if any."""
        held, self._held = self._held, []
        if not held:
            return []
        if len(held) == 1:
            return held
        data = b"".join(piece.data for piece in held)
        return [dataclasses.replace(held[0], data=data)]

    def drop(self) -> None:
        """Forget the held frame: some of its pieces are lost."""
        self._held = []
        self._last_size = 0

    def _continue(self, frame: VideoFrame) -> tuple[list[VideoFrame], bool]:
        if not self._held:
            # Its first piece has left already, or was lost.
            if self._last_size:
                self.split_bytes = min(self._last_size, self.split_bytes or self._last_size)
            return [], True
        self._held_bytes += len(frame.data)
        if self._held_bytes > MAX_ACCESS_UNIT:
            self._held = []
            return [], True
        self._held.append(frame)
        return [], False
