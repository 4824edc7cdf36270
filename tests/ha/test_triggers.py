"""The integration's own triggers start automations."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.helpers.trigger import async_get_all_descriptions
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import async_mock_service

from custom_components.eufy_local.eufy.detections import DetectionKind

from .fakes import DOOR, YARD, FakeStation


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Record what automations do."""
    return async_mock_service(hass, "test", "automation")


async def automate(hass: HomeAssistant, trigger: str, entities: str, **options: Any) -> None:
    """Set up one automation."""
    assert await async_setup_component(
        hass,
        "automation",
        {
            "automation": {
                "trigger": {
                    "trigger": f"eufy_local.{trigger}",
                    "target": {"entity_id": entities},
                    "options": options,
                },
                "action": {
                    "service": "test.automation",
                    "data": {"who": "{{ trigger.to_state.attributes.person | default('') }}"},
                },
            }
        },
    )
    await hass.async_block_till_done()


async def happen(
    hass: HomeAssistant,
    station: FakeStation,
    kind: DetectionKind,
    serial: str = DOOR,
    *,
    event: str = "1",
    **more: Any,
) -> None:
    """Let a detection happen and automations run."""
    station.detect(serial, kind, event=event, **more)
    await hass.async_block_till_done()


async def test_a_known_face(
    hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]
) -> None:
    await automate(hass, "face_recognized", "event.front_door_face")
    await happen(hass, station, DetectionKind.STRANGER, event="1")
    await happen(hass, station, DetectionKind.KNOWN_FACE, YARD, event="2", person_name="Alice")
    assert calls == []
    await happen(hass, station, DetectionKind.KNOWN_FACE, event="3", person_name="Alice")
    assert [call.data["who"] for call in calls] == ["Alice"]


async def test_only_some_people(
    hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]
) -> None:
    await automate(hass, "face_recognized", "event.front_door_face", person=["alice", "Carol"])
    for number, name in enumerate(("Alice", "Bob", None, "Carol")):
        await happen(hass, station, DetectionKind.KNOWN_FACE, event=str(number), person_name=name)
    assert [call.data["who"] for call in calls] == ["Alice", "Carol"]


async def test_strangers_only(
    hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]
) -> None:
    await automate(hass, "face_recognized", "event.front_door_face", kind=["stranger"])
    await happen(hass, station, DetectionKind.KNOWN_FACE, event="1", person_name="Alice")
    await happen(hass, station, DetectionKind.STRANGER, event="2")
    assert len(calls) == 1


async def test_a_ring(hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]) -> None:
    await automate(hass, "doorbell_rang", "event.front_door_doorbell")
    await happen(hass, station, DetectionKind.PERSON, event="1")
    assert calls == []
    await happen(hass, station, DetectionKind.DOORBELL_RING, event="2")
    await happen(hass, station, DetectionKind.DOORBELL_RING, event="2", update=True)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("kinds", "count"), [([], 3), (["vehicle"], 1), (["person", "vehicle"], 2), (["sound"], 0)]
)
async def test_detections(
    hass: HomeAssistant,
    station: FakeStation,
    calls: list[ServiceCall],
    kinds: list[str],
    count: int,
) -> None:
    await automate(hass, "detected", "event.front_yard_detection", kind=kinds)
    for kind in (DetectionKind.MOTION, DetectionKind.PERSON, DetectionKind.VEHICLE):
        await happen(hass, station, kind, YARD, event=kind.value)
    assert len(calls) == count


async def test_event_entities_of_another_kind_are_left_out(
    hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]
) -> None:
    await automate(hass, "face_recognized", "event.front_door_detection")
    await happen(hass, station, DetectionKind.KNOWN_FACE, person_name="Alice")
    assert calls == []


async def test_home_assistant_describes_the_triggers(
    hass: HomeAssistant, station: FakeStation
) -> None:
    descriptions = await async_get_all_descriptions(hass)
    ours = {key: value for key, value in descriptions.items() if key.startswith("eufy_local.")}
    assert set(ours) == {
        "eufy_local.detected",
        "eufy_local.doorbell_rang",
        "eufy_local.face_recognized",
    }
    assert all(value is not None for value in ours.values())
    options = ours["eufy_local.detected"]["fields"]["kind"]["selector"]["select"]["options"]
    assert set(options) == {kind.value for kind in DetectionKind}
