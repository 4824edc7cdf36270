"""The account guard: what of a fetched list becomes ours (design/security.md T11).

In 2021 the vendor mixed accounts up: owners saw other people's cameras. So a list is never taken
as it comes. Stations never seen before are offered; a station whose owner or identity changed is
stopped; a station that is missing stays.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from .cloud import fields
from .cloud.inventory import Inventory
from .cloud.models import CloudDevice, CloudStation
from .errors import WireError
from .wire.did import Did

MAX_STATIONS: Final = 64
"""Stations of one account; the largest homes seen have about ten."""

MAX_DEVICES: Final = 512


class ChangeKind(StrEnum):
    """What changed on a station that we had; the values are keys of repairs."""

    OWNER = "owner_changed"
    IDENTITY = "identity_changed"


@dataclass(frozen=True, slots=True)
class StationRecord:
    """A station as it is remembered, with its devices."""

    station: CloudStation
    devices: tuple[CloudDevice, ...] = ()

    @property
    def serial(self) -> str:
        """Serial number."""
        return self.station.serial

    @property
    def name(self) -> str:
        """The user's name of the station."""
        return self.station.name

    @property
    def did(self) -> Did | None:
        """P2P identity; None for a station that the cloud lists without one."""
        return self.station.did

    @property
    def owner_id(self) -> str:
        """The owner's id: goes into every command, whatever account we use."""
        return self.station.owner_id

    @property
    def local_ip(self) -> str:
        """Last address known to the cloud, a hint; empty when unknown."""
        return self.station.local_ip

    @property
    def firmware(self) -> str:
        """Main firmware version."""
        return self.station.firmware

    @property
    def device_type(self) -> int:
        """The cloud's numeric type."""
        return self.station.device_type

    @property
    def product(self) -> str:
        """The cloud's model text, empty when it gave none."""
        return self.station.product

    def to_dict(self) -> dict[str, object]:
        """Return a JSON form for the store."""
        return {
            "station": self.station.to_dict(),
            "devices": [device.to_dict() for device in self.devices],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, object]) -> Self:
        """Read the form of `to_dict`. Raises `WireError`."""
        devices = (
            CloudDevice.from_dict(fields.as_dict(item))
            for item in fields.as_list(data.get("devices"), MAX_DEVICES)
        )
        return cls(CloudStation.from_dict(fields.as_dict(data.get("station"))), tuple(devices))


@dataclass(frozen=True, slots=True)
class StationChange:
    """A held-back change of one of our stations, until its owner confirms it."""

    kind: ChangeKind
    record: StationRecord

    @property
    def serial(self) -> str:
        """Serial number of the station."""
        return self.record.serial


@dataclass(frozen=True, slots=True)
class ListChanges:
    """What one fetched list brought; serial numbers, except `foreign_devices` (a count)."""

    added_devices: tuple[str, ...] = ()
    removed_devices: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    foreign_devices: int = 0


@dataclass(slots=True)
class StationBook:
    """Our stations, the offered ones (in memory only) and held-back changes."""

    records: dict[str, StationRecord] = field(default_factory=dict)
    changes: dict[str, StationChange] = field(default_factory=dict)
    offered: dict[str, StationRecord] = field(default_factory=dict)

    @property
    def active(self) -> tuple[StationRecord, ...]:
        """Stations that may be connected to: those without a held-back change."""
        return tuple(r for serial, r in self.records.items() if serial not in self.changes)

    @property
    def owners(self) -> frozenset[str]:
        """Owners whose keys may be held."""
        return frozenset(record.owner_id for record in self.active)

    def apply(self, inventory: Inventory, *, first: bool) -> ListChanges:
        """Take a fetched list; `first` (set-up) adds all of it, later only what we know."""
        listed = _group(inventory)
        before = self._device_serials()
        changed: list[str] = []
        foreign = 0
        self.offered = {}
        for serial, found in listed.items():
            own = tuple(d for d in found.devices if d.owner_id == found.owner_id)
            foreign += len(found.devices) - len(own)
            record = StationRecord(found.station, own)
            known = self.records.get(serial)
            if known is None:
                target = self.records if first else self.offered
                if len(target) < MAX_STATIONS:
                    target[serial] = record
            elif kind := _change(known, record):
                self.changes[serial] = StationChange(kind, record)
                changed.append(serial)
            else:
                self.changes.pop(serial, None)  # back to what we knew
                self.records[serial] = _updated(known, record)
        after = self._device_serials()
        return ListChanges(
            tuple(sorted(after - before)) if not first else (),
            tuple(sorted(before - after)),
            tuple(self.offered),
            tuple(changed),
            tuple(serial for serial in self.records if serial not in listed),
            foreign,
        )

    def accept(self, serial: str) -> StationRecord:
        """Add an offered station or take over a held-back change. Raises `KeyError`."""
        if serial in self.changes:
            record = self.changes.pop(serial).record
        else:
            record = self.offered.pop(serial)
        self.records[serial] = record
        return record

    def forget(self, serial: str) -> None:
        """Drop a station: it will be offered again when the cloud lists it."""
        for table in (self.records, self.changes, self.offered):
            table.pop(serial, None)

    def to_dict(self) -> dict[str, object]:
        """Return a JSON form. Offered stations may be strangers': they are not stored."""
        return {
            "stations": [record.to_dict() for record in self.records.values()],
            "changes": [
                {"kind": change.kind.value, **change.record.to_dict()}
                for change in self.changes.values()
            ],
        }

    def load(self, data: Mapping[str, object]) -> None:
        """Read the form of `to_dict`. Raises `WireError`."""
        for item in fields.as_list(data.get("stations"), MAX_STATIONS):
            record = StationRecord.from_dict(fields.as_dict(item))
            self.records[record.serial] = record
        for item in fields.as_list(data.get("changes"), MAX_STATIONS):
            entry = fields.as_dict(item)
            record = StationRecord.from_dict(entry)
            if entry.get("kind") not in set(ChangeKind):
                raise WireError("a stored change has no kind")
            change = StationChange(ChangeKind(str(entry["kind"])), record)
            self.changes[record.serial] = change

    def _device_serials(self) -> set[str]:
        return {device.serial for record in self.records.values() for device in record.devices}


def _group(inventory: Inventory) -> dict[str, StationRecord]:
    devices: dict[str, list[CloudDevice]] = {}
    for device in inventory.devices:
        devices.setdefault(device.station_serial, []).append(device)
    return {
        station.serial: StationRecord(station, tuple(devices.get(station.serial, ())))
        for station in inventory.stations
    }


def _change(known: StationRecord, found: StationRecord) -> ChangeKind | None:
    if known.owner_id != found.owner_id:
        return ChangeKind.OWNER
    if known.did and found.did and known.did != found.did:
        return ChangeKind.IDENTITY
    return None


def _updated(known: StationRecord, found: StationRecord) -> StationRecord:
    """Take the newer facts; a list that lacks a DID or all devices takes nothing away."""
    station = found.station
    if station.did is None:
        station = replace(station, did=known.did)
    return StationRecord(station, found.devices or known.devices)
