"""The sign-in as steps of a config flow: captcha, verification code, and every refusal."""

import base64
import logging
from abc import abstractmethod
from collections.abc import Awaitable
from typing import Any, Final

import probatio as vol
from homeassistant.config_entries import ConfigFlow, ConfigFlowResult
from homeassistant.const import CONF_CODE, CONF_COUNTRY, CONF_EMAIL, CONF_PASSWORD
from homeassistant.helpers.selector import BooleanSelector, TextSelector, TextSelectorConfig
from homeassistant.util import dt as dt_util

from .eufy.account import EXPLANATIONS, Account, SignedIn, explain
from .eufy.errors import (
    CaptchaRequired,
    CloudBusy,
    EufyError,
    SignInRefused,
    VerificationRequired,
)
from .eufy.secret import Secret

_LOGGER = logging.getLogger(__name__)

CONF_CAPTCHA: Final = "captcha"
CONF_RESEND: Final = "resend"

ERROR_UNKNOWN: Final = "unknown"

ONE_TIME: Final = TextSelector(TextSelectorConfig(autocomplete="one-time-code"))
CAPTCHA_SCHEMA: Final = vol.Schema({vol.Optional(CONF_CAPTCHA, default=""): ONE_TIME})
CODE_SCHEMA: Final = vol.Schema(
    {
        vol.Optional(CONF_CODE, default=""): ONE_TIME,
        vol.Optional(CONF_RESEND, default=False): BooleanSelector(),
    }
)

# First bytes of the picture formats that the client lets through.
_PICTURE_TYPES: Final = {
    b"\x89PNG": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
    b"RIFF": "image/webp",
}


def picture_uri(picture: bytes) -> str:
    """Return a picture as a `data:` address, which Home Assistant's forms show in Markdown."""
    kind = next(
        (kind for start, kind in _PICTURE_TYPES.items() if picture.startswith(start)), "image/png"
    )
    return f"data:{kind};base64,{base64.b64encode(picture).decode()}"


def error_key(error: EufyError) -> str:
    """Return the translation key for a refusal; what nobody foresaw is `unknown`."""
    key = explain(error).key
    if key in EXPLANATIONS:
        return key
    _LOGGER.error("Unexpected error while signing in: %s", error)
    return ERROR_UNKNOWN


class SignInFlow(ConfigFlow):
    """Base of the config flow: what comes between the password and a finished sign-in."""

    account: Account
    """Set before the sign-in by `async_open_account`."""

    def __init__(self) -> None:
        self.entered: dict[str, Any] = {}
        """What the user typed last into the first form, without the password."""
        self._picture = b""

    @abstractmethod
    async def async_open_account(self) -> Account:
        """Return the account to sign in with; may raise `EufyError`."""

    @abstractmethod
    def show_start(
        self, errors: dict[str, str] | None = None, **placeholders: str
    ) -> ConfigFlowResult:
        """Show the form that asks for the password."""

    @abstractmethod
    async def async_signed_in(self, result: SignedIn) -> ConfigFlowResult:
        """Go on after the sign-in; may raise `EufyError`."""

    async def async_sign_in(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Begin with e-mail address, password and country."""
        password = Secret[str](user_input[CONF_PASSWORD])
        self.entered |= {key: value for key, value in user_input.items() if key != CONF_PASSWORD}

        async def begin() -> SignedIn:
            self.account = await self.async_open_account()
            email, country = self.entered[CONF_EMAIL], self.entered[CONF_COUNTRY]
            return await self.account.sign_in(email, password, country)

        return await self._async_answer(begin())

    async def _async_answer(self, answer: Awaitable[SignedIn]) -> ConfigFlowResult:
        try:
            return await self.async_signed_in(await answer)
        except CaptchaRequired as error:
            self._picture = error.picture
            return self._show_captcha({"base": "wrong_captcha"} if error.wrong else {})
        except VerificationRequired as error:
            return self._show_code({"base": "wrong_code"} if error.wrong else {})
        except EufyError as error:
            return self.show_start({"base": error_key(error)}, **_details(error))

    # --- captcha -----------------------------------------------------------------------

    def _show_captcha(self, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="captcha",
            data_schema=CAPTCHA_SCHEMA,
            errors=errors,
            description_placeholders={"picture": picture_uri(self._picture)},
        )

    async def async_step_captcha(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Take the text of the picture."""
        if not (text := user_input[CONF_CAPTCHA].strip()):
            return self._show_captcha({CONF_CAPTCHA: "captcha_empty"})
        return await self._async_answer(self.account.answer_captcha(text))

    # --- verification code ---------------------------------------------------------------

    def _show_code(self, errors: dict[str, str]) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="code",
            data_schema=CODE_SCHEMA,
            errors=errors,
            description_placeholders={"email": self.entered[CONF_EMAIL]},
        )

    async def async_step_code(self, user_input: dict[str, Any]) -> ConfigFlowResult:
        """Take the code, or have another one sent."""
        if user_input[CONF_RESEND]:
            try:
                await self.account.resend_code()
            except CaptchaRequired as error:
                self._picture = error.picture
                return self._show_captcha({})
            except EufyError as error:
                return self.show_start({"base": error_key(error)}, **_details(error))
            return self._show_code({"base": "code_resent"})
        if not (code := user_input[CONF_CODE].strip()):
            return self._show_code({CONF_CODE: "code_empty"})
        return await self._async_answer(self.account.answer_code(code))


def _details(error: EufyError) -> dict[str, str]:
    """Return what the sentences about an error may name: when to try again, the cloud's number."""
    details = {
        "when": "",
        "code": str(getattr(error, "code", 0)),
        "call": getattr(error, "call", ""),
    }
    if isinstance(error, CloudBusy | SignInRefused) and error.retry_at is not None:
        details["when"] = dt_util.as_local(error.retry_at).strftime("%H:%M")
    return details
