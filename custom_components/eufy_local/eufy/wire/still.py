"""Stored pictures: plain JPEG, and the two readable forms that hide its first 256 bytes.

Source: protocol/p2p-media.md §6.2, §6.3; events.md §3.2. V8 pictures are sealed to the account
and cannot be opened by any client.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ..errors import AuthenticityError, WireError
from . import crypto, safe_json
from .did import Did
from .record import MAX_TABLE_BODY
from .safe_json import JsonObject

HIDDEN: Final = 256
"""Bytes of the picture that are encrypted."""
V1_MAGIC: Final = b"eufysecurity:"
V2_MAGIC: Final = b"v2_eufysecurity:"
V8_MAGIC: Final = b"v8_eufysecurity"
V1_BODY: Final = 41
V2_BODY: Final = 74
JPEG_MAGIC: Final = b"\xff\xd8"
MAX_PICTURE: Final = MAX_TABLE_BODY


class StillKind(StrEnum):
    """Form of a stored picture by its first bytes."""

    JPEG = "jpeg"
    V1 = "v1"
    V2 = "v2"
    V8 = "v8"
    UNKNOWN = "unknown"


class CheckCodeVariant(StrEnum):
    """Two readings of the last step of the check code (contradiction C12).

    They differ in the last byte only, which V1 does not use.
    """

    UPDATED = "updated"
    """Uses the already changed byte 10, as the vendor's app: the default."""
    ORIGINAL = "original"


@dataclass(frozen=True, slots=True)
class Still:
    """A hidden picture taken apart: owner `serial`, 10-digit `code`, and its body."""

    kind: StillKind
    serial: str
    code: str
    body: bytes = field(repr=False)
    nonce: bytes = b""
    tag: bytes = b""


def still_kind(data: bytes) -> StillKind:
    """Tell the form of a picture."""
    if data[:2] == JPEG_MAGIC:
        return StillKind.JPEG
    for magic, kind in (
        (V1_MAGIC, StillKind.V1),
        (V2_MAGIC, StillKind.V2),
        (V8_MAGIC, StillKind.V8),
    ):
        if data.startswith(magic):
            return kind
    return StillKind.UNKNOWN


def parse_still(data: bytes) -> Still:
    """Take a V1 or V2 picture apart. Raises `WireError` for any other form."""
    kind = still_kind(data)
    if kind is StillKind.V1 and len(data) >= V1_BODY:
        serial, code = _text(data[13:29]), _text(data[30:40])
        return _checked(Still(kind, serial, code, data[V1_BODY:]))
    if kind is StillKind.V2 and len(data) >= V2_BODY:
        serial, code = _text(data[16:32]), _text(data[33:43])
        nonce, tag = data[44:56], data[57:73]
        return _checked(Still(kind, serial, code, data[V2_BODY:], nonce, tag))
    raise WireError("not a hidden picture")


def open_still(data: bytes, dids: dict[str, Did], fallback: Did | None = None) -> bytes:
    """Return the JPEG inside a stored picture; a plain JPEG is returned as it is.

    `dids` maps serials to P2P identities; `fallback` is the station's, used when the serial in
    the picture is not known. Raises `AuthenticityError` when a V2 tag does not verify under
    either reading, and `WireError` when the picture cannot be opened.
    """
    if still_kind(data) is StillKind.JPEG:
        return data
    still = parse_still(data)
    did = dids.get(still.serial, fallback)
    if did is None:
        raise WireError("the picture belongs to an unknown device")
    picture = _open_v1(still, did) if still.kind is StillKind.V1 else _open_v2(still, did)
    if picture[:2] != JPEG_MAGIC:
        raise WireError("the picture does not open to a JPEG")
    return picture


def _open_v1(still: Still, did: Did) -> bytes:
    key = check_code(still.serial, did, still.code)[:16].encode()
    return crypto.ecb_decrypt(key, still.body[:HIDDEN]) + still.body[HIDDEN:]


def _open_v2(still: Still, did: Did) -> bytes:
    hidden, rest = still.body[:HIDDEN], still.body[HIDDEN:]
    for variant in CheckCodeVariant:
        key = check_code(still.serial, did, still.code, variant).encode()
        try:
            return crypto.Gcm(key).open_parts(still.tag, still.nonce, hidden) + rest
        except AuthenticityError:
            continue
    raise AuthenticityError("the picture's tag does not verify")


