"""The one JSON reader: what it accepts, and what it refuses before building anything."""

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import safe_json

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 60), 1 << 60) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON_VALUES)
def test_json_round_trip(value: Any) -> None:
    clean = json.loads(json.dumps(value).replace("\\u0000", "0").replace("\\ud", "d"))
    assert safe_json.loads(safe_json.dumps(clean)) == clean


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1}\0\0',
        b'{"a":1}\0garbage\xff',
        b'{"a":1}\xff\xfe\xfd\xfc',
        b'{"a":1}{"b":2}',
        b'\xef\xbb\xbf{"a":1}',
        b' \r\n{"a":1}',
        '{"a":1}',
        bytearray(b'{"a":1}'),
        memoryview(b'{"a":1}'),
    ],
)
def test_only_the_leading_value_is_read(data: Any) -> None:
    assert safe_json.loads_object(data) == {"a": 1}


def test_control_characters_and_broken_utf_8_in_texts_are_survived() -> None:
    assert safe_json.loads(b'{"a":"x\ty\nz"}') == {"a": "x\ty\nz"}
    assert safe_json.loads(b'{"a":"\xff"}') == {"a": "\ufffd"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nothing",
        '{"a":1,"a":2}',
        "NaN",
        "[Infinity]",
        "[-Infinity]",
        "1" * 41,
        "1e999",
        "[1E+400]",
        "[" * 33,
        '{"a":' * 33,
        "[" * 100000,
        '{"a":"',
    ],
)
def test_bombs_and_broken_texts_are_refused(text: str) -> None:
    with pytest.raises(WireError):
        safe_json.loads(text)


def test_limits() -> None:
    assert safe_json.loads("[" * 32 + "]" * 32)
    with pytest.raises(WireError):
        safe_json.loads("[" * 5 + "]" * 5, max_depth=4)
    with pytest.raises(WireError):
        safe_json.loads("[1,2,3,4]", max_items=3)
    with pytest.raises(WireError):
        safe_json.loads("[1]", max_bytes=2)
    with pytest.raises(WireError):
        safe_json.loads_object("[1]")
    # Brackets, commas and digits inside texts count for nothing.
    quoted = json.dumps({"a": "[" * 50 + "," * 50 + "9" * 60 + '\\"'})
    assert safe_json.loads(quoted, max_items=3) == json.loads(quoted)


@pytest.mark.parametrize("unit", ["[", '{"a":[', '"\\', '\\"', '"a', "1", ",", '{"a":1},'])
def test_bombs_are_refused_quickly(unit: str) -> None:
    text = (unit * 300000)[: safe_json.MAX_BYTES]
    start = time.perf_counter()
    with contextlib.suppress(WireError):
        safe_json.loads(text)
    assert time.perf_counter() - start < 1


def test_values_that_cannot_be_written() -> None:
    for value in (object(), {1j: 1}, "\udc80"):
        with pytest.raises(WireError):
            safe_json.dumps(value)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (5, 5),
        ("5", 5),
        (" 5 ", 5),
        (True, 1),
        (5.0, 5),
        (5.5, 9),
        ("x", 9),
        ("", 9),
        (None, 9),
        ([], 9),
        ("1" * 50, 9),
    ],
)
def test_numbers_come_as_numbers_or_texts(value: object, number: int) -> None:
    assert safe_json.as_int(value, 9) == number


def test_texts() -> None:
    assert safe_json.as_text("a") == "a"
    assert safe_json.as_text(5) == "5"
    for value in (True, None, [], 1.5):
        assert safe_json.as_text(value) == ""


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_a_typed_error(data: bytes) -> None:
    with contextlib.suppress(WireError):
        safe_json.loads(data)
