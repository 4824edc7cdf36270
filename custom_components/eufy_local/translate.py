"""Turns the client's errors into Home Assistant's, and their keys into sentences."""

import functools
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.translation import async_get_translations

from .const import DOMAIN
from .eufy.errors import EufyError


def translated[E: HomeAssistantError](error: EufyError, kind: type[E]) -> E:
    """Return the error that Home Assistant shows for an error of the client."""
    return kind(
        translation_domain=DOMAIN,
        translation_key=error.key,
        translation_placeholders={"error": str(error)},
    )


def raise_translated[**P, R](
    function: Callable[P, Awaitable[R]],
) -> Callable[P, Coroutine[Any, Any, R]]:
    """Decorate an action of an entity: errors of the client become translated ones."""

    @functools.wraps(function)
    async def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return await function(*args, **kwargs)
        except EufyError as error:
            raise translated(error, HomeAssistantError) from error

    return wrapper


async def async_sentence(hass: HomeAssistant, key: str, detail: str = "") -> str:
    """Return the sentence for an error key in the language of the installation.

    `detail` fills the sentence's placeholder, where it has one. A key without a sentence is
    returned as it is.
    """
    texts = await async_get_translations(hass, hass.config.language, "exceptions", {DOMAIN})
    text = texts.get(f"component.{DOMAIN}.exceptions.{key}.message", key)
    return text.replace("{error}", detail).rstrip(": ")
