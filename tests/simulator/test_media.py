"""Live views, recordings, pictures, talkback (checklist S16 to S19)."""

import io
import itertools

import av
import numpy as np
import pytest
from PIL import Image

from custom_components.eufy_local.eufy.wire import commands
from custom_components.eufy_local.eufy.wire.crypto import load_rsa_private
from custom_components.eufy_local.eufy.wire.media import MediaProtection, StreamKey, VideoFrame
from custom_components.eufy_local.eufy.wire.media_commands import live_open, live_stop
from custom_components.eufy_local.eufy.wire.media_encode import encode_talk
from custom_components.eufy_local.eufy.wire.safe_json import loads_object
from custom_components.eufy_local.eufy.wire.still import decode_still_reply, still_kind
from simulator.families import FAMILIES
from simulator.faults import EccBehaviour, Faults, FirstFrame
from simulator.strip import read_code

from .stage import ECC, RSA, Client, Stage, heavy_clip
from .test_session import awake

LIVE_FORMS = {
    "homebase3": "A",
    "homebase2": "B",
    "homebase2_v8": "B",
    "homebase1": "B",
    "homebase_mini": "B",
    "standalone_mains": "C'",
    "standalone_battery": "C",
    "doorbell_battery": "C'",
    "doorbell_wired": "C",
}


def watch(
    stage: Stage, client: Client, key: StreamKey = RSA, channel: int = 0, seconds: float = 3.0
) -> None:
    form = LIVE_FORMS[stage.core.spec.family.name]
    client.command(live_open(form, stage.owner, channel, key.offer, "1"), run=0)
    for _ in range(round(seconds)):
        stage.run(1.0)
        if stage.core.spec.family.needs_ping:
            client.ping()


def codes(frames: list[VideoFrame], codec: str = "h264") -> list[tuple[int, int] | None]:
    """What the strips of a stream say, decoded by an independent decoder."""
    context = av.CodecContext.create(codec, "r")
    context.thread_count = 1
    pictures = [p for frame in frames for p in context.decode(av.Packet(frame.data))]
    pictures += context.decode(None)
    return [read_code(np.asarray(p.to_image().convert("L"))) for p in pictures]


def joined(frames: list[VideoFrame]) -> list[bytes]:
    """Access units of a stream whose large ones came in pieces."""
    units: list[bytes] = []
    for frame in frames:
        if frame.continues:
            units[-1] += frame.data
        else:
            units.append(frame.data)
    return units


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_streams_what_its_scene_holds(family: str) -> None:
    stage, client = awake(family)
    watch(stage, client)
    frames = client.media(RSA)
    clip = stage.core.desk.scenes[0].clip
    assert 44 <= len(frames.video) <= 46
    assert frames.video[0].key
    view = stage.core.live_views()[0]
    first = view.last_frame - len(frames.video) + 1
    expected = [clip.video[(first + n) % 60].data for n in range(len(frames.video))]
    assert joined(frames.video) == expected
    assert [
        b.timestamp_ms - a.timestamp_ms
        for a, b in zip(frames.video, frames.video[1:], strict=False)
    ] == (pytest.approx([66.7] * (len(frames.video) - 1), abs=1.5))
    assert 44 <= len(frames.audio) <= 48
    offset = abs(frames.audio[-1].timestamp_ms - frames.video[-1].timestamp_ms)
    assert offset < 80


def test_the_subheader_chooses_the_camera_and_the_strip_proves_it() -> None:
    stage, client = awake("homebase3")
    watch(stage, client, channel=2)
    seen = codes(client.media(RSA, 2).video)
    assert {code[0] for code in seen if code} == {2}
    numbers = [code[1] for code in seen if code]
    assert numbers == [(numbers[0] + n) % 60 for n in range(len(numbers))]
    assert client.media(RSA, 0).video == []


@pytest.mark.parametrize(
    ("behaviour", "clear", "sealed"),
    [
        (EccBehaviour.ALL, 0, 45),
        (EccBehaviour.KEY_FRAMES, 43, 2),
        (EccBehaviour.AS_RSA, 43, 0),
        (EccBehaviour.NO_RECORDS, 0, 0),
    ],
)
def test_an_ecc_offer_is_answered_in_four_ways(
    behaviour: EccBehaviour, clear: int, sealed: int
) -> None:
    stage, client = awake("homebase3", Faults(ecc=behaviour))
    watch(stage, client, ECC)
    assert client.results() == [(1350, 0)]
    kinds = [frame.protection for frame in client.media(ECC).video]
    assert kinds.count(MediaProtection.CLEAR) == pytest.approx(clear, abs=1)
    assert kinds.count(MediaProtection.AUTHENTICATED) == pytest.approx(sealed, abs=1)


