"""Recognising stations that no longer speak the local protocol (protocol/webrtc.md §2.3, §2.4).

The search always comes first, whatever a table says; these signs only explain why it failed.
"""

import re
from dataclasses import dataclass
from typing import Final

from .discovery import Probe

_RTC_DID: Final = re.compile(r"R[A-Z]{6}-[0-9]{9}-[0-9A-Za-z]{10}", re.ASCII)
DECLARED_RTC: Final = 2
"""Value of the product property that routes everything to WebRTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RtcSigns:
    """What the account's lists say about a station; only presence, never contents."""

    did: str = ""
    has_signaling_servers: bool = False
    has_rendezvous: bool = True
    declared: int = 0


def is_rtc_did(text: str) -> bool:
    """Return whether a DID is of the kind given to WebRTC devices, which fits no P2P struct."""
    return _RTC_DID.fullmatch(text.strip()) is not None


def is_webrtc_only(probe: Probe, signs: RtcSigns) -> bool:
    """Return whether a station that did not answer is one that only speaks WebRTC.

    Any sign, together with a refusal, a DID of that kind or the declared value. Everything else is
    a station that is merely not reachable.
    """
    if probe is Probe.ANSWERED:
        return False
    rtc_did = is_rtc_did(signs.did)
    declared = signs.declared == DECLARED_RTC
    any_sign = rtc_did or declared or signs.has_signaling_servers or not signs.has_rendezvous
    return any_sign and (probe is Probe.REFUSED or rtc_did or declared)
