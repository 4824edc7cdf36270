"""Accounts at the fake cloud, as the tests of the account begin."""

from typing import Any

from custom_components.eufy_local.eufy.account import Account
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import (
    device_entry,
)
from simulator.home import Home

from .conftest import EMAIL, OWNER, PASSWORD, World

WORD = Secret(PASSWORD)
STRANGER = "b" * 40
HUB = Home.demo().stations[0].serial
CIPHER = Home.demo().ciphers[0].cipher_id


def hub(serial: str, owner: str = OWNER, did: str = "SIMAAAA-000001-BBBBB") -> dict[str, Any]:
    return device_entry(serial, 18, "Hub", owner_id=owner, house_id="house-0001", did=did)


def listed(world: World, entries: list[dict[str, Any]]) -> None:
    lists = world.cloud.inventory[EMAIL]
    lists.devices, lists.house_devices = entries, {"house-0001": entries}


async def signed_in(world: World, **kwargs: Any) -> Account:
    account = world.account(**kwargs)
    assert not await account.load()
    await account.sign_in(EMAIL, WORD, "DE")
    return account


async def restarted(world: World, **kwargs: Any) -> Account:
    account = world.account(**kwargs)
    assert await account.load()
    return account
