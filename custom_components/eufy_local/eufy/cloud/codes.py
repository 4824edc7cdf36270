"""Every refusal of the cloud as one table: what it is, what to say, what to do.

Source: `protocol/cloud.md` §3.6 and, where marked, `protocol/field.md`. Numbers below 600 are
HTTP statuses as well as body codes: the cloud uses both for the same thing.
A user interface translates by `key`; the English sentences here are the fallback and what the
documentation shows.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ..errors import (
    AccountTakenOver,
    AuthenticationFailed,
    CloudBusy,
    CloudError,
    CloudUnreachable,
    EufyError,
    SessionExpired,
    SignInRefused,
    VerificationRequired,
)

MINUTE: Final = 60.0
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class Kind(StrEnum):
    """What a refusal means for the client."""

    CREDENTIALS = "credentials"
    SESSION = "session"
    TAKEN_OVER = "taken_over"
    CAPTCHA = "captcha"
    VERIFICATION = "verification"
    SIGN_IN_LOCK = "sign_in_lock"  # no sign-in for `pause` seconds
    BUSY = "busy"  # no call at all for `pause` seconds
    IDENTITY = "identity"  # a new key exchange, same token
    UNREACHABLE = "unreachable"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened and what the user can do, under the stable key of a translation."""

    key: str
    sentence: str
    next_step: str


@dataclass(frozen=True, slots=True)
class CloudCode:
    """One row of the table; `pause` is in seconds."""

    kind: Kind
    explanation: Explanation
    pause: float = 0.0


def _row(kind: Kind, key: str, sentence: str, next_step: str, pause: float = 0.0) -> CloudCode:
    return CloudCode(kind, Explanation(key, sentence, next_step), pause)


_REPORT: Final = "Update the integration; if it stays, report it with the diagnostics file."
_WAIT: Final = "Wait. Asking again during the pause makes it longer."

_WRONG_PASSWORD: Final = _row(
    Kind.CREDENTIALS,
    "wrong_credentials",
    "The e-mail address or the password is wrong.",
    "Check both by signing in to the eufy app once, then enter them again.",
)
_NOT_ACTIVATED: Final = _row(
    Kind.CREDENTIALS,
    "account_not_activated",
    "The account is not activated yet.",
    "Open the activation e-mail that eufy has sent, then sign in again.",
)
_WRONG_CODE: Final = _row(
    Kind.VERIFICATION,
    "wrong_code",
    "The verification code is wrong or has expired.",
    "Enter the newest code, or have a new one sent.",
)
_LOCKED: Final = _row(
    Kind.SIGN_IN_LOCK,
    "account_locked",
    "eufy has locked the account for a day after too many wrong passwords or codes.",
    "Wait 24 hours without trying: each further try may extend the lock.",
    DAY,
)
_TOO_FAST: Final = _row(
    Kind.BUSY,
    "cloud_too_many_requests",
    "eufy's cloud has asked for a pause because it got too many requests.",
    _WAIT,
    30 * MINUTE,
)
_IDENTITY: Final = _row(
    Kind.IDENTITY,
    "cloud_identity_refused",
    "eufy's cloud did not accept the key exchange, also not a new one.",
    "Try again in an hour; the cameras keep working meanwhile.",
)
_CRYPTO_BUG: Final = _row(
    Kind.OTHER,
    "cloud_password_format",
    "eufy's cloud could not read the encrypted password.",
    _REPORT,
)

CODES: Final[Mapping[int, CloudCode]] = MappingProxyType({
    200: _row(  # field.md profile-200-text: seen on the old interface only
        Kind.UNREACHABLE,
        "cloud_backend_gone",
        "eufy's cloud gave an empty answer, as its old interface does for accounts that moved.",
        "Sign in again; that has helped some owners.",
    ),
    400: _row(
        Kind.OTHER,
        "cloud_bad_request",
        "eufy's cloud could not read the request.",
        _REPORT,
    ),
    401: _row(
        Kind.SESSION,
        "session_expired",
        "eufy's cloud does not accept the stored sign-in any more.",
        "Sign in again when you want to load devices or keys; the cameras keep working.",
    ),
    403: _row(
        Kind.BUSY,
        "cloud_forbidden",
        "eufy's firewall refuses requests from this connection.",
        "Wait at least an hour. A VPN or a shared address makes this more likely.",
        HOUR,
    ),
    424: _row(
        Kind.UNREACHABLE,
        "cloud_maintenance",
        "eufy's cloud is under maintenance.",
        "Try again later; the cameras keep working.",
        15 * MINUTE,
    ),
    429: _TOO_FAST,
    461: _row(
        Kind.OTHER,
        "clock_skew",
        "eufy's cloud says that the clock of this computer is wrong.",
        "Correct the date and time of the Home Assistant host, then try again.",
    ),
    463: _IDENTITY,
    4404: _IDENTITY,
    4416: _row(
        Kind.OTHER,
        "cloud_signature",
        "eufy's cloud did not accept the signature of the request.",
        "Check the date and time of the Home Assistant host. " + _REPORT,
    ),
    10000: _row(
        Kind.OTHER,
        "cloud_parameter",
        "eufy's cloud did not understand a value of the request.",
        _REPORT,
    ),
    10019: _LOCKED,
    20004: _row(
        Kind.OTHER,
        "owner_only",
        "Only the owner of the home may ask this.",
        "Use the owner's account for it, or ask the owner.",
    ),
    22008: _WRONG_PASSWORD,
    26006: _WRONG_PASSWORD,
    26015: _NOT_ACTIVATED,
    26050: _WRONG_CODE,
    26051: _WRONG_CODE,
    26052: _row(
        Kind.VERIFICATION,
        "code_required",
        "eufy has sent a verification code.",
        "Enter the code from the e-mail or text message within 15 minutes.",
    ),
    26053: _LOCKED,
    26054: _WRONG_CODE,
    26055: _WRONG_PASSWORD,
    26084: _row(
        Kind.TAKEN_OVER,
        "account_taken_over",
        "Another device signed in with the same account and ended this sign-in.",
        "Invite a second account to your home in the eufy app and use it only here. "
        "The cameras keep working; sign in again when you need new devices or keys.",
    ),
    26105: _NOT_ACTIVATED,
    26108: _WRONG_PASSWORD,
    26145: _TOO_FAST,
    26167: _WRONG_CODE,
    100028: _row(
        Kind.SIGN_IN_LOCK,
        "too_many_sign_ins",
        "eufy's cloud has seen too many sign-ins of this account.",
        "Wait two hours before you sign in again.",
        2 * HOUR,
    ),
    100029: _CRYPTO_BUG,
    100030: _CRYPTO_BUG,
    100032: _row(
        Kind.CAPTCHA,
        "captcha_required",
        "eufy wants to see that a person signs in.",
        "Type the characters of the picture.",
    ),
    100033: _row(
        Kind.CAPTCHA,
        "wrong_captcha",
        "The characters did not match the picture.",
        "Type the characters of the new picture.",
    ),
    100056: _LOCKED,
    250999: _TOO_FAST,
})  # fmt: skip