def test_an_rsa_offer_protects_the_beginning_of_key_frames_only() -> None:
    stage, client = awake("homebase3")
    watch(stage, client)
    for frame in client.media(RSA).video:
        expected = MediaProtection.KEY_FRAME_PREFIX if frame.key else MediaProtection.CLEAR
        assert frame.protection is expected


def test_key_frames_without_any_protection_can_be_asked_for() -> None:
    stage, client = awake("homebase3", Faults(clear_media=True))
    watch(stage, client)
    assert {f.protection for f in client.media(RSA).video} == {MediaProtection.CLEAR}


def test_a_stream_may_begin_inside_a_group_or_with_a_stale_key_frame() -> None:
    stage, client = awake("homebase3", Faults(first_frame=FirstFrame.MID_GROUP))
    watch(stage, client)
    assert not client.media(RSA).video[0].key
    stage, client = awake("homebase3", Faults(first_frame=FirstFrame.STALE_KEY))
    watch(stage, client)
    videos = [record for _, record in client.records if record.command == 1300]
    assert len(videos) == len(client.media(RSA).video) + 1
    assert client.media(RSA).video[0].key


@pytest.mark.parametrize("how", ["stop", "close"])
def test_a_stream_ends_with_a_stop_or_with_the_link(how: str) -> None:
    stage, client = awake("homebase3")
    watch(stage, client)
    if how == "stop":
        client.command(live_stop("A", stage.owner, 0, "2"))
    else:
        client.send(b"\xf1\xf0\0\0")
    count = len(client.records)
    stage.run(2)
    assert len(client.records) == count
    assert stage.core.live_views() == []


def test_a_new_open_replaces_the_old_stream_of_a_link() -> None:
    stage, client = awake("homebase3")
    watch(stage, client, channel=0)
    watch(stage, client, channel=1)
    assert [view.camera.channel for view in stage.core.live_views()] == [1]


def test_frames_may_trail_after_a_stop() -> None:
    stage, client = awake("homebase3", Faults(trailing_frames=1.0))
    watch(stage, client)
    client.command(live_stop("A", stage.owner, 0, "2"), run=0)
    before = len(client.media(RSA).video)
    stage.run(3)
    assert 14 <= len(client.media(RSA).video) - before <= 16


def test_without_pings_a_battery_camera_stops_after_ten_seconds() -> None:
    stage, client = awake("standalone_battery")
    client.command(live_open("C", stage.owner, 0, RSA.offer, "1"), run=14)
    assert 148 <= len(client.media(RSA).video) <= 153


def test_two_viewers_of_one_camera_get_the_same_pictures_under_their_own_keys() -> None:
    stage, first = awake("homebase3")
    second = stage.client(40070).connect()
    watch(stage, first, RSA)
    watch(stage, second, ECC)
    newest = first.media(RSA).video[-1], second.media(ECC).video[-1]
    assert newest[0].timestamp_ms == newest[1].timestamp_ms
    assert newest[0].data == newest[1].data


def test_large_frames_of_a_homebase_2_come_in_pieces() -> None:
    stage, client = awake("homebase2")
    clip = heavy_clip(90_000)
    stage.core.desk.scenes[0]._clip = clip
    watch(stage, client, seconds=1)
    frames = client.media(RSA).video
    assert any(frame.continues for frame in frames)
    assert all(unit in {u.data for u in clip.video} for unit in joined(frames))


def test_a_frozen_or_silent_camera_sends_nothing() -> None:
    for faults in (Faults(freeze=True), Faults(no_media=True)):
        stage, client = awake("homebase3", faults)
        watch(stage, client)
        assert client.results() == [(1350, 0)]
        assert client.media(RSA).video == []


def test_the_link_may_close_in_the_middle_of_a_stream() -> None:
    stage, client = awake("homebase3", Faults(close_after_frames=20))
    watch(stage, client)
    assert client.closed
    assert stage.core.links == {}


def test_a_client_that_takes_no_media_loses_frames_up_to_a_key_frame() -> None:
    stage, client = awake("homebase3")
    scene = stage.core.desk.scenes[0]
    scene._clip = heavy_clip(100_000)
    watch(stage, client, seconds=1)
    client.acks = False
    stage.run(10)
    client.acks = True
    view = stage.core.live_views()[0]
    assert view.frames_dropped > 0
    stage.run(5)
    numbers = [frame.number for frame in client.media(RSA).video]
    gaps = [n for n, (a, b) in enumerate(itertools.pairwise(numbers)) if b != a + 1]
    frames = client.media(RSA).video
    assert gaps
    assert all(frames[gap + 1].key for gap in gaps)


