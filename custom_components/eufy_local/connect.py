"""Builds the client's objects for an entry or for a set-up that is still going on."""

import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant

from .const import CONF_HOSTS, CONF_STORE, MAX_HOSTS
from .eufy.account import Account
from .eufy.net.addresses import Scope, scope_of
from .eufy.net.gate import Gate
from .eufy.net.override import LoopbackOverride
from .eufy.station import Station
from .memory import Memory
from .runtime import EufyConfigEntry
from .store import AccountFile

_NEAR = frozenset({Scope.LAN, Scope.LINK_LOCAL, Scope.OVERLAY})


def build_gate() -> Gate:
    """Return the gate that every connection of one account goes through.

    Raises `ConfigurationError` when a simulator is named that is not on this host.
    """
    return Gate(override=LoopbackOverride.from_environment())


def build_stations(
    gate: Gate, account: Account, options: Mapping[str, Any], memory: Memory | None = None
) -> list[Station]:
    """Return the account's stations, not started; `memory` gives and takes what they learn."""
    hosts = tuple(options.get(CONF_HOSTS, ()))
    stations = [
        Station(
            gate,
            record.station,
            record.devices,
            account,
            hosts=hosts,
            remembered=None if memory is None else memory.of(record.serial),
            on_remember=None if memory is None else memory.save_soon,
        )
        for record in account.stations
    ]
    if memory is not None:
        memory.watch(stations)
    return stations


@asynccontextmanager
async def async_open_account(hass: HomeAssistant, entry: EufyConfigEntry) -> AsyncIterator[Account]:
    """Give the account of an entry: the running one, else one that is read for the occasion."""
    if entry.state is ConfigEntryState.LOADED:
        yield entry.runtime_data.account
        return
    gate = build_gate()
    try:
        account = Account(gate, AccountFile(hass, entry.data[CONF_STORE]))
        await account.load()
        yield account
    finally:
        await gate.close()


def clean_hosts(texts: list[str]) -> tuple[list[str], list[str]]:
    """Split typed addresses into usable ones (normal form, no doubles) and the rest.

    Usable are private IPv4 addresses: the gate would refuse every other one.
    """
    good: list[str] = []
    bad: list[str] = []
    for text in texts:
        if not (text := text.strip()):
            continue
        try:
            host = str(ipaddress.IPv4Address(text))
        except ValueError:
            bad.append(text)
            continue
        if scope_of(host) not in _NEAR:
            bad.append(text)
        elif host not in good:
            good.append(host)
    return good[:MAX_HOSTS], bad
