"""What owners posted in public issues, through the real parsers (protocol/field.md).

Every key of an item's `expect` is either compared with what a parser says, or listed in `PROSE`
as text that no parser can say.
"""

import base64
import contextlib
import datetime as dt
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import (
    commands,
    database,
    datagram,
    guard,
    media,
    media_encode,
    notify,
    parameters,
    rendezvous,
    requests,
    results,
    settings,
    station,
    still,
    storage,
)
from custom_components.eufy_local.eufy.wire.bodies import JsonBody, ScalarBody
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.guard import ActionBit
from custom_components.eufy_local.eufy.wire.media import MediaDecoder
from custom_components.eufy_local.eufy.wire.media_headers import (
    AudioHeader,
    VideoHeader,
    encode_audio_header,
    encode_video_header,
)
from custom_components.eufy_local.eufy.wire.nal import is_clear
from custom_components.eufy_local.eufy.wire.parameters import Param, Parameter
from custom_components.eufy_local.eufy.wire.record import (
    Record,
    RecordReader,
    decode_header,
    decode_record,
    encode_record,
)
from custom_components.eufy_local.eufy.wire.sealing import (
    OpenedRecord,
    Protection,
    Sealer,
    open_record,
)

from .support import (
    CLEAR_KEYS,
    FIELD,
    GCM_KEYS,
    MODULUS,
    RSA_KEYS,
    RSA_STREAM,
    STATIC_KEYS,
    unhex,
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


# --- headers and numbers -------------------------------------------------------------------


def header_record(value: Item) -> Record:
    flag = value.get("type", 0)
    subheader = bytes([1, 0, value.get("channel", 0), value.get("signCode", 0), flag, 0])
    size = value.get("bytesToRead", value.get("dataSize", 0))
    return Record(value["commandId"], subheader, bytes(size))


def read_audio_header(item: Item) -> Found:
    value = item["json"]
    record = header_record(value)
    sound = value["audio"]
    head = AudioHeader(sound["dataLength"], 0, sound["type"], sound["seqNo"], sound["timestamp"])
    record = record._replace(body=encode_audio_header(head) + record.body[16:])
    frame = MediaDecoder(None).decode(record)
    assert isinstance(frame, media.AudioFrame)
    return {
        "body": len(record.body),
        "datalen": len(frame.data),
        "header_bytes": len(record.body) - len(frame.data),
        "datagram_stream_bytes": len(encode_record(*record)),
        "timestamp_unix_ms": frame.timestamp_ms > 1 << 40,
        "timestamp_utc": utc(frame.timestamp_ms),
        "counter_moves": bool(sound["seqNo"]),
        "media_channel_byte": frame.channel,
    }


def read_video_header(item: Item) -> Found:
    value = item["json"]
    record = header_record(value)
    head = VideoHeader(
        value["videoDataLength"],
        0,
        value["streamType"],
        value["videoSeqNo"],
        value["videoFPS"],
        value["videoWidth"],
        value["videoHeight"],
        value["videoTimestamp"],
    )
    data = b"\0\0\0\1\x41\x9a".ljust(len(record.body) - 22, b"\5")
    record = record._replace(body=encode_video_header(head) + data)
    frame = MediaDecoder(None).decode(record)
    assert isinstance(frame, media.VideoFrame)
    return {
        "body": len(record.body),
        "datalen": head.datalen,
        "header_bytes": 22,
        "padding": len(record.body) - 22 - len(frame.data),
        "frame_bytes": len(frame.data),
        "timestamp_utc": utc(frame.timestamp_ms),
        "key_frame": frame.key,
    }


def read_shared_chunk(item: Item) -> Found:
    """A chunk that ends one record and holds the next one whole."""
    value = item["json"]
    record = header_record(value)
    size = value["messageSize"]
    rest = size - 16 - len(record.body)
    before = encode_record(1301, bytes(6), bytes(900))
    reader = RecordReader()
    assert reader.feed(before[:-rest]) == []
    found = reader.feed(before[-rest:] + encode_record(*record))
    assert [len(each.body) for each in found] == [900, len(record.body)]
    return {"body": len(found[1].body), "chunk": size, "other_bytes_in_chunk": rest}


def read_header(item: Item) -> Found:
    value = item["json"]
    identifier = item["id"]
    if "audio" in value:
        return read_audio_header(item)
    if "videoSeqNo" in value:
        return read_video_header(item)
    if value.get("messageSize", 0) == 733:
        return read_shared_chunk(item)
    if identifier.startswith("hdr-36-byte"):
        body = (-108).to_bytes(4, "little", signed=True).ljust(36, b"\0")
        opened = open_record(Record(1350, bytes.fromhex("0802ff080100"), body), GCM_KEYS)
        return {
            "decrypt": opened.protection is not Protection.CLEAR,
            "code_field": "int32le at 0" if opened.code == -108 else "?",
        }
    if identifier.startswith("hdr-sign"):
        return read_sign(value["signCode"])
    record = header_record(value)
    opened = open_record(record, STATIC_KEYS)
    report = notify.decode_notification(opened)
    return {
        "body": len(record.body),
        "is_result": opened.receipt,
        "channel": opened.channel,
        "datagram_stream_bytes": len(encode_record(*record)),
        "cipher": {Protection.STATIC: "ECB static key"}.get(opened.protection, "none"),
        "meaning": "download finished"
        if report == notify.DownloadProgress(opened.channel, None)
        else "",
    }


def read_sign(sign: int) -> Found:
    data = b"\0\0\0\1\x65\x88".ljust(400, b"\5")
    encoder = media_encode.MediaEncoder.rsa(0, MODULUS, bytes(16), bytes(range(1, 129)))
    raw = bytearray(encoder.video(media_encode.Picture(data, True, 0, 1, 1, 0)))
    raw[13] = sign
    record = decode_record(raw)
    frame = MediaDecoder(RSA_STREAM).decode(record)
    assert frame is not None
    return {
        "sign_unsigned": record.encryption,
        "sign_if_signed_wrongly": record.encryption - 256,
        "encrypted": frame.protection is media.MediaProtection.KEY_FRAME_PREFIX,
    }


def read_code(item: Item) -> Found:
    value = item["json"]
    if "codes_by_host" in value:
        codes = [
            rendezvous.decode_lookup_response(
                datagram.decode_datagram(rendezvous.encode_lookup_response(code)).payload
            )
            for code in value["codes_by_host"]
        ]
        assert codes == value["codes_by_host"]
        return {"signed": {str(code): code - 256 for code in codes}}
    if "relays" in value:
        offers = [
            rendezvous.Relay(rendezvous.Endpoint(relay["ip"], relay["port"]), unhex(relay["token"]))
            for relay in value["relays"]
        ]
        for offer in offers:
            raw = datagram.decode_datagram(rendezvous.encode_relay_offer(offer))
            assert rendezvous.decode_relay_offer(raw.payload) == offer
        return {"token_bytes": len(offers[0].token)}
    request = value.get("request", {"type": value.get("commandId")})
    record = decode_record(station.encode_receipt(request["type"], value["resultCode"]))
    code = open_record(record, GCM_KEYS).code
    named = results.RESULT_CODES.get(code)
    text = "invalid account or wrong open form" if code == -104 else True
    return {"error": text if not results.is_success(code) else False, "known_name": named}


def read_command(item: Item) -> Found:
    value = item["json"]
    if isinstance(value, list):
        stop = commands.station_alarm("o", 0, "")
        request = station.open_request(
            decode_record(Sealer(CLEAR_KEYS).seal(stop, b"")), CLEAR_KEYS
        )
        assert requests.understand(request) == requests.StationAlarm(0, "o")
        return {}
    inner = value["body"]
    built = commands.json_1700(inner["commandType"], inner["data"], channel=value["channel"])
    assert isinstance(built.body, JsonBody)
    assert json.loads(built.body.data) == inner
    record = decode_record(Sealer(GCM_KEYS).seal(built, bytes(12)))
    return {"header_channel": record.channel, "form": "D" if record.command == 1700 else "J"}


def read_database(item: Item) -> Found:
    body = json.dumps(item["json"]).encode() + b"\0"
    raw = station.encode_notice(1306, body, keys=STATIC_KEYS, protection=Protection.STATIC)
    report = notify.decode_notification(open_record(decode_record(raw), STATIC_KEYS))
    assert isinstance(report, notify.JsonReply)
    reply = database.parse_reply(report.value)
    return {
        "error": reply.code,
        "rows": reply.tables or None,
        "has_cmd": reply.verb is not None,
        "has_transaction": bool(reply.transaction),
        "channel": report.channel,
    }


def read_storage(item: Item) -> Found:
    body = {
        "cmd": 1307,
        "payload": {"cmd": 11001, "mIntRet": 0, "body": {"emmc_info": item["json"]}},
    }
    opened = OpenedRecord(1351, 255, 0, json.dumps(body).encode(), Protection.GCM)
    report = notify.decode_notification(opened)
    assert isinstance(report, notify.StorageReport)
    found = storage.parse_storage(report.body)
    percent = None if found.emmc is None else found.emmc.video_used_percent
    return {"emmc": found.emmc is not None, "video_used_percent": percent}


def read_notify(item: Item) -> Found:
    if "lines" in item:
        # The payload was not shown: a ring is event 3103 of the same push.
        body = {"cmd": 2037, "payload": json.dumps({"event_type": 3103, "device_sn": "T8213"})}
    else:
        body = item["json"]
    opened = OpenedRecord(1351, 255, 0, json.dumps(body).encode(), Protection.STATIC)
    report = notify.decode_notification(opened)
    if isinstance(report, notify.CameraPush):
        return {"ring_over_p2p": report.event_type == 3103}
    assert isinstance(report, notify.ParameterPush)
    first = report.parameters[0]
    return {
        "kind": "parameter update",
        "channel": first.dev_type,
        str(first.param_type): first.value,
    }


def read_stream(item: Item) -> Found:
    chunk = bytes(item["json"]["messageSize"])
    reader = RecordReader()
    found = reader.feed(chunk)
    assert reader.skipped + reader.pending == len(chunk)
    good = encode_record(1300, bytes(6), b"x")
    assert len(reader.feed(good)) == 1
    return {"records": len(found), "must_terminate": True}


# --- parameters ------------------------------------------------------------------------------

NAMES = {
    "battery": Param.BATTERY,
    "rssi": Param.WIFI_RSSI,
    "temperature": Param.BATTERY_TEMPERATURE,
    "speaker_volume": Param.SPEAKER_VOLUME,
    "quality": Param.STREAM_QUALITY,
    "charge": Param.CHARGING,
    "clip_length": Param.CLIP_LENGTH,
    "retrigger": Param.RETRIGGER,
    "mode": Param.GUARD_MODE,
    "sd": Param.SD_STATUS,
}


def as_dump(value: Any) -> bytes:
    entries = (
        value
        if isinstance(value, list)
        else [
            {"dev_type": 255, "param_type": key, "param_value": each} for key, each in value.items()
        ]
    )
    return json.dumps({"params": entries}).encode() + b"\0"


def read_params(item: Item) -> Found:
    value = item["json"]
    special = SPECIAL_PARAMS.get(item["id"])
    if special is not None:
        return special(value)
    dump = parameters.parse_dump(as_dump(value))
    found: Found = {}
    for each in dump.parameters:
        number = each.number()
        found[str(each.param_type)] = each.structure() if number is None else number
        for name, identifier in NAMES.items():
            if each.param_type == identifier:
                found[name] = number
    found["lan_ip"] = dump.get(Param.LAN_IP)
    found["ecc"] = parameters.supports_ecc(dump, 0)
    if "6037" in found:
        found["6037_decodes_to"] = found["6037"]
        # A command echoed in plain text is told apart from base64 by its content.
        assert found["6030"]["commandType"] == 6030
    return found


def read_broken(value: Any) -> Found:
    broken, fine = parameters.parse_dump(as_dump(value)).parameters
    assert broken.value == value[0]["param_value"]
    assert broken.structure() is None
    return {"6042": fine.structure(), "6266": MANY["par-6266-broken-T814X"]["expect"]["6266"]}


def read_cut(value: Any) -> Found:
    (only,) = parameters.parse_dump(as_dump(value)).parameters
    assert (only.structure(), only.number()) == (None, None)
    return {"2708": "unparsable: ignore this parameter only"}


def read_sim(value: Any) -> Found:
    mode, sim, module = parameters.parse_dump(as_dump(value)).parameters
    assert (mode.sensitive, sim.sensitive, module.sensitive) == (False, True, False)
    structure = sim.structure()
    assert isinstance(structure, dict)
    assert "iccid" in structure
    return {"61400": "base64 JSON with SIM identity: drop from diagnostics"}


def read_table(value: Any) -> Found:
    text = base64.b64encode(json.dumps(value).encode()).decode()
    table = guard.parse_mode_table(Parameter(255, 1158, text).structure())
    names = {
        ActionBit.RECORD: "record",
        ActionBit.SIREN: "siren",
        ActionBit.NOTIFICATION: "notification",
    }
    return {
        "mode": table.mode,
        "entry_delay": table.entry.seconds,
        "exit_delay": table.leave.seconds,
        "entry_channels": sorted(table.entry.channels),
        "actions": {
            str(channel): [names[bit] for bit in ActionBit if bit in action]
            for channel, action in table.actions.items()
        },
    }


def read_snooze(value: Any) -> Found:
    found = [settings.parse_snooze(each) for each in value]
    assert len(set(found)) == 1
    # Parameter 2037 is a snooze start; it is no camera push.
    dump = parameters.parse_dump(as_dump({"2037": "1234"}))
    opened = OpenedRecord(1103, 255, 0, as_dump({"2037": "1234"}), Protection.GCM)
    assert notify.decode_notification(opened) == notify.ParameterPush(dump)
    return {"snooze_s": found[0].seconds, "start_epoch_s": found[0].start}


def read_window(value: Any) -> Found:
    texts = {key: f"{each:02d}" for key, each in value.items()}
    assert settings.parse_window(value) == settings.parse_window(texts) is not None
    return {}


def read_streams(value: Any) -> Found:
    structure = parameters.decode_structure(value[0]["param_value"])
    found = settings.parse_stream_profiles(structure)
    return {
        "streams": len(found),
        "sizes": [[each.width, each.height] for each in found],
        "fps": found[0].fps,
        "gop": found[0].gop,
    }


def read_hardware(value: Any) -> Found:
    # A list with a name in place of a number: that entry alone is left out.
    dump = parameters.parse_dump(as_dump(value))
    assert [each.param_type for each in dump.parameters] == [1142]
    return {"rssi": dump.parameters[0].number()}


SPECIAL_PARAMS: dict[str, Callable[[Any], Found]] = {
    "par-6266-broken-T814X": read_broken,
    "par-truncated-2708": read_cut,
    "par-T9000-sim": read_sim,
    "par-1255-table-T8010": read_table,
    "par-snooze": read_snooze,
    "par-numbers-T85V0-schedule": read_window,
    "par-T817L-streams": read_streams,
    "par-T817L-hw": read_hardware,
}

OTHER_READERS: dict[str, Callable[[Item], Found]] = {
    "B.header": read_header,
    "B.code": read_code,
    "B.command": read_command,
    "F.command": read_command,
    "B.database": read_database,
    "B.storage": read_storage,
    "B.notify": read_notify,
    "F.stream": read_stream,
    "C.params": read_params,
}


def read(item: Item) -> Found:
    kind = item["kind"]
    if kind == "A.body":
        return read_body(item, unhex(item["bytes_hex"]))
    if kind in READERS:
        return READERS[kind](unhex(item["bytes_hex"]))
    return OTHER_READERS[kind](item)


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["id"])
def test_field_items_mean_what_owners_saw(item: Item) -> None:
    found = read(item)
    for key, value in item["expect"].items():
        if key in found:
            assert found[key] == value, key
        else:
            assert key in PROSE, f"{key} is compared with nothing"


