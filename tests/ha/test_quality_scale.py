"""All rules of Home Assistant's quality scale have an honest answer, and claims have a ground."""

import re
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "custom_components" / "eufy_local"
RULES = yaml.safe_load((FOLDER / "quality_scale.yaml").read_text())["rules"]

# The 54 rules of October 2026, by tier.
BRONZE = [
    "action-setup",
    "appropriate-polling",
    "brands",
    "common-modules",
    "config-flow",
    "config-flow-test-coverage",
    "dependency-transparency",
    "docs-actions",
    "docs-conditions",
    "docs-high-level-description",
    "docs-installation-instructions",
    "docs-removal-instructions",
    "docs-triggers",
    "entity-event-setup",
    "entity-unique-id",
    "has-entity-name",
    "runtime-data",
    "test-before-configure",
    "test-before-setup",
    "unique-config-entry",
]
SILVER = [
    "action-exceptions",
    "config-entry-unloading",
    "docs-configuration-parameters",
    "docs-installation-parameters",
    "entity-unavailable",
    "integration-owner",
    "log-when-unavailable",
    "parallel-updates",
    "reauthentication-flow",
    "test-coverage",
]
GOLD = [
    "devices",
    "diagnostics",
    "discovery",
    "discovery-update-info",
    "docs-data-update",
    "docs-examples",
    "docs-known-limitations",
    "docs-supported-devices",
    "docs-supported-functions",
    "docs-troubleshooting",
    "docs-use-cases",
    "dynamic-devices",
    "entity-category",
    "entity-device-class",
    "entity-disabled-by-default",
    "entity-translations",
    "exception-translations",
    "icon-translations",
    "reconfiguration-flow",
    "repair-issues",
    "stale-devices",
]
PLATINUM = ["async-dependency", "inject-websession", "strict-typing"]

# Which file shows a rule, and what must be in it: hassfest looks for the same things.
EVIDENCE = {
    "config-flow": ("config_flow.py", r"ConfigFlow"),
    "config-entry-unloading": ("__init__.py", r"async def async_unload_entry"),
    "diagnostics": ("diagnostics.py", r"async def async_get_config_entry_diagnostics"),
    "reauthentication-flow": ("config_flow.py", r"async def async_step_reauth\("),
    "reconfiguration-flow": ("config_flow.py", r"async def async_step_reconfigure\("),
    "repair-issues": ("repairs.py", r"async def async_create_fix_flow"),
    "runtime-data": ("__init__.py", r"entry\.runtime_data = "),
    "stale-devices": ("__init__.py", r"async def async_remove_config_entry_device"),
    "test-before-setup": ("__init__.py", r"ConfigEntryNotReady"),
    "unique-config-entry": ("config_flow.py", r"async_set_unique_id"),
    "brands": ("brand/icon.png", None),
    "common-modules": ("coordinator.py", r"DataUpdateCoordinator"),
    "strict-typing": ("eufy/py.typed", None),
}


def status(rule: str) -> str:
    """Return the status of a rule in either notation."""
    entry = RULES[rule]
    return entry if isinstance(entry, str) else entry["status"]


def test_every_rule_is_answered() -> None:
    every = BRONZE + SILVER + GOLD + PLATINUM
    assert len(every) == len(set(every)) == 54
    assert set(RULES) == set(every)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_answers_have_the_right_form(rule: str) -> None:
    assert status(rule) in {"done", "todo", "exempt"}
    if status(rule) != "done":
        assert RULES[rule]["comment"]


@pytest.mark.parametrize(("rule", "evidence"), EVIDENCE.items(), ids=EVIDENCE)
def test_claims_can_be_seen(rule: str, evidence: tuple[str, str | None]) -> None:
    assert status(rule) == "done"
    name, pattern = evidence
    file = FOLDER / name
    assert file.exists()
    assert pattern is None or re.search(pattern, file.read_text())


def test_every_platform_says_how_many_updates_run_at_once() -> None:
    from custom_components.eufy_local.const import PLATFORMS

    for platform in PLATFORMS:
        assert re.search(
            r"^PARALLEL_UPDATES = \d", (FOLDER / f"{platform}.py").read_text(), re.MULTILINE
        )
