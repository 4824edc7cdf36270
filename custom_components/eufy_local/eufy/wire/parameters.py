"""Parameter dumps (record 1103) and lists of parameters in notifies, read and written.

Source: protocol/p2p-commands.md §4. Values are texts: numbers in decimal, structures as base64
of JSON, some as plain JSON (protocol/field.md). Decide by content and never fail on one value.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from ..errors import WireError
from . import safe_json
from .safe_json import JsonObject, JsonValue, as_int, as_text

STATION_BLOCK: Final = 255
OLD_STANDALONE_BLOCK: Final = 1000
"""Block label of old indoor devices, a T8442 and lock bridges."""

MAX_PARAMETERS: Final = 20_000
"""Most entries kept of one dump; a full HomeBase 3 has about 300."""
MAX_VALUE: Final = 64 * 1024
"""Longest value kept; mode tables have a few kB."""
ECC_ABILITY: Final = 128

SENSITIVE_PARAMETERS: Final = frozenset({61400, 61401})
"""Hold the identity of a SIM card inside base64 (protocol/field.md): never in diagnostics."""


class Param(IntEnum):
    """Parameters used by name (p2p-commands.md §4.2)."""

    CAMERA_SWITCH = 99904
    BATTERY = 1101
    ABILITY = 1103
    DETECTION = 1011
    NIGHT_VISION_AUTO = 1013
    DEVICE_SWITCH = 1035
    STATUS_LED = 1045
    STATUS_LED_2 = 1056
    DEVICE_STATUS = 1131
    SD_STATUS = 1135
    BATTERY_TEMPERATURE = 1138
    SUB1G_RSSI = 1141
    WIFI_RSSI = 1142
    GUARD_MODE_EFFECTIVE = 1151
    LAN_IP = 1176
    EMMC_USE = 1190
    TIME_ZONE = 1215
    STATION_NAME = 1216
    DEVICE_NAME = 1217
    GUARD_MODE = 1224
    SPEAKER_VOLUME = 1230
    MICROPHONE = 1240
    SPEAKER = 1241
    POWER_MODE = 1246
    CLIP_LENGTH = 1249
    RETRIGGER = 1250
    END_EARLY = 1251
    SNOOZE = 1271
    NIGHT_VISION = 1277
    SOLAR = 1309
    LIGHT = 1400
    ENTRY_SENSOR = 1550
    MOTION_SENSOR_TIME = 1605
    STREAM_QUALITY = 1705
    CHARGING = 2111
    STREAM_QUALITY_VIEWS = 2730
    RECORD_QUALITY_VIEWS = 2731
    PRIVACY = 6090
    PRIVACY_2 = 6250
    FIRMWARE = 7013


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: block (`dev_type`), id and text value.

    `dev_type` is 255 for the station, else the camera's channel; a standalone device labels its
    only block with its device type or 1000.
    """

    dev_type: int
    param_type: int
    value: str

    @property
    def sensitive(self) -> bool:
        """True when the value must not leave the process."""
        return self.param_type in SENSITIVE_PARAMETERS

    def number(self, default: int | None = None) -> int | None:
        """Return the value as an integer, else `default`."""
        text = self.value.strip()
        if text and len(text) <= 20 and (text[1:] if text[0] == "-" else text).isdecimal():
            return int(text)
        return default

    def structure(self) -> JsonValue:
        """Return the value as JSON, plain or in base64; None when it is neither.

        Numbers that happen to be valid base64 ("21") are not decoded; broken text is None.
        """
        return decode_structure(self.value)


@dataclass(frozen=True, slots=True)
class ParameterDump:
    """The content of one dump record: parameters in order, and the other top-level members."""

    parameters: tuple[Parameter, ...]
    extras: JsonObject = field(default_factory=dict)

    @property
    def firmware(self) -> str:
        """Main firmware version of the station, or the empty text."""
        return as_text(self.extras.get("main_sw_version"))

    def get(self, param_type: int, dev_type: int = STATION_BLOCK) -> str | None:
        """Return the value of one parameter of one block."""
        for item in self.parameters:
            if item.param_type == param_type and item.dev_type == dev_type:
                return item.value
        return None


def parse_dump(plaintext: bytes) -> ParameterDump:
    """Read a 1103 record's plaintext (JSON and NULs). Raises `WireError`."""
    value = safe_json.loads_object(plaintext)
    found = parse_entries(value.get("params"))
    # A paired Wi-Fi camera's stream settings appear only in the second list (§4.1).
    found += parse_entries(value.get("db_bypass_str"), block_key="channel")
    extras = {key: item for key, item in value.items() if key not in {"params", "db_bypass_str"}}
    return ParameterDump(found[:MAX_PARAMETERS], extras)


def parse_entries(value: object, block_key: str = "dev_type") -> tuple[Parameter, ...]:
    """Read a list of `{dev_type, param_type, param_value}`; entries of another form are left out."""
    out: list[Parameter] = []
    for entry in _objects(value):
        param_type = as_int(entry.get("param_type"), -1)
        raw = entry.get("param_value")
        if param_type < 0 or raw is None:
            continue
        if isinstance(raw, dict | list):
            text = safe_json.dumps(raw).decode()
        elif isinstance(raw, bool | float):
            text = str(as_int(raw)) if isinstance(raw, bool) else repr(raw)
        else:
            text = as_text(raw)
        out.append(
            Parameter(as_int(entry.get(block_key), STATION_BLOCK), param_type, text[:MAX_VALUE])
        )
        if len(out) >= MAX_PARAMETERS:
            break
    return tuple(out)


def decode_structure(text: str) -> JsonValue:
    """Return the JSON object or list in `text`, plain or base64; None when there is none."""
    bare = text.strip()
    if len(bare) > MAX_VALUE:
        return None
    if not bare.startswith(("{", "[")):
        if len(bare) < 4 or bare.lstrip("-").isdecimal():
            return None
        try:
            raw = base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
            bare = raw.decode()
        except binascii.Error, ValueError:
            return None
        if not bare.lstrip().startswith(("{", "[")):
            return None
    try:
        return safe_json.loads(bare)
    except WireError:
        return None


def supports_ecc(dump: ParameterDump, channel: int) -> bool:
    """Tell whether a camera allows the ECC key offer: its own 1103 is 128 or more.

    The camera's block counts, not the station's own 1103 (p2p-media.md §2.4; declared).
    """
    for item in dump.parameters:
        if item.param_type == Param.ABILITY and item.dev_type == channel:
            return (item.number() or 0) >= ECC_ABILITY
    return False


def dump_value(
    parameters: Iterable[Parameter], extras: JsonObject | None = None
) -> dict[str, object]:
    """Return the JSON of a dump as a station sends it."""
    return {
        "params": [
            {
                "dev_type": item.dev_type,
                "param_type": item.param_type,
                "param_value": item.value,
            }
            for item in parameters
        ],
        **(extras or {}),
    }


def _objects(value: object) -> list[JsonObject]:
    if not isinstance(value, list):
        return []
    return [entry for entry in value if isinstance(entry, dict)]
