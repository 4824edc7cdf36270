"""The account: signing in again, and limits on key fetches."""

from dataclasses import replace

import pytest

from custom_components.eufy_local.eufy.account_guard import StationRecord
from custom_components.eufy_local.eufy.account_keys import KeyBook
from custom_components.eufy_local.eufy.cloud.models import CloudStation
from custom_components.eufy_local.eufy.errors import (
    AccountTakenOver,
    CloudBusy,
    CloudError,
    KeyRejected,
    KeyUnavailable,
    SessionExpired,
)
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.handshake import CipherKey
from simulator.cloud import (
    Challenge,
    Effect,
    Fault,
)
from simulator.home import Home

from .accounts import CIPHER, WORD, restarted, signed_in
from .conftest import EMAIL, OWNER, World

# --- signing in again -------------------------------------------------------------------


async def test_expired_session_without_a_kept_password_asks_the_user(world: World) -> None:
    account = await signed_in(world)
    world.cloud.sessions.tokens.clear()
    with pytest.raises(SessionExpired):
        await account.refresh()
    assert world.cloud.counters["login"] == 1


async def test_kept_password_signs_in_once(world: World) -> None:
    account = await signed_in(world, email=EMAIL, password=WORD)
    world.cloud.sessions.tokens.clear()
    await account.refresh()
    assert world.cloud.counters["login"] == 2


async def test_kept_password_is_not_tried_again_after_a_failure(world: World) -> None:
    await signed_in(world)
    account = await restarted(world, email=EMAIL, password=Secret("changed elsewhere"))
    world.cloud.sessions.tokens.clear()
    with pytest.raises(CloudError):
        await account.refresh()
    account = await restarted(world, email=EMAIL, password=Secret("changed elsewhere"))
    with pytest.raises(SessionExpired):
        await account.refresh()
    assert world.cloud.counters["login"] == 2
    assert "changed elsewhere" not in str(world.saved)


async def test_challenge_to_a_sign_in_by_itself_needs_the_user(world: World) -> None:
    account = await signed_in(world, email=EMAIL, password=WORD)
    world.cloud.sessions.tokens.clear()
    world.options.challenge = Challenge.CODE
    with pytest.raises(SessionExpired):
        await account.refresh()


async def test_spent_budget_leaves_the_sign_in_by_itself_for_another_day(world: World) -> None:
    account = await signed_in(world, email=EMAIL, password=WORD)
    account.cloud.state.sign_ins = [world.now] * 3
    world.cloud.sessions.tokens.clear()
    with pytest.raises(SessionExpired):
        await account.refresh()
    world.now += 7 * 3600
    await account.refresh()


async def test_take_over_is_never_answered_by_a_sign_in(world: World) -> None:
    account = await signed_in(world, email=EMAIL, password=WORD)
    world.cloud.kick(EMAIL)
    with pytest.raises(AccountTakenOver):
        await account.refresh()
    assert account.taken_over
    assert world.cloud.counters["login"] == 1


# --- keys -------------------------------------------------------------------------------


async def test_missing_key_is_asked_for_at_most_hourly(world: World) -> None:
    account = await signed_in(world)
    before = world.cloud.counters["get_ciphers"]
    for _ in range(5):
        with pytest.raises(KeyUnavailable):
            await account.cipher_key(OWNER, 777)
    assert world.cloud.counters["get_ciphers"] == before + 1
    account = await restarted(world)  # a restart does not begin anew
    with pytest.raises(KeyUnavailable):
        await account.cipher_key(OWNER, 777)
    assert world.cloud.counters["get_ciphers"] == before + 1
    world.now += 3601
    spec = Home.demo().cipher(777)
    world.cloud.services.keys[OWNER, 777] = spec
    assert (await account.cipher_key(OWNER, 777)).ecc_private == Secret(spec.ecc_private)


async def test_failed_sweep_is_no_failed_sign_in(world: World) -> None:
    world.options.faults.append(Fault(Effect.CODE, "get_ciphers", code=10000))
    account = await signed_in(world)
    assert account.stations
    assert world.saved[-1]["keys"] == []
    assert await account.cipher_key(OWNER, CIPHER)


async def test_pause_of_the_cloud_makes_a_key_unavailable(world: World) -> None:
    account = await signed_in(world)
    world.options.faults.append(Fault(Effect.CODE, "get_ciphers", code=250999))
    with pytest.raises(KeyUnavailable) as raised:
        await account.cipher_key(OWNER, 777)
    assert isinstance(raised.value.__cause__, CloudBusy)


