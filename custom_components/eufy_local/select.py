"""The guard mode under the vendor's own names, with schedule and geofence."""

from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .entity import StationEntity
from .eufy.catalog.guard import GuardMode
from .eufy.station_events import GuardModeChanged
from .runtime import EufyConfigEntry
from .translate import raise_translated

PARALLEL_UPDATES = 1

GUARD_MODE: Final = SelectEntityDescription(key="guard_mode", translation_key="guard_mode")


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add the guard mode of each station that has one."""
    async_add_entities(
        GuardModeSelect(coordinator)
        for coordinator in entry.runtime_data.stations.values()
        if coordinator.station.guard_modes
    )


class GuardModeSelect(StationEntity, SelectEntity):
    """The selected mode; what a schedule makes of it is shown by the alarm panel."""

    shows = (GuardModeChanged,)

    def __init__(self, coordinator: StationCoordinator) -> None:
        super().__init__(coordinator, GUARD_MODE)

    @property
    @override
    def options(self) -> list[str]:
        """Return the modes that can be set, and the present one even where it is only reported."""
        modes = [mode.name.lower() for mode in self.station.guard_modes]
        shown = self.current_option
        return modes if shown is None or shown in modes else [*modes, shown]

    @property
    @override
    def current_option(self) -> str | None:
        mode = self.station.guard_mode
        return None if mode is None else mode.name.lower()

    @override
    @raise_translated
    async def async_select_option(self, option: str) -> None:
        await self.station.set_guard_mode(GuardMode[option.upper()])
