"""Pictures cut out of a scene: what a HomeBase stores of an event, and what a test compares."""

import functools
import io
from typing import cast

import av
from PIL import Image

from .clip import Clip

STILL_SIZE = (640, 360)
"""Size of a HomeBase 3's event picture (hardware, protocol/p2p-media.md §6.2)."""
MAX_KEPT = 32


@functools.lru_cache(maxsize=MAX_KEPT)
def picture_of(clip: Clip, frame: int) -> Image.Image:
    """Decode one frame of a scene (the counter may exceed its length)."""
    start = clip.key_before(frame)
    context = cast("av.VideoCodecContext", av.CodecContext.create(clip.codec, "r"))
    context.thread_count = 1
    last = None
    for number in range(start, frame + 1):
        unit = clip.video[number % len(clip.video)]
        for decoded in context.decode(av.Packet(unit.data)):
            last = decoded
    for decoded in context.decode(None):
        last = decoded
    if last is None:
        raise ValueError(f"frame {frame} of {clip.name} does not decode")
    rgb = last.to_ndarray(format="rgb24")
    return Image.fromarray(rgb)


def still(clip: Clip, frame: int) -> bytes:
    """The event picture as JPEG."""
    return _jpeg(picture_of(clip, frame).resize(STILL_SIZE))


def crop(clip: Clip, frame: int) -> bytes:
    """The middle of the picture, as the crop that accompanies a face or a person."""
    picture = picture_of(clip, frame)
    side = min(picture.size) * 3 // 4
    left, top = (picture.width - side) // 2, (picture.height - side) // 8
    return _jpeg(picture.crop((left, top, left + side, top + side)).resize((240, 240)))


def png(clip: Clip, frame: int) -> bytes:
    """The whole frame, without loss."""
    out = io.BytesIO()
    picture_of(clip, frame).save(out, "PNG", compress_level=1)
    return out.getvalue()


def _jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=85)
    return out.getvalue()
