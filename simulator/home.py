"""The home that is simulated: an account, its stations, their cameras, the people they know.

Plain descriptions without state. All names, serials, DIDs and keys are synthetic and derived from
the home's seed (`identity`), so a home is the same in every run.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from . import identity
from .families import FAMILIES, HOMEBASE_3, Family

ECC_MEDIA_ABILITY = "128"
"""Parameter 1103 of a camera from which on ECC media are offered (p2p-media.md §2.4)."""
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class AccountSpec:
    """What a user types in, and what the cloud calls them."""

    email: str
    password: str
    code: str
    """The code of the two-step verification."""
    user_id: str
    """40 hex digits; owner id of every station of this home."""
    nick_name: str = "Demo"
    country: str = "US"


@dataclass(frozen=True, slots=True)
class PersonSpec:
    """Somebody the HomeBase knows by face."""

    id: int
    name: str
    footage: str | None = None
    """Who plays them in the fetched footage (`footage`), if anybody does."""


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One camera or doorbell."""

    key: str
    """Short name for the control API, e.g. ``front_door``."""
    name: str
    serial: str
    product: str
    device_type: int
    channel: int
    scene: str | None = None
    """File name (without ``.mp4``) in the media folder; None or missing: a synthetic picture."""
    scene_number: int = 0
    """Number burned into a synthetic picture's strip."""
    firmware: str = "1.2.4.8"
    params: Mapping[int, str] = field(default_factory=dict)
    """Start values of its parameter block."""


@dataclass(frozen=True, slots=True)
class StationSpec:
    """One P2P station: a HomeBase with its cameras, or a standalone camera."""

    name: str
    serial: str
    did: str
    family: Family
    cameras: tuple[CameraSpec, ...]
    owner_id: str
    time_zone: str = "EST5EDT,M3.2.0,M11.1.0|1.21|America/New_York"
    local_ip: str = LOOPBACK
    params: Mapping[int, str] = field(default_factory=dict)

    @property
    def product(self) -> str:
        """Product code, e.g. ``T8030``."""
        return self.family.product

    @property
    def device_type(self) -> int:
        """The cloud's numeric type."""
        return self.family.device_type

    @property
    def firmware(self) -> str:
        """Main firmware version."""
        return self.family.firmware

    def camera(self, key: str) -> CameraSpec:
        """By key, name, serial or channel; KeyError when there is none."""
        for camera in self.cameras:
            if key in (camera.key, camera.name, camera.serial, str(camera.channel)):
                return camera
        raise KeyError(key)


@dataclass(frozen=True, slots=True)
class CipherSpec:
    """What the cloud returns for one cipher id of one owner."""

    owner_id: str
    cipher_id: int
    rsa_private: str
    """base64 PKCS#8 DER, one line."""
    ecc_private: str
    """64 hex digits, P-256."""


@dataclass(frozen=True, slots=True)
class Home:
    """The whole simulated household."""

    seed: int
    account: AccountSpec
    stations: tuple[StationSpec, ...]
    people: tuple[PersonSpec, ...] = ()
    house_id: str = ""
    house_name: str = "Demo home"

    @classmethod
    def demo(cls, seed: int = 1) -> Home:
        """One HomeBase 3 with two cameras and a doorbell, and three people it knows."""
        account = demo_account(seed)
        station = homebase(
            seed,
            HOMEBASE_3,
            account.user_id,
            (
                ("front_yard", "Front yard", "T8160", 19, "night"),
                ("hall", "Hall", "T8160", 19, "hall"),
                ("front_door", "Front door", "T8214", 94, "doorbell"),
            ),
            name="HomeBase",
        )
        return cls(
            seed=seed,
            account=account,
            stations=(station,),
            people=demo_people(),
            house_id=identity.hexadecimal(seed, "house", 32),
        )

    @classmethod
    def of_families(cls, names: Iterable[str], seed: int = 1) -> Home:
        """One station for each family name, in this order; a name may come more than once."""
        account = demo_account(seed)
        stations = tuple(
            station_of(seed, FAMILIES[name], account.user_id, label=f"{name}{index}")
            for index, name in enumerate(names)
        )
        return cls(
            seed=seed,
            account=account,
            stations=stations,
            people=demo_people(),
            house_id=identity.hexadecimal(seed, "house", 32),
        )

    @property
    def cameras(self) -> dict[str, CameraSpec]:
        """Every camera by its key; keys are unique in a home."""
        return {camera.key: camera for station in self.stations for camera in station.cameras}

    def station_of(self, camera: CameraSpec) -> StationSpec:
        """The station a camera belongs to."""
        return next(station for station in self.stations if camera in station.cameras)

    def find_camera(self, text: str) -> CameraSpec:
        """By key, name or serial; KeyError when there is none."""
        for camera in self.cameras.values():
            if text in (camera.key, camera.name, camera.serial):
                return camera
        raise KeyError(text)

    def find_person(self, text: str) -> PersonSpec:
        """By name (any case) or number; KeyError when there is none."""
        for person in self.people:
            if text.casefold() == person.name.casefold() or text == str(person.id):
                return person
        raise KeyError(text)

    def cipher(self, cipher_id: int, owner_id: str | None = None) -> CipherSpec:
        """The key pair of a cipher id; every id has one."""
        owner = owner_id or self.account.user_id
        label = f"cipher/{owner}/{cipher_id}"
        return CipherSpec(
            owner_id=owner,
            cipher_id=cipher_id,
            rsa_private=identity.rsa_base64(self.seed, label),
            ecc_private=identity.p256_hex(self.seed, label),
        )

    @property
    def ciphers(self) -> tuple[CipherSpec, ...]:
        """The key pairs that the stations of this home name in their replies."""
        pairs = {(s.owner_id, s.family.cipher_id) for s in self.stations if s.family.cipher_id}
        return tuple(self.cipher(number, owner) for owner, number in sorted(pairs))

    def dsk(self, serial: str) -> str:
        """The 20-character device key for rendezvous lookups."""
        return identity.hexadecimal(self.seed, f"dsk/{serial}", 20).upper()