def seal_v1(picture: bytes, serial: str, did: Did, code: str) -> bytes:
    """Hide a picture as V1 (a station's side). Raises `WireError`."""
    still = _checked(Still(StillKind.V1, serial, code, b""))
    key = check_code(serial, did, code)[:16].encode()
    whole = min(len(picture), HIDDEN) // crypto.BLOCK * crypto.BLOCK
    hidden = crypto.ecb_encrypt(key, picture[:whole]) if whole else b""
    head = V1_MAGIC + f"{still.serial}:{still.code}:".encode()
    return head + hidden + picture[whole:]


def seal_v2(
    picture: bytes,
    serial: str,
    did: Did,
    code: str,
    *,
    nonce: bytes,
    variant: CheckCodeVariant = CheckCodeVariant.UPDATED,
) -> bytes:
    """Hide a picture as V2 (a station's side). Raises `WireError`."""
    still = _checked(Still(StillKind.V2, serial, code, b""))
    key = check_code(serial, did, code, variant).encode()
    tag, hidden = crypto.Gcm(key).seal_parts(nonce, picture[:HIDDEN])
    head = V2_MAGIC + f"{still.serial}:{still.code}:".encode()
    return b"".join((head, nonce, b":", tag, b":", hidden, picture[HIDDEN:]))


# --- the check code ----------------------------------------------------------------------


def did_sum(did: Did) -> int:
    """Return the digit sum of the DID number that goes into the check code (§6.3 step 1)."""
    digits = f"{did.number:06d}"
    if len(digits) == 6:
        picked = [int(digits[index]) for index in (0, 1, 3, 5)]
    elif len(digits) == 9:
        picked = [int(digits[index]) for index in (0, 5, 6, 8)]
    else:
        return 100
    return sum(picked) + (picked[2] if picked[2] < 5 else 0)


def check_code(
    serial: str,
    did: Did,
    code: str,
    variant: CheckCodeVariant = CheckCodeVariant.UPDATED,
) -> str:
    """Return the 32-digit check code of a picture. Raises `WireError` for a wrong form."""
    try:
        start = int(serial[-1:], 16) % 10
        number = int(code[2:])
    except ValueError:
        raise WireError("serial or code has a wrong form") from None
    total = did_sum(did)
    base = serial[start:] + str(total)
    seed = (
        hashlib.md5(f"{1000 - total}{number}".encode(), usedforsecurity=False).hexdigest().upper()
    )
    digest = bytearray(hashlib.sha256(f"01{base}{seed}".encode()).digest())
    original = digest[10]
    last = len(digest) - 1
    for index in range(len(digest)):
        if index < last:
            other = digest[index + 1]
        else:
            other = digest[10] if variant is CheckCodeVariant.UPDATED else original
        value = digest[index]
        if index % 2 == 0:
            if value < 125 or other < 125:
                digest[index] = value + other & 0xFF
        elif value > 126 or other > 126:
            digest[index] = abs(value - other)
    return digest[16:].hex().upper()


# --- records -----------------------------------------------------------------------------


def decode_still_reply(value: JsonObject) -> tuple[str, bytes]:
    """Return (path, picture bytes) of a 1308 reply. Raises `WireError`.

    The content is base64 in the URL-safe alphabet, padding optional (§6.1); the standard
    alphabet is read too.
    """
    path = safe_json.as_text(value.get("file"))
    text = safe_json.as_text(value.get("content"))
    if not path or not text:
        raise WireError("a picture reply names a file and its content")
    bare = "".join(text.split()).rstrip("=").replace("+", "-").replace("/", "_")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except binascii.Error, ValueError:
        raise WireError("picture content is not base64") from None
    if len(data) > MAX_PICTURE:
        raise WireError("picture too large")
    return path, data


def still_reply_value(path: str, picture: bytes) -> dict[str, object]:
    """Return the JSON of a 1308 reply as a station sends it."""
    content = base64.urlsafe_b64encode(picture).decode().rstrip("=")
    return {"file": path, "content": content}


def _text(raw: bytes) -> str:
    return raw.decode("latin-1")


def _checked(still: Still) -> Still:
    """Refuse header fields that cannot be a serial and a code."""
    serial_ok = len(still.serial) == 16 and still.serial.isascii() and still.serial.isalnum()
    code_ok = len(still.code) == 10 and still.code.isascii() and still.code.isdecimal()
    if not (serial_ok and code_ok):
        raise WireError("picture header has a wrong form")
    return still
