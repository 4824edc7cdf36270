"""The demo's dashboard and its sample automation, made from the entities that are there."""

import contextlib
from dataclasses import dataclass, field
from typing import Any

from .api import HomeApi, RequestFailed

PATH = "eufy-demo"
AUTOMATION = "eufy_demo_face"
NOTICE = "eufy_demo_face"
"""Id of the notification that the sample automation writes."""


@dataclass(slots=True)
class CameraEntities:
    """One camera's entities by domain and key of their unique id, e.g. ``event.face``."""

    key: str
    name: str
    serial: str
    entities: dict[str, str] = field(default_factory=dict)

    @property
    def camera(self) -> str:
        """Its camera entity."""
        return self.entities["camera.camera"]


@dataclass(slots=True)
class Entities:
    """All entities of the integration."""

    cameras: dict[str, CameraEntities]
    station: dict[str, str]
    """The HomeBase's, by domain and key."""

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.station) + sum(len(c.entities) for c in self.cameras.values())


async def find_entities(api: HomeApi, cameras: dict[str, str]) -> Entities:
    """Sort the integration's entities by camera; `cameras` is key to serial."""
    by_serial = {serial: key for key, serial in cameras.items()}
    names = {
        device["serial_number"]: device["name"]
        for device in await api.command("config/device_registry/list")
    }
    sorted_by_key: dict[str, CameraEntities] = {}
    station: dict[str, str] = {}
    for entity in await api.command("config/entity_registry/list"):
        if entity["platform"] != "eufy_local" or entity["disabled_by"]:
            continue
        serial, _, what = entity["unique_id"].partition("-")
        label = f"{entity['entity_id'].split('.')[0]}.{what}"
        if (key := by_serial.get(serial)) is None:
            station[label] = entity["entity_id"]
            continue
        camera = CameraEntities(key, names.get(serial, key), serial)
        sorted_by_key.setdefault(key, camera).entities[label] = entity["entity_id"]
    return Entities({key: sorted_by_key[key] for key in cameras if key in sorted_by_key}, station)


def _camera_cards(camera: CameraEntities) -> list[dict[str, Any]]:
    live = {"type": "picture-entity", "entity": camera.camera, "camera_view": "live"}
    rows = [
        camera.entities[label]
        for label in (
            "event.doorbell",
            "event.detection",
            "event.face",
            "sensor.last_person",
            "binary_sensor.motion",
            "binary_sensor.person",
        )
        if label in camera.entities
    ]
    cards: list[dict[str, Any]] = [
        {"type": "heading", "heading": camera.name},
        {**live, "show_name": False, "show_state": False, "grid_options": {"columns": "full"}},
    ]
    if "image.last_event" in camera.entities:
        entity = camera.entities["image.last_event"]
        there = {"condition": "state", "entity": entity, "state_not": "unknown"}
        picture = {"type": "picture-entity", "entity": entity, "visibility": [there]}
        cards.append({**picture, "show_state": True, "name": "Last event"})
    cards.append({"type": "entities", "entities": rows})
    return cards


async def make_dashboard(api: HomeApi, entities: Entities) -> str:
    """Make the dashboard, one column for each camera, and return its path."""
    sections = [
        {"type": "grid", "cards": _camera_cards(camera)} for camera in entities.cameras.values()
    ]
    home: list[dict[str, Any]] = [{"type": "heading", "heading": "HomeBase"}]
    if "alarm_control_panel.guard" in entities.station:
        panel = entities.station["alarm_control_panel.guard"]
        home.append({"type": "alarm-panel", "entity": panel})
    if entities.station:
        home.append({"type": "entities", "entities": sorted(entities.station.values())})
    view = {
        "type": "sections",
        "title": "Eufy Local",
        "max_columns": 4,
        "sections": [*sections, {"type": "grid", "cards": home}],
    }
    created = {"url_path": PATH, "title": "Eufy cameras", "icon": "mdi:cctv", "mode": "storage"}
    with contextlib.suppress(RequestFailed):  # a second call only changes what is on it
        await api.command("lovelace/dashboards/create", **created)
    await api.command("lovelace/config/save", url_path=PATH, config={"views": [view]})
    return f"/{PATH}/0"


async def live_dashboard(api: HomeApi, camera: CameraEntities) -> str:
    """Make a page with nothing but one camera's live view, and return its path."""
    path = "live-" + camera.key.replace("_", "-")
    card = {"type": "picture-entity", "entity": camera.camera, "camera_view": "live"}
    await api.command(
        "lovelace/dashboards/create", url_path=path, title=camera.name, mode="storage"
    )
    views = [{"type": "panel", "cards": [card]}]
    await api.command("lovelace/config/save", url_path=path, config={"views": views})
    return f"/{path}/0"


async def make_automation(api: HomeApi, entities: Entities) -> None:
    """Make the sample automation: a known face at the front door writes a notification."""
    door = entities.cameras["front_door"]
    await api.rest(
        "POST",
        f"config/automation/config/{AUTOMATION}",
        {
            "alias": "Say who is at the front door",
            "description": "Runs when the doorbell recognises somebody whom the HomeBase knows.",
            "mode": "queued",
            "triggers": [
                {
                    "trigger": "eufy_local.face_recognized",
                    "target": {"entity_id": door.entities["event.face"]},
                    "options": {"kind": ["known"]},
                }
            ],
            "conditions": [],
            "actions": [
                {
                    "action": "persistent_notification.create",
                    "data": {
                        "notification_id": NOTICE,
                        "title": "Front door",
                        "message": "{{ trigger.to_state.attributes.person }} is at the front door.",
                    },
                }
            ],
        },
    )
