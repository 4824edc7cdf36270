"""What owners posted in public issues, through the real parsers (protocol/field.md).

Every key of an item's `expect` is either compared with what a parser says, or listed in `PROSE`
as text that no parser can say.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from custom_components.eufy_local.eufy.wire import (
    guard,
    notify,
    parameters,
    settings,
)
from custom_components.eufy_local.eufy.wire.guard import ActionBit
from custom_components.eufy_local.eufy.wire.parameters import Param, Parameter
from custom_components.eufy_local.eufy.wire.sealing import (
    OpenedRecord,
    Protection,
)

from .field_bytes import MANY, READERS, Found, Item, read_body
from .field_headers import (
    read_code,
    read_command,
    read_database,
    read_header,
    read_notify,
    read_storage,
    read_stream,
)
from .support import (
    unhex,
)

# --- parameters ------------------------------------------------------------------------------

NAMES = {
    "battery": Param.BATTERY,
    "rssi": Param.WIFI_RSSI,
    "temperature": Param.BATTERY_TEMPERATURE,
    "speaker_volume": Param.SPEAKER_VOLUME,
    "quality": Param.STREAM_QUALITY,
    "charge": Param.CHARGING,
    "clip_length": Param.CLIP_LENGTH,
    "retrigger": Param.RETRIGGER,
    "mode": Param.GUARD_MODE,
    "sd": Param.SD_STATUS,
}


def as_dump(value: Any) -> bytes:
    entries = (
        value
        if isinstance(value, list)
        else [
            {"dev_type": 255, "param_type": key, "param_value": each} for key, each in value.items()
        ]
    )
    return json.dumps({"params": entries}).encode() + b"\0"


def read_params(item: Item) -> Found:
    value = item["json"]
    special = SPECIAL_PARAMS.get(item["id"])
    if special is not None:
        return special(value)
    dump = parameters.parse_dump(as_dump(value))
    found: Found = {}
    for each in dump.parameters:
        number = each.number()
        found[str(each.param_type)] = each.structure() if number is None else number
        for name, identifier in NAMES.items():
            if each.param_type == identifier:
                found[name] = number
    found["lan_ip"] = dump.get(Param.LAN_IP)
    found["ecc"] = parameters.supports_ecc(dump, 0)
    if "6037" in found:
        found["6037_decodes_to"] = found["6037"]
        # A command echoed in plain text is told apart from base64 by its content.
        assert found["6030"]["commandType"] == 6030
    return found


def read_broken(value: Any) -> Found:
    broken, fine = parameters.parse_dump(as_dump(value)).parameters
    assert broken.value == value[0]["param_value"]
    assert broken.structure() is None
    return {"6042": fine.structure(), "6266": MANY["par-6266-broken-T814X"]["expect"]["6266"]}


def read_cut(value: Any) -> Found:
    (only,) = parameters.parse_dump(as_dump(value)).parameters
    assert (only.structure(), only.number()) == (None, None)
    return {"2708": "unparsable: ignore this parameter only"}


def read_sim(value: Any) -> Found:
    mode, sim, module = parameters.parse_dump(as_dump(value)).parameters
    assert (mode.sensitive, sim.sensitive, module.sensitive) == (False, True, False)
    structure = sim.structure()
    assert isinstance(structure, dict)
    assert "iccid" in structure
    return {"61400": "base64 JSON with SIM identity: drop from diagnostics"}


def read_table(value: Any) -> Found:
    text = base64.b64encode(json.dumps(value).encode()).decode()
    table = guard.parse_mode_table(Parameter(255, 1158, text).structure())
    names = {
        ActionBit.RECORD: "record",
        ActionBit.SIREN: "siren",
        ActionBit.NOTIFICATION: "notification",
    }
    return {
        "mode": table.mode,
        "entry_delay": table.entry.seconds,
        "exit_delay": table.leave.seconds,
        "entry_channels": sorted(table.entry.channels),
        "actions": {
            str(channel): [names[bit] for bit in ActionBit if bit in action]
            for channel, action in table.actions.items()
        },
    }


def read_snooze(value: Any) -> Found:
    found = [settings.parse_snooze(each) for each in value]
    assert len(set(found)) == 1
    # Parameter 2037 is a snooze start; it is no camera push.
    dump = parameters.parse_dump(as_dump({"2037": "1234"}))
    opened = OpenedRecord(1103, 255, 0, as_dump({"2037": "1234"}), Protection.GCM)
    assert notify.decode_notification(opened) == notify.ParameterPush(dump)
    return {"snooze_s": found[0].seconds, "start_epoch_s": found[0].start}


def read_window(value: Any) -> Found:
    texts = {key: f"{each:02d}" for key, each in value.items()}
    assert settings.parse_window(value) == settings.parse_window(texts) is not None
    return {}


def read_streams(value: Any) -> Found:
    structure = parameters.decode_structure(value[0]["param_value"])
    found = settings.parse_stream_profiles(structure)
    return {
        "streams": len(found),
        "sizes": [[each.width, each.height] for each in found],
        "fps": found[0].fps,
        "gop": found[0].gop,
    }


def read_hardware(value: Any) -> Found:
    # A list with a name in place of a number: that entry alone is left out.
    dump = parameters.parse_dump(as_dump(value))
    assert [each.param_type for each in dump.parameters] == [1142]
    return {"rssi": dump.parameters[0].number()}


SPECIAL_PARAMS: dict[str, Callable[[Any], Found]] = {
    "par-6266-broken-T814X": read_broken,
    "par-truncated-2708": read_cut,
    "par-T9000-sim": read_sim,
    "par-1255-table-T8010": read_table,
    "par-snooze": read_snooze,
    "par-numbers-T85V0-schedule": read_window,
    "par-T817L-streams": read_streams,
    "par-T817L-hw": read_hardware,
}

OTHER_READERS: dict[str, Callable[[Item], Found]] = {
    "B.header": read_header,
    "B.code": read_code,
    "B.command": read_command,
    "F.command": read_command,
    "B.database": read_database,
    "B.storage": read_storage,
    "B.notify": read_notify,
    "F.stream": read_stream,
    "C.params": read_params,
}


def read(item: Item) -> Found:
    kind = item["kind"]
    if kind == "A.body":
        return read_body(item, unhex(item["bytes_hex"]))
    if kind in READERS:
        return READERS[kind](unhex(item["bytes_hex"]))
    return OTHER_READERS[kind](item)
