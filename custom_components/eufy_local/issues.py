"""When a station stays away: which repair it gets, and when that repair goes again.

One station has at most one of them at a time, and none is raised again and again: the registry
keeps an issue by its id, and it is removed once, when the station is back.
"""

import datetime as dt

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN, ISSUE_KEY_REFUSED, ISSUE_STATION_MISSING, MISSING_AFTER
from .eufy.errors import (
    AccountTakenOver,
    AuthenticationFailed,
    KeyRejected,
    KeyUnavailable,
    SessionExpired,
)
from .eufy.station import Station
from .runtime import EufyConfigEntry
from .translate import async_sentence

AWAY_SINCE: HassKey[dict[tuple[str, str], dt.datetime]] = HassKey(f"{DOMAIN}_away_since")
"""When which station of which entry went away: set-up that is tried again must not start anew."""

KEY_REASONS = frozenset({KeyRejected.key, KeyUnavailable.key})
SIGN_IN_REASONS = frozenset({AccountTakenOver.key, AuthenticationFailed.key, SessionExpired.key})


def issue_id(kind: str, entry_id: str, serial: str) -> str:
    """Return the id of the issue of one kind about one station."""
    return f"{kind}_{entry_id}_{serial}"


@callback
def async_forget_station(hass: HomeAssistant, entry_id: str, serial: str) -> None:
    """Remove every repair about a station: it is back, or not ours any more."""
    hass.data.get(AWAY_SINCE, {}).pop((entry_id, serial), None)
    for kind in (ISSUE_KEY_REFUSED, ISSUE_STATION_MISSING):
        ir.async_delete_issue(hass, DOMAIN, issue_id(kind, entry_id, serial))


class StationIssues:
    """The complaints about one station."""

    def __init__(self, hass: HomeAssistant, entry: EufyConfigEntry, station: Station) -> None:
        self._hass = hass
        self._entry = entry
        self._station = station
        self._key = (entry.entry_id, station.serial)
        self._reason: str | None = None
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def availability(self, available: bool, reason: str | None) -> None:
        """Note that the station came or went, and for which reason it is away."""
        self._reason = reason
        if available:
            self.stop()
            async_forget_station(self._hass, *self._key)
        elif reason in SIGN_IN_REASONS:
            # Home Assistant shows one request to sign in per entry, however often it is asked.
            self._entry.async_start_reauth(self._hass)
        elif reason in KEY_REASONS:
            self.stop()
            self._create(ISSUE_KEY_REFUSED)
        elif self._cancel is None:
            away = self._hass.data.setdefault(AWAY_SINCE, {})
            since = away.setdefault(self._key, dt_util.utcnow())
            left = since + MISSING_AFTER - dt_util.utcnow()
            if left > dt.timedelta():
                self._cancel = async_call_later(self._hass, left, self._still_missing)
            else:  # known to be away since before this attempt to set up, which ends here
                self._hass.async_create_task(self._still_missing(since))

    @callback
    def stop(self) -> None:
        """Cancel what would be said later."""
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    async def _still_missing(self, _when: dt.datetime) -> None:
        self._cancel = None
        reason = await async_sentence(self._hass, self._reason or "connecting")
        if not self._station.available:
            self._create(ISSUE_STATION_MISSING, reason=reason)

    def _create(self, kind: str, **placeholders: str) -> None:
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id(kind, *self._key),
            data={"entry_id": self._entry.entry_id, "serial": self._station.serial},
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=kind,
            translation_placeholders={"station": self._station.name, **placeholders},
        )