# --- recordings and pictures -------------------------------------------------------------


@pytest.mark.parametrize("key", [RSA, ECC], ids=["rsa", "ecc"])
def test_a_recording_plays_faster_than_real_time_and_ends(key: StreamKey) -> None:
    stage, client = awake("homebase3")
    event, _ = stage.core.detect(stage.camera, "person", None, stage.now)
    row = stage.core.desk.log.history_row(event)
    client.command(
        commands.recording(stage.owner, 0, event.recording, key.offer, "1", download=False), run=5
    )
    assert client.results() == [(1350, 0)]
    assert len(client.media(key).video) == row["frame_num"]
    assert client.media(key).video[0].key
    ends = [record for _, record in client.records if record.command == 1026]
    assert [record.body for record in ends] == [bytes.fromhex("0200000000")]


def test_a_download_names_its_size_and_its_end() -> None:
    stage, client = awake("homebase3")
    event, _ = stage.core.detect(stage.camera, "person", None, stage.now)
    opening = commands.recording(stage.owner, 0, event.recording, RSA.offer, "1", download=True)
    client.command(opening, run=5)
    total = client.contents(1303)[0].plaintext
    video = client.media(RSA).video
    assert int.from_bytes(total[1:5], "little") == sum(len(frame.data) for frame in video)
    assert len(client.contents(1304)) == 1


def test_an_older_station_wraps_a_recording_to_the_cloud_key() -> None:
    stage, client = awake("homebase2")
    event, _ = stage.core.detect(stage.camera, "person", None, stage.now)
    client.command(commands.recording_legacy(stage.owner, 0, event.recording), run=5)
    pair = stage.home.cipher(stage.core.spec.family.cipher_id)
    key = StreamKey(load_rsa_private(pair.rsa_private))
    assert len(client.media(key).video) == 300
    assert {channel for channel, record in client.records if record.command == 1300} == {3}


def test_a_homebase_3_cannot_be_told_to_stop_a_playback() -> None:
    stage, client = awake("homebase3")
    event, _ = stage.core.detect(stage.camera, "person", None, stage.now)
    opening = commands.recording(stage.owner, 0, event.recording, RSA.offer, "1", download=False)
    client.command(opening, run=0)
    client.command(commands.json_1350(stage.owner, 1051, {}), run=20)
    assert (1350, -108) in client.results()
    assert len(client.media(RSA).video) == 300


def test_an_unknown_recording_is_refused() -> None:
    stage, client = awake("homebase3")
    client.command(
        commands.recording(stage.owner, 0, "/zx/no.zxvideo", RSA.offer, "1", download=False)
    )
    assert client.results() == [(1350, -111)]


@pytest.mark.parametrize("family", ["homebase3", "standalone_battery"])
def test_an_event_picture_shows_the_frame_of_the_moment(family: str) -> None:
    stage, client = awake(family)
    event, _ = stage.core.detect(stage.camera, "person", None, stage.now)
    client.command(commands.still(stage.owner, event.thumbnail, "7"), run=1)
    path, data = decode_still_reply(loads_object(client.contents(1308)[0].plaintext))
    assert path == event.thumbnail
    if family == "standalone_battery":
        assert data.startswith(b"eufysecurity:")
        return
    picture = Image.open(io.BytesIO(data))
    assert picture.size == (640, 360)
    assert read_code(np.asarray(picture.convert("L"))) == (0, event.frame % 60)
    assert still_kind(data).name == "JPEG"


def test_an_unknown_picture_gets_no_reply() -> None:
    stage, client = awake("homebase3")
    client.command(commands.still(stage.owner, "/zx/hdd_data0/none.jpg", "7"), run=5)
    assert client.results() == [(1350, 0)]
    assert client.contents(1308) == []


def test_what_is_said_is_kept_and_only_one_may_talk() -> None:
    stage, client = awake("standalone_mains")
    other = stage.client(40080).connect()
    client.command(commands.json_1700(1001, None))
    other.command(commands.json_1700(1001, None))
    assert client.results() == [(1700, 0)]
    assert other.results() == [(1700, -106)]
    words = [bytes([n]) * 90 for n in range(20)]
    for number, word in enumerate(words):
        client.put(encode_talk(word, 0, number), channel=1)
    stage.run(0.5)
    assert stage.core.desk.heard == words
