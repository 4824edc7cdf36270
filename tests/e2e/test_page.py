"""Moving, decrypted video in a real browser, from a simulated camera through everything."""

from pathlib import Path

import pytest

from scripts.stage.browser import find_browser

from .stage import CACHE, check

pytestmark = pytest.mark.skipif(
    find_browser(CACHE) is None, reason="Chromium, Node.js or playwright-core is missing"
)


def test_the_dashboard_shows_what_the_cameras_see(tmp_path: Path) -> None:
    done = check("--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "moving, decrypted video of Front door is on the page" in done.stdout
    assert (tmp_path / "detections.png").stat().st_size > 50_000
