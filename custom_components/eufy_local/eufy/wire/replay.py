"""Remembers which sealed records a link has already seen.

The associated data of GCM records binds neither type nor counter, so a recorded record can be
sent again inside its session (design/security.md §1, T3). Each genuine record has a nonce of its
own; one that comes twice is a replay.
"""

from typing import Final

MAX_REMEMBERED: Final = 32_768
"""Nonces kept per link: at most 3.6 MB. A station sends a few records a minute; at this count the
link is renewed, which changes the key, instead of forgetting old nonces."""


class ReplayGuard:
    """A bounded set of nonces of one link key."""

    __slots__ = ("_limit", "_seen", "refused")

    def __init__(self, limit: int = MAX_REMEMBERED) -> None:
        self._limit = limit
        self._seen: set[bytes] = set()
        self.refused = 0
        """Records refused as replays, or because the memory is full."""

    def accept(self, nonce: bytes) -> bool:
        """Remember `nonce`; False when it was seen before or nothing more can be remembered."""
        if nonce in self._seen or len(self._seen) >= self._limit:
            self.refused += 1
            return False
        self._seen.add(nonce)
        return True

    @property
    def full(self) -> bool:
        """True when the link must be renewed to go on safely."""
        return len(self._seen) >= self._limit
