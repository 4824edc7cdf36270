"""Stations and devices of an account, read from the cloud's lists.

Source: `protocol/cloud.md` §4. Only the fields below are taken: no MAC, SSID, e-mail, avatar,
address or picture of the cloud's entry ever reaches the object or the storage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from ..errors import WireError
from ..wire.did import Did
from . import fields
from .fields import Json

MAX_ENTRIES: Final = 512
"""Entries read from one list; the largest recorder serves 16 cameras, a home has a few stations."""

MAX_PARAMS: Final = 512
"""Parameters kept per entry; a real HomeBase 3 list has about 200."""

MAX_HOUSES: Final = 32
"""Houses asked for their own list; each costs one call."""

_OWNER: Final = 2


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone in the form of parameter 1215: POSIX rule, code and IANA name, each optional."""

    posix: str | None
    code: str | None
    iana: str | None

    @classmethod
    def parse(cls, value: str) -> Self | None:
        """Read one of the five forms that were seen (`field.md` #5); None for an empty text."""
        parts = [part.strip() for part in value.split("|")]
        rule, code, iana = (*parts, "", "", "")[:3]
        if not rule and not iana:
            return None
        if "/" in rule and "," not in rule:  # a bare IANA name; a POSIX rule has commas
            return cls(None, code or None, iana or rule)
        return cls(rule or None, code or None, iana or None)


@dataclass(frozen=True, slots=True)
class CloudStation:
    """One station: the end of a P2P link.

    `did` is None for a hub that the cloud lists without one (WebRTC generations).
    `local_ip` is the last address known to the cloud, a hint only. `time_zone` is the unchanged
    text of the cloud. `params` holds numeric parameters only, minutes old.
    `member_type`: 0 guest, 1 admin, 2 owner.
    """

    serial: str
    name: str
    did: Did | None
    owner_id: str
    local_ip: str = ""
    firmware: str = ""
    device_type: int = 0
    product: str = ""
    time_zone: str = ""
    params: Mapping[int, str] = field(default_factory=dict)
    house_id: str = ""
    second_firmware: str = ""
    member_type: int = _OWNER
    app_conn: str = ""

    @property
    def zone(self) -> Zone | None:
        """The parsed time zone."""
        return Zone.parse(self.time_zone)

    def to_dict(self) -> dict[str, object]:
        """Return a JSON form for the store."""
        return {
            "serial": self.serial,
            "name": self.name,
            "did": str(self.did) if self.did else "",
            "owner_id": self.owner_id,
            "local_ip": self.local_ip,
            "firmware": self.firmware,
            "device_type": self.device_type,
            "product": self.product,
            "time_zone": self.time_zone,
            "params": {str(key): value for key, value in self.params.items()},
            "house_id": self.house_id,
            "second_firmware": self.second_firmware,
            "member_type": self.member_type,
            "app_conn": self.app_conn,
        }

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        """Read the form of `to_dict`; raises `WireError` when serial or owner are missing."""
        serial, owner = fields.serial(data, "serial"), fields.identifier(data, "owner_id")
        if not serial or not owner:
            raise WireError("a stored station has no serial or owner")
        return cls(
            serial,
            fields.clean_name(fields.text(data, "name"), serial),
            _did(data, "did"),
            owner,
            fields.address(data, "local_ip"),
            fields.text(data, "firmware", limit=32),
            fields.number(data, "device_type"),
            fields.text(data, "product", limit=32),
            fields.text(data, "time_zone"),
            _stored_params(data),
            fields.identifier(data, "house_id"),
            fields.text(data, "second_firmware", limit=32),
            fields.number(data, "member_type", default=_OWNER),
            fields.text(data, "app_conn", limit=1024),
        )


