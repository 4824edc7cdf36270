"""One call to the mega cloud: envelope, headers, typed answer, and the repairs that need no user.

Source: `protocol/cloud.md` §2 and §3.6. The repairs, each at most once per call: a new key
exchange when the identity is unknown, the other content type at first contact, the other id in
`gtoken`. A pause that the cloud asked for is kept before anything is sent.
"""

import asyncio
import email.utils
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ..errors import CloudBusy, CloudUnreachable, SessionExpired, WireError
from ..net.http import GatedHttp, HttpAnswer
from ..net.policy import Purpose
from ..secret import Secret
from ..wire import mega, safe_json
from . import codes, fields
from .codes import MINUTE, Kind, error_for, own_error, row_for
from .endpoints import EXCHANGE, EXCHANGE_SECURITY, Endpoint
from .hosts import Realm
from .state import Access, Clock, CloudState, Identity, Rng, Session, as_time

TIMEOUT: Final = 30.0
"""Seconds per request: the firewall sometimes stalls instead of refusing (cloud.md §2.3)."""

MAX_ANSWER: Final = 4 << 20
"""A list entry has up to about 20 kB; 4 MiB hold the largest home that is read."""

MAX_ITEMS: Final = 200_000
"""JSON values in one answer: 512 entries of some 200 parameters with three fields each fit."""

MAX_STALLS: Final = 3
"""Time-outs in a row after which calls pause; one or two can be the home's own connection."""

STALL_PAUSE: Final = 30 * MINUTE

BUSY_STEPS: Final = 2
"""A pause for too many requests doubles once (30, then 60 minutes; cloud.md §3.6)."""

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

_CATEGORY: Final = {"category": "eufy_security", "app-tab": "eufy_security"}
_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_PRESETS: Final = {Realm.BASIC: mega.PRESET_BASIC, Realm.SECURITY: mega.PRESET_SECURITY}


@dataclass(frozen=True, slots=True)
class Answer:
    """A decoded answer: the cloud's code (or the HTTP status) and the decrypted data."""

    code: int
    message: str
    data: object
    retry_after: float = 0.0


