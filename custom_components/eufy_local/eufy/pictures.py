"""Pictures of events: what a `Picture` is, and fetching one from a station's disk.

A picture is fetched over the station's control link, because the command shares the serial queue
of its link (`protocol/p2p-media.md` §6.1), one at a time, and is shown only after a full decode.
"""

import asyncio
import datetime as dt
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from .errors import CommandError, CommandTimeout, EufyError, MediaError, WireError
from .link.link import Link
from .media.picture import PictureDecoder
from .text import clean_picture_path
from .wire.commands import still
from .wire.did import Did
from .wire.envelopes import CommandType
from .wire.still import MAX_PICTURE, decode_still_reply, open_still

_LOGGER = logging.getLogger(__name__)

MAX_WAITING: Final = 16
"""Pictures waiting to be fetched; older ones are given up, a newer one is worth more."""
RETRY_AFTER: Final = (1.5, 5.0)
"""Seconds before a further try: the station may announce a picture before it is on its disk."""
REPLY_TIME: Final = 12.0
"""An unknown path gets no reply at all (`protocol/p2p-media.md` §6.1)."""


class PictureSource(StrEnum):
    """Where a picture came from."""

    EVENT = "event"  # the station's picture of a detection
    CROP = "crop"  # the part that shows the face or object
    STREAM = "stream"  # a key frame of a live view
    LIBRARY = "library"  # the face library


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG that was decoded once in full before anybody sees it.

    `time` is when the camera took it, as far as known (UTC); `detection_id` the detection it
    belongs to, if any.
    """

    jpeg: bytes
    width: int
    height: int
    time: dt.datetime
    source: PictureSource
    detection_id: str | None = None


class PictureChecker(Protocol):
    """Decodes pictures where a fault of the decoder does no harm (`media.picture`)."""

    async def check_jpeg(self, data: bytes) -> tuple[int, int]:
        """Decode a JPEG in full and return width and height; raise `EufyError`."""

    async def key_frame_to_jpeg(self, codec: str, data: bytes) -> bytes:
        """Decode a key frame (Annex B, `h264` or `hevc`) to JPEG; raise `EufyError`."""


class SharedDecoder:
    """One decoder process for all stations, from the first user to the last."""

    def __init__(self, make: Callable[[], PictureDecoder] = PictureDecoder) -> None:
        self._make = make
        self._decoder: PictureDecoder | None = None
        self._users = 0

    def acquire(self) -> None:
        """Count a user; each call needs one `release` later."""
        self._users += 1

    async def release(self) -> None:
        """End the process when nobody needs it any more."""
        self._users -= 1
        if self._users == 0 and (decoder := self._decoder) is not None:
            self._decoder = None
            await decoder.close()

    async def check_jpeg(self, data: bytes) -> tuple[int, int]:
        """As `PictureDecoder.check_jpeg`."""
        return await self._use().check_jpeg(data)

    async def key_frame_to_jpeg(self, codec: str, data: bytes) -> bytes:
        """As `PictureDecoder.key_frame_to_jpeg`."""
        return await self._use().key_frame_to_jpeg(codec, data)

    def _use(self) -> PictureDecoder:
        if self._users == 0:
            raise MediaError("pictures are not decoded now")
        if self._decoder is None:
            self._decoder = self._make()
        return self._decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureWish:
    """A picture that somebody wants: its path, whose it is, and what to do with it."""

    path: str
    camera_serial: str
    time: dt.datetime
    source: PictureSource
    detection_id: str | None = None


class PictureFetcher:
    """Fetches pictures one at a time over a link that it asks for each time.

    Args:
        link: gives the control link, or raises why there is none.
        account_id: the owner's account.
        dids: P2P identities by serial, for hidden pictures; `did` is the station's own.
        checker: decodes each picture before it is handed on.
        deliver: takes a picture that was wished for.
    """

    def __init__(
        self,
        link: Callable[[], Awaitable[Link]],
        account_id: str,
        *,
        did: Did | None,
        dids: dict[str, Did],
        checker: PictureChecker,
        deliver: Callable[[PictureWish, Picture], None],
        retry_after: tuple[float, ...] = RETRY_AFTER,
        wall_clock: Callable[[], dt.datetime],
    ) -> None:
        self._link = link
        self._account_id = account_id
        self._did = did
        self._dids = dids
        self._checker = checker
        self._deliver = deliver
        self._retry_after = retry_after
        self._wall_clock = wall_clock
        self._lock = asyncio.Lock()
        self._waiting: OrderedDict[str, tuple[PictureWish, int]] = OrderedDict()
        self._later: list[asyncio.TimerHandle] = []
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.fetched = 0
        self.failed = 0
        """Pictures given up after all tries, or pushed out of a full queue."""

    def start(self) -> None:
        """Begin to fetch what is wished for."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop, and forget what was wished for."""
        task, self._task = self._task, None
        self._waiting.clear()
        for handle in self._later:
            handle.cancel()
        self._later.clear()
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def wish(self, wish: PictureWish) -> None:
        """Fetch a picture soon; the newest wish for a path counts."""
        self._queue(wish, 0)

    def _queue(self, wish: PictureWish, tries: int) -> None:
        self._waiting.pop(wish.path, None)
        self._waiting[wish.path] = wish, tries
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)
            self.failed += 1
        self._arrived.set()

    async def fetch(self, path: str) -> Picture:
        """Fetch, open and decode the picture at `path` on the station's disk.

        Raises `WireError` for a path or picture that cannot be used, and `LinkError` subclasses.
        """
        if clean_picture_path(path) is None:
            raise WireError("not a picture path of a station")
        jpeg = await self._load(path)
        width, height = await self._checker.check_jpeg(jpeg)
        return Picture(
            jpeg=jpeg,
            width=width,
            height=height,
            time=self._wall_clock(),
            source=PictureSource.EVENT,
        )

    async def _load(self, path: str) -> bytes:
        async with self._lock:
            link = await self._link()
            transaction = str(int(self._wall_clock().timestamp() * 1000))
            reply = await link.request(
                still(self._account_id, path, transaction),
                CommandType.STILL,
                lambda value: value.get("file") == path,
                REPLY_TIME,
            )
        data = decode_still_reply(reply)[1]
        if len(data) > MAX_PICTURE:
            raise WireError("picture too large")
        return open_still(data, self._dids, self._did)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                # The newest picture first: it is the one somebody waits for.
                _, (wish, tries) = self._waiting.popitem(last=True)
                await self._serve(wish, tries)

    async def _serve(self, wish: PictureWish, tries: int) -> None:
        try:
            picture = await self.fetch(wish.path)
        except EufyError as error:
            _LOGGER.debug("A picture could not be fetched: %s", error)
            worth = isinstance(error, (CommandError, CommandTimeout, WireError, MediaError))
            if worth and tries < len(self._retry_after):
                loop = asyncio.get_running_loop()
                self._later = [handle for handle in self._later if handle.when() > loop.time()]
                if len(self._later) < MAX_WAITING:
                    pause = self._retry_after[tries]
                    self._later.append(loop.call_later(pause, self._queue, wish, tries + 1))
                    return
            self.failed += 1
            return
        self.fetched += 1
        taken = replace(picture, time=wish.time, source=wish.source, detection_id=wish.detection_id)
        self._deliver(wish, taken)
