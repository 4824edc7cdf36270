"""The cloud as the rest of the client sees it: sign in once, list, fetch keys."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ..errors import CaptchaRequired, CloudError, VerificationRequired, WrongAccount
from ..net.http import GatedHttp
from ..secret import Secret
from ..wire import mega
from ..wire.handshake import CipherKey
from . import endpoints, fields
from .ciphers import SWEEP, parse_ciphers
from .codes import own_error
from .extras import (
    DeviceKey,
    FirmwareOffer,
    fetch_device_keys,
    fetch_firmware,
    fetch_picture,
    register_push,
)
from .hosts import REGIONS
from .inventory import Inventory
from .lists import Invitation, fetch_inventory, fetch_invitations
from .models import CloudStation
from .sign_in import CodeChannel, SignIn
from .state import Access, Clock, CloudState, Rng
from .transport import Transport

PROBE_SPACING: Final = 3.0
"""Seconds between requests to different clusters; one client keeps this (cloud.md §3.6)."""


@dataclass(frozen=True, slots=True)
class ClusterFinding:
    """What was found on one cluster: `count` entries, or None and the key of the reason."""

    region: str
    country: str
    count: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The result of a sign-in.

    `inventory` is None when the sign-in worked but the lists could not be read. `findings` say
    which clusters were looked at. With an empty list, `invitations` that wait in the vendor's app
    and `last_country` (where the account was last used, if that differs) may explain it.
    """

    account_id: str = field(repr=False)
    country: str
    region: str
    inventory: Inventory | None
    findings: tuple[ClusterFinding, ...] = ()
    invitations: tuple[Invitation, ...] = ()
    last_country: str | None = None


async def _forget() -> None:
    """Keep nothing (a client without storage)."""


