"""Which cluster is asked, and what is said when a list is empty."""

import pytest

from custom_components.eufy_local.eufy.cloud.hosts import Cluster, Service
from custom_components.eufy_local.eufy.errors import (
    CloudUnreachable,
    VerificationRequired,
    WireError,
)
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Challenge, Effect, Fault

from .conftest import EMAIL, PASSWORD, World, make_account

WORD = Secret(PASSWORD)


def move(world: World, region: str, country: str) -> None:
    world.cloud.accounts[EMAIL] = make_account(region=region, country=country)


def hosts(world: World, name: str) -> list[str]:
    return [call.host for call in world.cloud.calls if call.name == name]


async def test_home_cluster_of_the_country_is_asked_first(world: World) -> None:
    move(world, "us", "US")
    result = await world.client().sign_in(EMAIL, WORD, "us")
    assert hosts(world, "login") == ["app-passport-us-pr.eufy.com"]
    assert (result.region, result.country) == ("us", "US")


async def test_other_cluster_is_tried_when_the_first_lists_nothing(world: World) -> None:
    move(world, "us", "US")
    client = world.client()
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert [(f.region, f.count) for f in result.findings] == [("eu", 0), ("us", 4)]
    assert result.region == "us"
    assert len(client.state.sign_ins) == 2
    assert world.slept == [3.0]
    assert await client.cipher_keys(result.account_id)


async def test_other_cluster_may_ask_for_a_code_too(world: World) -> None:
    move(world, "us", "US")
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(VerificationRequired) as raised:
        await client.answer_code(world.cloud.code)
    assert not raised.value.wrong
    result = await client.answer_code(world.cloud.code)
    assert result.region == "us"


async def test_three_wrong_codes_on_the_other_cluster_leave_the_first_sign_in(world: World) -> None:
    move(world, "us", "US")
    world.options.challenge = Challenge.CODE
    client = world.client()
    with pytest.raises(VerificationRequired):
        await client.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(VerificationRequired):
        await client.answer_code(world.cloud.code)
    for _ in range(2):
        with pytest.raises(VerificationRequired):
            await client.answer_code("1")
    result = await client.answer_code("1")
    assert result.region == "eu"
    assert result.findings[1].reason == "sign_in_expired"
    assert client.signed_in


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault(Effect.CODE, "login", code=100028), "too_many_sign_ins"),
        (Fault(Effect.NOT_JSON, "login"), "cloud_unreachable"),
    ],
)
async def test_refusal_of_the_other_cluster_keeps_the_first(
    world: World, fault: Fault, reason: str
) -> None:
    move(world, "us", "US")
    fault.times = 0
    world.options.faults.append(fault)

    async def arm(seconds: float) -> None:
        fault.times = 1

    client = world.client()
    client._sleep = arm
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert [(f.region, f.count, f.reason) for f in result.findings] == [
        ("eu", 0, ""),
        ("us", None, reason),
    ]
    assert result.region == "eu"
    assert client.signed_in


async def test_unreadable_list_of_the_other_cluster_keeps_the_first(world: World) -> None:
    move(world, "us", "US")
    fault = Fault(Effect.CODE, "get_devs_list", code=10000, times=0)
    world.options.faults.append(fault)

    async def arm(seconds: float) -> None:
        fault.times = -1
        world.options.faults.append(Fault(Effect.CODE, "get_last_login_code", code=10000))
        world.options.faults.append(Fault(Effect.CODE, "get_invites", code=10000))
        world.options.faults.append(Fault(Effect.CODE, "get_house_invite_records", code=26084))

    client = world.client()
    client._sleep = arm
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert [(f.region, f.count, f.reason) for f in result.findings] == [
        ("eu", 0, ""),
        ("us", None, "cloud_parameter"),
    ]
    assert (result.region, result.invitations, result.last_country) == ("eu", (), None)


async def test_spent_budget_is_named_instead_of_a_second_login(world: World) -> None:
    client = world.client()
    client.state.sign_ins = [world.now - 100, world.now - 50]
    move(world, "us", "US")
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert result.findings[1].reason == "sign_in_budget"
    assert world.cloud.counters["login"] == 1


