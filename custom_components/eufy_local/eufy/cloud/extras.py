"""The cloud's smaller services: firmware, device keys, push registration, pictures.

Source: `protocol/cloud.md` §5.2 and §6. None of them is needed on the LAN; the gate admits each
only in the mode that the owner chose for it.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ..net.policy import Purpose
from ..secret import Secret
from . import endpoints, fields
from .envelope import APP_HEADERS, token_headers
from .models import CloudStation
from .state import Access
from .transport import TIMEOUT, Transport

MAX_PICTURE: Final = 8 << 20
"""Largest picture fetched from a push's address (cloud.md §6)."""

PICTURE_WAITS: Final = (1.0, 3.0)
"""Seconds before each further try: the upload may lag the push (field.md snapshot-404)."""

MAX_DSK: Final = 64
_UP_TO_DATE: Final = 20004
_TOKEN_HOSTS: Final = (".eufylife.com", ".eufy.com")


@dataclass(frozen=True, slots=True)
class FirmwareOffer:
    """A newer firmware that the cloud offers; `forced` means that the vendor installs it anyway."""

    version: str
    forced: bool
    notes: str = ""


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A DSK: lets the rendezvous wake a sleeping standalone camera for about an hour."""

    serial: str
    key: Secret[str]
    expires_at: float


async def fetch_firmware(
    transport: Transport, access: Access, station: CloudStation, serial: str, version: str
) -> FirmwareOffer | None:
    """Ask for newer firmware; every device behind a hub asks with the hub's kit."""
    body = {
        "transaction": transport.rng(16).hex(),
        "current_version_name": version,
        "device_sn": serial,
        "device_type": f"{station.serial[:5]}_Kit",
        "rom_version": 0,
        "sn": station.serial,
    }
    answer = await transport.call(endpoints.FIRMWARE, body, access, accept=frozenset({_UP_TO_DATE}))
    data = fields.as_dict(answer.data)
    offered = fields.text(data, "rom_version_name", limit=32)
    if answer.code or not offered or offered == version:
        return None  # up to date comes as a reason text or as the code itself
    forced = data.get("force_upgrade") is True or fields.number(data, "up_forced") == 1
    return FirmwareOffer(offered, forced, fields.text(data, "introduction", limit=2048))


async def fetch_device_keys(
    transport: Transport, access: Access, invalid: Mapping[str, Secret[str] | None]
) -> dict[str, DeviceKey]:
    """Fetch DSKs of serials; a key given as invalid is rotated."""
    serials = list(invalid)[:MAX_DSK]
    body = {
        "device_dsks": [
            {
                "invalid_dsk": key.reveal() if (key := invalid[serial]) else "",
                "device_sn": serial,
                "category": "eufy_security",
            }
            for serial in serials
        ],
        "invalid_dsks": {},
        "station_sns": serials,
    }
    answer = await transport.call(endpoints.DSK, body, access)
    found: dict[str, DeviceKey] = {}
    for item in fields.as_list(fields.as_dict(answer.data).get("device_dsks"), MAX_DSK):
        entry = fields.as_dict(item)
        named, text = fields.serial(entry, "device_sn"), fields.identifier(entry, "dsk_key")
        if named in invalid and text:
            expires = float(fields.number(entry, "expiration"))
            found[named] = DeviceKey(named, Secret(text), expires)
    return found


async def register_push(transport: Transport, access: Access, token: Secret[str]) -> None:
    """Register an FCM token; repeated on every start, there is no unregister."""
    text = token.reveal()
    body = {"token": text, "is_notification_enable": True, "voip_token": text}
    await transport.call(endpoints.REGISTER_PUSH, body, access)


async def fetch_picture(
    transport: Transport, access: Access, url: str, sleep: Callable[[float], Awaitable[None]]
) -> bytes | None:
    """Fetch the picture of a push; None when it never appears.

    The token goes only to the vendor's own hosts. Raises like any call.
    """
    transport.check_pause("picture")
    host = urlsplit(url).hostname or ""
    headers = {key: APP_HEADERS[key] for key in ("app-name", "model-type")}
    if host.endswith(_TOKEN_HOSTS) and access.session:
        headers |= token_headers(access.session)
    waits: Iterable[float | None] = (*PICTURE_WAITS, None)
    for wait in waits:
        answer = await transport.http.get(
            url, purpose=Purpose.PICTURE, headers=headers, max_bytes=MAX_PICTURE, timeout=TIMEOUT
        )
        if answer.status == 200:
            return answer.body
        if answer.status != 404:
            raise await transport.refuse(answer, "picture", access)
        if wait is not None:
            await sleep(wait)
    return None
