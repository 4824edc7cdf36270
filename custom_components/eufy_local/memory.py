"""What was learned of the stations of an account, kept over restarts in a private file.

Identity pins, how cameras have to be asked, codecs, known people (design/security.md T1): without
it the next start would trust a weaker link, and the first viewer would wait for the camera.
"""

from collections.abc import Iterable
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import CONF_NAMES, CONF_STORE, DOMAIN
from .eufy.station import Station
from .runtime import EufyConfigEntry

STORAGE_VERSION: Final = 1
SAVE_DELAY: Final = 10.0
"""Seconds that something learned waits for more of it before it is written."""
PEOPLE: Final = "people"


class Memory:
    """The file of one entry."""

    def __init__(self, hass: HomeAssistant, entry: EufyConfigEntry) -> None:
        self._entry = entry
        self._store = Store[dict[str, Any]](
            hass,
            STORAGE_VERSION,
            f"{DOMAIN}.stations.{entry.data[CONF_STORE]}",
            private=True,
            atomic_writes=True,
        )
        self._known: dict[str, Any] = {}
        self._stations: tuple[Station, ...] = ()

    async def async_load(self) -> None:
        """Read what was kept."""
        self._known = await self._store.async_load() or {}

    async def async_remove(self) -> None:
        """Delete it all."""
        await self._store.async_remove()

    def of(self, serial: str) -> dict[str, Any] | None:
        """Return what is remembered of a station, for its constructor."""
        known = self._known.get(serial)
        return known if isinstance(known, dict) else None

    def watch(self, stations: Iterable[Station]) -> None:
        """Remember these stations from now on, and none that is not ours any more."""
        self._stations = tuple(stations)

    @callback
    def save_soon(self) -> None:
        """Write a little later, because something was learned."""
        if self._collect():
            self._store.async_delay_save(lambda: self._known, SAVE_DELAY)

    async def async_save(self) -> None:
        """Write now, because the stations end."""
        self._collect()
        await self._store.async_save(self._known)

    def _collect(self) -> bool:
        names = bool(self._entry.options.get(CONF_NAMES, True))
        known: dict[str, Any] = {}
        for station in self._stations:
            learned = station.to_dict()
            if not names:  # whoever does not want names shown does not want them kept
                learned.pop(PEOPLE, None)
            known[station.serial] = learned
        changed, self._known = known != self._known, known
        return changed
