"""Where keys, sign-in and stream settings are kept: private files of Home Assistant's storage."""

import hashlib
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from .const import DOMAIN

STORAGE_VERSION: Final = 1
_KEY_LENGTH: Final = 16
"""Hex digits of the file name: 64 bit tell a household's accounts apart."""


def store_key(email: str) -> str:
    """Return the name under which an account is kept: says nothing about the address.

    It is known before the first sign-in, so that the count of sign-ins and the install id hold
    over cancelled set-ups; the entry keeps it, so a later change of the address loses nothing.
    """
    return hashlib.sha256(email.strip().casefold().encode()).hexdigest()[:_KEY_LENGTH]


class AccountFile:
    """The private storage of one account (`eufy.account.AccountStore`)."""

    def __init__(self, hass: HomeAssistant, key: str) -> None:
        self._store = Store[dict[str, Any]](
            hass, STORAGE_VERSION, f"{DOMAIN}.account.{key}", private=True, atomic_writes=True
        )

    async def load(self) -> dict[str, Any] | None:
        """Return what was saved last, None when there is nothing."""
        return await self._store.async_load()

    async def save(self, data: dict[str, Any]) -> None:
        """Write the whole account."""
        await self._store.async_save(data)

    async def remove(self) -> None:
        """Delete the file with its keys and token."""
        await self._store.async_remove()
