"""How many bytes the links may hold of what stations send (design/security.md T6)."""

from typing import Final

MIB: Final = 1024 * 1024
LINK_LIMIT: Final = 16 * MIB
"""One link: four streams with one open record each, or one burst of lost datagrams."""
TOTAL_LIMIT: Final = 64 * MIB
"""All links of the integration together."""


class Budget:
    """A share of a common limit. `hold` states how much is held now, it does not add up."""

    __slots__ = ("_held", "_limit", "_parent")

    def __init__(self, limit: int = LINK_LIMIT, parent: TotalBudget | None = None) -> None:
        self._limit = limit
        self._parent = parent
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes held by this link."""
        return self._held

    def hold(self, size: int) -> bool:
        """State that `size` bytes are held now; False when that is more than there is."""
        parent = self._parent
        if parent is not None:
            parent.held += size - self._held
        self._held = size
        return size <= self._limit and (parent is None or parent.held <= parent.limit)

    def release(self) -> None:
        """Give everything back (the link is gone)."""
        self.hold(0)


class TotalBudget:
    """The common limit of all links of an integration; hand one object to all of them."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int = TOTAL_LIMIT) -> None:
        self.limit = limit
        self.held = 0
