"""The client's side of the published transcripts, datagram by datagram, against our station."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from custom_components.eufy_local.eufy.wire import crypto
from custom_components.eufy_local.eufy.wire.datagram import decode_datagram
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade, LinkKeys
from custom_components.eufy_local.eufy.wire.media import StreamKey
from custom_components.eufy_local.eufy.wire.notifications import GuardModeReport
from custom_components.eufy_local.eufy.wire.notify import decode_notification
from simulator.families import FAMILIES
from simulator.station.core import StationCore

from .stage import EPOCH, Client, Stage

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "p2p.json").read_text())
KEYS = VECTORS["keys"]
IDENTITIES = VECTORS["identities"]
DID = Did.parse(IDENTITIES["station_did"])
STATIC = crypto.static_key(IDENTITIES["station_serial"], DID)


def vector_stage(family: str) -> Stage:
    """A station with the identity of the vectors."""
    stage = Stage("homebase3")
    spec = dataclasses.replace(
        stage.home.stations[0],
        serial=IDENTITIES["station_serial"],
        did=IDENTITIES["station_did"],
        owner_id=IDENTITIES["owner_account_id"],
        family=FAMILIES[family],
    )
    stage.home = dataclasses.replace(stage.home, stations=(spec,))
    stage.core = StationCore(stage.home, spec, stage.clip, epoch=EPOCH, now=stage.now)
    return stage


def media_key(name: str) -> StreamKey:
    if "ecc" in name:
        scalar = int(KEYS["media_ecc_private_hex"], 16)
        return StreamKey(ec.derive_private_key(scalar, ec.SECP256R1()))
    return StreamKey(crypto.load_rsa_private(KEYS["media_rsa_private_pkcs8_base64"]))


def play(name: str, stage: Stage, client: Client) -> None:
    """Send what the transcript's client sends; acknowledge our own station's datagrams."""
    steps: list[dict[str, Any]] = VECTORS["transcripts"][name]
    for step in steps:
        if step["dir"] != "client->station":
            continue
        data = bytes.fromhex(step["hex"])
        kind = decode_datagram(data).type
        if kind == 0xD1:
            continue
        if "32108" in step["port"]:
            stage.core.receive_search(data, client.address, stage.now)
            stage.flush()
            continue
        if "live stop" in (step.get("note") or ""):
            stage.run(2.0)
        client.send(data)
        stage.run(0.2)
        seat = stage.core.desk.seats[0].session if stage.core.desk.seats else None
        if seat is not None and seat.keys is not None and client.keys is None:
            # The transcript is sealed under its own link key: put it in the station's hand.
            gcm = name.startswith("hb3")
            client.keys = LinkKeys(
                STATIC,
                LinkGrade.GCM if gcm else LinkGrade.RSA,
                gcm=KEYS["gcm_link_key_ascii"].encode() if gcm else None,
                rsa=None if gcm else KEYS["rsa_link_key_ascii"].encode(),
            )
            seat.keys = client.keys


@pytest.mark.parametrize(
    ("name", "family", "results"),
    [
        ("hb3_gcm", "homebase3", [1103, 1350, 1350, 1350]),
        ("rsa_level2", "homebase2", [1103, 1350, 1350, 1004]),
        ("hb3_gcm_ecc_face", "homebase3", [1103, 1350, 1350]),
    ],
)
def test_a_transcript_runs_through(name: str, family: str, results: list[int]) -> None:
    stage = vector_stage(family)
    client = stage.client()
    play(name, stage, client)
    assert client.results() == [(command, 0) for command in results]
    on_data = [record for channel, record in client.records if channel == 0]
    assert [record.command for record in on_data] == results  # nothing else on channel 0
    assert len(client.contents(1103)) == 1
    if "face" not in name:
        reports = [decode_notification(item) for item in client.contents(1151)]
        assert reports == [GuardModeReport(1)]
    assert len(client.media(media_key(name), 1).video) >= 25
    assert stage.core.links == {}
