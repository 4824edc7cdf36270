"""Our client against the fake station that eufy-home-security publishes."""

import asyncio
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from custom_components.eufy_local.eufy.link.link import Link, LinkTarget
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.net.override import LoopbackOverride
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.commands import arm
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.envelopes import LiveForm
from custom_components.eufy_local.eufy.wire.handshake import CipherKey, LinkGrade
from custom_components.eufy_local.eufy.wire.media import (
    MediaDecoder,
    MediaProtection,
    StreamKey,
    VideoFrame,
)
from custom_components.eufy_local.eufy.wire.media_commands import live_open, live_stop
from custom_components.eufy_local.eufy.wire.record import Record

from .witness import PythonStation, needs_python

pytestmark = [needs_python, pytest.mark.usefixtures("socket_enabled")]

GRADES: dict[str, tuple[dict[str, Any], LinkGrade]] = {
    "version 8": ({}, LinkGrade.GCM),
    "RSA, clear reply": ({"conn_init_version": 1}, LinkGrade.RSA),
    "RSA, reply under the static key": (
        {"conn_init_version": 1, "conn_init_encryption": 1},
        LinkGrade.RSA,
    ),
    "no key named": (
        {"conn_init_version": 1, "static_key_session": True, "cipher_id": 0},
        LinkGrade.STATIC,
    ),
}


def link_to(identity: dict[str, Any]) -> tuple[Gate, Link]:
    """Return a link of ours to the foreign station."""
    gate = Gate(
        override=LoopbackOverride("http://127.0.0.1:9", "", ("127.0.0.1", identity["search_port"]))
    )

    async def keys(cipher_id: int) -> CipherKey:
        return CipherKey(
            cipher_id,
            identity["owner_id"],
            Secret(identity["rsa_private_key"]),
            Secret(identity["ecc_private_key"]),
        )

    target = LinkTarget(identity["serial"], Did.parse(identity["did"]))
    return gate, Link(gate, target, keys, identity["owner_id"])


@pytest.mark.parametrize("grade", GRADES)
async def test_connects_reads_and_arms(grade: str) -> None:
    fields, expected = GRADES[grade]
    async with PythonStation(**fields) as station:
        identity = station.identity
        gate, link = link_to(identity)
        info = await link.connect()
        assert info.grade is expected
        dump = await link.parameters()
        seen = {(p.dev_type, p.param_type): p.value for p in dump.parameters}
        assert {
            (int(block), int(key)): value
            for block, values in identity["parameters"].items()
            for key, value in values.items()
        }.items() <= seen.items()
        await link.command(arm(identity["owner_id"], 1, "tester"))
        await asyncio.sleep(0.2)
        await link.close()
        await gate.close()
    assert station.received["guard_mode"] == 1


@pytest.mark.parametrize("grade", GRADES)
@pytest.mark.parametrize("offer", ["rsa", "ecc"])
async def test_watches_live_video(grade: str, offer: str) -> None:
    fields, _ = GRADES[grade]
    async with PythonStation(**fields) as station:
        identity = station.identity
        gate, link = link_to(identity)
        await link.connect()
        key = StreamKey(
            rsa.generate_private_key(65537, 1024)  # what the stations wrap to
            if offer == "rsa"
            else ec.generate_private_key(ec.SECP256R1())
        )
        decoder = MediaDecoder(key, 0)
        frames: list[VideoFrame] = []
        enough = asyncio.Event()

        def sink(record: Record) -> None:
            frame = decoder.decode(record)
            if isinstance(frame, VideoFrame):
                frames.append(frame)
                if len(frames) >= 10:
                    enough.set()

        link.set_media_sink(sink)
        account = identity["owner_id"]
        await link.command(live_open(LiveForm.A, account, 0, key.offer, "1"))
        async with asyncio.timeout(20):
            await enough.wait()
        await link.command(live_stop(LiveForm.A, account, 0, "2"))
        await link.close()
        await gate.close()
    # Its pictures are made up: only key frames have a start code.
    keys = [frame for frame in frames if frame.key]
    assert keys
    assert all(frame.data.startswith((b"\0\0\0\1", b"\0\0\1")) for frame in keys)
    expected = MediaProtection.KEY_FRAME_PREFIX if offer == "rsa" else MediaProtection.AUTHENTICATED
    assert {frame.protection for frame in keys} == {expected}
    assert {(frame.width, frame.height) for frame in frames} == {(3840, 2160)}
