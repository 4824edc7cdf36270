"""HTTPS through the gate: no redirects, no compression, no cookies, capped bodies.

Every answer is untrusted (design/security.md T12, T13): a redirect could carry the account token
elsewhere and 292 kB of gzip can become 300 MB.
"""

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp
from multidict import CIMultiDict

from ..errors import CloudUnreachable, NetworkBlocked
from .addresses import Scope, scope_of
from .policy import Purpose
from .resolver import PublicResolver

if TYPE_CHECKING:
    from .gate import Gate

MAX_BODY: Final = 4 * 1024 * 1024
"""Default cap of an answer; the largest known (a device list of a big home) is below 1 MB."""
TIMEOUT: Final = 20.0
"""Default seconds for a whole exchange."""
_CONNECT_TIME: Final = 10.0
_MAX_CONNECTIONS: Final = 8
_CHUNK: Final = 65_536
_OK_ENCODINGS: Final = ("", "identity")


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A whole answer; header names compare without regard to case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GatedHttp:
    """The client's only HTTP client; made by the gate."""

    def __init__(self, gate: Gate, resolver: PublicResolver) -> None:
        self._gate = gate
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def post(
        self,
        url: str,
        *,
        purpose: Purpose,
        headers: Mapping[str, str],
        body: bytes,
        max_bytes: int = MAX_BODY,
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - the deadline is part of the exchange
    ) -> HttpAnswer:
        """Send `body` and return the answer, whatever its status below 300 or from 400.

        Raises `NetworkBlocked` before DNS for anything the gate does not admit, and
        `CloudUnreachable` for no answer in time, a redirect, a compressed or an oversize body.
        """
        return await self._exchange(
            "POST",
            url,
            purpose=purpose,
            headers=headers,
            body=body,
            max_bytes=max_bytes,
            seconds=timeout,
        )

    async def get(
        self,
        url: str,
        *,
        purpose: Purpose,
        headers: Mapping[str, str],
        max_bytes: int = MAX_BODY,
        timeout: float = TIMEOUT,  # noqa: ASYNC109 - the deadline is part of the exchange
    ) -> HttpAnswer:
        """Fetch `url`; see `post`."""
        return await self._exchange(
            "GET",
            url,
            purpose=purpose,
            headers=headers,
            body=None,
            max_bytes=max_bytes,
            seconds=timeout,
        )

    async def close(self) -> None:
        """Close the connections; the next request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _exchange(
        self,
        method: str,
        url: str,
        *,
        purpose: Purpose,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        seconds: float,
    ) -> HttpAnswer:
        host = self._gate.check_cloud(url, purpose)
        target, extra = self._gate.redirect(url)
        scope = Scope.LOOPBACK if self._gate.override else Scope.INTERNET
        flow = self._gate.flow(purpose, host, scope=scope, protocol="https", port=443)
        flow.connections += 1
        flow.bytes_out += len(body or b"")
        sent: CIMultiDict[str] = CIMultiDict(headers)
        sent["Accept-Encoding"] = "identity"
        sent.update(extra)
        try:
            async with (
                asyncio.timeout(seconds),
                self._open_session().request(
                    method, target, data=body, headers=sent, allow_redirects=False
                ) as response,
            ):
                if 300 <= response.status < 400:
                    flow.blocked += 1
                    raise CloudUnreachable("the cloud answered with a redirect", response.status)
                content = await _read(response, max_bytes)
                flow.bytes_in += len(content)
                return HttpAnswer(response.status, response.headers, content)
        except NetworkBlocked:
            flow.blocked += 1
            raise
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # The cause may name the URL; its kind is enough to go on.
            raise CloudUnreachable(f"no usable answer ({type(error).__name__})") from None

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=_MAX_CONNECTIONS,
                    resolver=self._resolver,
                    socket_factory=self._make_socket,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(sock_connect=_CONNECT_TIME),
                skip_auto_headers=("User-Agent",),
            )
        return self._session

    def _make_socket(self, info: Any) -> socket.socket:
        """Make the socket of a connection; the last look at the address before it is used."""
        family, kind, protocol, _, address = info
        wanted = Scope.LOOPBACK if self._gate.override else Scope.INTERNET
        if scope_of(str(address[0])) is not wanted:
            raise NetworkBlocked("blocked: the address is not admitted")
        return socket.socket(family, kind, protocol)


async def _read(response: aiohttp.ClientResponse, max_bytes: int) -> bytes:
    """Read the body up to `max_bytes`. Raises `CloudUnreachable` beyond, or when compressed."""
    if response.headers.get("Content-Encoding", "").strip().lower() not in _OK_ENCODINGS:
        raise CloudUnreachable("the answer is compressed although that was declined")
    if (response.content_length or 0) > max_bytes:
        raise CloudUnreachable("the answer is too large")
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > max_bytes:
            raise CloudUnreachable("the answer is too large")
    return bytes(body)
