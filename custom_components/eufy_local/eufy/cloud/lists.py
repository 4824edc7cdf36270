"""Houses, devices and invitations of an account (`protocol/cloud.md` §4)."""

from dataclasses import dataclass
from typing import Final

from ..errors import CloudBusy, CloudError, CloudUnreachable, SessionExpired
from . import endpoints, fields
from .endpoints import Endpoint
from .fields import Json
from .inventory import (
    MAX_ENTRIES,
    MAX_HOUSES,
    Inventory,
    add_missing,
    join_second_source,
    merge_lists,
    needs_second_source,
    parse_inventory,
)
from .state import Access
from .transport import Transport

_PAGE: Final = 1000  # the vendor app's own page size


@dataclass(frozen=True, slots=True)
class Invitation:
    """A pending invitation: the reason why a list can be empty.

    `kind` is `house` or `device`; `received` is what the asked value means in the reading of the
    newer app (the two readings disagree, cloud.md §4.4). Accepting is done in the vendor's app.
    """

    kind: str
    name: str
    is_inviter: int

    @property
    def received(self) -> bool:
        """Whether the newer app's reading says that it was sent to us."""
        return self.is_inviter == 1


async def fetch_inventory(transport: Transport, access: Access) -> Inventory:
    """Fetch both lists, merge them, and ask the second source where the first lacks devices."""
    houses = await _houses(transport, access)
    account = await _devices(transport, access, "")
    by_house: dict[str, list[Json]] = {}
    for house_id in houses:
        try:
            by_house[house_id] = await _devices(transport, access, house_id)
        except CloudError as error:
            if _is_fatal(error):
                raise
    merged = merge_lists(account, by_house)
    account_id = access.session.account_id if access.session else ""
    inventory = parse_inventory(merged, account_id)
    if needs_second_source(inventory):
        try:
            second = await _second_source(transport, access)
        except CloudError as error:
            if _is_fatal(error):
                raise
        else:
            inventory = parse_inventory(add_missing(merged, second), account_id)
    return inventory


async def fetch_invitations(transport: Transport, access: Access) -> tuple[Invitation, ...]:
    """Fetch pending invitations with both values of `is_inviter`: their meaning is disputed."""
    found: dict[tuple[str, str], Invitation] = {}
    for is_inviter in (1, 0):
        transaction = transport.rng(16).hex()
        body = {"transaction": transaction, "is_inviter": is_inviter}
        for kind, endpoint, key in (
            ("house", endpoints.HOUSE_INVITES, "house_invite_records"),
            ("device", endpoints.DEVICE_INVITES, "invites"),
        ):
            extra: dict[str, object] = {"categories": [], "add_pns": []} if kind == "device" else {}
            try:
                answer = await transport.call(endpoint, body | extra, access)
            except CloudError as error:
                if _is_fatal(error):
                    raise
                continue
            for item in _entries(answer.data, key):
                mark = str(item.get("id") or fields.text(item, "house_id", "device_sn"))
                name = fields.name(item, "house_name", "device_name", "product_code", fallback=kind)
                invitation = Invitation(kind, name, is_inviter)
                found.setdefault((kind, mark), invitation)
    return tuple(found.values())


async def _houses(transport: Transport, access: Access) -> list[str]:
    answer = await transport.call(endpoints.HOUSES, {}, access)
    ids = (fields.identifier(item, "house_id") for item in _entries(answer.data, "house_infos"))
    return list(dict.fromkeys(filter(None, ids)))[:MAX_HOUSES]


async def _devices(transport: Transport, access: Access, house_id: str) -> list[Json]:
    body = {"house_id": house_id, "device_sns": {}}
    answer = await transport.call(endpoints.DEVICES, body, access)
    return _entries(answer.data, "devices")


async def _second_source(transport: Transport, access: Access) -> list[Json]:
    async def one(endpoint: Endpoint) -> list[Json]:
        body = {
            "device_sn": "",
            "station_sn": "",
            "num": _PAGE,
            "page": 0,
            "orderby": "",
            "time_zone": 0,
            "event_num_type": 1,
            "transaction": transport.rng(16).hex(),
        }
        return _entries((await transport.call(endpoint, body, access)).data, "")

    return join_second_source(await one(endpoints.HUBS_V3), await one(endpoints.DEVICES_V3))


def _entries(data: object, key: str) -> list[Json]:
    """Return the objects of a list, which may be null or given without its name."""
    found = data if isinstance(data, list) else fields.as_dict(data).get(key)
    return [item for item in fields.as_list(found, MAX_ENTRIES) if isinstance(item, dict)]


def _is_fatal(error: CloudError) -> bool:
    """Whether an error concerns the whole account, not one list."""
    return isinstance(error, SessionExpired | CloudBusy | CloudUnreachable)
