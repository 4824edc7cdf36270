"""Eufy Local: cameras and HomeBases of eufy over the local network."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers.device_registry import DeviceEntry

from .connect import async_open_account, build_gate, build_stations
from .const import CONF_STORE, CONNECT_SECONDS, DOMAIN, PLATFORMS
from .coordinator import StationCoordinator
from .entity import register_station
from .eufy.account import Account
from .eufy.errors import ConfigurationError, EufyError
from .eufy.net.gate import Gate
from .issues import async_forget_station
from .memory import Memory
from .runtime import EufyConfigEntry, EufyData
from .store import AccountFile
from .streams import async_streams
from .translate import async_sentence, translated


async def async_setup_entry(hass: HomeAssistant, entry: EufyConfigEntry) -> bool:
    """Connect to the stations of one account; the cloud is not contacted for it."""
    try:
        gate = build_gate()
    except ConfigurationError as error:
        raise translated(error, ConfigEntryError) from error
    try:
        account = await _async_account(hass, entry, gate)
    except BaseException:
        await gate.close()
        raise
    memory = Memory(hass, entry)
    await memory.async_load()
    stations = {
        station.serial: StationCoordinator(hass, entry, station)
        for station in build_stations(gate, account, entry.options, memory)
    }
    data = EufyData(gate=gate, account=account, memory=memory, stations=stations)
    entry.runtime_data = data
    streams = async_streams(hass)
    await streams.async_acquire()
    try:
        await _async_connect(hass, stations)
        for coordinator in stations.values():
            register_station(coordinator)
            streams.add(coordinator.station.cameras.values())
        await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    except BaseException:
        await _async_stop(hass, data)
        raise
    return True


async def _async_account(hass: HomeAssistant, entry: EufyConfigEntry, gate: Gate) -> Account:
    account = Account(gate, AccountFile(hass, entry.data[CONF_STORE]))
    try:
        known = await account.load()
    except ConfigurationError:
        known = False
    if not known or account.account_id != entry.unique_id:
        raise ConfigEntryAuthFailed(translation_domain=DOMAIN, translation_key="storage_missing")
    return account


async def _async_connect(hass: HomeAssistant, stations: Mapping[str, StationCoordinator]) -> None:
    """Start all stations and wait for the first that connects; the others may follow later."""
    for coordinator in stations.values():
        await coordinator.async_start()
    if stations and not await _async_any_connected(stations):
        station = next(iter(stations.values())).station
        reason = await async_sentence(hass, station.unavailable_reason or "connecting")
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key="not_ready",
            translation_placeholders={"station": station.name, "reason": reason},
        )


async def _async_any_connected(stations: Mapping[str, StationCoordinator]) -> bool:
    waiting = {
        asyncio.ensure_future(coordinator.async_first_answer()) for coordinator in stations.values()
    }
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            while waiting:
                done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if any(task.result() for task in done):
                    return True
    except TimeoutError:
        pass
    finally:
        for task in waiting:
            task.cancel()
    return False


async def _async_stop(hass: HomeAssistant, data: EufyData) -> None:
    """Close every link and keep what was learned."""
    streams = async_streams(hass)
    coordinators = data.stations.values()
    for coordinator in coordinators:
        streams.remove(coordinator.station.cameras)
    await asyncio.gather(*(coordinator.async_stop() for coordinator in coordinators))
    await streams.async_release()
    await data.memory.async_save()
    await data.gate.close()


async def async_unload_entry(hass: HomeAssistant, entry: EufyConfigEntry) -> bool:
    """Close every link of the account."""
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        return False
    await _async_stop(hass, entry.runtime_data)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: EufyConfigEntry) -> None:
    """Delete the account's keys, its sign-in and what was learned of its stations."""
    with suppress(EufyError):  # a file that cannot be read is deleted like any other
        async with async_open_account(hass, entry) as account:
            for record in account.stations:
                async_forget_station(hass, entry.entry_id, record.serial)
    await AccountFile(hass, entry.data[CONF_STORE]).remove()
    await Memory(hass, entry).async_remove()


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: EufyConfigEntry, device: DeviceEntry
) -> bool:
    """Let the user remove a device that the account does not list any more."""
    if entry.state is not ConfigEntryState.LOADED:
        return False
    serials = {serial for domain, serial in device.identifiers if domain == DOMAIN}
    return not any(
        coordinator.station.serial in serials or not serials.isdisjoint(coordinator.station.cameras)
        for coordinator in entry.runtime_data.stations.values()
    )
