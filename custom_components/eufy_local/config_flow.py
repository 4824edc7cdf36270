"""Set-up by the user: sign in once, then see which stations answer in the local network."""

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Final, override

import probatio as vol
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.const import CONF_COUNTRY, CONF_EMAIL, CONF_PASSWORD
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    CountrySelector,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .connect import build_gate, build_stations, clean_hosts
from .const import CONF_HOSTS, CONF_STORE, CONNECT_SECONDS, DOMAIN
from .eufy.account import Account, SignedIn
from .eufy.errors import ConfigurationError, EufyError, WrongAccount
from .eufy.net.gate import Gate
from .eufy.station import Station
from .options_flow import HOSTS_SELECTOR, EufyOptionsFlow
from .runtime import EufyConfigEntry
from .sign_in_flow import SignInFlow
from .store import AccountFile, store_key
from .translate import async_sentence

CONF_ACCEPT: Final = "accept"

EMAIL: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="username")
)
PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
PASSWORD_SCHEMA: Final = vol.Schema({vol.Required(CONF_PASSWORD): PASSWORD})
ACCOUNT_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_EMAIL): EMAIL,
        vol.Required(CONF_PASSWORD): PASSWORD,
        vol.Required(CONF_COUNTRY): CountrySelector(),
    }
)
HOSTS_SCHEMA: Final = vol.Schema({vol.Optional(CONF_HOSTS, default=list): HOSTS_SELECTOR})

_MARKDOWN: Final = re.compile(r"([*_~#|>+\-.!])")


def escape_markdown(text: str) -> str:
    """Return a name with Markdown's characters made harmless (design/security.md T10)."""
    return _MARKDOWN.sub(r"\\\1", text)


