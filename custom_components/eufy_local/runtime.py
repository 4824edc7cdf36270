"""What an entry holds while it is set up, and the one piece that all entries share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    from .coordinator import StationCoordinator
    from .eufy.account import Account
    from .eufy.net.gate import Gate
    from .memory import Memory

type EufyConfigEntry = ConfigEntry[EufyData]


@dataclass(slots=True, kw_only=True)
class EufyData:
    """One account: its gate to the network, and a coordinator for each of its stations."""

    gate: Gate
    account: Account
    memory: Memory
    stations: dict[str, StationCoordinator]
    """By serial."""
