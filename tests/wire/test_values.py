"""Parameters, database rows, storage, mode tables, settings, zones, rendezvous, locks."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import (
    database,
    guard,
    locks,
    parameters,
    rendezvous,
    settings,
    storage,
    time_zones,
)
from custom_components.eufy_local.eufy.wire.database import Verb
from custom_components.eufy_local.eufy.wire.datagram import DatagramType, decode_datagram
from custom_components.eufy_local.eufy.wire.guard import ActionBit
from custom_components.eufy_local.eufy.wire.parameters import Param, Parameter
from custom_components.eufy_local.eufy.wire.rendezvous import Endpoint, LookupTail, Relay
from custom_components.eufy_local.eufy.wire.settings import DailyWindow, Snooze, StreamProfile

from .support import ACCOUNT, IDENTITIES, P2P, STATION_DID, unhex

JSON = P2P["json"]

# --- parameters --------------------------------------------------------------------------


def test_the_dump_vector() -> None:
    dump = parameters.parse_dump(JSON["param_dump"]["text"].encode() + b"\0\0")
    assert dump.firmware == "3.8.7.4"
    assert dump.get(Param.GUARD_MODE) == "1"
    assert dump.get(Param.BATTERY, 1) == "88"
    assert dump.get(Param.BATTERY, 7) is None
    views = dump.get(Param.RECORD_QUALITY_VIEWS, 1)
    assert views is not None
    assert parameters.decode_structure(views) == {"mode_0": {"quality": 2}}
    assert "params" not in dump.extras
    assert "db_bypass_str" not in dump.extras


def test_who_may_be_offered_an_ecc_key() -> None:
    case = JSON["param_dump_ecc"]
    dump = parameters.parse_dump(case["text"].encode())
    for channel, offer in case["offer"].items():
        assert parameters.supports_ecc(dump, int(channel)) == (offer == "ecc")
    assert not parameters.supports_ecc(dump, 9)
    # The station's own 1103 decides nothing (field: par-T8N00).
    own = parameters.ParameterDump((Parameter(255, 1103, "13"), Parameter(0, 1103, "x")))
    assert not parameters.supports_ecc(own, 0)


def test_entries_of_other_forms_are_left_out() -> None:
    value = [
        {"dev_type": 1, "param_type": 1, "param_value": 5},
        {"dev_type": "2", "param_type": "2", "param_value": {"a": 1}},
        {"dev_type": 3, "param_type": 3, "param_value": True},
        {"dev_type": 4, "param_type": 4, "param_value": 1.5},
        {"param_type": 5, "param_value": "x"},
        {"dev_type": 6, "param_type": 6},
        {"dev_type": 7, "param_value": "x"},
        "nothing",
    ]
    assert parameters.parse_entries(value) == (
        Parameter(1, 1, "5"),
        Parameter(2, 2, '{"a":1}'),
        Parameter(3, 3, "1"),
        Parameter(4, 4, "1.5"),
        Parameter(255, 5, "x"),
    )
    assert parameters.parse_entries({"no": "list"}) == ()


def test_the_number_of_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parameters, "MAX_PARAMETERS", 3)
    many = [{"param_type": number, "param_value": "1"} for number in range(9)]
    assert len(parameters.parse_entries(many)) == 3


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("21", 21),
        ("-61", -61),
        (" 7 ", 7),
        ("", None),
        ("x", None),
        ("-", None),
        ("9" * 30, None),
        ("1.5", None),
    ],
)
def test_numbers(text: str, number: int | None) -> None:
    assert Parameter(0, 0, text).number() == number
    assert Parameter(0, 0, text).number(3) == (3 if number is None else number)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("21", None),
        ("", None),
        ("{", None),
        ('{"r', None),
        ('{"a":1}', {"a": 1}),
        ("[1]", [1]),
        ("eyJhIjoxfQ==", {"a": 1}),
        ("eyJhIjoxfQ", {"a": 1}),
        ("EC25AFX", None),
        ("////", None),
        ("A" * 70000, None),
        ("aGVsbG8gdGhlcmU=", None),
        ("eyI=", None),
    ],
)
def test_structures_are_found_by_content(text: str, value: Any) -> None:
    assert Parameter(0, 0, text).structure() == value


@given(
    st.lists(
        st.builds(Parameter, st.integers(0, 255), st.integers(0, 1 << 20), st.text(max_size=9))
    )
)
def test_dumps_round_trip(items: list[Parameter]) -> None:
    value = parameters.dump_value(items, {"main_sw_version": "1"})
    dump = parameters.parse_dump(json.dumps(value).encode() + b"\0")
    assert dump.parameters == tuple(items)
    assert dump.firmware == "1"


# --- database ----------------------------------------------------------------------------


def test_the_history_vector() -> None:
    reply = database.parse_reply(json.loads(JSON["history_10011_reply"]["text"]))
    assert (reply.verb, reply.code, reply.table) == (10011, 0, "history_record_info")
    (row,) = database.history_rows(reply)
    assert (row.record_id, row.device_serial) == (2026010200017, "T8160P2300000077")
    assert row.thumb_path.endswith("/snapshort.jpg")
    assert row.storage_path.endswith(".zxvideo")
    assert (row.account, row.cipher_id, row.frame_count) == (ACCOUNT, 40, 300)
    (crop,) = database.crop_rows(reply)
    assert (crop.person_id, crop.detection_type) == (None, 2)
    assert crop.crop_path.endswith("/crop0.jpg")
    assert ACCOUNT not in repr(row)


def test_the_history_query_vector() -> None:
    payload = database.history_payload(Verb.HISTORY_HOMEBASE3, "20260102", "20260103")
    sent = json.loads(JSON["history_10011"]["text"])["payload"]["payload"]
    assert payload == sent
    assert list(payload) == list(sent)
    older = database.history_payload(Verb.HISTORY, "20260102", "20260103", count=20)
    assert (older["start_time"], older["storage_cloud"]) == ("0", -1)
    for bad in ("2026", "2026-1-2", ""):
        with pytest.raises(WireError):
            database.history_payload(Verb.HISTORY, bad, "20260103")


def test_the_generic_query_has_every_mandatory_field() -> None:
    payload = database.query_payload(["T8160P2300000077"], "20260102", "20260103")
    for name in (
        "storage_cloud",
        "ai_type",
        "need_ai",
        "start_id",
        "end_id",
        "update_time",
        "alarm_id",
    ):
        assert name in payload
    assert payload["start_time"] == "20260102000000"


def test_the_verb_follows_the_family() -> None:
    assert database.history_verb("T8030P2300000042") is Verb.HISTORY_HOMEBASE3
    assert database.history_verb("T9000P0000000000") is Verb.HISTORY_HOMEBASE3
    assert database.history_verb("T8010N1223456789") is Verb.HISTORY


def test_empty_and_flat_and_error_replies() -> None:
    empty = database.parse_reply({"cmd": 10011, "data": "[]", "mIntRet": 0})
    assert empty.tables == {}
    assert not empty.not_ready
    error = database.parse_reply(database.error_value(-6006, "ERROR_NO_SUPPORT"))
    assert (error.verb, error.transaction, error.unsupported) == (None, "", True)
    assert database.parse_reply({"mIntRet": -1100}).not_ready
    latest = database.parse_reply(
        {"cmd": 10013, "table": "t", "data": [{"device_sn": "T8", "payload": {"event_count": 3}}]}
    )
    assert latest.rows("t") == ({"device_sn": "T8", "payload": {"event_count": 3}},)
    assert database.parse_reply({"data": {"table_name": "x", "payload": {"a": 1}}}).rows("x")
    for data in ("nothing", 7, None, [1, "x"]):
        assert database.parse_reply({"data": data}).tables == {}
    with pytest.raises(WireError):
        database.parse_reply({"file": "/x"})


def test_replies_round_trip() -> None:
    rows: list[Any] = [{"record_id": 1}, {"record_id": 2}]
    value = database.reply_value(10011, {"history_record_info": rows}, transaction="7", ids=(1, 2))
    reply = database.parse_reply(json.loads(json.dumps(value)))
    assert reply.rows("history_record_info") == tuple(rows)
    assert (reply.transaction, reply.start_id, reply.end_id) == ("7", 1, 2)
    assert database.reply_value(10011, {})["data"] == "[]"


def test_rows_and_tables_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MAX_ROWS", 5)
    monkeypatch.setattr(database, "MAX_TABLES", 2)
    data: Any = [{"table_name": f"t{number}", "payload": [{}, {}, {}]} for number in range(5)]
    reply = database.parse_reply({"data": data})
    assert list(reply.tables) == ["t0", "t1"]
    assert sum(map(len, reply.tables.values())) == 5


def test_persons_of_the_appended_library() -> None:
    data: Any = [
        {"table_name": "history_record_info", "payload": [{"person_id": 9, "name": "row"}]},
        {
            "table_name": "person_basic_info",
            "payload": [
                {"person_id": 1, "face_name": "Alice"},
                {"person_id": "2", "reid_name": "Bob", "pic_url": "/zx/a.jpg"},
                {"person_id": -1, "face_name": "nobody"},
                {"person_id": 3},
            ],
        },
        {
            "table_name": "face_feature_info",
            "payload": [{"person_id": 1}, {"person_id": 3, "name": "Carol"}],
        },
    ]
    people = {
        item.person_id: item for item in database.person_rows(database.parse_reply({"data": data}))
    }
    assert {key: item.name for key, item in people.items()} == {1: "Alice", 2: "Bob", 3: "Carol"}
    assert people[2].picture_path == "/zx/a.jpg"
    assert "Alice" not in repr(people[1])


# --- storage -----------------------------------------------------------------------------


def test_memory_cards() -> None:
    body = unhex(P2P["replies"]["sd_info_ex"]["frame"])[16:]
    card = storage.parse_sd_info(body)
    assert (card.status, card.total, card.free, card.known) == (0, 7140, 7108, True)
    assert not storage.parse_sd_info(bytes(132)).known
    assert not storage.parse_sd_info(bytes(12)).known
    assert storage.parse_sd_info(b"\x6c\xff\xff\xff").status == -148
    with pytest.raises(WireError):
        storage.parse_sd_info(b"")


def test_disks() -> None:
    found = storage.parse_storage(
        {
            "emmc_info": {"disk_size": 15974, "video_size": 10436, "video_used": 248},
            "hdd_info": {"disk_size": 0},
            "storage_days": 9,
        }
    )
    assert found.hdd is None
    assert found.days == 9
    assert found.emmc is not None
    assert found.emmc.video_used_percent == 2.4
    older = storage.parse_storage({"hdd_exist": 1, "payload": {"hdd_total": 100, "hdd_free": 40}})
    assert older.hdd is not None
    assert (older.hdd.used, older.emmc) == (60, None)
    assert storage.Disk(0, 0, 0, 0, 0, 0, 0).video_used_percent is None
    assert storage.parse_storage({"hdd_info": 3}).hdd is None
    with pytest.raises(WireError):
        storage.parse_storage({})


# --- modes and settings --------------------------------------------------------------------


def test_mode_tables() -> None:
    table = guard.parse_mode_table(
        {"mode_id": 1, "devices": [{"device_channel": 0, "action": 9}, {"action": 1}, 7]}
    )
    assert table.actions == {0: ActionBit.RECORD | ActionBit.NOTIFICATION}
    assert table.entry == guard.Countdown((), 0)
    assert guard.action_names(ActionBit(11)) == ("record", "siren", "notification")
    assert guard.parse_mode_table({"mode_id": "3", "devices": "x"}).mode == 3
    for broken in (None, [], {}, {"devices": []}):
        with pytest.raises(WireError):
            guard.parse_mode_table(broken)


def test_settings() -> None:
    assert settings.parse_snooze({"snooze_time": "600", "startTime": 1234}) == Snooze(600, 1234)
    assert settings.parse_snooze({"snooze_time": 600}).active
    assert not settings.parse_snooze("").active
    stream: Any = {"width": 1920, "height": 1080, "fps": 15, "gop": 30, "brate": 1000}
    assert settings.parse_stream_profiles([stream, {"width": 0}, 7]) == (
        StreamProfile(1920, 1080, 15, 30, 1000),
    )
    assert settings.parse_stream_profiles(None) == ()
    window = {"start_hour": "00", "start_min": 0, "end_hour": 23, "end_min": "59"}
    assert settings.parse_window(window) == DailyWindow(0, 0, 23, 59)
    for broken in (None, {}, window | {"end_hour": 25}, window | {"end_min": 60}):
        assert settings.parse_window(broken) is None


@pytest.mark.parametrize(
    ("text", "posix", "iana", "offset"),
    [
        ("CET-1CEST,M3.5.0,M10.5.0/3|1.1375", "CET-1CEST,M3.5.0,M10.5.0/3", "", 3600),
        (
            "GMT0BST,M3.5.0/1,M10.5.0|1.1394|Europe/London",
            "GMT0BST,M3.5.0/1,M10.5.0",
            "Europe/London",
            0,
        ),
        ("EST5EDT,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0", "", -18000),
        ("America/Argentina/Buenos_Aires", "", "America/Argentina/Buenos_Aires", None),
        ("<+0530>-5:30", "<+0530>-5:30", "", 19800),
        ("UTC", "", "UTC", None),
        ("", "", "", None),
        ("nonsense!", "", "", None),
    ],
)
def test_time_zones(text: str, posix: str, iana: str, offset: int | None) -> None:
    zone = time_zones.parse_time_zone(text)
    assert (zone.text, zone.posix, zone.iana, zone.standard_offset) == (text, posix, iana, offset)
    if "|1." in text:
        assert zone.code.startswith("1.")


@given(st.text(max_size=300))
def test_any_time_zone_text_is_read(text: str) -> None:
    zone = time_zones.parse_time_zone(text)
    assert zone.text == text
    assert zone.standard_offset is None or abs(zone.standard_offset) < 400000


# --- rendezvous --------------------------------------------------------------------------

PPPP = P2P["pppp"]
DSK = Secret(IDENTITIES["dsk"])
LOCAL = Endpoint("192.168.77.5", 40123)
PUBLIC = Endpoint("203.0.113.9", 20202)
TOKEN = bytes.fromhex("deadbeef")


@pytest.mark.parametrize(
    ("built", "name"),
    [
        (rendezvous.encode_hello(), "hello"),
        (rendezvous.encode_lookup(STATION_DID, LOCAL, DSK), "lookup_with_key_py"),
        (
            rendezvous.encode_lookup(STATION_DID, LOCAL, DSK, LookupTail.OTHER),
            "lookup_with_key_ts",
        ),
        (rendezvous.encode_lookup_2(STATION_DID, DSK), "lookup2_ts"),
        (rendezvous.encode_lookup_answer(PUBLIC), "lookup_addr"),
        (rendezvous.encode_relay_offer(Relay(PUBLIC, TOKEN)), "lookup_addr2"),
        (rendezvous.encode_check_cam_2(STATION_DID, TOKEN), "check_cam2_ts"),
        (
            rendezvous.encode_turn_lookup(
                STATION_DID, Relay(Endpoint("203.0.113.9", 20203), TOKEN)
            ),
            "turn_lookup_ts",
        ),
    ],
)
def test_rendezvous_datagrams(built: bytes, name: str) -> None:
    assert built.hex() == PPPP[name]["hex"]


def test_rendezvous_datagrams_are_read() -> None:
    lookup = decode_datagram(unhex(PPPP["lookup_with_key_ts"]["hex"]))
    did, local, dsk = rendezvous.decode_lookup(lookup.payload)
    assert (did, local, dsk) == (STATION_DID, LOCAL, DSK)
    answer = decode_datagram(unhex(PPPP["lookup_addr"]["hex"]))
    assert answer.type == DatagramType.PUNCH_TO
    assert rendezvous.decode_lookup_answer(answer.payload) == PUBLIC
    relay = decode_datagram(unhex(PPPP["lookup_addr2"]["hex"]))
    assert rendezvous.decode_relay_offer(relay.payload) == Relay(PUBLIC, TOKEN)
    code = decode_datagram(rendezvous.encode_lookup_response(253))
    assert rendezvous.decode_lookup_response(code.payload) == 253
    turns = (Endpoint("192.0.2.44", 10000),) * 3
    listed = decode_datagram(rendezvous.encode_turn_list(turns))
    assert rendezvous.decode_turn_list(listed.payload) == turns


def test_endpoints_that_are_not_on_the_own_network() -> None:
    assert LOCAL.is_private
    assert not Endpoint("8.8.8.8", 1).is_private
    assert not Endpoint("0.0.0.0", 1).is_private
    assert not Endpoint("0.0.0.0", 1).is_set
    assert not Endpoint("192.168.1.1", 0).is_set
    assert LOCAL.is_set


def test_rendezvous_refusals() -> None:
    for call in (
        lambda: rendezvous.decode_address(b""),
        lambda: rendezvous.decode_lookup(bytes(20)),
        lambda: rendezvous.decode_relay_offer(bytes(16)),
        lambda: rendezvous.decode_lookup_response(b"\0"),
        lambda: rendezvous.decode_turn_list(b"\0"),
        lambda: rendezvous.encode_address(Endpoint("::1", 1)),
        lambda: rendezvous.encode_address(Endpoint("192.168.1.1", 70000)),
        lambda: rendezvous.encode_lookup_2(STATION_DID, Secret("x" * 21)),
        lambda: rendezvous.encode_check_cam_2(STATION_DID, b""),
    ):
        with pytest.raises(WireError):
            call()
    assert (
        rendezvous.decode_turn_list(b"\xff\xff\xff\xff" + bytes(40))
        == (Endpoint("0.0.0.0", 0),) * 2
    )


# --- locks -------------------------------------------------------------------------------


def test_lock_keys() -> None:
    basic = P2P["locks"]["basic_lock_key"]
    assert locks.basic_lock_key(basic["owner_id"], basic["serial"]).hex() == basic["aes128_key"]
    assert locks.lock_iv(basic["serial"]).hex() == basic["iv"]
    smart = P2P["locks"]["smart_lock_key"]
    assert locks.smart_lock_key(smart["owner_id"], smart["time"]).hex() == smart["aes128_key"]
    assert locks.lock_iv("T85") == b"T85" + bytes(13)
    for call in (
        lambda: locks.basic_lock_key("short", basic["serial"]),
        lambda: locks.basic_lock_key("ä" * 40, basic["serial"]),
        lambda: locks.smart_lock_key(smart["owner_id"], -1),
        lambda: locks.lock_iv("x" * 17),
    ):
        with pytest.raises(WireError):
            call()
