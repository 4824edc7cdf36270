"""The parameters of a station and its devices, as last read; by channel, bounded.

A dump labels its blocks by `dev_type`: 255 and 1000 mean the station itself, else the channel of
a device; a standalone device labels its only block with its own device type or 1000
(`protocol/p2p-commands.md` §4.1, `devices.md` §1 trap 1).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from .wire.parameters import OLD_STANDALONE_BLOCK, STATION_BLOCK, Parameter

MAX_BLOCKS: Final = 80  # a HomeBase takes 16 cameras and some 50 sensors
MAX_PER_BLOCK: Final = 2048  # an HB3 block has about 100; bounds what a forger can add
_EMPTY: Final[Mapping[int, str]] = MappingProxyType({})


class ParameterBlocks:
    """Parameters by channel; `standalone` stations have one block for all labels."""

    def __init__(self, *, standalone: bool) -> None:
        self.standalone = standalone
        self._blocks: dict[int, dict[int, str]] = {}

    def block(self, channel: int) -> Mapping[int, str]:
        """Return the parameters of a channel, 255 for the station; a live, read-only view."""
        found = self._blocks.get(self._key(channel))
        return _EMPTY if found is None else MappingProxyType(found)

    def seed(self, channel: int, values: Mapping[int, str]) -> None:
        """Take older values, from the cloud's list, where nothing newer is known."""
        block = self._open(channel)
        if block is not None:
            for param, value in values.items():
                if len(block) < MAX_PER_BLOCK:
                    block.setdefault(param, value)

    def update(self, parameters: Iterable[Parameter]) -> frozenset[int]:
        """Take parameters of a dump or notify; return the channels in which something changed."""
        changed: set[int] = set()
        for parameter in parameters:
            channel = self._key(parameter.dev_type)
            block = self._open(channel)
            if block is None or block.get(parameter.param_type) == parameter.value:
                continue
            if parameter.param_type not in block and len(block) >= MAX_PER_BLOCK:
                continue
            block[parameter.param_type] = parameter.value
            changed.add(channel)
        return frozenset(changed)

    def _key(self, label: int) -> int:
        if self.standalone or label == OLD_STANDALONE_BLOCK:
            return STATION_BLOCK
        return label

    def _open(self, channel: int) -> dict[int, str] | None:
        key = self._key(channel)
        block = self._blocks.get(key)
        if block is None and len(self._blocks) < MAX_BLOCKS:
            block = self._blocks[key] = {}
        return block


def number(block: Mapping[int, str], param: int) -> int | None:
    """Return a parameter as a whole number, `None` when it is absent or no number."""
    text = block.get(param)
    return None if text is None else Parameter(STATION_BLOCK, param, text).number()