# What is not a number of the cloud's: our own limits and plain network trouble.
_OWN: Final[tuple[Explanation, ...]] = (
    Explanation(
        "sign_in_budget",
        "This integration signs in at most 3 times in 6 hours, and has done so.",
        "Wait until the time shown: a fourth sign-in would make eufy lock the account.",
    ),
    Explanation(
        "cloud_stalled",
        "eufy's cloud has not answered several times in a row.",
        "Check the internet connection; the next try is possible after the time shown.",
    ),
    Explanation(
        "cloud_unreachable",
        "eufy's cloud cannot be reached or gave an answer that is not in the expected format.",
        "Check the internet connection and try again; the cameras keep working.",
    ),
    Explanation(
        "cloud_unknown_code",
        "eufy's cloud refused the request with a number that this version does not know.",
        _REPORT,
    ),
    Explanation(
        "sign_in_expired",
        "The sign-in took too long or had too many wrong answers.",
        "Start the sign-in again.",
    ),
    Explanation(
        "sign_in_needed",
        "There is no valid sign-in to eufy's cloud.",
        "Sign in again when you want to load devices or keys; the cameras keep working.",
    ),
    Explanation(
        "wrong_account",
        "This is another account than the one that was set up.",
        "Sign in with the same account, or add the other account as a second entry.",
    ),
    Explanation(
        "country_unknown",
        "eufy's cloud has no region for this country.",
        "Choose the country that is set in your eufy app.",
    ),
    Explanation(
        "network_blocked",
        "The privacy setting does not allow this contact with eufy's cloud.",
        "Choose another cloud mode if you want to allow it.",
    ),
    Explanation(
        "key_unavailable",
        "eufy's cloud has no key for this station under its owner's account.",
        "Check in the eufy app that the station is still in your home, then load the keys again.",
    ),
)

EXPLANATIONS: Final[Mapping[str, Explanation]] = MappingProxyType(
    {row.explanation.key: row.explanation for row in CODES.values()}
    | {explanation.key: explanation for explanation in _OWN}
)
"""Every key that `explain` can return: a user interface has a translation for each."""


def row_for(code: int) -> CloudCode:
    """Return the row of a code; an unknown code is an `OTHER` with its own key."""
    return CODES.get(code) or CloudCode(Kind.OTHER, EXPLANATIONS["cloud_unknown_code"])


def explain(error: EufyError) -> Explanation:
    """Return what to tell the user about an error of the account or the cloud."""
    if isinstance(error, CloudError):
        if error.reason in EXPLANATIONS:
            return EXPLANATIONS[error.reason]
        if error.code:
            return row_for(error.code).explanation
    return EXPLANATIONS.get(error.key) or Explanation(error.key, str(error), _REPORT)


def error_for(code: int, call: str, retry_at: dt.datetime | None = None) -> CloudError:
    """Return the typed error of a refused call. Captchas are made where their picture is."""
    row = row_for(code)
    text = f"{row.explanation.sentence} ({call}, {code})"
    error: CloudError
    match row.kind:
        case Kind.CREDENTIALS:
            error = AuthenticationFailed(text, code)
        case Kind.SESSION:
            error = SessionExpired(text, code)
        case Kind.TAKEN_OVER:
            error = AccountTakenOver(text, code)
        case Kind.VERIFICATION:
            error = VerificationRequired(wrong=code != 26052, code=code)
        case Kind.SIGN_IN_LOCK:
            error = SignInRefused(text, code, retry_at)
        case Kind.BUSY:
            error = CloudBusy(text, code, retry_at)
        case Kind.UNREACHABLE:
            error = CloudUnreachable(text, code)
        case _:
            error = CloudError(text, code)
    error.call, error.reason = call, row.explanation.key
    return error


def own_error[E: CloudError](error: E, reason: str, call: str = "") -> E:
    """Name the cause and the call of an error that has no number of the cloud."""
    error.reason, error.call = reason, call
    return error
