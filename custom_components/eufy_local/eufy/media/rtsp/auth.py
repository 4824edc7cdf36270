"""HTTP Digest for viewers on the LAN (RFC 7616, as RFC 2326 §D.1.2 takes it over).

MD5 without `qop` is what every RTSP client knows (FFmpeg, VLC, GStreamer, go2rtc, NVRs). A nonce
belongs to one connection, so an answer that was listened to opens nothing else.
"""

import dataclasses
import hashlib
import hmac
import re
import secrets
from typing import Final

from ...secret import Secret
from .message import Request

REALM: Final = "eufy-local"
_FIELD: Final = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]*))')


@dataclasses.dataclass(frozen=True, slots=True)
class Credentials:
    """What a viewer on the LAN must know; chosen by the owner."""

    user: str
    password: Secret[str]


class DigestCheck:
    """Checks the requests of one connection."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._nonce = secrets.token_hex(16)
        self.failures = 0

    def challenge(self) -> str:
        """Return the value of a WWW-Authenticate header."""
        return f'Digest realm="{REALM}", nonce="{self._nonce}", algorithm=MD5'

    def accepts(self, request: Request) -> bool:
        """Tell whether the request carries the right answer; counts wrong ones."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "digest":
            return False
        fields = {match[1].lower(): match[2] or match[3] or "" for match in _FIELD.finditer(rest)}
        user, password = self._credentials.user, self._credentials.password.reveal()
        secret = _md5(f"{user}:{REALM}:{password}")
        # The client says which URL it means; it must be the one that it asks for.
        uri = fields.get("uri", "")
        wanted = _md5(f"{secret}:{self._nonce}:{_md5(f'{request.method}:{uri}')}")
        right = hmac.compare_digest(fields.get("response", "").encode(), wanted.encode())
        same = fields.get("nonce") == self._nonce and fields.get("username") == user
        if right and same and _same_path(uri, request.url):
            return True
        self.failures += 1
        return False


def _same_path(one: str, other: str) -> bool:
    """Compare URLs without their host, which a client may write as it likes."""
    return _path(one) == _path(other)


def _path(url: str) -> str:
    return re.sub(r"^rtsp://[^/]*", "", url).rstrip("/")


def _md5(text: str) -> str:
    # The protocol asks for MD5; what it protects is bounded by the LAN and the nonce.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
