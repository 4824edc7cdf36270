"""What the simulated cloud knows: accounts, their lists, and the fields of a list entry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from custom_components.eufy_local.eufy.secret import Secret

type Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """One account. `region` is the cluster that lists its devices, `country` its login country."""

    email: str
    password: Secret[str] = field(repr=False)
    user_id: str = field(repr=False)
    cloud_user_id: str = field(default="", repr=False)
    country: str = "DE"
    region: str = "eu"
    nick_name: str = "Person A"
    activated: bool = True

    @property
    def account_id(self) -> str:
        """The id that the account's own devices name as owner."""
        return self.cloud_user_id or self.user_id


@dataclass(slots=True)
class AccountLists:
    """What the lists of one account hold; entries are in the cloud's own form.

    `devices` is the account's list, `house_devices` the list of each house (only a shared home's
    devices may be there alone), `hubs_v3` and `devices_v3` the second source.
    """

    houses: list[Entry] = field(default_factory=list)
    devices: list[Entry] = field(default_factory=list)
    house_devices: dict[str, list[Entry]] = field(default_factory=dict)
    hubs_v3: list[Entry] = field(default_factory=list)
    devices_v3: list[Entry] = field(default_factory=list)
    house_invites: dict[int, list[Entry]] = field(default_factory=dict)
    device_invites: dict[int, list[Entry]] = field(default_factory=dict)
    firmware: dict[str, str] = field(default_factory=dict)
    faces: list[Entry] = field(default_factory=list)


def house_entry(house_id: str, name: str, owner_id: str, *, member_type: int = 2) -> Entry:
    """Return one house as `get_house_list` shows it, with the private fields that it carries."""
    return {
        "house_id": house_id,
        "house_name": name,
        "admin_user_id": owner_id,
        "member_type": member_type,
        "is_default": True,
        "address": "1 Example Street",
        "latitude": "0.000001",
        "longitude": "0.000002",
        "geofence_radius": 150,
    }


def device_entry(
    serial: str,
    device_type: int,
    name: str,
    *,
    owner_id: str,
    house_id: str,
    parent: str = "",
    channel: int = 0,
    did: str = "",
    local_ip: str = "",
    firmware: str = "1.2.3.4",
    second_firmware: str = "",
    member_type: int = 2,
    time_zone: str = "",
    app_conn: str = "",
    product_code: str = "",
    params: Mapping[int, str] | None = None,
    update_time: int = 1_767_322_000,
) -> Entry:
    """Return one entry as `get_devs_list` shows it, with the private fields that it carries."""
    return {
        "device_sn": serial,
        "device_type": device_type,
        "device_name": name,
        "parent_sn": parent,
        "device_channel": channel,
        "p2p_did": did,
        "p2p_license": "SIMLIC",
        "local_ip": local_ip,
        "house_id": house_id,
        "member": {
            "admin_user_id": owner_id,
            "member_type": member_type,
            "email": "owner@example.invalid",
            "nick_name": "Owner Nick",
            "avatar": "https://avatar.example.invalid/1.png",
        },
        "app_conn": app_conn,
        "main_sw_version": firmware,
        "sec_sw_version": second_firmware,
        "time_zone": time_zone,
        "device_new_pn": product_code,
        "wifi_ssid": "Example Network",
        "wifi_mac": "020000000001",
        "bt_mac": "020000000002",
        "cover_path": "",
        "params": [
            {"param_type": kind, "param_value": value, "update_time": update_time}
            for kind, value in (params or {}).items()
        ],
    }


def single_home(
    entries: Sequence[Entry], owner_id: str, *, house_id: str = "house-0001"
) -> AccountLists:
    """Return the lists of an owner with one house that holds all entries."""
    return AccountLists(
        houses=[house_entry(house_id, "Home", owner_id)],
        devices=list(entries),
        house_devices={house_id: list(entries)},
    )
