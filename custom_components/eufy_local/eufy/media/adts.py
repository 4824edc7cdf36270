"""AAC sound as it comes: ADTS frames (ISO 13818-7 §6.2, ISO 14496-3 §1.A.2.2)."""

import dataclasses
from typing import Final

from .codec import AudioCodec, AudioParameters

SAMPLES_PER_FRAME: Final = 1024
_RATES: Final = (
    96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350,
)  # fmt: skip
_AAC_LC: Final = 2
# A record holds one frame, rarely some; more is not sound (protocol/p2p-media.md §3).
_MAX_FRAMES: Final = 16


@dataclasses.dataclass(frozen=True, slots=True)
class AdtsFrames:
    """The raw AAC frames of one record (1024 samples each) and their common form."""

    parameters: AudioParameters
    frames: tuple[bytes, ...]


def parse_adts(data: bytes) -> AdtsFrames | None:
    """Split whole ADTS frames into raw AAC frames; None if the bytes are not AAC-LC in ADTS.

    A frame that is cut off at the end, or of another form than the first, ends the list.
    """
    parameters: AudioParameters | None = None
    frames: list[bytes] = []
    offset = 0
    while offset + 7 <= len(data) and len(frames) < _MAX_FRAMES:
        head = int.from_bytes(data[offset : offset + 7])
        length = (head >> 13) & 0x1FFF
        header = 7 if (head >> 40) & 1 else 9
        # syncword, layer 0, one raw data block
        if head >> 44 != 0xFFF or (head >> 41) & 3 or head & 3:
            break
        form = _form(head)
        if form is None or (parameters or form) != form:
            break
        if length <= header or offset + length > len(data):
            break
        parameters = form
        frames.append(bytes(data[offset + header : offset + length]))
        offset += length
    return AdtsFrames(parameters, tuple(frames)) if parameters else None


def _form(head: int) -> AudioParameters | None:
    kind = ((head >> 38) & 3) + 1
    index = (head >> 34) & 0xF
    channels = (head >> 30) & 7
    if kind != _AAC_LC or index >= len(_RATES) or not 1 <= channels <= 2:
        return None
    config = (kind << 11 | index << 7 | channels << 3).to_bytes(2)
    return AudioParameters(AudioCodec.AAC, _RATES[index], channels, config)


def wrap_adts(frame: bytes, parameters: AudioParameters) -> bytes:
    """Put one raw AAC frame into an ADTS frame (the reverse of `parse_adts`)."""
    index, length = _RATES.index(parameters.rate), len(frame) + 7
    head = 0xFFF1 << 40 | (_AAC_LC - 1) << 38 | index << 34 | parameters.channels << 30
    return (head | length << 13 | 0x7FF << 2).to_bytes(7) + frame
