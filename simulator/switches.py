"""Setting faults by name, as the control interface gets them: plain JSON values."""

from enum import StrEnum
from typing import Any

from .families import Handshake
from .faults import Answer, Faults


def set_faults(faults: Faults, changes: dict[str, Any]) -> None:
    """Set switches by name; ValueError names what is no switch or does not fit."""
    values: dict[str, object] = {}
    for name, value in changes.items():
        if name not in Faults.__dataclass_fields__:
            raise ValueError(f"there is no fault {name}")
        try:
            values[name] = _converted(name, getattr(faults, name), value)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{value!r} does not fit {name}") from error
    for name, value in values.items():
        setattr(faults, name, value)


def _converted(name: str, current: object, value: Any) -> object:
    match name:
        case "handshake":
            return None if value is None else Handshake(value)
        case "ignore_first_search":
            return None if value is None else _flag(value)
        case "cipher_id":
            return None if value is None else int(value)
        case "answers":
            return {int(command): Answer(**answer) for command, answer in value.items()}
    match current:
        case StrEnum():
            return type(current)(value)
        case bool():
            return _flag(value)
        case int():
            return int(value)
        case _:
            return float(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value
