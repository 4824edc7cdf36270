"""Diagnostics hold what helps, and nothing of whose home it is."""

import json
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.eufy_local.const import DOMAIN
from custom_components.eufy_local.diagnostics import (
    async_get_config_entry_diagnostics,
    async_get_device_diagnostics,
)
from custom_components.eufy_local.eufy.detections import DetectionKind
from custom_components.eufy_local.eufy.net.policy import Purpose
from custom_components.eufy_local.eufy.people import Person
from custom_components.eufy_local.streams import async_streams

from .fakes import ACCOUNT_ID, DOOR, EMAIL, HOMEBASE, YARD, FakeStation, record


def secrets_of(hass: HomeAssistant, station: FakeStation) -> set[str]:
    """Return everything that must not be told."""
    return {
        ACCOUNT_ID,
        EMAIL,
        HOMEBASE,
        YARD,
        DOOR,
        HOMEBASE[5:],
        str(record().did),
        "EUPRAMA",
        "HomeBase",
        "Front door",
        "Alice",
        "192.168.1.44",
        "192.168.1.99",
        "/zx/secret.jpg",
        async_streams(hass).url(YARD).split("/")[3],
        "00112233445566778899aabbccddeeff",
    }


async def test_nothing_private_is_in_it(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    station.people.replace_library([Person(id="1", name="Alice")])
    station.detect(
        DOOR,
        DetectionKind.KNOWN_FACE,
        person_name="Alice",
        person_id="1",
        picture_path="/zx/secret.jpg",
    )
    station.picture(DOOR)
    gate = entry.runtime_data.gate
    gate.counters.flow(Purpose.P2P_LAN, "192.168.1.99", 0, scope="lan", protocol="udp", port=1)
    gate.counters.flow(Purpose.KEYS, "security-app.eufylife.com", 0, scope="internet")
    report = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(report)
    assert [secret for secret in secrets_of(hass, station) if secret in text] == []


async def test_it_says_what_helps(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    station.detect(DOOR, DetectionKind.DOORBELL_RING)
    entry.runtime_data.gate.counters.flow(
        Purpose.KEYS, "security-app.eufylife.com", 0, scope="internet"
    )
    report = await async_get_config_entry_diagnostics(hass, entry)
    assert report["account"]["signed_in"] is False
    assert report["network"][0]["host"] == "security-app.eufylife.com"
    (homebase,) = report["stations"]
    assert homebase["serial"] == "T8030…"
    assert homebase["link"] == {"grade": "gcm", "version": 8, "connect_seconds": 0.25}
    assert homebase["parameters"] == {"values": {"1224": "1"}, "present": [1176]}
    door = next(camera for camera in homebase["cameras"] if camera["product"] == "T8214")
    assert door["stream"]["state"] == "idle"
    assert door["last_detection"]["kind"] == "doorbell_ring"


async def test_of_one_device(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    registry = dr.async_get(hass)

    async def report(serial: str) -> dict[str, Any]:
        device = registry.async_get_or_create(
            config_entry_id=entry.entry_id, identifiers={(DOMAIN, serial)}
        )
        return await async_get_device_diagnostics(hass, entry, device)

    assert (await report(HOMEBASE))["product"] == "T8030"
    door = await report(DOOR)
    assert (door["station"], door["product"], door["available"]) == ("T8030…", "T8214", True)
    assert await report("T8160P0000000077") == {}


async def test_without_a_link(
    hass: HomeAssistant, station: FakeStation, entry: MockConfigEntry
) -> None:
    station.link_info = None
    station.guard_mode = None
    station.connect(False, "station_not_found")
    (homebase,) = (await async_get_config_entry_diagnostics(hass, entry))["stations"]
    assert homebase["link"] is None
    assert homebase["guard_mode"] is None
    assert homebase["unavailable_reason"] == "station_not_found"
