"""Readers of the raw bytes in owners' logs."""

import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import (
    datagram,
    media,
    media_encode,
    notify,
    rendezvous,
    requests,
    station,
    still,
    storage,
)
from custom_components.eufy_local.eufy.wire.bodies import ScalarBody
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.media import MediaDecoder
from custom_components.eufy_local.eufy.wire.record import (
    Record,
    decode_header,
    decode_record,
)
from custom_components.eufy_local.eufy.wire.sealing import (
    OpenedRecord,
    Protection,
    open_record,
)

from .support import (
    CLEAR_KEYS,
    FIELD,
    GCM_KEYS,
    RSA_KEYS,
    STATIC_KEYS,
)

type Item = dict[str, Any]
type Found = dict[str, Any]

OURS = ("A.", "B.", "C.", "F.stream", "F.command")
ITEMS: list[Item] = [item for item in FIELD["items"] if item["kind"].startswith(OURS)]
MANY = {item["id"]: item for item in FIELD["items"]}

PROSE = frozenset(
    {
        # said about the log, the installation or another layer; nothing a parser returns
        "duplicates_seen", "ascii_in_dump", "meaning", "source", "state", "rest", "reason",
        "retry_same_form", "reconnect", "fatal", "channel_note", "1271_empty", "values_are_texts",
        "types", "6030_is", "no_1103", "hw_version", "delay_after_ack_ms", "index_consumed_once",
        "start", "stop_with_time_out_0", "lan_only_client", "known", "result", "encoding",
        "1298_hex", "enabled_if_99904", "dropped_bytes",
    }
)  # fmt: skip


def utc(milliseconds: int) -> str:
    moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


# --- raw bytes ---------------------------------------------------------------------------


def read_datagram(data: bytes) -> Found:
    item = datagram.decode_datagram(data)
    found: Found = {
        "type": item.type,
        "type_hex": f"{item.type:02x}",
        "payload_length": len(item.payload),
        "length_matches": int.from_bytes(data[2:4]) == len(item.payload),
    }
    match item.type:
        case datagram.DatagramType.PUNCH_PKT:
            found["did"] = str(Did.from_bytes(item.payload))
        case datagram.DatagramType.TURN_LIST:
            hosts = rendezvous.decode_turn_list(item.payload)
            found |= {
                "count": len(hosts),
                "size_ok": len(item.payload) == 4 + 16 * len(hosts),
                "hosts_distinct": [
                    {"family": 2, "port": host.port, "ip": host.host, "rest_zero": True}
                    for host in dict.fromkeys(hosts)
                ],
            }
        case datagram.DatagramType.LOOKUP_RESPONSE:
            code = rendezvous.decode_lookup_response(item.payload)
            found |= {"code_u16le": code, "code_i8": code}
    return found


def read_record(data: bytes) -> Found:
    head = decode_header(data)
    body = data[16 : 16 + head.length]
    record = Record(head.command, head.subheader, body)
    found: Found = {
        "record_type": head.command,
        "body_length": head.length,
        "subheader": head.subheader.hex(),
        "byte0": record.version,
        "byte1": record.counter,
        "channel": record.channel,
        "encryption_type": record.encryption,
        "flag": record.flag,
        "byte5": record.audio_kind,
        "body_present": len(body),
        "complete": len(body) == head.length,
        "record_length_total": 16 + head.length,
    }
    if head.command == media.AUDIO:
        frame = MediaDecoder(None).decode(record)
        if frame is not None:
            second = media_encode.encode_talk(frame.data, record.channel, 1)
            first = media_encode.encode_talk(frame.data, record.channel, 0)
            found |= {
                "datalen": len(frame.data),
                "header_bytes": len(body) - len(frame.data),
                "seq_step": second[16 + 6] - first[16 + 6],
                "timestamp_step": second[16 + 8] - first[16 + 8],
            }
        return found
    if record.encryption == 0:
        found |= read_clear_body(record, complete=found["complete"])
    with contextlib.suppress(WireError):
        open_record(record, RSA_KEYS)
    return found


def read_clear_body(record: Record, *, complete: bool) -> Found:
    found: Found = {"cipher": "none", "json_starts": record.body[:1] == b"{"}
    if found["json_starts"]:
        return found
    if not record.body:
        return found | {"form": "V"}
    if len(record.body) <= 4:
        body = ScalarBody.decode_int(record.body)
        return found | {"form": "I", "value": body.value}
    body = ScalarBody.decode_sub(record.body)
    found |= {"form": "S", "value_sub": body.sub, "value": body.value}
    if not complete:
        return found | {"account_prefix_length_logged": len(body.text)}
    request = station.open_request(record, CLEAR_KEYS)
    understood = requests.understand(request)
    if isinstance(understood, requests.Setting) and understood.cmd == 1035:
        found["meaning"] = "camera off" if understood.value else "camera on"
        assert understood.channel == record.channel
    return found


def read_data_payload(data: bytes) -> Found:
    chunk = datagram.decode_data(data)
    return {
        "stream_channel": chunk.channel,
        "index": chunk.index,
        **read_record(bytes(chunk.chunk)),
    }


def read_image_header(data: bytes) -> Found:
    found = still.parse_still(data.ljust(74, b"\0"))
    return {
        "length": 44,
        "marker": data[:15].decode("latin-1"),
        "serial": found.serial,
        "code": found.code,
    }


def read_body(item: Item, body: bytes) -> Found:
    """A decrypted body: sealed again, sent, opened and understood."""
    command, expect = item["record_type"], item["expect"]
    channel = expect.get("channel", 255)
    if expect.get("is_receipt") or command == 1144:
        record = Record(command, bytes([8, 0, channel, 0, 1, 0]), body)
        opened = open_record(record, GCM_KEYS)
        return read_receipt(opened)
    raw = station.encode_notice(
        command, body, channel=channel, keys=STATIC_KEYS, protection=Protection.STATIC
    )
    opened = open_record(decode_record(raw), STATIC_KEYS)
    report = notify.decode_notification(opened)
    match report:
        case notify.AlarmReport():
            state = {True: "alarm started", False: "alarm ended", None: "ignored"}
            return {
                "event": report.event,
                "seconds": report.duration,
                "seconds_raw": report.duration,
                "state": state[report.active],
            }
        case notify.EntryDelay():
            return {
                "event": report.event,
                "delay_seconds": report.seconds,
                "channel": report.channel,
                "state": "armed" if report.armed else "entry delay running",
            }
        case notify.LightState():
            return {"value": int(report.on), "state": "light on" if report.on else "light off"}
        case notify.ParameterPush():
            (first,) = report.parameters
            return {
                "params": len(report.parameters),
                "block": first.dev_type,
                str(first.param_type): first.value,
                "trailing_nul": body.endswith(b"\0"),
            }
    return {}


def read_receipt(opened: OpenedRecord) -> Found:
    assert notify.decode_notification(opened) is None
    info = storage.parse_sd_info(opened.plaintext)
    return {
        "code": opened.code,
        "length": len(opened.plaintext),
        "is_receipt": opened.receipt,
        "capacity": info.total or 0,
        "free": info.free or 0,
        "valid": info.known,
        "sd_values": None if info.total is None else (info.total, info.free),
        "siren_state": "unchanged",
    }


READERS: dict[str, Callable[[bytes], Found]] = {
    "A.datagram": read_datagram,
    "A.data_payload": read_data_payload,
    "A.record": read_record,
    "A.image_header": read_image_header,
}
