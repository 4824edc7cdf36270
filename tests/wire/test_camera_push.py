"""Camera pushes: what is believed of a device's text, and which rows belong to it."""

from typing import Any

import pytest

from custom_components.eufy_local.eufy.wire import camera_push
from custom_components.eufy_local.eufy.wire.notify import (
    CameraPush,
    decode_notification,
)
from custom_components.eufy_local.eufy.wire.sealing import OpenedRecord, Protection

from .support import ACCOUNT, CLOUD, P2P

NOTIFIES = P2P["notifies"]


def plain(
    command: int, body: bytes, channel: int = 255, protection: Protection = Protection.GCM
) -> OpenedRecord:
    return OpenedRecord(command, channel, 0, body, protection)


@pytest.mark.parametrize("case", CLOUD["p2p_notify"]["camera_push"], ids=lambda case: case["case"])
def test_camera_pushes_of_the_cloud_vectors(case: dict[str, Any]) -> None:
    push = decode_notification(plain(0x0547, case["body_json"].encode() + b"\0"))
    assert isinstance(push, CameraPush)
    assert push == camera_push.decode_camera_push(case["inner"])
    expected = case["expected"]
    values = {
        "station_sn": push.station_serial,
        "device_sn": push.device_serial,
        "event_time_ms": push.trigger_time_ms,
        "video_path": push.file_path,
        "channel": push.channel,
        "msg_type": push.msg_type,
        "event_type": push.event_type,
        "person_name": push.person_name,
        "thumb_path": push.thumb_path,
        "crop_path": push.crop_path,
        "unique_id": push.unique_id,
        "session_id": push.session_id,
        "record_id": push.record_id,
        "push_count": push.push_count,
    }
    for key, value in expected.items():
        if key in values:
            assert values[key] == value, key
    for key in ("thumb_path", "crop_path", "person_name"):
        if key not in expected:
            assert values[key] == ""


# --- pushes from devices are checked ---------------------------------------------------------


def push(**changes: Any) -> CameraPush:
    inner: dict[str, Any] = {
        "msg_type": 18,
        "event_type": 3102,
        "device_sn": "T8160P2300000077",
        "channel": 1,
        "create_time": 1767323045000,
        "trigger_time": 1767323045000,
        "record_id": 7,
    }
    return camera_push.decode_camera_push(inner | changes)


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd.jpg",
        "/zx/../etc/x.jpg",
        "zx/a.jpg",
        "/zx/a.png",
        "/zx/ä.jpg",
        "/zx/a b.jpg",
        "/zx/" + "a" * 300 + ".jpg",
        7,
        None,
        ["/zx/a.jpg"],
    ],
)
def test_picture_paths_that_are_not_asked_for(path: Any) -> None:
    found = push(
        rec_content=[{"record_id": 7, "thumb_path": path}],
        pic_content=[{"record_id": 7, "crop_path": path}],
        pic_url=path,
    )
    assert (found.thumb_path, found.crop_path, found.pic_url) == ("", "", "")


def test_recordings_of_older_stations_are_named_too() -> None:
    for path in (
        "/zx/hdd_data1/Camera00/202407/20240710173000/20240710173000.zxvideo",
        "/media/mmcblk0p1/Camera00/20201231032340.dat",
        "/media/mmcblk0p1/Camera00/20210914180039.h264",
        "/mnt/data/Camera00/20201231034227.dat",
    ):
        assert push(file_path=path).file_path == path
    for path in ("/etc/a.dat", "/media/../a.dat", "/media/a.exe", "/mnt/" + "a" * 300 + ".dat"):
        assert push(file_path=path).file_path == ""


def test_picture_addresses() -> None:
    url = "https://img.example.invalid/d?x=1"
    assert push(pic_url=url).pic_url == url
    assert push(pic_url="/zx/emmcdata/Camera01/a.jpg").pic_url == "/zx/emmcdata/Camera01/a.jpg"
    for bad in ("http://a/b", "https://a/\n", "https://a b", "https://" + "a" * 3000, "ftp://x"):
        assert push(pic_url=bad).pic_url == ""


def test_people() -> None:
    assert push(nick_name="  Ann\u202ee\x00\n ").person_name == "Anne"
    assert push(person_name="Bob").person_name == "Bob"
    assert push(nick_name="x" * 500).person_name == "x" * 64
    for nobody in (-1, 0, "-1", None, "x", 1 << 60):
        assert push(person_id=nobody).person_id is None
    assert push(person_id="7").person_id == 7


def test_times_out_of_range_are_dropped() -> None:
    for bad in (0, -1, 1000, 1 << 60, "soon"):
        assert push(trigger_time=bad).trigger_time_ms == 0
    assert push(trigger_time="1767323045000").trigger_time_ms == 1767323045000


def test_rows_of_another_event_are_not_taken() -> None:
    row = {"record_id": 6, "account": ACCOUNT, "thumb_path": "/zx/Camera01/a.jpg"}
    assert push(rec_content=[row]).thumb_path == ""
    assert push(rec_content=[row | {"record_id": 7}]).owner_account == ACCOUNT
    # Without a record id only rows of the same device, and crops of the same camera folder.
    crops = [{"crop_path": "/zx/d/Camera02/c.jpg"}, {"crop_path": "/zx/d/Camera01/c.jpg"}]
    found = push(
        record_id=0,
        file_path="/zx/d/Camera01/v.zxvideo",
        rec_content=[row | {"device_sn": "T8160P0000000000"}],
        pic_content=crops,
    )
    assert (found.thumb_path, found.crop_path) == ("", "/zx/d/Camera01/c.jpg")
    assert push(record_id=0, device_sn="", rec_content=[row]).thumb_path == ""


def test_names_do_not_reach_logs_by_accident() -> None:
    found = push(nick_name="Alice", name="Bedroom")
    assert "Alice" not in repr(found)
    assert "Bedroom" not in repr(found)