class Transport:
    """Sends calls one at a time and keeps `CloudState` true; `save` is awaited after changes."""

    def __init__(
        self,
        http: GatedHttp,
        state: CloudState,
        *,
        clock: Clock,
        rng: Rng,
        save: Callable[[], Awaitable[None]],
    ) -> None:
        self.http = http
        self.state = state
        self.clock = clock
        self.rng = rng
        self.save = save
        self._lock = asyncio.Lock()
        self._content_types: dict[str, str] = {}
        self._stalls = 0

    async def call(
        self,
        endpoint: Endpoint,
        body: Mapping[str, object],
        access: Access,
        *,
        accept: frozenset[int] = frozenset(),
    ) -> Answer:
        """Make one call and return its answer with code 0 or one of `accept`.

        Raises the typed error of any other code, `CloudBusy` during a pause and
        `CloudUnreachable` when there is no usable answer.
        """
        async with self._lock:
            self.check_pause(endpoint.name)
            answer = await self._with_repairs(endpoint, body, access)
            if answer.code == 0 or answer.code in accept:
                if answer.code == 0:
                    self.state.pause.count = 0
                return answer
            retry_at = await self._refused(answer, access)
            raise error_for(answer.code, endpoint.name, as_time(retry_at) if retry_at else None)

    async def plain(self, host: str, path: str, body: Mapping[str, object]) -> Answer:
        """Make a call without key exchange: plain JSON both ways (`estimate_domain`)."""
        async with self._lock:
            name = path.rsplit("/", 1)[-1]
            self.check_pause(name)
            headers = {**APP_HEADERS, "content-type": _JSON}
            raw = await self._post(
                f"https://{host}{path}", Purpose.LOGIN, headers, safe_json.dumps(body)
            )
            return self._outer(raw, name)

    def signed_in(self) -> Access:
        """Return the access of a valid sign-in; raises without any call when there is none."""
        state = self.state
        if state.taken_over:
            raise error_for(26084, "")
        if state.access is None or not state.signed_in(self.clock()):
            raise own_error(
                SessionExpired("there is no valid sign-in to the cloud"), "sign_in_needed"
            )
        return state.access

    def check_pause(self, call: str) -> None:
        """Raise `CloudBusy` while the cloud wants no calls: asking would restart its block."""
        pause = self.state.pause
        if not pause.active(self.clock()):
            return
        when = as_time(pause.until)
        if pause.code in codes.CODES:
            error = error_for(pause.code, call, when)
            raise (
                error
                if isinstance(error, CloudBusy)
                else own_error(CloudBusy(str(error), pause.code, when), error.reason, call)
            )
        raise own_error(
            CloudBusy("the cloud did not answer several times", 0, when), "cloud_stalled", call
        )

    # --- one attempt -------------------------------------------------------------------

    async def _with_repairs(
        self, endpoint: Endpoint, body: Mapping[str, object], access: Access
    ) -> Answer:
        exchanged = probed = swapped = False
        host = access.cluster.host(endpoint.service)
        while True:
            answer = await self._once(endpoint, body, access)
            if row_for(answer.code).kind is Kind.IDENTITY and not exchanged:
                exchanged = True
                access.identities.pop(endpoint.realm, None)
            elif answer.code in (4416, 403) and not probed and host not in self._content_types:
                # One client found some hosts to want text/plain, two did not (cloud.md §2.5).
                probed = True
                self._content_types[host] = _TEXT
            elif self._wrong_gtoken(answer, access) and not swapped:
                swapped = True
                session = access.session
                access.session = session and replace(session, swapped=not session.swapped)
            else:
                break
            await self.save()
        if probed and answer.code in (4416, 403):
            del self._content_types[host]
        elif answer.code == 0:
            self._content_types.setdefault(host, _JSON)
        return answer

    @staticmethod
    def _wrong_gtoken(answer: Answer, access: Access) -> bool:
        """A 401 that names the gtoken means the wrong one of two ids (field.md #17)."""
        session = access.session
        return (
            answer.code == 401
            and session is not None
            and session.has_two_ids
            and "gtoken" in answer.message.lower()
        )

    async def _once(self, endpoint: Endpoint, body: Mapping[str, object], access: Access) -> Answer:
        identity = access.identities.get(endpoint.realm)
        if identity is None:
            identity = await self._exchange(endpoint, access)
        shared = identity.shared_key.reveal()
        key = mega.signature_key(shared)
        iv, once = self.rng(16), self.rng(16).hex()
        text = mega.encrypt(mega.body_key(shared), iv, safe_json.dumps(body))
        headers = self._headers(identity.key_ident, key, once, text, access)
        if endpoint.categorised:
            headers |= _CATEGORY
        raw = await self._send(endpoint, access, headers, text.encode(), endpoint.purpose)
        answer = self._outer(raw, endpoint.name)
        return replace(answer, data=_decrypted(answer, shared, endpoint.name))

    async def _exchange(self, endpoint: Endpoint, access: Access) -> Identity:
        """Make a key exchange for the realm of a call (cloud.md §2.2); it is not a login."""
        realm = endpoint.realm
        exchange = EXCHANGE if realm is Realm.BASIC else EXCHANGE_SECURITY
        preset = _PRESETS[realm]
        key_ident = self.rng(16).hex()
        private = mega.private_key(self.rng(32))
        iv, once = self.rng(16), self.rng(16).hex()
        public = mega.encrypt(bytes.fromhex(preset), iv, mega.public_hex(private).encode())
        headers = self._headers(key_ident, preset, once, public, access)
        if realm is Realm.BASIC:
            for name in ("x-auth-token", "authorization", "gtoken"):
                headers.pop(name, None)
        body = safe_json.dumps({"client_public_key": public})
        raw = await self._send(exchange, access, headers, body, endpoint.purpose)
        answer = self._outer(raw, exchange.name)
        if answer.code:
            retry_at = await self._refused(answer, access)
            raise error_for(answer.code, exchange.name, as_time(retry_at) if retry_at else None)
        try:
            field = fields.text(fields.as_dict(answer.data), "server_public_key", limit=1024)
            point = mega.decrypt(bytes.fromhex(preset), field).decode("ascii")
            shared = mega.shared_secret(private, point).hex()
        except (WireError, UnicodeDecodeError) as error:
            raise _no_answer(exchange.name) from error
        identity = Identity(key_ident, Secret(shared))
        access.identities[realm] = identity
        await self.save()
        return identity

    def _headers(
        self, key_ident: str, hmac_key: str, once: str, signed: str, access: Access
    ) -> dict[str, str]:
        now = str(int(self.clock()))
        headers = {
            **APP_HEADERS,
            "openudid": self.state.openudid,
            "x-encryption-info": "algo_ecdh",
            "x-key-ident": key_ident,
            "x-request-ts": now,
            "x-request-once": once,
            "x-signature": mega.sign(hmac_key, now, once, signed),
            "accept": _JSON,
            "accept-charset": "UTF-8",
            "country": access.country.upper(),
            "language": "en",
            "timezone": "UTC",
        }
        if access.session:
            headers |= token_headers(access.session)
        return headers

    async def _send(
        self,
        endpoint: Endpoint,
        access: Access,
        headers: dict[str, str],
        body: bytes,
        purpose: Purpose,
    ) -> HttpAnswer:
        host = access.cluster.host(endpoint.service)
        headers["content-type"] = self._content_types.get(host, _JSON)
        return await self._post(f"https://{host}{endpoint.path}", purpose, headers, body)

    async def _post(
        self, url: str, purpose: Purpose, headers: Mapping[str, str], body: bytes
    ) -> HttpAnswer:
        began = self.clock()
        try:
            answer = await self.http.post(
                url,
                purpose=purpose,
                headers=headers,
                body=body,
                max_bytes=MAX_ANSWER,
                timeout=TIMEOUT,
            )
        except CloudUnreachable as error:
            stalled = self.clock() - began >= TIMEOUT - 1
            self._stalls = self._stalls + 1 if stalled else 0
            if self._stalls >= MAX_STALLS:
                self._stalls = 0
                self.state.pause.extend(self.clock(), STALL_PAUSE, 0)
                await self.save()
            raise own_error(error, "cloud_unreachable", url.rsplit("/", 1)[-1]) from None
        self._stalls = 0
        return answer

    def _outer(self, raw: HttpAnswer, call: str) -> Answer:
        """Read the outer JSON; an HTTP error without a code of its own counts as its status."""
        try:
            outer = fields.as_dict(
                safe_json.loads(raw.body, max_bytes=MAX_ANSWER, max_items=MAX_ITEMS)
            )
        except WireError as error:
            if raw.status == 200:
                raise _no_answer(call) from error
            outer = {}
        code = fields.number(outer, "code", default=-1)
        if code in (0, -1) and raw.status != 200:
            code = raw.status
        if code == -1:
            raise _no_answer(call)
        # HTTP 463 comes with body code 4404: one meaning. HTTP 401 with 26084: the body decides.
        message = fields.text(outer, "msg", "message")
        return Answer(code, message, outer.get("data"), self._retry_after(raw.headers))

    def _retry_after(self, headers: Mapping[str, str]) -> float:
        """Return the seconds of a Retry-After header, given as seconds or as a date."""
        value = next((v for k, v in headers.items() if k.lower() == "retry-after"), "").strip()
        if value.isdecimal() and len(value) < 9:
            return float(value)
        try:
            when = email.utils.parsedate_to_datetime(value).timestamp()
        except ValueError, OverflowError, OSError:
            return 0.0
        return max(0.0, when - self.clock())

    async def _refused(self, answer: Answer, access: Access) -> float:
        """Remember what a refusal means; return the time of the next allowed try, 0 if any."""
        state, now, row = self.state, self.clock(), row_for(answer.code)
        ours = access is state.access
        until = 0.0
        if row.kind is Kind.SIGN_IN_LOCK:
            state.sign_in_pause.extend(now, row.pause, answer.code)
            until = state.sign_in_pause.until
        elif row.pause:
            doubled = row.pause * min(state.pause.count + 1, BUSY_STEPS)
            seconds = doubled if row.kind is Kind.BUSY else row.pause
            state.pause.extend(now, max(seconds, answer.retry_after), answer.code)
            until = state.pause.until
        elif row.kind is Kind.TAKEN_OVER and ours:
            state.taken_over = True
        elif row.kind is Kind.SESSION and ours and access.session:
            access.session = replace(access.session, expires_at=0.0)
        await self.save()
        return math.ceil(until)


def token_headers(session: Session) -> dict[str, str]:
    """Return the headers that carry the login; only ever sent to the vendor's own hosts."""
    token = session.token.reveal()
    return {
        "x-auth-token": token,
        "authorization": token,
        "gtoken": mega.gtoken(session.gtoken_id),
    }


def _decrypted(answer: Answer, shared: str, call: str) -> object:
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
        raise _no_answer(call) from error


def _no_answer(call: str) -> CloudUnreachable:
    text = f"the cloud gave no usable answer ({call})"
    return own_error(CloudUnreachable(text), "cloud_unreachable", call)
