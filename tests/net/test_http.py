"""HTTP answers are untrusted: redirects, bombs, slow bodies, rebinding."""

import asyncio
import gzip
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from custom_components.eufy_local.eufy.errors import CloudUnreachable, NetworkBlocked
from custom_components.eufy_local.eufy.net import (
    CloudMode,
    Gate,
    LoopbackOverride,
    Purpose,
    Scope,
)
from custom_components.eufy_local.eufy.net.resolver import resolve_with_system

URL = "https://mega-eu-pr.eufy.com/passport/login?x=1"
HOST = "mega-eu-pr.eufy.com"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Cloud:
    """A cloud on loopback with one handler."""

    def __init__(self) -> None:
        self.seen: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.handler: Handler = self.hello
        self.gate: Gate

    async def hello(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"hello", headers={"X-Answer": "1"})

    async def serve(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(request)
        self.bodies.append(await request.read())
        return await self.handler(request)


@pytest.fixture
async def cloud(socket_enabled: None) -> AsyncIterator[Cloud]:
    made = Cloud()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.serve)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    made.gate = Gate(
        CloudMode.FULL,
        LoopbackOverride(f"http://127.0.0.1:{port}", "04", ("127.255.255.255", 32108)),
    )
    yield made
    await made.gate.close()
    await runner.cleanup()


async def test_post_and_get(cloud: Cloud) -> None:
    http = cloud.gate.http
    answer = await http.post(
        URL,
        purpose=Purpose.LOGIN,
        headers={"X-Auth": "t", "accept-encoding": "gzip"},
        body=b"body",
    )
    assert (answer.status, answer.body, answer.headers["x-answer"]) == (200, b"hello", "1")
    (request,) = cloud.seen
    assert request.path_qs == "/passport/login?x=1"
    assert request.headers["X-Simulated-Host"] == HOST
    assert request.headers["X-Auth"] == "t"
    assert request.headers["Accept-Encoding"] == "identity"
    assert "User-Agent" not in request.headers
    assert cloud.bodies == [b"body"]
    answer = await http.get(URL, purpose=Purpose.KEYS, headers={})
    assert answer.body == b"hello"
    login = cloud.gate.counters[Purpose.LOGIN, HOST]
    assert (login.connections, login.bytes_out, login.bytes_in) == (1, 4, 5)
    assert cloud.gate.counters[Purpose.KEYS, HOST].connections == 1


@pytest.mark.parametrize("status", [200, 400, 401, 404, 500, 503])
async def test_every_other_status_is_an_answer(cloud: Cloud, status: int) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, body=b"{}")

    cloud.handler = respond
    answer = await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    assert (answer.status, answer.body) == (status, b"{}")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_refused_and_counted(cloud: Cloud, status: int) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "https://evil.example/"})

    cloud.handler = respond
    with pytest.raises(CloudUnreachable, match="redirect"):
        await cloud.gate.http.post(URL, purpose=Purpose.LOGIN, headers={}, body=b"")
    assert len(cloud.seen) == 1
    assert cloud.gate.counters[Purpose.LOGIN, HOST].blocked == 1


async def test_cookies_are_not_kept(cloud: Cloud) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(headers={"Set-Cookie": "id=1; Path=/"})

    cloud.handler = respond
    for _ in range(2):
        await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    assert "Cookie" not in cloud.seen[1].headers


async def test_a_compressed_bomb_is_not_unpacked(cloud: Cloud) -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)

    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bomb, headers={"Content-Encoding": "gzip"})

    cloud.handler = respond
    tracemalloc.start()
    with pytest.raises(CloudUnreachable, match="compressed"):
        await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


async def test_a_declared_oversize_body_is_refused_at_once(cloud: Cloud) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(2000))

    cloud.handler = respond
    with pytest.raises(CloudUnreachable, match="too large"):
        await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={}, max_bytes=1999)
    answer = await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={}, max_bytes=2000)
    assert len(answer.body) == 2000


async def test_an_endless_body_is_cut(cloud: Cloud) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(65536))

    cloud.handler = respond
    tracemalloc.start()
    with pytest.raises(CloudUnreachable, match="too large"):
        await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 1024 * 1024


