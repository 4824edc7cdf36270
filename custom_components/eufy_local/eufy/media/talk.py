"""Sound from a viewer to the loudspeaker of a camera."""

from typing import Protocol


class TalkSink(Protocol):
    """Takes the sound for one camera; AAC-LC in ADTS, 16 kHz, mono (p2p-media.md §4)."""

    async def start(self) -> None:
        """Begin; raises `EufyError`, `StreamBusy` if somebody else talks."""

    async def send(self, frame: bytes) -> None:
        """Send one ADTS frame (64 ms of sound)."""

    async def stop(self) -> None:
        """End; also after a failed `start`."""