class CloudClient:
    """One account's contact with the cloud.

    Args:
        http: the gate's HTTP client; every call goes through it.
        state: what is remembered; changed in place.
        server_key: public key of the login server, hexadecimal (the simulator has its own).
        clock: unix time in seconds.
        rng: random bytes.
        save: awaited after each change of `state` that must survive a restart.
        sleep: waits that many seconds (tests).

    `account_id` binds the client to one account: a sign-in with another one is refused.
    Every method may raise `NetworkBlocked`, `CloudBusy`, `CloudUnreachable` and, where a sign-in
    is needed, `SessionExpired` or `AccountTakenOver`.
    """

    def __init__(
        self,
        http: GatedHttp,
        state: CloudState,
        *,
        server_key: str = mega.LOGIN_SERVER_KEY,
        clock: Clock,
        rng: Rng,
        save: Callable[[], Awaitable[None]] = _forget,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._transport = Transport(http, state, clock=clock, rng=rng, save=save)
        self._sign_in = SignIn(self._transport, server_key)
        self._sleep = sleep
        self.account_id = ""
        self._before: tuple[Access, tuple[ClusterFinding, ...]] | None = None

    @property
    def state(self) -> CloudState:
        """The persistent state; `save` is awaited whenever it changes."""
        return self._transport.state

    @property
    def signed_in(self) -> bool:
        """Whether a stored sign-in should still be accepted."""
        return self.state.signed_in(self._transport.clock())

    # --- sign-in -----------------------------------------------------------------------

    async def sign_in(
        self, email: str, password: Secret[str], country: str | None = None
    ) -> SignedIn:
        """Sign in on the home cluster of `country` (ISO code; None: where the cloud sees us).

        Raises `CaptchaRequired` or `VerificationRequired` (then call `answer_captcha` or
        `answer_code`), `AuthenticationFailed`, and `SignInRefused` without any contact when the
        own budget or a lock does not allow a login now.
        """
        self._sign_in.check_allowed()
        self._before = None
        access = await self._sign_in.locate(country)
        state = self.state
        if state.access and access.country != state.access.country:
            # A second country needs its own install id (cloud.md §1.3).
            state.openudid = CloudState.fresh(self._transport.rng).openudid
        return await self._complete(self._sign_in.begin(email, password, access))

    async def answer_captcha(self, text: str) -> SignedIn:
        """Go on with the text of the captcha. Raises like `sign_in`, or `SignInExpired`."""
        return await self._complete(self._sign_in.answer_captcha(text))

    async def answer_code(self, code: str) -> SignedIn:
        """Go on with the verification code. Raises like `sign_in`, or `SignInExpired`."""
        return await self._complete(self._sign_in.answer_code(code))

    async def resend_code(self, channel: CodeChannel = CodeChannel.EMAIL) -> None:
        """Have the code sent again, also by another way. May raise `CaptchaRequired`."""
        await self._sign_in.resend_code(channel)

    async def _complete(self, login: Awaitable[Access]) -> SignedIn:
        """Finish a login; with an empty list, look at the other cluster before giving up."""
        try:
            access = await login
        except CaptchaRequired, VerificationRequired:
            raise
        except CloudError as error:
            if self._before is None:
                raise
            first, findings = self._before
            region = _other_region(first)
            failed = ClusterFinding(region, first.country, None, error.reason or error.key)
            return await self._result(first, Inventory(), (*findings, failed))
        if self._before is None:
            return await self._first_cluster(access)
        return await self._second_cluster(access, *self._before)

    async def _first_cluster(self, access: Access) -> SignedIn:
        await self._adopt(access)
        try:
            inventory = await fetch_inventory(self._transport, access)
        except CloudError as error:
            reason = error.reason or error.key
            return self._signed_in(access, None, (_finding(access, None, reason),))
        findings = (_finding(access, len(inventory)),)
        if len(inventory):
            return self._signed_in(access, inventory, findings)
        if invitations := await self._invitations(access):
            return self._signed_in(access, inventory, findings, invitations)
        self._before = (access, findings)
        await self._sleep(PROBE_SPACING)
        return await self._complete(self._sign_in.begin_elsewhere(_other_region(access)))

    async def _second_cluster(
        self, access: Access, first: Access, findings: tuple[ClusterFinding, ...]
    ) -> SignedIn:
        self._before = None
        await self._adopt(access)
        try:
            inventory = await fetch_inventory(self._transport, access)
            findings = (*findings, _finding(access, len(inventory)))
        except CloudError as error:
            inventory = Inventory()
            findings = (*findings, _finding(access, None, error.reason or error.key))
        if len(inventory):
            return self._signed_in(access, inventory, findings)
        return await self._result(first, inventory, findings)

    async def _result(
        self, access: Access, inventory: Inventory, findings: tuple[ClusterFinding, ...]
    ) -> SignedIn:
        """Nothing was found anywhere: stay on the home cluster and say what could explain it."""
        self._before = None
        await self._adopt(access)
        invitations = await self._invitations(access)
        last_country = await self._last_country(access)
        result = self._signed_in(access, inventory, findings, invitations)
        return replace(result, last_country=last_country)

    def _signed_in(
        self,
        access: Access,
        inventory: Inventory | None,
        findings: tuple[ClusterFinding, ...],
        invitations: tuple[Invitation, ...] = (),
    ) -> SignedIn:
        self._sign_in.pending = None
        account_id = access.session.account_id if access.session else ""
        return SignedIn(
            account_id, access.country, access.cluster.region, inventory, findings, invitations
        )

    async def _adopt(self, access: Access) -> None:
        state = self.state
        if self.account_id and access.session and access.session.account_id != self.account_id:
            self._sign_in.pending, self._before = None, None
            raise own_error(WrongAccount("another account was signed in"), "wrong_account")
        state.access, state.taken_over = access, False
        state.sign_in_pause.count = 0
        await self._transport.save()

    async def _invitations(self, access: Access) -> tuple[Invitation, ...]:
        try:
            return await fetch_invitations(self._transport, access)
        except CloudError:
            return ()  # only an explanation: its failure must not hide the result

    async def _last_country(self, access: Access) -> str | None:
        pending = self._sign_in.pending
        email = pending.email if pending else ""
        try:
            answer = await self._transport.call(endpoints.LAST_COUNTRY, {"email": email}, access)
        except CloudError:
            return None
        country = fields.text(fields.as_dict(answer.data), "ab_code", limit=2).upper()
        return country if country and country != access.country else None

    # --- after the sign-in --------------------------------------------------------------

    async def inventory(self) -> Inventory:
        """Fetch stations and devices of the account and of all its houses."""
        return await fetch_inventory(self._transport, self._transport.signed_in())

    async def invitations(self) -> tuple[Invitation, ...]:
        """Fetch pending invitations: an explanation of an empty list."""
        return await fetch_invitations(self._transport, self._transport.signed_in())

    async def cipher_keys(
        self, owner_id: str, ids: Iterable[int] = SWEEP, *, station_serial: str = ""
    ) -> dict[int, CipherKey]:
        """Fetch the private keys of an owner's cipher ids; ids that the cloud does not hold lack.

        The owner is `CloudStation.owner_id`, not our own account: with another id the cloud
        answers with nothing (cloud.md §5.1).
        """
        body: Mapping[str, object] = {
            "cipher_ids": list(ids),
            "user_id": owner_id,
            "station_sn": station_serial,
        }
        access = self._transport.signed_in()
        answer = await self._transport.call(endpoints.CIPHERS, body, access)
        return parse_ciphers(answer.data, owner_id)

    async def firmware(
        self, station: CloudStation, serial: str = "", version: str = ""
    ) -> FirmwareOffer | None:
        """Return newer firmware for a station or a device behind it, None when up to date."""
        version = version or station.firmware
        access = self._transport.signed_in()
        return await fetch_firmware(
            self._transport, access, station, serial or station.serial, version
        )

    async def device_keys(self, serials: Mapping[str, Secret[str] | None]) -> dict[str, DeviceKey]:
        """Fetch DSKs (they live about an hour); the value of a serial is a key to replace."""
        return await fetch_device_keys(self._transport, self._transport.signed_in(), serials)

    async def register_push(self, token: Secret[str]) -> None:
        """Register a push token for the account."""
        await register_push(self._transport, self._transport.signed_in(), token)

    async def picture(self, url: str) -> bytes | None:
        """Fetch the picture of a push, as it is stored; None when it does not appear."""
        access = self._transport.signed_in()
        return await fetch_picture(self._transport, access, url, self._sleep)


def _other_region(access: Access) -> str:
    return next(region for region in REGIONS if region != access.cluster.region)


def _finding(access: Access, count: int | None, reason: str = "") -> ClusterFinding:
    return ClusterFinding(access.cluster.region, access.country, count, reason)
