"""The layer table is enforced for every room there is, also for one that is added later."""

import ast
import tomllib
from pathlib import Path

from .repository import ROOT

CLIENT = "custom_components.eufy_local.eufy"
CLIENT_FOLDER = ROOT / "custom_components/eufy_local/eufy"


def _contracts() -> list[dict[str, object]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    contracts: list[dict[str, object]] = project["tool"]["importlinter"]["contracts"]
    return contracts


def _imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def test_every_room_of_the_client_has_a_contract() -> None:
    rooms = {path.name for path in CLIENT_FOLDER.iterdir() if (path / "__init__.py").exists()}
    sources = {str(m) for c in _contracts() for m in c.get("source_modules", [])}  # type: ignore[attr-defined]  # parsed TOML
    assert {room for room in rooms if f"{CLIENT}.{room}" not in sources} == set()


def test_the_client_imports_its_parts_relatively_so_that_it_can_move() -> None:
    absolute = {
        path.relative_to(ROOT).as_posix()
        for path in CLIENT_FOLDER.rglob("*.py")
        if any(name.startswith("custom_components") for name in _imported(path))
    }
    assert absolute == set()


def test_the_client_and_the_simulator_never_import_home_assistant() -> None:
    # import-linter says the same of modules; this also sees imports inside functions.
    offenders = {
        path.relative_to(ROOT).as_posix()
        for folder in (CLIENT_FOLDER, ROOT / "simulator")
        for path in folder.rglob("*.py")
        if any(name.split(".")[0] == "homeassistant" for name in _imported(path))
    }
    assert offenders == set()
