"""The one door to the network: every socket of the client is opened here, with a purpose."""

from .addresses import Scope, scope_of
from .counters import Counters, Flow
from .gate import Gate
from .http import GatedHttp, HttpAnswer
from .override import LoopbackOverride
from .policy import CloudMode, Purpose
from .udp import UdpSocket

__all__ = [
    "CloudMode",
    "Counters",
    "Flow",
    "Gate",
    "GatedHttp",
    "HttpAnswer",
    "LoopbackOverride",
    "Purpose",
    "Scope",
    "UdpSocket",
    "scope_of",
]
