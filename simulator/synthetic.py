"""A moving picture made in memory: for tests, and where no footage was fetched.

A coloured field with a square that walks across it, the clock, and the strip of `strip`. Encoded
once per kind and kept, so a test run pays for it once.
"""

import functools
import time
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np

from .clip import AccessUnit, AudioUnit, Clip, adts, annex_b
from .strip import burn_in

FPS = 15
RATE = 16000
KEY_EVERY = 30
START_OF_TIME = 1767254400
"""2026-01-01 08:00:00 UTC, the clock of frame 0."""
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_X26X = "bframes=0:keyint={0}:min-keyint={0}:scenecut=0"


@functools.lru_cache(maxsize=24)
def synthetic_clip(
    scene: int = 0,
    *,
    codec: str = "h264",
    height: int = 360,
    seconds: float = 4.0,
    name: str = "",
    key_every: int = KEY_EVERY,
    crf: int = 28,
) -> Clip:
    """Encode a scene; `height` should be a multiple of 90. Takes about 0.1 s for 4 s at 360."""
    width = height * 16 // 9
    total = max(1, int(seconds * FPS))
    context = cast("av.VideoCodecContext", av.CodecContext.create(_ENCODERS[codec], "w"))
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.framerate, context.time_base = Fraction(FPS), Fraction(1, FPS)
    context.thread_count = 1
    settings = _X26X.format(key_every)
    if codec == "h264":
        extra = ":sliced-threads=0"
        context.options = {
            "preset": "ultrafast", "profile": "baseline", "crf": str(crf),
            "x264-params": settings + extra,
        }  # fmt: skip
    else:
        extra = ":open-gop=0:info=0:log-level=error:repeat-headers=1:pools=none:frame-threads=1"
        context.options = {
            "preset": "ultrafast", "crf": str(crf), "x265-params": settings + extra,
        }  # fmt: skip
    units: list[AccessUnit] = []
    for number in range(total):
        frame = _picture(scene, number, width, height, name)
        units += _packets(context.encode(frame), codec)
    units += _packets(context.encode(None), codec)
    return Clip(
        name=name or f"synthetic {scene}",
        codec=codec,
        width=width,
        height=height,
        fps=float(FPS),
        video=tuple(units),
        audio=_sound(scene, seconds),
    )


def _packets(packets: list[av.Packet[Any]], codec: str) -> list[AccessUnit]:
    return [AccessUnit(annex_b(bytes(p), codec), p.is_keyframe) for p in packets]


def _picture(scene: int, number: int, width: int, height: int, name: str) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    shade = 60 + (scene * 37) % 120
    for plane, value in zip(frame.planes, (shade, 90 + scene * 9, 160 - scene * 7), strict=True):
        plane.update(bytes([value & 0xFF]) * plane.buffer_size)
    luma = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
    side = height // 4
    x = number * 7 % (width - side)
    luma[height // 3 : height // 3 + side, x : x + side] = 200
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(START_OF_TIME + number // FPS))
    burn_in(frame, scene, number, f"{stamp}  {name or scene}  {number:05d}")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _sound(scene: int, seconds: float) -> tuple[AudioUnit, ...]:
    """A quiet tone whose pitch tells the scene."""
    t = np.arange(int(seconds * RATE)) / RATE
    wave = 3000 * np.sin(2 * np.pi * (300 + 60 * scene) * t)
    context = av.CodecContext.create("aac", "w")
    context.sample_rate, context.layout, context.format = RATE, "mono", "fltp"
    context.bit_rate, context.time_base = 32000, Fraction(1, RATE)
    size = 1024
    raw: list[bytes] = []
    for at in range(0, wave.size - size + 1, size):
        block = (wave[at : at + size] / 32768).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(block[None], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
        raw += [bytes(p) for p in context.encode(frame)]
    raw += [bytes(p) for p in context.encode(None)]
    return tuple(AudioUnit(adts(data, RATE, 1), n * size / RATE) for n, data in enumerate(raw))
