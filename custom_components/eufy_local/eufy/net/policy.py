"""What the gate allows: the closed list of purposes, the cloud modes, the hosts.

Source of the list and of the modes: design/privacy.md, Mechanisms.
"""

from enum import StrEnum
from typing import Final
from urllib.parse import SplitResult, urlsplit


class Purpose(StrEnum):
    """Why a socket is opened. There is no purpose for anything else."""

    LOGIN = "login"
    KEYS = "keys"
    DEVICE_LIST = "device_list"
    PUSH_REGISTER = "push_register"
    PUSH_RECEIVE = "push_receive"
    PICTURE = "picture"
    FIRMWARE_INFO = "firmware_info"
    WAKE_RENDEZVOUS = "wake_rendezvous"
    P2P_LAN = "p2p_lan"
    LAN_DISCOVERY = "lan_discovery"
    LOCAL_STREAM = "local_stream"


class CloudMode(StrEnum):
    """How much of the vendor's cloud the owner admits; each mode includes those before it."""

    OFF = "off"
    KEYS_ONLY = "keys_only"
    EVENTS = "events"
    FULL = "full"


_KEYS: Final = frozenset({Purpose.LOGIN, Purpose.KEYS, Purpose.DEVICE_LIST})
_EVENTS: Final = _KEYS | {Purpose.PUSH_REGISTER, Purpose.PUSH_RECEIVE}
_FULL: Final = _EVENTS | {Purpose.PICTURE, Purpose.FIRMWARE_INFO}

CLOUD_PURPOSES: Final = _FULL
PEER_PURPOSES: Final = frozenset({Purpose.P2P_LAN, Purpose.LAN_DISCOVERY})
ALLOWED_PURPOSES: Final = {
    CloudMode.OFF: frozenset[Purpose](),
    CloudMode.KEYS_ONLY: _KEYS,
    CloudMode.EVENTS: _EVENTS,
    CloudMode.FULL: _FULL,
}

_VENDOR_DOMAINS: Final = (".eufy.com", ".eufylife.com")
PUSH_HOST: Final = "mtalk.google.com"
PUSH_PORT: Final = 5228
_GOOGLE_HOSTS: Final = {
    # protocol/push.md §3 and §4: check-in and token, installation, the message connection.
    Purpose.PUSH_REGISTER: frozenset(
        {"android.clients.google.com", "firebaseinstallations.googleapis.com"}
    ),
    Purpose.PUSH_RECEIVE: frozenset({PUSH_HOST}),
}
_HOST_CHARACTERS: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-")


def is_allowed_host(host: str, purpose: Purpose) -> bool:
    """Return whether `host` (lower case) may be contacted for `purpose`."""
    if not host or not _HOST_CHARACTERS.issuperset(host) or ".." in host or host.startswith("."):
        return False
    if purpose is not Purpose.PUSH_RECEIVE and host.endswith(_VENDOR_DOMAINS):
        return True
    return host in _GOOGLE_HOSTS.get(purpose, ())


def split_cloud_url(url: str) -> SplitResult | None:
    """Split an https URL without user, fragment or foreign port; None when it is not one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    plain = (
        parts.scheme == "https"
        and parts.username is None
        and parts.password is None
        and not parts.fragment
        and port in (None, 443)
        and parts.hostname is not None
        and url.isprintable()
        and "\\" not in url
    )
    return parts if plain else None