async def test_no_sign_in_no_call_for_a_key(world: World) -> None:
    account = await signed_in(world)
    world.cloud.kick(EMAIL)
    with pytest.raises(AccountTakenOver):
        await account.refresh()
    calls = world.cloud.total
    with pytest.raises(KeyUnavailable, match="no sign-in"):
        await account.cipher_key(OWNER, 777)
    with pytest.raises(KeyRejected):
        await account.refresh_key(OWNER, CIPHER)
    assert world.cloud.total == calls


async def test_refused_key_is_replaced_when_the_cloud_has_another(world: World) -> None:
    account = await signed_in(world)
    old = await account.cipher_key(OWNER, CIPHER)
    world.cloud.services.keys[OWNER, CIPHER] = replace(
        Home.demo().cipher(CIPHER), ecc_private="5" * 64
    )
    new = await account.refresh_key(OWNER, CIPHER)
    assert new.ecc_private == Secret("5" * 64) != old.ecc_private
    assert await (await restarted(world)).cipher_key(OWNER, CIPHER) == new


async def test_refused_key_is_asked_for_after_15_minutes_and_then_daily(world: World) -> None:
    account = await signed_in(world)
    before = world.cloud.counters["get_ciphers"]

    async def asked() -> int:
        with pytest.raises(KeyRejected):
            await account.refresh_key(OWNER, CIPHER)
        return world.cloud.counters["get_ciphers"] - before

    assert [await asked() for _ in range(3)] == [1, 1, 1]
    world.now += 901
    assert await asked() == 1
    account = await restarted(world)
    world.now += 86400
    assert await asked() == 2
    world.options.faults.append(Fault(Effect.CODE, "get_ciphers", code=10000))
    world.now += 86401
    assert await asked() == 3


async def test_lower_cased_rsa_key_is_not_used_and_not_refetched(world: World) -> None:
    world.options.lower_case_rsa = True
    account = await signed_in(world)
    key = await account.cipher_key(OWNER, CIPHER)
    assert key.rsa_private is None
    assert key.ecc_private
    assert world.cloud.counters["get_ciphers"] == 1


async def test_key_damaged_in_both_halves_is_named(world: World) -> None:
    world.options.lower_case_rsa = True
    world.cloud.services.keys[OWNER, CIPHER] = replace(
        Home.demo().cipher(CIPHER), ecc_private="not hex"
    )
    account = await signed_in(world)
    with pytest.raises(KeyUnavailable, match="damaged"):
        await account.cipher_key(OWNER, CIPHER)
    with pytest.raises(KeyUnavailable, match="damaged"):
        await account.cipher_key(OWNER, CIPHER)
    assert world.cloud.counters["get_ciphers"] == 2


async def test_refresh_fetches_the_keys_again_but_not_within_15_minutes(world: World) -> None:
    account = await signed_in(world)
    await account.refresh()
    assert world.cloud.counters["get_ciphers"] == 1
    world.now += 901
    await account.refresh()
    assert world.cloud.counters["get_ciphers"] == 2


def test_number_of_keys_is_bounded_and_a_good_key_stays() -> None:
    book = KeyBook(lambda: 0.0)
    good = CipherKey(1, OWNER, None, Secret("1" * 64))
    book.add([good])
    book.add([CipherKey(1, OWNER)])
    assert book.held(OWNER, 1) == good
    book.add(CipherKey(number, OWNER, None, Secret("1" * 64)) for number in range(5000))
    assert len(book.to_list()) == 2048
    book.load([{"owner_id": OWNER}, 5], [["x"], [OWNER, 5, 0.0, 2]])
    assert not book.may_replace(OWNER, 5)


async def test_station_that_makes_ids_up_causes_few_calls(world: World) -> None:
    account = await signed_in(world)
    before = world.cloud.counters["get_ciphers"]
    for number in range(1000, 1100):
        with pytest.raises(KeyUnavailable):
            await account.cipher_key(OWNER, number)
    assert world.cloud.counters["get_ciphers"] == before + 8
    assert len(world.saved[-1]["key_tries"]) == 8
    world.now += 3601
    with pytest.raises(KeyUnavailable):
        await account.cipher_key(OWNER, 2000)
    assert len(world.saved[-1]["key_tries"]) == 1


def test_a_record_stands_for_its_station() -> None:
    record = StationRecord(CloudStation("T8030P2300000042", "n", None, "o", product="T8030X"))
    assert (record.product, record.did) == ("T8030X", None)
