"""`scripts/demo`: run the demo for a person, or check it without one."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from pathlib import Path

from .check import Check, can_look
from .dashboard import find_entities, make_automation, make_dashboard
from .home import PASSWORD, USER
from .processes import StartFailed
from .running import PREFERRED_PORT, Options, Running, running
from .signin import sign_in

ROOT = Path(__file__).parents[2]

WELCOME = """
Home Assistant   {base}{dashboard}
log in           user {user}, password {password}

What to try, in another terminal:
{tries}
Logs: {logs}
Ctrl-C stops everything.
"""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--check", action="store_true", help="prove each part without a person")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build/check", help="folder for the check's screenshots"
    )
    parser.add_argument("--no-browser", action="store_true", help="check: leave the pages out")
    parser.add_argument("--no-go2rtc", action="store_true", help="pages play HLS, not WebRTC")
    parser.add_argument("--media", type=Path, help="folder of footage (default: what set-up made)")
    parser.add_argument(
        "--challenge",
        choices=("none", "captcha", "code", "both"),
        default="code",
        help="what the simulated cloud asks for besides the password",
    )
    parser.add_argument("--manual", action="store_true", help="leave the sign-in to you")
    parser.add_argument("--port", type=int, default=PREFERRED_PORT, help="of Home Assistant")
    return parser.parse_args()


def _options(arguments: argparse.Namespace, folder: Path) -> Options:
    cache = Path(
        os.environ.get("EUFY_LOCAL_CACHE")
        or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eufy-local"
    )
    footage = arguments.media or cache / "footage"
    return Options(
        root=ROOT,
        cache=cache,
        folder=folder,
        media=footage if footage.exists() else None,
        challenge=arguments.challenge,
        use_go2rtc=not arguments.no_go2rtc,
        port=arguments.port,
    )


async def _check(options: Options, arguments: argparse.Namespace) -> int:
    look = not arguments.no_browser
    if look and not can_look(options.cache):
        print("Chromium, Node.js or playwright-core is missing: see scripts/setup demo")
        return 1
    async with running(options) as demo:
        proofs = await Check(demo, arguments.out, look=look).run()
    print(f"\n{proofs.proven} proven, {len(proofs.failed)} failed", flush=True)
    if look:
        print(f"screenshots: {arguments.out}")
    return 1 if proofs.failed else 0


async def _show(options: Options, arguments: argparse.Namespace) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running(options) as demo:
        dashboard = "" if arguments.manual else await _set_up(demo)
        print(_welcome(demo, dashboard), flush=True)
        waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(demo.home.ended())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
        print("\nstopping ...", flush=True)
    return 0


async def _set_up(demo: Running) -> str:
    await sign_in(demo.api, demo.simulator)
    entities = await find_entities(demo.api, demo.simulator.cameras)
    dashboard = await make_dashboard(demo.api, entities)
    await make_automation(demo.api, entities)
    return dashboard


def _welcome(demo: Running, dashboard: str) -> str:
    detect = f".venv/bin/python -m simulator detect --control {demo.simulator.control}"
    tries = [
        (
            "Alice at the front door (a known face)",
            f"{detect} --camera front_door --kind known --person Alice",
        ),
        ("a stranger in the yard", f"{detect} --camera front_yard --kind stranger"),
        ("somebody rings", f"{detect} --camera front_door --kind ring"),
        ("motion in the hall", f"{detect} --camera hall --kind motion"),
    ]
    text = "".join(f"  {what}:\n    {command}\n" for what, command in tries)
    if not dashboard:
        text = (
            f"  add the integration 'Eufy Local' with {demo.simulator.email}, password "
            f"{demo.simulator.password};\n  the code is at {demo.simulator.control}/code\n{text}"
        )
    return WELCOME.format(
        base=demo.base,
        dashboard=dashboard,
        user=USER,
        password=PASSWORD,
        tries=text,
        logs=demo.logs,
    )


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="eufy-demo-", ignore_cleanup_errors=True) as folder:
        options = _options(arguments, Path(folder) / "demo")
        act = _check if arguments.check else _show
        try:
            with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
                return asyncio.run(act(options, arguments))
        except StartFailed as error:
            print(f"Cannot start: {error}", file=sys.stderr)
            return 1
    return 130


sys.exit(main())
