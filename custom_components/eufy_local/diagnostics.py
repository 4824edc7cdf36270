"""What an owner can attach to a bug report: an allow-list, never a dump with names blacked out.

Rules: protocol/privacy.md §4. A serial is cut to its first five characters, which are the product;
identities, addresses, tokens and keys are told by their presence only, names not at all.
"""

import datetime as dt
from typing import Any, Final

from homeassistant.const import __version__ as ha_version
from homeassistant.core import HomeAssistant
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.util import dt as dt_util

from .const import CONF_HOSTS, CONF_NAMES, CONF_RESET, DOMAIN
from .eufy.camera import Camera
from .eufy.net.addresses import Scope
from .eufy.station import Station
from .runtime import EufyConfigEntry

SERIAL_SHOWN: Final = 5

# Parameters that say how a device is set, and nothing about its home (p2p-commands.md §4.2).
SHOWN_PARAMETERS: Final = frozenset(
    {
        1011,  # motion detection on
        1035,  # device switch
        1101,  # battery
        1103,  # ability word: ECC media
        1131,  # device status
        1135,  # card status
        1138,  # battery temperature
        1141,  # sub-1G signal
        1142,  # Wi-Fi signal
        1151,  # guard mode in force
        1190,  # eMMC use
        1224,  # guard mode
        1289,  # notification style
        1309,  # solar
        1705,  # streaming quality
        6020,  # notification style of standalone cameras
        7013,  # firmware
    }
)
_MAX_SHOWN: Final = 64


def short_serial(serial: str) -> str:
    """Return the part of a serial number that tells the product."""
    return f"{serial[:SERIAL_SHOWN]}…"


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: EufyConfigEntry
) -> dict[str, Any]:
    """Return the state of the whole account."""
    data = entry.runtime_data
    return {
        "home_assistant": ha_version,
        "time": dt_util.utcnow().isoformat(timespec="seconds"),
        "account": {
            "signed_in": data.account.signed_in,
            "taken_over": data.account.taken_over,
            "offered_stations": len(data.account.offered),
            "changed_stations": [change.kind.value for change in data.account.changes],
        },
        "options": {
            CONF_RESET: entry.options.get(CONF_RESET),
            CONF_NAMES: entry.options.get(CONF_NAMES),
            CONF_HOSTS: len(entry.options.get(CONF_HOSTS, ())),
        },
        "network": _network(entry),
        "stations": [_station(each.station) for each in data.stations.values()],
    }


async def async_get_device_diagnostics(
    hass: HomeAssistant, entry: EufyConfigEntry, device: DeviceEntry
) -> dict[str, Any]:
    """Return the state of one station or camera."""
    serials = {serial for domain, serial in device.identifiers if domain == DOMAIN}
    for coordinator in entry.runtime_data.stations.values():
        station = coordinator.station
        if station.serial in serials:
            return _station(station)
        for serial in serials & set(station.cameras):
            return {
                "station": short_serial(station.serial),
                "available": station.available,
                **_camera(station.cameras[serial]),
            }
    return {}


def _network(entry: EufyConfigEntry) -> list[dict[str, Any]]:
    """Return the gate's counters; hosts of the cloud by name, addresses at home by kind only."""
    gate = entry.runtime_data.gate
    return [
        {
            "purpose": flow.purpose.value,
            "host": flow.host if flow.scope == Scope.INTERNET else None,
            "scope": flow.scope,
            "protocol": flow.protocol,
            "connections": flow.connections,
            "bytes_out": flow.bytes_out,
            "bytes_in": flow.bytes_in,
            "blocked": flow.blocked,
        }
        for flow in gate.counters.values()
    ]


def _station(station: Station) -> dict[str, Any]:
    link = station.link_info
    return {
        "serial": short_serial(station.serial),
        "product": station.product.code,
        "firmware": station.firmware,
        "available": station.available,
        "unavailable_reason": station.unavailable_reason,
        "guard_mode": _name(station.guard_mode),
        "effective_mode": _name(station.effective_mode),
        "alarm_active": station.alarm_active,
        "people": len(station.people),
        "link": None
        if link is None
        else {
            "grade": link.grade.name.lower(),
            "version": link.version,
            "connect_seconds": round(link.seconds, 3),
        },
        "parameters": _parameters(station.parameters),
        "cameras": [_camera(camera) for camera in station.cameras.values()],
    }


def _camera(camera: Camera) -> dict[str, Any]:
    live, detection, picture = camera.live, camera.last_detection, camera.last_picture
    video = live.parameters.video
    return {
        "serial": short_serial(camera.serial),
        "product": camera.product.code,
        "channel": camera.channel,
        "firmware": camera.firmware,
        "detection_kinds": sorted(camera.detection_kinds),
        "parameters": _parameters(camera.parameters),
        "stream": {
            "state": live.state.value,
            "reason": None if live.reason is None else live.reason.value,
            "viewers": len(live.viewers),
            "encrypted": live.encrypted,
            "codec": None if video is None else video.codec.value,
            "size": None if video is None else [video.width, video.height],
        },
        "last_detection": None
        if detection is None
        else {
            "kind": detection.kind.value,
            "raw_kind": detection.raw_kind,
            "time": _time(detection.time),
            "delay": round(detection.delay, 3),
            "source": detection.source.value,
            "authenticated": detection.authenticated,
            "has_person": detection.person_id is not None or detection.person_name is not None,
            "has_picture": detection.picture_path is not None,
        },
        "last_picture": None
        if picture is None
        else {
            "source": picture.source.value,
            "size": [picture.width, picture.height],
            "time": _time(picture.time),
        },
    }


def _parameters(parameters: Any) -> dict[str, Any]:
    """Return the harmless parameters with their values, and which other ones there are."""
    return {
        "values": {
            str(key): str(parameters[key])[:_MAX_SHOWN]
            for key in sorted(SHOWN_PARAMETERS & set(parameters))
        },
        "present": sorted(set(parameters) - SHOWN_PARAMETERS),
    }


def _name(mode: Any) -> str | None:
    return None if mode is None else mode.name.lower()


def _time(time: dt.datetime) -> str:
    return time.isoformat(timespec="seconds")
