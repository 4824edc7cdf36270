"""The shipped blueprints are valid and do what they say, with real automations."""

import asyncio
import datetime as dt
import pathlib
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components import automation
from homeassistant.components.blueprint import Blueprint
from homeassistant.components.blueprint.models import DomainBlueprints
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util import yaml as yaml_util
from pytest_homeassistant_custom_component.common import (
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.eufy_local.eufy.detections import DetectionKind

from .fakes import DOOR, FakeStation

FOLDER = pathlib.Path(__file__).parents[2] / "blueprints" / "automation" / "eufy_local"
FILES = sorted(FOLDER.glob("*.yaml"))

ACTION = [{"action": "test.run", "data": {"text": "{{ [title|default, person|default] }}"}}]


@pytest.fixture
def calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Record what the blueprints' actions do."""
    return async_mock_service(hass, "test", "run")


def load(name: str) -> Blueprint:
    """Read a blueprint of the repository as Home Assistant would."""
    return Blueprint(
        yaml_util.load_yaml(str(FOLDER / name)),
        expected_domain=automation.DOMAIN,
        path=name,
        schema=automation.config.AUTOMATION_BLUEPRINT_SCHEMA,
    )


async def use(hass: HomeAssistant, name: str, **inputs: Any) -> None:
    """Make an automation from a blueprint."""
    path = f"eufy_local/{name}"

    def one(self: DomainBlueprints, blueprint_path: str) -> Blueprint:
        assert blueprint_path == path
        return load(name)

    with patch.object(DomainBlueprints, "_load_blueprint", one):
        assert await async_setup_component(
            hass,
            "automation",
            {"automation": {"use_blueprint": {"path": path, "input": inputs}}},
        )
        await hass.async_block_till_done()
    assert len(hass.states.async_entity_ids("automation")) == 1
    assert hass.states.get(hass.states.async_entity_ids("automation")[0]).state == "on"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_blueprints_are_valid(file: pathlib.Path) -> None:
    blueprint = load(file.name)
    assert blueprint.validate() is None
    assert blueprint.metadata["description"]


def test_there_are_four() -> None:
    assert len(FILES) == 4


async def settle() -> None:
    """Let automations run up to where they wait; waiting for their end would be real time."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_known_person(
    hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]
) -> None:
    await use(
        hass,
        "known_person_arrives.yaml",
        cameras=["event.front_door_face"],
        people=["Alice"],
        pause=0,
        actions=ACTION,
    )
    station.detect(DOOR, DetectionKind.KNOWN_FACE, event="1", person_name="Bob")
    station.detect(DOOR, DetectionKind.KNOWN_FACE, event="2", person_name="Alice")
    await hass.async_block_till_done()
    assert [call.data["text"] for call in calls] == [["", "Alice"]]


@pytest.mark.parametrize(("hour", "count"), [(23, 1), (3, 1), (12, 0)])
async def test_stranger_at_night(
    hass: HomeAssistant,
    station: FakeStation,
    calls: list[ServiceCall],
    freezer: Any,
    hour: int,
    count: int,
) -> None:
    await use(hass, "stranger_at_night.yaml", cameras=["event.front_door_face"], actions=ACTION)
    freezer.move_to(dt_util.now().replace(hour=hour, minute=30))
    station.detect(DOOR, DetectionKind.KNOWN_FACE, event="1", person_name="Bob")
    station.detect(DOOR, DetectionKind.STRANGER, event="2")
    await hass.async_block_till_done()
    assert [call.data["text"] for call in calls] == [["Front door", ""]] * count


@pytest.mark.parametrize("taken", [True, False])
async def test_package_left(
    hass: HomeAssistant,
    station: FakeStation,
    calls: list[ServiceCall],
    freezer: Any,
    taken: bool,
) -> None:
    await use(
        hass,
        "package_left.yaml",
        camera="event.front_door_detection",
        wait={"minutes": 10},
        actions=ACTION,
    )
    station.detect(DOOR, DetectionKind.PACKAGE_DELIVERED, event="1")
    await settle()
    assert calls == []
    if taken:
        station.detect(DOOR, DetectionKind.PACKAGE_TAKEN, event="2")
        await settle()
    freezer.tick(dt.timedelta(minutes=11))
    async_fire_time_changed(hass)
    await settle()
    assert len(calls) == (0 if taken else 1)


async def test_doorbell(
    hass: HomeAssistant, station: FakeStation, calls: list[ServiceCall]
) -> None:
    action = [{"action": "test.run", "data": {"text": "{{ picture }}", "live": "{{ live }}"}}]
    await use(
        hass,
        "doorbell_with_picture.yaml",
        doorbell="event.front_door_doorbell",
        image="image.front_door_last_event",
        camera="camera.front_door",
        actions=action,
    )
    station.detect(DOOR, DetectionKind.DOORBELL_RING)
    await settle()
    assert calls == []
    station.picture(DOOR)
    await settle()
    (call,) = calls
    shown = hass.states.get("image.front_door_last_event").attributes["entity_picture"]
    assert call.data == {"text": shown, "live": "camera.front_door"}
