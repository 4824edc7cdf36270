"""The station's own state and what commands do to it: the `Desk` that `commands` asks for."""

import functools
import random
from collections.abc import Callable, Iterable

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import requests, safe_json
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.datagram import Channel
from custom_components.eufy_local.eufy.wire.envelopes import STATION_CHANNEL, CommandType
from custom_components.eufy_local.eufy.wire.notifications import (
    AlarmReport,
    CommandCode,
    DownloadProgress,
    GuardModeReport,
    LightState,
    Notification,
)
from custom_components.eufy_local.eufy.wire.notify_encode import encode_notification
from custom_components.eufy_local.eufy.wire.still import still_reply_value

from ..clip import Clip
from ..faults import EccBehaviour, Faults
from ..home import CameraSpec, Home, StationSpec
from .agenda import Agenda
from .detections import EventLog, push_text
from .disk import Disk, storage_value
from .live import LiveView, MediaClock, Outlet
from .media_keys import StreamSealer
from .memory import Memory
from .playback import Playback, Recording
from .queries import answer_query, not_ready
from .scene import SceneClock
from .session import Session

APP_STOP = 16
HOMEBASE_ALARM = 3
DEVICE_ALARM = 25
LIGHT = 1400


class Seat:
    """What one linked client has going on: its session and at most one stream."""

    def __init__(self, session: Session, send: Callable[[int, bytes], bool]) -> None:
        self.session = session
        self.send = send
        self.stream: LiveView | Playback | None = None
        self.backlog: Callable[[int], int] = lambda _channel: 0
        self.hang_up: Callable[[], None] = lambda: None

    def stop(self, now: float) -> None:
        """End the stream."""
        if isinstance(self.stream, LiveView):
            self.stream.stop(now)
        elif self.stream is not None:
            self.stream.stop()
        self.stream = None


