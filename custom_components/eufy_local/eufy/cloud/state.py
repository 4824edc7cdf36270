"""What is remembered of a sign-in: identities, token, budget and pauses.

Everything here survives a restart, so that a restart needs no cloud call and a pause that the
cloud asked for is kept. The password is never part of it.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Self

from ..errors import WireError
from ..secret import Secret
from . import fields
from .codes import DAY, HOUR
from .fields import Json
from .hosts import Cluster, Realm

type Clock = Callable[[], float]
"""Unix time in seconds."""

type Rng = Callable[[int], bytes]
"""Returns that many random bytes."""

MAX_SIGN_INS: Final = 3
"""Own budget; the cloud answered 100028 on the 4th login within a few hours (cloud.md §3.6)."""

SIGN_IN_WINDOW: Final = 6 * HOUR

OPENUDID_BYTES: Final = 16
"""Install id, 32 hex characters (16 are seen too, cloud.md §2.4)."""

EXPIRY_MARGIN: Final = HOUR
"""A token counts as expired one hour early (cloud.md §3.3)."""


MAX_TOKEN: Final = 4096
"""Longest token accepted; it goes into a header."""

MAX_PAUSE: Final = DAY
"""Longest pause that is kept: a wrong clock or a wild Retry-After must not lock for ever."""


@dataclass(frozen=True, slots=True)
class Identity:
    """One key exchange with one realm: transport identity and shared key."""

    key_ident: str = field(repr=False)
    shared_key: Secret[str]


@dataclass(frozen=True, slots=True)
class Session:
    """A login: the token and whose it is.

    `user_id` and `cloud_user_id` can differ; the account id is the second where present.
    `swapped` means that the gtoken is made from the other one (field.md #17).
    """

    token: Secret[str]
    expires_at: float
    user_id: str = field(repr=False)
    cloud_user_id: str = field(repr=False)
    swapped: bool = False

    @property
    def account_id(self) -> str:
        """`ap_cloud_user_id`, else `user_id` (cloud.md §3.3)."""
        return self.cloud_user_id or self.user_id

    @property
    def gtoken_id(self) -> str:
        """The id whose MD5 is sent as `gtoken`."""
        return self.user_id if self.swapped and self.user_id else self.account_id

    @property
    def has_two_ids(self) -> bool:
        """Whether there is another id that a gtoken could be made of."""
        return bool(self.user_id and self.cloud_user_id and self.user_id != self.cloud_user_id)


@dataclass(slots=True)
class Access:
    """How one cluster is talked to: country of the login, key exchanges, token."""

    cluster: Cluster
    country: str
    identities: dict[Realm, Identity] = field(default_factory=dict)
    session: Session | None = None


@dataclass(slots=True)
class Pause:
    """No calls before `until` (unix seconds), because of `code`; `count` grows while it repeats."""

    until: float = 0.0
    code: int = 0
    count: int = 0

    def active(self, now: float) -> bool:
        """Whether the pause still holds."""
        return now < self.until <= now + MAX_PAUSE

    def extend(self, now: float, seconds: float, code: int) -> None:
        """Start or lengthen the pause; it is never shortened."""
        until = now + min(seconds, MAX_PAUSE)
        self.until = max(until, self.until if self.active(now) else 0.0)
        self.code = code
        self.count += 1


@dataclass(slots=True)
class CloudState:
    """The persistent state of one account's contact with the cloud."""

    openudid: str = field(repr=False)
    access: Access | None = None
    sign_ins: list[float] = field(default_factory=list)
    pause: Pause = field(default_factory=Pause)
    sign_in_pause: Pause = field(default_factory=Pause)
    taken_over: bool = False

    @classmethod
    def fresh(cls, rng: Rng) -> Self:
        """Return the state of a new installation with an install id of its own."""
        return cls(rng(OPENUDID_BYTES).hex())

    def signed_in(self, now: float) -> bool:
        """Whether there is a token that should be accepted."""
        session = self.access.session if self.access else None
        return (
            session is not None and not self.taken_over and now < session.expires_at - EXPIRY_MARGIN
        )

    def sign_in_allowed_at(self, now: float) -> float:
        """Return the time from which the own budget allows a sign-in; `now` when it does."""
        recent = sorted(when for when in self.sign_ins if now - SIGN_IN_WINDOW < when <= now)
        if len(recent) < MAX_SIGN_INS:
            return now
        return recent[-MAX_SIGN_INS] + SIGN_IN_WINDOW

    def count_sign_in(self, now: float) -> None:
        """Count a login before it is sent; entries that no longer matter are dropped."""
        recent = [when for when in self.sign_ins if now - SIGN_IN_WINDOW < when <= now]
        self.sign_ins = [*recent, now][-MAX_SIGN_INS:]

    def to_dict(self) -> dict[str, object]:
        """Return a JSON form for private storage. It holds the token and the shared keys."""
        return {
            "openudid": self.openudid,
            "access": _access_to_dict(self.access) if self.access else None,
            "sign_ins": list(self.sign_ins),
            "pause": [self.pause.until, self.pause.code, self.pause.count],
            "sign_in_pause": [
                self.sign_in_pause.until,
                self.sign_in_pause.code,
                self.sign_in_pause.count,
            ],
            "taken_over": self.taken_over,
        }

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        """Read the form of `to_dict`; raises `WireError` when the install id is missing."""
        openudid = fields.identifier(data, "openudid")
        if not openudid:
            raise WireError("the stored cloud state has no install id")
        return cls(
            openudid,
            _access_from(fields.as_dict(data.get("access"))),
            [
                float(when)
                for when in fields.as_list(data.get("sign_ins"), MAX_SIGN_INS)
                if isinstance(when, int | float)
            ],
            _pause(data.get("pause")),
            _pause(data.get("sign_in_pause")),
            data.get("taken_over") is True,
        )


def as_time(when: float) -> dt.datetime:
    """Return a unix time as an aware datetime, for errors that name a time."""
    return dt.datetime.fromtimestamp(when, dt.UTC)


def _access_to_dict(access: Access) -> dict[str, object]:
    session = access.session
    return {
        "region": access.cluster.region,
        "security_host": access.cluster.security_host,
        "country": access.country,
        "identities": {
            realm.value: [identity.key_ident, identity.shared_key.reveal()]
            for realm, identity in access.identities.items()
        },
        "session": session
        and {
            "token": session.token.reveal(),
            "expires_at": session.expires_at,
            "user_id": session.user_id,
            "cloud_user_id": session.cloud_user_id,
            "swapped": session.swapped,
        },
    }


def _access_from(data: Json) -> Access | None:
    try:
        cluster = Cluster.of_region(fields.text(data, "region"))
    except WireError:
        return None
    cluster = Cluster.of_domain(cluster.mega_host, data.get("security_host")) or cluster
    access = Access(cluster, fields.text(data, "country", limit=2))
    for realm in Realm:
        match fields.as_dict(data.get("identities")).get(realm.value):
            case [str() as key_ident, str() as shared]:
                access.identities[realm] = Identity(key_ident, Secret(shared))
    session = fields.as_dict(data.get("session"))
    token = fields.text(session, "token", limit=MAX_TOKEN)
    expires = session.get("expires_at")
    user, cloud_user = (fields.identifier(session, key) for key in ("user_id", "cloud_user_id"))
    if token and isinstance(expires, int | float) and (user or cloud_user):
        access.session = Session(
            Secret(token), float(expires), user, cloud_user, session.get("swapped") is True
        )
    return access


def _pause(value: object) -> Pause:
    match value:
        case [int() | float() as until, int() as code, int() as count]:
            return Pause(float(until), code, count)
    return Pause()
