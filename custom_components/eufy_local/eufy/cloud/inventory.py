"""Stations and devices of an account, read from the cloud's lists.

Source: `protocol/cloud.md` §4: the merge rule, the second source, and which entry is what.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..wire.did import Did
from . import fields
from .fields import Json
from .models import MAX_PARAMS, OWNER, CloudDevice, CloudStation, read_did

MAX_ENTRIES: Final = 512
"""Entries read from one list; the largest recorder serves 16 cameras, a home has a few stations."""

MAX_HOUSES: Final = 32
"""Houses asked for their own list; each costs one call."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What the cloud lists; `unsupported` counts entries that are neither station nor device."""

    stations: tuple[CloudStation, ...] = ()
    devices: tuple[CloudDevice, ...] = ()
    unsupported: int = 0

    def __len__(self) -> int:
        return len(self.stations) + len(self.devices)

    @property
    def owners(self) -> tuple[str, ...]:
        """The owner ids of the stations, each once, in the order of the list."""
        return tuple(dict.fromkeys(station.owner_id for station in self.stations))


def merge_lists(account: Iterable[Json], houses: Mapping[str, Iterable[Json]]) -> list[Json]:
    """Merge the account's list with the list of each house (`cloud.md` §4.2, from the app).

    A house's answer replaces all entries of that house and all entries of the serials it names.
    An empty answer replaces nothing: `null` is also what a cluster in trouble answers.
    """
    merged = list(account)
    for house_id, entries in houses.items():
        answer = list(entries)
        if not answer:
            continue
        named = {_entry_serial(entry) for entry in answer}
        merged = [
            entry
            for entry in merged
            if entry.get("house_id") != house_id and _entry_serial(entry) not in named
        ]
        merged += answer
    return merged


def add_missing(merged: Iterable[Json], second: Iterable[Json]) -> list[Json]:
    """Add the entries of the second source (`/v3/` lists) whose serials the first one lacks."""
    result = list(merged)
    known = {_entry_serial(entry) for entry in result}
    for entry in second:
        if (serial := _entry_serial(entry)) and serial not in known:
            known.add(serial)
            result.append(entry)
    return result


def join_second_source(hubs: Iterable[Json], devices: Iterable[Json]) -> list[Json]:
    """Join the two `/v3/` lists: a standalone camera is in both, each with a part of its fields."""
    joined = {serial: entry for entry in hubs if (serial := _entry_serial(entry))}
    for entry in devices:
        if serial := _entry_serial(entry):
            filled = {key: value for key, value in entry.items() if value not in ("", None)}
            joined[serial] = {**joined.get(serial, {}), **filled}
    return list(joined.values())


def parse_inventory(entries: Iterable[Json], account_id: str) -> Inventory:
    """Sort list entries of either shape into stations and devices.

    An entry without parent is a hub; one that is its own parent is a standalone camera, both
    station and device; one with a DID whose parent is not listed counts as standalone too.
    A hub without a DID is kept when a device names it (newer hubs, `field.md` t9000-mdns).
    `account_id` is the owner of entries without a `member` object.
    """
    listed: dict[str, Json] = {}
    for entry in entries:
        if len(listed) < MAX_ENTRIES and (serial := _entry_serial(entry)):
            listed[serial] = entry
    parents = {_parent(entry) for entry in listed.values()}
    stations: list[CloudStation] = []
    devices: list[CloudDevice] = []
    unsupported = 0
    for serial, entry in listed.items():
        parent = _parent(entry)
        did = read_did(entry, "p2p_did")
        standalone = parent == serial or bool(parent and parent not in listed and did)
        if standalone or (not parent and (did is not None or serial in parents)):
            stations.append(_station(serial, entry, did, account_id))
        elif not parent:
            unsupported += 1
            continue
        if parent:
            station = serial if standalone else parent
            devices.append(_device(serial, entry, station))
    owners = {station.serial: station.owner_id for station in stations}
    kept = tuple(
        # Without a member object of its own a device belongs to the owner of its station.
        device if device.owner_id else replace(device, owner_id=owners[device.station_serial])
        for device in devices
        if device.station_serial in owners
    )
    return Inventory(tuple(stations), kept, unsupported + len(devices) - len(kept))


def needs_second_source(inventory: Inventory) -> bool:
    """Tell whether the `/v3/` lists should be asked: nothing listed, or devices without hub."""
    return not inventory.stations or inventory.unsupported > 0


def _entry_serial(entry: Json) -> str:
    """A hub of the `/v3/` list names itself in `station_sn` and has no `device_sn`."""
    return fields.serial(entry, "device_sn", "station_sn")


def _parent(entry: Json) -> str:
    if "device_sn" in entry:
        return fields.serial(entry, "parent_sn", "station_sn")
    # An old-shape entry without device_sn is a station of its own; whether it is a camera as
    # well is told by the device list of the same source.
    return ""


def _owner(entry: Json) -> str:
    return fields.identifier(fields.as_dict(entry.get("member")), "admin_user_id")


def _params(entry: Json) -> dict[int, str]:
    """Keep numeric parameters only: texts can hold names, networks and SIM numbers."""
    kept: dict[int, str] = {}
    for item in fields.as_list(entry.get("params"), MAX_PARAMS):
        param = fields.as_dict(item)
        kind = fields.number(param, "param_type", default=-1)
        value = fields.number(param, "param_value", default=1 << 62)
        if kind >= 0 and value != 1 << 62:
            kept[kind] = str(value)
    return kept


def _station(serial: str, entry: Json, did: Did | None, account_id: str) -> CloudStation:
    member = fields.as_dict(entry.get("member"))
    return CloudStation(
        serial,
        fields.name(entry, "station_name", "device_name", fallback=serial),
        did,
        _owner(entry) or account_id,
        fields.address(entry, "local_ip", "ip_addr"),
        fields.text(entry, "main_sw_version", limit=32),
        fields.number(entry, "device_type"),
        fields.text(entry, "station_model", "device_model", "device_new_pn", limit=32),
        fields.text(entry, "time_zone"),
        _params(entry),
        fields.identifier(entry, "house_id"),
        fields.text(entry, "sec_sw_version", limit=32),
        fields.number(member, "member_type", default=OWNER),
        fields.text(entry, "app_conn", limit=1024),
    )


def _device(serial: str, entry: Json, station: str) -> CloudDevice:
    return CloudDevice(
        serial,
        fields.name(entry, "device_name", "station_name", fallback=serial),
        station,
        fields.number(entry, "device_channel"),
        fields.number(entry, "device_type"),
        _params(entry),
        _owner(entry),
        fields.text(entry, "device_model", "station_model", "device_new_pn", limit=32),
        fields.text(entry, "main_sw_version", limit=32),
        fields.address(entry, "local_ip", "ip_addr"),
        fields.text(entry, "time_zone"),
    )
