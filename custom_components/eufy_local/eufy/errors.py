"""Every error that the client raises: one small tree.

Each class has a stable `key` (what a user interface translates) and says in its text what
happened without naming a serial, an address, a key or a token.
"""

import datetime as dt
from typing import ClassVar


class EufyError(Exception):
    """Base of all errors of the client."""

    key: ClassVar[str] = "unknown"


class ConfigurationError(EufyError):
    """A setting cannot be used (for example a simulator override that is not loopback)."""

    key = "configuration"


# --- bytes -----------------------------------------------------------------------------


class WireError(EufyError):
    """Bytes or text that do not have the form they claim."""

    key = "malformed"


class AuthenticityError(WireError):
    """An authentication tag did not verify: forged, replayed, or the wrong key."""

    key = "not_authentic"


# --- network policy --------------------------------------------------------------------


class NetworkBlocked(EufyError):
    """The gate refused a connection before anything was sent."""

    key = "network_blocked"


# --- links and commands ----------------------------------------------------------------


class LinkError(EufyError):
    """A station cannot be reached or the link to it broke."""

    key = "link"


class StationNotFound(LinkError):
    """No answer to the LAN search: off, asleep, in another network, or WebRTC only."""

    key = "station_not_found"


class StationMismatch(LinkError):
    """Something answered, but with another identity (DID) than the expected one."""

    key = "station_mismatch"


class HandshakeFailed(LinkError):
    """The station answered the search but did not complete the key handshake."""

    key = "handshake_failed"


class KeyUnavailable(LinkError):
    """The key that the station names is not held and could not be fetched."""

    key = "key_unavailable"


class KeyRejected(LinkError):
    """The held key does not open the station's handshake: re-bound or another owner."""

    key = "key_rejected"


class DowngradeRefused(LinkError):
    """The station offered a weaker link than it is known to support."""

    key = "downgrade_refused"


class LinkLost(LinkError):
    """The link went silent or was closed by the station."""

    key = "link_lost"


class CommandError(LinkError):
    """A station answered a command with a result other than success."""

    key = "command_failed"

    def __init__(self, code: int, text: str) -> None:
        super().__init__(f"{text} ({code})")
        self.code = code


class CommandTimeout(LinkError):
    """A command got no answer in its time (also: a wrong account id, which is ignored)."""

    key = "command_timeout"


# --- cloud -----------------------------------------------------------------------------


class CloudError(EufyError):
    """The cloud refused a call.

    `code` is its own number (or the HTTP status), 0 when it gave none; `call` is the name of the
    refused call, so that a repair can say what failed; `reason` is the stable key of the exact
    cause where it is finer than the class (`eufy.account.explain` gives the sentence).
    """

    key = "cloud"
    call: str = ""
    reason: str = ""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code


class CloudUnreachable(CloudError):
    """No usable answer: no network, time-out, maintenance, or not the expected format."""

    key = "cloud_unreachable"


class CloudBusy(CloudError):
    """The cloud asked for a pause; no call is sent before `retry_at`."""

    key = "cloud_busy"

    def __init__(self, text: str, code: int = 0, retry_at: dt.datetime | None = None) -> None:
        super().__init__(text, code)
        self.retry_at = retry_at


class AuthenticationFailed(CloudError):
    """Wrong e-mail or password, or an account that is not activated. Never retried."""

    key = "authentication_failed"


class SessionExpired(CloudError):
    """The stored sign-in is not accepted any more; a new sign-in by the user is needed."""

    key = "session_expired"


class AccountTakenOver(SessionExpired):
    """Another client signed in with the same account and ended this sign-in (26084)."""

    key = "account_taken_over"


class CaptchaRequired(CloudError):
    """The cloud shows a picture whose text must be entered."""

    key = "captcha_required"

    def __init__(self, picture: bytes, *, wrong: bool = False) -> None:
        super().__init__("a captcha must be solved", 100033 if wrong else 100032)
        self.picture = picture
        self.wrong = wrong


class VerificationRequired(CloudError):
    """The cloud has sent a code by e-mail or text message that must be entered."""

    key = "verification_required"

    def __init__(self, *, wrong: bool = False, code: int = 26052) -> None:
        super().__init__("a verification code must be entered", code)
        self.wrong = wrong


class SignInRefused(CloudError):
    """No sign-in for now: the own budget is spent, or the cloud limits or locks the account."""

    key = "sign_in_refused"

    def __init__(self, text: str, code: int = 0, retry_at: dt.datetime | None = None) -> None:
        super().__init__(text, code)
        self.retry_at = retry_at


class SignInExpired(CloudError):
    """A pending sign-in took too long or got too many wrong answers; start it again."""

    key = "sign_in_expired"


class WrongAccount(CloudError):
    """The sign-in worked, but with another account than the one that is set up."""

    key = "wrong_account"


# --- media -----------------------------------------------------------------------------


class MediaError(EufyError):
    """A live view or a picture cannot be given."""

    key = "media"


class StreamBusy(MediaError):
    """All live sessions of the station are in use."""

    key = "stream_busy"


class CameraAsleep(MediaError):
    """The camera could not be woken."""

    key = "camera_asleep"


class StreamUnavailable(MediaError):
    """The camera accepted the live view but sent nothing that can be shown."""

    key = "stream_unavailable"


class FrameRefused(MediaError):
    """A picture broke the limits of the NAL gate and was not decoded."""

    key = "frame_refused"
