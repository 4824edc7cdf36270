"""A station (HomeBase, or a camera that is its own station) as Home Assistant holds it.

The station owns one control link. While it is up, the station's parameters, guard mode, alarms,
detections and pictures come over it; subscribers get one small event per change, in the loop turn
in which the report came in.
"""

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final

from .blocks import ParameterBlocks
from .camera import Camera, Device
from .catalog.guard import SETTABLE_MODES, GuardMode
from .catalog.products import Product, product_for
from .cloud import CloudDevice, CloudStation
from .control import ControlLink
from .detections import Detection, DetectionReport
from .errors import EufyError, StationNotFound
from .guard_command import GuardCommander
from .link.link import Link, LinkEvent, LinkInfo, LinkUp, NotificationReceived
from .links import KeyProvider, LinkFactory
from .live_source import LinkSource, LiveMemory
from .net.gate import Gate
from .parameter_reader import ParameterReader
from .people import People
from .pictures import (
    Picture,
    PictureChecker,
    PictureFetcher,
    PictureSource,
    PictureWish,
    SharedDecoder,
)
from .session_budget import SessionBudget
from .station_events import (
    AvailabilityChanged,
    Detected,
    GuardModeChanged,
    PictureReady,
    StationEvent,
)
from .station_state import StationState
from .stream_keys import KeyMint
from .stream_pictures import StreamPictures
from .text import clean_name
from .wire.handshake import LinkGrade
from .wire.notifications import GuardModeReport, ParameterPush
from .wire.parameters import STATION_BLOCK, Param

_LOGGER = logging.getLogger(__name__)

_DECODER: Final = SharedDecoder()


