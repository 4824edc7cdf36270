"""What the user may change later without signing in."""

from typing import Any, Final

import probatio as vol
from homeassistant.config_entries import ConfigFlowResult, OptionsFlowWithReload
from homeassistant.const import UnitOfTime
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    TextSelector,
    TextSelectorConfig,
)

from .connect import clean_hosts
from .const import CONF_HOSTS, CONF_NAMES, CONF_RESET, DEFAULT_RESET, MAX_RESET, MIN_RESET

HOSTS_SELECTOR: Final = TextSelector(TextSelectorConfig(multiple=True))

SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_RESET, default=DEFAULT_RESET): NumberSelector(
            NumberSelectorConfig(
                min=MIN_RESET,
                max=MAX_RESET,
                mode=NumberSelectorMode.BOX,
                unit_of_measurement=UnitOfTime.SECONDS,
            )
        ),
        vol.Required(CONF_NAMES, default=True): BooleanSelector(),
        vol.Optional(CONF_HOSTS, default=list): HOSTS_SELECTOR,
    }
)


class EufyOptionsFlow(OptionsFlowWithReload):
    """One form; the entry is loaded anew with what was chosen."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the form, or take what was entered."""
        errors: dict[str, str] = {}
        bad: list[str] = []
        if user_input is not None:
            hosts, bad = clean_hosts(user_input[CONF_HOSTS])
            if not bad:
                return self.async_create_entry(data={**user_input, CONF_HOSTS: hosts})
            errors[CONF_HOSTS] = "host_invalid"
        shown = user_input if user_input is not None else self.config_entry.options
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(SCHEMA, shown),
            errors=errors,
            description_placeholders={"reason": ", ".join(bad)},
        )
