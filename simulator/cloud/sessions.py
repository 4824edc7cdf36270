"""Transport identities, tokens and the checks of every encrypted call (`protocol/cloud.md` §2)."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import mega, safe_json

from .options import CloudOptions

BASIC: Final = "basic"
SECURITY: Final = "security"
PRESETS: Final = {BASIC: mega.PRESET_BASIC, SECURITY: mega.PRESET_SECURITY}
MAX_BODY: Final = 1 << 20
_MAX_SEEN: Final = 10_000  # `once` values remembered against replay
_MAX_IDENTITIES: Final = 1_000


class Refusal(Exception):
    """A call that is answered with an error."""

    def __init__(self, code: int, message: str = "error", *, status: int = 200) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


@dataclass(slots=True)
class Identity:
    """One key exchange of a client."""

    realm: str
    region: str
    shared: str
    born: float


@dataclass(slots=True)
class Token:
    """One login state."""

    email: str
    region: str
    openudid: str
    country: str
    born: float
    provisional: bool = False
    kicked: bool = False


class Sessions:
    """Who is talking, and whether the envelope is right."""

    def __init__(
        self, options: CloudOptions, clock: Callable[[], float], rng: Callable[[int], bytes]
    ) -> None:
        self._options = options
        self._clock = clock
        self._rng = rng
        self._identities: OrderedDict[str, Identity] = OrderedDict()
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.tokens: dict[str, Token] = {}

    def forget_identities(self) -> None:
        """Forget every key exchange, as the real cloud does after some days."""
        self._identities.clear()

    def exchange(self, realm: str, region: str, headers: Mapping[str, str], body: bytes) -> Any:
        """Answer a key exchange: plain JSON around two encrypted points."""
        preset = PRESETS[realm]
        try:
            field = safe_json.as_text(safe_json.loads_object(body).get("client_public_key"))
            self._check_signature(headers, preset, field)
            point = mega.decrypt(bytes.fromhex(preset), field).decode("ascii")
        except (WireError, UnicodeDecodeError) as error:
            raise Refusal(10000, "parameter invalid") from error
        private = mega.private_key(self._rng(32))
        shared = mega.shared_secret(private, point).hex()
        ident = headers.get("x-key-ident", "")
        self._identities[ident] = Identity(realm, region, shared, self._clock())
        while len(self._identities) > _MAX_IDENTITIES:
            self._identities.popitem(last=False)
        public = mega.public_hex(private).encode()
        return {"server_public_key": mega.encrypt(bytes.fromhex(preset), self._rng(16), public)}

    def identity(self, realm: str, region: str, headers: Mapping[str, str]) -> Identity:
        """Return the identity of a call; unknown, old or of another realm is 463 with 4404."""
        identity = self._identities.get(headers.get("x-key-ident", ""))
        if identity is None or identity.realm != realm or identity.region != region:
            raise Refusal(4404, "key ident not found", status=463)
        if self._clock() - identity.born > self._options.identity_life:
            raise Refusal(4404, "key ident expired", status=463)
        return identity

    def open(self, identity: Identity, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Check signature and freshness of a call and decrypt its body."""
        text = body.decode("ascii", "replace")
        self._check_signature(headers, mega.signature_key(identity.shared), text)
        try:
            plain = mega.decrypt(mega.body_key(identity.shared), text)
            return dict(safe_json.loads_object(plain, max_bytes=MAX_BODY))
        except WireError as error:
            raise Refusal(400, "symmetric.AesCBCDecryptV2 failed", status=400) from error

    def seal(self, identity: Identity, data: object) -> str:
        """Encrypt the data of an answer."""
        return mega.encrypt(mega.body_key(identity.shared), self._rng(16), safe_json.dumps(data))

    def _check_signature(self, headers: Mapping[str, str], key: str, signed: str) -> None:
        stamp, once = headers.get("x-request-ts", ""), headers.get("x-request-once", "")
        if len(stamp) != 10 or not stamp.isdecimal():
            raise Refusal(461, "timestamp mismatch")
        if abs(self._clock() - int(stamp)) > self._options.clock_tolerance:
            raise Refusal(461, "timestamp mismatch")
        if not mega.verify(headers.get("x-signature", ""), key, stamp, once, signed):
            raise Refusal(4416, "signature error")
        if len(once) != 32 or once in self._seen:
            raise Refusal(4416, "replayed request")  # the real code is unknown (cloud.md §2.3)
        self._seen[once] = None
        while len(self._seen) > _MAX_SEEN:
            self._seen.popitem(last=False)

    # --- tokens ------------------------------------------------------------------------

    def new_token(self, token: Token) -> str:
        """Register a login state. A full one ends the account's former one on this cluster."""
        if not token.provisional:
            for other in self.tokens.values():
                if other.email == token.email and other.region == token.region:
                    other.kicked = True
        text = self._rng(24).hex()
        self.tokens[text] = token
        return text

    def kick(self, email: str) -> None:
        """Another client of the account signs in: all its login states end."""
        for token in self.tokens.values():
            if token.email == email:
                token.kicked = True

    def token(self, headers: Mapping[str, str], gtoken: Callable[[str], str]) -> Token | None:
        """Return the login state that a call carries, None when it carries none.

        `gtoken` gives the value that is right for an account.
        """
        text = headers.get("x-auth-token", "")
        if not text:
            return None
        token = self.tokens.get(text)
        if token is None or self._clock() - token.born > self._options.token_life:
            raise Refusal(401, "token error", status=401)
        if token.kicked:
            raise Refusal(26084, "token does not exist because it was kicked out", status=401)
        if headers.get("gtoken", "") != gtoken(token.email):
            raise Refusal(401, "gtoken not equal userid error", status=401)
        return token
