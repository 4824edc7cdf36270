"""How the simulated cloud behaves: challenges, limits and faults. All of it may change while it runs."""

from dataclasses import dataclass, field
from enum import StrEnum


class Challenge(StrEnum):
    """What a login is asked for besides the password."""

    NONE = "none"
    CAPTCHA = "captcha"
    CODE = "code"
    BOTH = "both"

    @property
    def captcha(self) -> bool:
        """Whether a captcha is asked for."""
        return self in {Challenge.CAPTCHA, Challenge.BOTH}

    @property
    def code(self) -> bool:
        """Whether a verification code is asked for."""
        return self in {Challenge.CODE, Challenge.BOTH}


class Effect(StrEnum):
    """What a fault does to a call."""

    CODE = "code"  # the body's code, HTTP `status`
    STALL = "stall"  # no answer for `seconds`
    NOT_JSON = "not_json"
    PLAIN = "plain"  # `data` unencrypted
    ABSENT = "absent"  # no `data`
    DATA = "data"  # `data` replaced by `Fault.data`, encrypted as usual
    UNDECODABLE = "undecodable"  # `data` that does not decrypt
    REDIRECT = "redirect"
    DROP = "drop"  # the connection is cut


@dataclass(slots=True)
class Fault:
    """One planned fault: for calls named `call` (empty: any), `times` times (-1: for ever)."""

    effect: Effect
    call: str = ""
    times: int = 1
    code: int = 0
    status: int = 200
    message: str = "error"
    retry_after: str = ""
    seconds: float = 31.0
    data: object = None
    location: str = "https://elsewhere.example.invalid/"


@dataclass(slots=True)
class CloudOptions:
    """Switches and limits; the defaults are those of `protocol/cloud.md` §9."""

    challenge: Challenge = Challenge.NONE
    code_in_body: bool = False  # 26052 as body code without data, else `fa_info.step`
    trust_devices: bool = False  # no code for an install id that answered one before
    captcha_as_uri: bool = False
    verify_code: str = "246810"
    max_sign_ins: int = 3  # per 6 hours; the next one gets 100028
    max_wrong_passwords: int = 5  # then 100056
    max_wrong_codes: int = 5  # then 26053
    identity_life: float = 72 * 3600.0
    token_life: float = 30 * 24 * 3600.0
    code_life: float = 600.0
    clock_tolerance: float = 300.0
    country_strict: bool = False  # lists only for the account's own country
    seen_country: str = "DE"  # what get_client_real_code answers
    answer_home_domain: bool = False  # the login answer names the account's home cluster
    gtoken_of_user_id: bool = False  # which of two ids the gtoken must be made of
    lower_case_rsa: bool = False
    text_plain_hosts: frozenset[str] = frozenset()  # answer 4416 to JSON content
    picture_misses: int = 0  # 404 that often before a picture is there
    faults: list[Fault] = field(default_factory=list)

    def take_fault(self, call: str) -> Fault | None:
        """Return the first planned fault for a call and use it up."""
        for fault in self.faults:
            if fault.call in ("", call) and fault.times != 0:
                fault.times -= 1 if fault.times > 0 else 0
                return fault
        return None
