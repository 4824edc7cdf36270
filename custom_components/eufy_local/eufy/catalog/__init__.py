"""Facts about products as data: no code per model, no input or output but its own tables."""

from .detections import detection_kinds
from .guard import (
    ALARM_STOPS,
    EFFECTIVE_MODES,
    SETTABLE_MODES,
    AlarmEvent,
    GuardMode,
    alarm_state,
)
from .live import LiveForm, live_form, live_forms
from .products import PRODUCTS, Context, Grade, Product, ProductKind, context_of, product_for

__all__ = [
    "ALARM_STOPS",
    "EFFECTIVE_MODES",
    "PRODUCTS",
    "SETTABLE_MODES",
    "AlarmEvent",
    "Context",
    "Grade",
    "GuardMode",
    "LiveForm",
    "Product",
    "ProductKind",
    "alarm_state",
    "context_of",
    "detection_kinds",
    "live_form",
    "live_forms",
    "product_for",
]
