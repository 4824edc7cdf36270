"""The integration in a real Home Assistant process of whatever release this interpreter has.

`scripts/test` runs it twice: with Home Assistant 2026.10 as part of the suite, and with 2026.11,
for which there is no test kit.
"""

from pathlib import Path

from .stage import check


def test_sign_in_watch_and_detect_in_a_real_home_assistant(tmp_path: Path) -> None:
    done = check("--no-browser", "--no-go2rtc", "--out", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout
