"""A real Home Assistant with a fresh configuration, started and onboarded without a person."""

import asyncio
import datetime as dt
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import aiohttp

from .processes import Program, StartFailed

START_SECONDS = 180.0
"""A first start on a slow machine; a warm one takes about five seconds."""
USER = "demo"
PASSWORD = "demo-password"

CONFIGURATION = """\
homeassistant:
  name: Eufy Local demo
  latitude: 52.0
  longitude: 5.0
  elevation: 0
  unit_system: metric
  time_zone: UTC
  currency: EUR
  country: NL
  internal_url: {base}
  external_url: {base}
# No address-finding server: live views stay on this machine.
web_rtc:
  ice_servers:
    - url: stun:127.0.0.1:9
frontend:
history:
logbook:
recorder:
stream:
ffmpeg:
media_source:
automation: !include automations.yaml
logger:
  default: warning
  logs:
    custom_components.eufy_local: info
"""


def _store(key: str, version: int, minor: int, data: dict[str, Any]) -> str:
    return json.dumps({"version": version, "minor_version": minor, "key": key, "data": data})


def write_configuration(folder: Path, root: Path, port: int, go2rtc: str | None) -> str:
    """Make a fresh configuration folder and return the address that it will answer at."""
    base = f"http://127.0.0.1:{port}"
    shutil.rmtree(folder, ignore_errors=True)
    storage = folder / ".storage"
    storage.mkdir(parents=True)
    (folder / "custom_components").mkdir()
    (folder / "custom_components" / "eufy_local").symlink_to(root / "custom_components/eufy_local")
    (folder / "automations.yaml").write_text("[]\n")
    text = CONFIGURATION.format(base=base)
    if go2rtc:
        text += f"go2rtc:\n  url: {go2rtc}\n"
    (folder / "configuration.yaml").write_text(text)
    # Settings of the web server live in the store; those in YAML would be taken back after 5 minutes.
    stable = {
        "server_port": port,
        "server_host": ["127.0.0.1"],
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": dt.datetime.now(dt.UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    data = {"stable": stable, "pending": None, "yaml_migration_done": True}
    (storage / "http").write_text(_store("http", 2, 2, data))
    # Only the owner's account is left to onboard: the other steps would add weather and radio
    # entries, which reach for the internet.
    done = {"done": ["core_config", "analytics", "integration"]}
    (storage / "onboarding").write_text(_store("onboarding", 4, 1, done))
    return base


async def start_home(
    folder: Path,
    *,
    root: Path,
    logs: Path,
    base: str,
    override: str,
    http: aiohttp.ClientSession,
) -> Program:
    """Start it and wait until it answers; StartFailed when it does not."""
    program = await Program.start(
        "Home Assistant",
        [sys.executable, "-m", "homeassistant", "--config", folder, "--skip-pip"],
        log=logs / "home-assistant.out",
        cwd=root,
        env={"EUFY_LOCAL_SIMULATOR": override},
    )
    try:
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    async with http.get(f"{base}/api/onboarding") as answer:
                        if answer.ok:
                            return program
                except aiohttp.ClientConnectionError:
                    pass
                if not program.running:
                    raise StartFailed(f"Home Assistant ended: {program.last_words()}")
                await asyncio.sleep(0.1)
    except BaseException:
        await program.stop()
        raise


async def onboard(base: str, http: aiohttp.ClientSession) -> dict[str, Any]:
    """Create the owner's account and return its tokens (`access_token`, `refresh_token`)."""
    client_id = f"{base}/"
    account = {
        "client_id": client_id,
        "name": "Demo",
        "username": USER,
        "password": PASSWORD,
        "language": "en",
    }
    async with http.post(f"{base}/api/onboarding/users", json=account) as answer:
        answer.raise_for_status()
        code = (await answer.json())["auth_code"]
    grant = {"client_id": client_id, "grant_type": "authorization_code", "code": code}
    async with http.post(f"{base}/auth/token", data=grant) as answer:
        answer.raise_for_status()
        tokens: dict[str, Any] = await answer.json()
    return tokens
