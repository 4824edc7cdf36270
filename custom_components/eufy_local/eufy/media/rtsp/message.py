"""RTSP 1.0 requests and responses as bytes (RFC 2326 §4 to §7); no I/O."""

import dataclasses
import re
from typing import Final
from urllib.parse import unquote

MAX_HEADER: Final = 2048
"""Bytes of one request's head (design/security.md T15)."""
MAX_BODY: Final = 2048
"""Bytes of a request's body. GET_PARAMETER may have one; nothing in it matters to us."""

REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Request Entity Too Large",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    459: "Aggregate Operation Not Allowed",
    461: "Unsupported Transport",
    503: "Service Unavailable",
    505: "RTSP Version Not Supported",
}
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_TRACK: Final = re.compile(r"/trackID=(\d)/?$")
_URL: Final = re.compile(r"rtsp://[^/?#]*", re.IGNORECASE)


class RequestRefused(Exception):
    """A request that is answered with an error status."""

    def __init__(self, status: int) -> None:
        super().__init__(REASONS[status])
        self.status = status


@dataclasses.dataclass(frozen=True, slots=True)
class Request:
    """One request: `headers` with lower-case names, `url` as it was sent."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def sequence(self) -> str:
        """The number to answer with."""
        return self.headers.get("cseq", "0")

    @property
    def body_length(self) -> int:
        """Bytes that follow the head; raises `RequestRefused`."""
        text = self.headers.get("content-length", "0")
        if not (text.isascii() and text.isdigit()):
            raise RequestRefused(400)
        if len(text) > 5 or int(text) > MAX_BODY:
            raise RequestRefused(413)
        return int(text)


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """What a URL means: the parts of its path, the track if it names one, and its clean text."""

    path: tuple[str, ...]
    track: int | None
    base: str


def parse_request(head: bytes) -> Request:
    """Parse the head of a request, with or without its final empty line.

    Raises `RequestRefused` with the status to answer.
    """
    try:
        lines = head.decode("utf-8").rstrip("\r\n").split("\r\n")
        method, url, version = lines[0].split(" ")
    except ValueError:
        raise RequestRefused(400) from None
    # Parts of a request come back in the answer, so nothing in it may look like a line's end.
    if _CONTROL.search("".join(lines)):
        raise RequestRefused(400)
    if not version.startswith("RTSP/"):
        raise RequestRefused(400)
    if version != "RTSP/1.0":
        raise RequestRefused(505)
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise RequestRefused(400)
        headers[name.strip().lower()] = value.strip()
    return Request(method.upper(), url, headers)


def parse_target(url: str) -> Target:
    """Take a request URL apart. Clients send options after # or ? on, which mean nothing here.

    FFmpeg sends a `#...` that the user appended (design/home-assistant.md §2.3).
    """
    track = _TRACK.search(url)
    clean = (url[: track.start()] if track else url).split("#")[0].split("?")[0].rstrip("/")
    host = _URL.match(clean)
    path = clean[host.end() :] if host else clean
    parts = tuple(unquote(part) for part in path.split("/") if part)
    return Target(parts, int(track[1]) if track else None, clean)


def response(
    status: int, sequence: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> bytes:
    """Return a whole response."""
    lines = [f"RTSP/1.0 {status} {REASONS[status]}", f"CSeq: {sequence}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


def parse_transport(text: str) -> tuple[int | None, int | None]:
    """Return the interleaved channels of the first TCP transport that a client offers.

    (None, None) means that it names none. Raises `RequestRefused` 461 if all are UDP.
    """
    for offer in text.split(","):
        fields = [field.strip().lower() for field in offer.split(";")]
        if fields[0] not in {"rtp/avp/tcp", "rtp/avpf/tcp"} or "multicast" in fields:
            continue
        for field in fields:
            match = re.fullmatch(r"interleaved=(\d{1,3})(?:-(\d{1,3}))?", field)
            if match:
                first = int(match[1])
                second = int(match[2]) if match[2] else first + 1
                if first > 255 or second > 255 or first == second:
                    raise RequestRefused(461)
                return first, second
        return None, None
    raise RequestRefused(461)