@dataclass(frozen=True, slots=True)
class CloudDevice:
    """One device behind a station, or a standalone camera (then both serials are equal).

    `channel` is its slot on the station: it goes into every command and event.
    """

    serial: str
    name: str
    station_serial: str
    channel: int
    device_type: int = 0
    params: Mapping[int, str] = field(default_factory=dict)
    owner_id: str = ""
    product: str = ""
    firmware: str = ""
    local_ip: str = ""
    time_zone: str = ""

    def to_dict(self) -> dict[str, object]:
        """Return a JSON form for the store."""
        return {
            "serial": self.serial,
            "name": self.name,
            "station_serial": self.station_serial,
            "channel": self.channel,
            "device_type": self.device_type,
            "params": {str(key): value for key, value in self.params.items()},
            "owner_id": self.owner_id,
            "product": self.product,
            "firmware": self.firmware,
            "local_ip": self.local_ip,
            "time_zone": self.time_zone,
        }

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        """Read the form of `to_dict`; raises `WireError` when a serial is missing."""
        serial, station = fields.serial(data, "serial"), fields.serial(data, "station_serial")
        if not serial or not station:
            raise WireError("a stored device has no serial")
        return cls(
            serial,
            fields.clean_name(fields.text(data, "name"), serial),
            station,
            fields.number(data, "channel"),
            fields.number(data, "device_type"),
            _stored_params(data),
            fields.identifier(data, "owner_id"),
            fields.text(data, "product", limit=32),
            fields.text(data, "firmware", limit=32),
            fields.address(data, "local_ip"),
            fields.text(data, "time_zone"),
        )


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
    """
    merged = list(account)
    for house_id, entries in houses.items():
        answer = list(entries)
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
        did = _did(entry, "p2p_did")
        standalone = parent == serial or bool(parent and parent not in listed and did)
        if standalone or (not parent and (did is not None or serial in parents)):
            stations.append(_station(serial, entry, did, account_id))
        elif not parent:
            unsupported += 1
            continue
        if parent:
            station = serial if standalone else parent
            devices.append(_device(serial, entry, station, account_id))
    known = {station.serial for station in stations}
    orphans = [device for device in devices if device.station_serial not in known]
    return Inventory(
        tuple(stations),
        tuple(device for device in devices if device.station_serial in known),
        unsupported + len(orphans),
    )


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


def _owner(entry: Json, account_id: str) -> str:
    member = fields.as_dict(entry.get("member"))
    return fields.identifier(member, "admin_user_id") or account_id


def _did(entry: Json, key: str) -> Did | None:
    try:
        return Did.parse(fields.text(entry, key, limit=64))
    except WireError:
        return None


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


def _stored_params(data: Json) -> dict[int, str]:
    stored = fields.as_dict(data.get("params"))
    return {
        int(key): value
        for key, value in list(stored.items())[:MAX_PARAMS]
        if key.isdecimal() and isinstance(value, str)
    }


def _station(serial: str, entry: Json, did: Did | None, account_id: str) -> CloudStation:
    member = fields.as_dict(entry.get("member"))
    name = fields.text(entry, "station_name", "device_name")
    return CloudStation(
        serial,
        fields.clean_name(name, serial),
        did,
        _owner(entry, account_id),
        fields.address(entry, "local_ip", "ip_addr"),
        fields.text(entry, "main_sw_version", limit=32),
        fields.number(entry, "device_type"),
        fields.text(entry, "station_model", "device_model", "device_new_pn", limit=32),
        fields.text(entry, "time_zone"),
        _params(entry),
        fields.identifier(entry, "house_id"),
        fields.text(entry, "sec_sw_version", limit=32),
        fields.number(member, "member_type", default=_OWNER),
        fields.text(entry, "app_conn", limit=1024),
    )


def _device(serial: str, entry: Json, station: str, account_id: str) -> CloudDevice:
    return CloudDevice(
        serial,
        fields.clean_name(fields.text(entry, "device_name", "station_name"), serial),
        station,
        fields.number(entry, "device_channel"),
        fields.number(entry, "device_type"),
        _params(entry),
        _owner(entry, account_id),
        fields.text(entry, "device_model", "station_model", "device_new_pn", limit=32),
        fields.text(entry, "main_sw_version", limit=32),
        fields.address(entry, "local_ip", "ip_addr"),
        fields.text(entry, "time_zone"),
    )
