"""Fixtures of the Home Assistant layer's tests."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.eufy_local.const import CONF_STORE, DOMAIN
from custom_components.eufy_local.eufy.errors import EufyError
from custom_components.eufy_local.memory import Memory
from custom_components.eufy_local.store import store_key

from .fakes import ACCOUNT_ID, EMAIL, FakeStation, record, stored_account

STORAGE_KEY = f"{DOMAIN}.account.{store_key(EMAIL)}"
MEMORY_KEY = f"{DOMAIN}.stations.{store_key(EMAIL)}"


@pytest.fixture(autouse=True)
def no_simulator(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start each test without the override of a demo that may run in the same shell."""
    monkeypatch.delenv("EUFY_LOCAL_SIMULATOR", raising=False)


@pytest.fixture
def entry(hass: HomeAssistant, hass_storage: dict[str, Any]) -> MockConfigEntry:
    """Return an entry whose account is in the storage, not set up yet."""
    hass_storage[STORAGE_KEY] = {"version": 1, "key": STORAGE_KEY, "data": stored_account()}
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id=ACCOUNT_ID,
        title=EMAIL,
        data={"email": EMAIL, "country": "US", CONF_STORE: store_key(EMAIL)},
    )
    entry.add_to_hass(hass)
    return entry


type MakeStation = Callable[..., FakeStation]


@pytest.fixture
def make_station(monkeypatch: pytest.MonkeyPatch) -> MakeStation:
    """Return what decides which station the account has from now on."""

    def make(failure: EufyError | None = None) -> FakeStation:
        station = FakeStation(record(), failure=failure)

        def build(*parts: Any) -> list[FakeStation]:
            for part in parts:
                if isinstance(part, Memory):
                    part.watch([station])
            return [station]

        for module in ("custom_components.eufy_local", "custom_components.eufy_local.config_flow"):
            monkeypatch.setattr(f"{module}.build_stations", build)
        return station

    return make


@pytest.fixture
async def station(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    make_station: MakeStation,
    socket_enabled: None,
) -> AsyncIterator[FakeStation]:
    """Set the entry up with a station that is connected."""
    station = make_station()
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    yield station
    if hass.config_entries.async_get_entry(entry.entry_id) and entry.state.recoverable:
        await hass.config_entries.async_unload(entry.entry_id)
