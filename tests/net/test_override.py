"""The override can only ever point at this host."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import ConfigurationError, EufyError
from custom_components.eufy_local.eufy.net import LoopbackOverride

GOOD = {
    "cloud": "http://127.0.0.1:8080",
    "login_server_key": "04ab",
    "search": ["127.255.255.255", 32108],
}


def test_reads_what_a_simulator_prints() -> None:
    override = LoopbackOverride.parse(json.dumps(GOOD))
    assert override == LoopbackOverride("http://127.0.0.1:8080", "04ab", ("127.255.255.255", 32108))
    full = LoopbackOverride.parse(json.dumps({**GOOD, "push": ["127.0.0.1", 5228], "more": 1}))
    assert full.push == ("127.0.0.1", 5228)
    six = LoopbackOverride.parse(json.dumps({**GOOD, "cloud": "http://[::1]:8080/"}))
    assert six.cloud == "http://[::1]:8080"


@pytest.mark.parametrize(
    "change",
    [
        {"cloud": "http://192.168.1.2:80"},
        {"cloud": "http://localhost:80"},
        {"cloud": "http://127.0.0.1.evil.example:80"},
        {"cloud": "http://127.0.0.1@evil.example:80"},
        {"cloud": "http://user:pw@127.0.0.1:80"},
        {"cloud": "https://127.0.0.1:80"},
        {"cloud": "http://127.0.0.1"},
        {"cloud": "http://127.0.0.1:99999"},
        {"cloud": "http://127.0.0.1:80/path"},
        {"cloud": "http://127.0.0.1:80?x"},
        {"cloud": "http://[::ffff:8.8.8.8]:80"},
        {"cloud": "http://[::1:80"},
        {"cloud": 7},
        {"login_server_key": None},
        {"search": ["255.255.255.255", 32108]},
        {"search": ["192.168.1.255", 32108]},
        {"search": ["127.0.0.1", 0]},
        {"search": ["127.0.0.1", 70000]},
        {"search": ["127.0.0.1", True]},
        {"search": ["127.0.0.1"]},
        {"search": None},
        {"push": ["10.0.0.1", 5228]},
        {"push": "127.0.0.1"},
    ],
)
def test_anything_else_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        LoopbackOverride.parse(json.dumps({**GOOD, **change}))


@pytest.mark.parametrize("text", ["", "[]", "nonsense", "1", "[" * 3000, " " * 5000 + "{}"])
def test_text_that_is_no_override(text: str) -> None:
    with pytest.raises(ConfigurationError):
        LoopbackOverride.parse(text)


@given(st.text(max_size=200))
def test_never_raises_anything_else(text: str) -> None:
    with contextlib.suppress(EufyError):
        LoopbackOverride.parse(text)


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EUFY_LOCAL_SIMULATOR", raising=False)
    assert LoopbackOverride.from_environment() is None
    monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", json.dumps(GOOD))
    override = LoopbackOverride.from_environment()
    assert override is not None
    assert override.search == ("127.255.255.255", 32108)
    monkeypatch.setenv("EUFY_LOCAL_SIMULATOR", "{}")
    with pytest.raises(ConfigurationError):
        LoopbackOverride.from_environment()
