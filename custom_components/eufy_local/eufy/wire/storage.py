"""Storage of a station: memory card (1144) and the disks of a HomeBase.

Source: protocol/p2p-commands.md §8. Zero sizes after a wake and 132-byte receipts mean
"unknown", not "0 GB" (protocol/field.md).
"""

from dataclasses import dataclass
from typing import Final

from ..errors import WireError
from .bodies import read_i32, read_u32
from .datagram import Buffer
from .safe_json import JsonObject, as_int

SD_INFO_SIZE: Final = 12


@dataclass(frozen=True, slots=True)
class SdInfo:
    """Memory card: status number, total and free MB; None where the station does not know."""

    status: int
    total: int | None
    free: int | None

    @property
    def known(self) -> bool:
        """False when the station answered without sizes."""
        return self.total is not None


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk of a HomeBase, sizes in MiB."""

    size: int
    system: int
    used: int
    video_size: int
    video_used: int
    health: int
    work_status: int

    @property
    def present(self) -> bool:
        """False for the empty record of a disk that is not there."""
        return self.size > 0

    @property
    def video_used_percent(self) -> float | None:
        """Share of the video space in use, in percent with one decimal."""
        if self.video_size <= 0:
            return None
        return round(100 * self.video_used / self.video_size, 1)


@dataclass(frozen=True, slots=True)
class StationStorage:
    """The disks of a station; a missing one is None."""

    emmc: Disk | None
    hdd: Disk | None
    days: int | None = None


def parse_sd_info(body: Buffer) -> SdInfo:
    """Read the answer to 1144. Capacity is only in 12-byte bodies. Raises `WireError`."""
    status = read_i32(body)
    if len(body) != SD_INFO_SIZE:
        return SdInfo(status, None, None)
    total, free = read_u32(body, 4), read_u32(body, 8)
    if total == 0 and free == 0:
        return SdInfo(status, None, None)
    return SdInfo(status, total, free)


def parse_disk(value: JsonObject) -> Disk:
    """Read one disk record; members that are missing are 0."""
    return Disk(
        size=as_int(value.get("disk_size")),
        system=as_int(value.get("system_size")),
        used=as_int(value.get("disk_used")),
        video_size=as_int(value.get("video_size")),
        video_used=as_int(value.get("video_used")),
        health=as_int(value.get("health")),
        work_status=as_int(value.get("work_status")),
    )


def parse_storage(body: JsonObject) -> StationStorage:
    """Read the body of a 1307 answer, or the payload of a HomeBase 2's 55000 answer.

    Raises `WireError` when it holds neither.
    """
    if "emmc_info" in body or "hdd_info" in body:
        days = body.get("storage_days")
        return StationStorage(
            _disk(body.get("emmc_info")),
            _disk(body.get("hdd_info")),
            None if days is None else as_int(days),
        )
    inner = body.get("payload")
    if isinstance(inner, dict):
        return StationStorage(_sizes(inner, "emmc"), _sizes(inner, "hdd"))
    raise WireError("not a storage report")


def _disk(value: object) -> Disk | None:
    if not isinstance(value, dict):
        return None
    disk = parse_disk(value)
    return disk if disk.present else None


def _sizes(value: JsonObject, name: str) -> Disk | None:
    total, free = as_int(value.get(f"{name}_total")), as_int(value.get(f"{name}_free"))
    if total <= 0:
        return None
    used = max(0, total - free)
    return Disk(total, 0, used, total, used, 0, 0)
