"""Seeds for mutation: every byte string and JSON text of the vectors, by target."""

import json
from collections.abc import Iterator
from typing import Any

from .support import CLOUD, FIELD, P2P, unhex


def _hex_of(value: Any) -> Iterator[bytes]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _hex_of(item)
    elif isinstance(value, list):
        for item in value:
            yield from _hex_of(item)
    elif isinstance(value, str) and len(value) >= 8 and len(value) % 2 == 0:
        try:
            yield bytes.fromhex(value)
        except ValueError:
            return


def _texts() -> Iterator[bytes]:
    for case in P2P["json"].values():
        if isinstance(case, dict):
            yield case["text"].encode()
    for group in ("camera_push", "other_notify"):
        for case in CLOUD["p2p_notify"][group]:
            yield case["body_json"].encode()
    for item in FIELD["items"]:
        if "json" in item:
            yield json.dumps(item["json"]).encode()


def _frames() -> Iterator[bytes]:
    for group in P2P.values():
        for case in group.values() if isinstance(group, dict) else []:
            if isinstance(case, dict) and isinstance(case.get("frame"), str):
                yield unhex(case["frame"])


def seeds(target: str) -> list[bytes]:
    """Return the seeds of a target; never empty."""
    match target:
        case "datagram":
            found = [*_hex_of(P2P["pppp"]), *_hex_of(P2P["transcripts"])]
        case "stream" | "record":
            found = list(_frames())
        case "media":
            found = [
                bytes([frame[4] & 1]) + frame[10:]
                for frame in _frames()
                if frame[4:6] in {b"\x14\x05", b"\x15\x05"}
            ]
        case "handshake":
            found = [frame[10:] for frame in _frames() if frame[4:6] == b"\x4c\x04"]
        case "notify":
            found = [*_texts(), *_hex_of(P2P["notifies"])]
        case "json":
            found = list(_texts())
        case "still":
            found = list(_hex_of(P2P["stills"]))
        case _:
            found = [
                case["encoded_text"].encode()
                for case in P2P["app_conn"].values()
                if isinstance(case, dict)
            ]
            found += list(_hex_of(P2P["media"]))
    return found
