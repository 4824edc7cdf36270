"""Stations and devices as the cloud lists them, reduced to what is kept.

Source: `protocol/cloud.md` §4.2. Only these fields are taken: no MAC, SSID, e-mail, avatar, street
address or picture of the cloud's entry ever reaches the object or the storage.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self, override

from ..errors import WireError
from ..wire.app_conn import decode_app_conn
from ..wire.did import Did
from ..wire.time_zones import TimeZone, parse_time_zone
from . import fields
from .fields import Json

MAX_PARAMS: Final = 512
"""Parameters kept per entry; a real HomeBase 3 list has about 200."""

OWNER: Final = 2
"""`member_type` of the owner; an entry without member object is the account's own."""


@dataclass(frozen=True, slots=True, repr=False)
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
    member_type: int = OWNER
    app_conn: str = ""

    @property
    def zone(self) -> TimeZone:
        """The parts of the time zone text."""
        return parse_time_zone(self.time_zone)

    @property
    def rendezvous(self) -> tuple[str, ...]:
        """Hosts that can wake the station when it sleeps; not needed on the LAN."""
        try:
            return decode_app_conn(self.app_conn) if self.app_conn else ()
        except WireError:
            return ()

    @override
    def __repr__(self) -> str:
        return f"CloudStation({self.serial[:5]}…)"

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
            fields.name(data, "name", fallback=serial),
            read_did(data, "did"),
            owner,
            fields.address(data, "local_ip"),
            fields.text(data, "firmware", limit=32),
            fields.number(data, "device_type"),
            fields.text(data, "product", limit=32),
            fields.text(data, "time_zone"),
            _stored_params(data),
            fields.identifier(data, "house_id"),
            fields.text(data, "second_firmware", limit=32),
            fields.number(data, "member_type", default=OWNER),
            fields.text(data, "app_conn", limit=1024),
        )


@dataclass(frozen=True, slots=True, repr=False)
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

    @override
    def __repr__(self) -> str:
        return f"CloudDevice({self.serial[:5]}…)"

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
            fields.name(data, "name", fallback=serial),
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


def read_did(entry: Json, key: str) -> Did | None:
    """Return the field as a DID, None when it is missing or has another form."""
    try:
        return Did.parse(fields.text(entry, key, limit=64))
    except WireError:
        return None


def _stored_params(data: Json) -> dict[int, str]:
    stored = fields.as_dict(data.get("params"))
    return {
        int(key): value
        for key, value in list(stored.items())[:MAX_PARAMS]
        if key.isdecimal() and isinstance(value, str)
    }
