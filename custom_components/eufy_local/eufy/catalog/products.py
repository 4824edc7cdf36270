"""Products: what a device is, told from its serial, and what is known of it.

The table is `products.json`, built by `scripts/build_catalog.py` from the project's fact tables
(`protocol/devices.md`, `models.json`); it is read once at import. A product that is not in it
works with what its serial prefix suggests and is marked `known=False`.
"""

import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from sys import intern
from typing import Any, Final

_FILE: Final = Path(__file__).with_name("products.json")
_PREFIX: Final = 5  # characters of a serial that name the product


class ProductKind(StrEnum):
    """The role of a product."""

    STATION = "station"
    CAMERA = "camera"
    INDOOR_CAMERA = "indoor_camera"
    DOORBELL = "doorbell"
    FLOODLIGHT = "floodlight"
    WALL_LIGHT = "wall_light"
    GARAGE_CAMERA = "garage_camera"
    LTE_CAMERA = "lte_camera"
    BABY_CAMERA = "baby_camera"
    PET_CAMERA = "pet_camera"
    SENSOR = "sensor"
    KEYPAD = "keypad"
    CHIME = "chime"
    SIREN = "siren"
    LOCK = "lock"
    VIDEO_LOCK = "video_lock"
    LIGHT = "light"
    SAFE = "safe"
    TRACKER = "tracker"
    BRIDGE = "bridge"
    DELIVERY_BOX = "delivery_box"
    NVR = "nvr"
    OTHER = "other"


CAMERA_KINDS: Final = frozenset(
    {
        ProductKind.CAMERA,
        ProductKind.INDOOR_CAMERA,
        ProductKind.DOORBELL,
        ProductKind.FLOODLIGHT,
        ProductKind.WALL_LIGHT,
        ProductKind.GARAGE_CAMERA,
        ProductKind.LTE_CAMERA,
        ProductKind.BABY_CAMERA,
        ProductKind.PET_CAMERA,
        ProductKind.VIDEO_LOCK,
        ProductKind.DELIVERY_BOX,
    }
)
_HUB_KINDS: Final = frozenset(
    {ProductKind.STATION, ProductKind.BRIDGE, ProductKind.NVR, ProductKind.CHIME}
)


class Context(StrEnum):
    """Where a device is connected; it decides which form of a command works."""

    SELF = "self"
    """Its own station, channel 0."""
    HB2 = "hb2"
    """Behind a HomeBase 1, 2 or E."""
    HB3 = "hb3"
    """Behind a HomeBase 3 or newer hub."""
    MINI = "mini"
    """Behind a HomeBase Mini or chime base."""
    NVR = "nvr"
    """Behind a network recorder."""


class Grade(StrEnum):
    """How well a product is known, best first (`protocol/devices.md`, evidence marks)."""

    HARDWARE_VERIFIED = "hardware-verified"
    CLIENT_SUPPORTED = "client-supported"
    CLIENT_BASIC = "client-basic"
    OBSERVED_ONLY = "observed-only"
    CLIENT_CODE_ONLY = "client-code-only"
    DECLARED_ONLY = "declared-only"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """One product of the table, or one made up for an unknown serial (`known` false).

    `device_types` are the numbers of the cloud's list, not unique per product. `capabilities`
    are names of the capability table; a name says that a source declares it, not that this unit
    reports it. `grade` is hardware-verified for 42 products, but only those with `protocol_log`
    had single commands and replies recorded on hardware.
    """

    code: str
    name: str
    kind: ProductKind
    known: bool = True
    aka: str | None = None
    prefix: str = ""
    device_types: tuple[int, ...] = ()
    topology: str = "unknown"
    battery: bool = False
    sleeps: bool = False
    pan_tilt: bool = False
    codecs: tuple[str, ...] = ()
    grade: Grade = Grade.UNKNOWN
    protocol_log: bool = False
    scope: str = "security"
    capabilities: frozenset[str] = frozenset()
    webrtc: bool = False
    live: dict[Context, tuple[str, ...]] | None = None
    legacy_live: tuple[str, str] | None = None
    stop_envelope: bool = False
    guard_scalar: bool = False
    """Whether the guard mode is set by a scalar first (`protocol/p2p-commands.md` §3.3)."""

    @property
    def has_guard_mode(self) -> bool:
        """Return whether the product, as a station, has a guard mode of its own."""
        return self.kind is ProductKind.STATION or "guard_mode" in self.capabilities

    @property
    def model(self) -> str:
        """Return the text to show as the model: marketing name and product code."""
        return f"{self.name} ({self.code})" if self.name != self.code else self.code

    @property
    def is_camera(self) -> bool:
        """Return whether the product has a picture."""
        return self.kind in CAMERA_KINDS or "live_stream" in self.capabilities

    @property
    def is_station(self) -> bool:
        """Return whether other devices are connected through the product."""
        return self.kind in _HUB_KINDS

    @property
    def is_doorbell(self) -> bool:
        """Return whether the product has a ring button."""
        return self.kind is ProductKind.DOORBELL or "event_ring" in self.capabilities


