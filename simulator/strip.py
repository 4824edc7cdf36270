"""The code strip burned into every picture: which scene and which frame is this?

Bottom left, 19 cells of 1/45 of the height: white, black, 4 bits scene, 12 bits frame number,
parity (design/test-media.md §4). It survives encoding, scaling and screenshots, so a test can
say which frame it sees, how late it is, and that it is really that camera.
"""

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageDraw

type Plane = NDArray[np.uint8]

BITS = 16
"""4 of the scene and 12 of the frame."""
FRAME_BITS = 12
ROWS = 45
"""The strip's unit is the picture's height divided by this."""
_DARK, _BRIGHT, _MIDDLE = 16, 235, 125


def cells_of(scene: int, frame: int) -> list[int]:
    """The 19 cells, 1 = white."""
    code = (scene & 0xF) << FRAME_BITS | frame & 0xFFF
    return [1, 0, *(code >> bit & 1 for bit in reversed(range(BITS))), code.bit_count() & 1]


def read_code(luma: Plane) -> tuple[int, int] | None:
    """(scene, frame) from a decoded picture's grey plane of any size; None where unreadable."""
    unit = luma.shape[0] / ROWS
    row = int((ROWS - 1.5) * unit)
    if luma.shape[1] < (BITS + 4) * unit:
        return None
    cells = [int(luma[row, int((1.5 + i) * unit)] > _MIDDLE) for i in range(BITS + 3)]
    code = sum(bit << place for place, bit in enumerate(reversed(cells[2:-1])))
    if cells[:2] != [1, 0] or code.bit_count() & 1 != cells[-1]:
        return None
    return code >> FRAME_BITS, code & 0xFFF


def burn_in(frame: VideoFrame, scene: int, number: int, text: str) -> None:
    """Draw clock text (top left) and strip (bottom left) into a YUV picture."""
    plane = frame.planes[0]
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    unit = frame.height // ROWS
    label = Image.new("L", (unit * 34, unit * 2), _DARK)
    ImageDraw.Draw(label).text((unit // 2, unit // 4), text, _BRIGHT, font_size=unit * 3 // 2)
    luma[unit : unit * 3, unit : unit * 35] = np.asarray(label)
    cells = cells_of(scene, number)
    shades = np.array([_DARK, _BRIGHT], np.uint8)[cells]
    bottom = frame.height - 2 * unit
    luma[bottom : bottom + unit, unit : unit * (1 + len(cells))] = np.repeat(shades, unit)
