"""The control interface: HTTP on loopback, for the demo, for scripts and for people with curl.

POST /detect {camera, kind, person?, repeat?}   POST /guard {mode, station?}
POST /link/drop {station?}                      POST /faults {station?, NAME: VALUE, ...}
POST /sensor {channel, open, station?}          POST /alarm {seconds, station?}
GET /state   GET /counters   GET /code   GET /captcha
GET /clock?camera=  (the frame counter now)     GET /picture?camera=&frame=  (PNG)
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import web

from custom_components.eufy_local.eufy.wire.notifications import SensorState

from . import snapshots
from .network import HOST
from .simulator import Simulator
from .station.detections import UnknownKind
from .switches import set_faults

MAX_BODY: Final = 64 * 1024
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Serves the control interface of a running simulator."""

    def __init__(self, simulator: Simulator, *, port: int = 0) -> None:
        self._simulator = simulator
        self._port = port
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; returns the base URL."""
        app = web.Application(client_max_size=MAX_BODY, middlewares=[_refusals])
        app.add_routes(
            [
                web.post("/detect", self._detect),
                web.post("/guard", self._guard),
                web.post("/link/drop", self._drop),
                web.post("/faults", self._faults),
                web.post("/sensor", self._sensor),
                web.post("/alarm", self._alarm),
                web.get("/state", self._state),
                web.get("/counters", self._counters),
                web.get("/code", self._code),
                web.get("/captcha", self._captcha),
                web.get("/clock", self._clock),
                web.get("/picture", self._picture),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, self._port).start()
        return f"http://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _detect(self, request: web.Request) -> web.Response:
        body = await _object(request)
        sent_at = time.time()
        event = self._simulator.detect(
            str(body["camera"]),
            str(body["kind"]),
            body.get("person"),
            repeat=bool(body.get("repeat", False)),
        )
        return web.json_response(
            {
                "id": event.unique_id,
                "record_id": event.record_id,
                "kind": event.kind,
                "time_ms": event.time_ms,
                "sent_at": sent_at,
                "frame": event.frame,
                "camera": event.camera.serial,
            }
        )

    async def _guard(self, request: web.Request) -> web.Response:
        body = await _object(request)
        self._simulator.set_guard_mode(int(body["mode"]), str(body.get("station", "")))
        return web.json_response({})

    async def _drop(self, request: web.Request) -> web.Response:
        body = await _object(request)
        self._simulator.drop_links(str(body.get("station", "")))
        return web.json_response({})

    async def _faults(self, request: web.Request) -> web.Response:
        body = await _object(request)
        station = self._simulator.station(str(body.pop("station", "")))
        set_faults(station.faults, body)
        return web.json_response({})

    async def _sensor(self, request: web.Request) -> web.Response:
        body = await _object(request)
        station = self._simulator.station(str(body.get("station", "")))
        report = SensorState(int(body["channel"]), bool(body["open"]))
        self._simulator.network.act(station, lambda _: station.desk.report(report))
        return web.json_response({})

    async def _alarm(self, request: web.Request) -> web.Response:
        body = await _object(request)
        station = self._simulator.station(str(body.get("station", "")))
        seconds = int(body["seconds"])
        self._simulator.network.act(
            station, lambda now: station.desk.sound_alarm(seconds, 255, now)
        )
        return web.json_response({})

    async def _state(self, _: web.Request) -> web.Response:
        stations = {
            serial: {
                "name": station.spec.name,
                "links": len(station.links),
                "guard_mode": station.desk.memory.mode,
                "live": [
                    {
                        "camera": view.camera.key,
                        "frames": view.frames_sent,
                        "frame": view.last_frame,
                    }
                    for view in station.live_views()
                ],
            }
            for serial, station in self._simulator.stations.items()
        }
        return web.json_response({"stations": stations})

    async def _counters(self, _: web.Request) -> web.Response:
        return web.json_response(self._simulator.counters)

    async def _code(self, _: web.Request) -> web.Response:
        return web.json_response({"code": self._simulator.cloud.code})

    async def _captcha(self, _: web.Request) -> web.Response:
        return web.json_response({"answer": self._simulator.cloud.captcha_answer})

    async def _clock(self, request: web.Request) -> web.Response:
        simulator = self._simulator
        camera = simulator.home.find_camera(request.query["camera"])
        scene = simulator.station_of(camera).desk.scenes[camera.channel]
        frame = scene.frame(simulator.network.now)
        return web.json_response(
            {"frame": frame, "length": len(scene.clip.video), "scene": scene.clip.name}
        )

    async def _picture(self, request: web.Request) -> web.Response:
        simulator = self._simulator
        clip = simulator.clip(simulator.home.find_camera(request.query["camera"]))
        frame = int(request.query["frame"]) % len(clip.video)
        data = await asyncio.get_running_loop().run_in_executor(None, snapshots.png, clip, frame)
        return web.Response(body=data, content_type="image/png")


@web.middleware
async def _refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a caller got wrong into a sentence."""
    try:
        return await handler(request)
    except KeyError as error:
        return web.json_response({"error": f"there is no {error}"}, status=404)
    except (UnknownKind, ValueError, TypeError) as error:
        return web.json_response({"error": str(error)}, status=400)


async def _object(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json() if request.can_read_body else {}
    except json.JSONDecodeError as error:
        raise ValueError("the body is not JSON") from error
    if not isinstance(body, dict):
        raise TypeError("the body must be an object")
    return body
