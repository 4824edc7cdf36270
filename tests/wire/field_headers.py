"""Readers of headers, codes and notifies in owners' logs."""

import json

from custom_components.eufy_local.eufy.wire import (
    commands,
    database,
    datagram,
    media,
    media_encode,
    notify,
    rendezvous,
    requests,
    results,
    station,
    storage,
)
from custom_components.eufy_local.eufy.wire.bodies import JsonBody
from custom_components.eufy_local.eufy.wire.media import MediaDecoder
from custom_components.eufy_local.eufy.wire.media_headers import (
    AudioHeader,
    VideoHeader,
    encode_audio_header,
    encode_video_header,
)
from custom_components.eufy_local.eufy.wire.record import (
    Record,
    RecordReader,
    decode_record,
    encode_record,
)
from custom_components.eufy_local.eufy.wire.sealing import (
    OpenedRecord,
    Protection,
    Sealer,
    open_record,
)

from .field_bytes import Found, Item, utc
from .support import (
    CLEAR_KEYS,
    GCM_KEYS,
    MODULUS,
    RSA_STREAM,
    STATIC_KEYS,
    unhex,
)

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
