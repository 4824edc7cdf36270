"""The scripted station on loopback sockets, for the asyncio side of the client."""

import asyncio
import contextlib
import socket
from types import TracebackType
from typing import Any, Self

from custom_components.eufy_local.eufy.link.link import Link, LinkTarget
from custom_components.eufy_local.eufy.link.transport import Transport
from custom_components.eufy_local.eufy.net import Gate, LoopbackOverride
from custom_components.eufy_local.eufy.wire.handshake import CipherKey

from .station import (
    ACCOUNT,
    CIPHER,
    CIPHER_ID,
    DID,
    SERIAL,
    Endpoint,
    FakeStation,
    Script,
    Sent,
)


class UdpStation:
    """Searches are answered on one port, links are served on another, as real stations do."""

    def __init__(
        self,
        script: Script | None = None,
        *,
        gate_args: dict[str, object] | None = None,
        search_host: str = "",
    ) -> None:
        self.station = FakeStation(script)
        self._search = self._socket(search_host)
        self._link = self._socket("127.0.0.1")
        self.drop = 0
        port = self._search.getsockname()[1]
        self.search_port = port
        self.link_port = self._link.getsockname()[1]
        self.override = LoopbackOverride("http://127.0.0.1:9", "04", ("127.255.255.255", port))
        self.gate = Gate(override=self.override, **(gate_args or {}))  # type: ignore[arg-type]
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self.clients: list[Endpoint] = []

    @staticmethod
    def _socket(host: str) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind((host, 0))
        return sock

    async def __aenter__(self) -> Self:
        self._loop.add_reader(self._search, self._on_search)
        self._loop.add_reader(self._link, self._on_link)
        self._tick()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.close_search()
        self._loop.remove_reader(self._link)
        self._link.close()
        await self.gate.close()

    def close_search(self) -> None:
        """Nothing listens for searches any more."""
        if self._search.fileno() >= 0:
            self._loop.remove_reader(self._search)
            self._search.close()

    @property
    def now(self) -> float:
        return self._loop.time()

    def _on_search(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, addr = self._search.recvfrom(65535)
                self.clients.append(addr)
                self.send(self.station.search(data, addr, self.now))

    def _on_link(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, addr = self._link.recvfrom(65535)
                if self.drop:
                    self.drop -= 1
                    continue
                self.send(self.station.receive(data, addr, self.now))
                self.send(self.station.tick(self.now))

    def _tick(self) -> None:
        self.send(self.station.tick(self.now))
        self._timer = self._loop.call_later(0.02, self._tick)

    def send(self, datagrams: Sent | None = None) -> None:
        """Send datagrams, or what the station has produced on its own."""
        if datagrams is None:
            datagrams, self.station.out = self.station.out, []
        for data, addr in datagrams:
            with contextlib.suppress(OSError):
                self._link.sendto(data, addr)


async def keys(cipher_id: int) -> CipherKey:
    """The account's keys."""
    assert cipher_id == CIPHER_ID
    return CIPHER


def make_link(station: UdpStation, **kwargs: Any) -> Link:
    """A link to the station, not connected."""
    target = kwargs.pop("target", LinkTarget(SERIAL, DID))
    return Link(station.gate, target, kwargs.pop("keys", keys), ACCOUNT, **kwargs)


def transport_of(link: Link) -> Transport:
    assert link._transport is not None
    return link._transport


async def settle(condition: Any, seconds: float = 3.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - polls a peer in another callback
            await asyncio.sleep(0.005)
