"""Sound from a viewer, or from a file, to the loudspeaker of a camera."""

import asyncio
import logging
from typing import Final, Protocol

from ..errors import EufyError, FrameRefused, MediaError, StreamBusy
from .adts import wrap_adts
from .codec import USUAL_AUDIO
from .worker import Worker

_LOGGER: Final = logging.getLogger(__name__)

FRAME_SECONDS: Final = 0.064
"""One AAC frame of 1024 samples at 16 kHz."""
MAX_QUEUED: Final = 8000
"""Bytes of G.711, one second, that may wait to be encoded; older sound is dropped."""
PAUSE_SECONDS: Final = 3.0
"""Without sound for so long a talk ends; the next sound begins another one."""
REFUSED_SECONDS: Final = 3.0
"""After a refused or broken talk; a viewer sends 50 packets a second, each of which would ask the
camera again."""
MAX_FILE: Final = 7 << 20
"""Bytes of a file to be spoken: a minute of uncompressed stereo at 44.1 kHz is larger, but
nobody keeps announcements that way."""
LEAD_FRAMES: Final = 3
"""AAC frames that are sent ahead of time when a file is spoken (0.2 s), against gaps."""


class TalkSink(Protocol):
    """Takes the sound for one camera; AAC-LC in ADTS, 16 kHz, mono (p2p-media.md §4)."""

    async def start(self) -> None:
        """Begin; raises `EufyError`, `StreamBusy` if somebody else talks."""

    async def send(self, frame: bytes) -> None:
        """Send one ADTS frame (64 ms of sound)."""

    async def stop(self) -> None:
        """End; also after a failed `start`."""


class TalkDesk:
    """The loudspeaker of one camera: one speaker at a time."""

    def __init__(self, sink: TalkSink, *, pause: float = PAUSE_SECONDS) -> None:
        self._sink = sink
        self._pause = pause
        self._worker = Worker()
        self._talk: Talk | None = None
        self._speaking = False
        self._refused_until = 0.0
        self.error: EufyError | None = None
        """Why the last talk failed, None if it did not."""

    @property
    def is_busy(self) -> bool:
        """True while somebody speaks, and a moment after a talk was refused."""
        now = asyncio.get_running_loop().time()
        return self._talk is not None or self._speaking or now < self._refused_until

    def begin(self) -> Talk:
        """Begin to talk; raises `StreamBusy` while somebody else does."""
        if self.is_busy:
            raise StreamBusy("somebody else talks through this camera")
        self.error = None
        self._talk = Talk(self, self._sink, self._worker, self._pause)
        return self._talk

    def ended(self, talk: Talk, error: EufyError | None) -> None:
        """Learn from a talk that it is over."""
        if self._talk is talk:
            self._talk, self.error = None, error
            if error is not None:
                self._refused_until = asyncio.get_running_loop().time() + REFUSED_SECONDS

    async def speak(self, media: bytes) -> float:
        """Speak a media file (any format that FFmpeg reads, at most 7 MiB and 60 s).

        Returns the seconds that were spoken. The camera must be sending a live view. Raises
        `StreamBusy`, `FrameRefused` for a file without sound, and what the sink raises.
        """
        if self.is_busy:
            raise StreamBusy("somebody else talks through this camera")
        if len(media) > MAX_FILE:
            raise FrameRefused(f"a file of {len(media)} bytes")
        self._speaking = True
        try:
            _, encoded = await self._worker.ask({"action": "speech"}, media)
            frames = _adts_frames(encoded)
            if not frames:
                raise FrameRefused("a file without sound")
            await self._play(frames)
            return len(frames) * FRAME_SECONDS
        finally:
            self._speaking = False

    async def _play(self, frames: list[bytes]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await self._sink.start()
            began = loop.time()
            for index, frame in enumerate(frames):
                await self._sink.send(frame)
                ahead = (index + 1 - LEAD_FRAMES) * FRAME_SECONDS - (loop.time() - began)
                if ahead > 0:
                    await asyncio.sleep(ahead)
            await asyncio.sleep(LEAD_FRAMES * FRAME_SECONDS)
        finally:
            await self._sink.stop()

    async def close(self) -> None:
        """End a running talk and the encoder."""
        if self._talk is not None:
            await self._talk.close()
        await self._worker.close()


class Talk:
    """One talk: G.711 µ-law at 8 kHz comes in, AAC goes to the sink.

    `feed` never waits; sound that cannot be encoded or sent in time is dropped.
    """

    def __init__(self, desk: TalkDesk, sink: TalkSink, worker: Worker, pause: float) -> None:
        self._desk = desk
        self._sink = sink
        self._worker = worker
        self._pause = pause
        self._queue = bytearray()
        self._more = asyncio.Event()
        self._over = False
        self._task = asyncio.get_running_loop().create_task(self._run(), name="talk")

    @property
    def is_over(self) -> bool:
        """True once nothing is taken any more."""
        return self._over

    def feed(self, sound: bytes) -> None:
        """Take a piece of sound."""
        self._queue += sound
        if len(self._queue) > MAX_QUEUED:
            del self._queue[:-MAX_QUEUED]
        self._more.set()

    def end(self) -> None:
        """End when what was fed is sent; returns at once."""
        self._over = True
        self._more.set()

    async def close(self) -> None:
        """End, and wait until the camera knows."""
        self.end()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        error: EufyError | None = None
        try:
            await self._talk()
        except EufyError as failure:
            error = failure
            _LOGGER.debug("A talk failed: %s", failure)
        except Exception as bug:
            _LOGGER.exception("A talk broke")
            error = MediaError(f"unexpected: {type(bug).__name__}")
        finally:
            self._over = True
            self._desk.ended(self, error)

    async def _talk(self) -> None:
        try:
            # The encoder starts while the camera gets ready.
            async with asyncio.TaskGroup() as both:
                both.create_task(self._worker.ask({"action": "talk", "begin": True}, b""))
                both.create_task(self._sink.start())
            while await self._wait_sound():
                sound = bytes(self._queue)
                self._queue.clear()
                _, encoded = await self._worker.ask({"action": "talk"}, sound)
                for frame in _adts_frames(encoded):
                    await self._sink.send(frame)
        except* EufyError as group:
            raise _first(group) from None
        finally:
            await self._sink.stop()

    async def _wait_sound(self) -> bool:
        """Return True when there is sound, False when the talk is over."""
        while not self._queue:
            if self._over:
                return False
            self._more.clear()
            try:
                async with asyncio.timeout(self._pause):
                    await self._more.wait()
            except TimeoutError:
                return False
        return True


def _first(group: BaseExceptionGroup[EufyError]) -> EufyError:
    """Return the first error of a group that may hold groups."""
    for error in group.exceptions:
        return _first(error) if isinstance(error, BaseExceptionGroup) else error
    return MediaError("unexpected")


def _adts_frames(encoded: bytes) -> list[bytes]:
    frames, offset = [], 0
    while offset + 2 <= len(encoded):
        size = int.from_bytes(encoded[offset : offset + 2])
        frames.append(wrap_adts(encoded[offset + 2 : offset + 2 + size], USUAL_AUDIO))
        offset += 2 + size
    return frames
