"""The simulated passport service: passwords, captchas, codes, limits (`protocol/cloud.md` §3)."""

import base64
import random
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import mega

from . import captcha
from .description import CloudAccount
from .options import CloudOptions
from .sessions import Refusal, Sessions, Token

WINDOW: Final = 6 * 3600.0
_CODE_NEEDED: Final = 26052
_CAPTCHA_LIFE: Final = 300.0
_MAX_CAPTCHAS: Final = 100


@dataclass(slots=True)
class _Captcha:
    text: str
    born: float


@dataclass(slots=True)
class _Pending:
    """A login that waits for its code, under the identity it was started with."""

    key_ident: str
    password: str
    sent_at: float | None = None


class Passport:
    """Login state of all accounts."""

    def __init__(
        self,
        accounts: Mapping[str, CloudAccount],
        sessions: Sessions,
        options: CloudOptions,
        clock: Callable[[], float],
        *,
        rng: random.Random,
        server_key: ec.EllipticCurvePrivateKey,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._options = options
        self._clock = clock
        self._rng = rng
        self._server_key = server_key
        self._captchas: dict[str, _Captcha] = {}
        self._solved: set[str] = set()  # identities whose captcha was answered
        self._pending: dict[str, _Pending] = {}
        self._trusted: set[tuple[str, str]] = set()
        self._logins: dict[str, deque[float]] = {}
        self._wrong_passwords: Counter[str] = Counter()
        self._wrong_codes: Counter[str] = Counter()
        self.last_captcha = ""
        self.codes_sent: Counter[int] = Counter()

    # --- calls -------------------------------------------------------------------------

    def generate_captcha(self) -> dict[str, str]:
        """Draw a new captcha."""
        text = captcha.new_text(self._rng)
        mark = f"{self._rng.getrandbits(128):032x}"
        while len(self._captchas) >= _MAX_CAPTCHAS:
            del self._captchas[next(iter(self._captchas))]
        self._captchas[mark] = _Captcha(text, self._clock())
        self.last_captcha = text
        item = base64.b64encode(captcha.draw(text, self._rng)).decode()
        if self._options.captcha_as_uri:
            item = f"data:image/png;base64,{item}"
        return {"captcha_id": mark, "item": item}

    def send_code(self, token: Token | None, key_ident: str, body: Mapping[str, Any]) -> None:
        """Send the verification code of a pending login."""
        email = token.email if token else None
        for owner, pending in self._pending.items():
            if pending.key_ident == key_ident and email in (None, owner):
                if body.get("biz_type") != 1004 or body.get("message_type") not in (1, 2, 3):
                    raise Refusal(10000, "parameter invalid")
                pending.sent_at = self._clock()
                self.codes_sent[int(body["message_type"])] += 1
                return
        raise Refusal(401, "token error", status=401)

    def login(
        self,
        region: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        token: Token | None,
    ) -> dict[str, Any]:
        """Answer `/passport/login` with its data, or refuse."""
        account = self._accounts.get(str(body.get("email")))
        if account is None:
            raise Refusal(22008, "email does not exist")
        key_ident = headers.get("x-key-ident", "")
        code = str(body.get("verify_code") or "")
        answer = str(body.get("answer") or "")
        if not (code or answer):
            self._count_login(account)
        self._check_captcha(key_ident, body, answer)
        self._check_password(account, body)
        if not account.activated:
            raise Refusal(26015, "account is not activated")
        pending = self._pending.get(account.email)
        if code:
            self._check_code(account, pending, key_ident, body, token)
        elif self._needs_code(account, headers):
            return self._ask_code(account, region, headers, body, key_ident)
        self._pending.pop(account.email, None)
        self._solved.discard(key_ident)
        self._trusted.add((account.email, headers.get("openudid", "")))
        return self._answer(account, region, headers, body, provisional=False)

    # --- checks ------------------------------------------------------------------------

    def _count_login(self, account: CloudAccount) -> None:
        now = self._clock()
        times = self._logins.setdefault(account.email, deque(maxlen=100))
        while times and now - times[0] > WINDOW:
            times.popleft()
        times.append(now)
        if len(times) > self._options.max_sign_ins:
            raise Refusal(100028, "too many logins")

    def _check_captcha(self, key_ident: str, body: Mapping[str, Any], answer: str) -> None:
        if answer:
            asked = self._captchas.pop(str(body.get("captcha_id")), None)
            fresh = asked is not None and self._clock() - asked.born <= _CAPTCHA_LIFE
            if asked is None or not fresh or answer.strip().upper() != asked.text:
                raise Refusal(100033, "captcha error")
            self._solved.add(key_ident)
        elif self._options.challenge.captcha and key_ident not in self._solved:
            raise Refusal(100032, "need captcha")

    def _check_password(self, account: CloudAccount, body: Mapping[str, Any]) -> None:
        if self._wrong_passwords[account.email] >= self._options.max_wrong_passwords:
            raise Refusal(100056, "too many wrong passwords")
        info = body.get("client_secret_info")
        public = info.get("public_key") if isinstance(info, dict) else None
        try:
            secret = mega.shared_secret(self._server_key, str(public))
            plain = Secret(mega.unwrap_password(secret, str(body.get("password"))))
        except WireError as error:
            raise Refusal(100030, "password decryption failed") from error
        if plain != account.password:
            self._wrong_passwords[account.email] += 1
            if self._wrong_passwords[account.email] >= self._options.max_wrong_passwords:
                raise Refusal(100056, "too many wrong passwords")
            raise Refusal(26006, "Email address or password incorrect.")
        self._wrong_passwords[account.email] = 0

    def _needs_code(self, account: CloudAccount, headers: Mapping[str, str]) -> bool:
        if not self._options.challenge.code:
            return False
        known = (account.email, headers.get("openudid", "")) in self._trusted
        return not (self._options.trust_devices and known)

    def _check_code(
        self,
        account: CloudAccount,
        pending: _Pending | None,
        key_ident: str,
        body: Mapping[str, Any],
        token: Token | None,
    ) -> None:
        if self._wrong_codes[account.email] >= self._options.max_wrong_codes:
            raise Refusal(26053, "too many wrong codes")
        if pending is None or pending.key_ident != key_ident or pending.sent_at is None:
            raise Refusal(26054, "no code was sent for this login")
        if pending.password != body.get("password"):
            raise Refusal(10000, "the pending login has another password wrap")
        if token is None and not self._options.code_in_body:
            raise Refusal(401, "token error", status=401)
        if self._clock() - pending.sent_at > self._options.code_life:
            raise Refusal(26050, "verify code expired")
        if body["verify_code"] != self._options.verify_code:
            self._wrong_codes[account.email] += 1
            if self._wrong_codes[account.email] >= self._options.max_wrong_codes:
                raise Refusal(26053, "too many wrong codes")
            raise Refusal(26051, "verify code error")
        self._wrong_codes[account.email] = 0

    def _ask_code(
        self,
        account: CloudAccount,
        region: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        key_ident: str,
    ) -> dict[str, Any]:
        self._pending[account.email] = _Pending(key_ident, str(body.get("password")))
        if self._options.code_in_body:
            raise Refusal(_CODE_NEEDED, "need verify code")
        return self._answer(account, region, headers, body, provisional=True)

    def _answer(
        self,
        account: CloudAccount,
        region: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        *,
        provisional: bool,
    ) -> dict[str, Any]:
        now = self._clock()
        country = str(body.get("ab", "")).upper()
        openudid = headers.get("openudid", "")
        token = Token(account.email, region, openudid, country, now, provisional)
        home = account.region if self._options.answer_home_domain else region
        return {
            "auth_token": self._sessions.new_token(token),
            "token_expires_at": int(now + self._options.token_life),
            "user_id": account.user_id,
            "ap_cloud_user_id": account.cloud_user_id or account.user_id,
            "email": account.email,
            "nick_name": account.nick_name,
            "country_code": account.country,
            "mega_domain": f"mega-{home}-pr.eufy.com",
            "fa_info": {"step": _CODE_NEEDED if provisional else 0, "info": ""},
        }
