"""Pictures: the strip that tells scene and frame, and how alike two pictures are."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

type Grey = npt.NDArray[np.uint8]

STRIP_UNITS = 45
"""The strip's cells are 1/45 of the picture's height, two units above the lower edge."""
CODE_BITS = 16
"""Four of the scene, twelve of the frame; before them a white and a black cell, after them parity."""
COMPARE_SIZE = (96, 54)
"""Small enough to forget encoder noise, large enough to tell people apart."""


@dataclass(frozen=True, slots=True)
class Code:
    """What the strip of one picture says."""

    scene: int
    frame: int


def grey_of(data: bytes) -> Grey:
    """Return the grey plane of a PNG or JPEG."""
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("L"))


def read_code(grey: Grey) -> Code | None:
    """Return scene and frame number of a picture of any size; None where no strip can be read."""
    unit = grey.shape[0] / STRIP_UNITS
    row = grey[int((STRIP_UNITS - 1.5) * unit)]
    cells = [bool(row[int((1.5 + cell) * unit)] > 125) for cell in range(CODE_BITS + 3)]
    code = sum(bit << place for place, bit in enumerate(reversed(cells[2:-1])))
    if cells[:2] != [True, False] or bool(code.bit_count() & 1) != cells[-1]:
        return None
    return Code(code >> 12, code & 4095)


def difference(first: bytes | Grey, second: bytes | Grey) -> float:
    """Return the mean difference of two pictures' brightness, 0 (same) to 255.

    The strips are cut off: their text and cells would make two frames of one scene look different
    and two scenes alike.
    """
    small = []
    for picture in (first, second):
        grey = grey_of(picture) if isinstance(picture, bytes) else picture
        unit = grey.shape[0] / STRIP_UNITS
        inner = grey[int(4 * unit) : int(41 * unit)]
        resized = Image.fromarray(inner).resize(COMPARE_SIZE, Image.Resampling.BOX)
        small.append(np.asarray(resized, dtype=np.int16))
    return float(np.abs(small[0] - small[1]).mean())
