"""The sign-in as a conversation: password, then captcha and code if the cloud asks for them.

Source: `protocol/cloud.md` §1.3 and §3. A login is scarce: it is counted before it is sent, and
answers to a challenge go into the same pending login, never into a new one.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from ..errors import (
    CaptchaRequired,
    CloudError,
    CloudUnreachable,
    SignInExpired,
    SignInRefused,
    VerificationRequired,
)
from ..secret import Secret
from ..wire import mega
from . import endpoints, fields
from .codes import DAY, MINUTE, error_for, own_error
from .envelope import Answer, no_answer
from .hosts import REGIONS, Cluster, Realm
from .state import MAX_SIGN_INS, MAX_TOKEN, Access, Session, as_time
from .transport import Transport

PENDING_LIFE: Final = 15 * MINUTE
"""A pending login is kept at most this long (cloud.md §3.4)."""

MAX_WRONG_ANSWERS: Final = 3
"""Wrong captchas and codes per pending login; whether the cloud counts them is unknown (U)."""

DEFAULT_TOKEN_LIFE: Final = 7 * DAY
"""Used when the answer names no expiry (cloud.md §3.3)."""

MAX_CAPTCHA: Final = 256 * 1024
"""Bytes of a captcha picture; real ones have a few kB."""

_CODE_NEEDED: Final = 26052
_CAPTCHA_CODES: Final = frozenset({100032, 100033})
_WRONG_CODES: Final = frozenset({26050, 26051, 26054, 26167})
_ANSWERED: Final = _CAPTCHA_CODES | _WRONG_CODES | {_CODE_NEEDED}
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"RIFF")
_VERIFY_BIZ: Final = 1004


class CodeChannel(IntEnum):
    """Where the verification code is sent (`message_type`, cloud.md §3.4)."""

    SMS = 1
    EMAIL = 2
    APP = 3


class _Stage(StrEnum):
    LOGIN = "login"
    SEND_CODE = "send_code"


@dataclass(slots=True)
class PendingLogin:
    """A login between two answers. It lives in memory only."""

    email: str = field(repr=False)
    password: Secret[str]  # already wrapped for the login server's key
    client_public: str = field(repr=False)
    access: Access = field(repr=False)
    started: float
    stage: _Stage = _Stage.LOGIN
    channel: CodeChannel = CodeChannel.EMAIL
    captcha_id: str = field(default="", repr=False)
    code: str = field(default="", repr=False)
    wrong: int = 0


class SignIn:
    """Drives one pending login at a time."""

    def __init__(self, transport: Transport, server_key: str) -> None:
        self._transport = transport
        self._server_key = server_key
        self.pending: PendingLogin | None = None

    async def locate(self, country: str | None) -> Access:
        """Find the home cluster of a country; without one, of the country the cloud sees us in.

        The result has no session yet. Raises `CloudUnreachable` when no cluster answers.
        """
        if country:
            return Access(await self._home_cluster(country), country.upper())
        probe = Access(Cluster.of_region(REGIONS[0]), "")
        answer = await self._transport.call(endpoints.COUNTRY, {}, probe)
        seen = fields.text(fields.as_dict(answer.data), "ab_code", limit=2).upper()
        if len(seen) != 2 or not seen.isalpha():
            # The region stands in for the country when none is known (cloud.md §1.3).
            return Access(probe.cluster, probe.cluster.region.upper(), probe.identities)
        cluster = await self._home_cluster(seen)
        same = cluster.region == probe.cluster.region
        return Access(cluster, seen, probe.identities if same else {})

    async def _home_cluster(self, country: str) -> Cluster:
        failure: CloudError | None = None
        for region in REGIONS:
            host = Cluster.of_region(region).mega_host
            try:
                answer = await self._transport.plain(
                    host, endpoints.ESTIMATE_DOMAIN, {"ab": country.upper(), "mode": 1}
                )
            except CloudUnreachable as error:
                failure = error
                continue
            data = fields.as_dict(answer.data)
            products = fields.as_dict(data.get("product_domains"))
            cluster = Cluster.of_domain(data.get("domain"), products.get("eufy_security"))
            # "us" also serves countries without a cluster of their own (cloud.md §1.1).
            return cluster or Cluster.of_region("us")
        raise failure or CloudUnreachable("no region of the cloud answers")

    async def begin(self, email: str, password: Secret[str], access: Access) -> Access:
        """Send the password; return the signed-in access or raise a challenge."""
        private = mega.private_key(self._transport.rng(32))
        shared = mega.shared_secret(private, self._server_key)
        wrapped = Secret(mega.wrap_password(shared, password.reveal()))
        self.pending = PendingLogin(
            email, wrapped, mega.public_hex(private), access, self._transport.clock()
        )
        return await self._first_login(self.pending)

    async def begin_elsewhere(self, region: str) -> Access:
        """Repeat the finished login on another cluster, with the same password wrap."""
        done = self._current()
        access = Access(Cluster.of_region(region), done.access.country)
        self.pending = PendingLogin(
            done.email, done.password, done.client_public, access, self._transport.clock()
        )
        return await self._first_login(self.pending)

    async def answer_captcha(self, text: str) -> Access:
        """Answer the captcha of the pending login."""
        pending = self._current()
        if pending.stage is _Stage.SEND_CODE:
            await self._send_code(pending, {"captcha_id": pending.captcha_id, "answer": text})
            raise VerificationRequired
        return await self._login(pending, answer=text)

    async def answer_code(self, code: str) -> Access:
        """Answer the verification code of the pending login."""
        pending = self._current()
        pending.code = code.strip()
        return await self._login(pending)

    async def resend_code(self, channel: CodeChannel = CodeChannel.EMAIL) -> None:
        """Have a new verification code sent. Raises `CaptchaRequired` when that needs one."""
        pending = self._current()
        pending.channel = channel
        await self._send_code(pending, {"captcha_id": "", "answer": ""})

    def check_allowed(self) -> None:
        """Raise `SignInRefused` when a login must not be sent now."""
        transport = self._transport
        state, now = transport.state, transport.clock()
        transport.check_pause(endpoints.LOGIN.name)
        if state.sign_in_pause.active(now):
            when = as_time(state.sign_in_pause.until)
            raise error_for(state.sign_in_pause.code, endpoints.LOGIN.name, when)
        allowed_at = state.sign_in_allowed_at(now)
        if allowed_at > now:
            raise own_error(
                SignInRefused(
                    f"{MAX_SIGN_INS} sign-ins in 6 hours are used up", 0, as_time(allowed_at)
                ),
                "sign_in_budget",
                endpoints.LOGIN.name,
            )

    # --- one login call ----------------------------------------------------------------

    def _current(self) -> PendingLogin:
        pending, now = self.pending, self._transport.clock()
        if pending is None or not 0 <= now - pending.started <= PENDING_LIFE:
            self.pending = None
            raise SignInExpired("the sign-in took too long")
        return pending

    async def _first_login(self, pending: PendingLogin) -> Access:
        self.check_allowed()
        self._transport.state.count_sign_in(self._transport.clock())
        await self._transport.save()  # counted even if we are killed while it is sent
        return await self._login(pending)

    async def _login(self, pending: PendingLogin, *, answer: str = "") -> Access:
        body: dict[str, object] = {
            "email": pending.email,
            "password": pending.password.reveal(),
            "ab": pending.access.country,
            "client_secret_info": {"public_key": pending.client_public},
        }
        if answer or not pending.code:  # the answer to a code has no captcha fields (A)
            body |= {"answer": answer, "captcha_id": pending.captcha_id if answer else ""}
        body |= {"verify_code": pending.code, "login_id": ""}
        pending.stage = _Stage.LOGIN
        try:
            reply = await self._transport.call(
                endpoints.LOGIN, body, pending.access, accept=_ANSWERED
            )
        except CloudUnreachable:
            raise  # the answer to a challenge can be sent again
        except CloudError:
            self.pending = None
            raise
        data = fields.as_dict(reply.data)
        if reply.code in _CAPTCHA_CODES:
            await self._ask_captcha(pending, wrong=bool(answer))
        step = fields.number(fields.as_dict(data.get("fa_info")), "step")
        if reply.code in _WRONG_CODES or (pending.code and _CODE_NEEDED in (reply.code, step)):
            code, pending.code = reply.code or _CODE_NEEDED, ""
            await self._count_wrong(pending)
            raise VerificationRequired(wrong=True, code=code)
        if _CODE_NEEDED in (reply.code, step):
            # The token of this answer is provisional; without one, go on without (cloud.md §3.4).
            pending.access.session = self._session(data)
            await self._send_code(pending, {"captcha_id": "", "answer": ""})
            raise VerificationRequired
        session = self._session(data)
        if session is None:
            self.pending = None
            raise no_answer(endpoints.LOGIN.name)
        return self._finished(pending, session, data)

    def _finished(
        self, pending: PendingLogin, session: Session, data: Mapping[str, object]
    ) -> Access:
        """The domain of a login answer wins over a guess; identities belong to their cluster."""
        access = pending.access
        named = Cluster.of_domain(data.get("mega_domain")) or Cluster.of_domain(data.get("domain"))
        if named and named.region != access.cluster.region:
            access = Access(named, access.country)
            pending.access = access
        access.session = session
        access.identities.pop(Realm.SECURITY, None)  # that exchange was signed by another login
        return access

    def _session(self, data: Mapping[str, object]) -> Session | None:
        token = fields.text(data, "auth_token", limit=MAX_TOKEN + 1)
        user = fields.identifier(data, "user_id")
        cloud_user = fields.identifier(data, "ap_cloud_user_id")
        if not token or len(token) > MAX_TOKEN or not (user or cloud_user):
            return None
        if not token.isascii() or not token.isprintable():  # it becomes a header
            return None
        expires = fields.number(data, "token_expires_at")
        if expires <= 0:
            expires = int(self._transport.clock() + DEFAULT_TOKEN_LIFE)
        return Session(Secret(token), float(expires), user, cloud_user)

    async def _send_code(self, pending: PendingLogin, captcha: Mapping[str, str]) -> None:
        pending.stage = _Stage.SEND_CODE
        body = {
            "transaction": str(int(self._transport.clock() * 1000)),
            "message_type": int(pending.channel),
            "biz_type": _VERIFY_BIZ,
            **captcha,
        }
        reply: Answer = await self._transport.call(
            endpoints.SEND_CODE, body, pending.access, accept=_CAPTCHA_CODES
        )
        if reply.code:
            await self._ask_captcha(pending, wrong=bool(captcha["answer"]))
        pending.stage = _Stage.LOGIN

    async def _ask_captcha(self, pending: PendingLogin, *, wrong: bool) -> None:
        if wrong:
            await self._count_wrong(pending)
        reply = await self._transport.call(endpoints.CAPTCHA, {}, pending.access)
        data = fields.as_dict(reply.data)
        pending.captcha_id = fields.text(data, "captcha_id")
        raise CaptchaRequired(_picture(data), wrong=wrong)

    async def _count_wrong(self, pending: PendingLogin) -> None:
        pending.wrong += 1
        if pending.wrong >= MAX_WRONG_ANSWERS:
            self.pending = None
            raise SignInExpired("three wrong answers: start the sign-in again")


def _picture(data: Mapping[str, object]) -> bytes:
    """Return the captcha's picture: base64 or a `data:` URI of a real picture format."""
    item = fields.text(data, "item", limit=2 * MAX_CAPTCHA)
    if item.startswith("data:"):
        item = item.partition(",")[2]
    try:
        picture = base64.b64decode(item, validate=True)
    except ValueError:
        picture = b""
    if not picture.startswith(_PICTURES) or len(picture) > MAX_CAPTCHA:
        raise no_answer(endpoints.CAPTCHA.name)
    return picture
