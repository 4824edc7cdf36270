"""Nothing in the tree that has no business there."""

import pytest

from .repository import ROOT, files, lines_with

# Written in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = "/(work|farm|root)/[a-z.]"
REGISTRIES = (
    "pypi.or" + "g",
    "pythonhosted.or" + "g",
    "npmjs.or" + "g",
    "npmjs.co" + "m",
    "proxy.golang.or" + "g",
    "crates.i" + "o",
    "maven.or" + "g",
    "deb.debian.or" + "g",
    "security.debian.or" + "g",
)
CLAIMS = (
    "end-to-end" + " encrypted",
    "nothing leaves" + " your home",
    "100 ?%" + " local",
    "tamper" + "-proof",
)
MAX_FILE_KIB = 1024
MAX_MODULE_LINES = 500


def test_no_path_of_a_developers_machine() -> None:
    assert lines_with(MACHINE_PATHS) == []


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_package_registry_is_named(host: str) -> None:
    assert lines_with(host.replace(".", r"\.")) == []


@pytest.mark.parametrize("claim", CLAIMS)
def test_no_claim_that_the_project_cannot_prove(claim: str) -> None:
    assert lines_with(claim) == []


def test_every_file_is_small() -> None:
    sizes = {path.relative_to(ROOT).as_posix(): path.stat().st_size for path in files()}
    assert {name: size for name, size in sizes.items() if size > MAX_FILE_KIB * 1024} == {}


def test_every_module_can_be_read_in_one_sitting() -> None:
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines())
        for path in files()
        if path.suffix in {".py", ".mjs", ".sh"}
    }
    assert {name: count for name, count in lines.items() if count > MAX_MODULE_LINES} == {}


def test_no_media_is_committed() -> None:
    """Footage and pictures of people are fetched at set-up; see docs/footage.md."""
    media = {".mp4", ".mov", ".webm", ".avi", ".mkv", ".h264", ".h265", ".aac", ".wav", ".jpeg"}
    assert [path.name for path in files() if path.suffix in media] == []
