"""The fake cloud: one aiohttp application that stands for all of the vendor's hosts.

A request names the host it was meant for in the header `X-Simulated-Host`; service, region and
realm follow from that. Behaviour: `protocol/cloud.md`, checklist in its §9. Nothing is logged.
"""

import asyncio
import random
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import mega, safe_json

from .description import AccountLists, CloudAccount
from .login import Passport
from .options import CloudOptions, Effect, Fault
from .services import CipherPair, Services
from .sessions import BASIC, MAX_BODY, SECURITY, Refusal, Sessions, Token

HOST_HEADER: Final = "X-Simulated-Host"
MAX_CALLS: Final = 1000
"""Remembered calls; the counters are exact whatever their number."""

_SERVICE: Final = re.compile(r"app-([a-z]+)-([a-z]{2})-pr\.eufy\.com")
_MEGA: Final = re.compile(r"mega-([a-z]{2})-pr\.eufy\.com")
_SECURITY: Final = re.compile(r"security-app(?:-([a-z]{2}))?\.eufylife\.com")
_EU: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CH",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GB",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
_NO_CLUSTER: Final = "ZZ"


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was received: for which host and path, and whether a token came along."""

    host: str
    path: str
    with_token: bool
    content_type: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]


class FakeCloud:
    """The vendor's cloud on loopback.

    Args:
        accounts: the accounts that exist.
        inventory: lists by e-mail address.
        keys: cipher key pairs.
        clock: unix time in seconds.
        rng: random numbers (a seeded one makes a run repeatable).
        options: behaviour; may be changed while it runs.
        pictures: picture bodies by path, served to `GET` with a valid token.
    """

    def __init__(
        self,
        accounts: Iterable[CloudAccount],
        inventory: Mapping[str, AccountLists],
        keys: Iterable[CipherPair],
        *,
        clock: Callable[[], float],
        rng: random.Random,
        options: CloudOptions | None = None,
        pictures: Mapping[str, bytes] | None = None,
    ) -> None:
        self.accounts = {account.email: account for account in accounts}
        self.inventory = dict(inventory)
        self.options = options or CloudOptions()
        self.pictures = dict(pictures or {})
        self._clock = clock
        private = mega.private_key(rng.randbytes(32))
        self.login_server_key = mega.public_hex(private)
        self.sessions = Sessions(self.options, clock, rng.randbytes)
        self.passport = Passport(
            self.accounts, self.sessions, self.options, clock, rng=rng, server_key=private
        )
        self.services = Services(self.accounts, self.inventory, keys, self.options, clock)
        self.picture_status = 200
        self.counters: Counter[str] = Counter()
        self.calls: deque[Call] = deque(maxlen=MAX_CALLS)
        self._picture_tries: Counter[str] = Counter()
        self.app = web.Application(client_max_size=MAX_BODY)
        self.app.router.add_route("*", "/{path:.*}", self._handle)
        self._routes = self._make_routes()

    # --- what the control API uses -----------------------------------------------------

    @property
    def total(self) -> int:
        """All requests received so far."""
        return self.counters.total()

    @property
    def code(self) -> str:
        """The verification code that is accepted."""
        return self.options.verify_code

    @property
    def captcha_answer(self) -> str:
        """The text of the captcha drawn last."""
        return self.passport.last_captcha

    def kick(self, email: str) -> None:
        """Let another client sign in to an account: our login states end with 26084."""
        self.sessions.kick(email)

    def forget_identities(self) -> None:
        """Forget all key exchanges: the next call of a client gets 463."""
        self.sessions.forget_identities()

    # --- dispatch ----------------------------------------------------------------------

    def _make_routes(self) -> dict[tuple[str, str], Callable[[Token, dict[str, Any]], Any]]:
        services, v3 = self.services, SECURITY
        return {
            ("passport", "/passport/get_profile"): services.profile,
            ("passport", "/passport/get_last_login_code"): services.last_country,
            ("house", "/app/house/get_house_list"): services.houses,
            ("house", "/app/house/get_devs_list"): services.devices,
            ("house", "/app/house/get_house_invite_records"): services.house_invites,
            ("devicerelation", "/app/devicerelation/get_invites"): services.device_invites,
            ("devicerelation", "/app/devicerelation/get_dsk_keys"): services.dsk,
            ("push", "/app/push/register_push_token"): services.register_push,
            ("ota", "/app/ota/get_rom_version"): services.firmware,
            ("things", "/app/things/get_things_list"): services.things,
            ("devicemanage", "/app/devicemanage/get_device_param_list"): services.parameters,
            (v3, "/v3/app/get_hub_list"): services.hubs_v3,
            (v3, "/v3/app/get_devs_list"): services.devices_v3,
            (v3, "/v3/app/cipher/get_ciphers"): services.ciphers,
            (v3, "/v3/house/guard_list"): services.guard_list,
            (v3, "/v3/house/add_guard"): services.guard_write,
            (v3, "/v3/house/update_guard"): services.guard_write,
            (v3, "/v3/house/delete_guard"): services.guard_delete,
            (v3, "/v3/house/setup_guard"): services.guard_setup,
            (v3, "/v3/house/get_guard_logs"): services.guard_logs,
            (v3, "/v3/aiassis/get_faces"): services.faces,
            (v3, "/v3/aiassis/get_faces_by_ids"): services.faces,
        }

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        host = request.headers.get(HOST_HEADER, "").lower()
        with_token = bool(request.headers.get("x-auth-token"))
        kind = request.headers.get("content-type", "")
        call = Call(host, request.path, with_token, kind)
        self.calls.append(call)
        self.counters[call.name] += 1
        if request.method == "GET":
            return self._picture(request)
        body = await request.read()
        fault = self.options.take_fault(call.name)
        if fault and (answer := await _planned(fault, request)):
            return answer
        try:
            return self._answer(call, request, body, fault)
        except Refusal as refusal:
            return web.json_response(
                {"code": refusal.code, "msg": refusal.message}, status=refusal.status
            )

    def _answer(
        self, call: Call, request: web.Request, body: bytes, fault: Fault | None
    ) -> web.Response:
        if mega_host := _MEGA.fullmatch(call.host):
            if call.path == "/passport/estimate_domain":
                return web.json_response(_success(_estimate(body)))
            raise Refusal(404, f"no such path on {mega_host[0]}", status=404)
        service, region = _place(call.host)
        if call.host in self.options.text_plain_hosts and "text/plain" not in call.content_type:
            raise Refusal(4416, "signature error")
        realm = SECURITY if call.path.startswith("/v3/") else BASIC
        if (realm == SECURITY) != (service == SECURITY):
            raise Refusal(404, "no such path", status=404)
        if call.path.endswith("/openapi/oauth/key/exchange"):
            if realm == SECURITY:
                self._token(request, call)
                if "category" in request.headers:
                    raise Refusal(4404, "unexpected category", status=463)
            return web.json_response(
                _success(self.sessions.exchange(realm, region, request.headers, body))
            )
        identity = self.sessions.identity(realm, region, request.headers)
        data = self.sessions.open(identity, request.headers, body)
        result = self._serve(call, service, region, request, data)
        if fault and fault.effect is Effect.DATA:
            result = fault.data
        if fault and fault.effect is Effect.PLAIN:
            return web.json_response(_success(result))
        if fault and fault.effect is Effect.UNDECODABLE:
            return web.json_response(_success("AAAA" * 12))
        if result is None or (fault and fault.effect is Effect.ABSENT):
            return web.json_response({"code": 0, "msg": "success"})
        return web.json_response(_success(self.sessions.seal(identity, result)))

    def _serve(
        self, call: Call, service: str, region: str, request: web.Request, data: dict[str, Any]
    ) -> Any:
        headers = request.headers
        match service, call.path:
            case "passport", "/passport/get_client_real_code":
                return {"ab_code": self.options.seen_country}
            case "passport", "/passport/generate/captcha":
                return self.passport.generate_captcha()
            case "passport", "/passport/login":
                token = self._token(request, call, optional=True)
                return self.passport.login(region, headers, data, token)
            case "push", "/app/sendmsg/verify_code":
                token = self._token(request, call, optional=True)
                self.passport.send_code(token, headers.get("x-key-ident", ""), data)
                return {}
        handler = self._routes.get((service, call.path))
        if handler is None:
            raise Refusal(404, "no such path", status=404)
        token = self._token(request, call)
        if token is None or token.provisional or token.region != region:
            raise Refusal(401, "token error", status=401)
        categorised = service == SECURITY or call.name == "get_dsk_keys"
        wanted = "eufy_security"
        if categorised and not headers.get("category") == headers.get("app-tab") == wanted:
            raise Refusal(4404, "category missing", status=463)
        return handler(token, data)

    def _token(self, request: web.Request, call: Call, *, optional: bool = False) -> Token | None:
        token = self.sessions.token(request.headers, self._gtoken)
        if token is None and not optional:
            raise Refusal(401, f"token error ({call.name})", status=401)
        return token

    def _gtoken(self, email: str) -> str:
        account = self.accounts[email]
        by_user = self.options.gtoken_of_user_id
        return mega.gtoken(account.user_id if by_user else account.account_id)

    # --- pictures ----------------------------------------------------------------------

    def _picture(self, request: web.Request) -> web.Response:
        """Serve a picture to a holder of a token; it may lag the push that named it."""
        try:
            if self.sessions.token(request.headers, self._gtoken) is None:
                raise Refusal(401, "token error", status=401)
        except Refusal as refusal:
            return web.Response(status=refusal.status)
        self._picture_tries[request.path] += 1
        picture = self.pictures.get(request.path)
        late = self._picture_tries[request.path] <= self.options.picture_misses
        if self.picture_status != 200:
            return web.Response(status=self.picture_status)
        if picture is None or late:
            return web.Response(status=404)
        return web.Response(body=picture, content_type="application/octet-stream")


def _place(host: str) -> tuple[str, str]:
    if match := _SERVICE.fullmatch(host):
        return match[1], match[2]
    if match := _SECURITY.fullmatch(host):
        return SECURITY, match[1] or "us"
    raise Refusal(404, "no such host", status=404)


def _estimate(body: bytes) -> dict[str, Any]:
    try:
        country = str(safe_json.loads_object(body).get("ab", "")).upper()
    except WireError as error:
        raise Refusal(10000, "parameter invalid") from error
    if country == _NO_CLUSTER:
        return {"domain": "app.example.invalid"}
    region, suffix = ("eu", "-eu") if country in _EU else ("us", "")
    return {
        "domain": f"mega-{region}-pr.eufy.com",
        "product_domains": {"eufy_security": f"security-app{suffix}.eufylife.com"},
    }


def _success(data: object) -> dict[str, object]:
    return {"code": 0, "msg": "success", "data": data}


async def _planned(fault: Fault, request: web.Request) -> web.Response | None:
    """Answer with a planned fault; None when the fault changes the answer's `data` only."""
    headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
    match fault.effect:
        case Effect.CODE:
            body = {"code": fault.code, "msg": fault.message}
            return web.json_response(body, status=fault.status, headers=headers)
        case Effect.STALL:
            await asyncio.sleep(fault.seconds)
            return web.Response(status=504)
        case Effect.NOT_JSON:
            return web.Response(text="<html>sorry</html>", status=fault.status, headers=headers)
        case Effect.REDIRECT:
            return web.Response(status=302, headers={"Location": fault.location})
        case Effect.DROP:
            if request.transport:
                request.transport.abort()
            return web.Response(status=500)
    return None
