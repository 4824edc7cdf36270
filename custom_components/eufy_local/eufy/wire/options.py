"""Where sources contradict each other (protocol/p2p.md §6), as configuration with defaults.

A client keeps what worked per product and firmware; the simulator can take the other side.

| Topic | Where |
|---|---|
| C1 commands after a version-8 reply | `WireOptions.v8_json` |
| C2 half of the ECIES key as ECB key | `WireOptions.ecies_half_key` |
| C3 are result bodies encrypted | `WireOptions.result_body` |
| C4 width of the cipher id | `WireOptions.cipher_id_bytes` |
| C5 bounds of the RSA ciphertext | always 128 bytes: the other reading fails for 39 % of keys |
| C6 meaning of the codec byte | `nal.codec_of_byte`; NAL units are asked first |
| C7 frame number and fps | `VideoFrame.number` and `.fps`; nothing relies on fps |
| C8 width of media timestamps | `WireOptions.timestamp_bits` |
| C9 channel of recordings | no option: records are routed by type |
| C10 database verb for history | `database.history_verb` |
| C11 guard-mode form | `commands.GuardForm`, chosen by the catalogue; fall back on -103 |
| C12 last byte of a still's check code | `still.check_code(variant=...)`; V2 tries both |
| C13 tail of a lookup | `rendezvous.LookupTail` |
| C14 static key of unusual DIDs | `crypto.static_key(from_first_dash=...)` |
| C15 bits 32 and 128 of a mode action | `guard.ActionBit` |
| C16 recording download on a HomeBase 3 | `commands.recording` works with the owner's id |
| C17 dropping media of other cameras | `MediaDecoder(camera_channel=...)` |
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class V8Json(StrEnum):
    """C1: how JSON commands go out on a version-8 link."""

    GCM = "gcm"
    STATIC = "static"
    """Static-key ECB, which a HomeBase 3 accepts too; a fallback that lowers protection."""


class ResultBody(StrEnum):
    """C3: how the code in a legacy result is read when the record says it is encrypted."""

    EITHER = "either"
    """A clear 0 or small negative number is taken, else decrypt and look again."""
    CLEAR = "clear"
    DECRYPT = "decrypt"


@dataclass(frozen=True, slots=True, kw_only=True)
class WireOptions:
    """Choices that a link makes once; the defaults are those of protocol/p2p.md §6."""

    v8_json: V8Json = V8Json.GCM
    ecies_half_key: bool = False
    result_body: ResultBody = ResultBody.EITHER
    cipher_id_bytes: int = 4
    timestamp_bits: int = 64
    encrypt_all_rsa: bool = False
    """RSA links: encrypt every command (declared) instead of the listed ids (field use)."""
    count_legacy: bool = False
    """Put a running number instead of 0 into byte 1 of legacy records."""
    legacy_live_flag: bool = False
    """Put 0x0a into byte 4 of a live open on RSA links too (declared)."""


DEFAULT_OPTIONS: Final = WireOptions()
