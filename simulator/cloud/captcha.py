"""Draws a captcha as the cloud does: a small PNG with a few skewed characters."""

import io
import random
from typing import Final

from PIL import Image, ImageDraw, ImageFont

_LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # without those that look alike
_LENGTH: Final = 4
_SIZE: Final = (160, 60)


def new_text(rng: random.Random) -> str:
    """Return the characters of a new captcha."""
    return "".join(rng.choice(_LETTERS) for _ in range(_LENGTH))


def draw(text: str, rng: random.Random) -> bytes:
    """Return the PNG picture of a text: rotated characters over a few lines."""
    picture = Image.new("RGB", _SIZE, "white")
    canvas = ImageDraw.Draw(picture)
    font = ImageFont.load_default(36)
    for _ in range(5):
        ends = [(rng.randrange(_SIZE[0]), rng.randrange(_SIZE[1])) for _ in range(2)]
        canvas.line(ends, fill=(170, 190, 210), width=2)
    step = _SIZE[0] // (len(text) + 1)
    for index, char in enumerate(text):
        tile = Image.new("L", (48, 48))
        ImageDraw.Draw(tile).text((10, 2), char, fill=255, font=font)
        tile = tile.rotate(rng.uniform(-18, 18), resample=Image.Resampling.BICUBIC)
        place = (step * index + step // 2 - 4, rng.randrange(2, 12))
        picture.paste(Image.new("RGB", tile.size, (30, 40, 90)), place, tile)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
