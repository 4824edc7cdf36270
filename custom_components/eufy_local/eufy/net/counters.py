"""What went through the gate: one row per purpose and host, bounded."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, override

from .policy import Purpose

MAX_FLOWS: Final = 512
"""Rows kept. A home has tens; refused addresses can be sprayed by anyone on the LAN."""

OTHER_HOSTS: Final = "other"
"""The row that takes what no longer fits, one per purpose."""


@dataclass(slots=True)
class Flow:
    """The traffic for one purpose with one host. Bytes are payload bytes of the transport."""

    purpose: Purpose
    host: str
    scope: str
    protocol: str
    port: int
    connections: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    blocked: int = 0
    first_seen: float = 0.0
    last_seen: float = 0.0


class Counters(Mapping[tuple[Purpose, str], Flow]):
    """All flows since the start, by purpose and host."""

    def __init__(self) -> None:
        self._flows: dict[tuple[Purpose, str], Flow] = {}

    def flow(
        self,
        purpose: Purpose,
        host: str,
        now: float,
        *,
        scope: str = "",
        protocol: str = "",
        port: int = 0,
    ) -> Flow:
        """Return the row of `purpose` and `host`, made when it is new."""
        found = self._flows.get((purpose, host))
        if found is None:
            if len(self._flows) >= MAX_FLOWS:
                host, port, scope = OTHER_HOSTS, 0, ""
                found = self._flows.get((purpose, host))
            if found is None:
                found = Flow(purpose, host, scope, protocol, port, first_seen=now)
                self._flows[purpose, host] = found
        found.last_seen = now
        return found

    @property
    def blocked(self) -> int:
        """How often anything was refused."""
        return sum(flow.blocked for flow in self._flows.values())

    @override
    def __getitem__(self, key: tuple[Purpose, str]) -> Flow:
        return self._flows[key]

    @override
    def __iter__(self) -> Iterator[tuple[Purpose, str]]:
        return iter(self._flows)

    @override
    def __len__(self) -> int:
        return len(self._flows)