class StationDesk:
    """Everything that is not datagrams: memory, disk, streams, reports to all links."""

    def __init__(
        self,
        home: Home,
        spec: StationSpec,
        load: Callable[[CameraSpec], Clip],
        *,
        faults: Faults,
        rng: random.Random,
        agenda: Agenda,
        epoch: float,
        now: float,
    ) -> None:
        self.spec = spec
        self.memory = Memory(spec)
        self.rng = rng
        self.log = EventLog(spec, home.people)
        self.disk = Disk(spec, self.log, home.people, seed=home.seed)
        self.seats: list[Seat] = []
        self.scenes = {c.channel: SceneClock(c, load, now) for c in spec.cameras}
        self.heard: list[bytes] = []
        """ADTS frames that were spoken to a camera, newest last; bounded."""
        self.talking: Session | None = None
        self.alarm_ends: dict[int, float] = {}
        self.rebooting = False
        self._faults = faults
        self._agenda = agenda
        self._epoch = epoch
        self._not_ready = 0

    def wall_ms(self, at: float) -> int:
        """Unix time in ms of a station time."""
        return int((self._epoch + at) * 1000)

    # --- reports ------------------------------------------------------------------------

    def report(self, item: Notification, sessions: Iterable[Session] | None = None) -> None:
        """Send a report to some links, or to all."""
        if sessions is None:
            sessions = [seat.session for seat in self.seats]
        for session in sessions:
            wide = session.notice_protection() == "gcm"
            notice = encode_notification(item, wide=wide)
            session.notice(notice.command, notice.plaintext, channel=notice.channel)

    def send_dump(self, session: Session, now: float) -> None:
        """S14."""
        self._dump_to(session, now)

    def _dump_to(self, session: Session, now: float) -> None:
        late = self._faults.late_blocks
        if not (self._faults.block_per_record or late):
            self._one_dump(session, self.memory.dump())
            return
        for number, part in enumerate(self.memory.dump_per_block()):
            if number and late:
                self._agenda.at(now + late, functools.partial(self._late_dump, session, part))
            else:
                self._one_dump(session, part)

    def _late_dump(self, session: Session, value: dict[str, object], now: float) -> None:
        del now
        self._one_dump(session, value)

    def _one_dump(self, session: Session, value: dict[str, object]) -> None:
        session.notice(CommandType.PARAMETERS, safe_json.dumps(value) + bytes(2))

    def changed(self, param: int, value: str, channel: int, now: float) -> None:
        """Store a setting and push the changed dump to every link (events.md §2)."""
        camera = channel if channel in self.scenes else STATION_CHANNEL
        if self.memory.set(param, value, camera):
            for seat in self.seats:
                self._dump_to(seat.session, now)

    # --- guard mode and alarm -----------------------------------------------------------

    def set_mode(self, mode: int, now: float, asker: Session | None = None) -> None:
        """S15: reports only when something changed, with the mode in force."""
        del now
        if not self.memory.select_mode(mode):
            return
        if self.spec.family.reports_mode:
            self.report(GuardModeReport(self.memory.mode_in_force))
            for camera in self.spec.cameras:  # arming is silent: [0,0] on every channel
                self.report(AlarmReport(camera.channel, 0, 0))
            if asker is not None:
                self.report(CommandCode(CommandType.GUARD_MODE, 0, STATION_CHANNEL), [asker])

    def sound_alarm(self, seconds: int, channel: int, now: float) -> None:
        """Start or stop the alarm tone (255) or a camera's siren."""
        siren = channel != STATION_CHANNEL
        if seconds <= 0:
            self.alarm_ends.pop(channel, None)
            self.report(AlarmReport(channel, APP_STOP, 0, siren=siren))
            return
        end = now + seconds
        self.alarm_ends[channel] = end
        event = DEVICE_ALARM if siren else HOMEBASE_ALARM
        self.report(AlarmReport(channel, event, seconds, siren=siren))

        def finish(_: float) -> None:
            if self.alarm_ends.get(channel) == end:
                del self.alarm_ends[channel]
                self.report(AlarmReport(channel, 0, 0, siren=siren))

        self._agenda.at(end, finish)

    def set_light(self, channel: int, on: bool, now: float) -> None:
        """Switch a camera's light and say so."""
        del now
        if self.memory.set(LIGHT, str(int(on)), channel):
            self.report(LightState(channel, on))

    def reboot(self, now: float) -> None:
        """Told to restart; the core does it."""
        del now
        self.rebooting = True

    # --- media --------------------------------------------------------------------------

    def _seat(self, session: Session) -> Seat:
        return next(seat for seat in self.seats if seat.session is session)

    def open_live(self, session: Session, asked: requests.LiveOpen, flag: int, now: float) -> bool:
        """S16, S17: one stream per link, a new one replaces the old."""
        channel = 0 if self.spec.family.standalone else asked.channel
        scene = self.scenes.get(channel)
        if scene is None:
            return False
        seat = self._seat(session)
        seat.stop(now)
        session.last_ping = now
        outlet = Outlet(
            send=lambda record: seat.send(Channel.VIDEO, record),
            backlog=lambda: seat.backlog(Channel.VIDEO),
            hang_up=seat.hang_up,
            last_ping=lambda: session.last_ping,
            wall_ms=self.wall_ms,
        )
        seat.stream = LiveView(
            scene, asked.offer, channel, flag or 0, outlet,
            family=self.spec.family, faults=self._faults, rng=self.rng, agenda=self._agenda,
            now=now,
        )  # fmt: skip
        return True

    def stop_live(self, session: Session, now: float) -> None:
        """Stop a live view; a playback goes on (hardware, HomeBase 3)."""
        seat = self._seat(session)
        if isinstance(seat.stream, LiveView):
            seat.stop(now)

    def play(self, session: Session, asked: requests.RecordingOpen, now: float) -> bool:
        """S18."""
        event = self.log.find(asked.path)
        if event is None or asked.path != event.recording:
            return False
        seat = self._seat(session)
        seat.stop(now)
        clip = self.scenes[event.camera.channel].clip
        started = event.time_ms / 1000 - self._epoch
        recording = Recording(clip, event.first_frame, started)
        family = self.spec.family
        offer = asked.offer or self.disk.cloud_offer
        try:
            sealer = StreamSealer(offer, event.camera.channel, 0, self.rng, EccBehaviour.ALL)
        except WireError:
            return False
        channel = family.recording_channel
        if asked.download:
            self.report(DownloadProgress(event.camera.channel, recording.size), [session])

        def ended(_: float) -> None:
            if asked.download:
                self.report(DownloadProgress(event.camera.channel, None), [session])
            else:
                session.raw(Channel.CONTROL, wire_station.encode_playback_end())

        seat.stream = Playback(
            recording, sealer, family, MediaClock(family, self.wall_ms), self._agenda,
            send=lambda record: seat.send(channel, record),
            backlog=lambda: seat.backlog(channel),
            ended=ended,
            now=now,
        )  # fmt: skip
        return True

    def talk(self, session: Session, channel: int, start: bool) -> int:
        """Start or stop talkback; -106 when somebody else is talking."""
        del channel
        if not start:
            if self.talking is session:
                self.talking = None
            return 0
        if self.talking is not None and self.talking is not session:
            return -106
        self.talking = session
        return 0

    # --- database, storage, pictures -----------------------------------------------------

    def query(self, session: Session, asked: requests.DatabaseQuery, now: float) -> None:
        """S19: one reply record of type 1306, or silence for an incomplete query."""
        del now
        if self._not_ready < self._faults.database_not_ready:
            self._not_ready += 1
            value: dict[str, object] | None = not_ready()
        else:
            value = answer_query(self.log, self.spec, asked)
        if value is not None:
            self._content(session, CommandType.DATABASE, value)

    def storage(self, session: Session, cmd: int, now: float) -> None:
        """Answer in the family's own form, or not at all."""
        del now
        family = self.spec.family
        if str(cmd) != family.storage:
            return
        if cmd == CommandType.SD_INFO:
            total, free = self.disk.card
            session.raw(Channel.DATA, wire_station.encode_sd_info(0, total, free))
            return
        session.notice(CommandType.NOTIFY, safe_json.dumps(storage_value(cmd)) + b"\0")

    def send_pictures(self, session: Session, paths: tuple[str, ...], now: float) -> None:
        """An unknown path gets no reply at all (p2p-media.md §6.1)."""
        del now
        for path in paths:
            self.disk.ask(path, functools.partial(self._picture, session, path))

    def _picture(self, session: Session, path: str, data: bytes) -> None:
        if any(seat.session is session for seat in self.seats):
            self._content(session, CommandType.STILL, still_reply_value(path, data))

    def _content(self, session: Session, command: int, value: dict[str, object]) -> None:
        text = safe_json.dumps(value)
        if self.spec.family.clear_database:
            session.mislabelled(command, text)
        else:
            session.notice(command, text + b"\0")

    # --- detections ---------------------------------------------------------------------

    def push(self, event_id: int, *, count: int = 1, bare: bool = False) -> int:
        """Send the push of a logged event to every open link; return to how many."""
        event = next(e for e in self.log.events if e.record_id == event_id)
        plaintext = push_text(
            self.log, self.spec, event,
            count=count, bare=bare, old_rows=self._faults.old_attachments,
        )  # fmt: skip
        ready = [seat.session for seat in self.seats if seat.session.ready]
        if not self.spec.family.local_pushes:
            return 0
        for session in ready:
            session.notice(CommandType.NOTIFY, plaintext)
        return len(ready)
