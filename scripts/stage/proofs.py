"""Proofs: what was proven, how long it took, and what failed."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class NotProven(Exception):
    """What was to be proven does not hold; the text says what was seen instead."""


@dataclass(slots=True)
class Proof:
    """One statement in the making; `detail` is what the line says besides."""

    title: str
    detail: str = ""


@dataclass(slots=True)
class Proofs:
    """Collects proofs and prints one line for each."""

    proven: int = 0
    failed: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def that(self, title: str) -> AsyncIterator[Proof]:
        """Prove one statement: an exception inside fails it, and the next one is tried all the same."""
        proof = Proof(title)
        began = time.perf_counter()
        try:
            yield proof
        except Exception as error:  # whatever went wrong: it is not proven
            proof.detail = f"{type(error).__name__}: {error}"
            self.failed.append(title)
        else:
            self.proven += 1
        took = time.perf_counter() - began
        mark = "FAILED" if title in self.failed else "proven"
        print(
            f"{mark} {took:7.2f} s  {title}" + (f": {proof.detail}" if proof.detail else ""),
            flush=True,
        )
