"""The vendor's cloud as a simulator on loopback (`protocol/cloud.md` §9)."""

from .description import AccountLists, CloudAccount, device_entry, house_entry, single_home
from .options import Challenge, CloudOptions, Effect, Fault
from .server import Call, FakeCloud
from .services import CipherPair

__all__ = [
    "AccountLists",
    "Call",
    "Challenge",
    "CipherPair",
    "CloudAccount",
    "CloudOptions",
    "Effect",
    "FakeCloud",
    "Fault",
    "device_entry",
    "house_entry",
    "single_home",
]
