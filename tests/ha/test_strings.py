"""What hassfest checks about texts and icons, and that every key the code uses has a text."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "custom_components" / "eufy_local"
STRINGS = json.loads((FOLDER / "strings.json").read_text())
ICONS = json.loads((FOLDER / "icons.json").read_text())
TRIGGERS = yaml.safe_load((FOLDER / "triggers.yaml").read_text())

TOP_KEYS = {
    "title",
    "common",
    "config",
    "options",
    "entity",
    "exceptions",
    "issues",
    "selector",
    "services",
    "triggers",
    "conditions",
    "device",
}


def walk(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield every text with its path."""
    for key, value in node.items():
        if isinstance(value, dict):
            yield from walk(value, (*path, key))
        else:
            yield (*path, key), value


TEXTS = list(walk(STRINGS))


def placeholders(text: str) -> set[str]:
    """Return the names in braces."""
    return set(re.findall(r"{(\w+)}", text))


def test_english_is_the_source() -> None:
    assert json.loads((FOLDER / "translations" / "en.json").read_text()) == STRINGS
    assert set(STRINGS) <= TOP_KEYS


@pytest.mark.parametrize("file", sorted((FOLDER / "translations").glob("*.json")))
def test_every_language_has_the_same_keys_and_placeholders(file: Path) -> None:
    texts = dict(walk(json.loads(file.read_text())))
    source = dict(TEXTS)
    assert set(texts) <= set(source)
    for path, text in texts.items():
        assert placeholders(text) == placeholders(source[path]), path


@pytest.mark.parametrize(("path", "text"), TEXTS, ids=lambda value: str(value)[:60])
def test_texts_have_the_form_that_translators_need(path: tuple[str, ...], text: str) -> None:
    assert isinstance(text, str)
    assert text == text.strip()
    assert text
    assert not re.search(r"</?[a-z]+[^>]*>", text), "no HTML"
    assert not re.search(r"https?://", text), "addresses are placeholders"
    assert not re.search(r"'{\w+}'", text), "no quoted placeholders"
    assert "[%key" not in text, "references work in core only"
    assert all(re.fullmatch(r"[a-z0-9-_]+", key) for key in path)


@pytest.mark.parametrize("flow", ["config", "options"])
def test_fields_are_described(flow: str) -> None:
    for name, step in STRINGS[flow]["step"].items():
        assert set(step.get("data_description", ())) == set(step.get("data", ())), name


def test_issues_have_a_title_and_one_way_to_go_on() -> None:
    for issue in STRINGS["issues"].values():
        assert issue["title"]
        assert ("description" in issue) != ("fix_flow" in issue)


def test_icons_have_the_right_form() -> None:
    assert set(ICONS) <= {"entity", "triggers", "services", "conditions"}
    for path, icon in walk(ICONS):
        assert re.fullmatch(r"mdi:[a-z0-9-]+", icon), path


def test_every_icon_belongs_to_a_text() -> None:
    for platform, entities in ICONS["entity"].items():
        assert set(entities) <= set(STRINGS["entity"][platform])
        for key, icon in entities.items():
            states = STRINGS["entity"][platform][key].get("state", {})
            assert set(icon.get("state", ())) <= set(states) | {"on", "off"}


def test_triggers_agree_in_all_files() -> None:
    assert set(TRIGGERS) == set(STRINGS["triggers"]) == set(ICONS["triggers"])
    for key, trigger in TRIGGERS.items():
        texts = STRINGS["triggers"][key]
        assert texts["name"]
        assert texts["description"]
        assert set(trigger.get("fields", ())) == set(texts.get("fields", ()))
        for field in trigger.get("fields", {}).values():
            (selector,) = field["selector"].values()
            if selector and "translation_key" in selector:
                options = STRINGS["selector"][selector["translation_key"]]["options"]
                assert list(selector["options"]) == [o for o in selector["options"] if o in options]
                assert set(selector["options"]) == set(options)
