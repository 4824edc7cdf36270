"""The RTP streams of one camera: what every viewer of it is sent."""

import time
from typing import Final

from ...wire.nal import Codec
from ..codec import AudioCodec, AudioParameters
from ..timeline import Timeline
from ..units import AudioUnit, MediaUnit, VideoUnit
from . import rtp_aac, rtp_h264, rtp_h265
from .rtcp import sender_report
from .rtp import Payload, RtpCounter, interleave

VIDEO_TYPE: Final = 96
AUDIO_TYPE: Final = 97
_STATIC_TYPES: Final = {AudioCodec.PCMA: 8}
"""RFC 3551 §6."""
VIDEO_CLOCK: Final = 90_000
_AAC_SAMPLES: Final = 1024
_SOUND_SLACK: Final = 0.1
"""Seconds that the counted sound may differ from the camera's clock before it follows it: that
clock has a grain of 40 ms (protocol/p2p-media.md §3)."""


def audio_type(parameters: AudioParameters) -> int:
    """Return the RTP payload type for a form of sound."""
    return _STATIC_TYPES.get(parameters.codec, AUDIO_TYPE)


class StreamPackets:
    """Turns units into interleaved packets, once each, with one numbering for all viewers.

    A unit that a late joiner gets again is built again, with the numbers it had.
    """

    def __init__(self, timeline: Timeline, now: float) -> None:
        self._timeline = timeline
        # All reports lie on the line through here, so a drift of the camera's clock never
        # shows as a step of time.
        self._wall = time.time() - timeline.at(now) / 1000
        self._video = RtpCounter(VIDEO_TYPE, VIDEO_CLOCK)
        self._audio: RtpCounter | None = None
        self._audio_form: AudioParameters | None = None
        self._video_ticks = -1
        self._sound_ticks: int | None = None
        self._newest: MediaUnit | None = None
        self._built: dict[int, bytes] = {}

    def build(self, unit: MediaUnit, channel: int) -> bytes:
        """Return the interleaved packets of `unit` on `channel`."""
        if unit is not self._newest:
            self._newest, self._built = unit, {}
        built = self._built.get(channel)
        if built is None:
            built = self._built[channel] = (
                self._build_video(unit, channel)
                if isinstance(unit, VideoUnit)
                else self._build_audio(unit, channel)
            )
        return built

    def video_report(self, channel: int, time_ms: int) -> bytes:
        """Return a sender report for the pictures at a time of the stream."""
        return sender_report(channel, self._video, time_ms, self._wall + time_ms / 1000)

    def audio_report(self, channel: int, time_ms: int, form: AudioParameters) -> bytes:
        """Return a sender report for the sound at a time of the stream."""
        return sender_report(channel, self._counter(form), time_ms, self._wall + time_ms / 1000)

    def time(self, now: float) -> int:
        """Return the time of the stream at `now`, in ms."""
        return self._timeline.at(now)

    def _build_video(self, unit: VideoUnit, channel: int) -> bytes:
        split = rtp_h264.payloads if unit.codec is Codec.H264 else rtp_h265.payloads
        payloads = split(unit.nals)
        counter = self._video
        if unit.rtp is None or unit.rtp[0] is not self:
            # Two pictures never share a time: players take it for the order of decoding.
            ticks = max(counter.ticks(unit.time_ms), self._video_ticks + VIDEO_CLOCK // 1000)
            self._video_ticks = ticks
            first = counter.take(len(payloads), unit.size)
            unit.rtp = self, first, ticks
        _, first, ticks = unit.rtp
        return interleave(payloads, channel, counter, first, ticks)

    def _build_audio(self, unit: AudioUnit, channel: int) -> bytes:
        counter = self._counter(unit.parameters)
        frames = unit.frames
        payloads: list[Payload]
        if unit.parameters.codec is AudioCodec.AAC:
            payloads = [rtp_aac.payload(frame) for frame in frames]
            steps = [_AAC_SAMPLES] * len(frames)
        else:
            payloads = [(b"", frame) for frame in frames]
            steps = [len(frame) for frame in frames]
        if unit.rtp is None or unit.rtp[0] is not self:
            ticks = counter.ticks(unit.time_ms)
            counted = self._sound_ticks
            if counted is not None and ticks - counted < _SOUND_SLACK * counter.clock:
                ticks = counted
            self._sound_ticks = ticks + sum(steps)
            unit.rtp = self, counter.take(len(payloads), unit.size), ticks
        _, first, ticks = unit.rtp
        parts = []
        for index, payload in enumerate(payloads):
            parts.append(interleave([payload], channel, counter, first + index, ticks))
            ticks += steps[index]
        return b"".join(parts)

    def _counter(self, form: AudioParameters) -> RtpCounter:
        if self._audio is None or self._audio_form != form:
            self._audio = RtpCounter(audio_type(form), form.rate)
            self._audio_form, self._sound_ticks = form, None
        return self._audio
