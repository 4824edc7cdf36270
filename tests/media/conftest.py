"""A server with one camera, ready to be played."""

import contextlib
import dataclasses

import pytest

from custom_components.eufy_local.eufy.media.live import LiveStream
from custom_components.eufy_local.eufy.media.rtsp.server import RtspServer, new_token
from custom_components.eufy_local.eufy.media.states import StreamTimes
from custom_components.eufy_local.eufy.net.gate import Gate

from .clips import clip
from .eyes import FAST
from .sources import ClipSource

NAME = "T8160P0000000001"
QUICK = StreamTimes(
    linger=0.3,
    open=5.0,
    first_picture=2.0,
    silence=1.0,
    close=1.0,
    audio=0.5,
    retry=(0.05,),
    attempts=3,
    stable=5.0,
    cool_down=0.1,
)


@dataclasses.dataclass
class Stage:
    """A running server, one camera in it, and what the camera is."""

    server: RtspServer
    live: LiveStream
    source: object

    @property
    def url(self) -> str:
        return self.server.url(NAME)


@pytest.fixture
async def staged(socket_enabled):
    """Give a function that sets a stage; everything is taken down at the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(source=None, *, times=QUICK, **options) -> Stage:
            gate = Gate()
            stack.push_async_callback(gate.close)
            server = RtspServer(gate, token=new_token())
            await server.start()
            source = source or ClipSource(clip())
            live = LiveStream(NAME, source, times=times, **options)
            stack.push_async_callback(live.close)
            stack.push_async_callback(server.stop)
            server.add(NAME, live)
            return Stage(server, live, source)

        yield make


@pytest.fixture
async def stream():
    """Give a function that makes streams; all are closed at the end."""
    made = []

    def make(source, **options) -> LiveStream:
        made.append(LiveStream("camera", source, **({"times": FAST} | options)))
        return made[-1]

    yield make
    for live in made:
        await live.close()
