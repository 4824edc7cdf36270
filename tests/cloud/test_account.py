"""The account: cache first, and the guard against foreign contents."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from custom_components.eufy_local.eufy.account import ChangeKind
from custom_components.eufy_local.eufy.errors import (
    AuthenticationFailed,
    CloudError,
    ConfigurationError,
    KeyUnavailable,
    NetworkBlocked,
    SignInRefused,
    VerificationRequired,
    WrongAccount,
)
from custom_components.eufy_local.eufy.net.policy import CloudMode
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import (
    Challenge,
    CloudAccount,
    Effect,
    Fault,
    device_entry,
    single_home,
)
from simulator.home import Home

from .accounts import CIPHER, HUB, STRANGER, WORD, hub, listed, restarted, signed_in
from .conftest import EMAIL, OWNER, World, demo_entries

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
