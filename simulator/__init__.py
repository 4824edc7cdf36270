"""A HomeBase, its cameras, the eufy cloud and its push service, played on loopback.

Nothing here is imported until it is asked for: ``python -m simulator`` must be able to put
``bare.install()`` in front of every import of the client's codecs.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .home import Home as Home
    from .simulator import Simulator as Simulator

__all__ = ["Home", "Simulator"]


def __getattr__(name: str) -> Any:
    if name == "Home":
        from .home import Home  # noqa: PLC0415  # see the module's text

        return Home
    if name == "Simulator":
        from .simulator import Simulator  # noqa: PLC0415

        return Simulator
    raise AttributeError(name)
