"""What a station does with a real link to a simulated HomeBase 3."""

import asyncio

import pytest

from custom_components.eufy_local.eufy.catalog.guard import GuardMode
from custom_components.eufy_local.eufy.detections import DetectionKind
from custom_components.eufy_local.eufy.errors import StreamBusy, WireError
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.net.override import LoopbackOverride
from custom_components.eufy_local.eufy.pictures import PictureSource
from custom_components.eufy_local.eufy.station_events import (
    AlarmChanged,
    AvailabilityChanged,
    Detected,
    GuardModeChanged,
    PictureReady,
    SensorChanged,
)
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from simulator import Simulator

from .conftest import Watched, build


def camera_named(watched: Watched, name: str):
    return next(c for c in watched.station.cameras.values() if c.name == name)


async def test_connects_and_reads_what_the_station_says(watched: Watched) -> None:
    station = watched.station
    assert station.link_info is not None
    assert station.link_info.grade is LinkGrade.GCM
    assert watched.of(AvailabilityChanged)[0] == AvailabilityChanged(available=True, reason=None)
    assert {camera.name for camera in station.cameras.values()} == {
        "Front yard", "Hall", "Front door",
    }  # fmt: skip
    assert station.parameters[1216] == "HomeBase"
    assert station.guard_mode is GuardMode.DISARMED
    assert station.guard_authenticated
    assert station.unavailable_reason is None
    assert camera_named(watched, "Hall").allows_ecc


async def test_a_known_face_with_its_picture(watched: Watched, simulator: Simulator) -> None:
    event = simulator.detect("front_door", "known", "Alice")
    detected = (await watched.until(lambda: watched.of(Detected)))[0]
    detection = detected.detection
    assert not detected.is_update
    assert detection.kind is DetectionKind.KNOWN_FACE
    assert detection.person_name == "Alice"
    assert detection.authenticated
    assert detection.camera_serial == event.camera.serial
    assert watched.station.people.by_name("Alice") is not None
    await watched.until(lambda: watched.of(PictureReady))
    camera = watched.station.cameras[event.camera.serial]
    await watched.until(lambda: camera.last_picture.source is PictureSource.EVENT)
    assert camera.last_picture.jpeg.startswith(b"\xff\xd8")
    assert (camera.last_picture.width, camera.last_picture.height) == (640, 360)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("motion", DetectionKind.MOTION),
        ("person", DetectionKind.PERSON),
        ("stranger", DetectionKind.STRANGER),
        ("ring", DetectionKind.DOORBELL_RING),
        ("pet", DetectionKind.PET),
        ("vehicle", DetectionKind.VEHICLE),
        ("package", DetectionKind.PACKAGE_DELIVERED),
        ("3999", DetectionKind.UNKNOWN),
    ],
)
async def test_every_kind(
    watched: Watched, simulator: Simulator, kind: str, expected: DetectionKind
) -> None:
    simulator.detect("front_door", kind)
    detection = (await watched.until(lambda: watched.of(Detected)))[0].detection
    assert detection.kind is expected
    assert detection.person_name is None


async def test_a_repeated_push_is_one_detection(watched: Watched, simulator: Simulator) -> None:
    simulator.detect("hall", "person", repeat=True)
    await watched.until(lambda: len(watched.of(Detected)) == 2)
    first, second = watched.of(Detected)
    assert (first.is_update, second.is_update) == (False, True)
    assert first.detection.id == second.detection.id
    assert second.detection.recording_path is not None


async def test_arming_is_read_back(watched: Watched, simulator: Simulator) -> None:
    await watched.station.set_guard_mode(GuardMode.HOME)
    assert watched.station.guard_mode is GuardMode.HOME
    assert simulator.station().desk.memory.mode == GuardMode.HOME
    changed = watched.of(GuardModeChanged)[-1]
    assert changed.authenticated


