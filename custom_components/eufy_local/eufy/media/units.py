"""What goes from a live stream to its viewers: checked pictures and sound with their time."""

import dataclasses

from ..wire.nal import Codec
from .codec import AudioParameters, VideoParameters
from .nal_gate import annex_b


@dataclasses.dataclass(slots=True, eq=False)
class VideoUnit:
    """One access unit that passed the NAL gate.

    `nals` are NAL units without start codes; a key unit begins with its parameter sets.
    `time_ms` is on the stream's own time line, shared with the sound.
    """

    codec: Codec
    key: bool
    nals: tuple[memoryview, ...]
    parameters: VideoParameters
    time_ms: int
    size: int = dataclasses.field(init=False)
    rtp: tuple[object, int, int] | None = None
    """A packetiser's note: itself, the first sequence number and the RTP time it gave."""

    def __post_init__(self) -> None:
        self.size = sum(map(len, self.nals))

    def annex_b(self) -> bytes:
        """Return the picture with start codes, as decoders and files want it."""
        return annex_b(self.nals)


@dataclasses.dataclass(slots=True, eq=False)
class AudioUnit:
    """The sound of one record: raw AAC frames (1024 samples each) or G.711 bytes."""

    parameters: AudioParameters
    frames: tuple[bytes, ...]
    time_ms: int
    size: int = dataclasses.field(init=False)
    rtp: tuple[object, int, int] | None = None

    def __post_init__(self) -> None:
        self.size = sum(map(len, self.frames))


type MediaUnit = VideoUnit | AudioUnit
