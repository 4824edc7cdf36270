"""A client that does exactly what it is told, right or wrong: made of the codec alone."""

import json
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from custom_components.eufy_local.eufy.wire import mega

PRESETS = {"basic": mega.PRESET_BASIC, "security": mega.PRESET_SECURITY}
CATEGORY = {"category": "eufy_security", "app-tab": "eufy_security"}


@dataclass
class Reply:
    """Status, outer JSON and decrypted data of an answer."""

    status: int
    outer: dict[str, Any]
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def code(self) -> int:
        return int(self.outer["code"])


class RawClient:
    """One transport identity per realm; headers and bodies as the test wants them."""

    def __init__(self, http: ClientSession, base: str, server_key: str, now: float) -> None:
        self.http = http
        self.base = base
        self.server_key = server_key
        self.now = now
        self.count = 0
        self.shared: dict[str, str] = {}
        self.idents: dict[str, str] = {}
        self.private = mega.private_key(b"\x07" * 32)
        self.session_headers: dict[str, str] = {}
        self.openudid = "ab" * 16

    def signed(self, key: str, text: str, **changed: str) -> dict[str, str]:
        self.count += 1
        stamp, once = str(int(self.now)), f"{self.count:032x}"
        stamp, once = changed.get("ts", stamp), changed.get("once", once)
        return {
            "x-request-ts": stamp,
            "x-request-once": once,
            "x-signature": changed.get("signature", mega.sign(key, stamp, once, text)),
        }

    async def post(self, host: str, path: str, headers: dict[str, str], body: str) -> Reply:
        headers = {"X-Simulated-Host": host, "openudid": self.openudid, **headers}
        async with self.http.post(self.base + path, headers=headers, data=body.encode()) as answer:
            text = await answer.text()
            outer = json.loads(text) if text.startswith("{") else {"code": -1, "text": text}
            return Reply(answer.status, outer, None, dict(answer.headers))

    async def exchange(
        self, realm: str = "basic", region: str = "eu", extra: dict[str, str] | None = None
    ) -> Reply:
        preset = PRESETS[realm]
        ident = f"{realm}-{region}-{self.count}"
        private = mega.private_key(ident.encode().ljust(32, b"\1"))
        point = mega.public_hex(private).encode()
        text = mega.encrypt(bytes.fromhex(preset), bytes(16), point)
        host = f"app-openapi-{region}-pr.eufy.com"
        path = "/openapi/oauth/key/exchange"
        if realm == "security":
            host, path = "security-app-eu.eufylife.com", "/v3" + path
        headers = {"x-key-ident": ident, **self.signed(preset, text), **(extra or {})}
        reply = await self.post(host, path, headers, json.dumps({"client_public_key": text}))
        if reply.code == 0:
            server = mega.decrypt(bytes.fromhex(preset), reply.outer["data"]["server_public_key"])
            self.shared[realm] = mega.shared_secret(private, server.decode()).hex()
            self.idents[realm] = ident
        return reply

    async def call(
        self,
        service: str,
        path: str,
        body: Any,
        *,
        realm: str = "basic",
        region: str = "eu",
        extra: dict[str, str] | None = None,
        plain: str | None = None,
        **changed: str,
    ) -> Reply:
        if realm not in self.shared:
            await self.exchange(realm, region, self.session_headers)
        shared = self.shared[realm]
        encrypted = mega.encrypt(mega.body_key(shared), bytes(16), json.dumps(body).encode())
        text = plain if plain is not None else encrypted
        host = f"app-{service}-{region}-pr.eufy.com"
        if service == "security":
            host = "security-app-eu.eufylife.com"
        headers = {
            "x-key-ident": self.idents[realm],
            **self.signed(mega.signature_key(shared), text, **changed),
            **self.session_headers,
            **(extra or {}),
        }
        reply = await self.post(host, path, headers, text)
        data = reply.outer.get("data")
        if isinstance(data, str) and reply.code == 0:
            data = json.loads(mega.decrypt(mega.body_key(shared), data))
        reply.data = data
        return reply

    def login_body(self, email: str, password: str, **fields: str) -> dict[str, Any]:
        secret = mega.shared_secret(self.private, self.server_key)
        return {
            "email": email,
            "password": mega.wrap_password(secret, password),
            "ab": "DE",
            "client_secret_info": {"public_key": mega.public_hex(self.private)},
            "answer": "",
            "captcha_id": "",
            "verify_code": "",
            "login_id": "",
            **fields,
        }

    async def login(self, email: str, password: str, **fields: str) -> Reply:
        reply = await self.call(
            "passport", "/passport/login", self.login_body(email, password, **fields)
        )
        if reply.code == 0:
            account = reply.data["ap_cloud_user_id"] or reply.data["user_id"]
            self.session_headers = {
                "x-auth-token": reply.data["auth_token"],
                "gtoken": mega.gtoken(account),
            }
        return reply