async def test_a_slow_body_ends_with_the_deadline(cloud: Cloud) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(100):
            await response.write(b"x")
            await asyncio.sleep(0.05)
        return response

    cloud.handler = respond
    loop = asyncio.get_running_loop()
    begin = loop.time()
    with pytest.raises(CloudUnreachable):
        await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={}, timeout=0.3)
    assert loop.time() - begin < 1.0


async def test_a_broken_answer(cloud: Cloud) -> None:
    async def respond(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    cloud.handler = respond
    with pytest.raises(CloudUnreachable) as caught:
        await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    assert HOST not in str(caught.value)
    assert "127.0.0.1" not in str(caught.value)


async def test_a_refused_host_is_not_looked_up() -> None:
    async def never(host: str) -> list[str]:
        raise AssertionError("a name was looked up")

    gate = Gate(CloudMode.FULL, resolve=never)
    for url in ("https://evil.example/", "http://mega-eu-pr.eufy.com/", "https://10.0.0.1/"):
        with pytest.raises(NetworkBlocked):
            await gate.http.get(url, purpose=Purpose.KEYS, headers={})
    off = Gate(CloudMode.OFF, resolve=never)
    with pytest.raises(NetworkBlocked):
        await off.http.post(URL, purpose=Purpose.LOGIN, headers={}, body=b"")


@pytest.mark.parametrize(
    "addresses",
    [
        ["10.0.0.1"],
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["0.0.0.0"],
        ["::1"],
        ["::ffff:192.168.1.1"],
        ["64:ff9b::c0a8:101"],
        ["34.1.2.3", "192.168.1.1"],
    ],
)
async def test_a_cloud_host_with_a_private_address_is_refused(addresses: list[str]) -> None:
    async def rebound(host: str) -> list[str]:
        return addresses

    gate = Gate(resolve=rebound)
    with pytest.raises(NetworkBlocked):
        await gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    assert gate.counters[Purpose.KEYS, HOST].blocked == 1
    await gate.close()


async def test_the_address_is_looked_at_once_more_before_connecting(
    socket_enabled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def public(host: str) -> list[str]:
        return ["34.1.2.3"]

    gate = Gate(resolve=public)
    # Whatever the resolver may have handed out, the socket of a private address is never made.
    monkeypatch.setattr(gate._resolver, "addresses", lambda host: asyncio.sleep(0, ["192.168.1.1"]))
    with pytest.raises(NetworkBlocked):
        await gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    await gate.close()


@pytest.mark.parametrize("answer", [[], None])
async def test_a_host_without_an_address(answer: list[str] | None) -> None:
    async def none(host: str) -> list[str]:
        if answer is None:
            raise OSError("no DNS")
        return answer

    gate = Gate(resolve=none)
    with pytest.raises(CloudUnreachable):
        await gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    await gate.close()


async def test_tls_is_verified(socket_enabled: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server without the right certificate is refused, although it answers."""
    handshakes: list[bytes] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handshakes.append(await reader.read(3))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    async def public(host: str) -> list[str]:
        return ["34.1.2.3"]

    gate = Gate(resolve=public)
    monkeypatch.setattr(gate._resolver, "addresses", lambda host: asyncio.sleep(0, ["127.0.0.1"]))
    monkeypatch.setattr(
        "custom_components.eufy_local.eufy.net.http.scope_of", lambda address: Scope.INTERNET
    )
    monkeypatch.setattr(gate, "redirect", lambda url: (url.replace(HOST, f"{HOST}:{port}"), {}))
    with pytest.raises(CloudUnreachable):
        await gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    assert handshakes == [b"\x16\x03\x01"]  # a TLS client hello, nothing of the request
    await gate.close()
    server.close()


async def test_system_resolver_finds_loopback_names(socket_enabled: None) -> None:
    assert "127.0.0.1" in await resolve_with_system("localhost")


async def test_the_client_can_be_used_again_after_close(cloud: Cloud) -> None:
    await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})
    await cloud.gate.close()
    assert (await cloud.gate.http.get(URL, purpose=Purpose.KEYS, headers={})).status == 200
