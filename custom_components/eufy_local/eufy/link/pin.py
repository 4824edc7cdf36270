"""What a station is known to be: identity, best grade, cipher, best media protection.

A fake station can win the search and offer a weaker link or none at all; then the client would
show a forged "disarmed" (design/security.md T1). So the best that was ever seen is remembered,
anything weaker is refused, and only the owner can lower it, by accepting a new pin.
"""

from dataclasses import dataclass, replace
from typing import Any, Final, Self

from ..errors import DowngradeRefused, StationMismatch
from ..wire.did import Did
from ..wire.handshake import LinkGrade
from ..wire.media import MediaProtection

_MEDIA_RANK: Final = {
    MediaProtection.REFUSED: 0,
    MediaProtection.CLEAR: 1,
    MediaProtection.KEY_FRAME_PREFIX: 2,
    MediaProtection.AUTHENTICATED: 3,
}


@dataclass(frozen=True, slots=True)
class Pin:
    """The best a station has shown. `cipher_id` is 0 while no key was ever named."""

    did: str
    grade: LinkGrade = LinkGrade.CLEAR
    cipher_id: int = 0
    media: MediaProtection = MediaProtection.REFUSED

    def check_identity(self, did: Did) -> None:
        """Raise `StationMismatch` when the station answers under another DID."""
        if str(did) != self.did:
            raise StationMismatch("the station has another identity than before")

    def check_link(self, grade: LinkGrade, cipher_id: int) -> None:
        """Raise `DowngradeRefused` when a link is weaker than before or names another cipher."""
        if grade < self.grade:
            raise DowngradeRefused("the station offers a weaker link than before")
        if grade == self.grade and self.cipher_id and cipher_id != self.cipher_id:
            raise DowngradeRefused("the station names another key than before")

    def allows_media(self, protection: MediaProtection) -> bool:
        """Return whether media of this protection is at least as good as before."""
        return _MEDIA_RANK[protection] >= _MEDIA_RANK[self.media]

    def with_link(self, grade: LinkGrade, cipher_id: int) -> Self:
        """Return the pin raised by a link that was completed; never lowered."""
        if grade < self.grade:
            return self
        return replace(self, grade=grade, cipher_id=cipher_id or self.cipher_id)

    def with_media(self, protection: MediaProtection) -> Self:
        """Return the pin raised by media that was verified; never lowered."""
        return self if not self.allows_media(protection) else replace(self, media=protection)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for the store; nothing in it is secret."""
        return {
            "did": self.did,
            "grade": int(self.grade),
            "cipher_id": self.cipher_id,
            "media": str(self.media),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read what `to_dict` gave. Raises `ValueError` or `KeyError` for anything else."""
        return cls(
            did=str(data["did"]),
            grade=LinkGrade(data["grade"]),
            cipher_id=int(data["cipher_id"]),
            media=MediaProtection(data["media"]),
        )
