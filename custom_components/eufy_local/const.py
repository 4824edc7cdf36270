"""Names and numbers of the Home Assistant layer."""

import datetime as dt
from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "eufy_local"
MANUFACTURER: Final = "eufy"

PLATFORMS: Final = [
    Platform.ALARM_CONTROL_PANEL,
    Platform.BINARY_SENSOR,
    Platform.CAMERA,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.SELECT,
    Platform.SENSOR,
]

CONF_STORE: Final = "store"
"""Entry data: the name of the private file that holds the account's keys."""

CONF_HOSTS: Final = "hosts"
"""Option: addresses typed by the user that are asked directly, besides the broadcast search."""
CONF_RESET: Final = "detection_reset"
"""Option: seconds after which a detection sensor turns off again."""
CONF_NAMES: Final = "person_names"
"""Option: whether names of recognised people are shown and so recorded."""

MAX_HOSTS: Final = 16
"""Each address is asked once per search round; a home has a handful of stations."""

DEFAULT_RESET: Final = 10
"""There is no "cleared" message on the wire (protocol/events.md §2.1)."""
MIN_RESET: Final = 1
MAX_RESET: Final = 600

CONNECT_SECONDS: Final = 24.0
"""How long set-up and the config flow wait for a station at most.

12 s of search, the time that a sleeping camera takes to wake, and as much for the key handshake.
"""

MISSING_AFTER: Final = dt.timedelta(minutes=15)
"""A station that is away this long gets a repair; a router's restart takes less."""

HLS_IDLE_SECONDS: Final = 15
"""How long Home Assistant's HLS worker may keep a camera awake without a reader.

Its own 60 s keep a battery camera up for a minute after a glance (design/home-assistant.md §0.6).
"""

ISSUE_KEY_REFUSED: Final = "key_refused"
ISSUE_STATION_MISSING: Final = "station_missing"
