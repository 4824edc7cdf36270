"""The vendor's cloud, needed once: sign-in, device list and keys (`protocol/cloud.md`)."""

from .ciphers import SWEEP
from .client import CloudClient, ClusterFinding, SignedIn
from .codes import EXPLANATIONS, Explanation, explain
from .extras import DeviceKey, FirmwareOffer
from .inventory import Inventory
from .lists import Invitation
from .models import CloudDevice, CloudStation
from .sign_in import CodeChannel
from .state import Clock, CloudState, Rng

__all__ = [
    "EXPLANATIONS",
    "SWEEP",
    "Clock",
    "CloudClient",
    "CloudDevice",
    "CloudState",
    "CloudStation",
    "ClusterFinding",
    "CodeChannel",
    "DeviceKey",
    "Explanation",
    "FirmwareOffer",
    "Inventory",
    "Invitation",
    "Rng",
    "SignedIn",
    "explain",
]
