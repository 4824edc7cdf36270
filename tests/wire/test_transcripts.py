"""Whole exchanges, datagram by datagram: read by both sides, and written again by both sides."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import (
    commands,
    crypto,
    datagram,
    handshake,
    requests,
    station,
)
from custom_components.eufy_local.eufy.wire.commands import Command, GuardForm
from custom_components.eufy_local.eufy.wire.datagram import DatagramType
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.handshake import LinkKeys
from custom_components.eufy_local.eufy.wire.media import (
    AudioFrame,
    MediaDecoder,
    MediaProtection,
    StreamKey,
    VideoFrame,
)
from custom_components.eufy_local.eufy.wire.media_encode import MediaEncoder, Picture
from custom_components.eufy_local.eufy.wire.media_headers import (
    decode_audio_header,
    decode_video_header,
)
from custom_components.eufy_local.eufy.wire.notify import (
    CameraPush,
    CommandCode,
    GuardModeReport,
    ParameterPush,
    decode_notification,
)
from custom_components.eufy_local.eufy.wire.parameters import supports_ecc
from custom_components.eufy_local.eufy.wire.record import Record, RecordReader, encode_record
from custom_components.eufy_local.eufy.wire.sealing import (
    OpenedRecord,
    Protection,
    Sealer,
    open_record,
)

from .support import (
    ACCOUNT,
    CIPHER,
    ECC_STREAM,
    KEYS,
    MODULUS,
    P2P,
    POINT,
    RSA_STREAM,
    STATIC,
    STATION_DID,
    TRANSACTION,
    unhex,
)

TRANSCRIPTS: dict[str, list[dict[str, Any]]] = {
    name: steps for name, steps in P2P["transcripts"].items() if isinstance(steps, list)
}
STREAM_KEYS: dict[str, StreamKey] = {
    "hb3_gcm": RSA_STREAM,
    "rsa_level2": RSA_STREAM,
    "hb3_gcm_ecc_face": ECC_STREAM,
}
STOP_TRANSACTION = "1767323046000"
GCM_COMMANDS: dict[str, list[Command]] = {
    "hb3_gcm": [
        commands.param_query(),
        commands.arm(ACCOUNT, 1, "tester", transaction=TRANSACTION),
        commands.live_open("A", ACCOUNT, 1, MODULUS, TRANSACTION),
        commands.live_stop("A", ACCOUNT, 1, STOP_TRANSACTION),
    ],
    "rsa_level2": [
        commands.param_query(),
        commands.arm(ACCOUNT, 1, "tester", GuardForm.JSON_LEGACY),
        commands.live_open("T9", ACCOUNT, 1, MODULUS, TRANSACTION),
        commands.live_stop("T9", ACCOUNT, 1, TRANSACTION),
    ],
    "hb3_gcm_ecc_face": [
        commands.param_query(),
        commands.live_open("A", ACCOUNT, 1, POINT, TRANSACTION),
        commands.live_stop("A", ACCOUNT, 1, STOP_TRANSACTION),
    ],
}


@dataclass
class Side:
    """What one side has sent: records by channel, and the indices it used."""

    readers: dict[int, RecordReader] = field(default_factory=dict)
    records: list[tuple[int, Record]] = field(default_factory=list)
    indices: dict[int, list[int]] = field(default_factory=dict)
    acked: dict[int, set[int]] = field(default_factory=dict)
    kinds: list[int] = field(default_factory=list)


def replay(name: str) -> tuple[Side, Side]:
    client, device = Side(), Side()
    for step in TRANSCRIPTS[name]:
        side = client if step["dir"].startswith("client") else device
        raw = unhex(step["hex"])
        item = datagram.decode_datagram(raw)
        side.kinds.append(item.type)
        if item.type == DatagramType.DATA:
            chunk = datagram.decode_data(item.payload)
            assert datagram.encode_data(chunk.channel, chunk.index, chunk.chunk) == raw
            side.indices.setdefault(chunk.channel, []).append(chunk.index)
            reader = side.readers.setdefault(chunk.channel, RecordReader())
            side.records += [(chunk.channel, record) for record in reader.feed(chunk.chunk)]
        elif item.type == DatagramType.ACK:
            ack = datagram.decode_ack(item.payload)
            assert datagram.encode_ack(ack.channel, ack.indices) == raw
            side.acked.setdefault(ack.channel, set()).update(ack.indices)
        elif item.type == DatagramType.PUNCH_PKT:
            assert Did.from_bytes(item.payload) == STATION_DID
        else:
            assert datagram.encode_datagram(item.type, item.payload) == raw
    return client, device


def keys_of(device: Side) -> LinkKeys:
    reply = handshake.decode_connection_reply(device.records[0][1], STATIC)
    return handshake.unwrap_link_keys(reply, CIPHER, STATIC)


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_streams_are_whole_and_acknowledged(name: str) -> None:
    client, device = replay(name)
    for side, other in ((client, device), (device, client)):
        for reader in side.readers.values():
            assert (reader.pending, reader.skipped) == (0, 0)
        for channel, indices in side.indices.items():
            assert indices == list(range(len(indices)))
            assert other.acked[channel] == set(indices)
    assert client.kinds[0] == DatagramType.LAN_SEARCH
    assert client.kinds[-1] == DatagramType.CLOSE


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_client_would_send_the_same_records(name: str) -> None:
    client, device = replay(name)
    keys = keys_of(device)
    sealer = Sealer(keys)
    sent = [record for _, record in client.records]
    assert encode_record(*sent[0]) == handshake.encode_connection_request()
    for record, command in zip(sent[1:], GCM_COMMANDS[name], strict=True):
        nonce = record.body[16:28] if record.version == 8 else b""
        assert sealer.seal(command, nonce) == encode_record(*record)


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_station_understands_them(name: str) -> None:
    client, device = replay(name)
    keys = keys_of(device)
    found = [
        requests.understand(station.open_request(record, keys)) for _, record in client.records[1:]
    ]
    kinds = [type(item) for item in found]
    expected = [requests.ParamQuery, requests.SetGuardMode, requests.LiveOpen, requests.LiveStop]
    if name == "hb3_gcm_ecc_face":
        expected.remove(requests.SetGuardMode)
    assert kinds == expected
    assert {item.channel for item in found if isinstance(item, requests.LiveOpen)} == {1}


def write_again(record: Record, opened: OpenedRecord, keys: LinkKeys) -> bytes:
    if opened.receipt:
        if record.version == 8:
            return station.encode_receipt(record.command, opened.code, channel=record.channel)
        return station.encode_result(record.command, opened.code, channel=record.channel)
    plaintext = opened.plaintext
    return station.encode_notice(
        record.command,
        plaintext,
        channel=record.channel,
        keys=keys,
        protection=opened.protection,
        nonce=opened.nonce,
    )


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_the_station_would_answer_the_same(name: str) -> None:
    _, device = replay(name)
    keys = keys_of(device)
    reply = device.records[0][1]
    case = P2P["handshake"]["v8_reply" if reply.version == 8 else "v1_reply_clear"]
    if reply.version == 8:
        built = handshake.encode_gcm_reply(
            STATIC,
            case["cipher_id"],
            crypto.load_ecc_private(KEYS["cipher_ecc_private_hex"]).public_key(),
            KEYS["gcm_link_key_ascii"].encode(),
            ephemeral=crypto.load_ecc_private(case["station_ephemeral_private_hex"]),
            iv=unhex(case["iv"]),
        )
    else:
        built = handshake.encode_rsa_blob_reply(STATIC, 98, unhex(case["rsa_ciphertext"]))
    assert built == encode_record(*reply)
    for _, record in device.records[1:]:
        if record.command in {1300, 1301}:
            continue
        assert write_again(record, open_record(record, keys), keys) == encode_record(*record)


def news(name: str) -> list[object]:
    _, device = replay(name)
    keys = keys_of(device)
    out: list[object] = []
    for channel, record in device.records[1:]:
        if record.command in {1300, 1301}:
            continue
        opened = open_record(record, keys)
        found = decode_notification(opened)
        if found is None:
            assert (channel, opened.code) == (0, 0)
        else:
            assert channel == 2
            out.append(found)
    return out


def test_what_the_client_learns() -> None:
    dump, mode, code = news("hb3_gcm")
    assert isinstance(dump, ParameterPush)
    assert (mode, code) == (GuardModeReport(1), CommandCode(1224, 0))
    dump, mode = news("rsa_level2")
    assert isinstance(dump, ParameterPush)
    assert mode == GuardModeReport(1)
    dump, push = news("hb3_gcm_ecc_face")
    assert isinstance(dump, ParameterPush)
    assert supports_ecc(dump.dump, 1)
    assert isinstance(push, CameraPush)
    assert (push.event_type, push.person_name, push.person_id) == (3111, "Alice", 7)


@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_media_is_read_and_written_again(name: str) -> None:
    _, device = replay(name)
    decoder = MediaDecoder(STREAM_KEYS[name], 1 if name != "rsa_level2" else None)
    frames: list[VideoFrame | AudioFrame] = []
    for channel, record in device.records:
        if record.command not in {1300, 1301}:
            continue
        assert channel == 1
        frame = decoder.decode(record)
        assert frame is not None
        frames.append(frame)
        assert rebuilt(record, frame) == encode_record(*record)
    grades = [frame.protection for frame in frames]
    prefix, clear = MediaProtection.KEY_FRAME_PREFIX, MediaProtection.CLEAR
    sealed = MediaProtection.AUTHENTICATED
    assert (
        grades
        == {
            "hb3_gcm": [clear, prefix, clear, clear],
            "rsa_level2": [prefix, clear],
            "hb3_gcm_ecc_face": [clear, sealed, sealed, sealed, clear],
        }[name]
    )


def rebuilt(record: Record, frame: VideoFrame | AudioFrame) -> bytes:
    """Write a frame again with the keys and nonces of the record it came in."""
    encoder = MediaEncoder.clear(record.channel, record.flag)
    body, nonce = record.body, b""
    if record.version == 8:
        case = P2P["media"]["h264_keyframe_ecc"]
        encoder = MediaEncoder.ecc(
            record.channel,
            POINT,
            unhex(KEYS["media_aes256"]),
            ephemeral=crypto.load_ecc_private(case["station_ephemeral_private_hex"]),
            iv=unhex(case["iv"]),
            flag=record.flag,
        )
        start = 22 + 129 + 16 if isinstance(frame, VideoFrame) else 16 + 16
        nonce = body[start : start + 12]
    elif frame.protection is MediaProtection.KEY_FRAME_PREFIX:
        key = unhex(KEYS["media_aes128"])
        encoder = MediaEncoder.rsa(
            record.channel, MODULUS, key, bytes(range(1, 129)), flag=record.flag
        )
        encoder.wrapped_key = body[22 : 22 + 128]
    if isinstance(frame, AudioFrame):
        sound = decode_audio_header(body)
        return encoder.audio(frame.data, sound.timestamp, sound.counter, nonce=nonce)
    head = decode_video_header(body)
    return encoder.video(
        Picture(
            frame.data,
            bool(head.key),
            head.timestamp,
            head.width,
            head.height,
            head.number,
            head.fps,
            head.codec_byte,
        ),
        nonce=nonce,
    )


def test_downgraded_and_moved_records_change_nothing() -> None:
    """A sealed body under another record type is not believed where its shape differs."""
    _, device = replay("hb3_gcm")
    keys = keys_of(device)
    sealed = [
        record
        for _, record in device.records[1:]
        if record.version == 8 and record.encryption == 8 and record.flag == 0
    ]
    assert {record.command for record in sealed} == {1103, 1151, 1351}
    for record in sealed:
        if record.command == 1151:
            continue
        moved = open_record(Record(1151, record.subheader, record.body), keys)
        assert moved.protection is Protection.GCM
        with pytest.raises(WireError, match="guard mode"):
            decode_notification(moved)
