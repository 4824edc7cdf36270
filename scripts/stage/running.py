"""Everything that the demo runs, started in order and stopped in reverse."""

import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from .api import HomeApi
from .go2rtc import find_go2rtc, start_go2rtc
from .home import onboard, start_home, write_configuration
from .processes import Program, free_port
from .simulator import SimulatedHome

PREFERRED_PORT = 18123
"""Not Home Assistant's own 8123, so that the demo can run beside a real one."""


@dataclass(frozen=True, slots=True)
class Options:
    """What to start."""

    root: Path
    """The project."""
    cache: Path
    """Where set-up put footage, browser and go2rtc."""
    folder: Path
    """Home Assistant's configuration and the logs go here; emptied at the start."""
    media: Path | None
    challenge: str
    """What the simulated cloud asks for besides the password: none, captcha, code, both."""
    use_go2rtc: bool
    port: int


@dataclass(frozen=True, slots=True)
class Running:
    """The running demo."""

    options: Options
    simulator: SimulatedHome
    home: Program
    api: HomeApi
    base: str
    tokens: dict[str, Any]
    webrtc: bool
    """Whether go2rtc is there, so that pages play WebRTC."""

    @property
    def logs(self) -> Path:
        """Folder of the logs."""
        return self.options.folder / "logs"

    @property
    def configuration(self) -> Path:
        """Home Assistant's configuration folder."""
        return self.options.folder / "home-assistant"


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Running]:
    """Start simulator, go2rtc and Home Assistant, onboarded; stop them again at the end."""
    shutil.rmtree(options.folder, ignore_errors=True)
    logs = options.folder / "logs"
    logs.mkdir(parents=True)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        simulator = await SimulatedHome.start(
            options.root, logs, http, options.media, options.challenge
        )
        stack.push_async_callback(simulator.program.stop)
        began = _told("simulated HomeBase, cameras and cloud", None)
        go2rtc_url = None
        if options.use_go2rtc and (found := find_go2rtc(options.cache)):
            go2rtc, go2rtc_url = await start_go2rtc(found, options.folder, logs, http)
            stack.push_async_callback(go2rtc.stop)
            began = _told("go2rtc", began)
        port = free_port(options.port)
        configuration = options.folder / "home-assistant"
        base = write_configuration(configuration, options.root, port, go2rtc_url)
        home = await start_home(
            configuration,
            root=options.root,
            logs=logs,
            base=base,
            override=simulator.override,
            http=http,
        )
        stack.push_async_callback(home.stop)
        tokens = await onboard(base, http)
        _told("Home Assistant", began)
        api = await stack.enter_async_context(HomeApi.signed_in(base, http, tokens["access_token"]))
        yield Running(options, simulator, home, api, base, tokens, go2rtc_url is not None)


def _told(what: str, began: float | None) -> float:
    now = time.perf_counter()
    took = f" ({now - began:.1f} s)" if began else ""
    print(f"started: {what}{took}", flush=True)
    return now
