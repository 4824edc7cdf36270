"""What owners posted in public issues, through the real parsers (protocol/field.md).

Every key of an item's `expect` is either compared with what a parser says, or listed in `PROSE`
as text that no parser can say.
"""

import contextlib
import json
from collections.abc import Iterator

import pytest

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import (
    database,
    datagram,
    guard,
    notify,
    parameters,
    settings,
    station,
    storage,
)
from custom_components.eufy_local.eufy.wire.nal import is_clear
from custom_components.eufy_local.eufy.wire.record import (
    RecordReader,
    decode_record,
)
from custom_components.eufy_local.eufy.wire.sealing import (
    OpenedRecord,
    Protection,
    open_record,
)

from .field_bytes import ITEMS, PROSE, READERS, Item
from .field_readers import OTHER_READERS, read
from .support import (
    GCM_KEYS,
    RSA_KEYS,
    unhex,
)


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