class Station:
    """One station with its devices; build it, `subscribe()`, then `start()`.

    Args:
        gate: opens every socket.
        record: the station as the account remembers it.
        devices: its devices.
        keys: gives cipher keys (the account).
        hosts: addresses that the owner typed.
        remembered: what `to_dict()` gave before: pin, what was learned, people.
        on_remember: called after something worth storing changed.
        checker: decodes pictures; the process-wide one if `None`.
        clock: aware wall clock.
    """

    def __init__(
        self,
        gate: Gate,
        record: CloudStation,
        devices: Sequence[CloudDevice],
        keys: KeyProvider,
        *,
        hosts: Sequence[str] = (),
        remembered: Mapping[str, Any] | None = None,
        on_remember: Callable[[], None] | None = None,
        checker: PictureChecker | None = None,
        clock: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self.serial = record.serial
        self.name = clean_name(record.name) or record.serial
        self.product: Product = product_for(record.serial, record.device_type, record.product)
        self._record = record
        self._clock = clock
        self._on_remember = on_remember
        self._listeners: list[Callable[[StationEvent], None]] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False
        known = remembered or {}
        self._build_devices(record, devices, known)
        self._links = LinkFactory(
            gate,
            record.serial,
            record.did,
            record.owner_id,
            keys,
            hosts=hosts,
            hints=(record.local_ip,) if record.local_ip else (),
            remembered=known,
            remember=self._remember,
        )
        self.budget = SessionBudget(self.product.code)
        self._mint = KeyMint()
        self._control: ControlLink | None = None
        self._make_control()
        self._checker = checker or _DECODER
        self._reader = ParameterReader(self._usable)
        self._guard = GuardCommander(
            self._state.guard,
            self._usable,
            self._reader.read,
            record.owner_id,
            scalar=self.product.guard_scalar,
            now_ms=self._now_ms,
        )
        self._pictures = PictureFetcher(
            self._usable,
            record.owner_id,
            did=record.did,
            dids={record.serial: record.did} if record.did else {},
            checker=self._checker,
            deliver=self._picture,
            wall_clock=clock,
        )
        self._stream_pictures: list[StreamPictures] = []
        codecs = known.get("codecs")
        codecs = codecs if isinstance(codecs, dict) else {}
        for camera in self.cameras.values():
            camera.offer(self._source(camera), codecs.get(camera.serial))

    def _build_devices(
        self, record: CloudStation, devices: Sequence[CloudDevice], known: Mapping[str, Any]
    ) -> None:
        standalone = any(device.serial == record.serial for device in devices)
        self._blocks = ParameterBlocks(standalone=standalone)
        memories = known.get("cameras")
        memories = memories if isinstance(memories, dict) else {}
        built: list[Device] = []
        for device in devices:
            product = product_for(device.serial, device.device_type, device.product)
            if product.is_camera:
                memory = LiveMemory.from_dict(memories.get(device.serial))
                built.append(Camera(device, self._blocks, memory))
            else:
                built.append(Device(device, self._blocks))
        self._blocks.seed(STATION_BLOCK, record.params)
        people = People.from_dict(known.get("people"))
        self._state = StationState(record.serial, built, self._blocks, people)

    def _make_control(self) -> None:
        """A station without an identity stays without a link; `start` says so."""
        if self._links.did is None:
            return
        # Only a camera that is its own station sleeps; a hub wakes its cameras by itself.
        sleeps = self.product.sleeps and self._blocks.standalone
        link = self._links.make_control(sleeps=sleeps)
        link.subscribe(lambda event: self._on_link_event(link, event))
        self._control = ControlLink(link, self._on_availability, on_demand=sleeps)

    # --- what is known -----------------------------------------------------------------

    @property
    def cameras(self) -> Mapping[str, Camera]:
        """The station's cameras by serial."""
        return self._state.cameras

    @property
    def devices(self) -> Mapping[str, Device]:
        """All devices by serial, cameras included."""
        return self._state.devices

    @property
    def people(self) -> People:
        """People known to the station."""
        return self._state.people

    @property
    def firmware(self) -> str | None:
        """Installed firmware, as last said locally, else by the cloud."""
        return self.parameters.get(Param.FIRMWARE) or self._record.firmware or None

    @property
    def available(self) -> bool:
        """Whether the station can be used: linked, or a sleeping camera that was reached."""
        return self._control is not None and self._control.available

    @property
    def unavailable_reason(self) -> str | None:
        """Why it cannot be used, as the key of an `eufy.errors` class; `None` if it can."""
        if self.available:
            return None
        reason = self._control.reason if self._control is not None else StationNotFound()
        return reason.key if reason is not None else None

    @property
    def link_info(self) -> LinkInfo | None:
        """How the control link stands, `None` while there is none."""
        return self._control.link.info if self._control is not None else None

    @property
    def parameters(self) -> Mapping[int, str]:
        """The station's own parameters by id, as texts."""
        return self._blocks.block(STATION_BLOCK)

    @property
    def guard_mode(self) -> GuardMode | None:
        """The selected mode, `None` while unknown."""
        return self._state.guard.selected

    @property
    def effective_mode(self) -> GuardMode | None:
        """The mode in force: never schedule or geofence."""
        return self._state.guard.effective

    @property
    def guard_modes(self) -> tuple[GuardMode, ...]:
        """Modes that can be set; empty when the station has none."""
        return SETTABLE_MODES if self.product.has_guard_mode else ()

    @property
    def guard_authenticated(self) -> bool:
        """Whether the shown mode comes from an authenticated frame."""
        return self._state.guard.authenticated

    @property
    def changed_by(self) -> str | None:
        """Who changed the mode last, when a push said so; free text."""
        return self._state.guard.user

    @property
    def alarm_active(self) -> bool:
        """Whether the alarm sounds."""
        return self._state.alarms.active

    @property
    def entry_delay(self) -> int:
        """Seconds of a running entry delay, 0 when none runs."""
        return self._state.alarms.entry_delay

    @property
    def last_event(self) -> dt.datetime | None:
        """When the station last reported anything by itself."""
        return self._state.last_event

    @property
    def counters(self) -> dict[str, int]:
        """What was dropped, ignored or failed, for diagnostics."""
        state = self._state
        return {
            "unproven_state": state.unproven,
            "stale_pushes": state.stale,
            "foreign_devices": state.foreign,
            "duplicates": state.merger.duplicates,
            "pictures_fetched": self._pictures.fetched,
            "pictures_failed": self._pictures.failed,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return what is worth remembering over restarts. It holds names of people."""
        return {
            **self._links.to_dict(),
            "cameras": {s: camera.memory.to_dict() for s, camera in self.cameras.items()},
            "codecs": {s: camera.live.parameters.to_dict() for s, camera in self.cameras.items()},
            "people": self.people.to_dict(),
        }

    # --- life --------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to keep the control link; returns at once."""
        if self._running:
            return
        self._running = True
        _DECODER.acquire()
        self._pictures.start()
        self._stream_pictures = [
            StreamPictures(camera, self._checker, self._deliver_to(camera), clock=self._clock)
            for camera in self.cameras.values()
        ]
        if self._control is not None:
            self._control.start()
        else:
            self._on_availability(available=False, error=StationNotFound())

    async def stop(self) -> None:
        """End all live views, tasks and links; the station can be started again."""
        for camera in self.cameras.values():
            await camera.live.close()
        for pictures in self._stream_pictures:
            await pictures.close()
        tasks, self._tasks = self._tasks, set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._pictures.stop()
        self._reader.stop()
        if self._control is not None:
            await self._control.stop()
        await self._mint.close()
        if self._running:
            self._running = False
            await _DECODER.release()

    async def connect_once(self, seconds: float) -> LinkInfo:
        """Connect within `seconds` and return how the link stands; it stays up until `stop`.

        Raises the `LinkError` that says why not; nothing is tried again.
        """
        if self._control is None:
            raise StationNotFound("the station has no P2P identity, so it cannot be reached here")
        return await self._control.connect_once(seconds)

    def retry_now(self) -> None:
        """Try at once to connect, because the owner or the network changed something."""
        if self._control is not None:
            self._control.retry_now()

    def accept_weaker_link(self) -> None:
        """Forget how strong the station's link was before; only the owner may decide that."""
        self._links.forget_pin()
        if self._control is not None:
            self._control.link.pin = None
        self.retry_now()

    def subscribe(self, listener: Callable[[StationEvent], None]) -> Callable[[], None]:
        """Call `listener` for each event, in the event loop; returns how to end it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return unsubscribe

    # --- commands ----------------------------------------------------------------------

    async def set_guard_mode(self, mode: GuardMode) -> None:
        """Set the mode and wait until the station says that it is selected.

        Raises `ConfigurationError` for `GuardMode.OFF`, `CommandError` with the station's code,
        `CommandTimeout` when the mode did not change, and other `LinkError` subclasses.
        """
        await self._guard.set(mode)

    async def fetch_picture(self, path: str) -> Picture:
        """Fetch a picture by its path on the station's disk, decoded once in full.

        Raises `WireError` for what cannot be used, `MediaError`, and `LinkError` subclasses.
        """
        return await self._pictures.fetch(path)

    async def refresh(self) -> None:
        """Read all parameters again. Raises `LinkError` subclasses."""
        await self._reader.read()

    def take_report(self, report: DetectionReport) -> None:
        """Take a detection from another source than the link (cloud push, database)."""
        self._emit(self._state.detection(report, self._now()))

    def find_detection(self, detection_id: str) -> Detection | None:
        """Return a detection of the last hour by its id."""
        return self._state.find_detection(detection_id)

    # --- inside ------------------------------------------------------------------------

    async def _usable(self) -> Link:
        if self._control is None:
            raise StationNotFound("the station has no P2P identity, so it cannot be reached here")
        return await self._control.usable()

    def _source(self, camera: Camera) -> LinkSource:
        def make() -> Link:
            link = self._links.make()
            link.subscribe(lambda event: self._on_live_link_event(link, event))
            return link

        return LinkSource(
            make,
            lambda: camera.live_target(self._record.owner_id, self.firmware),
            budget=self.budget,
            mint=self._mint,
            memory=camera.memory,
            remember=self._remember,
            now_ms=self._now_ms,
        )

    def _on_link_event(self, link: Link, event: LinkEvent) -> None:
        if isinstance(event, LinkUp):
            self._links.heard_from(event.info.peer[0])
            self._spawn(self._first_reads())
        elif isinstance(event, NotificationReceived):
            self._on_notification(link, event)

    def _on_live_link_event(self, link: Link, event: LinkEvent) -> None:
        # Reports come on every open link; copies are merged (`design/media.md`).
        if isinstance(event, NotificationReceived):
            self._on_notification(link, event)

    def _on_notification(self, link: Link, event: NotificationReceived) -> None:
        grade = link.info.grade if link.info is not None else LinkGrade.GCM
        proven = event.authenticated
        notification = event.notification
        self._emit(
            self._state.take(
                notification,
                proven=proven,
                trusted=proven or grade < LinkGrade.GCM,
                now=self._now(),
                wall=self._clock(),
            )
        )
        if isinstance(notification, GuardModeReport) and proven:
            self._reader.soon(0.0)  # the report says the mode in force, not the selected one
        elif isinstance(notification, ParameterPush):
            self._reader.heard(notification)

    async def _first_reads(self) -> None:
        await self._reader.read_first()

    def _on_availability(self, available: bool, error: EufyError | None) -> None:
        self._emit([AvailabilityChanged(available, error.key if error else None)])

    def _emit(self, events: Sequence[StationEvent]) -> None:
        for event in events:
            if isinstance(event, Detected):
                self._wish_pictures(event.detection)
            elif isinstance(event, GuardModeChanged):
                self._guard.changed()
            for listener in tuple(self._listeners):
                try:
                    listener(event)
                except Exception:
                    # One faulty listener must not keep an alarm from the others.
                    _LOGGER.exception("A listener of a station failed")

    def _wish_pictures(self, detection: Detection) -> None:
        wanted = (
            (detection.crop_path, PictureSource.CROP),
            (detection.picture_path, PictureSource.EVENT),
        )
        for path, source in wanted:
            if path is not None:
                self._pictures.wish(
                    PictureWish(
                        path=path,
                        camera_serial=detection.camera_serial,
                        time=detection.time,
                        source=source,
                        detection_id=detection.id,
                    )
                )

    def _picture(self, wish: PictureWish, picture: Picture) -> None:
        camera = self.cameras.get(wish.camera_serial)
        if camera is not None:
            self._deliver_to(camera)(picture)

    def _deliver_to(self, camera: Camera) -> Callable[[Picture], None]:
        def deliver(picture: Picture) -> None:
            camera.take_picture(picture)
            self._emit([PictureReady(camera.serial, picture)])

        return deliver

    def _remember(self) -> None:
        if self._on_remember is not None:
            self._on_remember()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _now_ms(self) -> int:
        return int(self._clock().timestamp() * 1000)
