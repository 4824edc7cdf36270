"""A live view or a playback on one link: real frames, sealed, at the camera's pace.

protocol/p2p-media.md §1.4, §2, §3, §5. Everything is driven by the station's agenda.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass

from custom_components.eufy_local.eufy.wire.media_encode import Picture

from ..clip import Clip
from ..families import Family
from ..faults import EccBehaviour, Faults, FirstFrame
from .agenda import Agenda
from .media_keys import StreamSealer, foreign_offer
from .scene import SceneClock

PING_LIMIT = 10.0
"""Seconds without record 1139 after which a standalone stream ends (hardware, T8170)."""
BACKLOG_LIMIT = 6 * 1024 * 1024
"""Unacknowledged media of a link; above it the camera drops up to the next key frame."""
AUDIO_TICK = 0.04
"""The audio counter counts this (hardware, HomeBase 3)."""
FREE_RUNNING_START = 3_000_000_000
"""A 32-bit media clock that wraps after about two weeks of a simulation."""


@dataclass(frozen=True, slots=True)
class Outlet:
    """Where a stream's records go, and what it may ask."""

    send: Callable[[bytes], bool]
    """Puts a record on the link's media channel; False when it did not fit."""
    backlog: Callable[[], int]
    """Bytes of the media channel that are not acknowledged yet."""
    hang_up: Callable[[], None]
    """Closes the link (fault)."""
    last_ping: Callable[[], float]
    wall_ms: Callable[[float], int]


class MediaClock:
    """Timestamps of one station's media: Unix ms, or a 32-bit counter with a zero high half."""

    def __init__(self, family: Family, wall_ms: Callable[[float], int]) -> None:
        self._unix = family.media_tail
        self._wall_ms = wall_ms

    def stamp(self, at: float) -> int:
        """The 64-bit field of a frame captured at this time."""
        value = self._wall_ms(at)
        return value if self._unix else (value + FREE_RUNNING_START) & 0xFFFF_FFFF


