"""What README and the documents tell people to type exists."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from .repository import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SCRIPTS = sorted(
    path for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix
)


def _commands(document: Path) -> set[str]:
    return set(re.findall(r"\bscripts/[a-z-]+\b(?!\.)", document.read_text()))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_a_document_is_there_and_runs(document: Path) -> None:
    for command in _commands(document):
        path = ROOT / command
        assert path.exists(), command
        assert path.is_dir() or path.stat().st_mode & 0o111, f"{command} is not executable"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_into_the_project_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("script", [*SCRIPTS, ROOT / ".ci/run"], ids=lambda path: path.name)
def test_scripts_are_executable_and_parse(script: Path) -> None:
    assert script.stat().st_mode & 0o111
    bash = shutil.which("bash")
    assert bash
    subprocess.run([bash, "-n", script], check=True)


def test_setup_names_its_parts_when_asked_for_another() -> None:
    answer = subprocess.run(
        [ROOT / "scripts/setup", "everything"], capture_output=True, text=True, check=False
    )
    assert answer.returncode != 0
    assert "test, lint, smoke, demo and witness" in answer.stderr
