"""The one switch that lets tests and the demo talk to a simulator instead of real devices.

It can only ever point at this host: every address must be a literal of 127.0.0.0/8 (or `::1` for
the cloud), otherwise nothing is accepted. With it set, the gate admits loopback and nothing else,
so it can neither weaken a real installation nor send a demo's packets into a home.

The text is JSON:
`{"cloud": "http://127.0.0.1:8080", "login_server_key": "04…", "search": ["127.255.255.255", 32108]}`
and optionally `"push": ["127.0.0.1", 5228]`.
"""

import json
import os
from dataclasses import dataclass
from typing import Any, Final, Self
from urllib.parse import urlsplit

from ..errors import ConfigurationError
from .addresses import Scope, scope_of

VARIABLE: Final = "EUFY_LOCAL_SIMULATOR"
_MAX_TEXT: Final = 4096
"""Far above the text a simulator prints; keeps a stray variable from being parsed."""


@dataclass(frozen=True, slots=True)
class LoopbackOverride:
    """Where the simulator listens.

    `cloud` is an http base URL without path, `login_server_key` the hexadecimal public key of the
    simulated sign-in, `search` the address and port of the LAN search, `push` that of the
    simulated push connection.
    """

    cloud: str
    login_server_key: str
    search: tuple[str, int]
    push: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.cloud)
            port = parts.port
        except ValueError as error:
            raise ConfigurationError("the simulator's cloud is not a URL") from error
        plain = parts.path in ("", "/") and not parts.query and not parts.fragment
        named = parts.username is None and parts.password is None and port is not None
        if parts.scheme != "http" or not plain or not named:
            raise ConfigurationError("the simulator's cloud must be http://<loopback>:<port>")
        hosts = [parts.hostname or "", self.search[0]]
        ports = [port or 0, self.search[1]]
        if self.push is not None:
            hosts.append(self.push[0])
            ports.append(self.push[1])
        if any(scope_of(host) is not Scope.LOOPBACK for host in hosts):
            raise ConfigurationError("a simulator address is not a loopback address")
        if any(not 0 < number < 0x1_0000 for number in ports):
            raise ConfigurationError("a simulator port is out of range")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the JSON form. Raises `ConfigurationError` with the reason."""
        if len(text) > _MAX_TEXT:
            raise ConfigurationError("the simulator override is too long")
        try:
            data: Any = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError("the simulator override is not JSON") from error
        if not isinstance(data, dict):
            raise ConfigurationError("the simulator override is not an object")
        cloud, key = data.get("cloud"), data.get("login_server_key", "")
        if not isinstance(cloud, str) or not isinstance(key, str):
            raise ConfigurationError("the simulator override lacks its cloud or key")
        push = data.get("push")
        return cls(
            cloud=cloud.rstrip("/"),
            login_server_key=key,
            search=_endpoint(data.get("search")),
            push=None if push is None else _endpoint(push),
        )

    @classmethod
    def from_environment(cls) -> Self | None:
        """Read the override from the environment; None when there is none."""
        text = os.environ.get(VARIABLE)
        return cls.parse(text) if text else None


def _endpoint(value: object) -> tuple[str, int]:
    match value:
        case [str() as host, int() as port] if not isinstance(port, bool):
            return host, port
        case _:
            raise ConfigurationError("a simulator endpoint must be [address, port]")