def demo_account(seed: int) -> AccountSpec:
    """The account of the demonstration."""
    return AccountSpec(
        email="demo@example.com",
        password="demo-password",  # noqa: S106  # the published one of the demonstration
        code="246810",
        user_id=identity.hexadecimal(seed, "account", 40),
    )


def demo_people() -> tuple[PersonSpec, ...]:
    """Three people with invented names (design/test-media.md §3)."""
    return (
        PersonSpec(7, "Alice", "woman_c"),
        PersonSpec(8, "Bob", "man_b"),
        PersonSpec(9, "Carol", None),
    )


def homebase(
    seed: int,
    family: Family,
    owner_id: str,
    cameras: Iterable[tuple[str, str, str, int, str | None]],
    *,
    name: str,
    label: str = "",
) -> StationSpec:
    """A HomeBase; cameras are (key, name, product, device type, scene) in channel order."""
    label = label or family.name
    specs = tuple(
        CameraSpec(
            key=key,
            name=title,
            serial=identity.serial(seed, product, f"{label}/{channel}"),
            product=product,
            device_type=device_type,
            channel=channel,
            scene=scene,
            scene_number=channel,
            params=camera_params(seed, product, f"{label}/{channel}", title),
        )
        for channel, (key, title, product, device_type, scene) in enumerate(cameras)
    )
    return StationSpec(
        name=name,
        serial=identity.serial(seed, family.product, label),
        did=identity.did(seed, label),
        family=family,
        cameras=specs,
        owner_id=owner_id,
        params=station_params(name),
    )


def station_of(seed: int, family: Family, owner_id: str, *, label: str) -> StationSpec:
    """A station of a family with a plausible set of cameras."""
    if family.standalone:
        serial = identity.serial(seed, family.product, label)
        camera = CameraSpec(
            key=label,
            name=f"Camera {label}",
            serial=serial,
            product=family.product,
            device_type=family.device_type,
            channel=0,
            scene_number=int.from_bytes(identity.digest(seed, label)[:1]) % 16,
            firmware=family.firmware,
            params=camera_params(seed, family.product, label, f"Camera {label}"),
        )
        return StationSpec(
            name=camera.name,
            serial=serial,
            did=identity.did(seed, label),
            family=family,
            cameras=(camera,),
            owner_id=owner_id,
            params=station_params(camera.name),
        )
    product, device_type = ("T8160", 19) if family.product in ("T8030", "T8025") else ("T8140", 14)
    return homebase(
        seed,
        family,
        owner_id,
        [
            (f"{label}_{number}", f"{label} camera {number}", product, device_type, None)
            for number in range(2)
        ],
        name=f"HomeBase {label}",
        label=label,
    )


def station_params(name: str) -> dict[int, str]:
    """Start values of a station's own parameter block (p2p-commands.md §4.2)."""
    return {
        1224: "63",
        1151: "63",
        1176: LOOPBACK,
        1190: "12",
        1216: name,
        1235: "20",
        1281: "1",
        1292: "15",
        1142: "-52",
    }


@functools.cache
def _battery(seed: int, label: str) -> int:
    return 55 + int.from_bytes(identity.digest(seed, f"battery/{label}")[:1]) % 45


def camera_params(seed: int, product: str, label: str, name: str) -> dict[int, str]:
    """Start values of a camera's block; T8160 has the ability word that asks for ECC media."""
    values = {
        1011: "1",
        1035: "0",
        1045: "1",
        1101: str(_battery(seed, label)),
        1131: "1",
        1138: "21",
        1142: "-58",
        1217: name,
        1230: "26",
        1240: "1",
        1241: "1",
        1246: "0",
        1249: "60",
        1250: "5",
        1277: "1",
        1705: "8",
        2111: "0",
        7013: "1.2.4.8",
    }
    if product == "T8160":
        values[1103] = ECC_MEDIA_ABILITY
    return values
