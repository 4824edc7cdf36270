"""Readers of untrusted JSON fields: a bounded value or a default, never an exception."""

import ipaddress
import re
from collections.abc import Mapping
from typing import Final

from ..text import clean_name, clean_serial

type Json = Mapping[str, object]

MAX_TEXT: Final = 256
"""Longest other text that is kept of the cloud's answers."""

_IDENTIFIER: Final = re.compile(r"[0-9A-Za-z_.:-]{1,64}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,10}")


def as_dict(value: object) -> Json:
    """Return a JSON object, an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object, limit: int) -> list[object]:
    """Return at most `limit` items of a JSON list, none for anything else."""
    return value[:limit] if isinstance(value, list) else []


def text(entry: Json, *keys: str, limit: int = MAX_TEXT) -> str:
    """Return the first of the fields that is a text and not empty, cut to `limit`.

    A field can be there and be empty (`field.md` device-T86P2), so emptiness is what counts.
    """
    for key in keys:
        value = entry.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()[:limit]
    return ""


def number(entry: Json, *keys: str, default: int = 0) -> int:
    """Return the first of the fields that is a whole number, also as a numeric text."""
    for key in keys:
        value = entry.get(key)
        if isinstance(value, bool):
            continue
        if isinstance(value, int) and abs(value) < 1 << 63:
            return value
        if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
            return int(value)
    return default


def identifier(entry: Json, *keys: str) -> str:
    """Return the first field with the form of an id (letters, digits, `_.:-`, at most 64)."""
    for key in keys:
        value = entry.get(key)
        if isinstance(value, str) and _IDENTIFIER.fullmatch(value):
            return value
    return ""


def serial(entry: Json, *keys: str) -> str:
    """Return the first field with the form of a serial number: capitals and digits."""
    for key in keys:
        if value := clean_serial(entry.get(key)):
            return value
    return ""


def address(entry: Json, *keys: str) -> str:
    """Return the first field that is an IPv4 address; only a hint where to search."""
    for key in keys:
        value = entry.get(key)
        if isinstance(value, str):
            try:
                return str(ipaddress.IPv4Address(value))
            except ValueError:
                continue
    return ""


def name(entry: Json, *keys: str, fallback: str) -> str:
    """Return the first readable name, made safe to show, else the fallback."""
    for key in keys:
        if cleaned := clean_name(entry.get(key)):
            return cleaned
    return fallback
