"""A headless Chromium in the hands of the demo; `page.mjs` is its other half."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

CALL_SECONDS = 90.0
LINE_LIMIT = 256 * 1024 * 1024
"""Pictures come as text in one line."""
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


class BrowserFailed(Exception):
    """The browser could not do what it was told."""


def find_browser(cache: Path) -> tuple[str, str] | None:
    """Return (Chromium, folder of playwright-core), or None where one is missing."""
    chromium = next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)
    folder = cache / "browser"
    if not chromium or not shutil.which("node"):
        return None
    if not (folder / "node_modules" / "playwright-core").exists():
        return None
    return chromium, str(folder)


class Browser:
    """One browser window."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, cache: Path, logs: Path, base: str, tokens: dict[str, Any], *, webrtc: bool
    ) -> AsyncIterator[Browser]:
        """Start it, signed in."""
        found = find_browser(cache)
        if found is None:
            raise BrowserFailed(
                "Chromium, Node.js or playwright-core is missing (scripts/setup demo)"
            )
        env = {**os.environ, "CHROMIUM": found[0], "PLAYWRIGHT_HOME": found[1]}
        with (logs / "browser.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                "node",
                str(Path(__file__).with_name("page.mjs")),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=env,
                limit=LINE_LIMIT,
                start_new_session=True,
            )
        browser = cls(process)
        try:
            shown = {key: tokens[key] for key in ("access_token", "refresh_token")}
            await browser.call("start", base=base, tokens=shown, webrtc=webrtc)
            yield browser
        finally:
            await browser._stop()

    async def call(self, op: str, **details: Any) -> Any:
        """Have `page.mjs` do one operation and return its result."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"op": op, **details}).encode() + b"\n")
        async with asyncio.timeout(CALL_SECONDS + details.get("seconds", 0)):
            line = await self._process.stdout.readline()
        if not line:
            raise BrowserFailed("the browser ended")
        answer = json.loads(line)
        if "error" in answer:
            raise BrowserFailed(answer["error"])
        return answer["ok"]

    async def _stop(self) -> None:
        if self._process.returncode is None:
            try:
                await self.call("stop")
            except BrowserFailed, TimeoutError, OSError:
                self._process.kill()
        await self._process.wait()