# Seventh character of the serial, and the start of a longer one (`protocol/devices.md` §1).
_VARIANTS: Final = {
    ("T8420", "6"): "T8420X",
    ("T8520", "8"): "T8510P",
    ("T8520", "9"): "T8520P",
    ("T8210", "8"): "T8210C",
    ("T8410", "5"): "T8410C",
    ("T8200", "6"): "T8200X",
}
_LONG_PREFIXES: Final = {"T8W11P": "T8W11C"}
# Cloud device types that tell products apart that share a prefix (`protocol/devices.md` §1).
_BY_TYPE: Final = {
    ("T8419", 10011): "T8419N",
    ("T8W11", 10008): "T8W11C",
    ("T8W11", 10010): "T8W11C",
    ("T8110", 10034): "T8110E",
}
# Kind of an unknown product by its serial (`protocol/devices.md` §1, trap 5); longest first.
_GUESSES: Final = (
    ("T80", ProductKind.STATION),
    ("T81", ProductKind.CAMERA),
    ("T82", ProductKind.DOORBELL),
    ("T84", ProductKind.INDOOR_CAMERA),
    ("T85", ProductKind.LOCK),
    ("T86", ProductKind.CAMERA),
    ("T8W", ProductKind.INDOOR_CAMERA),
    ("T8B", ProductKind.CAMERA),
    ("T8E", ProductKind.CAMERA),
    ("T8P", ProductKind.CAMERA),
    ("T8N", ProductKind.NVR),
    ("T89", ProductKind.SENSOR),
    ("T90", ProductKind.SENSOR),
)
_HB2_PREFIXES: Final = frozenset({"T8001", "T8002", "T8010"})
_MINI_PREFIXES: Final = frozenset({"T8020", "T8021", "T8022", "T8023", "T8024", "T8025", "T8026"})
_CAMERA_GUESS: Final = frozenset({"live_stream", "event_motion", "event_person"})


def _product(row: dict[str, Any]) -> Product:
    live = row.get("live")
    legacy = row.get("legacy")
    return Product(
        code=row["code"],
        name=row.get("name", row["code"]),
        kind=ProductKind(row["kind"]),
        aka=row.get("aka"),
        prefix=row.get("prefix", row["code"]),
        device_types=tuple(row.get("types", ())),
        topology=row["topology"],
        battery=row.get("battery", False),
        sleeps=row.get("sleeps", False),
        pan_tilt=row.get("ptz", False),
        codecs=tuple(row.get("codecs", ())),
        grade=Grade(row["grade"]),
        protocol_log=row.get("logged", False),
        scope=row["scope"],
        capabilities=frozenset(map(intern, row.get("capabilities", ()))),
        webrtc=row.get("webrtc", False),
        live={Context(key): tuple(value) for key, value in live.items()} if live else None,
        legacy_live=(legacy["self"], legacy["hub"]) if legacy else None,
        stop_envelope=row.get("stop_envelope", False),
        guard_scalar=row.get("guard_scalar", False),
    )


_TABLE: Final[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
PRODUCTS: Final = {row["code"]: _product(row) for row in _TABLE["products"]}
"""All products of the table by product code."""
FALLBACK_FORMS: Final = {Context(key): tuple(value) for key, value in _TABLE["fallback"].items()}
"""Live forms to try for a product without a row of its own."""
OLDEST_LIVE_FIRMWARE: Final[dict[str, str]] = _TABLE["legacy_oldest"]
"""Firmware below which the oldest live form is used, per product code and for stations."""
_TYPES: Final = {
    device_type: product for product in PRODUCTS.values() for device_type in product.device_types
}
del _TABLE


def product_for(serial: str, device_type: int = 0, product_code: str = "") -> Product:
    """Return the product of a device.

    The cloud's product code (`device_new_pn`, `device_model`) decides, then the serial with its
    variants, then the device type, which is not unique (`protocol/devices.md` §1). Never raises:
    an unknown device gets a made-up product with what its serial prefix suggests.
    """
    prefix = serial[:_PREFIX]
    # A model text may carry a suffix ("T8142-R"); take it only for variants of this serial.
    model = product_code.partition("-")[0]
    if (named := PRODUCTS.get(model)) is not None and named.prefix == prefix:
        variant = _variant(serial, prefix, device_type)
        return PRODUCTS[variant] if variant and model == prefix else named
    if variant := _variant(serial, prefix, device_type):
        return PRODUCTS[variant]
    if (found := PRODUCTS.get(prefix)) is not None:
        return found
    if device_type and (found := _TYPES.get(device_type)) is not None:
        return found
    kind = next((kind for start, kind in _GUESSES if serial.startswith(start)), ProductKind.OTHER)
    return Product(
        code=prefix or "unknown",
        name=prefix or "unknown",
        kind=kind,
        known=False,
        prefix=prefix,
        capabilities=_CAMERA_GUESS if kind in CAMERA_KINDS else frozenset(),
    )


def _variant(serial: str, prefix: str, device_type: int) -> str | None:
    if long := _LONG_PREFIXES.get(serial[: _PREFIX + 1]):
        return long
    return _VARIANTS.get((prefix, serial[6:7])) or _BY_TYPE.get((prefix, device_type))


def context_of(serial: str, station_serial: str) -> Context:
    """Return where a device is connected (`protocol/devices.md` §1, hub by prefix)."""
    if serial == station_serial:
        return Context.SELF
    prefix = station_serial[:_PREFIX]
    if prefix in _HB2_PREFIXES:
        return Context.HB2
    if prefix in _MINI_PREFIXES:
        return Context.MINI
    return Context.NVR if prefix.startswith("T8N") else Context.HB3
