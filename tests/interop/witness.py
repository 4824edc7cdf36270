"""Where the foreign clients are, and how their processes are run.

They are test-time tools in environments of their own (`scripts/setup witness`); nothing of them
is imported here.
"""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any, Self

import pytest

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
PYTHON = ROOT / ".venv-witness" / "bin" / "python"
NODE_PACKAGE = ROOT / ".venv-witness" / "node_modules" / "eufy-security-client"
NODE = shutil.which("node")

needs_python = pytest.mark.skipif(
    not PYTHON.exists(), reason="eufy-home-security is not installed (scripts/setup witness)"
)
needs_node = pytest.mark.skipif(
    NODE is None or not NODE_PACKAGE.exists(),
    reason="eufy-security-client or Node is not installed (scripts/setup witness)",
)

TIME = 60.0
"""Seconds a witness may take; a stall of the Python one alone lasts 4 s."""


async def run(*command: str | Path) -> dict[str, Any]:
    """Run a witness to its end and return the JSON line that it printed."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(TIME):
            out, err = await process.communicate()
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
    lines = out.decode().strip().splitlines()
    assert lines, f"the witness printed nothing: {err.decode()[-2000:]}"
    report: dict[str, Any] = json.loads(lines[-1])
    return report


async def run_python(want: dict[str, Any]) -> dict[str, Any]:
    """Let eufy-home-security visit a station."""
    return await run(PYTHON, HERE / "python_client.py", json.dumps(want))


async def run_node(want: dict[str, Any]) -> dict[str, Any]:
    """Let eufy-security-client visit a station."""
    assert NODE is not None
    return await run(NODE, HERE / "node_client.mjs", NODE_PACKAGE, json.dumps(want))


class PythonStation:
    """eufy-home-security's published fake station, as a process."""

    def __init__(self, **fields: Any) -> None:
        self._fields = fields
        self.identity: dict[str, Any] = {}
        self.received: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            str(PYTHON),
            str(HERE / "python_station.py"),
            json.dumps(self._fields),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(TIME):
            self.identity = json.loads(await self._process.stdout.readline())
        return self

    async def __aexit__(self, *_: object) -> None:
        async with asyncio.timeout(TIME):
            out, _err = await self._process.communicate(b"")
        self.received = json.loads(out.splitlines()[-1]) if out.strip() else {}
