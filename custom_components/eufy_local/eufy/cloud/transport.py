"""One call to the mega cloud: envelope, headers, typed answer, and the repairs that need no user.

Source: `protocol/cloud.md` §2 and §3.6. The repairs, each at most once per call: a new key
exchange when the identity is unknown, the other content type at first contact, the other id in
`gtoken`. A pause that the cloud asked for is kept before anything is sent.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from ..errors import CloudBusy, CloudError, CloudUnreachable, SessionExpired, WireError
from ..net.http import GatedHttp, HttpAnswer
from ..net.policy import Purpose
from ..secret import Secret
from ..wire import mega, safe_json
from . import codes, fields
from .codes import MINUTE, Kind, error_for, own_error, row_for
from .endpoints import EXCHANGE, EXCHANGE_SECURITY, Endpoint
from .envelope import (
    APP_HEADERS,
    CATEGORY_HEADERS,
    MAX_ANSWER,
    TOKEN_HEADERS,
    Answer,
    decrypted,
    no_answer,
    read_answer,
    retry_after,
    token_headers,
)
from .hosts import Realm
from .state import Access, Clock, CloudState, Identity, Rng, as_time

TIMEOUT: Final = 30.0
"""Seconds per request: the firewall sometimes stalls instead of refusing (cloud.md §2.3)."""

MAX_STALLS: Final = 3
"""Time-outs in a row after which calls pause; one or two can be the home's own connection."""

STALL_PAUSE: Final = 30 * MINUTE

LARGE_ANSWER: Final = 64 * 1024
"""Bytes from which an answer is decoded in a thread: 256 kB of list take about 15 ms."""

BUSY_STEPS: Final = 2
"""A pause for too many requests doubles once (30, then 60 minutes; cloud.md §3.6)."""

_JSON: Final = "application/json"
_TEXT: Final = "text/plain"
_WRONG_CONTENT: Final = frozenset({4416, 403})
_PRESETS: Final = {Realm.BASIC: mega.PRESET_BASIC, Realm.SECURITY: mega.PRESET_SECURITY}


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
        self._probing: set[str] = set()
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
            raise await self._error(answer, endpoint.name, access)

    async def plain(self, host: str, path: str, body: Mapping[str, object]) -> Answer:
        """Make a call without key exchange: plain JSON both ways (`estimate_domain`)."""
        async with self._lock:
            name = path.rsplit("/", 1)[-1]
            self.check_pause(name)
            headers = {**APP_HEADERS, "content-type": _JSON}
            raw = await self._post(
                f"https://{host}{path}", Purpose.LOGIN, headers, safe_json.dumps(body)
            )
            return read_answer(raw, name, self.clock())

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

    async def refuse(self, raw: HttpAnswer, call: str, access: Access) -> CloudError:
        """Return the error of a request beside the envelope, and remember what it means."""
        answer = Answer(raw.status, "", None, retry_after(raw.headers, self.clock()))
        if raw.status not in codes.CODES:
            return no_answer(call)
        return await self._error(answer, call, access)

    async def _error(self, answer: Answer, call: str, access: Access) -> CloudError:
        retry_at = await self._refused(answer, access)
        return error_for(answer.code, call, as_time(retry_at) if retry_at else None)

    # --- one attempt -------------------------------------------------------------------

    async def _with_repairs(
        self, endpoint: Endpoint, body: Mapping[str, object], access: Access
    ) -> Answer:
        exchanged = swapped = False
        host = access.cluster.host(endpoint.service)
        while True:
            answer = await self._once(endpoint, body, access)
            if row_for(answer.code).kind is Kind.IDENTITY and not exchanged:
                exchanged = True
                access.identities.pop(endpoint.realm, None)
            elif self._wrong_gtoken(answer, access) and not swapped:
                swapped = True
                session = access.session
                access.session = session and replace(session, swapped=not session.swapped)
                await self.save()
            elif not self._other_content_type(host, answer.code):
                return answer

    def _other_content_type(self, host: str, code: int) -> bool:
        """Tell whether to try the host again with the other content type, and learn from `code`.

        One client found some hosts to want `text/plain`, two did not (cloud.md §2.5): probed once
        per host, before its first good answer.
        """
        if code not in _WRONG_CONTENT:
            self._probing.discard(host)
            self._content_types.setdefault(host, _JSON)
        elif host in self._probing:  # it was not the content type
            self._probing.discard(host)
            self._content_types[host] = _JSON
        elif host not in self._content_types:
            self._probing.add(host)
            self._content_types[host] = _TEXT
            return True
        return False

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
            headers |= CATEGORY_HEADERS
        raw = await self._send(endpoint, access, headers, text.encode(), endpoint.purpose)
        if len(raw.body) > LARGE_ANSWER:
            return await asyncio.to_thread(_decoded, raw, endpoint.name, self.clock(), shared)
        return _decoded(raw, endpoint.name, self.clock(), shared)

    async def _exchange(self, endpoint: Endpoint, access: Access) -> Identity:
        """Make a key exchange for the realm of a call (cloud.md §2.2); it is not a login."""
        exchange = EXCHANGE if endpoint.realm is Realm.BASIC else EXCHANGE_SECURITY
        answer, identity = await self._exchange_once(exchange, endpoint.purpose, access)
        if self._other_content_type(access.cluster.host(exchange.service), answer.code):
            answer, identity = await self._exchange_once(exchange, endpoint.purpose, access)
            self._other_content_type(access.cluster.host(exchange.service), answer.code)
        if answer.code or identity is None:
            raise await self._error(answer, exchange.name, access)
        access.identities[endpoint.realm] = identity
        await self.save()
        return identity

    async def _exchange_once(
        self, exchange: Endpoint, purpose: Purpose, access: Access
    ) -> tuple[Answer, Identity | None]:
        realm = exchange.realm
        preset = _PRESETS[realm]
        key_ident = self.rng(16).hex()
        private = mega.private_key(self.rng(32))
        iv, once = self.rng(16), self.rng(16).hex()
        public = mega.encrypt(bytes.fromhex(preset), iv, mega.public_hex(private).encode())
        headers = self._headers(key_ident, preset, once, public, access)
        if realm is Realm.BASIC:
            for name in TOKEN_HEADERS:
                headers.pop(name, None)
        body = safe_json.dumps({"client_public_key": public})
        raw = await self._send(exchange, access, headers, body, purpose)
        answer = read_answer(raw, exchange.name, self.clock())
        if answer.code:
            return answer, None
        try:
            field = fields.text(fields.as_dict(answer.data), "server_public_key", limit=1024)
            point = mega.decrypt(bytes.fromhex(preset), field).decode("ascii")
            return answer, Identity(key_ident, Secret(mega.shared_secret(private, point).hex()))
        except (WireError, UnicodeDecodeError) as error:
            raise no_answer(exchange.name) from error

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


def _decoded(raw: HttpAnswer, call: str, now: float, shared: str) -> Answer:
    answer = read_answer(raw, call, now)
    return replace(answer, data=decrypted(answer, shared, call))