def test_no_kind_is_forgotten() -> None:
    kinds = {item["kind"] for item in ITEMS}
    assert kinds == {"A.body", *READERS, *OTHER_READERS}
    assert len(ITEMS) >= 55


# --- must not raise anything but a typed error -------------------------------------------------


def variants(data: bytes) -> Iterator[bytes]:
    yield data
    yield data[:-1]
    for count in range(1, 17):
        yield data + bytes(count)
    for tail in ("deadbeef", "58595a48", "7b227d5b", "ffffffff"):
        yield data + unhex(tail)


@pytest.mark.parametrize(
    "item", [item for item in ITEMS if "bytes_hex" in item], ids=lambda item: item["id"]
)
def test_damaged_bytes_are_typed_errors(item: Item) -> None:
    for data in variants(unhex(item["bytes_hex"])):
        with contextlib.suppress(WireError):
            if item["kind"] == "A.body":
                read_damaged_body(item["record_type"], data)
            else:
                READERS[item["kind"]](data)
        reader = RecordReader()
        reader.feed(data)
        assert reader.pending <= len(data)


def read_damaged_body(command: int, data: bytes) -> None:
    for protection in Protection:
        for keys in (RSA_KEYS, GCM_KEYS):
            with contextlib.suppress(WireError):
                raw = station.encode_notice(
                    command, data, keys=keys, protection=protection, nonce=bytes(12)
                )
                opened = open_record(decode_record(raw), keys)
                notify.decode_notification(opened)
    storage.parse_sd_info(data)


