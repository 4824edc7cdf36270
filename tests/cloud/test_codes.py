"""Every refusal of the cloud: the typed error, its key, and the sentence the user reads."""

import pytest

from custom_components.eufy_local.eufy.account import EXPLANATIONS, explain
from custom_components.eufy_local.eufy.cloud.codes import CODES, error_for, row_for
from custom_components.eufy_local.eufy.errors import (
    AccountTakenOver,
    AuthenticationFailed,
    CaptchaRequired,
    CloudBusy,
    CloudError,
    CloudUnreachable,
    LinkLost,
    NetworkBlocked,
    SessionExpired,
    SignInExpired,
    SignInRefused,
    VerificationRequired,
    WrongAccount,
)
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Effect, Fault

from .conftest import EMAIL, PASSWORD, World

# code, HTTP status, error, key, sentence
REFUSED_CALLS = [
    (200, 200, CloudUnreachable, "cloud_backend_gone", "eufy's cloud gave an empty answer"),
    (400, 400, CloudError, "cloud_bad_request", "eufy's cloud could not read the request."),
    (401, 401, SessionExpired, "session_expired", "eufy's cloud does not accept the stored"),
    (401, 200, SessionExpired, "session_expired", "eufy's cloud does not accept the stored"),
    (403, 403, CloudBusy, "cloud_forbidden", "eufy's firewall refuses requests"),
    (424, 200, CloudUnreachable, "cloud_maintenance", "eufy's cloud is under maintenance."),
    (429, 429, CloudBusy, "cloud_too_many_requests", "eufy's cloud has asked for a pause"),
    (461, 200, CloudError, "clock_skew", "eufy's cloud says that the clock of this computer"),
    (463, 463, CloudError, "cloud_identity_refused", "eufy's cloud did not accept the key exch"),
    (4404, 463, CloudError, "cloud_identity_refused", "eufy's cloud did not accept the key exch"),
    (4416, 200, CloudError, "cloud_signature", "eufy's cloud did not accept the signature"),
    (10000, 200, CloudError, "cloud_parameter", "eufy's cloud did not understand a value"),
    (20004, 200, CloudError, "owner_only", "Only the owner of the home may ask this."),
    (26052, 200, VerificationRequired, "code_required", "eufy has sent a verification code."),
    (26084, 200, AccountTakenOver, "account_taken_over", "Another device signed in with the same"),
    (26084, 401, AccountTakenOver, "account_taken_over", "Another device signed in with the same"),
    (26145, 200, CloudBusy, "cloud_too_many_requests", "eufy's cloud has asked for a pause"),
    (250999, 200, CloudBusy, "cloud_too_many_requests", "eufy's cloud has asked for a pause"),
    (987654, 200, CloudError, "cloud_unknown_code", "eufy's cloud refused the request with a n"),
    (500, 500, CloudError, "cloud_unknown_code", "eufy's cloud refused the request with a n"),
]
REFUSED_LOGINS = [
    (22008, AuthenticationFailed, "wrong_credentials", "The e-mail address or the password is"),
    (26006, AuthenticationFailed, "wrong_credentials", "The e-mail address or the password is"),
    (26055, AuthenticationFailed, "wrong_credentials", "The e-mail address or the password is"),
    (26108, AuthenticationFailed, "wrong_credentials", "The e-mail address or the password is"),
    (26015, AuthenticationFailed, "account_not_activated", "The account is not activated yet."),
    (26105, AuthenticationFailed, "account_not_activated", "The account is not activated yet."),
    (26050, VerificationRequired, "wrong_code", "The verification code is wrong or has expired."),
    (26051, VerificationRequired, "wrong_code", "The verification code is wrong or has expired."),
    (26054, VerificationRequired, "wrong_code", "The verification code is wrong or has expired."),
    (26167, VerificationRequired, "wrong_code", "The verification code is wrong or has expired."),
    (26053, SignInRefused, "account_locked", "eufy has locked the account for a day"),
    (10019, SignInRefused, "account_locked", "eufy has locked the account for a day"),
    (100056, SignInRefused, "account_locked", "eufy has locked the account for a day"),
    (100028, SignInRefused, "too_many_sign_ins", "eufy's cloud has seen too many sign-ins"),
    (100029, CloudError, "cloud_password_format", "eufy's cloud could not read the encrypted"),
    (100030, CloudError, "cloud_password_format", "eufy's cloud could not read the encrypted"),
    (100032, CaptchaRequired, "captcha_required", "eufy wants to see that a person signs in."),
]


