"""The account: cache first, the guard against foreign contents, and limits on key fetches."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from custom_components.eufy_local.eufy.account import Account, ChangeKind
from custom_components.eufy_local.eufy.account_guard import StationRecord
from custom_components.eufy_local.eufy.account_keys import KeyBook
from custom_components.eufy_local.eufy.cloud.models import CloudStation
from custom_components.eufy_local.eufy.errors import (
    AccountTakenOver,
    AuthenticationFailed,
    CloudBusy,
    CloudError,
    ConfigurationError,
    KeyRejected,
    KeyUnavailable,
    NetworkBlocked,
    SessionExpired,
    SignInRefused,
    VerificationRequired,
    WrongAccount,
)
from custom_components.eufy_local.eufy.net.policy import CloudMode
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.handshake import CipherKey
from simulator.cloud import (
    Challenge,
    CloudAccount,
    Effect,
    Fault,
    device_entry,
    single_home,
)
from simulator.home import Home

from .conftest import EMAIL, OWNER, PASSWORD, World, demo_entries

WORD = Secret(PASSWORD)
STRANGER = "b" * 40
HUB = Home.demo().stations[0].serial
CIPHER = Home.demo().ciphers[0].cipher_id


def hub(serial: str, owner: str = OWNER, did: str = "SIMAAAA-000001-BBBBB") -> dict[str, Any]:
    return device_entry(serial, 18, "Hub", owner_id=owner, house_id="house-0001", did=did)


def listed(world: World, entries: list[dict[str, Any]]) -> None:
    lists = world.cloud.inventory[EMAIL]
    lists.devices, lists.house_devices = entries, {"house-0001": entries}


async def signed_in(world: World, **kwargs: Any) -> Account:
    account = world.account(**kwargs)
    assert not await account.load()
    await account.sign_in(EMAIL, WORD, "DE")
    return account


async def restarted(world: World, **kwargs: Any) -> Account:
    account = world.account(**kwargs)
    assert await account.load()
    return account


# --- cache ----------------------------------------------------------------------------


async def test_sign_in_leaves_stations_and_keys_in_the_store(world: World) -> None:
    await signed_in(world)
    account = await restarted(world)
    assert account.account_id == OWNER
    (record,) = account.stations
    assert (record.serial, record.name, record.owner_id) == (HUB, "HomeBase", OWNER)
    assert [device.name for device in record.devices] == ["Front yard", "Hall", "Front door"]
    assert str(record.did) == Home.demo().stations[0].did
    assert (record.device_type, record.firmware, record.local_ip) == (
        18,
        Home.demo().stations[0].firmware,
        "127.0.0.1",
    )
    assert record.product == ""


async def test_restart_and_a_week_without_internet_make_no_call(world: World) -> None:
    await signed_in(world)
    calls = world.cloud.total
    world.now += 7 * 86400
    account = await restarted(world)
    key = await account.cipher_key(OWNER, CIPHER)
    assert key.ecc_private
    assert await account.key_source(OWNER)(CIPHER) == key
    assert account.stations
    assert world.cloud.total == calls


async def test_cloud_that_is_gone_changes_nothing(world: World) -> None:
    account = await signed_in(world)
    world.options.faults.append(Fault(Effect.DROP, times=-1))
    before = account.stations
    with pytest.raises(CloudError):
        await account.refresh()
    assert account.stations == before
    assert await account.cipher_key(OWNER, CIPHER)


async def test_mode_off_contacts_nobody(world: World) -> None:
    account = await signed_in(world)
    world.gate.mode = CloudMode.OFF
    calls = world.cloud.total
    with pytest.raises(NetworkBlocked):
        await account.refresh()
    with pytest.raises(NetworkBlocked):
        await account.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(KeyUnavailable) as raised:
        await account.cipher_key(OWNER, 39)
    assert isinstance(raised.value.__cause__, NetworkBlocked)
    assert world.cloud.total == calls


async def test_budget_of_cancelled_set_ups_is_kept(world: World) -> None:
    for _ in range(3):
        account = world.account()
        assert not await account.load()
        with pytest.raises(AuthenticationFailed):
            await account.sign_in(EMAIL, Secret("wrong"), "DE")
    account = world.account()
    await account.load()
    calls = world.cloud.total
    with pytest.raises(SignInRefused) as raised:
        await account.sign_in(EMAIL, WORD, "DE")
    assert raised.value.reason == "sign_in_budget"
    assert world.cloud.total == calls


async def test_sign_out_forgets_all_but_what_protects_the_account(world: World) -> None:
    account = await signed_in(world)
    before = world.saved[-1]["cloud"]
    await account.sign_out()
    kept = world.saved[-1]
    assert (account.account_id, account.stations, account.signed_in) == ("", (), False)
    assert kept["cloud"]["openudid"] == before["openudid"]
    assert kept["cloud"]["sign_ins"] == before["sign_ins"]
    assert kept["cloud"]["access"] is None
    assert kept["keys"] == []
    assert HUB not in str(kept)
    again = world.account()
    assert not await again.load()


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 99},
        {"cloud": {}},
        {"stations": {"stations": [{"station": {}}]}},
        {"stations": {"changes": [{"kind": "x"}]}},
        {"stations": {"changes": [{"kind": "x", "station": {"serial": HUB, "owner_id": "o"}}]}},
    ],
)
async def test_damaged_store_is_named(world: World, damage: dict[str, Any]) -> None:
    await signed_in(world)
    world.saved.append(world.saved[-1] | damage)
    with pytest.raises(ConfigurationError):
        await world.account().load()


async def test_captcha_and_code_through_the_account(world: World) -> None:
    world.options.challenge = Challenge.BOTH
    account = world.account()
    with pytest.raises(CloudError):
        await account.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(VerificationRequired):
        await account.answer_captcha(world.cloud.captcha_answer)
    await account.resend_code()
    await account.answer_code(world.cloud.code)
    assert account.stations
    assert account.cloud.signed_in


async def test_invitations_are_passed_on(world: World) -> None:
    account = await signed_in(world)
    world.cloud.inventory[EMAIL].house_invites[1] = [{"id": 1, "house_name": "Beach"}]
    assert [i.name for i in await account.invitations()] == ["Beach"]


# --- the guard (T11) --------------------------------------------------------------------


async def test_foreign_list_adds_nothing(world: World) -> None:
    account = await signed_in(world)
    keys = len(world.saved[-1]["keys"])
    foreign = [
        hub("T8030P23AAAAAAAA", STRANGER),
        device_entry(
            "T8160P23AAAAAAAA",
            19,
            "Stranger's garden",
            owner_id=STRANGER,
            house_id="house-0001",
            parent="T8030P23AAAAAAAA",
        ),
    ]
    listed(world, foreign)
    before = account.stations
    swept = world.cloud.counters["get_ciphers"]
    world.now += 3600
    changes = await account.refresh()
    assert account.stations == before
    assert changes.offered == ("T8030P23AAAAAAAA",)
    assert changes.missing == (HUB,)
    assert len(world.saved[-1]["keys"]) == keys
    assert "Stranger" not in str(world.saved)
    assert STRANGER not in str(world.saved)
    with pytest.raises(KeyUnavailable):
        await account.cipher_key(STRANGER, CIPHER)
    assert world.cloud.counters["get_ciphers"] == swept + 1  # our own owner's only


async def test_offered_station_becomes_ours_when_the_owner_says_so(world: World) -> None:
    account = await signed_in(world)
    listed(world, [*demo_entries(), hub("T8030P23BBBBBBBB")])
    await account.refresh()
    assert [record.serial for record in account.offered] == ["T8030P23BBBBBBBB"]
    record = await account.accept("T8030P23BBBBBBBB")
    assert record in account.stations
    assert (await restarted(world)).stations == account.stations
    assert not account.offered
    with pytest.raises(KeyError):
        await account.accept("T8030P23BBBBBBBB")


async def test_new_camera_behind_our_station_is_added(world: World) -> None:
    account = await signed_in(world)
    new = device_entry(
        "T8160P23CCCCCCCC", 19, "New", owner_id=OWNER, house_id="house-0001", parent=HUB, channel=3
    )
    listed(world, [*demo_entries(), new])
    changes = await account.refresh()
    assert changes.added_devices == ("T8160P23CCCCCCCC",)
    listed(world, demo_entries())
    changes = await account.refresh()
    assert changes.removed_devices == ("T8160P23CCCCCCCC",)


async def test_foreign_camera_behind_our_station_is_not_added(world: World) -> None:
    account = await signed_in(world)
    foreign = device_entry(
        "T8160P23CCCCCCCC", 19, "X", owner_id=STRANGER, house_id="house-0001", parent=HUB
    )
    listed(world, [*demo_entries(), foreign])
    changes = await account.refresh()
    assert changes.foreign_devices == 1
    assert len(account.stations[0].devices) == 3


async def test_changed_owner_stops_the_station(world: World) -> None:
    account = await signed_in(world)
    listed(world, demo_entries(owner=STRANGER))
    changes = await account.refresh()
    assert changes.changed == (HUB,)
    assert not account.stations
    (change,) = account.changes
    assert (change.kind, change.serial) == (ChangeKind.OWNER, HUB)
    with pytest.raises(KeyUnavailable):
        await account.cipher_key(STRANGER, CIPHER)
    with pytest.raises(KeyUnavailable):
        await account.cipher_key(OWNER, 39)

    account = await restarted(world)  # it stays stopped
    assert not account.stations
    await account.accept(HUB)
    assert account.stations[0].owner_id == STRANGER
    assert account.changes == ()


async def test_changed_identity_stops_the_station_until_it_is_back(world: World) -> None:
    account = await signed_in(world)
    entries = demo_entries()
    entries[0] = copy.deepcopy(entries[0]) | {"p2p_did": "SIMXXXX-000009-YYYYY"}
    listed(world, entries)
    await account.refresh()
    assert account.changes[0].kind is ChangeKind.IDENTITY
    listed(world, demo_entries())
    await account.refresh()
    assert account.changes == ()
    assert account.stations[0].serial == HUB


async def test_list_that_lacks_did_or_devices_takes_nothing_away(world: World) -> None:
    account = await signed_in(world)
    entries = [demo_entries()[0] | {"p2p_did": "", "device_name": "Renamed"}]
    entries.append(
        device_entry(
            "T8160P23CCCCCCCC", 19, "X", owner_id=STRANGER, house_id="house-0001", parent=HUB
        )
    )
    listed(world, entries)
    await account.refresh()
    (record,) = account.stations
    assert record.name == "Renamed"
    assert record.did is not None
    assert len(record.devices) == 3


async def test_forgotten_station_takes_its_keys_along(world: World) -> None:
    account = await signed_in(world)
    await account.forget(HUB)
    assert account.stations == ()
    assert world.saved[-1]["keys"] == []
    await account.refresh()
    assert [record.serial for record in account.offered] == [HUB]


async def test_another_account_is_refused_and_the_first_kept(world: World) -> None:
    account = await signed_in(world)
    other = CloudAccount("other@example.com", Secret("other-word"), STRANGER)
    world.cloud.accounts[other.email] = other
    world.cloud.inventory[other.email] = single_home(demo_entries(STRANGER), STRANGER)
    before = account.to_dict()["cloud"]["access"]["session"]
    with pytest.raises(WrongAccount):
        await account.sign_in(other.email, other.password, "DE")
    assert account.to_dict()["cloud"]["access"]["session"] == before
    assert len(await account.cloud.inventory()) == 4


async def test_two_accounts_know_nothing_of_each_other(world: World) -> None:
    other = CloudAccount("other@example.com", Secret("other-word"), STRANGER)
    world.cloud.accounts[other.email] = other
    world.cloud.inventory[other.email] = single_home([hub("T8030P23DDDDDDDD", STRANGER)], STRANGER)
    first = await signed_in(world)
    second_world = replace(world, saved=[])
    second = second_world.account()
    await second.sign_in(other.email, other.password, "DE")
    assert {r.serial for r in first.stations} & {r.serial for r in second.stations} == set()
    assert first.to_dict()["cloud"]["openudid"] != second.to_dict()["cloud"]["openudid"]
    await first.refresh()
    await second.refresh()


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
