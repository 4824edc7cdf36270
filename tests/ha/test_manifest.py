"""What hassfest and HACS check about the manifest, hacs.json and the brand, offline."""

import json
import re
from pathlib import Path

import pytest
from awesomeversion import AwesomeVersion
from homeassistant.loader import async_get_integration
from PIL import Image

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "custom_components" / "eufy_local"
MANIFEST = json.loads((FOLDER / "manifest.json").read_text())
HACS = json.loads((ROOT / "hacs.json").read_text())

REQUIRED = {"domain", "name", "codeowners", "documentation", "issue_tracker", "version"}
KNOWN = REQUIRED | {
    "after_dependencies",
    "categories",
    "config_flow",
    "connectivity",
    "dependencies",
    "dhcp",
    "integration_type",
    "iot_class",
    "loggers",
    "quality_scale",
    "requirements",
}
HACS_KEYS = {
    "name",
    "content_in_root",
    "country",
    "filename",
    "hacs",
    "hide_default_branch",
    "homeassistant",
    "persistent_directory",
    "render_readme",
    "zip_release",
}


def test_keys_are_sorted_and_known() -> None:
    keys = list(MANIFEST)
    assert keys[:2] == ["domain", "name"]
    assert keys[2:] == sorted(keys[2:])
    assert set(keys) >= REQUIRED
    assert set(keys) <= KNOWN


def test_values_have_the_forms_that_the_validators_want() -> None:
    assert MANIFEST["domain"] == FOLDER.name
    assert re.fullmatch(r"[a-z0-9_]+", MANIFEST["domain"])
    assert isinstance(MANIFEST["codeowners"], list)
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["iot_class"] == "local_push"
    assert MANIFEST["integration_type"] == "hub"
    for key in ("documentation", "issue_tracker"):
        assert MANIFEST[key].startswith("https://")
    assert AwesomeVersion(MANIFEST["version"]).valid
    for matcher in MANIFEST.get("dhcp", ()):
        if "macaddress" in matcher:
            assert re.fullmatch(r"[0-9A-F]{6,12}\*?", matcher["macaddress"])
        if "hostname" in matcher:
            assert matcher["hostname"] == matcher["hostname"].lower()


def test_domain_is_free_in_core() -> None:
    import homeassistant.components

    core = Path(homeassistant.components.__file__).parent
    assert not (core / MANIFEST["domain"]).exists()


def test_hacs_file_is_accepted() -> None:
    assert HACS["name"]
    assert set(HACS) <= HACS_KEYS
    assert "filename" in HACS or not HACS.get("zip_release")
    assert AwesomeVersion(HACS["homeassistant"]) >= AwesomeVersion("2026.10.0")


@pytest.mark.parametrize(("name", "size"), [("icon.png", 256), ("icon@2x.png", 512)])
def test_brand_pictures(name: str, size: int) -> None:
    with Image.open(FOLDER / "brand" / name) as picture:
        assert picture.format == "PNG"
        assert picture.size == (size, size)


async def test_home_assistant_accepts_the_integration(hass) -> None:
    integration = await async_get_integration(hass, MANIFEST["domain"])
    assert not integration.is_built_in
    assert integration.has_translations
    component = await integration.async_get_component()
    assert MANIFEST["domain"] == component.DOMAIN
