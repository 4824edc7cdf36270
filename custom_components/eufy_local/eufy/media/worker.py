"""The parent's side of `child.py`: a process that may die without doing harm (security.md T8)."""

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Final

from ..errors import FrameRefused, MediaError

_LOGGER: Final = logging.getLogger(__name__)

ANSWER_SECONDS: Final = 10.0
"""For one answer, a start of the process included: decoding takes 0.1 s, a start on a small
board under load some seconds."""
IDLE_SECONDS: Final = 30.0
"""A process that is not asked anything for so long is ended; it holds 60 MB."""
MAX_ANSWERS: Final = 100
"""Answers before a process is replaced, so that nothing that leaks or lingers in it matters."""
MAX_ANSWER_BYTES: Final = 16 << 20
MAX_WAITING: Final = 16
"""Requests that wait for their turn; a picture per camera of the largest station."""


class WorkerFailed(MediaError):
    """The process that decodes died or took too long."""

    key = "decoder_failed"


class Worker:
    """Asks a child process, one request after the other; starts and replaces it as needed."""

    def __init__(self, *, answer: float = ANSWER_SECONDS, idle: float = IDLE_SECONDS) -> None:
        self._answer_seconds = answer
        self._idle_seconds = idle
        self._process: asyncio.subprocess.Process | None = None
        self._answers = 0
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._idle: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The process id while there is a process."""
        return self._process.pid if self._process else None

    async def ask(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        """Return the child's answer and its payload.

        Raises `FrameRefused` when the child could not do it with these bytes, `WorkerFailed` when
        the process died, took more than `answer` seconds or too many others wait.
        """
        if self._waiting >= MAX_WAITING:
            raise WorkerFailed("too many pictures wait to be decoded")
        self._waiting += 1
        try:
            async with self._lock:
                return await self._ask(request, data)
        finally:
            self._waiting -= 1

    async def _ask(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        if self._idle is not None:
            self._idle.cancel()
        done = False
        try:
            async with asyncio.timeout(self._answer_seconds):
                result, payload = await self._exchange(request, data)
            done = True
        except (OSError, EOFError, ValueError, TypeError, TimeoutError) as error:
            raise WorkerFailed(f"the decoder failed: {type(error).__name__}") from error
        finally:
            self._answers += 1
            if not done or self._answers >= MAX_ANSWERS:
                await self._end()
            else:
                loop = asyncio.get_running_loop()
                self._idle = loop.call_later(self._idle_seconds, self._end_idle)
        if "error" in result:
            raise FrameRefused(f"cannot be decoded: {result['error']}")
        return result, payload

    async def _exchange(self, request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
        if self._process is None:
            self._process = await _start()
            self._answers = 0
        source, sink = self._process.stdout, self._process.stdin
        if source is None or sink is None:
            raise EOFError
        line = json.dumps(request).encode() + b"\n"
        sink.write((len(line) + len(data)).to_bytes(4) + line)
        sink.write(data)
        await sink.drain()
        size = int.from_bytes(await source.readexactly(4))
        if size > MAX_ANSWER_BYTES:
            raise ValueError("an answer without measure")
        head, _, payload = (await source.readexactly(size)).partition(b"\n")
        result = json.loads(head)
        return dict(result), payload

    def _end_idle(self) -> None:
        task = asyncio.get_running_loop().create_task(self._end_unless_busy())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end_unless_busy(self) -> None:
        if not self._lock.locked():
            async with self._lock:
                await self._end()

    async def close(self) -> None:
        """End the process; a later request starts another one."""
        async with self._lock:
            await self._end()

    async def _end(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _start() -> asyncio.subprocess.Process:
    loop = asyncio.get_running_loop()
    command = await loop.run_in_executor(None, _command)
    return await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
        cwd="/",
        limit=MAX_ANSWER_BYTES,
    )


def _command() -> list[str]:
    """Return how to start the child: isolated, but with av where this interpreter has it."""
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        raise OSError("the av package is missing")
    child = Path(__file__).with_name("child.py")
    packages = Path(spec.origin).parent.parent
    start = (
        "import runpy, sys; "
        f"sys.path.append({str(packages)!r}); "
        f"runpy.run_path({str(child)!r}, run_name='__main__')"
    )
    return [sys.executable, "-I", "-c", start]


def _environment() -> dict[str, str]:
    """Keep what the loader may need and nothing else: no tokens, no proxies."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
