"""Which kinds of detection a product declares; names are those of `DetectionKind`.

A kind that is not declared is still reported when it comes (`protocol/devices.md` §7 rule 6).
"""

from typing import Final

from .products import Context, Product

_BY_CAPABILITY: Final[dict[str, tuple[str, ...]]] = {
    "event_motion": ("motion",),
    "event_person": ("person",),
    "event_pet": ("pet",),
    "event_vehicle": ("vehicle",),
    "event_sound": ("sound",),
    "event_crying": ("crying",),
    "event_ring": ("doorbell_ring",),
    "event_package": ("package_delivered", "package_taken", "package_stranded"),
    "package_detection": ("package_delivered", "package_taken", "package_stranded"),
    "loitering_detection": ("loitering",),
}
_FACES: Final = ("known_face", "stranger")
_HB3_AI: Final = ("person", "vehicle", "pet", *_FACES)  # the hub's AI serves each camera
_OWN_DOORBELL: Final = ("family_face",)  # 3303, doorbells with AI of their own


def detection_kinds(product: Product, context: Context) -> frozenset[str]:
    """Return the kinds to expect from a product where it is connected."""
    if not product.is_camera:
        return frozenset()
    kinds = {
        kind
        for capability, names in _BY_CAPABILITY.items()
        if capability in product.capabilities
        for kind in names
    }
    kinds.add("motion")
    if context is Context.HB3:
        kinds.update(_HB3_AI)
    elif "event_person_name" in product.capabilities:
        kinds.update(_FACES)
    if product.is_doorbell:
        kinds.add("doorbell_ring")
        if context is Context.SELF and "event_person_name" in product.capabilities:
            kinds.update(_OWN_DOORBELL)
    return frozenset(kinds)
