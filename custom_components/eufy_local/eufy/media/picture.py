"""Pictures: key frames to JPEG and a check of JPEGs, decoded in a child process (security.md T8)."""

from ..errors import FrameRefused
from .jpeg import jpeg_size
from .nal_gate import NalGate, annex_b
from .worker import Worker, WorkerFailed


class PictureDecoder:
    """Decodes pictures where a fault of the decoder does no harm.

    Every picture passes a check in pure Python before the child sees it.
    """

    def __init__(self, worker: Worker | None = None) -> None:
        self._worker = worker or Worker()

    async def key_frame_to_jpeg(self, codec: str, data: bytes) -> bytes:
        """Return a key frame (Annex B bytes, with its parameter sets) as a JPEG.

        `codec` is `h264` or `hevc` (`wire.nal.Codec`) and must be what the bytes are. Raises
        `FrameRefused` for a picture that breaks the limits of the NAL gate or cannot be decoded,
        `WorkerFailed` when the decoder died or hung.
        """
        checked = NalGate().check(data)
        if checked.codec != codec:
            raise FrameRefused(f"a picture that is not {codec}")
        request = {"action": "key_frame_to_jpeg", "codec": checked.codec.value}
        _, jpeg = await self._worker.ask(request, annex_b(checked.nals))
        jpeg_size(jpeg)
        return jpeg

    async def check_jpeg(self, data: bytes) -> tuple[int, int]:
        """Decode a JPEG in full; return its width and height in pixels. Raises as above."""
        size = jpeg_size(data)
        result, _ = await self._worker.ask({"action": "check_jpeg"}, data)
        if (result.get("width"), result.get("height")) != size:
            raise WorkerFailed("a JPEG has another size than it says")
        return size

    async def close(self) -> None:
        """End the child process."""
        await self._worker.close()
