"""Runs the demo's check in a process of its own, as `scripts/demo --check` does."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECK_SECONDS = 600
CACHE = Path(
    os.environ.get("EUFY_LOCAL_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "eufy-local"
)


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end and return its exit code and what it printed."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.stage", "--check", "--port", "0", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "EUFY_LOCAL_CACHE": str(CACHE)},
        capture_output=True,
        text=True,
        timeout=CHECK_SECONDS,
        check=False,
    )