@pytest.mark.parametrize("is_inviter", [0, 1])
async def test_pending_invitation_explains_an_empty_list(world: World, is_inviter: int) -> None:
    lists = world.cloud.inventory[EMAIL]
    lists.houses, lists.devices, lists.house_devices = [], [], {}
    lists.house_invites[is_inviter] = [{"id": 7, "house_id": "h", "house_name": "Beach house"}]
    lists.device_invites[is_inviter] = [{"id": 8, "device_sn": "T8030P2300000042"}]
    result = await world.client().sign_in(EMAIL, WORD, "DE")
    assert {(i.kind, i.name) for i in result.invitations} == {
        ("house", "Beach house"),
        ("device", "device"),
    }
    assert {i.received for i in result.invitations} == {is_inviter == 1}
    assert world.cloud.counters["login"] == 1  # no second login is spent on it


async def test_last_country_is_a_hint_when_nothing_is_listed_anywhere(world: World) -> None:
    world.options.country_strict = True
    move(world, "eu", "FR")
    result = await world.client().sign_in(EMAIL, WORD, "DE")
    assert result.inventory is not None
    assert len(result.inventory) == 0
    assert result.last_country == "FR"
    assert (await world.client().sign_in(EMAIL, WORD, "FR")).last_country is None


async def test_second_country_gets_its_own_install_id(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    first = client.state.openudid
    await client.sign_in(EMAIL, WORD, "FR")
    assert client.state.openudid != first


@pytest.mark.parametrize(("seen", "region"), [("FR", "eu"), ("CA", "us")])
async def test_without_a_country_the_cloud_says_where_we_are(
    world: World, seen: str, region: str
) -> None:
    world.options.seen_country = seen
    move(world, region, seen)
    result = await world.client().sign_in(EMAIL, WORD)
    assert (result.country, result.region) == (seen, region)


async def test_region_stands_in_for_an_unknown_country(world: World) -> None:
    world.options.seen_country = ""
    result = await world.client().sign_in(EMAIL, WORD)
    assert (result.country, result.region) == ("EU", "eu")


async def test_country_without_cluster_goes_to_the_rest_of_the_world(world: World) -> None:
    move(world, "us", "ZZ")
    result = await world.client().sign_in(EMAIL, WORD, "ZZ")
    assert result.region == "us"


async def test_second_host_is_asked_when_the_first_does_not_answer(world: World) -> None:
    world.options.faults.append(Fault(Effect.DROP, "estimate_domain"))
    await world.client().sign_in(EMAIL, WORD, "DE")
    assert hosts(world, "estimate_domain") == ["mega-eu-pr.eufy.com", "mega-us-pr.eufy.com"]


async def test_no_host_answers(world: World) -> None:
    world.options.faults.append(Fault(Effect.DROP, "estimate_domain", times=2))
    with pytest.raises(CloudUnreachable):
        await world.client().sign_in(EMAIL, WORD, "DE")
    assert world.cloud.counters["login"] == 0


async def test_domain_of_the_login_answer_wins(world: World) -> None:
    move(world, "us", "US")
    world.options.answer_home_domain = True
    client = world.client()
    # A token of one cluster is not good on another in the simulator: only the host is the point.
    world.options.faults.append(Fault(Effect.CODE, "get_house_list", code=10000))
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert result.region == "us"
    assert hosts(world, "get_house_list") == ["app-house-us-pr.eufy.com"]
    assert result.inventory is None
    assert result.findings[0].reason == "cloud_parameter"


@pytest.mark.parametrize(
    "domain",
    [
        "mega-eu-pr.eufy.com.evil.example",
        "evil.example",
        "mega-eu-qa.eufy.com",
        "app-house-eu-pr.eufy.com",
        "",
        None,
        7,
    ],
)
def test_foreign_and_test_domains_are_not_followed(domain: object) -> None:
    assert Cluster.of_domain(domain) is None


def test_host_names() -> None:
    eu, us = Cluster.of_region("eu"), Cluster.of_region("us")
    assert eu.host(Service.HOUSE) == "app-house-eu-pr.eufy.com"
    assert eu.host(None) == "security-app-eu.eufylife.com"
    assert us.host(None) == "security-app.eufylife.com"
    assert Cluster.of_domain(eu.mega_host, "security-app-xx.eufylife.com") == Cluster(
        "eu", "security-app-xx.eufylife.com"
    )
    assert Cluster.of_domain(eu.mega_host, "evil.example") == eu
    with pytest.raises(WireError):
        Cluster.of_region("../x")
