"""The demo without a person: each part is proven, one line for each proof."""

import asyncio
import datetime as dt
import json
import time
from pathlib import Path
from typing import Any

from .api import State
from .browser import Browser, find_browser
from .dashboard import (
    NOTICE,
    CameraEntities,
    Entities,
    find_entities,
    make_automation,
    make_dashboard,
)
from .pictures import difference, grey_of, read_code
from .proofs import NotProven, Proofs
from .rtsp_probe import first_key_frame
from .running import Running
from .signin import SignIn, sign_in, wrong_password
from .views import SAME, prove_view, watch

DOOR = "front_door"
PERSON = "Alice"
ENTITY_SECONDS = 15.0
VIDEO_SECONDS = {"WebRTC": 20.0, "HLS": 40.0}
"""HLS shows nothing before two segments of six seconds are there."""
FIRST_FRAME_AIM_MS = 150
STATE_AIM_MS = 20


class Check:
    """All proofs over one running demo."""

    def __init__(self, demo: Running, out: Path, *, look: bool) -> None:
        self._demo = demo
        self._out = out
        self._look = look
        """Whether to open pages in a browser."""
        self.proofs = Proofs()
        self._signed_in: SignIn | None = None
        self._entities: Entities | None = None
        self._dashboard = ""
        out.mkdir(parents=True, exist_ok=True)

    async def run(self) -> Proofs:
        """Prove everything, in the order in which a person would see it."""
        await self._prove_set_up()
        if self._entities:
            await self._prove_rtsp()
            if self._look:
                await self._prove_pages()
            else:
                await self._prove_detections(None)
            await self._prove_guard_mode()
            await self._prove_recovery()
            await self._prove_diagnostics()
        return self.proofs

    # -- set-up ----------------------------------------------------------------------------

    async def _prove_set_up(self) -> None:
        demo = self._demo
        async with self.proofs.that("a wrong password is refused with a reason") as proof:
            proof.detail = await wrong_password(demo.api, demo.simulator)
            if proof.detail != "wrong_credentials":
                raise NotProven(f"the answer was {proof.detail}")
        async with self.proofs.that("signed in through the config flow with a 2FA code") as proof:
            self._signed_in = await sign_in(demo.api, demo.simulator)
            proof.detail = " > ".join(self._signed_in.steps)
            if "code" not in self._signed_in.steps and demo.options.challenge in {"code", "both"}:
                raise NotProven(f"no code was asked for: {proof.detail}")
        if not self._signed_in:
            return
        async with self.proofs.that("every camera has its entities, all available") as proof:
            self._entities = await self._available_entities()
            names = ", ".join(camera.name for camera in self._entities.cameras.values())
            proof.detail = f"{self._entities.count} entities; {names}"
        if self._entities:
            async with self.proofs.that("dashboard and sample automation are made"):
                self._dashboard = await make_dashboard(demo.api, self._entities)
                await make_automation(demo.api, self._entities)

    async def _available_entities(self) -> Entities:
        demo = self._demo
        end = time.monotonic() + ENTITY_SECONDS
        while True:
            entities = await find_entities(demo.api, demo.simulator.cameras)
            states = await demo.api.states()
            cameras = list(entities.cameras.values())
            missing = set(demo.simulator.cameras) - set(entities.cameras)
            away = [
                entity
                for camera in cameras
                for entity in camera.entities.values()
                if states.get(entity, {"state": "unavailable"})["state"] == "unavailable"
            ]
            if not missing and not away:
                return entities
            if time.monotonic() > end:
                raise NotProven(f"cameras missing: {sorted(missing)}; unavailable: {away[:5]}")
            await asyncio.sleep(0.2)

    # -- live video ------------------------------------------------------------------------

    async def _prove_rtsp(self) -> None:
        assert self._entities
        for camera in self._entities.cameras.values():
            title = f"RTSP: {camera.name} starts at PLAY, its first key frame decodes"
            async with self.proofs.that(title) as proof:
                first = await first_key_frame(stream_address(self._demo.configuration, camera))
                proof.detail = (
                    f"{first.milliseconds:.0f} ms from PLAY (aim {FIRST_FRAME_AIM_MS}), "
                    f"{first.width}x{first.height}, {first.bytes / 1000:.0f} kB"
                )

    async def _prove_pages(self) -> None:
        if self._demo.webrtc:
            await self._prove_page("WebRTC", detections=True)
            await self._prove_page("HLS", detections=False)
        else:
            print("no go2rtc: the pages are proven over HLS only", flush=True)
            await self._prove_page("HLS", detections=True)

    async def _prove_page(self, player: str, *, detections: bool) -> None:
        assert self._entities
        demo, cameras = self._demo, list(self._entities.cameras.values())
        async with Browser.opened(
            demo.options.cache, demo.logs, demo.base, demo.tokens, webrtc=player == "WebRTC"
        ) as browser:
            videos: dict[str, Any] = {}
            async with self.proofs.that(f"{player}: the dashboard plays live video") as proof:
                videos = await watch(browser, self._dashboard, cameras, VIDEO_SECONDS[player])
                proof.detail = f"{len(videos)} of {len(cameras)} cameras"
            await browser.call("screenshot", file=str(self._out / f"live-{player.lower()}.png"))
            for camera in cameras:
                title = f"{player}: moving, decrypted video of {camera.name} is on the page"
                async with self.proofs.that(title) as proof:
                    others = [other.key for other in cameras if other is not camera]
                    video = videos.get(camera.key)
                    view = await prove_view(demo.simulator, camera.key, others, video, player)
                    proof.detail = str(view)
            if detections:
                await self._prove_detections(browser)

    # -- detections ------------------------------------------------------------------------

    async def _prove_detections(self, browser: Browser | None) -> None:
        assert self._entities
        door = self._entities.cameras[DOOR]
        await self._prove_known_face(door)
        await self._prove_ring(door)
        await self._prove_stranger(door)
        await self._prove_event_picture(door, browser)
        if browser:
            await browser.call("screenshot", file=str(self._out / "detections.png"))

    async def _detect(
        self, camera: CameraEntities, label: str, kind: str, **details: str
    ) -> tuple[State, float]:
        """Trigger a detection; return the entity's new state and the time to it in ms."""
        entity = camera.entities[label]
        before = (await self._demo.api.states())[entity]["state"]
        sent = await self._demo.simulator.post("detect", camera=camera.key, kind=kind, **details)
        state = await self._demo.api.wait_for(entity, lambda s: s["state"] != before, 10)
        updated = dt.datetime.fromisoformat(state["last_updated"]).timestamp()
        return state, (updated - float(sent["sent_at"])) * 1000

    async def _prove_known_face(self, door: CameraEntities) -> None:
        api = self._demo.api
        async with self.proofs.that(f"{PERSON} at the front door reaches the face event") as proof:
            state, took = await self._detect(door, "event.face", "known", person=PERSON)
            seen = {key: state["attributes"].get(key) for key in ("event_type", "person")}
            if seen != {"event_type": "known", "person": PERSON}:
                raise NotProven(f"the event says {seen}")
            proof.detail = f"{took:.1f} ms from the datagram to the state (aim {STATE_AIM_MS})"
        async with self.proofs.that(f"the sample automation ran with the name {PERSON}") as proof:
            proof.detail = await self._notice(PERSON)
        async with self.proofs.that("the last recognised person is shown") as proof:
            entity = door.entities["sensor.last_person"]
            state = await api.wait_for(entity, lambda s: s["state"] == PERSON, 5)
            proof.detail = state["state"]

    async def _notice(self, name: str) -> str:
        """Return the text of the automation's notification once it has the name."""
        end = time.monotonic() + 5
        texts: list[str] = []
        while time.monotonic() < end:
            notices = await self._demo.api.command("persistent_notification/get")
            texts = [n["message"] for n in notices if n["notification_id"] == NOTICE]
            if any(name in text for text in texts):
                return texts[0]
            await asyncio.sleep(0.05)
        raise NotProven(f"the notification says {texts or 'nothing'}")

    async def _prove_ring(self, door: CameraEntities) -> None:
        async with self.proofs.that("a ring reaches the doorbell event") as proof:
            state, took = await self._detect(door, "event.doorbell", "ring")
            if state["attributes"].get("event_type") != "ring":
                raise NotProven(f"the event says {state['attributes'].get('event_type')}")
            proof.detail = f"{took:.1f} ms"

    async def _prove_stranger(self, door: CameraEntities) -> None:
        async with self.proofs.that("a stranger is told apart from people that are known") as proof:
            state, took = await self._detect(door, "event.face", "stranger")
            seen = state["attributes"].get("event_type"), state["attributes"].get("person")
            if seen != ("stranger", None):
                raise NotProven(f"the event says {seen}")
            proof.detail = f"{took:.1f} ms"

    async def _prove_event_picture(self, door: CameraEntities, browser: Browser | None) -> None:
        image = door.entities["image.last_event"]
        async with self.proofs.that("the event's picture is the camera's own") as proof:
            await self._demo.api.wait_for(
                image, lambda s: s["state"] not in {"unknown", "unavailable"}, 10
            )
            data = await self._demo.api.bytes_of(f"image_proxy/{image}")
            (self._out / "event.jpg").write_bytes(data)
            grey = grey_of(data)
            proof.detail = f"{len(data) / 1000:.0f} kB, {grey.shape[1]}x{grey.shape[0]}"
            if (code := read_code(grey)) is None:
                raise NotProven(f"no strip in the picture: {proof.detail}")
            apart = difference(grey, await self._demo.simulator.picture(door.key, code.frame))
            if apart > SAME:
                raise NotProven(f"it differs from source frame {code.frame} by {apart:.1f} of 255")
            proof.detail += f", frame {code.frame}, difference to the source {apart:.1f} of 255"
        if browser:
            async with self.proofs.that("the event's picture is on the dashboard") as proof:
                shown = await browser.call("picture", entity=image, seconds=10)
                if not shown:
                    raise NotProven("no loaded picture of it on the page")
                proof.detail = "{}x{}".format(*shown["size"])

    # -- the rest --------------------------------------------------------------------------

    async def _prove_guard_mode(self) -> None:
        assert self._entities
        panel = self._entities.station.get("alarm_control_panel.guard")
        async with self.proofs.that("arming in Home Assistant arms the HomeBase") as proof:
            if not panel:
                raise NotProven("there is no alarm panel")
            api = self._demo.api
            await api.action("alarm_control_panel", "alarm_arm_home", entity_id=panel)
            await api.wait_for(panel, lambda s: s["state"] == "armed_home", 5)
            await api.action("alarm_control_panel", "alarm_arm_away", entity_id=panel)
            state = await api.wait_for(panel, lambda s: s["state"] == "armed_away", 5)
            simulated = await self._demo.simulator.get("state")
            proof.detail = f"{state['state']}; the HomeBase says {_guard_modes(simulated)}"
            if _guard_modes(simulated) != ["0"]:
                raise NotProven(proof.detail)

    async def _prove_recovery(self) -> None:
        assert self._entities
        sensor = self._entities.station.get("binary_sensor.connectivity")
        async with self.proofs.that("a dropped link comes back by itself") as proof:
            if not sensor:
                raise NotProven("there is no connection sensor")
            api = self._demo.api
            await self._demo.simulator.post("link/drop")
            await api.wait_for(sensor, lambda s: s["state"] == "off", 30)
            began = time.perf_counter()
            await api.wait_for(sensor, lambda s: s["state"] == "on", 60)
            proof.detail = f"{time.perf_counter() - began:.1f} s after it was noticed"

    async def _prove_diagnostics(self) -> None:
        assert self._signed_in
        simulator = self._demo.simulator
        async with self.proofs.that("diagnostics hold no account, password or serial") as proof:
            path = f"diagnostics/config_entry/{self._signed_in.entry_id}"
            text = json.dumps(json.loads(await self._demo.api.bytes_of(path)))
            secrets = [simulator.email, simulator.password, *simulator.cameras.values()]
            if leaked := [secret for secret in secrets if secret in text]:
                raise NotProven(f"{len(leaked)} of them are in it")
            proof.detail = f"{len(text)} characters"


def _guard_modes(state: dict[str, Any]) -> list[str]:
    return [str(station["guard_mode"]) for station in state["stations"].values()]


def stream_address(configuration: Path, camera: CameraEntities) -> str:
    """Return the loopback RTSP address that the integration gives to players of this camera."""
    store = json.loads((configuration / ".storage" / "eufy_local.streams").read_text())["data"]
    return f"rtsp://127.0.0.1:{store['port']}/{store['token']}/{camera.serial}"


def can_look(cache: Path) -> bool:
    """Return whether there is a browser to look with."""
    return find_browser(cache) is not None