@pytest.mark.parametrize(("code", "status", "kind", "key", "sentence"), REFUSED_CALLS)
async def test_refused_call(
    world: World, code: int, status: int, kind: type[CloudError], key: str, sentence: str
) -> None:
    client = world.client()
    await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    world.options.faults.append(
        Fault(Effect.CODE, "get_house_list", code=code, status=status, times=2)
    )
    with pytest.raises(CloudError) as raised:
        await client.inventory()
    error = raised.value
    assert type(error) is kind
    assert error.call == "get_house_list"
    assert explain(error).key == key
    assert explain(error).sentence.startswith(sentence)
    assert explain(error).next_step
    assert world.cloud.counters["login"] == 1  # nothing signs in by itself


@pytest.mark.parametrize(("code", "kind", "key", "sentence"), REFUSED_LOGINS)
async def test_refused_login(
    world: World, code: int, kind: type[CloudError], key: str, sentence: str
) -> None:
    client = world.client()
    world.options.faults.append(Fault(Effect.CODE, "login", code=code))
    with pytest.raises(CloudError) as raised:
        await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    error = raised.value
    assert type(error) is kind
    assert explain(error).key == key
    assert explain(error).sentence.startswith(sentence)
    assert world.cloud.counters["login"] == 1


def test_tests_above_cover_the_whole_table() -> None:
    tested = {row[0] for row in REFUSED_CALLS} | {row[0] for row in REFUSED_LOGINS}
    # 100033 answers a wrong captcha: `test_wrong_captcha_brings_a_new_picture`.
    assert set(CODES) - tested == {100033}


async def test_numeric_text_is_a_code(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    fault = Fault(Effect.CODE, "get_house_list")
    fault.code = "26084"  # type: ignore[assignment]  # the cloud sends text now and then
    world.options.faults.append(fault)
    with pytest.raises(AccountTakenOver):
        await client.inventory()


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (VerificationRequired(), "code_required"),
        (VerificationRequired(wrong=True, code=26051), "wrong_code"),
        (CaptchaRequired(b""), "captcha_required"),
        (CaptchaRequired(b"", wrong=True), "wrong_captcha"),
        (SignInExpired("x"), "sign_in_expired"),
        (WrongAccount("x"), "wrong_account"),
        (CloudUnreachable("x"), "cloud_unreachable"),
        (NetworkBlocked("x"), "network_blocked"),
        (LinkLost("the link is gone"), "link_lost"),
    ],
)
def test_errors_without_a_number_are_explained_too(error: Exception, key: str) -> None:
    explanation = explain(error)  # type: ignore[arg-type]  # all are EufyError
    assert explanation.key == key
    assert explanation.sentence
    assert explanation.next_step


def test_every_key_has_one_explanation_in_plain_sentences() -> None:
    for key, explanation in EXPLANATIONS.items():
        assert explanation.key == key
        for text in (explanation.sentence, explanation.next_step):
            assert text.endswith(".")
            assert text[0].isupper() or text.startswith("eufy")
            assert not any(char.isdigit() for char in text if char not in "0123456")


def test_text_of_an_error_names_call_and_number() -> None:
    error = error_for(26084, "get_devs_list")
    assert "get_devs_list, 26084" in str(error)
    assert row_for(26084).explanation.sentence in str(error)
