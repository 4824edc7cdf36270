"""The one JSON reader for text that comes from a device, a push or the cloud.

It has caps on size, depth, number of items and digits, refuses duplicate keys, and never raises
anything but `WireError` (design/security.md T9). Station JSON ends with NULs and sometimes with
left-over bytes (protocol/p2p.md §8 trap 23, protocol/field.md), so only the leading value is
read.
"""

import json
import re
from typing import Final

from ..errors import WireError
from .datagram import Buffer

type JsonValue = bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None
type JsonObject = dict[str, JsonValue]

MAX_BYTES: Final = 256 * 1024
"""Default size limit: that of a control record (T6)."""

MAX_DEPTH: Final = 32
"""Deepest nesting; the deepest known text (a history page) has 6 levels."""

MAX_ITEMS: Final = 100_000
"""Most values in one text: a full database page has about 10,000."""

_MAX_NUMBER: Final = 40
"""Most characters of one number; 64-bit integers have 20 digits."""

_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_LONG_NUMBER: Final = re.compile(rf"[0-9.eE+-]{{{_MAX_NUMBER + 1},}}|[eE][+-]?[0-9]{{3,}}")
_BRACKET: Final = re.compile(r"[\[\]{}]")


def loads(
    data: Buffer | str,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_items: int = MAX_ITEMS,
) -> JsonValue:
    """Return the leading JSON value of `data`; whatever follows it is ignored.

    Bytes are cut at the first NUL and read as UTF-8 with replacement. Raises `WireError`.
    """
    if len(data) > max_bytes:
        raise WireError("JSON text too large")
    text = data if isinstance(data, str) else bytes(data).decode("utf-8", "replace")
    text = text.partition("\0")[0].lstrip(" \t\r\n\ufeff")
    _check_shape(text, max_depth, max_items)
    try:
        value: JsonValue = _DECODER.raw_decode(text)[0]
    except ValueError, RecursionError:
        raise WireError("not JSON") from None
    return value


def loads_object(
    data: Buffer | str,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_items: int = MAX_ITEMS,
) -> JsonObject:
    """As `loads`, but the value must be an object."""
    value = loads(data, max_bytes=max_bytes, max_depth=max_depth, max_items=max_items)
    if not isinstance(value, dict):
        raise WireError("not a JSON object")
    return value


def dumps(value: object) -> bytes:
    """Return compact JSON as UTF-8, as clients and stations send it. Raises `WireError`."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WireError("value cannot be written as JSON") from error


def as_int(value: object, default: int = 0) -> int:
    """Read an integer that may come as a number or as decimal text."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and len(value) <= _MAX_NUMBER:
        try:
            return int(value.strip())
        except ValueError:
            return default
    return default


def as_text(value: object) -> str:
    """Read a text that may come as a number; anything else is the empty text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""


def _check_shape(text: str, max_depth: int, max_items: int) -> None:
    """Refuse bombs before the parser builds anything."""
    bare = _STRING.sub("", text)
    if _LONG_NUMBER.search(bare):
        raise WireError("JSON number too long")
    items = bare.count(",") + bare.count("[") + bare.count("{")
    if items > max_items:
        raise WireError("JSON text has too many items")
    depth = 0
    for match in _BRACKET.finditer(bare):
        if match.group() in "[{":
            depth += 1
            if depth > max_depth:
                raise WireError("JSON text nested too deeply")
        else:
            depth -= 1


def _unique(pairs: list[tuple[str, JsonValue]]) -> JsonObject:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise WireError("JSON object with a duplicate key")
    return value


def _refuse(constant: str) -> JsonValue:
    raise WireError(f"JSON constant {constant}")


_DECODER: Final = json.JSONDecoder(strict=False, object_pairs_hook=_unique, parse_constant=_refuse)
