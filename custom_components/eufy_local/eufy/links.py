"""Makes the links of one station: all share its identity, keys, pin and what was learned."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

from .errors import StationNotFound
from .link.budget import TotalBudget
from .link.link import Link, LinkTarget
from .link.pin import Pin
from .link.policy import BATTERY, MAINS, LinkPolicy, LinkQuirks
from .net.gate import Gate
from .wire.did import Did
from .wire.handshake import CipherKey

_TOTAL: Final = TotalBudget()
"""What all links of this process may hold together (`design/security.md` T6)."""


class KeyProvider(Protocol):
    """Gives the private keys of a cipher id; the account's cache first, then its cloud."""

    async def cipher_key(self, owner_id: str, cipher_id: int) -> CipherKey:
        """Return the keys, or raise `KeyUnavailable`."""

    async def refresh_key(self, owner_id: str, cipher_id: int) -> CipherKey:
        """Return another key after the held one did not fit, or raise `KeyRejected`."""


class LinkFactory:
    """What every link of one station has in common.

    `pin` and `quirks` are raised by each link that comes up; `remember` is called then.
    """

    def __init__(
        self,
        gate: Gate,
        serial: str,
        did: Did | None,
        owner_id: str,
        keys: KeyProvider,
        *,
        hosts: Sequence[str],
        hints: Sequence[str],
        remembered: object,
        remember: Callable[[], None],
    ) -> None:
        self._gate = gate
        self._serial = serial
        self.did = did
        self._owner_id = owner_id
        self._keys = keys
        self._hosts = tuple(hosts)
        self._hints = tuple(hints)
        self._remember = remember
        self.pin: Pin | None = None
        self.quirks = LinkQuirks()
        self._load(remembered)

    def make(self, policy: LinkPolicy = MAINS) -> Link:
        """Return a new link, not connected. Raises `StationNotFound` without an identity."""
        if self.did is None:
            # Newer hubs are listed without a P2P identity (`protocol/webrtc.md`).
            raise StationNotFound("the station has no P2P identity, so it cannot be reached here")
        return Link(
            self._gate,
            LinkTarget(self._serial, self.did, self._hosts, self._hints),
            self._key,
            self._owner_id,
            refresh_key=self._other_key,
            pin=self.pin,
            on_pin=self._on_pin,
            quirks=self.quirks,
            on_quirks=self._on_quirks,
            policy=policy,
            total=_TOTAL,
        )

    def make_control(self, *, sleeps: bool) -> Link:
        """Return the control link; one to a sleeping camera closes by itself."""
        return self.make(BATTERY if sleeps else MAINS)

    def heard_from(self, address: str) -> None:
        """Search at this address first from now on."""
        self._hints = tuple(dict.fromkeys((address, *self._hints)))[:4]

    def forget_pin(self) -> None:
        """Forget how strong the station was; only the owner may decide that."""
        self.pin = None
        self._remember()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the store."""
        return {
            "pin": self.pin.to_dict() if self.pin else None,
            "quirks": self.quirks.to_dict(),
        }

    def _load(self, remembered: object) -> None:
        if not isinstance(remembered, dict):
            return
        try:
            pin = Pin.from_dict(remembered["pin"])
        except KeyError, TypeError, ValueError:
            pin = None
        # A pin for another identity belongs to a station that was replaced by its owner.
        if pin is not None and self.did is not None and pin.did == str(self.did):
            self.pin = pin
        quirks = remembered.get("quirks")
        if isinstance(quirks, dict):
            self.quirks = LinkQuirks.from_dict(quirks)

    async def _key(self, cipher_id: int) -> CipherKey:
        return await self._keys.cipher_key(self._owner_id, cipher_id)

    async def _other_key(self, cipher_id: int) -> CipherKey:
        return await self._keys.refresh_key(self._owner_id, cipher_id)

    def _on_pin(self, pin: Pin) -> None:
        self.pin = pin
        self._remember()

    def _on_quirks(self, quirks: LinkQuirks) -> None:
        self.quirks = quirks
        self._remember()
