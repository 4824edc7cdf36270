"""Waiting for something to become true, with a limit."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    """Let the loop run until `condition()` is true; raise `TimeoutError` if it never is."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  (the condition has no event of its own)
            await asyncio.sleep(0.005)
