"""Around one request: the headers that every call has, and how an answer is read.

Source: `protocol/cloud.md` §2.3 and §2.4. Answers are untrusted: every reader here is bounded and
raises `CloudUnreachable` for what is not in the expected form.
"""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ..errors import CloudUnreachable, WireError
from ..net.http import HttpAnswer
from ..wire import mega, safe_json
from . import fields
from .codes import own_error
from .state import Session

MAX_ANSWER: Final = 4 << 20
"""A list entry has up to about 20 kB; 4 MiB hold the largest home that is read."""

MAX_ITEMS: Final = 200_000
"""JSON values in one answer: 512 entries of some 100 parameters with three fields each fit."""

APP_HEADERS: Final[Mapping[str, str]] = {
    "app-name": "eufy_mega",
    "app-version": "6.0.90_29798",
    "app_version": "6.0.90_29798",
    "os-type": "android",
    "os_type": "android",
    "os-version": "29",
    "os_version": "29",
    "model-type": "PHONE",
    # Shown in the vendor app's list of devices: neutral on purpose (protocol/privacy.md §1).
    "phone-model": "Android",
    "phone_model": "Android",
    "user-agent": "ktor-client",
}

CATEGORY_HEADERS: Final = {"category": "eufy_security", "app-tab": "eufy_security"}
TOKEN_HEADERS: Final = ("x-auth-token", "authorization", "gtoken")


@dataclass(frozen=True, slots=True)
class Answer:
    """A decoded answer: the cloud's code (or the HTTP status) and the decrypted data."""

    code: int
    message: str
    data: object
    retry_after: float = 0.0


def token_headers(session: Session) -> dict[str, str]:
    """Return the headers that carry the login; only ever sent to the vendor's own hosts."""
    token = session.token.reveal()
    return {
        "x-auth-token": token,
        "authorization": token,
        "gtoken": mega.gtoken(session.gtoken_id),
    }


def read_answer(raw: HttpAnswer, call: str, now: float) -> Answer:
    """Read the outer JSON; an HTTP error without a code of its own counts as its status.

    HTTP 463 comes with body code 4404 (one meaning); with HTTP 401 and 26084 the body decides.
    """
    try:
        outer = fields.as_dict(safe_json.loads(raw.body, max_bytes=MAX_ANSWER, max_items=MAX_ITEMS))
    except WireError as error:
        if raw.status == 200:
            raise no_answer(call) from error
        outer = {}
    code = fields.number(outer, "code", default=-1)
    if code in {0, -1} and raw.status != 200:
        code = raw.status
    if code == -1:
        raise no_answer(call)
    message = fields.text(outer, "msg", "message")
    return Answer(code, message, outer.get("data"), retry_after(raw.headers, now))


def decrypted(answer: Answer, shared: str, call: str) -> object:
    """Decrypt `data`; it may be absent, empty or (rarely) plain (cloud.md §2.3)."""
    data = answer.data
    if not isinstance(data, str):
        return data
    if not data:
        return None
    try:
        plain = mega.decrypt(mega.body_key(shared), data)
        return safe_json.loads(plain, max_bytes=MAX_ANSWER, max_items=MAX_ITEMS)
    except WireError as error:
        if answer.code:  # the refusal itself is readable
            return None
        raise no_answer(call) from error


def no_answer(call: str) -> CloudUnreachable:
    """Return the error of an answer that cannot be used."""
    text = f"the cloud gave no usable answer ({call})"
    return own_error(CloudUnreachable(text), "cloud_unreachable", call)


def retry_after(headers: Mapping[str, str], now: float) -> float:
    """Return the seconds of a Retry-After header, given as seconds or as a date."""
    value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
    if value.isdecimal() and len(value) <= 12:
        return float(value)
    try:
        when = email.utils.parsedate_to_datetime(value).timestamp()
    except ValueError, OverflowError, OSError:
        return 0.0
    return max(0.0, when - now)
