"""Drives eufy-home-security (PyPI) as a witness against a station on loopback.

Runs in an environment of its own (`scripts/setup interop`); prints one JSON line. The one
argument is a JSON object: serial, did, host, search_port, owner_id, cipher_id,
rsa_private_key (PEM text or null), ecc_private_key (64 hex digits), channel, guard_mode,
media_key ("rsa" or "ecc"), frames (how many video frames to take), standalone (bool).
"""

import asyncio
import hashlib
import json
import sys
from typing import Any

from eufy_home_security.models import GuardMode
from eufy_home_security.p2p.media import MediaKeyType, MediaKind
from eufy_home_security.p2p.session import P2PCredentials, StationSession


async def witness(want: dict[str, Any]) -> dict[str, Any]:
    """Connect, read parameters, arm, watch; report what was seen."""

    async def credentials(*, refresh: bool, cipher_id: int | None) -> P2PCredentials:
        report["cipher_id"] = cipher_id
        return P2PCredentials(
            account_id=want["owner_id"],
            user_name="witness",
            ecc_private_key=want["ecc_private_key"],
            cipher_id=cipher_id or want["cipher_id"],
            rsa_private_key=want["rsa_private_key"],
        )

    report: dict[str, Any] = {"connected": False, "errors": []}
    session = StationSession(
        want["serial"],
        credentials,
        host=want["host"],
        port=want["search_port"],
        did=want["did"],
        expect_channels=(want["channel"],),
    )
    try:
        await session.async_connect()
        report["connected"] = True
        report["rsa_session"] = session.rsa_session
        dump = await session.async_get_params()
        report["parameters"] = (
            sum(len(block) for block in dump.values())
            if hasattr(dump, "values")
            else len(session.params)
        )
        report["mode_before"] = int(session.guard_mode) if session.guard_mode is not None else None
        if want.get("guard_mode") is not None:
            await session.async_set_guard_mode(GuardMode(want["guard_mode"]))
            report["mode"] = int(session.guard_mode) if session.guard_mode is not None else None
        report["video"] = await _watch(session, want)
    except Exception as error:  # a witness reports whatever went wrong
        report["errors"].append(f"{type(error).__name__}: {error}")
    finally:
        await session.async_close()
    return report


async def _watch(session: StationSession, want: dict[str, Any]) -> dict[str, Any]:
    chunks: list[str] = []
    video = hashlib.sha256()
    sizes: dict[str, int] = {}
    audio = 0
    stream = await session.async_open_live(
        want["channel"], media_key=MediaKeyType[want.get("media_key", "rsa").upper()]
    )
    async with stream:
        async for frame in stream:
            if frame.kind is not MediaKind.VIDEO:
                audio += 1
                continue
            data = bytes(frame.data)
            video.update(data)
            chunks.append(hashlib.sha256(data).hexdigest())
            size = f"{frame.width}x{frame.height}"
            sizes[size] = sizes.get(size, 0) + 1
            if len(chunks) >= want.get("frames", 60):
                break
    return {
        "frames": len(chunks),
        "audio": audio,
        "sizes": sizes,
        "sha256": video.hexdigest(),
        "chunks": chunks,
    }


sys.stdout.write(json.dumps(asyncio.run(witness(json.loads(sys.argv[1])))) + "\n")
