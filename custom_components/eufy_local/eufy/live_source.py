"""Makes one camera of a station send live media: the `MediaSource` behind a `LiveStream`.

Every opening has a link of its own, because a link carries one live view only
(`protocol/p2p-devices.md` §4). A frame is decoded and handed on in the loop turn in which its
last datagram came.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from .catalog.live import LiveForm, live_forms
from .catalog.products import Context, Product
from .errors import (
    CameraAsleep,
    CommandError,
    DowngradeRefused,
    EufyError,
    LinkError,
    LinkLost,
)
from .link.link import Link, LinkDown, LinkEvent
from .media.source import MediaSink
from .session_budget import Session, SessionBudget
from .stream_keys import KeyMint
from .wire.commands import live_open, live_stop
from .wire.envelopes import StopForm
from .wire.handshake import LinkGrade
from .wire.media import AudioFrame, Drop, MediaDecoder, MediaProtection, VideoFrame
from .wire.record import Record
from .wire.results import ASLEEP

_LOGGER = logging.getLogger(__name__)

OFFER_TIME: Final = 5.0
"""Seconds after which an ECC offer without a usable record counts as not taken
(`protocol/p2p-media.md` §2.4 [?])."""
FORM_TIME: Final = 8.0
"""Seconds without any record after which the other form is tried (`protocol/devices.md` §3.1)."""
FOREIGN_FRAMES: Final = 2
"""Key frames that our key cannot open before the offer counts as not taken: one may be a stale
frame of an earlier stream (`protocol/p2p-media.md` §2.5, T8170)."""
STOP_TIME: Final = 3.0
"""Seconds to wait for the receipt of a stop."""
DRAIN_GAP: Final = 0.3
DRAIN_TIME: Final = 2.0
"""Frames may go on for 0.5 to 5 s after a stop (§1.4); they are acknowledged, so that the station
ends in an orderly way, but the link is not used again, so nobody waits for the very last."""
WEAK_FRAMES: Final = 3
"""Key frames weaker than ever before from this camera after which the view is refused."""

_STRENGTH: Final = {
    MediaProtection.REFUSED: 0,
    MediaProtection.CLEAR: 1,
    MediaProtection.KEY_FRAME_PREFIX: 2,
    MediaProtection.AUTHENTICATED: 3,
}


@dataclass(slots=True)
class LiveMemory:
    """What was learned of one camera's live views; kept by the caller, also over restarts.

    `rsa_firmware` is the camera firmware under which the ECC offer was not taken. `form` is the
    form that worked when the first choice did not. `protection` is the best that a key frame was
    ever verified with.
    """

    rsa_firmware: str | None = None
    form: str | None = None
    protection: MediaProtection = MediaProtection.REFUSED

    def to_dict(self) -> dict[str, str | None]:
        """Return plain values for the store."""
        return {
            "rsa_firmware": self.rsa_firmware,
            "form": self.form,
            "protection": self.protection.value,
        }

    @classmethod
    def from_dict(cls, data: object) -> LiveMemory:
        """Read what `to_dict` gave; anything else gives an empty memory."""
        if not isinstance(data, dict):
            return cls()
        rsa, form, protection = (data.get(k) for k in ("rsa_firmware", "form", "protection"))
        return cls(
            rsa if isinstance(rsa, str) else None,
            form if isinstance(form, str) else None,
            MediaProtection(protection)
            if isinstance(protection, str) and protection in MediaProtection
            else MediaProtection.REFUSED,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTarget:
    """Which camera to open and how; read anew at each opening."""

    account_id: str
    channel: int
    product: Product
    context: Context
    firmware: str
    station_firmware: str
    ecc: bool
    """Whether the camera's own parameter 1103 allows the ECC offer."""


@dataclass(frozen=True, slots=True)
class LiveTimes:
    """Waits of a source in seconds."""

    offer: float = OFFER_TIME
    form: float = FORM_TIME
    stop: float = STOP_TIME
    drain_gap: float = DRAIN_GAP
    drain: float = DRAIN_TIME


@dataclass(slots=True)
class _Opening:
    """One request for a live view on the link: its form, offer and decoder."""

    form: LiveForm
    ecc: bool
    decoder: MediaDecoder
    records: int = 0
    shown: bool = False
    progress: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def foreign(self) -> int:
        """Key frames that our key does not open."""
        return self.decoder.drops[Drop.FOREIGN_KEY]


