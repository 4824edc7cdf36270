"""The simulated home as the demo sees it: a process and its control address."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from .processes import Program

READY_SECONDS = 120.0
"""Without fetched footage it first encodes a synthetic picture for each camera."""


@dataclass(frozen=True, slots=True)
class SimulatedHome:
    """A running simulator."""

    program: Program
    http: aiohttp.ClientSession
    control: str
    override: str
    """What the client needs to find it: the value of EUFY_LOCAL_SIMULATOR."""
    email: str
    password: str
    cameras: dict[str, str]
    """Camera key to serial."""

    @classmethod
    async def start(
        cls, root: Path, logs: Path, http: aiohttp.ClientSession, media: Path | None, challenge: str
    ) -> SimulatedHome:
        """Start it; StartFailed when it does not get ready."""
        command: list[str | Path] = [sys.executable, "-m", "simulator", "run"]
        command += ["--challenge", challenge]
        if media:
            command += ["--media", media]
        program = await Program.start(
            "simulator", command, log=logs / "simulator.log", cwd=root, read_output=True
        )
        try:
            ready = json.loads(await program.line(READY_SECONDS))
        except BaseException:
            await program.stop()
            raise
        program.log_rest()
        account = ready["account"]
        return cls(
            program=program,
            http=http,
            control=ready["control"],
            override=ready["override"],
            email=account["email"],
            password=account["password"],
            cameras=ready["cameras"],
        )

    async def get(self, path: str, **query: str | int) -> Any:
        """Return the JSON of a control call."""
        async with self.http.get(f"{self.control}/{path}", params=query) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def post(self, path: str, **body: Any) -> Any:
        """Return the JSON of a control call that changes something."""
        async with self.http.post(f"{self.control}/{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def picture(self, camera: str, frame: int) -> bytes:
        """Return the source picture of one frame of a camera, as PNG."""
        query: dict[str, str | int] = {"camera": camera, "frame": frame}
        async with self.http.get(f"{self.control}/picture", params=query) as answer:
            answer.raise_for_status()
            return await answer.read()