class LiveView:
    """Frames of one camera to one client until `stop`."""

    def __init__(
        self,
        clock: SceneClock,
        offer: str,
        channel: int,
        flag: int,
        outlet: Outlet,
        *,
        family: Family,
        faults: Faults,
        rng: random.Random,
        agenda: Agenda,
        now: float,
    ) -> None:
        self.camera = clock.camera
        self.frames_sent = 0
        self.frames_dropped = 0
        self.audio_sent = 0
        self.last_frame: int | None = None
        """Counter of the scene frame sent last."""
        self.running = True
        tag = channel if family.media_channel_tag is None else family.media_channel_tag
        self.sealer = StreamSealer(offer, tag, flag, rng, faults.ecc)
        self._stale = (
            StreamSealer(foreign_offer(self.sealer.kind, 0), tag, flag, rng, EccBehaviour.ALL)
            if faults.first_frame is FirstFrame.STALE_KEY
            else None
        )
        self._clock = clock
        self._outlet = outlet
        self._family = family
        self._faults = faults
        self._rng = rng
        self._agenda = agenda
        self._media_clock = MediaClock(family, outlet.wall_ms)
        self._started_at = now
        self._waits_for_key = False
        self._frame = 0
        self._first_frame = 0
        self._audio_from = 0.0
        self._watching = False
        if not self._mute:
            agenda.at(now + faults.wake_after, self._begin)

    @property
    def _mute(self) -> bool:
        if self._faults.no_media:
            return True
        ecc = self.sealer.kind.value == "ecc"
        return ecc and self._faults.ecc is EccBehaviour.NO_RECORDS

    def stop(self, now: float) -> None:
        """End the stream; hardware lets frames come for a while (fault)."""
        if self.running and self._faults.trailing_frames > 0:
            self._agenda.at(now + self._faults.trailing_frames, lambda _: self._finish())
        else:
            self._finish()

    def _finish(self) -> None:
        self.running = False
        if self._watching:
            self._watching = False
            self._clock.stop()

    def _begin(self, now: float) -> None:
        if not self.running:
            return
        mid = self._faults.first_frame is FirstFrame.MID_GROUP
        self._first_frame = self._frame = self._clock.start(now, self._rng, mid_group=mid)
        self._watching = True
        self._audio_from = now
        self._tick(now)

    def _tick(self, now: float) -> None:
        if not self.running:
            return
        if self._family.needs_ping and now - self._quiet_since() > PING_LIMIT:
            self._finish()
            return
        while self.running and self._clock.time_of(self._frame) <= now + 1e-6:
            self._send_frame(now)
            self._frame += 1
        if self.running:
            self._agenda.at(self._clock.time_of(self._frame), self._tick)

    def _quiet_since(self) -> float:
        return max(self._outlet.last_ping(), self._started_at)

    def _send_frame(self, now: float) -> None:
        captured = self._clock.time_of(self._frame)
        if not self._faults.no_audio:
            self._send_audio(captured)
        if self._faults.freeze:
            return
        clip = self._clock.clip
        unit = clip.video[self._frame % len(clip.video)]
        if self._waits_for_key and not unit.key:
            self.frames_dropped += 1
            return
        if self._outlet.backlog() > BACKLOG_LIMIT:
            self._waits_for_key = True
            self.frames_dropped += 1
            return
        self._waits_for_key = False
        if self._stale is not None and unit.key:
            self._emit(self._stale, clip, unit.data, key=True, captured=captured)
            self._stale = None
        if self._emit(self.sealer, clip, unit.data, key=unit.key, captured=captured):
            self.frames_sent += 1
            self.last_frame = self._frame
        limit = self._faults.close_after_frames
        if limit and self.frames_sent >= limit:
            self._outlet.hang_up()

    def _emit(
        self, sealer: StreamSealer, clip: Clip, data: bytes, *, key: bool, captured: float
    ) -> bool:
        fits = True
        for piece in pieces_of(data, self._family.split_frames):
            picture = Picture(
                data=piece,
                key=key,
                timestamp=self._media_clock.stamp(captured),
                width=clip.width,
                height=clip.height,
                number=self._frame - self._first_frame,
                fps=round(clip.fps),
                codec_byte=codec_byte(self._family, clip),
            )
            record = sealer.video(picture, clear=self._faults.clear_media)
            fits = self._outlet.send(self._damaged(record)) and fits
        return fits

    def _damaged(self, record: bytes) -> bytes:
        share = self._faults.corrupt_video
        if not share or self._rng.random() >= share or len(record) < 400:
            return record
        broken = bytearray(record)
        broken[self._rng.randrange(300, len(record))] ^= 0x55
        return bytes(broken)

    def _send_audio(self, until: float) -> None:
        """Send the sound up to a picture's time."""
        clip = self._clock.clip
        length = len(clip.video)
        offset = (self._frame % length) / clip.fps
        start = offset - (until - self._audio_from)
        for unit in clip.audio:
            wrapped = unit.at - clip.seconds  # the end of the loop before this one
            place = unit.at if start < unit.at <= offset else wrapped
            if start < place <= offset:
                at = until - (offset - place)
                stamp = self._media_clock.stamp(at)
                counter = int((at - self._started_at) / AUDIO_TICK) & 0xFFFF
                record = self.sealer.audio(
                    unit.data, stamp, counter, clear=self._faults.clear_media
                )
                if self._outlet.send(record):
                    self.audio_sent += 1
        self._audio_from = until


def codec_byte(family: Family, clip: Clip) -> int:
    """What the header says of the codec: contradictory between families (C6)."""
    if family.codec_byte is not None:
        return family.codec_byte
    return 1 if clip.codec == "hevc" else 0


def pieces_of(data: bytes, limit: int) -> list[bytes]:
    """Cut an access unit as HomeBase 2 cameras do (p2p-media.md §2.5); 0 = never."""
    if not limit or len(data) <= limit:
        return [data]
    return [data[at : at + limit] for at in range(0, len(data), limit)]
