"""Command line: run the simulator, or tell a running one what happens.

python -m simulator run [--media DIR] [--cloud-port N] [--control-port N] [--search-port N]
                        [--challenge none|captcha|code|both] [--families NAME ...]
python -m simulator detect --control URL --camera front_door --kind known --person Alice
python -m simulator call --control URL PATH [JSON]
python -m simulator media OUT [--seconds N] [--height N] [--scenes NAME ...]
"""

import argparse
import asyncio
import contextlib
import json
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path

from . import bare

CALL_SECONDS = 10


def main() -> int:
    """Run one of the commands; the exit code says whether it worked."""
    parser = argparse.ArgumentParser(prog="simulator", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="simulate the home until Ctrl-C")
    run.add_argument("--media", type=Path)
    run.add_argument("--cloud-port", type=int, default=0)
    run.add_argument("--control-port", type=int, default=0)
    run.add_argument("--search-port", type=int, default=0)
    run.add_argument("--challenge", default="code", choices=["none", "captcha", "code", "both"])
    run.add_argument("--families", nargs="*", help="stations of these families instead")
    run.add_argument("--seed", type=int, default=1)
    detect = commands.add_parser("detect", help="let a camera detect something")
    detect.add_argument("--control", required=True)
    detect.add_argument("--camera", required=True)
    detect.add_argument("--kind", required=True)
    detect.add_argument("--person")
    call = commands.add_parser("call", help="any call of the control interface")
    call.add_argument("--control", required=True)
    call.add_argument("path")
    call.add_argument("body", nargs="?")
    media = commands.add_parser("media", help="fetch footage and make the cameras' scenes")
    media.add_argument("out", type=Path)
    media.add_argument("--seconds", type=float, default=20)
    media.add_argument("--height", type=int, default=1080)
    media.add_argument("--scenes", nargs="*", default=["doorbell", "hall", "night"])
    asked = parser.parse_args()
    match asked.command:
        case "run":
            bare.install()
            asyncio.run(_run(asked))
        case "detect":
            body = {"camera": asked.camera, "kind": asked.kind, "person": asked.person}
            return _call(asked.control, "detect", body)
        case "call":
            return _call(asked.control, asked.path, json.loads(asked.body) if asked.body else None)
        case _:
            bare.install()
            from .footage import make  # noqa: PLC0415  # needs packages that 'run' does not

            make(asked.out, asked.scenes, seconds=asked.seconds, height=asked.height)
    return 0


async def _run(asked: argparse.Namespace) -> None:
    from .cloud import Challenge, CloudOptions  # noqa: PLC0415  # after bare.install()
    from .control import Control  # noqa: PLC0415
    from .home import Home  # noqa: PLC0415
    from .simulator import Simulator  # noqa: PLC0415

    seed = asked.seed
    home = Home.of_families(asked.families, seed) if asked.families else Home.demo(seed)
    options = CloudOptions(
        challenge=Challenge(asked.challenge), verify_code=home.account.code, seen_country="US"
    )
    simulator = Simulator(
        home,
        media=asked.media,
        search_port=asked.search_port,
        cloud_port=asked.cloud_port,
        options=options,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with simulator:
        for camera in home.cameras.values():
            await loop.run_in_executor(None, simulator.clip, camera)
        control = Control(simulator, port=asked.control_port)
        address = await control.start()
        account = home.account
        ready = {
            "ready": True,
            "control": address,
            "override": simulator.override,
            "account": {
                "email": account.email,
                "password": account.password,
                "country": account.country,
            },
            "stations": [spec.serial for spec in home.stations],
            "cameras": {camera.key: camera.serial for camera in home.cameras.values()},
        }
        print(json.dumps(ready), flush=True)
        await stop.wait()
        await control.stop()


def _call(control: str, path: str, body: object) -> int:
    """Make one control call and print the answer."""
    url = f"{control.rstrip('/')}/{path.lstrip('/')}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=CALL_SECONDS) as answer:
            print(answer.read().decode())
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode(), file=sys.stderr)
    except OSError as error:
        print(f"the simulator does not answer: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
