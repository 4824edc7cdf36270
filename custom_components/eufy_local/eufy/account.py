"""An eufy account as Home Assistant holds it: signed in once, then everything from the cache.

Reading a stored account makes no cloud call. The cloud is contacted only by `sign_in`, by
`refresh` and for a cipher key that is not held, each by the user's action or within limits.
"""

import asyncio
import functools
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Protocol

from .account_guard import (
    ChangeKind,
    ListChanges,
    StationBook,
    StationChange,
    StationRecord,
)
from .account_keys import KeyBook
from .cloud import (
    EXPLANATIONS,
    SWEEP,
    Clock,
    CloudClient,
    CloudDevice,
    CloudState,
    CloudStation,
    ClusterFinding,
    CodeChannel,
    Explanation,
    Invitation,
    Rng,
    SignedIn,
    explain,
    fields,
)
from .errors import (
    AccountTakenOver,
    CaptchaRequired,
    CloudError,
    ConfigurationError,
    KeyRejected,
    KeyUnavailable,
    NetworkBlocked,
    SessionExpired,
    SignInRefused,
    VerificationRequired,
    WireError,
)
from .net.gate import Gate
from .secret import Secret
from .wire.handshake import CipherKey

STORE_VERSION: Final = 1

_NO_OTHER_KEY: Final = "the held key does not fit, and the cloud gave no other one"


class AccountStore(Protocol):
    """Private storage of one account (it holds the token and private keys)."""

    async def load(self) -> dict[str, Any] | None:
        """Return what was saved last, None when there is nothing."""

    async def save(self, data: dict[str, Any]) -> None:
        """Keep `data`, whole, before returning."""


