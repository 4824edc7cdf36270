"""The proofs themselves: each can fail."""

import io

import numpy as np
import pytest
from PIL import Image

from scripts.stage.pictures import Code, Grey, difference, grey_of, read_code
from scripts.stage.proofs import NotProven, Proofs
from scripts.stage.views import prove_order

SIZE = (1080, 1920)


def _picture(code: Code | None, seed: int = 0) -> Grey:
    """A picture of big soft blobs with the strip burned in as the footage has it."""
    blobs = np.random.default_rng(seed).integers(40, 215, (6, 10), dtype=np.uint8)
    large = Image.fromarray(blobs).resize(SIZE[::-1], Image.Resampling.BICUBIC)
    grey = np.array(large)
    if code:
        unit = SIZE[0] // 45
        word = code.scene << 12 | code.frame
        cells = [1, 0, *(word >> bit & 1 for bit in reversed(range(16))), word.bit_count() & 1]
        values = np.array([16, 235], np.uint8)[cells]
        grey[-2 * unit : -unit, unit : unit * (1 + len(cells))] = np.repeat(values, unit)
    return grey


def _resized(grey: Grey, height: int) -> Grey:
    return np.asarray(Image.fromarray(grey).resize((height * 16 // 9, height)))


@pytest.mark.parametrize("height", [1080, 720, 360, 180])
@pytest.mark.parametrize("code", [Code(0, 0), Code(2, 299), Code(15, 4095)])
def test_the_strip_is_read_at_any_size(code: Code, height: int) -> None:
    assert read_code(_resized(_picture(code), height)) == code


def test_a_picture_without_strip_has_no_code() -> None:
    assert read_code(np.zeros(SIZE, np.uint8)) is None


def test_the_same_picture_is_alike_at_another_size_and_as_jpeg() -> None:
    picture = _picture(Code(1, 7))
    written = io.BytesIO()
    Image.fromarray(_resized(picture, 360)).save(written, "JPEG", quality=70)
    assert difference(picture, grey_of(written.getvalue())) < 3


def test_another_picture_is_not_alike_whatever_its_strip_says() -> None:
    assert difference(_picture(Code(1, 7), seed=1), _picture(Code(1, 7), seed=2)) > 20


def test_frames_must_go_forward_but_footage_may_loop() -> None:
    prove_order([Code(1, frame) for frame in (290, 295, 2, 7)])
    with pytest.raises(NotProven, match="forward"):
        prove_order([Code(1, frame) for frame in (9, 8, 7, 6)])
    with pytest.raises(NotProven, match="forward"):
        prove_order([Code(1, 5)] * 6)


def test_frames_of_two_scenes_are_no_view_of_one_camera() -> None:
    with pytest.raises(NotProven, match="scenes"):
        prove_order([Code(1, 5), Code(2, 6)])


async def test_one_failed_proof_is_told_and_the_next_is_tried(
    capsys: pytest.CaptureFixture[str],
) -> None:
    proofs = Proofs()
    async with proofs.that("the moon is made of cheese"):
        raise NotProven("it is rock")
    async with proofs.that("one is one") as proof:
        proof.detail = "seen"
    assert (proofs.proven, proofs.failed) == (1, ["the moon is made of cheese"])
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("FAILED")
    assert told[0].endswith("the moon is made of cheese: NotProven: it is rock")
    assert told[1].startswith("proven")
