"""What changes on the wire from one family of stations to the next, as data.

Source: protocol/p2p-devices.md §2 and §7, protocol/p2p-crypto.md §7. A mark says what the sheet
knows: hardware = seen on a device, field = owners' logs or field use of a client,
declared = read from an app only, assumed = the simulator's choice where nobody knows.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Handshake(StrEnum):
    """How a station answers record 1100 (protocol/p2p-crypto.md §3)."""

    ECIES = "ecies"
    """Version 8: P-256 wraps a 32-byte key, then AES-256-GCM."""
    RSA_CLEAR = "rsa_clear"
    """RSA-1024 wraps a 16-character key; the reply itself is clear."""
    RSA_ECB = "rsa_ecb"
    """As above, the reply under the static key."""
    NO_KEY = "no_key"
    """Cipher id 0 and nothing to unwrap."""
    SILENT = "silent"
    """No reply at all; a client may go on in clear (level 0)."""


@dataclass(frozen=True, slots=True)
class Family:
    """One row of the family table."""

    name: str
    product: str
    device_type: int
    firmware: str
    handshake: Handshake
    cipher_id: int
    """The id the reply names; the cloud has the private key of the same id. 0: no key."""
    standalone: bool = False
    """The camera is its own station: channel 0 instead of 255."""
    receipt_size: int = 132
    receipt_repeats_subheader: bool = False
    """T8170: ``08 ctr dev 08 01 00`` instead of ``08 00 dev 00 01 00`` (p2p-commands.md §1.6)."""
    capacity: int = 9
    """Links at once (p2p-devices.md §4)."""
    ignores_first_search: bool = False
    """The first LAN_SEARCH after a closed link stays unanswered (hardware, HomeBase 3)."""
    sleeps: bool = False
    """Answers no LAN_SEARCH until woken through the rendezvous service."""
    needs_ping: bool = False
    """A stream ends ten seconds after the last record 1139 (hardware, T8170)."""
    extra_punches: int = 0
    """Datagrams of type 0x43 at connect (hardware: T8170 sends two)."""
    reports_mode: bool = True
    """Sends 1151 when the guard mode changes; T8170 does not."""
    mode_in_dump: bool = True
    """T8414 keeps the mode out of its dump (user report)."""
    local_pushes: bool = True
    """2037 over the link; never seen from a HomeBase 2 (user report)."""
    clear_database: bool = False
    """Database and still replies are clear JSON under the ECB tag (hardware, T8170)."""
    obfuscated_stills: bool = False
    """Event pictures in the V1 wrapping (hardware, T8170)."""
    history_verb: int = 10011
    """The database verb it serves: 10011 or 10017 (p2p-commands.md §5)."""
    dump_label: int = 255
    """``dev_type`` of the station's own block; standalone: its device type or 1000."""
    stall: tuple[float, float] | None = None
    """Seconds an unknown command blocks the queue before -108 (hardware, HomeBase 3)."""
    silent_on_wrong_account: bool = False
    """JSON with a wrong account is taken and dropped (HomeBase 3); others answer -104."""
    codec_byte: int | None = None
    """Value of the video header's codec byte, whatever the codec; None: 0 H.264, 1 HEVC."""
    split_frames: int = 0
    """Access units above this many bytes are cut over several records (p2p-media.md §2.5)."""
    audio_version: int = 2
    """Subheader byte 0 of clear audio (p2p-media.md §3)."""
    media_tail: bool = True
    """Times are 64-bit Unix ms; False: a free-running 32-bit counter with a zero high half."""
    media_channel_tag: int | None = None
    """Channel that media records carry whatever camera it is (T8442, T8200: 1, user report)."""
    recording_channel: int = 1
    """Link channel that recordings come on: 1 HomeBase 3, 3 older ones."""
    storage: str = "1307"
    """Which storage query it answers: 1307, 55000 or 1144 (p2p-commands.md §8)."""