class LinkSource:
    """The media source of one camera.

    Args:
        make_link: makes an unconnected link to the station.
        target: tells what to open, asked at each opening.
        budget: the station's live sessions.
        mint: gives stream keys.
        memory: what was learned before; changed in place.
        remember: called after `memory` changed.
        times: all waits.
        now_ms: wall clock in ms, for transaction numbers.
    """

    def __init__(
        self,
        make_link: Callable[[], Link],
        target: Callable[[], LiveTarget],
        *,
        budget: SessionBudget,
        mint: KeyMint,
        memory: LiveMemory,
        remember: Callable[[], None],
        now_ms: Callable[[], int],
        times: LiveTimes | None = None,
    ) -> None:
        self._make_link = make_link
        self._target = target
        self._budget = budget
        self._mint = mint
        self._memory = memory
        self._remember = remember
        self._now_ms = now_ms
        self._times = times or LiveTimes()
        self._session: Session | None = None
        self._link: Link | None = None
        self._sink: MediaSink | None = None
        self._opening: _Opening | None = None
        self._watch: asyncio.Task[None] | None = None
        self._weak = 0
        self._last_record = 0.0

    # --- MediaSource -------------------------------------------------------------------

    async def open(self, sink: MediaSink) -> None:
        """Open a link and ask for the live view; media goes to `sink` from then on.

        Returns when the station took the request. Raises `StreamBusy`, `CameraAsleep`,
        `DowngradeRefused`, `CommandError` and other `LinkError` subclasses.
        """
        self._session = self._budget.take()
        self._sink = sink
        self._weak = 0
        target = self._target()
        ecc = target.ecc and self._memory.rsa_firmware != target.firmware
        self._mint.prepare(ecc=ecc)
        link = self._link = self._make_link()
        link.subscribe(self._on_link_event)
        info = await link.connect()
        forms = self._forms(target, legacy=info.grade < LinkGrade.GCM)
        link.set_media_sink(self._record)
        await self._request(link, target, forms[0], ecc=ecc)
        if target.context is Context.SELF:
            link.stream_ping(running=True)
        self._watch = asyncio.get_running_loop().create_task(self._watch_over(link, target, forms))

    async def close(self) -> None:
        """Stop the camera, let its last records come in, and close the link."""
        watch, self._watch = self._watch, None
        link, self._link = self._link, None
        opening, self._opening = self._opening, None
        self._sink = None
        try:
            if watch is not None:
                watch.cancel()
                await asyncio.gather(watch, return_exceptions=True)
            if link is not None:
                try:
                    if opening is not None and link.info is not None:
                        await self._stop(link, opening.form)
                        await self._drain()
                finally:
                    await link.close()
        finally:
            if self._session is not None:
                self._session.close()
                self._session = None

    # --- opening -----------------------------------------------------------------------

    def _forms(self, target: LiveTarget, *, legacy: bool) -> tuple[LiveForm, ...]:
        forms = live_forms(
            target.product,
            target.context,
            legacy=legacy,
            firmware=target.firmware,
            station_firmware=target.station_firmware,
        )
        return tuple(sorted(forms, key=lambda form: form.form != self._memory.form))

    async def _request(self, link: Link, target: LiveTarget, form: LiveForm, *, ecc: bool) -> None:
        key = await self._mint.take(ecc=ecc)
        # On a standalone link the camera's tag is not reliable (`protocol/p2p.md` C17).
        channel = target.channel if form.behind_station else None
        self._opening = _Opening(form, ecc, MediaDecoder(key, channel))
        command = live_open(
            form.form,
            target.account_id,
            target.channel,
            key.offer,
            str(self._now_ms()),
            behind_station=form.behind_station,
        )
        try:
            await link.command(command)
        except CommandError as error:
            if error.code in ASLEEP:
                raise CameraAsleep("the camera could not be woken") from error
            raise

    async def _watch_over(
        self, link: Link, target: LiveTarget, forms: tuple[LiveForm, ...]
    ) -> None:
        """Ask again, with another offer or form, when what was asked for brings nothing."""
        try:
            others = list(forms[1:])
            while (opening := self._opening) is not None:
                if await self._shows(opening):
                    self._learn_form(opening, forms)
                    return
                if opening.ecc:
                    self._check_fallback()
                    self._memory.rsa_firmware = target.firmware
                    self._remember()
                    _LOGGER.debug("The ECC offer was not taken, offering RSA")
                    await self._again(link, target, opening.form, opening.form, ecc=False)
                elif others and not opening.records:
                    _LOGGER.debug("Nothing came, trying the other form of a live view")
                    await self._again(link, target, opening.form, others.pop(0), ecc=False)
                else:
                    return
        except EufyError as error:
            if self._sink is not None:
                self._sink.ended(error)

    async def _shows(self, opening: _Opening) -> bool:
        """Wait until a picture was opened; false when that will not happen any more."""
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._times.offer if opening.ecc else self._times.form)
        while not opening.shown and opening.foreign < FOREIGN_FRAMES:
            opening.progress.clear()
            try:
                async with asyncio.timeout_at(until):
                    await opening.progress.wait()
            except TimeoutError:
                break
        if opening.shown:
            return True
        # Records that are neither ours nor foreign: the stream runs, its key frame is late.
        return opening.records > 0 and not opening.foreign

    async def _again(
        self, link: Link, target: LiveTarget, old: LiveForm, new: LiveForm, *, ecc: bool
    ) -> None:
        self._opening = None
        await self._stop(link, old)
        await self._drain()
        await self._request(link, target, new, ecc=ecc)

    def _check_fallback(self) -> None:
        """A camera that has shown authenticated pictures does not fall back by itself (T1)."""
        if self._memory.protection is MediaProtection.AUTHENTICATED:
            raise DowngradeRefused("the camera offers weaker protection of its picture than before")

    def _learn_form(self, opening: _Opening, forms: tuple[LiveForm, ...]) -> None:
        if opening.form is not forms[0] and opening.form.form != self._memory.form:
            self._memory.form = opening.form.form
            self._remember()

    async def _stop(self, link: Link, form: LiveForm) -> None:
        target = self._target()
        command = live_stop(
            form.form,
            target.account_id,
            target.channel,
            str(self._now_ms()),
            stop=StopForm(form.stop),
        )
        try:
            async with asyncio.timeout(self._times.stop):
                await link.command(command)
        except (LinkError, TimeoutError) as error:
            _LOGGER.debug("The stop of a live view got no answer: %s", error)

    async def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._times.drain
        self._last_record = loop.time()
        while (now := loop.time()) < until:
            quiet = self._last_record + self._times.drain_gap
            if now >= quiet:
                return
            await asyncio.sleep(quiet - now)

    # --- what comes in -----------------------------------------------------------------

    def _record(self, record: Record) -> None:
        opening, sink = self._opening, self._sink
        if opening is None or sink is None:
            self._last_record = asyncio.get_running_loop().time()
            return
        opening.records += 1
        if opening.records == 1:
            opening.progress.set()
        frame = opening.decoder.decode(record)
        if isinstance(frame, VideoFrame):
            if frame.key and not self._strong_enough(frame.protection, sink):
                return
            sink.video(frame)
            if frame.key and not opening.shown:
                opening.shown = True
                opening.progress.set()
        elif isinstance(frame, AudioFrame):
            sink.audio(frame)
        elif opening.decoder.last_drop is not Drop.FOREIGN_CHANNEL:
            sink.refused()
            if opening.foreign:
                opening.progress.set()

    def _strong_enough(self, protection: MediaProtection, sink: MediaSink) -> bool:
        """Hold a camera to the best that its key frames were ever verified with (T1)."""
        known = self._memory.protection
        if _STRENGTH[protection] >= _STRENGTH[known]:
            if protection is not known:
                self._memory.protection = protection
                self._remember()
            return True
        sink.refused()
        self._weak += 1
        if self._weak == WEAK_FRAMES:
            sink.ended(
                DowngradeRefused("the camera sends its picture with weaker protection than before")
            )
        return False

    def _on_link_event(self, event: LinkEvent) -> None:
        if isinstance(event, LinkDown) and self._sink is not None:
            self._sink.ended(event.error or LinkLost("the link of the live view was closed"))