@pytest.mark.parametrize(
    "item", [item for item in ITEMS if "json" in item], ids=lambda item: item["id"]
)
def test_damaged_json_is_a_typed_error(item: Item) -> None:
    text = json.dumps(item["json"]).encode()
    for data in variants(text):
        for command in (1103, 1306, 1308, 1351, 1701):
            opened = OpenedRecord(command, 255, 0, data, Protection.STATIC)
            with contextlib.suppress(WireError):
                notify.decode_notification(opened)
        with contextlib.suppress(WireError):
            parameters.parse_dump(data)
        value = parameters.decode_structure(data.decode("latin-1"))
        settings.parse_snooze(value)
        settings.parse_stream_profiles(value)
        settings.parse_window(value)
        with contextlib.suppress(WireError):
            guard.parse_mode_table(value)
        if isinstance(value, dict):
            with contextlib.suppress(WireError):
                database.parse_reply(value)
            with contextlib.suppress(WireError):
                storage.parse_storage(value)


def test_the_station_can_send_what_owners_logged() -> None:
    """Every logged datagram and record of a station comes out of the encoders again."""
    for item in ITEMS:
        if not item.get("direction", "").startswith("station") or "bytes_hex" not in item:
            continue
        data = unhex(item["bytes_hex"])
        if item["kind"] == "A.datagram":
            read_type = datagram.decode_datagram(data)
            assert datagram.encode_datagram(read_type.type, read_type.payload) == data
        elif item["kind"] == "A.body":
            raw = station.encode_notice(
                item["record_type"], data, keys=GCM_KEYS, protection=Protection.GCM, nonce=bytes(12)
            )
            record = decode_record(raw)
            assert GCM_KEYS.gcm is not None
            assert GCM_KEYS.gcm.open(record.body) == data


def test_ciphertext_in_logs_does_not_look_like_video() -> None:
    for item in ITEMS:
        if "bytes_hex" in item and item["kind"] != "A.image_header":
            assert not is_clear(unhex(item["bytes_hex"])[16:])