class Account:
    """One account: its sign-in, stations and keys.

    Args:
        gate: every contact goes through it; its override names the simulator's server key.
        store: where the account is kept.
        email: the account's address, only together with `password`.
        password: kept only if the user asked for it; allows one sign-in by itself when the
            stored one has expired, never after a take-over by another client.
        clock: unix time in seconds.
        rng: random bytes.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        gate: Gate,
        store: AccountStore,
        *,
        email: str = "",
        password: Secret[str] | None = None,
        clock: Clock = time.time,
        rng: Rng = os.urandom,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._gate = gate
        self._store = store
        self._email = email
        self._password = password
        self._clock = clock
        self._rng = rng
        self._sleep = sleep
        self._account_id = ""
        self._relogin_failed = False
        self._book = StationBook()
        self._keys = KeyBook(clock)
        self._lock = asyncio.Lock()
        self._client = self._make_client(CloudState.fresh(rng))

    def _make_client(self, state: CloudState) -> CloudClient:
        override = self._gate.override
        server_key = override.login_server_key if override else ""
        return CloudClient(
            self._gate.http,
            state,
            **({"server_key": server_key} if server_key else {}),
            clock=self._clock,
            rng=self._rng,
            save=self._save,
            sleep=self._sleep,
        )

    # --- what is known -----------------------------------------------------------------

    @property
    def account_id(self) -> str:
        """The id the account is bound to; empty before the first sign-in."""
        return self._account_id

    @property
    def stations(self) -> tuple[StationRecord, ...]:
        """Stations to connect to, from the cache; without those with a held-back change."""
        return self._book.active

    @property
    def offered(self) -> tuple[StationRecord, ...]:
        """Stations of the last fetched list that were never seen before: `accept` adds one."""
        return tuple(self._book.offered.values())

    @property
    def changes(self) -> tuple[StationChange, ...]:
        """Stations of ours that came back with another owner or identity: they stay stopped."""
        return tuple(self._book.changes.values())

    @property
    def cloud(self) -> CloudClient:
        """The account's cloud, for what the owner's cloud mode admits beyond keys."""
        return self._client

    @property
    def signed_in(self) -> bool:
        """Whether a stored sign-in should still be accepted."""
        return self._client.signed_in

    @property
    def taken_over(self) -> bool:
        """Whether another client of the same account ended our sign-in."""
        return self._client.state.taken_over

    # --- storage -----------------------------------------------------------------------

    async def load(self) -> bool:
        """Read the stored account, without any cloud call; False when there is none yet.

        Raises `ConfigurationError` when the stored data cannot be read.
        """
        data = await self._store.load()
        if data is None:
            return False
        if data.get("version") != STORE_VERSION:
            raise ConfigurationError("the stored account has an unknown version")
        try:
            self._book.load(fields.as_dict(data.get("stations")))
            self._client = self._make_client(
                CloudState.from_dict(fields.as_dict(data.get("cloud")))
            )
        except WireError as error:
            raise ConfigurationError("the stored account is damaged") from error
        self._account_id = fields.identifier(data, "account_id")
        self._client.account_id = self._account_id
        self._relogin_failed = data.get("relogin_failed") is True
        self._keys.load(data.get("keys"), data.get("key_tries"))
        return bool(self._account_id)

    def to_dict(self) -> dict[str, Any]:
        """Return what the store keeps. It holds the token and private keys."""
        return {
            "version": STORE_VERSION,
            "account_id": self._account_id,
            "cloud": self._client.state.to_dict(),
            "stations": self._book.to_dict(),
            "keys": self._keys.to_list(),
            "key_tries": self._keys.tries_to_list(),
            "relogin_failed": self._relogin_failed,
        }

    async def _save(self) -> None:
        await self._store.save(self.to_dict())

    # --- sign-in -----------------------------------------------------------------------

    async def sign_in(
        self, email: str, password: Secret[str], country: str | None = None
    ) -> SignedIn:
        """Sign in and fetch stations and keys; see `CloudClient.sign_in` for what it raises.

        At the first sign-in everything listed becomes ours, later only what we knew already.
        Raises `WrongAccount` when it is another account than the one set up.
        """
        return await self._bind(self._client.sign_in(email, password, country))

    async def answer_captcha(self, text: str) -> SignedIn:
        """Go on with the text of the captcha picture."""
        return await self._bind(self._client.answer_captcha(text))

    async def answer_code(self, code: str) -> SignedIn:
        """Go on with the verification code."""
        return await self._bind(self._client.answer_code(code))

    async def resend_code(self, channel: CodeChannel = CodeChannel.EMAIL) -> None:
        """Have the verification code sent again."""
        await self._client.resend_code(channel)

    async def _bind(self, login: Awaitable[SignedIn]) -> SignedIn:
        result = await login
        first = not self._account_id
        self._account_id = self._client.account_id = result.account_id
        self._relogin_failed = False
        if result.inventory is not None:
            self._book.apply(result.inventory, first=first)
        await self._save()
        await self._sweep()
        return result

    async def sign_out(self) -> None:
        """Forget the sign-in, the stations and the keys; all of it stays local.

        The install id, the count of sign-ins and every pause stay: they protect the account.
        """
        state = self._client.state
        state.access, state.taken_over = None, False
        self._book, self._keys = StationBook(), KeyBook(self._clock)
        self._account_id = self._client.account_id = ""
        self._relogin_failed = False
        await self._save()

    # --- lists -------------------------------------------------------------------------

    async def refresh(self) -> ListChanges:
        """Fetch the device list again, only ever because the user asked for it.

        Nothing is lost when it fails. Raises the errors of the cloud.
        """
        async with self._lock:
            try:
                inventory = await self._client.inventory()
            except AccountTakenOver:
                raise
            except SessionExpired as error:
                await self._sign_in_again(error)
                inventory = await self._client.inventory()
            changes = self._book.apply(inventory, first=False)
            await self._save()
            await self._sweep(again=True)
            return changes

    async def _sign_in_again(self, error: SessionExpired) -> None:
        """One sign-in by itself if the password is kept; it stops after one failure."""
        if self._password is None or not self._email or self._relogin_failed:
            raise error
        access = self._client.state.access
        self._relogin_failed = True  # stored with the counted login, before it is sent
        try:
            await self.sign_in(self._email, self._password, access.country if access else None)
        except SignInRefused:  # nothing was sent: it may be tried another day
            self._relogin_failed = False
            raise error from None
        except CaptchaRequired, VerificationRequired:
            raise error from None

    async def invitations(self) -> tuple[Invitation, ...]:
        """Fetch pending invitations: they explain an empty list."""
        return await self._client.invitations()

    async def accept(self, serial: str) -> StationRecord:
        """Take an offered station, or a held-back change, because the owner confirmed it.

        Raises `KeyError` when there is no such offer or change.
        """
        record = self._book.accept(serial)
        await self._save()
        await self._sweep()
        return record

    async def forget(self, serial: str) -> None:
        """Drop a station, and the keys of its owner when that has no other station here."""
        owners = {record.owner_id for record in self._book.records.values()}
        self._book.forget(serial)
        for owner in owners - {record.owner_id for record in self._book.records.values()}:
            self._keys.forget_owner(owner)
        await self._save()

    # --- keys --------------------------------------------------------------------------

    def key_source(self, owner_id: str) -> Callable[[int], Awaitable[CipherKey]]:
        """Return what a link asks for the key of a cipher id."""
        return functools.partial(self.cipher_key, owner_id)

    async def cipher_key(self, owner_id: str, cipher_id: int) -> CipherKey:
        """Return a key from the cache, else from the cloud at most once an hour.

        Raises `KeyUnavailable`.
        """
        async with self._lock:
            if key := self._keys.held(owner_id, cipher_id):
                return key
            if owner_id not in self._book.owners:
                raise KeyUnavailable("the owner is not one of this account's stations")
            if not self.signed_in or not self._keys.may_fetch(owner_id, cipher_id):
                raise self._unavailable(owner_id, cipher_id)
            await self._fetch(owner_id, (cipher_id,))
            if key := self._keys.held(owner_id, cipher_id):
                return key
            raise self._unavailable(owner_id, cipher_id)

    async def refresh_key(self, owner_id: str, cipher_id: int) -> CipherKey:
        """Ask the cloud for another key after a station refused the held one.

        Raises `KeyRejected` when there is no other one, when there is no sign-in, or when it was
        asked too recently (again after 15 minutes, then once a day).
        """
        async with self._lock:
            old = self._keys.held(owner_id, cipher_id)
            if (
                owner_id in self._book.owners
                and self.signed_in
                and self._keys.may_replace(owner_id, cipher_id)
            ):
                try:
                    await self._fetch(owner_id, (cipher_id,))
                except KeyUnavailable as error:
                    raise KeyRejected(_NO_OTHER_KEY) from error
                new = self._keys.held(owner_id, cipher_id)
                if new is not None and new != old:
                    self._keys.accepted_change(owner_id, cipher_id)
                    await self._save()
                    return new
            raise KeyRejected(_NO_OTHER_KEY)

    def _unavailable(self, owner_id: str, cipher_id: int) -> KeyUnavailable:
        if self._keys.is_damaged(owner_id, cipher_id):
            return KeyUnavailable("the cloud holds the key in a damaged form")
        if not self.signed_in:
            return KeyUnavailable("the key is not held and there is no sign-in to fetch it")
        return KeyUnavailable("the cloud has no such key under the station's owner")

    async def _fetch(self, owner_id: str, cipher_ids: Iterable[int]) -> None:
        """Fetch keys of an owner. Raises `KeyUnavailable` with the cloud's error as its cause."""
        serial = next(r.serial for r in self._book.active if r.owner_id == owner_id)
        await self._save()  # the try is counted even if it fails
        try:
            found = await self._client.cipher_keys(owner_id, cipher_ids, station_serial=serial)
        except (CloudError, NetworkBlocked) as error:
            raise KeyUnavailable("the key is not held and could not be fetched") from error
        self._keys.add(found.values())
        await self._save()

    async def _sweep(self, *, again: bool = False) -> None:
        """Fetch all keys of owners that have none, or `again` of all whose last sweep is old.

        A failure is no failure of the sign-in: it leaves the keys to `cipher_key`.
        """
        for owner in sorted(self._book.owners):
            if (again or not self._keys.has_any(owner)) and self._keys.may_sweep(owner):
                try:
                    await self._fetch(owner, SWEEP)
                except KeyUnavailable:
                    self._keys.sweep_failed(owner)
                    return


__all__ = [
    "EXPLANATIONS",
    "Account",
    "AccountStore",
    "ChangeKind",
    "CloudDevice",
    "CloudStation",
    "ClusterFinding",
    "CodeChannel",
    "Explanation",
    "Invitation",
    "ListChanges",
    "SignedIn",
    "StationChange",
    "StationRecord",
    "explain",
]
