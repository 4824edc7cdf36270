"""Programs that the demo starts, and stops again whatever happens."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

STOP_SECONDS = 20.0
"""Home Assistant writes its state when asked to stop; longer than that is a hang."""


class StartFailed(Exception):
    """A program ended, or said nothing, before it was ready."""


def free_port(preferred: int = 0) -> int:
    """Return a free loopback TCP port, the preferred one if it is free."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise StartFailed("no free port on loopback")


class Program:
    """One child process in a group of its own, with its output in a log file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process
        self._copy: asyncio.Task[None] | None = None

    @classmethod
    async def start(
        cls,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        read_output: bool = False,
    ) -> Self:
        """Start it; with `read_output` its standard output is for `line()`, else it is logged."""
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE if read_output else sink,
                stderr=sink,
                start_new_session=True,  # Ctrl-C is for us; we stop the children in order
            )
        return cls(name, process, log)

    async def line(self, seconds: float) -> str:
        """Return the next line of its standard output; StartFailed when none comes."""
        assert self._process.stdout
        try:
            async with asyncio.timeout(seconds):
                line = await self._process.stdout.readline()
        except TimeoutError:
            raise StartFailed(
                f"{self.name} said nothing for {seconds:.0f} s ({self.log})"
            ) from None
        if not line:
            raise StartFailed(f"{self.name} ended at once: {self.last_words()}")
        return line.decode()

    def log_rest(self) -> None:
        """Send further standard output to the log, so that the pipe never fills."""

        async def copy() -> None:
            assert self._process.stdout
            with self.log.open("ab") as sink:
                while data := await self._process.stdout.read(65536):
                    sink.write(data)

        self._copy = asyncio.create_task(copy())

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def last_words(self, lines: int = 3) -> str:
        """Return the end of its log."""
        return " | ".join(self.log.read_text(errors="replace").splitlines()[-lines:]) or "no output"

    async def ended(self) -> int:
        """Wait until it ends by itself and return its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to stop, and end it and all that it started when it does not."""
        if self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        if self.running:
            await self._process.wait()
        if self._copy:
            await self._copy