class EufyConfigFlow(SignInFlow, domain=DOMAIN):
    """Sets up one account, and signs in again later. The password is used and forgotten."""

    VERSION = 1

    def __init__(self) -> None:
        super().__init__()
        self._gate: Gate | None = None
        """The network, for an account that is not a running entry's."""
        self._hosts: list[str] = []
        self._connecting: asyncio.Task[str] | None = None
        self._summary = ""
        self._all_connected = False
        self._new_account: Account | None = None
        """What has to be signed out if no entry is made of it."""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: EufyConfigEntry) -> EufyOptionsFlow:
        """Return the flow that changes options."""
        return EufyOptionsFlow()

    # --- first forms -------------------------------------------------------------------

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the account."""
        if user_input is None:
            self.entered = {CONF_COUNTRY: self.hass.config.country}
            return self.show_start()
        self._async_abort_entries_match({CONF_STORE: store_key(user_input[CONF_EMAIL])})
        return await self.async_sign_in(user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Begin to sign in again; the entry goes on working meanwhile."""
        self.entered = {key: entry_data[key] for key in (CONF_EMAIL, CONF_COUNTRY)}
        return self.show_start()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Take the password."""
        return await self.async_sign_in(user_input)

    async def async_step_reauth_taken_over(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Take the password after the explanation why it is needed."""
        return await self.async_sign_in(user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the account again, to read it anew."""
        if user_input is None:
            data = self._get_reconfigure_entry().data
            self.entered = {key: data[key] for key in (CONF_EMAIL, CONF_COUNTRY)}
            return self.show_start()
        return await self.async_sign_in(user_input)

    @override
    def show_start(
        self, errors: dict[str, str] | None = None, **placeholders: str
    ) -> ConfigFlowResult:
        step, schema = "user", ACCOUNT_SCHEMA
        if self.source == SOURCE_REAUTH:
            step, schema = "reauth_confirm", PASSWORD_SCHEMA
            entry: EufyConfigEntry = self._get_reauth_entry()
            if entry.state is ConfigEntryState.LOADED and entry.runtime_data.account.taken_over:
                step = "reauth_taken_over"
        elif self.source != SOURCE_USER:
            step = "reconfigure"
        return self.async_show_form(
            step_id=step,
            data_schema=self.add_suggested_values_to_schema(schema, self.entered),
            errors=errors or {},
            description_placeholders={"email": self.entered.get(CONF_EMAIL, ""), **placeholders},
        )

    # --- sign-in -----------------------------------------------------------------------

    @override
    async def async_open_account(self) -> Account:
        if self.source == SOURCE_USER:
            key = store_key(self.entered[CONF_EMAIL])
        else:
            entry = self._entry()
            if entry.state is ConfigEntryState.LOADED:
                return entry.runtime_data.account
            key = entry.data[CONF_STORE]
        await self._async_close_gate()
        self._gate = build_gate()
        file = AccountFile(self.hass, key)
        account = Account(self._gate, file)
        try:
            known = await account.load()
        except ConfigurationError:  # damaged: the sign-in brings everything back
            await file.remove()
            account, known = Account(self._gate, file), False
        if self.source == SOURCE_USER:
            if known:
                await account.sign_out()  # what a cancelled set-up left: begin as new
            self._new_account = account
        return account

    def _entry(self) -> EufyConfigEntry:
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        return self._get_reconfigure_entry()

    @override
    async def async_signed_in(self, result: SignedIn) -> ConfigFlowResult:
        if self.source != SOURCE_USER and result.account_id != self._entry().unique_id:
            await self.account.sign_out()
            return self.show_start({"base": WrongAccount.key})
        if result.inventory is None:
            await self.account.refresh()
        if self.source == SOURCE_REAUTH:
            return self.async_update_reload_and_abort(self._entry())
        if self.source != SOURCE_USER:
            return await self.async_step_accept()
        await self.async_set_unique_id(result.account_id)
        self._abort_if_unique_id_configured()
        for record in self.account.offered:
            await self.account.accept(record.serial)
        if not self.account.stations:
            return self._show_no_stations(result)
        return await self.async_step_connect()

    def _show_no_stations(self, result: SignedIn) -> ConfigFlowResult:
        if result.invitations:
            return self.show_start({"base": "invitation_pending"})
        if result.last_country:
            return self.show_start({"base": "other_country"}, country=result.last_country)
        return self.show_start({"base": "no_stations"})

    async def async_step_accept(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user choose which new or changed stations become part of the entry.

        The list comes from the cloud, which has mixed accounts up before: nothing that was never
        seen is added by itself (design/security.md T11).
        """
        choices = {record.serial: record.name for record in self.account.offered}
        choices |= {change.serial: change.record.name for change in self.account.changes}
        if user_input is None and choices:
            options = [
                SelectOptionDict(value=serial, label=f"{name} ({serial[:5]}…)")
                for serial, name in choices.items()
            ]
            selector = SelectSelector(
                SelectSelectorConfig(options=options, multiple=True, mode=SelectSelectorMode.LIST)
            )
            return self.async_show_form(
                step_id="accept",
                data_schema=vol.Schema({vol.Optional(CONF_ACCEPT, default=list): selector}),
            )
        for serial in (user_input or {}).get(CONF_ACCEPT, ()):
            await self.account.accept(serial)
        return self.async_update_reload_and_abort(
            self._entry(),
            data_updates={key: self.entered[key] for key in (CONF_EMAIL, CONF_COUNTRY)},
        )

    # --- stations ----------------------------------------------------------------------

    async def async_step_connect(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Try all stations, and show that it takes a while."""
        task = self._connecting
        if task is None:
            task = self._connecting = self.hass.async_create_task(self._async_connect())
        if not task.done():
            return self.async_show_progress(
                step_id="connect", progress_action="connect", progress_task=task
            )
        self._summary = task.result()
        self._connecting = None
        return self.async_show_progress_done(next_step_id="stations")

    async def _async_connect(self) -> str:
        self._gate = self._gate or build_gate()
        stations = build_stations(self._gate, self.account, {CONF_HOSTS: self._hosts})
        lines = await asyncio.gather(*(self._async_try(station) for station in stations))
        self._all_connected = all(connected for connected, _ in lines)
        return "\n".join(line for _, line in lines)

    async def _async_try(self, station: Station) -> tuple[bool, str]:
        try:
            info = await station.connect_once(CONNECT_SECONDS)
        except EufyError as error:
            connected, text = False, await async_sentence(self.hass, error.key, str(error))
        else:
            seconds = f"{info.seconds:.1f}"
            connected, text = True, await async_sentence(self.hass, "connected", seconds)
        finally:
            await station.stop()
        mark = "✅" if connected else "❌"
        name = escape_markdown(station.name)
        return connected, f"- {mark} **{name}** ({station.product.name}): {text}"

    async def async_step_stations(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was found, and what can be done about the rest."""
        return self.async_show_menu(
            step_id="stations",
            menu_options=["finish"] if self._all_connected else ["finish", "connect", "hosts"],
            description_placeholders={"summary": self._summary},
        )

    async def async_step_hosts(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Take addresses of stations in another network, and try again."""
        errors: dict[str, str] = {}
        bad: list[str] = []
        if user_input is not None:
            self._hosts, bad = clean_hosts(user_input[CONF_HOSTS])
            if not bad:
                return await self.async_step_connect()
            errors[CONF_HOSTS] = "host_invalid"
        return self.async_show_form(
            step_id="hosts",
            data_schema=self.add_suggested_values_to_schema(
                HOSTS_SCHEMA, user_input or {CONF_HOSTS: self._hosts}
            ),
            errors=errors,
            description_placeholders={"reason": ", ".join(bad)},
        )

    async def async_step_finish(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make the entry."""
        self._new_account = None
        return self.async_create_entry(
            title=self.entered[CONF_EMAIL],
            data={
                CONF_EMAIL: self.entered[CONF_EMAIL],
                CONF_COUNTRY: self.entered[CONF_COUNTRY],
                CONF_STORE: store_key(self.entered[CONF_EMAIL]),
            },
            options={CONF_HOSTS: self._hosts} if self._hosts else {},
        )

    # --- the end -----------------------------------------------------------------------

    @override
    @callback
    def async_remove(self) -> None:
        """Leave nothing behind: no connection, and no keys of an account that was not set up."""
        self.hass.async_create_task(self._async_clean_up())

    async def _async_clean_up(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
            await asyncio.gather(self._connecting, return_exceptions=True)
        if self._new_account is not None:
            await self._new_account.sign_out()
        await self._async_close_gate()

    async def _async_close_gate(self) -> None:
        if self._gate is not None:
            gate, self._gate = self._gate, None
            await gate.close()
