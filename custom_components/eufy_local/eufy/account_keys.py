"""The cipher keys of an account: cache first, the cloud only within strict limits.

Keys belong to a cipher id and an owner and were never seen to change (`protocol/cloud.md` §5), so
one fetch serves for ever. A missing or refused key must not become a loop of cloud calls.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from .cloud import fields
from .cloud.codes import DAY, HOUR, MINUTE
from .cloud.state import Clock
from .secret import Secret
from .wire.handshake import CipherKey

MISSING_INTERVAL: Final = HOUR
"""A key that the cloud did not have is asked for again at most this often (cloud.md §5.1)."""

REJECTED_INTERVALS: Final = (15 * MINUTE, DAY)
"""Least time since the last fetch before the first and every further refetch of a refused key."""

MAX_MISSING: Final = 8
"""Missing keys asked for per owner and hour: a station names the id, and one that makes ids up
must not make us call the cloud for each."""

MAX_KEYS: Final = 2048
"""Kept keys; one owner's sweep can return about 400."""

type Fetch = Callable[[str, Iterable[int]], Awaitable[dict[int, CipherKey]]]
type _Id = tuple[str, int]


@dataclass(slots=True)
class _Tries:
    fetched: float
    rejected: int = 0


class KeyBook:
    """Held keys, and when which one was last asked for."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[_Id, CipherKey] = {}
        self._tries: dict[_Id, _Tries] = {}
        self._swept: dict[str, float] = {}

    def held(self, owner_id: str, cipher_id: int) -> CipherKey | None:
        """Return a held key with at least one usable half."""
        key = self._keys.get((owner_id, cipher_id))
        return key if key and (key.rsa_private or key.ecc_private) else None

    def is_damaged(self, owner_id: str, cipher_id: int) -> bool:
        """Whether the cloud gave this key, but in a form that cannot be used (lower-cased)."""
        return (owner_id, cipher_id) in self._keys and not self.held(owner_id, cipher_id)

    def has_any(self, owner_id: str) -> bool:
        """Whether the keys of an owner were fetched before."""
        return any(owner == owner_id for owner, _ in self._keys)

    def add(self, keys: Iterable[CipherKey]) -> None:
        """Hold keys; a usable key is never replaced by a damaged one."""
        for key in keys:
            mark = key.owner_id, key.cipher_id
            usable = bool(key.rsa_private or key.ecc_private)
            if mark not in self._keys and len(self._keys) >= MAX_KEYS:
                continue
            if usable or not self.held(*mark):
                self._keys[mark] = key

    def forget_owner(self, owner_id: str) -> None:
        """Drop all keys of an owner."""
        for table in (self._keys, self._tries):
            for mark in [mark for mark in table if mark[0] == owner_id]:
                del table[mark]
        self._swept.pop(owner_id, None)

    def may_sweep(self, owner_id: str) -> bool:
        """Whether all keys of an owner may be asked for now; counted when they may."""
        now, last = self._clock(), self._swept.get(owner_id)
        if last is not None and 0 <= now - last < REJECTED_INTERVALS[0]:
            return False
        self._swept[owner_id] = now
        return True

    def sweep_failed(self, owner_id: str) -> None:
        """A sweep brought no answer: it may be tried again at once, by the user's action."""
        self._swept.pop(owner_id, None)

    def may_fetch(self, owner_id: str, cipher_id: int) -> bool:
        """Whether a missing key may be asked for now; the try is counted when it may."""
        mark, now = (owner_id, cipher_id), self._clock()
        recent = {
            other
            for other, tries in self._tries.items()
            if other[0] == owner_id and 0 <= now - tries.fetched < MISSING_INTERVAL
        }
        if mark in recent or len(recent) >= MAX_MISSING:
            return False
        self._tries = {
            other: tries
            for other, tries in self._tries.items()
            if other in self._keys or other in recent or other[0] != owner_id
        }
        self._tries[mark] = _Tries(now)
        return True

    def may_replace(self, owner_id: str, cipher_id: int) -> bool:
        """Whether a refused key may be fetched again now; the try is counted when it may."""
        now = self._clock()
        tries = self._tries.setdefault((owner_id, cipher_id), _Tries(now - DAY - 1))
        least = REJECTED_INTERVALS[min(tries.rejected, len(REJECTED_INTERVALS) - 1)]
        if 0 <= now - tries.fetched < least:
            return False
        tries.fetched = now
        tries.rejected += 1
        return True

    def accepted_change(self, owner_id: str, cipher_id: int) -> None:
        """A refetch brought another key: its own refusals count from the start."""
        self._tries[owner_id, cipher_id].rejected = 0

    def to_list(self) -> list[dict[str, object]]:
        """Return the JSON form for private storage. It holds private keys."""
        return [
            {
                "owner_id": owner,
                "cipher_id": cipher_id,
                "rsa": key.rsa_private.reveal() if key.rsa_private else None,
                "ecc": key.ecc_private.reveal() if key.ecc_private else None,
            }
            for (owner, cipher_id), key in self._keys.items()
        ]

    def tries_to_list(self) -> list[list[object]]:
        """Return when which key was asked for, so that a restart does not ask again."""
        return [
            [owner, cipher_id, tries.fetched, tries.rejected]
            for (owner, cipher_id), tries in self._tries.items()
        ]

    def load(self, keys: object, tries: object) -> None:
        """Read the forms of `to_list` and `tries_to_list`; unreadable entries are left out."""
        for item in fields.as_list(keys, MAX_KEYS):
            entry = fields.as_dict(item)
            owner = fields.identifier(entry, "owner_id")
            rsa, ecc = fields.text(entry, "rsa", limit=4096), fields.text(entry, "ecc")
            cipher_id = fields.number(entry, "cipher_id", default=-1)
            if owner and cipher_id >= 0:
                self._keys[owner, cipher_id] = CipherKey(
                    cipher_id, owner, Secret(rsa) if rsa else None, Secret(ecc) if ecc else None
                )
        for item in fields.as_list(tries, MAX_KEYS):
            match item:
                case [str() as owner, int() as cipher_id, int() | float() as when, int() as count]:
                    self._tries[owner, cipher_id] = _Tries(float(when), count)
