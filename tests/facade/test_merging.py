"""One detection, however many copies of it come, in whatever order."""

import datetime as dt
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.detections import (
    DetectionKind,
    DetectionReport,
    DetectionSource,
)
from custom_components.eufy_local.eufy.merging import DetectionMerger

START = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)
CAMERA, STATION = "T8160P2300000077", "T8030P2300000042"


def report(source: DetectionSource = DetectionSource.P2P, **fields: object) -> DetectionReport:
    values: dict[str, object] = {
        "kind": DetectionKind.PERSON,
        "raw_kind": 3102,
        "camera_serial": CAMERA,
        "station_serial": STATION,
        "time": START,
        "received": START + dt.timedelta(seconds=3),
        "source": source,
        "unique_id": "u-1",
        "record_id": 2026010200017,
    }
    return DetectionReport(**values | fields)  # type: ignore[arg-type]


COPIES = [
    report(authenticated=True),
    report(authenticated=True, push_count=2, recording_path="/zx/a/b.zxvideo"),
    report(authenticated=True, picture_path="/zx/a/snapshort.jpg"),
    report(DetectionSource.FCM, picture_url="https://example.eufylife.com/p"),
    report(
        DetectionSource.DATABASE,
        unique_id=None,
        time=START + dt.timedelta(seconds=1),
        crop_path="/zx/a/crop0.jpg",
    ),
    report(
        authenticated=True,
        kind=DetectionKind.KNOWN_FACE,
        raw_kind=3111,
        person_name="Alice",
        person_id="7",
    ),
]


@given(st.permutations(COPIES + COPIES))
def test_any_order_of_any_copies_is_one_detection(order: list[DetectionReport]) -> None:
    merger = DetectionMerger()
    merged = [merger.add(copy, 1.0) for copy in order]
    told = [item for item in merged if item is not None]
    assert [item.is_update for item in told] == [False] + [True] * (len(told) - 1)
    assert len({item.detection.id for item in told}) == 1
    (final,) = merger
    assert final.kind is DetectionKind.KNOWN_FACE
    assert (final.person_name, final.person_id) == ("Alice", "7")
    assert final.authenticated
    assert final.picture_path == "/zx/a/snapshort.jpg"
    assert final.crop_path == "/zx/a/crop0.jpg"
    assert final.recording_path == "/zx/a/b.zxvideo"
    assert final.sources == set(DetectionSource)


def test_a_hint_may_add_a_name_but_proves_nothing() -> None:
    merger = DetectionMerger()
    merger.add(report(authenticated=True), 1.0)
    merged = merger.add(
        report(
            DetectionSource.FCM, kind=DetectionKind.KNOWN_FACE, raw_kind=3111, person_name="Eve"
        ),
        2.0,
    )
    assert merged is not None
    assert merged.is_update
    assert merged.detection.person_name == "Eve"
    assert not merged.detection.authenticated


def test_a_hint_never_replaces_a_proven_person() -> None:
    merger = DetectionMerger()
    face = report(
        authenticated=True, kind=DetectionKind.KNOWN_FACE, raw_kind=3111, person_name="Alice"
    )
    merger.add(face, 1.0)
    assert merger.add(replace(face, authenticated=False, person_name="Mallory"), 2.0) is None
    (kept,) = merger
    assert kept.person_name == "Alice"
    assert kept.authenticated


def test_what_differs_stays_apart() -> None:
    merger = DetectionMerger()
    for other in (
        report(),
        report(unique_id="u-2", record_id=1),
        report(camera_serial="T8160P2300000078"),
        report(kind=DetectionKind.DOORBELL_RING, raw_kind=3103, unique_id="u-3"),
        report(kind=DetectionKind.UNKNOWN, raw_kind=3998, unique_id="u-4"),
    ):
        merged = merger.add(other, 1.0)
        assert merged is not None
        assert not merged.is_update
    assert len(merger) == 5
    assert merger.duplicates == 0


def test_a_name_that_the_library_knows_comes_late() -> None:
    merger = DetectionMerger()
    merger.add(
        report(kind=DetectionKind.KNOWN_FACE, raw_kind=3111, person_id="7", authenticated=True), 1.0
    )
    (merged,) = merger.name_persons({"7": "Alice", "8": "Bob"})
    assert merged.is_update
    assert merged.detection.person_name == "Alice"
    assert merger.get(merged.detection.id) == merged.detection
    assert merger.get("nothing") is None


def test_old_detections_are_forgotten() -> None:
    merger = DetectionMerger(keep_seconds=10.0, keep_events=2)
    for number in range(3):
        merger.add(report(unique_id=f"u-{number}", record_id=number + 1), float(number))
    assert len(merger) == 2
    merged = merger.add(report(unique_id="u-2", record_id=3), 100.0)
    assert merged is not None
    assert not merged.is_update
    assert merged.detection.delay == 3.0
    assert merged.detection.is_person
