"""Name resolution for cloud hosts: an answer that points into the home is refused.

DNS rebinding, a mistaken split-horizon zone or a hostile name server could otherwise aim the
client's requests (and its token) at a device of the LAN (design/security.md T12).
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Final, override

from aiohttp.abc import AbstractResolver, ResolveResult

from ..errors import NetworkBlocked
from .addresses import Scope, scope_of

type Resolve = Callable[[str], Awaitable[list[str]]]

_MAX_ADDRESSES: Final = 16


async def resolve_with_system(host: str) -> list[str]:
    """Return the addresses of `host` from the system's resolver. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    answers = await loop.getaddrinfo(
        host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
    )
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class PublicResolver(AbstractResolver):
    """Gives aiohttp public addresses only."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    async def addresses(self, host: str) -> list[str]:
        """Return the addresses of `host`.

        Raises `NetworkBlocked` when any of them is not public (a mixed answer is the mark of
        rebinding) and `OSError` when there is none.
        """
        found = (await self._resolve(host))[:_MAX_ADDRESSES]
        if not found:
            raise OSError("the host has no address")
        if any(scope_of(address) is not Scope.INTERNET for address in found):
            raise NetworkBlocked("blocked: a cloud host resolved to a private address")
        return found

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self.addresses(host)
        ]

    @override
    async def close(self) -> None:
        """Nothing is held."""
