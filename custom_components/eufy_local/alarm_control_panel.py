"""The guard of a HomeBase as an alarm panel."""

from typing import Final, override

from homeassistant.components.alarm_control_panel import (
    AlarmControlPanelEntity,
    AlarmControlPanelEntityDescription,
)
from homeassistant.components.alarm_control_panel import (
    AlarmControlPanelEntityFeature as Feature,
)
from homeassistant.components.alarm_control_panel import (
    AlarmControlPanelState as PanelState,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import StationCoordinator
from .entity import StationEntity
from .eufy.catalog.guard import GuardMode
from .eufy.station_events import AlarmChanged, EntryDelayChanged, GuardModeChanged
from .runtime import EufyConfigEntry
from .translate import raise_translated

PARALLEL_UPDATES = 1

GUARD: Final = AlarmControlPanelEntityDescription(key="guard", translation_key="guard")

# The panel has names for five armed states; the vendor's three custom modes take the three that
# have no counterpart. The select beside it shows every mode under its own name.
STATES: Final = {
    GuardMode.AWAY: PanelState.ARMED_AWAY,
    GuardMode.HOME: PanelState.ARMED_HOME,
    GuardMode.CUSTOM_1: PanelState.ARMED_NIGHT,
    GuardMode.CUSTOM_2: PanelState.ARMED_VACATION,
    GuardMode.CUSTOM_3: PanelState.ARMED_CUSTOM_BYPASS,
    GuardMode.OFF: PanelState.DISARMED,
    GuardMode.DISARMED: PanelState.DISARMED,
}
FEATURES: Final = {
    GuardMode.AWAY: Feature.ARM_AWAY,
    GuardMode.HOME: Feature.ARM_HOME,
    GuardMode.CUSTOM_1: Feature.ARM_NIGHT,
    GuardMode.CUSTOM_2: Feature.ARM_VACATION,
    GuardMode.CUSTOM_3: Feature.ARM_CUSTOM_BYPASS,
}


async def async_setup_entry(
    hass: HomeAssistant, entry: EufyConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add a panel for each station that has a guard mode."""
    async_add_entities(
        GuardPanel(coordinator)
        for coordinator in entry.runtime_data.stations.values()
        if coordinator.station.guard_modes
    )


class GuardPanel(StationEntity, AlarmControlPanelEntity):
    """Shows the mode that is in force, and an alarm; sets the mode.

    With a schedule or geofence the mode in force is what the station resolved it to.
    """

    _attr_code_arm_required = False
    shows = (AlarmChanged, EntryDelayChanged, GuardModeChanged)

    def __init__(self, coordinator: StationCoordinator) -> None:
        super().__init__(coordinator, GUARD)
        features = Feature(0)
        for mode in self.station.guard_modes:
            features |= FEATURES.get(mode, Feature(0))
        self._attr_supported_features = features

    @property
    @override
    def alarm_state(self) -> PanelState | None:
        if self.station.alarm_active:
            return PanelState.TRIGGERED
        if self.station.entry_delay:
            return PanelState.PENDING
        mode = self.station.effective_mode
        return None if mode is None else STATES.get(mode)

    @property
    @override
    def changed_by(self) -> str | None:
        return self.station.changed_by

    @override
    async def async_alarm_disarm(self, code: str | None = None) -> None:
        await self._set(GuardMode.DISARMED)

    @override
    async def async_alarm_arm_home(self, code: str | None = None) -> None:
        await self._set(GuardMode.HOME)

    @override
    async def async_alarm_arm_away(self, code: str | None = None) -> None:
        await self._set(GuardMode.AWAY)

    @override
    async def async_alarm_arm_night(self, code: str | None = None) -> None:
        await self._set(GuardMode.CUSTOM_1)

    @override
    async def async_alarm_arm_vacation(self, code: str | None = None) -> None:
        await self._set(GuardMode.CUSTOM_2)

    @override
    async def async_alarm_arm_custom_bypass(self, code: str | None = None) -> None:
        await self._set(GuardMode.CUSTOM_3)

    @raise_translated
    async def _set(self, mode: GuardMode) -> None:
        await self.station.set_guard_mode(mode)
