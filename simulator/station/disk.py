"""What lies on a station's disk: pictures cut out of the scene, and the storage figures.

A picture takes longer to decode than a frame lasts, so the sans-IO core only lists what is
wanted; whoever drives it makes the bytes (`render`, in a thread) and hands them in.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from custom_components.eufy_local.eufy.wire.crypto import rsa_modulus
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.envelopes import CommandType
from custom_components.eufy_local.eufy.wire.still import seal_v1

from .. import identity, snapshots
from ..clip import Clip
from ..home import PersonSpec, StationSpec
from .detections import Event, EventLog, face_path

MAX_PICTURES = 64
"""Pictures kept in memory; older ones are cut again when asked for."""
MAX_WAITING = 64
V1_CODE = "1767323045"
"""The 10 digits in the header of an obfuscated picture."""

type Answer = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class PictureJob:
    """A picture that is wanted: one frame of a channel's scene, whole or its middle."""

    path: str
    channel: int
    frame: int
    crop: bool


def render(job: PictureJob, clip: Clip) -> bytes:
    """Make the JPEG of a job; takes up to a few hundred milliseconds."""
    return snapshots.crop(clip, job.frame) if job.crop else snapshots.still(clip, job.frame)


class Disk:
    """Pictures by path."""

    card = (119_000, 87_654)
    """Total and free MB of the memory card."""

    def __init__(
        self, spec: StationSpec, log: EventLog, people: tuple[PersonSpec, ...], *, seed: int
    ) -> None:
        self.album: dict[int, bytes] = {}
        """JPEG of known people by id, where there are real ones."""
        self._spec = spec
        self._log = log
        self._people = {face_path(person): person for person in people}
        self._seed = seed
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._waiting: dict[str, list[Answer]] = {}
        self._jobs: list[PictureJob] = []

    @property
    def cloud_offer(self) -> str:
        """What older stations wrap a stored video's key to: the cloud cipher's RSA key."""
        label = f"cipher/{self._spec.owner_id}/{self._spec.family.cipher_id}"
        return rsa_modulus(identity.rsa_key(self._seed, label).public_key()).hex()

    def ask(self, path: str, then: Answer) -> None:
        """Call `then` with the picture, now or once it is made; never for an unknown path."""
        if (ready := self._stored(path)) is not None:
            then(ready)
        elif self._want(path):
            self._waiting[path].append(then)

    def prepare(self, event: Event) -> None:
        """Have the pictures of an event made before anybody asks."""
        for path in (event.thumbnail, *([event.crop] if event.has_crop else [])):
            self._want(path)

    def take_jobs(self) -> list[PictureJob]:
        """The pictures to make; each is handed out once."""
        jobs, self._jobs = self._jobs, []
        return jobs

    def put(self, job: PictureJob, jpeg: bytes) -> None:
        """A picture has been made (empty: it could not be)."""
        waiting = self._waiting.pop(job.path, [])
        if not jpeg:
            return
        data = self._wrapped(jpeg)
        self._pictures[job.path] = data
        while len(self._pictures) > MAX_PICTURES:
            self._pictures.popitem(last=False)
        for then in waiting:
            then(data)

    def _stored(self, path: str) -> bytes | None:
        person = self._people.get(path)
        if person is not None and person.id in self.album:
            return self._wrapped(self.album[person.id])
        return self._pictures.get(path)

    def _want(self, path: str) -> bool:
        """Order a picture unless that is done already; False for an unknown path."""
        if path in self._waiting:
            return True
        job = self._job(path)
        if job is None or len(self._waiting) >= MAX_WAITING:
            return False
        self._waiting[path] = []
        self._jobs.append(job)
        return True

    def _job(self, path: str) -> PictureJob | None:
        person = self._people.get(path)
        if person is not None:
            seen = [event for event in self._log.events if event.person == person]
            if not seen:
                return None
            return PictureJob(path, seen[-1].camera.channel, seen[-1].frame, crop=True)
        event = self._log.find(path)
        if event is None:
            return None
        if path == event.thumbnail:
            return PictureJob(path, event.camera.channel, event.frame, crop=False)
        if path == event.crop and event.has_crop:
            return PictureJob(path, event.camera.channel, event.frame, crop=True)
        return None

    def _wrapped(self, jpeg: bytes) -> bytes:
        if not self._spec.family.obfuscated_stills:
            return jpeg
        return seal_v1(jpeg, self._spec.serial, Did.parse(self._spec.did), V1_CODE)


def storage_value(cmd: int) -> dict[str, object]:
    """The notify that answers 1307 or 55000 (p2p-commands.md §8); sizes in MiB."""
    if cmd != CommandType.STORAGE:
        sizes = {"emmc_total": 14_000, "emmc_free": 9_000, "hdd_total": 0, "hdd_free": 0}
        state = {"hdd_exist": 0, "emmc_status": 0, "usb_status": 0, "payload": sizes}
        return {"cmd": cmd, "payload": state}
    hdd = {
        "disk_size": 953_869,
        "system_size": 2_048,
        "disk_used": 201_344,
        "video_used": 198_000,
        "video_size": 940_000,
        "cur_temperate": 38,
        "work_status": 0,
        "parted_status": 0,
        "health": 0,
    }
    emmc = hdd | {"disk_size": 14_800, "disk_used": 6_200, "video_used": 5_900}
    emmc["video_size"] = 12_000
    body = {"hdd_info": hdd, "emmc_info": emmc, "move_disk_info": {}, "storage_days": 21}
    return {"cmd": cmd, "payload": {"cmd": 11001, "mIntRet": 0, "body": body}}
