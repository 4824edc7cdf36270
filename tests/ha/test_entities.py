"""From a station's event to the states that automations see."""

import datetime as dt
from typing import Any

import pytest
from homeassistant.components.camera import async_get_image as async_get_camera_image
from homeassistant.components.image import async_get_image
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    mock_restore_cache_with_extra_data,
)

from custom_components.eufy_local.const import DOMAIN
from custom_components.eufy_local.eufy.catalog import GuardMode
from custom_components.eufy_local.eufy.detections import DetectionKind
from custom_components.eufy_local.eufy.errors import CommandTimeout
from custom_components.eufy_local.eufy.people import Person
from custom_components.eufy_local.eufy.pictures import PictureSource
from custom_components.eufy_local.eufy.station_events import (
    AlarmChanged,
    EntryDelayChanged,
    GuardModeChanged,
    GuardSource,
    PeopleChanged,
)

from .conftest import MakeStation
from .fakes import DOOR, HOMEBASE, JPEG, YARD, FakeStation


def state(hass: HomeAssistant, entity_id: str) -> str:
    """Return a state, which must exist."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    """Return the attributes of a state that must exist."""
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return dict(found.attributes)


def pass_time(hass: HomeAssistant, seconds: float) -> None:
    """Let timers that are due in that time run."""
    async_fire_time_changed(hass, dt_util.utcnow() + dt.timedelta(seconds=seconds))


# --- devices ---------------------------------------------------------------------------


async def test_cameras_hang_under_their_station(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    registry = dr.async_get(hass)
    hub = registry.async_get_device_by_identifier((DOMAIN, HOMEBASE), entry.entry_id)
    door = registry.async_get_device_by_identifier((DOMAIN, DOOR), entry.entry_id)
    assert hub is not None
    assert door is not None
    assert hub.via_device_id is None
    assert door.via_device_id == hub.id
    assert (hub.manufacturer, hub.model_id, hub.name) == ("eufy", "T8030", "HomeBase")
    assert (door.model_id, door.name) == ("T8214", "Front door")


async def test_every_entity_has_a_unique_id_and_a_name_of_its_own(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    entries = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert len({each.unique_id for each in entries}) == len(entries)
    assert all(each.has_entity_name for each in entries)
    assert {each.entity_id for each in entries} >= {
        "camera.front_door",
        "camera.front_yard",
        "binary_sensor.front_yard_motion",
        "binary_sensor.front_yard_person",
        "binary_sensor.front_door_doorbell",
        "event.front_door_doorbell",
        "event.front_yard_face",
        "event.front_yard_detection",
        "sensor.front_yard_last_recognised_person",
        "image.front_yard_last_event",
        "binary_sensor.homebase_connection",
        "alarm_control_panel.homebase_guard",
        "select.homebase_guard_mode",
    }
    assert "event.front_yard_doorbell" not in {each.entity_id for each in entries}


# --- detections ------------------------------------------------------------------------


async def test_motion_turns_on_and_off_again(hass: HomeAssistant, station: FakeStation) -> None:
    station.detect(YARD, DetectionKind.MOTION)
    assert state(hass, "binary_sensor.front_yard_motion") == STATE_ON
    assert state(hass, "binary_sensor.front_yard_person") == STATE_OFF
    assert state(hass, "binary_sensor.front_door_motion") == STATE_OFF
    pass_time(hass, 11)
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.front_yard_motion") == STATE_OFF


@pytest.mark.parametrize(
    "kind",
    [DetectionKind.PERSON, DetectionKind.KNOWN_FACE, DetectionKind.STRANGER],
)
async def test_every_human_is_a_person_and_motion(
    hass: HomeAssistant, station: FakeStation, kind: DetectionKind
) -> None:
    station.detect(YARD, kind)
    assert state(hass, "binary_sensor.front_yard_motion") == STATE_ON
    assert state(hass, "binary_sensor.front_yard_person") == STATE_ON


async def test_a_ring_is_no_motion(hass: HomeAssistant, station: FakeStation) -> None:
    station.detect(DOOR, DetectionKind.DOORBELL_RING)
    assert state(hass, "binary_sensor.front_door_doorbell") == STATE_ON
    assert state(hass, "binary_sensor.front_door_motion") == STATE_OFF


async def test_a_new_detection_prolongs_an_update_does_not(
    hass: HomeAssistant, station: FakeStation, freezer: Any
) -> None:
    station.detect(YARD, DetectionKind.MOTION, event="1")
    freezer.tick(8)
    station.detect(YARD, DetectionKind.MOTION, event="1", update=True, picture_path="/zx/a.jpg")
    freezer.tick(4)
    async_fire_time_changed(hass)
    assert state(hass, "binary_sensor.front_yard_motion") == STATE_OFF

    station.detect(YARD, DetectionKind.MOTION, event="2")
    freezer.tick(8)
    station.detect(YARD, DetectionKind.MOTION, event="3")
    freezer.tick(4)
    async_fire_time_changed(hass)
    assert state(hass, "binary_sensor.front_yard_motion") == STATE_ON


async def test_an_upgrade_to_a_person_turns_the_person_on(
    hass: HomeAssistant, station: FakeStation
) -> None:
    station.detect(YARD, DetectionKind.MOTION, event="1")
    station.detect(YARD, DetectionKind.PERSON, event="1", update=True)
    assert state(hass, "binary_sensor.front_yard_person") == STATE_ON


async def test_a_ring_fires_once_however_often_it_is_reported(
    hass: HomeAssistant, station: FakeStation, freezer: Any
) -> None:
    station.detect(DOOR, DetectionKind.DOORBELL_RING, event="1")
    first = state(hass, "event.front_door_doorbell")
    assert attributes(hass, "event.front_door_doorbell")["event_type"] == "ring"
    freezer.tick(1)
    station.detect(
        DOOR, DetectionKind.DOORBELL_RING, event="1", update=True, picture_path="/zx/a.jpg"
    )
    assert state(hass, "event.front_door_doorbell") == first
    station.detect(DOOR, DetectionKind.DOORBELL_RING, event="2")
    assert state(hass, "event.front_door_doorbell") != first


async def test_a_known_face_says_who_and_how_sure_it_is_to_be_real(
    hass: HomeAssistant, station: FakeStation
) -> None:
    station.detect(
        DOOR,
        DetectionKind.KNOWN_FACE,
        event="abc",
        person_name="Alice",
        person_id="7",
        authenticated=False,
    )
    found = attributes(hass, "event.front_door_face")
    assert found["event_type"] == "known"
    assert (found["person"], found["person_id"]) == ("Alice", "7")
    assert (found["source"], found["event_id"]) == ("p2p", "abc")
    assert found["authenticated"] is False
    assert state(hass, "sensor.front_door_last_recognised_person") == "Alice"


async def test_a_stranger_can_become_known(hass: HomeAssistant, station: FakeStation) -> None:
    station.detect(YARD, DetectionKind.STRANGER, event="1")
    assert attributes(hass, "event.front_yard_face")["event_type"] == "stranger"
    assert state(hass, "sensor.front_yard_last_recognised_person") == "stranger"
    station.detect(YARD, DetectionKind.KNOWN_FACE, event="1", update=True, person_name="Bob")
    assert attributes(hass, "event.front_yard_face")["event_type"] == "known"
    assert state(hass, "sensor.front_yard_last_recognised_person") == "Bob"


async def test_a_person_without_a_face_leaves_the_last_face_alone(
    hass: HomeAssistant, station: FakeStation
) -> None:
    station.detect(YARD, DetectionKind.KNOWN_FACE, event="1", person_name="Bob")
    station.detect(YARD, DetectionKind.PERSON, event="2")
    assert state(hass, "sensor.front_yard_last_recognised_person") == "Bob"
    assert attributes(hass, "event.front_yard_face")["event_id"] == "1"


async def test_unknown_kinds_are_shown(hass: HomeAssistant, station: FakeStation) -> None:
    station.detect(YARD, DetectionKind.UNKNOWN)
    assert attributes(hass, "event.front_yard_detection")["event_type"] == "unknown"


async def test_the_choice_of_people_follows_the_library(
    hass: HomeAssistant, station: FakeStation
) -> None:
    station.people.replace_library([Person(id="1", name="Alice"), Person(id="2", name="Bob")])
    station.tell(PeopleChanged())
    await hass.async_block_till_done()
    options = attributes(hass, "sensor.front_yard_last_recognised_person")["options"]
    assert options == ["known", "stranger", "Alice", "Bob"]


async def test_without_names_nobody_is_named(
    hass: HomeAssistant, entry: MockConfigEntry, make_station: MakeStation, socket_enabled: None
) -> None:
    hass.config_entries.async_update_entry(entry, options={"person_names": False})
    station = make_station()
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    station.people.replace_library([Person(id="1", name="Alice")])
    station.detect(YARD, DetectionKind.KNOWN_FACE, person_name="Alice", person_id="1")
    await hass.async_block_till_done()
    assert state(hass, "sensor.front_yard_last_recognised_person") == "known"
    found = attributes(hass, "event.front_yard_face")
    assert found["event_type"] == "known"
    assert found["person"] is found["person_id"] is None
    assert not any("Alice" in str(each.as_dict()) for each in hass.states.async_all())


@pytest.mark.parametrize(("names", "shown"), [(True, "Carol"), (False, "known")])
async def test_the_last_person_survives_a_restart(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    socket_enabled: None,
    names: bool,
    shown: str,
) -> None:
    hass.config_entries.async_update_entry(entry, options={"person_names": names})
    make_station()
    entity_id = "sensor.front_yard_last_recognised_person"
    from homeassistant.core import State

    mock_restore_cache_with_extra_data(
        hass,
        [
            (
                State(entity_id, "Carol"),
                {"native_value": "Carol", "native_unit_of_measurement": None},
            )
        ],
    )
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert state(hass, entity_id) == shown


# --- pictures --------------------------------------------------------------------------


async def test_the_image_follows_the_event_picture(
    hass: HomeAssistant, station: FakeStation
) -> None:
    assert state(hass, "image.front_yard_last_event") == STATE_UNKNOWN
    picture = station.picture(YARD)
    assert state(hass, "image.front_yard_last_event") == picture.time.isoformat()
    assert (await async_get_image(hass, "image.front_yard_last_event")).content == JPEG


async def test_an_older_picture_or_a_stream_picture_is_no_event(
    hass: HomeAssistant, station: FakeStation
) -> None:
    picture = station.picture(YARD)
    station.picture(YARD, source=PictureSource.STREAM)
    station.picture(YARD, time=picture.time - dt.timedelta(minutes=1))
    assert state(hass, "image.front_yard_last_event") == picture.time.isoformat()


async def test_the_camera_shows_the_newest_picture_and_never_wakes_for_it(
    hass: HomeAssistant, station: FakeStation
) -> None:
    with pytest.raises(HomeAssistantError):
        await async_get_camera_image(hass, "camera.front_yard")
    station.picture(YARD, source=PictureSource.STREAM)
    assert (await async_get_camera_image(hass, "camera.front_yard")).content == JPEG
    assert station.cameras[YARD].live.usage.count_today(dt_util.now()) == 0


# --- guard -----------------------------------------------------------------------------


async def test_the_panel_shows_the_mode_in_force(hass: HomeAssistant, station: FakeStation) -> None:
    assert state(hass, "alarm_control_panel.homebase_guard") == "armed_home"
    station.guard_mode, station.effective_mode = GuardMode.SCHEDULE, GuardMode.AWAY
    station.changed_by = "Alice"
    station.tell(
        GuardModeChanged(GuardMode.SCHEDULE, GuardMode.AWAY, True, GuardSource.REPORT, "Alice")
    )
    assert state(hass, "alarm_control_panel.homebase_guard") == "armed_away"
    assert attributes(hass, "alarm_control_panel.homebase_guard")["changed_by"] == "Alice"
    assert state(hass, "select.homebase_guard_mode") == "schedule"


@pytest.mark.parametrize(
    ("service", "mode", "shown"),
    [
        ("alarm_disarm", GuardMode.DISARMED, "disarmed"),
        ("alarm_arm_home", GuardMode.HOME, "armed_home"),
        ("alarm_arm_away", GuardMode.AWAY, "armed_away"),
        ("alarm_arm_night", GuardMode.CUSTOM_1, "armed_night"),
        ("alarm_arm_vacation", GuardMode.CUSTOM_2, "armed_vacation"),
        ("alarm_arm_custom_bypass", GuardMode.CUSTOM_3, "armed_custom_bypass"),
    ],
)
async def test_the_panel_sets_modes(
    hass: HomeAssistant, station: FakeStation, service: str, mode: GuardMode, shown: str
) -> None:
    entity_id = "alarm_control_panel.homebase_guard"
    await hass.services.async_call(
        "alarm_control_panel", service, {"entity_id": entity_id}, blocking=True
    )
    assert station.guard_mode is mode
    assert state(hass, entity_id) == shown


async def test_an_alarm_and_an_entry_delay_are_shown(
    hass: HomeAssistant, station: FakeStation
) -> None:
    entity_id = "alarm_control_panel.homebase_guard"
    station.entry_delay = 30
    station.tell(EntryDelayChanged(30, 3, True))
    assert state(hass, entity_id) == "pending"
    station.entry_delay, station.alarm_active = 0, True
    station.tell(AlarmChanged(255, True, 3, True))
    assert state(hass, entity_id) == "triggered"
    station.alarm_active = False
    station.tell(AlarmChanged(255, False, 16, True))
    assert state(hass, entity_id) == "armed_home"


@pytest.mark.parametrize("mode", [mode for mode in GuardMode if mode is not GuardMode.OFF])
async def test_the_select_sets_every_mode(
    hass: HomeAssistant, station: FakeStation, mode: GuardMode
) -> None:
    entity_id = "select.homebase_guard_mode"
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": entity_id, "option": mode.name.lower()},
        blocking=True,
    )
    assert station.guard_mode is mode
    assert state(hass, entity_id) == mode.name.lower()


async def test_a_mode_that_is_only_reported_can_be_shown(
    hass: HomeAssistant, station: FakeStation
) -> None:
    assert "off" not in attributes(hass, "select.homebase_guard_mode")["options"]
    station.guard_mode = station.effective_mode = GuardMode.OFF
    station.tell(GuardModeChanged(GuardMode.OFF, GuardMode.OFF, True, GuardSource.REPORT))
    await hass.async_block_till_done()
    assert state(hass, "select.homebase_guard_mode") == "off"
    assert state(hass, "alarm_control_panel.homebase_guard") == "disarmed"


async def test_a_refused_mode_is_a_translated_error(
    hass: HomeAssistant, station: FakeStation
) -> None:
    station.refusal = CommandTimeout("no answer")
    with pytest.raises(HomeAssistantError) as caught:
        await hass.services.async_call(
            "alarm_control_panel",
            "alarm_arm_away",
            {"entity_id": "alarm_control_panel.homebase_guard"},
            blocking=True,
        )
    assert caught.value.translation_key == "command_timeout"
    assert str(caught.value) == "The station did not answer the command"


async def test_the_protection_of_the_link_is_shown(
    hass: HomeAssistant, station: FakeStation
) -> None:
    assert state(hass, "sensor.homebase_link_protection") == "gcm"
    station.link_info = None
    station.connect(True)
    assert state(hass, "sensor.homebase_link_protection") == STATE_UNKNOWN


# --- availability ----------------------------------------------------------------------


async def test_entities_follow_the_link(
    hass: HomeAssistant, station: FakeStation, caplog: pytest.LogCaptureFixture
) -> None:
    station.picture(YARD)
    station.detect(YARD, DetectionKind.KNOWN_FACE, person_name="Bob")
    station.connect(False, "link_lost")
    station.connect(False, "station_not_found")
    await hass.async_block_till_done()
    assert state(hass, "camera.front_yard") == STATE_UNAVAILABLE
    assert state(hass, "binary_sensor.front_yard_motion") == STATE_UNAVAILABLE
    assert state(hass, "alarm_control_panel.homebase_guard") == STATE_UNAVAILABLE
    assert state(hass, "binary_sensor.homebase_connection") == STATE_OFF
    assert state(hass, "image.front_yard_last_event") != STATE_UNAVAILABLE
    assert state(hass, "sensor.front_yard_last_recognised_person") == "Bob"
    station.connect(True)
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.homebase_connection") == STATE_ON
    assert state(hass, "camera.front_yard") == "idle"
    assert caplog.text.count("HomeBase is not connected") == 1
    assert caplog.text.count("HomeBase is connected again") == 1
