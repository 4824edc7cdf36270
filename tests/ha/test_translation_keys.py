"""Every key that the code can show has a text, found by walking the code's own tables."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from homeassistant.helpers.entity import EntityDescription

from custom_components.eufy_local import eufy
from custom_components.eufy_local.const import PLATFORMS
from custom_components.eufy_local.eufy.catalog import GuardMode
from custom_components.eufy_local.eufy.detections import DetectionKind
from custom_components.eufy_local.eufy.errors import EufyError

FOLDER = Path(__file__).parents[2] / "custom_components" / "eufy_local"
STRINGS = json.loads((FOLDER / "strings.json").read_text())
ICONS = json.loads((FOLDER / "icons.json").read_text())


def errors(kind: type[EufyError] = EufyError) -> Iterator[type[EufyError]]:
    """Yield the whole tree of errors, also those that rooms of the client add."""
    for module in pkgutil.walk_packages(eufy.__path__, f"{eufy.__name__}."):
        importlib.import_module(module.name)
    yield kind
    for child in kind.__subclasses__():
        yield from errors(child)


def descriptions(platform: str) -> Iterator[EntityDescription]:
    """Yield the descriptions that a platform's module holds."""
    module = importlib.import_module(f"custom_components.eufy_local.{platform}")
    for value in vars(module).values():
        for item in value if isinstance(value, tuple) else (value,):
            # Home Assistant's own descriptions only look like subclasses of the base.
            if hasattr(item, "translation_key") and not isinstance(item, type):
                yield item


def test_every_error_has_a_sentence() -> None:
    keys = {kind.key for kind in errors()}
    assert keys - set(STRINGS["exceptions"]) == set()
    assert len(keys) > 20


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_entity_has_a_name_and_an_icon(platform: str) -> None:
    found = list(descriptions(platform))
    assert found
    for description in found:
        named = description.translation_key or description.device_class
        assert named or description.name is None, description.key
        if description.translation_key:
            assert STRINGS["entity"][platform][description.translation_key]["name"]
            if description.device_class is None:
                assert description.translation_key in ICONS["entity"][platform]


def test_every_state_has_a_text() -> None:
    kinds = {kind.value for kind in DetectionKind}
    detection = STRINGS["entity"]["event"]["detection"]["state_attributes"]["event_type"]["state"]
    assert set(detection) == kinds
    assert set(STRINGS["selector"]["detection_kind"]["options"]) == kinds
    modes = {mode.name.lower() for mode in GuardMode}
    assert set(STRINGS["entity"]["select"]["guard_mode"]["state"]) == modes
