"""Devices of a station as Home Assistant holds them; a camera also has pictures and a live view."""

import datetime as dt
from collections.abc import Mapping
from typing import Final, override

from .blocks import ParameterBlocks, number
from .catalog.detections import detection_kinds
from .catalog.products import Context, Product, context_of, product_for
from .cloud import CloudDevice
from .detections import Detection, DetectionKind
from .live_source import LiveMemory, LiveTarget
from .media.codec import CodecParameters
from .media.live import LiveStream, MediaSource
from .pictures import Picture, PictureSource
from .text import clean_name
from .wire.parameters import ECC_ABILITY, Param

_NEWEST_FIRST: Final = {
    # Of two pictures of one moment the whole scene is shown, not the part.
    PictureSource.CROP: 0,
    PictureSource.STREAM: 1,
    PictureSource.EVENT: 2,
}


class Device:
    """Any device of a station: camera, sensor, keypad, lock ...; channel as the station counts."""

    def __init__(self, record: CloudDevice, blocks: ParameterBlocks) -> None:
        self.serial = record.serial
        self.name = clean_name(record.name) or record.serial
        self.channel = record.channel
        self.product: Product = product_for(record.serial, record.device_type, record.product)
        self.context: Context = context_of(record.serial, record.station_serial)
        self._record = record
        self._blocks = blocks
        blocks.seed(record.channel, record.params)

    @property
    def parameters(self) -> Mapping[int, str]:
        """The device's parameters by id, as texts: last read locally, else the cloud's."""
        return self._blocks.block(self.channel)

    def number(self, param: int) -> int | None:
        """Return a parameter as a whole number, `None` when it is absent or no number."""
        return number(self.parameters, param)

    @property
    def firmware(self) -> str | None:
        """Installed firmware as the device says, else as the cloud's list said."""
        return self.parameters.get(Param.FIRMWARE) or self._record.firmware or None


class Camera(Device):
    """One camera of a station, or the station's own camera when it stands alone.

    `live` is the one live view that all viewers share. `last_picture` is never fetched on
    demand: it is the newest picture of a detection or of a live view, and never wakes a camera.
    """

    live: LiveStream

    def __init__(
        self, record: CloudDevice, blocks: ParameterBlocks, memory: LiveMemory | None = None
    ) -> None:
        super().__init__(record, blocks)
        self.detection_kinds: frozenset[DetectionKind] = frozenset(
            DetectionKind(kind) for kind in detection_kinds(self.product, self.context)
        )
        self.memory = memory or LiveMemory()
        self.last_picture: Picture | None = None
        self.last_detection: Detection | None = None
        self.last_heard: dt.datetime | None = None
        """When anything at all was heard of this camera (a push, a report, its parameters)."""

    def offer(self, source: MediaSource, codecs: object = None) -> None:
        """Make the live view out of a source; called once by the station.

        `codecs` is what `live.parameters.to_dict()` gave after an earlier view.
        """
        self.live = LiveStream(self.serial, source, parameters=CodecParameters.from_dict(codecs))

    @property
    def allows_ecc(self) -> bool:
        """Whether the camera takes the ECC key offer: its parameter 1103 is 128 or more.

        Source: `protocol/p2p-media.md` §2.4, declared.
        """
        return (self.number(Param.ABILITY) or 0) >= ECC_ABILITY

    def live_target(self, account_id: str, station_firmware: str | None) -> LiveTarget:
        """Return what a live view of this camera needs to know now."""
        return LiveTarget(
            account_id=account_id,
            channel=self.channel,
            product=self.product,
            context=self.context,
            firmware=self.firmware or "",
            station_firmware=station_firmware or "",
            ecc=self.allows_ecc,
        )

    def take_picture(self, picture: Picture) -> bool:
        """Keep a picture if it is not older than the one held; return whether it was kept."""
        held = self.last_picture
        if held is not None:
            rank = (picture.time, _NEWEST_FIRST.get(picture.source, 0))
            if rank < (held.time, _NEWEST_FIRST.get(held.source, 0)):
                return False
        self.last_picture = picture
        return True

    def accept_weaker_media(self) -> None:
        """Forget how well pictures were protected before; only the owner may decide that."""
        self.memory.protection = LiveMemory().protection
        self.memory.rsa_firmware = None

    @override
    def __repr__(self) -> str:
        return f"Camera({self.product.code}, channel {self.channel})"
