"""A viewer that keeps everything it sees, and quick times for streams."""

from custom_components.eufy_local.eufy.media.states import (
    StreamTimes,
)
from custom_components.eufy_local.eufy.media.units import AudioUnit, VideoUnit

from .waiting import until

FAST = StreamTimes(
    linger=0.05,
    open=0.3,
    first_picture=0.3,
    silence=0.2,
    close=0.2,
    audio=0.2,
    retry=(0.02, 0.04),
    attempts=3,
    stable=0.5,
    cool_down=0.1,
)


class Eye:
    """A viewer that keeps everything."""

    def __init__(self, asked_by: str = "test") -> None:
        self.asked_by = asked_by
        self.units = []
        self.error = None

    def receive(self, unit):
        self.units.append(unit)

    def closed(self, error):
        self.error = error

    @property
    def pictures(self):
        return [unit for unit in self.units if isinstance(unit, VideoUnit)]

    @property
    def sounds(self):
        return [unit for unit in self.units if isinstance(unit, AudioUnit)]


async def start(live, source, eye=None):
    eye = eye or Eye()
    live.attach(eye)
    await until(lambda: source.sink)
    return eye
