"""Pushes, the event database, storage (checklist S19)."""

import datetime as dt
import json

import pytest

from custom_components.eufy_local.eufy.wire import commands
from custom_components.eufy_local.eufy.wire.database import (
    Verb,
    crop_rows,
    history_payload,
    history_rows,
    parse_reply,
    person_rows,
)
from custom_components.eufy_local.eufy.wire.notifications import CameraPush, StorageReport
from custom_components.eufy_local.eufy.wire.notify import decode_notification
from custom_components.eufy_local.eufy.wire.safe_json import loads_object
from custom_components.eufy_local.eufy.wire.still import decode_still_reply
from custom_components.eufy_local.eufy.wire.storage import parse_sd_info
from simulator.families import FAMILIES
from simulator.faults import Faults
from simulator.home import Home
from simulator.station.detections import KINDS, UnknownKind, face_path

from .stage import Client, Stage
from .test_session import awake


def pushes(client: Client) -> list[CameraPush]:
    """What the client's codec reads out of the pushes."""
    read = [decode_notification(item) for item in client.contents(1351)]
    return [item for item in read if isinstance(item, CameraPush)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reaches_every_link(kind: str) -> None:
    stage, client = awake("homebase3")
    other = stage.client(40090).connect()
    stage.core.detect(stage.camera, kind, None, stage.now)
    stage.run(0.1)
    for receiver in (client, other):
        (push,) = pushes(receiver)
        assert push.event_type == KINDS[kind]
        assert (push.device_serial, push.channel) == (stage.camera.serial, 0)
        assert push.person_id is None


def test_a_known_face_carries_its_name_and_its_own_rows() -> None:
    stage, client = awake("homebase3")
    alice = stage.home.find_person("alice")
    event, told = stage.core.detect(stage.camera, "known", alice, stage.now)
    stage.run(0.1)
    (push,) = pushes(client)
    assert told == 1
    assert (push.person_name, push.person_id, push.face_id) == ("Alice", 7, 7)
    assert (push.thumb_path, push.crop_path) == (event.thumbnail, event.crop)
    assert push.owner_account == stage.owner
    assert push.trigger_time_ms == push.create_time_ms == event.time_ms


def test_rows_of_an_older_event_of_another_camera_can_be_attached() -> None:
    stage, client = awake("homebase3", Faults(old_attachments=True))
    stage.core.detect(stage.core.spec.cameras[1], "person", None, stage.now)
    stage.core.detect(stage.camera, "person", None, stage.now)
    stage.run(0.1)
    raw = json.loads(json.loads(client.contents(1351)[1].plaintext.rstrip(b"\0"))["payload"])
    assert raw["rec_content"][0]["device_sn"] == stage.core.spec.cameras[1].serial
    assert raw["rec_content"][0]["record_id"] != raw["record_id"]
    assert pushes(client)[1].thumb_path == ""


def test_a_repeated_push_brings_the_recording_later_under_the_same_id() -> None:
    stage, client = awake("homebase3")
    stage.core.detect(stage.camera, "ring", None, stage.now, repeat=True)
    stage.run(3)
    first, second = pushes(client)
    assert first.unique_id == second.unique_id
    assert (first.record_id, first.file_path, first.push_count) == (0, "", 1)
    assert second.record_id
    assert second.file_path.endswith(".zxvideo")
    assert second.push_count == 2


def test_a_homebase_2_logs_but_pushes_nothing() -> None:
    stage, client = awake("homebase2")
    _, told = stage.core.detect(stage.camera, "person", None, stage.now)
    stage.run(1)
    assert told == 0
    assert client.contents(1351) == []
    assert len(stage.core.desk.log.events) == 1


def test_an_unknown_kind_is_refused_and_a_number_is_taken() -> None:
    stage, client = awake("homebase3")
    with pytest.raises(UnknownKind):
        stage.core.detect(stage.camera, "dragon", None, stage.now)
    stage.core.detect(stage.camera, "3399", None, stage.now)
    stage.run(0.1)
    assert pushes(client)[0].event_type == 3399


def history(stage: Stage, client: Client, verb: int = 10011) -> dict[str, object]:
    day = stage.core.desk.log.events[-1].local
    start, end = (f"{day + dt.timedelta(days=n):%Y%m%d}" for n in (0, 1))
    payload = history_payload(Verb(verb), start, end)
    query = commands.database(stage.owner, verb, payload, "history_record_info", "99")
    client.command(query)
    return loads_object(client.contents(1306)[-1].plaintext, max_bytes=2 << 20)


@pytest.mark.parametrize("family", ["homebase3", "standalone_battery"])
def test_history_lists_events_newest_first_with_the_face_library(family: str) -> None:
    stage, client = awake(family)
    bob = stage.home.find_person("Bob")
    events = [stage.core.detect(stage.camera, "known", bob, stage.now)[0] for _ in range(3)]
    reply = parse_reply(history(stage, client, FAMILIES[family].history_verb))
    assert [row.record_id for row in history_rows(reply)] == [
        event.record_id for event in reversed(events)
    ]
    assert {row.crop_path for row in crop_rows(reply)} == {event.crop for event in events}
    assert {row.name for row in person_rows(reply)} == {"Alice", "Bob", "Carol"}


def test_the_wrong_verb_and_an_unready_database_answer_with_errors() -> None:
    stage, client = awake("homebase3", Faults(database_not_ready=1))
    stage.core.detect(stage.camera, "motion", None, stage.now)
    assert parse_reply(history(stage, client)).not_ready
    assert parse_reply(history(stage, client, 10017)).unsupported


def test_an_incomplete_generic_query_gets_silence() -> None:
    stage, client = awake("homebase3")
    query = commands.database(stage.owner, 10000, {"count": 20}, "event_record", "1")
    client.command(query, run=5)
    assert client.results() == [(1350, 0)]
    assert client.contents(1306) == []


def test_a_known_person_has_a_picture_once_seen() -> None:
    stage, client = awake("homebase3")
    alice = stage.home.find_person("Alice")
    client.command(commands.still(stage.owner, face_path(alice), "1"), run=1)
    assert client.contents(1308) == []
    stage.core.detect(stage.camera, "known", alice, stage.now)
    client.command(commands.still(stage.owner, face_path(alice), "2"), run=1)
    _, data = decode_still_reply(loads_object(client.contents(1308)[0].plaintext))
    assert data.startswith(b"\xff\xd8")


def test_the_picture_shows_a_moment_when_the_person_is_there() -> None:
    stage, _ = awake("homebase3")
    stage.run(30)
    event, _ = stage.core.detect(
        stage.camera, "known", stage.home.people[0], stage.now, spans=((10, 12),)
    )
    assert event.frame % 60 == 11
    assert 0 <= stage.core.desk.scenes[0].frame(stage.now) - event.frame < 60


def test_storage_is_answered_in_the_form_of_the_family() -> None:
    stage, client = awake("homebase3")
    client.command(commands.storage_query(stage.owner, "1"))
    report = decode_notification(client.contents(1351)[0])
    assert isinstance(report, StorageReport)
    stage, client = awake("homebase2")
    client.command(commands.scalar(1144, 0, stage.owner, channel=0))
    card = [record for _, record in client.records if record.command == 1144]
    assert any(parse_sd_info(record.body).known for record in card)


def test_homes_of_the_same_seed_are_the_same_and_others_are_not() -> None:
    names = list(FAMILIES)
    one, two, three = (Home.of_families(names, seed) for seed in (5, 5, 6))
    assert one == two
    assert one.ciphers == two.ciphers
    serials = {station.serial for home in (one, three) for station in home.stations}
    dids = {station.did for home in (one, three) for station in home.stations}
    assert len(serials) == len(dids) == 2 * len(names)


def test_runs_of_the_same_seed_send_the_same_bytes() -> None:
    def run() -> list[bytes]:
        stage, client = awake("homebase3")
        stage.core.detect(stage.camera, "person", None, stage.now)
        client.command(commands.param_query())
        return client.inbox

    assert run() == run()
