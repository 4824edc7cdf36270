"""Triggers for automations: a known face, a ring, any detection.

They listen to the integration's event entities, so they also work for a whole area, floor or
label, and an automation's trace shows the detection that started it.
"""

from typing import ClassVar, Final, override

import probatio as vol
from homeassistant.components.event import (
    DOMAIN as EVENT_DOMAIN,
)
from homeassistant.components.event import (
    DoorbellEventType,
    EventDeviceClass,
    EventEntityStateAttribute,
)
from homeassistant.const import CONF_OPTIONS
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.trigger import (
    ENTITY_STATE_TRIGGER_SCHEMA,
    NotTriggeredReasonReporter,
    StatelessEntityTriggerBase,
    Trigger,
    TriggerConfig,
)

from .const import DOMAIN
from .eufy.detections import DetectionKind
from .event import ATTR_PERSON, FACE_KNOWN, FACE_STRANGER

CONF_KIND: Final = "kind"
CONF_PERSON: Final = "person"


def _schema(options: dict[vol.Marker, object]) -> vol.Schema:
    return ENTITY_STATE_TRIGGER_SCHEMA.extend({vol.Required(CONF_OPTIONS, default={}): options})


class EufyEventTrigger(StatelessEntityTriggerBase):
    """Fires when an event entity of this integration gets an event that matches."""

    _domain_specs = {EVENT_DOMAIN: DomainSpec()}  # noqa: RUF012 (the base's own annotation)
    _key: ClassVar[str]
    """`translation_key` (or the device class) of the entities that are meant."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        registry = er.async_get(self._hass)
        return {
            entity_id
            for entity_id in super().entity_filter(entities)
            if (entry := registry.async_get(entity_id)) is not None
            and entry.platform == DOMAIN
            and self._key in (entry.translation_key, entry.original_device_class)
        }


class DoorbellRang(EufyEventTrigger):
    """Somebody rang."""

    _key = EventDeviceClass.DOORBELL

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        return state.attributes.get(EventEntityStateAttribute.EVENT_TYPE) == DoorbellEventType.RING


class Detected(EufyEventTrigger):
    """A detection of one of the chosen kinds, by default of any."""

    _key = "detection"
    _schema = _schema(
        {
            vol.Optional(CONF_KIND, default=[]): vol.All(
                cv.ensure_list, [vol.In([kind.value for kind in DetectionKind])]
            )
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._kinds = frozenset(self._options[CONF_KIND])

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        kind = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE)
        return kind is not None and (not self._kinds or kind in self._kinds)


class FaceRecognized(EufyEventTrigger):
    """A face: known people by default, only some of them, or strangers."""

    _key = "face"
    _schema = _schema(
        {
            vol.Optional(CONF_KIND, default=[FACE_KNOWN]): vol.All(
                cv.ensure_list, vol.Length(min=1), [vol.In([FACE_KNOWN, FACE_STRANGER])]
            ),
            vol.Optional(CONF_PERSON, default=[]): vol.All(cv.ensure_list, [cv.string]),
        }
    )

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._kinds = frozenset(self._options[CONF_KIND])
        self._people = frozenset(name.casefold() for name in self._options[CONF_PERSON])

    @override
    def is_valid_state(
        self, state: State, report_not_triggered: NotTriggeredReasonReporter
    ) -> bool:
        kind = state.attributes.get(EventEntityStateAttribute.EVENT_TYPE)
        if kind not in self._kinds:
            return False
        if kind == FACE_STRANGER or not self._people:
            return True
        person = state.attributes.get(ATTR_PERSON)
        if isinstance(person, str) and person.casefold() in self._people:
            return True
        report_not_triggered("another_person")
        return False


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "detected": Detected,
    "doorbell_rang": DoorbellRang,
    "face_recognized": FaceRecognized,
}


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return the triggers of this integration."""
    return TRIGGERS
