"""The sockets of the simulated stations on loopback, and the service that wakes sleeping ones.

One search port serves all stations, on 127.0.0.1 and on the loopback net's broadcast address
(S1). Each client address gets a socket of its own with a random port, as on hardware.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from typing import Final

from .rendezvous import Rendezvous, ValidDsk
from .station.core import StationCore
from .station.disk import PictureJob, render
from .station.link import Address

HOST: Final = "127.0.0.1"
IMPOSTOR: Final = "127.0.0.2"
BROADCAST: Final = "127.255.255.255"
BUFFER: Final = 4 * 1024 * 1024
MAX_DATAGRAM: Final = 65535
MAX_BURST: Final = 256
"""Datagrams read from a socket before others get their turn."""
PORT_TRIES: Final = 20


class Network:
    """Runs stations: reads and writes their sockets, keeps their timers."""

    def __init__(
        self,
        stations: Iterable[StationCore],
        *,
        search_port: int = 0,
        valid_dsk: ValidDsk | None = None,
    ) -> None:
        self.stations = tuple(stations)
        self.search_port = search_port
        self.rendezvous_port = 0
        """Of the service that wakes sleeping cameras; hardware uses 32100 on the internet."""
        self.rendezvous = Rendezvous(self.stations, valid_dsk)
        self._searchers: list[socket.socket] = []
        self._sockets: dict[tuple[int, int], socket.socket] = {}
        """By station and link number; link 0 sends what impostors say."""
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Open the search sockets. Raises `OSError` when the port is taken."""
        self._loop = asyncio.get_running_loop()
        first, second = self._open_search()
        self.search_port = first.getsockname()[1]
        for sock in (first, second):
            self._searchers.append(sock)
            self._loop.add_reader(sock, self._read_search, sock)
        waker = _udp(HOST, 0)
        self._searchers.append(waker)
        self._loop.add_reader(waker, self._read_rendezvous, waker)
        self.rendezvous_port = waker.getsockname()[1]

    def _open_search(self) -> tuple[socket.socket, socket.socket]:
        for attempt in range(PORT_TRIES):
            first = _udp(HOST, self.search_port)
            try:
                return first, _udp(BROADCAST, first.getsockname()[1])
            except OSError:
                first.close()
                if self.search_port or attempt == PORT_TRIES - 1:
                    raise
        raise AssertionError

    async def stop(self) -> None:
        """Close everything; clients are not told."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._loop = None
        for sock in (*self._searchers, *self._sockets.values()):
            self._close(sock)
        self._searchers.clear()
        self._sockets.clear()

    def _close(self, sock: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(sock)
        sock.close()

    @property
    def now(self) -> float:
        """The clock of all stations, in seconds."""
        return asyncio.get_running_loop().time()

    # --- search -------------------------------------------------------------------------

    def _read_search(self, sock: socket.socket) -> None:
        for data, address in _drain(sock):
            for number, station in enumerate(self.stations):
                station.receive_search(data, address, self.now)
                self.pump(number)

    def _read_rendezvous(self, sock: socket.socket) -> None:
        for data, address in _drain(sock):
            for answer in self.rendezvous.receive(data, self.now):
                _send(sock, answer, address)
        for number in range(len(self.stations)):
            self.pump(number)

    # --- links --------------------------------------------------------------------------

    def _socket_of(self, station: int, link: int) -> socket.socket:
        known = self._sockets.get((station, link))
        if known is not None:
            return known
        # An impostor is another host: several ports of one host are still one host.
        sock = _udp(HOST if link else IMPOSTOR, 0)
        self._sockets[station, link] = sock
        if self._loop is not None and link:
            self._loop.add_reader(sock, self._read_link, station, link, sock)
        return sock

    def _read_link(self, number: int, link: int, sock: socket.socket) -> None:
        station, now = self.stations[number], self.now
        for data, address in _drain(sock):
            station.receive(link, data, address, now)
        self.pump(number)

    def pump(self, number: int) -> None:
        """Send what a station has to say and set its timer."""
        if self._loop is None:
            return
        station, now = self.stations[number], self.now
        station.handle_timer(now)
        for item in station.outgoing(now):
            _send(self._socket_of(number, item.link), item.data, item.address)
        for link in station.take_closed():
            sock = self._sockets.pop((number, link), None)
            if sock is not None:
                self._close(sock)
        for job in station.desk.disk.take_jobs():
            self._render(number, job)
        due = station.next_timer()
        if (old := self._timers.pop(number, None)) is not None:
            old.cancel()
        if due is not None:
            self._timers[number] = self._loop.call_at(due, self.pump, number)

    def _render(self, number: int, job: PictureJob) -> None:
        """Make a picture in a thread: decoding must not delay the frames of a live view."""
        station = self.stations[number]

        async def make() -> None:
            clip = station.desk.scenes[job.channel].clip
            jpeg = await asyncio.to_thread(render, job, clip)
            station.desk.disk.put(job, jpeg)
            self.pump(number)

        task = asyncio.create_task(make())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def act[T](self, station: StationCore, action: Callable[[float], T]) -> T:
        """Do something to a station now, and send what follows from it."""
        result = action(self.now)
        self.pump(self.stations.index(station))
        return result


def _udp(host: str, port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, BUFFER)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _drain(sock: socket.socket) -> list[tuple[bytes, Address]]:
    out: list[tuple[bytes, Address]] = []
    with contextlib.suppress(OSError):
        while len(out) < MAX_BURST:
            out.append(sock.recvfrom(MAX_DATAGRAM))
    return out


def _send(sock: socket.socket, data: bytes, address: Address) -> None:
    # A full buffer loses the datagram, as a network does; it is repeated.
    with contextlib.suppress(OSError):
        sock.sendto(data, address)
