"""How many links we may hold to one station, so that the owner's phone still gets in.

A station closes one of its links when one too many comes, and not always the newest
(`protocol/p2p-devices.md` §4).
"""

from types import TracebackType
from typing import Final, Self

from .errors import StreamBusy

# Links that we allow ourselves of those a station takes, the control link included: a HomeBase 3
# takes 9 and a T8170 takes 4 (seen on hardware). Others were not measured: as the T8170.
LINK_LIMITS: Final = {"T8030": 6, "T8025": 6, "T9000": 6, "T8040": 6, "T8N00": 6}
DEFAULT_LIMIT: Final = 3


class SessionBudget:
    """Counts links of one station; one of them is set aside for control."""

    def __init__(self, product_code: str) -> None:
        self.limit = LINK_LIMITS.get(product_code, DEFAULT_LIMIT)
        self._live = 0

    @property
    def live(self) -> int:
        """Links in use by live views."""
        return self._live

    @property
    def live_limit(self) -> int:
        """Live views that can run at the same time."""
        return self.limit - 1

    def take(self) -> Session:
        """Return a session for one live view; raises `StreamBusy` when all are in use."""
        if self._live >= self.live_limit:
            raise StreamBusy(f"all {self.live_limit} live sessions of the station are in use")
        self._live += 1
        return Session(self)

    def release(self) -> None:
        """Give one session back; called by `Session` once."""
        self._live -= 1


class Session:
    """The right to hold one live link; give it back with `close()` or by leaving `with`."""

    def __init__(self, budget: SessionBudget) -> None:
        self._budget: SessionBudget | None = budget

    def close(self) -> None:
        """Give the session back; further calls do nothing."""
        budget, self._budget = self._budget, None
        if budget is not None:
            budget.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
