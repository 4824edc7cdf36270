"""What a station remembers: parameters, guard mode, its disk (protocol/p2p-commands.md §3, §4)."""

import base64
import json
from collections.abc import Iterable

from custom_components.eufy_local.eufy.wire.parameters import (
    STATION_BLOCK,
    Param,
    Parameter,
    dump_value,
)
from custom_components.eufy_local.eufy.wire.safe_json import JsonObject

from ..home import StationSpec

SELECTED = 1224
IN_FORCE = 1151
SCHEDULE = 2
GEOFENCE = 47
SLOT_MODE = 1
"""Mode of the schedule's current slot; the report never says 2 (hardware)."""
STREAM_QUALITY = 2731


class Memory:
    """Parameter blocks of a station; every value is text, as on the wire."""

    def __init__(self, spec: StationSpec) -> None:
        self._spec = spec
        self._blocks: dict[int, dict[int, str]] = {STATION_BLOCK: dict(spec.params)}
        for camera in spec.cameras:
            block = self._blocks.setdefault(self.block_of(camera.channel), {})
            block.update(camera.params)

    def block_of(self, channel: int) -> int:
        """Key of the block of a channel; a standalone camera has one block for everything."""
        return STATION_BLOCK if self._spec.family.standalone else channel

    def get(self, param: int, channel: int = STATION_BLOCK) -> str | None:
        """A value, or None."""
        return self._blocks.get(self.block_of(channel), {}).get(param)

    def set(self, param: int, value: str, channel: int = STATION_BLOCK) -> bool:
        """Store a value; True when it is another one than before."""
        block = self._blocks.setdefault(self.block_of(channel), {})
        changed = block.get(param) != value
        block[param] = value
        return changed

    @property
    def mode(self) -> int:
        """The selected guard mode."""
        return int(self._blocks[STATION_BLOCK].get(SELECTED, "63"))

    @property
    def mode_in_force(self) -> int:
        """The mode that counts; never schedule."""
        return int(self._blocks[STATION_BLOCK].get(IN_FORCE, "63"))

    def select_mode(self, mode: int) -> bool:
        """Select a guard mode; True when anything changed."""
        effective = SLOT_MODE if mode in (SCHEDULE, GEOFENCE) else mode
        changed = self.set(SELECTED, str(mode))
        return self.set(IN_FORCE, str(effective)) or changed

    def dump(self) -> dict[str, object]:
        """The whole dump as one object."""
        return dump_value(self._parameters(self._blocks), self._extras())

    def dump_per_block(self) -> list[dict[str, object]]:
        """The dump with one object per block, the station's first."""
        parts = [dump_value(self._parameters([block])) for block in self._blocks]
        parts[0] |= self._extras()
        return parts

    def _parameters(self, blocks: Iterable[int]) -> list[Parameter]:
        family = self._spec.family
        hidden = set() if family.mode_in_dump else {SELECTED, IN_FORCE}
        return [
            Parameter(family.dump_label if block == STATION_BLOCK else block, param, value)
            for block in blocks
            for param, value in sorted(self._blocks[block].items())
            if param not in hidden
        ]

    def _extras(self) -> JsonObject:
        quality = base64.b64encode(json.dumps({"mode_0": {"quality": 2}}).encode()).decode()
        return {
            "db_bypass_str": [
                {
                    "channel": camera.channel,
                    "device_sn": camera.serial,
                    "param_type": STREAM_QUALITY,
                    "param_value": quality,
                }
                for camera in self._spec.cameras
            ],
            "main_sw_version": self._spec.firmware,
            "sec_sw_version": "1.4.0.8",
        }


def ability(memory: Memory, channel: int) -> int:
    """The camera's ability word; 128 and more ask for ECC media."""
    text = memory.get(Param.ABILITY, channel) or "0"
    return int(text) if text.isdecimal() else 0
