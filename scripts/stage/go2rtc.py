"""go2rtc beside Home Assistant, as Home Assistant OS has it."""

import asyncio
import json
import os
import shutil
from pathlib import Path

import aiohttp

from .processes import Program, StartFailed, free_port

READY_SECONDS = 10.0


def find_go2rtc(cache: Path) -> Path | None:
    """Return the program that set-up built, or one on PATH."""
    built = cache / "go2rtc" / "go2rtc"
    if os.access(built, os.X_OK):
        return built
    found = shutil.which("go2rtc")
    return Path(found) if found else None


async def start_go2rtc(
    program: Path, folder: Path, logs: Path, http: aiohttp.ClientSession
) -> tuple[Program, str]:
    """Start it on loopback and return it with the address for Home Assistant."""
    api, rtsp, webrtc = free_port(), free_port(), free_port()
    config = folder / "go2rtc.json"  # its configuration language takes JSON as well
    config.write_text(
        json.dumps(
            {
                "api": {"listen": f"127.0.0.1:{api}"},
                "rtsp": {"listen": f"127.0.0.1:{rtsp}"},
                # TCP on loopback only, and no STUN server: nothing goes further than this machine.
                "webrtc": {"listen": f"127.0.0.1:{webrtc}/tcp", "ice_servers": []},
                "log": {"level": "info"},
            }
        )
    )
    child = await Program.start(
        "go2rtc", [program, "-config", config], log=logs / "go2rtc.log", cwd=folder
    )
    url = f"http://127.0.0.1:{api}"
    try:
        async with asyncio.timeout(READY_SECONDS):
            while True:
                try:
                    async with http.get(f"{url}/api") as answer:
                        if answer.ok:
                            return child, url
                except aiohttp.ClientConnectionError:
                    if not child.running:
                        raise StartFailed(f"go2rtc ended: {child.last_words()}") from None
                await asyncio.sleep(0.05)
    except BaseException:
        await child.stop()
        raise
