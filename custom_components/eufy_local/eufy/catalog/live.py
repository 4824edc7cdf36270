"""Which form of live open and stop a camera takes (`protocol/p2p-media.md` §1.1 and §1.3)."""

from dataclasses import dataclass
from typing import Final

from .products import FALLBACK_FORMS, OLDEST_LIVE_FIRMWARE, Context, Product

_OLDEST: Final = "T8"  # record 1003 with the bare modulus
_NUMBERS: Final = 4  # parts of a firmware version


@dataclass(frozen=True, slots=True)
class LiveForm:
    """How to open and stop a live view.

    `form` is a form name of `protocol/p2p-media.md` (A, B, C, C', T1 to T9), `stop` one of
    `list`, `envelope`, `bare`. `behind_station` is set when the camera is reached through a hub.
    """

    form: str
    stop: str
    behind_station: bool


def live_forms(
    product: Product,
    context: Context,
    *,
    legacy: bool = False,
    firmware: str = "",
    station_firmware: str = "",
) -> tuple[LiveForm, ...]:
    """Return the forms to try, in order; never empty.

    `legacy` is set on links of RSA or static-key grade, where the older forms are in field use.
    Firmware texts may be empty (unknown counts as new).
    """
    behind = context is not Context.SELF
    if legacy:
        form = _legacy_form(product, firmware, station_firmware, behind=behind)
        return (LiveForm(form, "bare", behind),)
    names = (product.live or FALLBACK_FORMS)[context]
    return tuple(LiveForm(name, _stop(product, context, name), behind) for name in names)


def live_form(product: Product, context: Context, *, legacy: bool = False) -> LiveForm:
    """Return the first form to try."""
    return live_forms(product, context, legacy=legacy)[0]


def _stop(product: Product, context: Context, form: str) -> str:
    if form == "A":
        return "list"
    return "envelope" if product.stop_envelope and context is Context.HB3 else "bare"


def _legacy_form(product: Product, firmware: str, station_firmware: str, *, behind: bool) -> str:
    own, hub = product.legacy_live or ("T9", "T9")
    form = hub if behind else own
    oldest = OLDEST_LIVE_FIRMWARE.get(product.code)
    if oldest is not None and _older(firmware, oldest):
        return _OLDEST
    if form == "T9" and _older(station_firmware, OLDEST_LIVE_FIRMWARE["station"]):
        return _OLDEST
    return form


def parse_version(text: str) -> tuple[int, ...] | None:
    """Return the leading numbers of a firmware version, `None` when there are none."""
    numbers: list[int] = []
    for part in text.split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits[:9]))
        if len(digits) != len(part):
            break
    return tuple(numbers[:_NUMBERS]) or None


def _older(version: str, than: str) -> bool:
    mine, other = parse_version(version), parse_version(than)
    return mine is not None and other is not None and mine < other
