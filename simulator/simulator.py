"""The whole simulated household in one object: stations, cloud and a control interface.

Used in process by tests (`async with Simulator(Home.demo()) as simulator`) and by the command
line (`python -m simulator run`).
"""

import asyncio
import json
import random
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from custom_components.eufy_local.eufy.secret import Secret

from .clip import Clip, load_clip
from .cloud import AccountLists, Challenge, CloudAccount, CloudOptions, FakeCloud, device_entry
from .cloud.description import Entry, house_entry
from .home import CameraSpec, Home, PersonSpec, StationSpec
from .network import BROADCAST, HOST, Network
from .station.core import StationCore
from .station.detections import Event
from .synthetic import synthetic_clip


class Simulator:
    """A home on loopback; an async context manager.

    Args:
        home: what is simulated; the demo home by default.
        search_port: UDP port of the LAN search; 0 takes a free one.
        cloud_port: TCP port of the cloud; 0 takes a free one.
        media: folder of scenes (`footage`); synthetic pictures where a scene is missing.
        options: behaviour of the cloud.
        synthetic: keyword arguments for `synthetic_clip`, for tests of size or codec.
    """

    def __init__(
        self,
        home: Home | None = None,
        *,
        search_port: int = 0,
        cloud_port: int = 0,
        media: Path | None = None,
        options: CloudOptions | None = None,
        synthetic: Mapping[str, Any] | None = None,
    ) -> None:
        self.home = home or Home.demo()
        self._media = media
        self._synthetic = dict(synthetic or {})
        self._cloud_port = cloud_port
        self._search_port = search_port
        self._clips: dict[str, Clip] = {}
        self._spans = _read_spans(media)
        self._wall_offset = 0.0
        self._runner: web.AppRunner | None = None
        self._network: Network | None = None
        self.stations: dict[str, StationCore] = {}
        rng = random.Random(self.home.seed)
        self.options = options or CloudOptions(verify_code=self.home.account.code)
        self.cloud = FakeCloud(
            [_account(self.home)],
            {self.home.account.email: _lists(self.home)},
            self.home.ciphers,
            clock=time.time,
            rng=rng,
            options=self.options,
        )

    # --- life -----------------------------------------------------------------------------

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._wall_offset = time.time() - now
        album = _read_album(self._media, self.home.people)
        for spec in self.home.stations:
            self.stations[spec.serial] = StationCore(
                self.home, spec, self.clip, epoch=self._wall_offset, now=now
            )
            self.stations[spec.serial].desk.disk.album = album
        self._network = Network(
            self.stations.values(), search_port=self._search_port, valid_dsk=self._valid_dsk
        )
        await self._network.start()
        try:
            self._runner = web.AppRunner(self.cloud.app, access_log=None)
            await self._runner.setup()
            site = web.TCPSite(self._runner, HOST, self._cloud_port)
            await site.start()
            self._cloud_port = self._runner.addresses[0][1]
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._network is not None:
            await self._network.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def network(self) -> Network:
        """The sockets; only while it runs."""
        if self._network is None:
            raise RuntimeError("the simulator is not running")
        return self._network

    @property
    def override(self) -> str:
        """The JSON text for `EUFY_LOCAL_SIMULATOR` (see the client's `net.override`)."""
        return json.dumps(
            {
                "cloud": f"http://{HOST}:{self._cloud_port}",
                "login_server_key": self.cloud.login_server_key,
                "search": [BROADCAST, self.network.search_port],
            }
        )

    def _valid_dsk(self, serial: str, dsk: str) -> bool:
        """The key that the cloud handed out last, or the home's fixed one for tests."""
        return dsk in (self.cloud.services.dsk_keys.get(serial), self.home.dsk(serial))

    # --- scenes ---------------------------------------------------------------------------

    def clip(self, camera: CameraSpec) -> Clip:
        """The scene of a camera: its footage, else a synthetic picture."""
        known = self._clips.get(camera.serial)
        if known is None:
            path = self._media / "scenes" / f"{camera.scene}.mp4" if self._media else None
            if path is not None and camera.scene and path.is_file():
                known = load_clip(path)
            else:
                known = synthetic_clip(camera.scene_number, name=camera.name, **self._synthetic)
            self._clips[camera.serial] = known
        return known

    def spans(self, camera: CameraSpec, person: PersonSpec | None) -> tuple[tuple[int, int], ...]:
        """In which frames (start, end exclusive) of a camera's footage a person is seen."""
        if person is None or person.footage is None or camera.scene is None:
            return ()
        return self._spans.get((camera.scene, person.footage), ())

    # --- events ---------------------------------------------------------------------------

    def station_of(self, camera: CameraSpec) -> StationCore:
        """The running station of a camera."""
        return self.stations[self.home.station_of(camera).serial]

    def station(self, text: str = "") -> StationCore:
        """By serial, name or nothing (the first one); KeyError when there is none."""
        for station in self.stations.values():
            if text in ("", station.spec.serial, station.spec.name):
                return station
        raise KeyError(text)

    def detect(
        self,
        camera: str | CameraSpec,
        kind: str,
        person: str | None = None,
        *,
        repeat: bool = False,
    ) -> Event:
        """Let a camera detect something now; raises KeyError or `UnknownKind`."""
        spec = self.home.find_camera(camera) if isinstance(camera, str) else camera
        who = self.home.find_person(person) if person else None
        station = self.station_of(spec)
        spans = self.spans(spec, who)
        event, _ = self.network.act(
            station,
            lambda now: station.detect(spec, kind, who, now, spans=spans, repeat=repeat),
        )
        return event

    def set_guard_mode(self, mode: int, station: str = "") -> None:
        """Change the guard mode at the station, as its keypad or app would."""
        found = self.station(station)
        self.network.act(found, lambda now: found.desk.set_mode(mode, now))

    def drop_links(self, station: str = "") -> None:
        """Let a station close all its links."""
        found = self.station(station)
        self.network.act(found, found.drop_links)

    @property
    def counters(self) -> dict[str, Any]:
        """What was received: by the cloud, and by each station."""
        return {
            "cloud": dict(self.cloud.counters),
            "cloud_total": self.cloud.total,
            "rendezvous": dict(self.network.rendezvous.counters),
            "stations": {serial: dict(s.snapshot()) for serial, s in self.stations.items()},
        }


