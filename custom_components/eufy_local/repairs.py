"""Repairs that ask for something: a new key, or the address of a station."""

from typing import Any, override

import probatio as vol
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import TextSelector

from .connect import async_open_account, clean_hosts
from .const import CONF_HOSTS, DOMAIN, ISSUE_KEY_REFUSED
from .eufy.errors import EufyError, SessionExpired
from .runtime import EufyConfigEntry
from .sign_in_flow import error_key

CONF_HOST = "host"

EMPTY_SCHEMA = vol.Schema({})
HOST_SCHEMA = vol.Schema({vol.Optional(CONF_HOST, default=""): TextSelector()})


class StationRepair(RepairsFlow):
    """Base: a repair about one station of one entry."""

    def __init__(self, data: dict[str, str | int | float | None] | None) -> None:
        data = data or {}
        self._entry_id = str(data.get("entry_id"))
        self.serial = str(data.get("serial"))

    @property
    def entry(self) -> EufyConfigEntry | None:
        """The entry, None when it was removed meanwhile."""
        return self.hass.config_entries.async_get_entry(self._entry_id)

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> RepairsFlowResult:
        """Begin."""
        return self.ask()

    def ask(
        self, errors: dict[str, str] | None = None, schema: vol.Schema = EMPTY_SCHEMA
    ) -> RepairsFlowResult:
        """Show the form with the issue's own texts."""
        issue = ir.async_get(self.hass).async_get_issue(DOMAIN, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=schema,
            errors=errors or {},
            description_placeholders=issue.translation_placeholders if issue else None,
        )


class KeyRepair(StationRepair):
    """Fetches the station's keys anew, once, because the owner asked for it."""

    async def async_step_confirm(self, user_input: dict[str, Any]) -> RepairsFlowResult:
        """Read the account again and load the entry with what came."""
        if (entry := self.entry) is None:
            return self.async_abort(reason="entry_gone")
        try:
            async with async_open_account(self.hass, entry) as account:
                await account.refresh()
        except SessionExpired as error:
            entry.async_start_reauth(self.hass)
            return self.ask({"base": error_key(error)})
        except EufyError as error:
            return self.ask({"base": error_key(error)})
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})


class MissingRepair(StationRepair):
    """Takes the address of a station that no search finds."""

    @override
    def ask(
        self, errors: dict[str, str] | None = None, schema: vol.Schema = HOST_SCHEMA
    ) -> RepairsFlowResult:
        return super().ask(errors, schema)

    async def async_step_confirm(self, user_input: dict[str, Any]) -> RepairsFlowResult:
        """Add the address to the options and search again."""
        if (entry := self.entry) is None:
            return self.async_abort(reason="entry_gone")
        hosts, bad = clean_hosts([user_input[CONF_HOST]])
        if bad:
            return self.ask({CONF_HOST: "host_invalid"})
        known = entry.options.get(CONF_HOSTS, [])
        options = {**entry.options, CONF_HOSTS: clean_hosts([*known, *hosts])[0]}
        self.hass.config_entries.async_update_entry(entry, options=options)
        self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_create_entry(data={})


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the flow of an issue."""
    return KeyRepair(data) if issue_id.startswith(ISSUE_KEY_REFUSED) else MissingRepair(data)
