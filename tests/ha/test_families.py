"""Every family of stations sets up, and its devices make sense in the registries."""

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.eufy_local.const import DOMAIN
from simulator import Simulator
from simulator.families import FAMILIES
from simulator.home import Home

from .test_simulated_home import set_up, until

AWAKE = sorted(name for name, family in FAMILIES.items() if not family.sleeps)
"""A sleeping camera answers only after a rendezvous, which this version does not use."""


@pytest.mark.parametrize("family", AWAKE)
async def test_a_family_sets_up_and_detects(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    async with Simulator(Home.of_families([family])) as simulator:
        monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", simulator.override)
        entry = await set_up(hass, simulator)
        assert entry.state is ConfigEntryState.LOADED
        spec = simulator.home.stations[0]
        registry = dr.async_get(hass)
        hub = registry.async_get_device_by_identifier((DOMAIN, spec.serial), entry.entry_id)
        assert hub is not None
        assert hub.model_id == spec.product
        for camera in spec.cameras:
            serial = spec.serial if spec.family.standalone else camera.serial
            device = registry.async_get_device_by_identifier((DOMAIN, serial), entry.entry_id)
            assert device is not None
            assert device.via_device_id == (None if spec.family.standalone else hub.id)
            entities = er.async_entries_for_device(er.async_get(hass), device.id)
            domains = {entity.domain for entity in entities}
            assert {"camera", "image", "event", "binary_sensor"} <= domains
            motion = next(e for e in entities if e.unique_id == f"{serial}-motion")
            simulator.detect(camera, "motion")
            if not spec.family.local_pushes:
                # No push of a HomeBase 1 or 2 was ever seen on the LAN (protocol/events.md §1).
                continue
            await until(hass, lambda m=motion: hass.states.get(m.entity_id).state == "on")
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