def challenge_of(text: str) -> Challenge:
    """The challenge of a name: none, captcha, code or both."""
    return Challenge(text)


def _account(home: Home) -> CloudAccount:
    spec = home.account
    return CloudAccount(
        email=spec.email,
        password=Secret(spec.password),
        user_id=spec.user_id,
        country=spec.country,
        region="us" if spec.country == "US" else "eu",
        nick_name=spec.nick_name,
    )


def _lists(home: Home) -> AccountLists:
    entries = [entry for station in home.stations for entry in _entries(home, station)]
    house = house_entry(home.house_id, home.house_name, home.account.user_id)
    return AccountLists(
        houses=[house], devices=entries, house_devices={home.house_id: list(entries)}
    )


def _entries(home: Home, station: StationSpec) -> list[Entry]:
    """The cloud's list entries of a station and its devices."""
    common: dict[str, Any] = {"owner_id": station.owner_id, "house_id": home.house_id}
    own = device_entry(
        station.serial,
        station.device_type,
        station.name,
        parent=station.serial if station.family.standalone else "",
        channel=0,
        did=station.did,
        local_ip=station.local_ip,
        firmware=station.firmware,
        time_zone=station.time_zone,
        product_code=station.product,
        params=station.cameras[0].params if station.family.standalone else station.params,
        **common,
    )
    if station.family.standalone:
        return [own]
    return [own] + [
        device_entry(
            camera.serial,
            camera.device_type,
            camera.name,
            parent=station.serial,
            channel=camera.channel,
            firmware=camera.firmware,
            product_code=camera.product,
            params=camera.params,
            **common,
        )
        for camera in station.cameras
    ]


def _read_album(media: Path | None, people: Iterable[PersonSpec]) -> dict[int, bytes]:
    """Pictures of the people that the HomeBase knows, where footage has any."""
    album = {}
    for person in people:
        path = media / "faces" / person.footage / "1.jpg" if media and person.footage else None
        if path is not None and path.is_file():
            album[person.id] = path.read_bytes()
    return album


def _read_spans(media: Path | None) -> dict[tuple[str, str], tuple[tuple[int, int], ...]]:
    """Who is in which frames, from the footage's manifest."""
    path = media / "manifest.json" if media else None
    if path is None or not path.is_file():
        return {}
    manifest = json.loads(path.read_text(encoding="utf-8"))
    scenes = manifest.get("scenes", manifest)
    found: dict[tuple[str, str], tuple[tuple[int, int], ...]] = {}
    for scene, facts in scenes.items():
        for start, end, person in facts.get("who", []):
            if person:
                found[scene, person] = (*found.get((scene, person), ()), (int(start), int(end)))
    return found
