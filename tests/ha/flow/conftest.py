"""Ways through the config flow, a simulated cloud and stations that answer or not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.eufy_local.const import DOMAIN
from custom_components.eufy_local.eufy.errors import (
    EufyError,
)
from custom_components.eufy_local.store import store_key
from simulator.cloud import FakeCloud

from ..cloud import EMAIL, PASSWORD, running_cloud
from ..fakes import FakeStation

USER_INPUT = {"email": EMAIL, "password": PASSWORD, "country": "US"}
STORE = f"{DOMAIN}.account.{store_key(EMAIL)}"


class Lan:
    """Which stations answer, and which addresses they were asked at."""

    def __init__(self) -> None:
        self.failure: EufyError | None = None
        self.options: list[dict[str, Any]] = []
        self.stations: list[FakeStation] = []

    def build(
        self, _gate: object, account: Any, options: dict[str, Any], _memory: object = None
    ) -> list[FakeStation]:
        self.options.append(dict(options))
        found = [FakeStation(record, failure=self.failure) for record in account.stations]
        self.stations += found
        return found


@pytest.fixture
def lan(monkeypatch: pytest.MonkeyPatch) -> Lan:
    """Put fake stations into the network."""
    lan = Lan()
    for module in ("custom_components.eufy_local", "custom_components.eufy_local.config_flow"):
        monkeypatch.setattr(f"{module}.build_stations", lan.build)
    return lan


@pytest.fixture
async def cloud(
    hass: HomeAssistant, socket_enabled: None, monkeypatch: pytest.MonkeyPatch, lan: Lan
) -> AsyncIterator[FakeCloud]:
    """Run the simulated cloud and let the integration use it; flows left open are cancelled."""
    monkeypatch.setattr("custom_components.eufy_local.eufy.cloud.client.PROBE_SPACING", 0)
    async with running_cloud() as (cloud, override):
        monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", override)
        yield cloud
        for flow in hass.config_entries.flow.async_progress():
            hass.config_entries.flow.async_abort(flow["flow_id"])
        for entry in hass.config_entries.async_entries(DOMAIN):
            if entry.state.recoverable:
                await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def begin(hass: HomeAssistant, **changes: str) -> ConfigFlowResult:
    """Start a flow and send the account."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    return await send(hass, result, USER_INPUT | changes)


async def send(
    hass: HomeAssistant, result: ConfigFlowResult, user_input: dict[str, Any] | None = None
) -> ConfigFlowResult:
    """Answer a form or a menu."""
    return await hass.config_entries.flow.async_configure(result["flow_id"], user_input or {})


async def wait(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Let the search for stations finish."""
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["progress_action"] == "connect"
    await hass.async_block_till_done()
    return await hass.config_entries.flow.async_configure(result["flow_id"])


async def finish(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Go on from the connected stations to the entry."""
    result = await wait(hass, result)
    assert result["type"] is FlowResultType.MENU
    assert result["step_id"] == "stations"
    result = await send(hass, result, {"next_step_id": "finish"})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    return result


def is_form(result: ConfigFlowResult, step: str, error: str | None = None) -> bool:
    """Return whether a form with that error is shown."""
    return (
        result["type"] is FlowResultType.FORM
        and result["step_id"] == step
        and result["errors"] == ({} if error is None else {"base": error})
    )


async def sign_in_again(hass: HomeAssistant, entry: ConfigEntry, source: str) -> ConfigFlowResult:
    """Start a reauth or reconfigure flow."""
    return await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": source, "entry_id": entry.entry_id, "unique_id": entry.unique_id},
        data=entry.data if source == SOURCE_REAUTH else None,
    )
