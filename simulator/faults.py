"""Everything that can go wrong on purpose: one mutable bag of switches per station.

The defaults are a healthy station. Each switch names the row of the checklist in
protocol/p2p.md §5 that it belongs to. The simulator's README says which rows are in.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from .families import Handshake


class Chunking(StrEnum):
    """How records are laid into DATA chunks (S7)."""

    RECORD = "record"
    """Each record starts a chunk of its own: what one client's parser needs."""
    STREAM = "stream"
    """A chunk may hold the end of one record and the start of the next; headers may be cut."""


class EccBehaviour(StrEnum):
    """What an ECC key offer is answered with (S17)."""

    ALL = "all"
    """Every record is authenticated (declared by the app)."""
    KEY_FRAMES = "key_frames"
    """Key frames and sound are, P-frames are clear (hardware, T8160 with a forced offer; sound: declared)."""
    AS_RSA = "as_rsa"
    """Key frames in RSA form that the offered key cannot open."""
    NO_RECORDS = "no_records"
    """Receipt 0, then nothing."""


class FirstFrame(StrEnum):
    """What the first video record of a stream is (S16)."""

    KEY = "key"
    MID_GROUP = "mid_group"
    """P-frames of an unfinished group first."""
    STALE_KEY = "stale_key"
    """A key frame wrapped for an earlier stream's key (hardware, T8170)."""


class SecondInit(StrEnum):
    """What a second record 1100 on a link does (S9; both seen on a HomeBase 3)."""

    IGNORED = "ignored"
    INVALIDATES = "invalidates"


class Impostor(StrEnum):
    """Who else answers the search (security tests; design/security.md T1)."""

    NONE = "none"
    FOREIGN_DID = "foreign_did"
    """The station itself answers with a DID that is not its own."""
    TWIN = "twin"
    """Two different sockets answer with the same DID."""
    NOISE = "noise"
    """A foreign DID and garbage arrive before the true answer."""


@dataclass(slots=True)
class Answer:
    """A forced result of one sub-command."""

    code: int | None
    """Result code; None: no receipt at all."""
    after: float = 0.0
    """Seconds until the receipt; the queue is blocked meanwhile."""
    times: int = 0
    """How often; 0 = always."""


@dataclass(slots=True)
class Faults:
    """Switches of one station; changed at any time."""

    # The network, both ways, on link sockets and searches.
    loss: float = 0.0
    reorder: float = 0.0
    duplicate: float = 0.0
    reorder_delay: float = 0.03
    """Seconds by which a reordered datagram is late."""

    # Search and connect.
    unreachable: bool = False
    """No datagram is answered: powered off, or another network."""
    impostor: Impostor = Impostor.NONE
    no_ready: bool = False
    """S3: never answers 0x41 with 0x42."""
    ignore_first_search: bool | None = None
    """S2: None = as the family does."""

    # Transport.
    silent: bool = False
    """S21: the link goes dead without CLOSE (half open)."""
    answer_alive_only: bool = False
    """S4: the crypto side is dead, ALIVE is still answered."""
    no_station_alive: bool = False
    """The station sends no ALIVE of its own."""
    drop_first_data: bool = False
    """S21: the first transmission of every DATA index is lost."""
    first_ack_index_only: bool = False
    """Only the first index of an ACK counts (batched ACKs are unproven, p2p-transport.md §4)."""
    stop_unacked_after: float = 0.0
    """S6: a channel without ACKs for this long is sent no more; 0 = never."""
    chunking: Chunking = Chunking.RECORD
    chunk_size: int = 1024
    """Small values bring the index wrap (65535 to 0) near."""
    oversized_header: bool = False
    """S21: a record header that claims gigabytes, once per link, on channel 2."""
    garbage_chunks: bool = False
    """A chunk of zeros without magic between records (seen in the field)."""

    # Handshake.
    handshake: Handshake | None = None
    """Another reply than the family's (T1: downgrade)."""
    cipher_id: int | None = None
    """Names another cipher than the family's."""
    wrap_for_other_key: bool = False
    """The link key is wrapped to a key that the owner does not hold."""
    no_reply: bool = False
    """1100 is acknowledged and never answered."""
    reply_after: float = 0.0
    second_init: SecondInit = SecondInit.IGNORED

    # Commands.
    answers: dict[int, Answer] = field(default_factory=dict)
    """Forced results by sub-command (1350's ``cmd``, 1700's ``commandType``, else the type)."""
    receipt_after: float = 0.0
    static_notifies: bool = False
    """Notifies stay under the static key after the first GCM command."""
    clear_pushes: bool = False
    """Notifies of a version-8 link in clear: must never be trusted."""
    block_per_record: bool = False
    """S14: one dump record per device block."""
    late_blocks: float = 0.0
    """S14: sub-device blocks come this many seconds after the station's."""
    old_attachments: bool = False
    """2037 carries rows of an older event of another camera (p2p-commands.md §6.1)."""
    database_not_ready: int = 0
    """So many queries are answered with -1100 first."""

    # Media.
    ecc: EccBehaviour = EccBehaviour.KEY_FRAMES
    first_frame: FirstFrame = FirstFrame.KEY
    wake_after: float = 0.0
    """Seconds from the open to the first frame (battery cameras: 1.9 to 2.5)."""
    no_media: bool = False
    clear_media: bool = False
    """Key frames without any protection (T1: media downgrade)."""
    freeze: bool = False
    """The stream stalls without an end."""
    close_after_frames: int = 0
    """S21: CLOSE in the middle of a stream, after so many video records."""
    no_audio: bool = False
    corrupt_video: float = 0.0
    """Share of video records with one damaged byte in the picture."""
    trailing_frames: float = 0.0
    """Frames keep coming for so long after a stop (0.5 to 5 s on hardware)."""
