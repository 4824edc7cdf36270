"""From the frames of a source to checked units: join, check, time, remember."""

import asyncio
import dataclasses
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ..errors import FrameRefused
from ..wire.media import AudioFrame, VideoFrame
from .adts import parse_adts
from .assembler import HOLD_SECONDS, Assembler
from .codec import G711_AUDIO, CodecParameters
from .nal_gate import NalGate
from .protection import ProtectionMeter
from .sequence import HoleDetector
from .timeline import Timeline
from .units import AudioUnit, MediaUnit, VideoUnit

MAX_GROUP_BYTES: Final = 4 << 20
"""Bytes of the picture group kept for late joiners: 4 s of 4K at 8 Mbit/s. A longer group is not
kept, and a late joiner waits for the next key frame."""
MAX_GROUP_UNITS: Final = 1000
"""Units of that group: 30 s of 15 pictures and 16 sounds a second."""


@dataclasses.dataclass(slots=True)
class PipelineCounters:
    """What did not reach the viewers, counted over the life of a stream."""

    pictures: int = 0
    refused: int = 0
    skipped: int = 0
    """Pictures left out while waiting for a key frame."""
    holes: int = 0
    unknown_sound: int = 0


class Pipeline:
    """The way of every frame; synchronous, so that a frame leaves in the turn it came in.

    `emit` gets each unit, `learned` is called after `parameters` changed.
    """

    def __init__(
        self,
        parameters: CodecParameters,
        emit: Callable[[MediaUnit], None],
        learned: Callable[[], None],
        audio_wait: float,
    ) -> None:
        self.parameters = parameters
        self.meter = ProtectionMeter()
        self.counters = PipelineCounters()
        self.last_key: VideoUnit | None = None
        self.last_refusal: FrameRefused | None = None
        self.last_media: float | None = None
        self.first_picture: float | None = None
        self.last_picture = 0.0
        self._emit = emit
        self._learned = learned
        self._audio_wait = audio_wait
        self._loop = asyncio.get_running_loop()
        self.timeline = Timeline(self._loop.time())
        self._last_sound: float | None = None
        self._flush: asyncio.TimerHandle | None = None
        self.begin()

    def begin(self) -> None:
        """Forget what belongs to one opening of the source; what was learned stays."""
        self._stop_flush()
        self._assembler = Assembler(self.parameters.split_bytes)
        self._holes = HoleDetector()
        self._gate = NalGate()
        self.timeline.restart()
        self._waiting = True
        self._group: list[MediaUnit] | None = None
        self._group_bytes = 0
        self.last_refusal = None
        self.last_media = self.first_picture = self._last_sound = None

    def end(self) -> None:
        """Let go of the picture group; the last key frame stays as a still picture."""
        self._stop_flush()
        self._group, self._group_bytes = None, 0

    @property
    def group(self) -> tuple[MediaUnit, ...]:
        """Everything from the last key frame on, empty if it is not kept."""
        return tuple(self._group or ())

    # --- video -------------------------------------------------------------------------

    def video(self, frame: VideoFrame) -> None:
        """Take one video record."""
        now = self.last_media = self._loop.time()
        self.meter.add(frame.protection, now)
        assembler = self._assembler
        if self._holes.lost(frame.number):
            self.counters.holes += 1
            self._waiting = True
            assembler.drop()
        frames, damaged = assembler.push(frame)
        self._stop_flush()
        if assembler.holding:
            self._flush = self._loop.call_later(HOLD_SECONDS, self._release)
        for whole in frames:
            self._picture(whole, now)
        if damaged:
            self._waiting = True
            if assembler.split_bytes != self.parameters.split_bytes:
                self._learn(replace(self.parameters, split_bytes=assembler.split_bytes))

    def _release(self) -> None:
        for frame in self._assembler.flush():
            self._picture(frame, self._loop.time())

    def _stop_flush(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None

    def _picture(self, frame: VideoFrame, now: float) -> None:
        try:
            checked = self._gate.check(frame.data, frame.width, frame.height)
        except FrameRefused as error:
            if not self._waiting or frame.key:
                self.counters.refused += 1
                self.last_refusal = error
            # Pictures that refer to a refused one would show nothing but damage.
            self._waiting = True
            return
        if self._waiting and not checked.key:
            self.counters.skipped += 1
            return
        self._waiting = False
        self.counters.pictures += 1
        time_ms = self.timeline.place(frame.timestamp_ms, now)
        unit = VideoUnit(checked.codec, checked.key, checked.nals, checked.parameters, time_ms)
        if self.parameters.video != unit.parameters:
            self._learn(replace(self.parameters, video=unit.parameters))
        if unit.key:
            self.last_key = unit
            self._group, self._group_bytes = [], 0
        if self.first_picture is None:
            self.first_picture = now
        self.last_picture = now
        self._check_sound(now)
        self._deliver(unit)

    # --- audio -------------------------------------------------------------------------

    def audio(self, frame: AudioFrame) -> None:
        """Take one audio record."""
        now = self.last_media = self._loop.time()
        self.meter.add(frame.protection, now)
        frames: tuple[bytes, ...] = (frame.data,)
        if frame.g711:
            form = G711_AUDIO
        elif sound := parse_adts(frame.data):
            form, frames = sound.parameters, sound.frames
        else:
            self.counters.unknown_sound += 1
            return
        self._last_sound = now
        if self.parameters.audio != form or not self.parameters.audio_settled:
            self._learn(replace(self.parameters, audio=form, audio_settled=True))
        if not self._waiting:
            time_ms = self.timeline.place(frame.timestamp_ms, now)
            self._deliver(AudioUnit(form, frames, time_ms))

    def _check_sound(self, now: float) -> None:
        """Learn that a camera is silent, so that no view announces sound that never comes."""
        if self._last_sound is not None or now - (self.first_picture or now) < self._audio_wait:
            return
        if self.parameters.audio is not None or not self.parameters.audio_settled:
            self._learn(replace(self.parameters, audio=None, audio_settled=True))

    # --- both --------------------------------------------------------------------------

    def _learn(self, parameters: CodecParameters) -> None:
        self.parameters = parameters
        self._learned()

    def _deliver(self, unit: MediaUnit) -> None:
        if self._group is not None:
            self._group_bytes += unit.size
            if self._group_bytes > MAX_GROUP_BYTES or len(self._group) >= MAX_GROUP_UNITS:
                self._group = None
            else:
                self._group.append(unit)
        self._emit(unit)
