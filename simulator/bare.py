"""Use the client's codecs in a process that has no Home Assistant.

Importing ``custom_components.eufy_local.eufy`` runs the package's own ``__init__``, which imports
Home Assistant: slow, and not wanted in a stand-alone simulator or benchmark. ``install()`` puts an
empty package of the same name in its place, with the same search path, so that the rooms below it
are the very files that Home Assistant would load.
"""

import importlib
import sys
from pathlib import Path
from types import ModuleType

PACKAGE = "custom_components.eufy_local"
_ROOT = Path(__file__).resolve().parent.parent


def install() -> None:
    """Put the empty parent package in place; a no-op where the real one is already imported.

    Never called inside Home Assistant or its test kit: there the real package must stay.
    """
    if PACKAGE in sys.modules:
        return
    root = str(_ROOT)
    if root not in sys.path:
        sys.path.insert(0, root)
    parent = importlib.import_module("custom_components")
    package = ModuleType(PACKAGE, "Stand-in without Home Assistant (simulator.bare).")
    package.__path__ = [str(_ROOT / "custom_components" / "eufy_local")]
    sys.modules[PACKAGE] = package
    parent.eufy_local = package  # type: ignore[attr-defined]  # as an import would have set it
