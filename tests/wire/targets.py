"""Every decoder of the room as a function of bytes that may only raise typed errors.

Used by the property tests here and by the long-running `python -m tests.wire.fuzz`.
"""

import contextlib
from collections.abc import Callable

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import (
    app_conn,
    camera_push,
    database,
    datagram,
    guard,
    handshake,
    mega,
    nal,
    notify,
    parameters,
    rendezvous,
    requests,
    safe_json,
    sealing,
    settings,
    station,
    still,
    storage,
    time_zones,
)
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.media import MediaDecoder
from custom_components.eufy_local.eufy.wire.record import Record, RecordReader, decode_record

from .support import CIPHER, ECC_STREAM, GCM_KEYS, RSA_KEYS, RSA_STREAM, STATIC, STATIC_KEYS

type Target = Callable[[bytes], None]

DIDS = {"T8170P230000009A": Did.parse("ZZTESTB-123456-QRSTU")}
ADDRESS_READERS = (
    rendezvous.decode_address,
    rendezvous.decode_lookup,
    rendezvous.decode_lookup_answer,
    rendezvous.decode_lookup_response,
    rendezvous.decode_relay_offer,
    rendezvous.decode_turn_list,
)


def datagram_target(data: bytes) -> None:
    """Datagram, DATA and ACK payloads, DID and addresses."""
    found = datagram.unpack_data(data)
    if found is not None:
        assert datagram.DATA_OFFSET <= found[2] <= len(data)
    item = None
    with contextlib.suppress(WireError):
        item = datagram.decode_datagram(data)
    payload = memoryview(data) if item is None else item.payload
    for read in (datagram.decode_data, datagram.decode_ack, Did.from_bytes, *ADDRESS_READERS):
        with contextlib.suppress(WireError):
            read(payload)


def stream_target(data: bytes) -> None:
    """The stream reader, fed in uneven pieces; it never holds more than it was given."""
    reader = RecordReader()
    total = sum(data[:4]) % 97 + 1
    done = 0
    for start in range(0, len(data), total):
        for record in reader.feed(data[start : start + total]):
            done += 16 + len(record.body)
    assert reader.skipped + done <= len(data)
    assert reader.pending <= len(data)


def record_target(data: bytes) -> None:
    """One record through every reader of records."""
    if len(data) < 8:
        return
    record = Record(int.from_bytes(data[:2], "little") & 0x7FF, data[2:8], data[8:])
    with contextlib.suppress(WireError):
        record = decode_record(data)
    for keys in (STATIC_KEYS, RSA_KEYS, GCM_KEYS):
        with contextlib.suppress(WireError):
            notify.decode_notification(sealing.open_record(record, keys))
        with contextlib.suppress(WireError):
            requests.understand(station.open_request(record, keys))


def media_target(data: bytes) -> None:
    """Media records under every kind of stream key."""
    if len(data) < 7:
        return
    record = Record(1300 + (data[0] & 1), data[1:7], data[7:])
    for key in (RSA_STREAM, ECC_STREAM, None):
        decoder = MediaDecoder(key)
        frame = decoder.decode(record)
        assert (frame is None) == (decoder.last_drop is not None)


def handshake_target(data: bytes) -> None:
    """Connection replies and their unwrapping."""
    if len(data) < 6:
        return
    record = Record(1100, data[:6], data[6:])
    with contextlib.suppress(WireError):
        reply = handshake.decode_connection_reply(record, STATIC)
        handshake.unwrap_link_keys(reply, CIPHER, STATIC)


def notify_target(data: bytes) -> None:
    """Plaintexts of every report type."""
    for command in notify._READERS:
        for protection in (sealing.Protection.GCM, sealing.Protection.STATIC):
            opened = sealing.OpenedRecord(command, 1, 0, data, protection)
            with contextlib.suppress(WireError):
                notify.decode_notification(opened)
    with contextlib.suppress(WireError):
        storage.parse_sd_info(data)


def json_target(data: bytes) -> None:
    """JSON, and every reader of the values in it."""
    text = data.decode("utf-8", "replace")
    time_zones.parse_time_zone(text)
    value = parameters.decode_structure(text)
    with contextlib.suppress(WireError):
        value = safe_json.loads(data)
    settings.parse_snooze(value)
    settings.parse_stream_profiles(value)
    settings.parse_window(value)
    parameters.parse_entries(value)
    with contextlib.suppress(WireError):
        guard.parse_mode_table(value)
    if isinstance(value, dict):
        for read in (
            database.parse_reply,
            storage.parse_storage,
            camera_push.decode_camera_push,
            still.decode_still_reply,
        ):
            with contextlib.suppress(WireError):
                read(value)
        with contextlib.suppress(WireError):
            reply = database.parse_reply(value)
            database.history_rows(reply)
            database.crop_rows(reply)
            database.person_rows(reply)


def still_target(data: bytes) -> None:
    """Stored pictures."""
    still.still_kind(data)
    with contextlib.suppress(WireError):
        still.open_still(data, DIDS)


def text_target(data: bytes) -> None:
    """Host lists, cloud bodies, DIDs and NAL units."""
    text = data.decode("latin-1")
    with contextlib.suppress(WireError):
        app_conn.decode_app_conn(text)
    with contextlib.suppress(WireError):
        Did.parse(text)
    with contextlib.suppress(WireError):
        mega.decrypt(bytes(16), text)
    with contextlib.suppress(WireError):
        mega.unwrap_password(bytes(32), text)
    list(nal.split(data))
    nal.guess_codec(data)
    nal.is_clear(data)


TARGETS: dict[str, Target] = {
    "datagram": datagram_target,
    "stream": stream_target,
    "record": record_target,
    "media": media_target,
    "handshake": handshake_target,
    "notify": notify_target,
    "json": json_target,
    "still": still_target,
    "text": text_target,
}
