"""Who may see which camera: by token on this host, by Digest log-in on the LAN."""

import hmac
from collections.abc import Mapping
from typing import Protocol

from ...secret import Secret
from ..live import LiveStream
from .auth import Credentials, DigestCheck
from .message import Request, RequestRefused, Target
from .packets import StreamPackets


class Camera(Protocol):
    """What the server holds of one camera."""

    stream: LiveStream

    @property
    def packets(self) -> StreamPackets:
        """The RTP streams that all viewers share."""

    def has_room(self) -> bool:
        """Tell whether one more viewer may play."""


class Door(Protocol):
    """How a listener finds the camera that a request means and checks that it may be seen."""

    @property
    def failures(self) -> int:
        """Wrong log-ins on this connection."""

    def find(self, target: Target, request: Request) -> Camera:
        """Return the camera; raises `RequestRefused`."""

    def challenge(self) -> dict[str, str]:
        """Return the headers of a 401 answer."""


class TokenDoor:
    """Lets in whoever knows the token; everybody else learns nothing (404)."""

    failures = 0

    def __init__(self, cameras: Mapping[str, Camera], token: Secret[str]) -> None:
        self._cameras = cameras
        self._token = token.reveal().encode()

    def find(self, target: Target, request: Request) -> Camera:
        """Return the camera of a path `/TOKEN/NAME`."""
        token, name = target.path if len(target.path) == 2 else ("", "")
        known = hmac.compare_digest(token.encode(), self._token)
        camera = self._cameras.get(name)
        if not known or camera is None:
            raise RequestRefused(404)
        return camera

    def challenge(self) -> dict[str, str]:
        """Return nothing: there is no log-in here."""
        return {}


class DigestDoor:
    """Lets in whoever knows user and password; one per connection. The path is the name."""

    def __init__(self, cameras: Mapping[str, Camera], credentials: Credentials) -> None:
        self._cameras = cameras
        self._check = DigestCheck(credentials)

    @property
    def failures(self) -> int:
        """Wrong answers to the challenge."""
        return self._check.failures

    def find(self, target: Target, request: Request) -> Camera:
        """Return the camera of a path `/NAME`, with the right answer to the challenge."""
        if not self._check.accepts(request):
            raise RequestRefused(401)
        camera = self._cameras.get(target.path[0]) if len(target.path) == 1 else None
        if camera is None:
            raise RequestRefused(404)
        return camera

    def challenge(self) -> dict[str, str]:
        """Return the challenge of this connection."""
        return {"WWW-Authenticate": self._check.challenge()}