async def test_a_mode_set_elsewhere_is_followed(watched: Watched, simulator: Simulator) -> None:
    simulator.set_guard_mode(GuardMode.AWAY)
    await watched.until(lambda: watched.station.guard_mode is GuardMode.AWAY)
    simulator.set_guard_mode(GuardMode.SCHEDULE)
    await watched.until(lambda: watched.station.guard_mode is GuardMode.SCHEDULE)
    assert watched.station.effective_mode is GuardMode.HOME


async def test_a_forged_report_never_disarms(watched: Watched, simulator: Simulator) -> None:
    """The report comes under the static key, which anyone can make who read the label."""
    simulator.set_guard_mode(GuardMode.AWAY)
    await watched.until(lambda: watched.station.guard_mode is GuardMode.AWAY)
    station = simulator.station()
    station.faults.static_notifies = True
    from custom_components.eufy_local.eufy.wire.notifications import GuardModeReport

    simulator.network.act(station, lambda _: station.desk.report(GuardModeReport(63)))
    await watched.until(lambda: watched.station.counters["unproven_state"])
    station.faults.static_notifies = False
    await asyncio.sleep(0.5)
    assert watched.station.guard_mode is GuardMode.AWAY


async def test_an_unproven_name_is_marked(watched: Watched, simulator: Simulator) -> None:
    simulator.station().faults.static_notifies = True
    simulator.detect("front_door", "known", "Alice")
    detection = (await watched.until(lambda: watched.of(Detected)))[0].detection
    assert not detection.authenticated


async def test_alarm_and_sensor(watched: Watched, simulator: Simulator) -> None:
    station = simulator.station()
    from custom_components.eufy_local.eufy.wire.notifications import SensorState

    simulator.network.act(station, lambda now: station.desk.sound_alarm(30, 255, now))
    await watched.until(lambda: watched.station.alarm_active)
    simulator.network.act(station, lambda now: station.desk.sound_alarm(0, 255, now))
    await watched.until(lambda: not watched.station.alarm_active)
    assert [event.active for event in watched.of(AlarmChanged)] == [True, False]
    simulator.network.act(station, lambda _: station.desk.report(SensorState(2, True)))
    await watched.until(lambda: watched.of(SensorChanged))


async def test_a_lost_link_comes_back(watched: Watched, simulator: Simulator) -> None:
    simulator.drop_links()
    await watched.until(lambda: not watched.station.available)
    await watched.until(lambda: watched.station.available)
    simulator.detect("hall", "motion")
    await watched.until(lambda: watched.of(Detected))


async def test_live_views_have_links_of_their_own(watched: Watched, simulator: Simulator) -> None:
    cameras = list(watched.station.cameras.values())
    units = await asyncio.gather(*(camera.live.last_key_frame() for camera in cameras))
    assert all(unit.annex_b().startswith(b"\0\0\0\1") for unit in units)
    # Three views and the control link.
    assert simulator.station().snapshot()["links"] == 4
    await watched.until(lambda: camera_named(watched, "Hall").last_picture is not None)


async def test_sessions_are_a_budget(watched: Watched) -> None:
    budget = watched.station.budget
    taken = [budget.take() for _ in range(budget.live_limit)]
    with pytest.raises(StreamBusy):
        budget.take()
    taken[0].close()
    taken[0].close()
    with budget.take():
        assert budget.live == budget.live_limit
    assert budget.live == budget.live_limit - 1


async def test_a_path_that_is_none(watched: Watched) -> None:
    with pytest.raises(WireError):
        await watched.station.fetch_picture("/etc/passwd")


async def test_what_is_remembered_makes_the_same_station(
    watched: Watched, simulator: Simulator
) -> None:
    simulator.detect("front_door", "known", "Alice")
    await watched.until(lambda: watched.of(Detected))
    kept = watched.station.to_dict()
    gate = Gate(override=LoopbackOverride.parse(simulator.override))
    again = build(simulator, gate, remembered=kept)
    assert again.people.names == watched.station.people.names
    assert again.to_dict()["cameras"] == kept["cameras"]
    await again.stop()
    await gate.close()
