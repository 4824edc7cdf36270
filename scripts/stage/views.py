"""Proof that what a page plays is what the simulated cameras sent."""

import base64
import itertools
from dataclasses import dataclass
from typing import Any

from .browser import Browser
from .dashboard import CameraEntities
from .pictures import Code, Grey, difference, grey_of, read_code
from .proofs import NotProven
from .simulator import SimulatedHome

SAMPLES = 8
DISTINCT = 5
"""So many different frames must be among the samples: the picture moves."""
SAME = 6.0
"""Mean difference of brightness up to which two pictures are the same one, encoder noise included."""
PLAYERS = {"ha-web-rtc-player": "WebRTC", "ha-hls-player": "HLS"}


@dataclass(frozen=True, slots=True)
class View:
    """A proven live view."""

    player: str
    first_ms: int
    size: tuple[int, int]
    sound: bool
    frames: tuple[int, ...]
    difference: float
    """Worst mean difference to the source picture of the same frame, of 255."""
    others: float
    """Least mean difference to another camera's picture, of 255."""

    def __str__(self) -> str:
        """Say it in one line."""
        width, height = self.size
        return (
            f"{self.player}, first picture after {self.first_ms / 1000:.2f} s, {width}x{height}"
            f"{', with sound' if self.sound else ''}, frames {self.frames[0]} to {self.frames[-1]}, "
            f"difference to the source {self.difference:.1f} of 255 (to other cameras {self.others:.0f})"
        )


async def watch(
    browser: Browser, path: str, cameras: list[CameraEntities], seconds: float
) -> dict[str, dict[str, Any]]:
    """Open a page and sample the live views on it; by camera key."""
    await browser.call("open", path=path)
    entities = {camera.camera: camera.key for camera in cameras}
    seen = await browser.call("videos", entities=list(entities), samples=SAMPLES, seconds=seconds)
    videos = {entities[entity]: video for entity, video in seen["videos"].items()}
    if not videos:
        errors = await browser.call("errors")
        raise NotProven(f"no video on the page; it says {seen['alerts']}, errors {errors[:3]}")
    return videos


async def prove_view(
    simulator: SimulatedHome, key: str, others: list[str], video: dict[str, Any] | None, player: str
) -> View:
    """Compare the samples of one live view with the simulator's source pictures."""
    if video is None:
        raise NotProven("no video of this camera on the page")
    shown = PLAYERS.get(video["player"], video["player"])
    if shown != player:
        raise NotProven(f"{shown} played it, not {player}")
    pictures = [grey_of(base64.b64decode(sample["png"])) for sample in video["samples"]]
    codes = [(code, picture) for picture in pictures if (code := read_code(picture))]
    if len({code for code, _ in codes}) < DISTINCT:
        raise NotProven(f"only {len({code for code, _ in codes})} different frames were seen")
    prove_order([code for code, _ in codes])
    worst = 0.0
    for code, picture in codes:
        source = await simulator.picture(key, code.frame)
        if (true := read_code(grey_of(source))) != code:
            raise NotProven(f"the page shows {code}, the source of that frame is {true}")
        worst = max(worst, difference(picture, source))
    first_code, first_picture = codes[0]
    other = await _nearest_other(simulator, others, first_code, first_picture)
    if worst > SAME or other <= worst:
        raise NotProven(
            f"the pictures differ from the source by {worst:.1f}, from other cameras by {other:.1f}"
        )
    width, height = video["size"]
    frames = tuple(code.frame for code, _ in codes)
    return View(shown, video["first_ms"], (width, height), video["sound"], frames, worst, other)


def prove_order(codes: list[Code]) -> None:
    """Frame numbers of one scene go forward; a loop of the footage may begin again once or twice."""
    if len({code.scene for code in codes}) != 1:
        seen = [(code.scene, code.frame) for code in codes]
        raise NotProven(f"frames of different scenes in one view: {seen}")
    steps = [after.frame - before.frame for before, after in itertools.pairwise(codes)]
    if sum(step < 0 for step in steps) > 2 or not any(step > 0 for step in steps):
        raise NotProven(f"frame numbers do not go forward: {[code.frame for code in codes]}")


async def _nearest_other(
    simulator: SimulatedHome, others: list[str], code: Code, picture: Grey
) -> float:
    found = [difference(picture, await simulator.picture(other, code.frame)) for other in others]
    return min(found, default=255.0)
