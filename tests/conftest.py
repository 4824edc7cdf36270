"""What every test of the project gets."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# The test kit ships a `custom_components` package of its own; whoever imports first wins.
import custom_components  # noqa: F401

TESTS = Path(__file__).parent
HOME_ASSISTANT_ROOMS = frozenset({"ha", "e2e"})

# Two busy cores make single examples slow at times: so no deadline.
settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
# A failure in CI must come again on the next run; the search for new ones is for developers.
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, print_blob=True)
settings.register_profile("thorough", settings.get_profile("default"), max_examples=2000)
settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "default")
)


@pytest.fixture(autouse=True)
def _custom_integrations(request: pytest.FixtureRequest) -> None:
    """Let Home Assistant find this project's integration, in the tests that start one."""
    room = request.path.relative_to(TESTS).parts[0]
    if room in HOME_ASSISTANT_ROOMS and "hass" in request.fixturenames:
        request.getfixturevalue("enable_custom_integrations")
