"""Whether the station itself still works, beyond the path to it; and when a camera sleeps.

Source: protocol/p2p-transport.md §4.3 (probe), p2p-devices.md §3.2 (sleep).
"""

from typing import Final

from .policy import PROBE_EVERY, PROBE_QUIET, LinkPolicy

MAX_FAILED: Final = 2
"""Probes in a row without an answer after which the link is half-open."""


class Liveness:
    """Timers of one secured link: probe, application ping, idle close, sleep."""

    def __init__(self, policy: LinkPolicy) -> None:
        self._policy = policy
        self._heard = 0.0
        self._used = 0.0
        self._probed = 0.0
        self._failed = 0
        self._probe_sent = 0.0
        self._ping: float | None = None
        self._next_ping = 0.0

    def start(self, now: float) -> None:
        """The link has its keys."""
        self._heard = self._used = self._probed = now

    def heard(self, now: float) -> None:
        """A record came (ALIVE does not count: it proves the path only)."""
        self._heard = now

    def used(self, now: float) -> None:
        """The caller uses the link."""
        self._used = now

    def ping_every(self, interval: float | None, now: float) -> None:
        """Ping while a stream runs, or stop."""
        self._ping = interval
        self._next_ping = now
        self._used = now

    def next_timer(self, *, busy: bool) -> float | None:
        """Return the next deadline."""
        times: list[float] = []
        if self._policy.probe and not busy:
            times.append(self._probe_time())
        if self._ping is not None:
            times.append(self._next_ping)
        if self._policy.idle_close is not None and not busy and self._ping is None:
            times.append(self._used + self._policy.idle_close)
        return min(times, default=None)

    def ping_due(self, now: float) -> bool:
        """Return whether an application ping is to be sent; it then counts as sent."""
        if self._ping is None or now < self._next_ping:
            return False
        self._next_ping = now + self._ping
        return True

    def probe_due(self, now: float, *, busy: bool) -> bool:
        """Return whether the station should be asked for a sign of life."""
        return self._policy.probe and not busy and now >= self._probe_time()

    def _probe_time(self) -> float:
        if self._failed:
            return self._probed
        quiet = max(self._heard, self._probed) + PROBE_QUIET
        return min(quiet, self._probed + PROBE_EVERY)

    def probing(self, now: float) -> None:
        """A probe goes out."""
        self._probe_sent = now

    @property
    def heard_since_probe(self) -> bool:
        """Whether a record came after the last probe went out."""
        return self._heard > self._probe_sent

    def probed(self, now: float, *, answered: bool) -> bool:
        """Note how a probe ended; True when the link is to be given up."""
        self._probed = now
        self._failed = 0 if answered else self._failed + 1
        return self._failed >= MAX_FAILED

    def is_asleep(self, now: float) -> bool:
        """Return whether a battery camera must be taken as asleep by now."""
        after = self._policy.asleep_after
        return after is not None and self._ping is None and now >= self._heard + after

    def is_idle(self, now: float, *, busy: bool) -> bool:
        """Return whether nobody has used the link for as long as the policy holds it."""
        after = self._policy.idle_close
        return after is not None and not busy and self._ping is None and now >= self._used + after