HOMEBASE_3 = Family(
    name="homebase3",
    product="T8030",
    device_type=18,
    firmware="3.8.7.4",
    handshake=Handshake.ECIES,
    cipher_id=40,
    ignores_first_search=True,
    stall=(11.0, 17.0),
    silent_on_wrong_account=True,
)  # hardware
HOMEBASE_2 = Family(
    name="homebase2",
    product="T8010",
    device_type=0,
    firmware="2.1.8.8",
    handshake=Handshake.RSA_CLEAR,
    cipher_id=13,
    local_pushes=False,
    codec_byte=1,
    split_frames=64_000,
    media_tail=False,
    recording_channel=3,
    storage="1144",
    history_verb=10017,
)  # field; capacity assumed
HOMEBASE_2_V8 = Family(
    name="homebase2_v8",
    product="T8010",
    device_type=0,
    firmware="3.3.8.2",
    handshake=Handshake.ECIES,
    cipher_id=13,
    local_pushes=False,
    codec_byte=1,
    split_frames=64_000,
    recording_channel=3,
    storage="55000",
    history_verb=10017,
)  # user report
HOMEBASE_1 = Family(
    name="homebase1",
    product="T8002",
    device_type=0,
    firmware="2.1.5.2",
    handshake=Handshake.NO_KEY,
    cipher_id=0,
    local_pushes=False,
    media_tail=False,
    recording_channel=3,
    storage="1144",
    history_verb=10017,
)  # field / declared
HOMEBASE_MINI = Family(
    name="homebase_mini",
    product="T8025",
    device_type=28,
    firmware="4.0.6.2",
    handshake=Handshake.ECIES,
    cipher_id=212,
)  # declared
STANDALONE_MAINS = Family(
    name="standalone_mains",
    product="T8410",
    device_type=31,
    firmware="2.3.2.6",
    handshake=Handshake.RSA_CLEAR,
    cipher_id=202,
    standalone=True,
    capacity=4,
    reports_mode=False,
    dump_label=1000,
    storage="1144",
    media_tail=False,
    history_verb=10017,
)  # user report; capacity assumed
STANDALONE_BATTERY = Family(
    name="standalone_battery",
    product="T8170",
    device_type=48,
    firmware="3.3.5.4",
    handshake=Handshake.ECIES,
    cipher_id=98,
    standalone=True,
    receipt_size=36,
    receipt_repeats_subheader=True,
    capacity=4,
    sleeps=True,
    needs_ping=True,
    extra_punches=2,
    reports_mode=False,
    clear_database=True,
    obfuscated_stills=True,
    dump_label=48,
    media_tail=False,
    storage="1144",
    history_verb=10017,
)  # hardware
DOORBELL_BATTERY = Family(
    name="doorbell_battery",
    product="T8214",
    device_type=94,
    firmware="1.4.0.2",
    handshake=Handshake.ECIES,
    cipher_id=155,
    standalone=True,
    receipt_size=36,
    receipt_repeats_subheader=True,
    capacity=4,
    sleeps=True,
    needs_ping=True,
    reports_mode=False,
    dump_label=94,
    storage="1144",
    history_verb=10017,
)  # field (36-byte receipts), the rest as T8170 is assumed
DOORBELL_WIRED = Family(
    name="doorbell_wired",
    product="T8200",
    device_type=5,
    firmware="2.2.0.8",
    handshake=Handshake.NO_KEY,
    cipher_id=0,
    standalone=True,
    capacity=4,
    reports_mode=False,
    dump_label=1000,
    media_channel_tag=1,
    media_tail=False,
    storage="1144",
    history_verb=10017,
)  # declared / user report

FAMILIES = MappingProxyType(
    {
        family.name: family
        for family in (
            HOMEBASE_3,
            HOMEBASE_2,
            HOMEBASE_2_V8,
            HOMEBASE_1,
            HOMEBASE_MINI,
            STANDALONE_MAINS,
            STANDALONE_BATTERY,
            DOORBELL_BATTERY,
            DOORBELL_WIRED,
        )
    }
)
