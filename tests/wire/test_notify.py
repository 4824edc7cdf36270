"""What stations report on their own, read and written."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import station
from custom_components.eufy_local.eufy.wire.notify import (
    AlarmReport,
    CameraPush,
    Charging,
    CommandCode,
    DevicePing,
    DownloadProgress,
    EntryDelay,
    GarageDoor,
    GuardModeReport,
    JsonNotify,
    JsonReply,
    LightState,
    Notification,
    ParameterPush,
    PlaybackControl,
    Rssi,
    RtspUrl,
    Runtime,
    SdState,
    SensorState,
    SnoozeChanged,
    StorageReport,
    Unknown,
    Viewers,
    decode_notification,
)
from custom_components.eufy_local.eufy.wire.notify_encode import encode_notification
from custom_components.eufy_local.eufy.wire.parameters import Parameter, ParameterDump
from custom_components.eufy_local.eufy.wire.record import decode_record
from custom_components.eufy_local.eufy.wire.sealing import OpenedRecord, Protection, open_record

from .support import CLOUD, GCM_KEYS, P2P, STATIC_KEYS, cases, unhex

NOTIFIES = P2P["notifies"]


def plain(
    command: int, body: bytes, channel: int = 255, protection: Protection = Protection.GCM
) -> OpenedRecord:
    return OpenedRecord(command, channel, 0, body, protection)


def vector(name: str) -> Notification | None:
    record = decode_record(unhex(NOTIFIES[name]["frame"]))
    return decode_notification(open_record(record, STATIC_KEYS))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wifi_rssi", Rssi(1, -58)),
        ("charging", Charging(1, 4, 87)),
        ("runtime", Runtime(1, 86, 21)),
        ("light_on", LightState(1, on=True)),
        ("alarm_tone_start", AlarmReport(255, 3, 30)),
        ("alarm_tone_stop", AlarmReport(255, 16, 0)),
        ("alarm_delay", EntryDelay(255, 1, 15)),
        ("alarm_armed", EntryDelay(255, 0, 0)),
        ("tfcard_status", SdState(0, 0)),
        ("rtsp_url", RtspUrl(1, "rtsp://192.168.77.9:554/live0")),
        ("download_total", DownloadProgress(1, 123456)),
        ("download_finished", DownloadProgress(1, None)),
        ("playback_end", PlaybackControl(2)),
    ],
)
def test_number_reports_of_the_vectors(name: str, expected: Notification) -> None:
    assert vector(name) == expected


@pytest.mark.parametrize(("name", "case"), cases(NOTIFIES))
def test_reports_are_written_as_in_the_vectors(name: str, case: dict[str, Any]) -> None:
    found = vector(name)
    assert found is not None
    notice = encode_notification(found, wide=False)
    assert (notice.command, notice.channel) == (case["cmd"], case["channel"])
    if name == "playback_end":
        assert station.encode_playback_end().hex() == case["frame"]
        return
    built = station.encode_notice(
        notice.command,
        notice.plaintext,
        channel=notice.channel,
        keys=STATIC_KEYS,
        protection=Protection.STATIC,
    )
    if name in {"push_2037", "still_reply"}:
        # Read values are written back in our own order of members, so compare what they say.
        assert decode_notification(open_record(decode_record(built), STATIC_KEYS)) == found
    elif name == "param_dump":
        again = decode_notification(open_record(decode_record(built), STATIC_KEYS))
        assert isinstance(again, ParameterPush)
        assert isinstance(found, ParameterPush)
        assert again.parameters == found.parameters
    else:
        assert built.hex() == case["frame"]


def test_the_end_of_a_playback() -> None:
    assert PlaybackControl(2).ended
    assert not PlaybackControl(1).ended


def test_database_and_still_replies_are_handed_on() -> None:
    reply = vector("database_reply")
    assert isinstance(reply, JsonReply)
    assert reply.value["cmd"] == 10011
    still = vector("still_reply")
    assert isinstance(still, JsonReply)
    assert set(still.value) == {"file", "content"}


@pytest.mark.parametrize(("name", "event"), [("face", 3111), ("stranger", 3112), ("ring", 3103)])
def test_pushes_under_gcm(name: str, event: int) -> None:
    case = P2P["gcm"][f"station_push_2037_{name}"]
    expected = P2P["json"][f"push_2037_{name}"]["expected"]
    push = decode_notification(open_record(decode_record(unhex(case["frame"])), GCM_KEYS))
    assert isinstance(push, CameraPush)
    assert push.event_type == event
    for key in ("person_name", "person_id", "crop_path", "thumb_path", "channel"):
        if key in expected:
            assert getattr(push, key) == expected[key]
    if name == "stranger":
        assert (push.person_name, push.person_id) == ("", None)
    assert encode_notification(push).plaintext.hex() == case["plaintext"]


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("command_result_not_a_push", CommandCode(1224, 0, 4, {"mode_type": 0})),
        ("entry_sensor_opened", SensorState(4, open=True)),
        ("entry_sensor_closed", SensorState(4, open=False)),
        ("garage_door_status", GarageDoor(4, 2, 24)),
    ],
)
def test_other_notifies_of_the_cloud_vectors(case: str, expected: Notification) -> None:
    bodies = {item["case"]: item for item in CLOUD["p2p_notify"]["other_notify"]}
    body = bodies[case]["body_json"].encode()
    assert decode_notification(plain(0x0547, body, 4)) == expected


@pytest.mark.parametrize("case", CLOUD["p2p_notify"]["alarm_frames"], ids=lambda case: case["case"])
def test_alarm_frames_of_the_cloud_vectors(case: dict[str, Any]) -> None:
    expected = case["expected"]
    command = int(case["frame_type_hex"], 16)
    channel = unhex(case["subheader_hex"])[2]
    found = decode_notification(plain(command, unhex(case["clear_body_hex"]), channel))
    assert command == expected["param_id"]
    if isinstance(found, LightState):
        assert (found.channel, found.on) == (expected["channel"], expected["light_on"])
        return
    assert isinstance(found, AlarmReport)
    assert [found.event, found.duration] == expected["values"][:2]
    assert found.channel == expected["channel"]
    assert found.active is expected["state"]
    assert found.siren == (command == 1202)


@pytest.mark.parametrize("case", CLOUD["p2p_notify"]["mode_frames"], ids=lambda case: case["case"])
def test_mode_frames_of_the_cloud_vectors(case: dict[str, Any]) -> None:
    expected = case["expected"]
    found = decode_notification(
        plain(int(case["frame_type_hex"], 16), unhex(case["clear_body_hex"]))
    )
    if isinstance(found, GuardModeReport):
        assert found.mode == expected["effective_mode"]
        return
    assert isinstance(found, EntryDelay)
    assert found.event == expected["event"]
    assert found.armed == expected.get("armed", False)
    assert found.seconds == expected.get("delay_seconds", 0)


def test_receipts_are_no_notifications() -> None:
    receipt = OpenedRecord(1202, 0, 1, bytes(132), Protection.CLEAR, receipt=True)
    assert decode_notification(receipt) is None


# --- shapes that must not be believed ------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\1\0\0",
        b"\1\0\0\0",
        bytes.fromhex("030000001e000000"),  # an alarm report under the guard mode's type
        bytes.fromhex("0001000000000000"),
        bytes(9),
        bytes(16),
    ],
)
def test_an_authenticated_guard_report_has_exactly_one_shape(body: bytes) -> None:
    with pytest.raises(WireError):
        decode_notification(plain(1151, body))


def test_a_static_guard_report_has_an_unexplained_word() -> None:
    case = P2P["replies"]["alarm_mode_ecb"]
    body = unhex(case["plaintext"])
    report = decode_notification(plain(1151, body, protection=Protection.STATIC))
    assert report == GuardModeReport(case["mode"])
    with pytest.raises(WireError):
        decode_notification(plain(1151, bytes(17), protection=Protection.STATIC))


@pytest.mark.parametrize("command", [1201, 1202, 1164, 2111, 2107])
def test_two_word_reports_need_two_words(command: int) -> None:
    for body in (b"", b"\1\0\0\0", bytes(132)):
        with pytest.raises(WireError):
            decode_notification(plain(command, body))


@pytest.mark.parametrize("command", [1400, 1032, 1135, 1026, 1303])
def test_one_word_reports_need_a_word(command: int) -> None:
    with pytest.raises(WireError):
        decode_notification(plain(command, b"\1"))


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (1351, b"{"),
        (1351, b"[]"),
        (1351, b'{"cmd":2037}'),
        (1351, b'{"cmd":2037,"payload":"{"}'),
        (1351, b'{"cmd":2037,"payload":{"event_type":-1}}'),
        (1351, b'{"cmd":2037,"payload":{"msg_type":18}}'),
        (1103, b"\xff"),
        (1306, b""),
        (1145, b"a" * 2000),
    ],
)
def test_malformed_text_reports(command: int, body: bytes) -> None:
    with pytest.raises(WireError):
        decode_notification(plain(command, body))


@pytest.mark.parametrize(
    ("event", "duration", "active"),
    [
        (3, 30, True),
        (25, 30, True),
        (8, 65534, True),
        (0, 0, False),
        (1, 0, False),
        (15, 0, False),
        (16, 0, False),
        (17, 0, False),
        (16, 5, None),
        (10, 0, None),
    ],
)
def test_when_an_alarm_is_on(event: int, duration: int, active: bool | None) -> None:
    assert AlarmReport(255, event, duration).active is active


def test_durations_above_a_thousand_are_milliseconds() -> None:
    assert AlarmReport(255, 3, 30).seconds == 30
    assert AlarmReport(255, 3, 30000).seconds == 30


def test_unknown_things_stay_unknown() -> None:
    assert decode_notification(plain(9999, b"abc", 7)) == Unknown(9999, 7, 3)
    found = decode_notification(plain(1351, b'{"cmd":6097,"payload":{"index":1,"data":""}}'))
    assert found == JsonNotify(1351, 6097, 255, {"index": 1, "data": ""})
    doorbell = decode_notification(plain(1701, b'{"cmd":1015,"code":1,"payload":{"v":3}}'))
    assert doorbell == JsonNotify(1701, 1015, 255, {"v": 3})


def test_parameter_lists_inside_a_notify_are_applied() -> None:
    body = {
        "cmd": 1829,
        "payload": {"params": [{"dev_type": 17, "param_type": 1101, "param_value": "32"}]},
    }
    found = decode_notification(plain(1351, json.dumps(body).encode()))
    assert isinstance(found, ParameterPush)
    assert found.partial
    assert found.parameters == (Parameter(17, 1101, "32"),)


# --- both directions for everything ---------------------------------------------------------

CHANNEL = st.integers(0, 255)
WORD = st.integers(0, 0xFFFF_FFFF)
SIGNED = st.integers(-0x8000_0000, 0x7FFF_FFFF)
NAME = st.text(st.characters(min_codepoint=32, max_codepoint=0x24F), max_size=20).map(
    lambda text: "".join(char for char in text if char.isprintable()).strip()
)
IDENTIFIER = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
MILLISECONDS = st.integers(1_600_000_000_000, 1_900_000_000_000)
PAYLOAD = st.dictionaries(IDENTIFIER, st.integers(-9, 9), max_size=3)


@st.composite
def pushes(draw: st.DrawFn) -> CameraPush:
    record = draw(st.integers(1, 1 << 40))
    person = draw(st.none() | st.integers(1, 99))
    return CameraPush(
        event_type=draw(st.integers(0, 0xFFFF)),
        device_serial=draw(IDENTIFIER.filter(bool)),
        channel=draw(CHANNEL),
        name=draw(NAME),
        create_time_ms=draw(MILLISECONDS),
        trigger_time_ms=draw(MILLISECONDS),
        file_path=draw(st.sampled_from(["", "/zx/d/Camera01/v.zxvideo"])),
        unique_id=draw(IDENTIFIER),
        session_id=draw(IDENTIFIER),
        record_id=record,
        push_count=draw(st.integers(0, 9)),
        person_name=draw(NAME),
        person_id=person,
        face_id=person,
        station_serial=draw(IDENTIFIER),
        owner_account=draw(IDENTIFIER),
        thumb_path=draw(st.sampled_from(["", "/zx/d/Camera01/t.jpg"])),
        crop_path=draw(st.sampled_from(["", "/zx/d/Camera01/c.jpg"])),
    )


PARAMETERS = st.builds(
    ParameterDump,
    st.lists(st.builds(Parameter, CHANNEL, st.integers(0, 99999), NAME), max_size=4).map(tuple),
)
NOTIFICATIONS: list[st.SearchStrategy[Notification]] = [
    pushes(),
    st.builds(GuardModeReport, CHANNEL),
    st.builds(AlarmReport, CHANNEL, WORD, WORD, st.booleans()),
    st.builds(LightState, CHANNEL, st.booleans()),
    st.builds(EntryDelay, CHANNEL, WORD, WORD),
    st.builds(Rssi, CHANNEL, SIGNED),
    st.builds(Charging, CHANNEL, WORD, WORD),
    st.builds(Runtime, CHANNEL, WORD, SIGNED),
    st.builds(SdState, CHANNEL, SIGNED),
    st.builds(RtspUrl, CHANNEL, NAME),
    st.builds(SnoozeChanged, CHANNEL, NAME),
    st.builds(ParameterPush, PARAMETERS, st.booleans()),
    st.builds(StorageReport, st.just(1307), SIGNED, PAYLOAD),
    st.builds(StorageReport, st.just(55000), st.just(0), PAYLOAD.filter(bool)),
    st.builds(SensorState, CHANNEL, st.booleans()),
    st.builds(GarageDoor, CHANNEL, WORD, WORD),
    st.builds(Viewers, CHANNEL, WORD),
    st.builds(CommandCode, st.integers(3000, 5000), SIGNED, CHANNEL, st.none() | PAYLOAD),
    st.builds(JsonNotify, st.sampled_from([1351, 1701]), st.integers(3000, 5000), CHANNEL, PAYLOAD),
    st.builds(JsonReply, st.sampled_from([1306, 1308]), CHANNEL, PAYLOAD),
    st.builds(DevicePing, CHANNEL),
    st.builds(PlaybackControl, WORD),
    st.builds(DownloadProgress, CHANNEL, st.none() | WORD),
    st.builds(Unknown, st.just(9999), CHANNEL, st.integers(0, 30)),
]


@pytest.mark.parametrize("kind", range(len(NOTIFICATIONS)))
@given(data=st.data(), protection=st.sampled_from([Protection.GCM, Protection.STATIC]))
@settings(max_examples=25)
def test_every_report_comes_back_as_it_was_written(
    kind: int, data: st.DataObject, protection: Protection
) -> None:
    item = data.draw(NOTIFICATIONS[kind])
    notice = encode_notification(item, wide=protection is Protection.GCM)
    raw = station.encode_notice(
        notice.command,
        notice.plaintext,
        channel=notice.channel,
        keys=GCM_KEYS,
        protection=protection,
        nonce=bytes(12),
    )
    opened = open_record(decode_record(raw), GCM_KEYS)
    if opened.receipt:
        # Zeros of a receipt's length are a receipt, whatever the type (p2p-crypto.md §4).
        return
    again = decode_notification(opened)
    if isinstance(item, Unknown) and protection is Protection.STATIC:
        assert isinstance(again, Unknown)
        return
    assert again == item


def test_only_notifications_can_be_written() -> None:
    with pytest.raises(TypeError):
        encode_notification("nothing")  # type: ignore[arg-type]  # the point of the test
