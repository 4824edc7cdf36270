"""A stored video, sent as fast as the client takes it (protocol/p2p-media.md §5)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from custom_components.eufy_local.eufy.wire.media_encode import Picture

from ..clip import Clip
from ..families import Family
from .agenda import Agenda
from .detections import RECORDING_SECONDS
from .live import MediaClock, codec_byte, pieces_of
from .media_keys import StreamSealer

STEP = 0.005
"""Seconds between bursts."""
BURST_BACKLOG = 512 * 1024
END_AFTER = 0.5
"""The end record follows the last frame by this (hardware, HomeBase 3)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is played: part of a scene."""

    clip: Clip
    first_frame: int
    started: float
    """Station time of its first frame."""

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return round(RECORDING_SECONDS * self.clip.fps)

    @property
    def size(self) -> int:
        """Bytes of all pictures, what 1303 announces."""
        video = self.clip.video
        return sum(len(video[(self.first_frame + n) % len(video)].data) for n in range(self.frames))


class Playback:
    """Sends a recording on one link; only closing the link stops it (hardware, HomeBase 3)."""

    def __init__(
        self,
        recording: Recording,
        sealer: StreamSealer,
        family: Family,
        media_clock: MediaClock,
        agenda: Agenda,
        *,
        send: Callable[[bytes], bool],
        backlog: Callable[[], int],
        ended: Callable[[float], None],
        now: float,
    ) -> None:
        self.running = True
        self.frames_sent = 0
        self._sealer = sealer
        self._send = send
        self._backlog = backlog
        self._ended = ended
        self._agenda = agenda
        self._records = self._make_records(recording, family, media_clock)
        agenda.at(now, self._burst)

    def stop(self) -> None:
        """The link is gone."""
        self.running = False

    def _burst(self, now: float) -> None:
        while self.running and self._backlog() < BURST_BACKLOG:
            record = next(self._records, None)
            if record is None:
                self._agenda.at(now + END_AFTER, self._finish)
                return
            self._send(record)
        if self.running:
            self._agenda.at(now + STEP, self._burst)

    def _finish(self, now: float) -> None:
        if self.running:
            self.running = False
            self._ended(now)

    def _make_records(
        self, recording: Recording, family: Family, media_clock: MediaClock
    ) -> Iterator[bytes]:
        clip = recording.clip
        length = len(clip.video)
        offset = recording.first_frame % length / clip.fps
        sound = _sound_from(clip, offset)
        next_at, next_data = next(sound)
        for number in range(recording.frames):
            at = number / clip.fps
            while next_at <= at:
                stamp = media_clock.stamp(recording.started + next_at)
                yield self._sealer.audio(next_data, stamp, int(next_at / 0.04) & 0xFFFF)
                next_at, next_data = next(sound)
            unit = clip.video[(recording.first_frame + number) % length]
            self.frames_sent += 1
            for piece in pieces_of(unit.data, family.split_frames):
                yield self._sealer.video(
                    Picture(
                        data=piece,
                        key=unit.key,
                        timestamp=media_clock.stamp(recording.started + at),
                        width=clip.width,
                        height=clip.height,
                        number=number,
                        fps=round(clip.fps),
                        codec_byte=codec_byte(family, clip),
                    )
                )


def _sound_from(clip: Clip, offset: float) -> Iterator[tuple[float, bytes]]:
    """(time from the recording's start, ADTS frame) for ever."""
    turn = 0
    while True:
        for unit in clip.audio:
            at = turn * clip.seconds + unit.at - offset
            if at >= 0:
                yield at, unit.data
        turn += 1
        if not clip.audio:
            yield float("inf"), b""
