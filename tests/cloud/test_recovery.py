"""What repairs itself without the user, and what must not."""

import pytest

from custom_components.eufy_local.eufy.cloud import CloudState
from custom_components.eufy_local.eufy.cloud.endpoints import HOUSES
from custom_components.eufy_local.eufy.cloud.state import Access
from custom_components.eufy_local.eufy.errors import (
    AccountTakenOver,
    CloudBusy,
    CloudError,
    CloudUnreachable,
    SessionExpired,
)
from custom_components.eufy_local.eufy.net.http import GatedHttp, HttpAnswer
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Effect, Fault, device_entry

from .conftest import EMAIL, OWNER, PASSWORD, World, make_account

WORD = Secret(PASSWORD)


async def test_forgotten_identity_gives_a_new_exchange_and_no_login(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.cloud.forget_identities()
    assert len(await client.inventory())
    assert await client.cipher_keys(OWNER)
    assert world.cloud.counters["login"] == 1


async def test_identity_older_than_three_days_is_renewed(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.now += 73 * 3600
    exchanges = world.cloud.counters["exchange"]
    assert len(await client.inventory())
    assert world.cloud.counters["exchange"] == exchanges + 1
    assert world.cloud.counters["login"] == 1


async def test_identity_that_is_refused_again_is_an_error_after_one_repair(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(
        Fault(Effect.CODE, "get_house_list", code=4404, status=463, times=-1)
    )
    before = world.cloud.counters["get_house_list"]
    with pytest.raises(CloudError) as raised:
        await client.inventory()
    assert raised.value.reason == "cloud_identity_refused"
    assert world.cloud.counters["get_house_list"] == before + 2


async def test_restart_keeps_identity_and_token(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    again = world.client(CloudState.from_dict(client.state.to_dict()))
    exchanges = world.cloud.counters["exchange"]
    assert again.signed_in
    await again.inventory()
    assert world.cloud.counters["exchange"] == exchanges
    assert world.cloud.counters["login"] == 1


async def test_take_over_ends_all_calls_until_the_user_signs_in(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.cloud.kick(EMAIL)
    with pytest.raises(AccountTakenOver) as raised:
        await client.inventory()
    assert raised.value.call == "get_house_list"
    calls = world.cloud.total
    again = world.client(CloudState.from_dict(client.state.to_dict()))
    with pytest.raises(AccountTakenOver):
        await again.inventory()
    with pytest.raises(AccountTakenOver):
        await again.cipher_keys(OWNER)
    assert world.cloud.total == calls
    await again.sign_in(EMAIL, WORD, "DE")
    assert len(await again.inventory())


async def test_second_sign_in_of_the_account_takes_the_first_over(world: World) -> None:
    first, second = world.client(), world.client()
    await first.sign_in(EMAIL, WORD, "DE")
    await second.sign_in(EMAIL, WORD, "DE")
    with pytest.raises(AccountTakenOver):
        await first.inventory()


async def test_refused_token_is_not_used_again(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.cloud.sessions.tokens.clear()
    with pytest.raises(SessionExpired) as raised:
        await client.inventory()
    assert not isinstance(raised.value, AccountTakenOver)
    calls = world.cloud.total
    with pytest.raises(SessionExpired) as raised:
        await client.inventory()
    assert raised.value.reason == "sign_in_needed"
    assert world.cloud.total == calls


async def test_token_counts_as_expired_an_hour_early(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.now += world.options.token_life - 3500
    calls = world.cloud.total
    with pytest.raises(SessionExpired):
        await client.inventory()
    assert world.cloud.total == calls


async def test_gtoken_of_the_other_id_is_tried_once(world: World) -> None:
    world.cloud.accounts[EMAIL] = make_account(cloud_user_id="c" * 40)
    world.options.gtoken_of_user_id = True
    client = world.client()
    result = await client.sign_in(EMAIL, WORD, "DE")
    assert result.account_id == "c" * 40
    assert result.inventory is not None
    assert world.cloud.counters["login"] == 1
    again = world.client(CloudState.from_dict(client.state.to_dict()))
    before = world.cloud.counters["get_house_list"]
    await again.inventory()
    assert world.cloud.counters["get_house_list"] == before + 1  # remembered


async def test_gtoken_is_not_swapped_for_ever(world: World) -> None:
    world.cloud.accounts[EMAIL] = make_account(cloud_user_id="c" * 40)
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    message = "gtoken not equal userid error"
    fault = Fault(Effect.CODE, "get_house_list", code=401, status=401, message=message, times=-1)
    world.options.faults.append(fault)
    before = world.cloud.counters["get_house_list"]
    with pytest.raises(SessionExpired):
        await client.inventory()
    assert world.cloud.counters["get_house_list"] == before + 2


async def test_text_plain_is_probed_once_per_host_at_first_contact(world: World) -> None:
    world.options.text_plain_hosts = frozenset(
        {"app-passport-eu-pr.eufy.com", "security-app-eu.eufylife.com"}
    )
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    assert await client.cipher_keys(OWNER)
    kinds = {call.host: call.content_type for call in world.cloud.calls}
    assert kinds["app-passport-eu-pr.eufy.com"] == "text/plain"
    assert kinds["app-house-eu-pr.eufy.com"] == "application/json"


async def test_signature_error_after_a_good_call_is_not_probed(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.CODE, "get_house_list", code=4416))
    before = world.cloud.counters["get_house_list"]
    with pytest.raises(CloudError) as raised:
        await client.inventory()
    assert raised.value.reason == "cloud_signature"
    assert world.cloud.counters["get_house_list"] == before + 1


async def test_signature_error_of_both_content_types_is_reported(world: World) -> None:
    world.options.faults.append(Fault(Effect.CODE, "login", code=4416, times=2))
    client = world.client()
    with pytest.raises(CloudError) as raised:
        await client.sign_in(EMAIL, WORD, "DE")
    assert raised.value.code == 4416
    world.now += 10
    assert await client.sign_in(EMAIL, WORD, "DE")
    assert {c.content_type for c in list(world.cloud.calls)[-1:]} == {"application/json"}


@pytest.mark.parametrize("effect", [Effect.PLAIN, Effect.NOT_JSON, Effect.UNDECODABLE])
async def test_odd_answers_are_read_or_refused(world: World, effect: Effect) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(effect, "get_devs_list", times=2))
    if effect is Effect.PLAIN:
        assert len(await client.inventory()) == 4
        return
    with pytest.raises(CloudUnreachable) as raised:
        await client.inventory()
    assert raised.value.reason == "cloud_unreachable"
    assert raised.value.call == "get_devs_list"


async def test_absent_data_is_an_empty_list(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.ABSENT, "get_devs_list", times=3))
    assert len(await client.inventory()) == 0


@pytest.mark.parametrize("data", ["", None, 5, "text", {"house_infos": 7}, [{"house_id": []}]])
async def test_lists_of_the_wrong_shape_are_empty(world: World, data: object) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.DATA, "get_house_list", data=data))
    assert len(await client.inventory()) == 4  # from the account's own list


class FixedHttp(GatedHttp):
    """Answers everything with one body."""

    def __init__(self, answer: HttpAnswer) -> None:
        self.answer = answer

    async def post(self, url: str, **_: object) -> HttpAnswer:
        return self.answer


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"msg":"x"}', b'{"code":null}', b'{"code":true}', b"5"]
)
async def test_answer_without_a_code_is_no_answer(world: World, body: bytes) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    client._transport.http = FixedHttp(HttpAnswer(200, {}, body))
    with pytest.raises(CloudUnreachable):
        await client.inventory()


async def test_empty_and_broken_data_beside_a_code(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    access = client._transport.signed_in()
    client._transport.http = FixedHttp(HttpAnswer(200, {}, b'{"code":0,"data":""}'))
    assert (await client._transport.call(HOUSES, {}, access)).data is None
    client._transport.http = FixedHttp(HttpAnswer(200, {}, b'{"code":10000,"data":"!"}'))
    with pytest.raises(CloudError) as raised:
        await client.inventory()
    assert raised.value.code == 10000


async def test_large_list_is_read(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    params = {number: str(number) for number in range(200)}
    world.cloud.inventory[EMAIL].devices += [
        device_entry(
            f"T8410P23{number:08d}",
            30,
            "Desk",
            owner_id=OWNER,
            house_id="h2",
            parent=f"T8410P23{number:08d}",
            params=params,
        )
        for number in range(60)
    ]
    assert len((await client.inventory()).stations) == 61


async def test_answer_above_the_cap_is_refused(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.DATA, "get_house_list", data="x" * (4 << 20)))
    with pytest.raises(CloudUnreachable):
        await client.inventory()


async def test_redirect_is_not_followed(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.REDIRECT, "get_house_list"))
    with pytest.raises(CloudUnreachable):
        await client.inventory()


class StallingHttp(GatedHttp):
    """Answers nothing: each request takes its whole time."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.requests = 0

    async def post(self, url: str, *, timeout: float = 0, **_: object) -> HttpAnswer:  # noqa: ASYNC109
        self.requests += 1
        self._world.now += timeout
        raise CloudUnreachable("no usable answer (TimeoutError)")


async def test_stalls_in_a_row_pause_all_calls(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    http = StallingHttp(world)
    client._transport.http = http
    for _ in range(3):
        with pytest.raises(CloudUnreachable):
            await client.inventory()
    with pytest.raises(CloudBusy) as raised:
        await client.inventory()
    assert raised.value.reason == "cloud_stalled"
    assert http.requests == 3


async def test_quick_failures_do_not_pause(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.DROP, "get_house_list", times=5))
    for _ in range(5):
        with pytest.raises(CloudUnreachable):
            await client.inventory()
    assert len(await client.inventory())


async def test_pause_grows_when_the_cloud_repeats_it(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    lengths = []
    for _ in range(3):
        world.options.faults.append(Fault(Effect.CODE, "get_house_list", code=250999))
        with pytest.raises(CloudBusy) as raised:
            await client.inventory()
        assert raised.value.retry_at is not None
        lengths.append(round((raised.value.retry_at.timestamp() - world.now) / 60))
        world.now = raised.value.retry_at.timestamp() + 1
    assert lengths == [30, 60, 60]
    assert len(await client.inventory())
    assert client.state.pause.count == 0


@pytest.mark.parametrize(
    ("value", "minutes"),
    [
        ("Fri, 02 Jan 2026 06:04:05 GMT", 180),
        ("60", 30),
        ("999999999", 1440),
        ("soon", 30),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 30),
    ],
)
async def test_retry_after_in_any_form(world: World, value: str, minutes: int) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(
        Fault(Effect.NOT_JSON, "get_house_list", status=429, retry_after=value)
    )
    with pytest.raises(CloudBusy) as raised:
        await client.inventory()
    assert raised.value.retry_at is not None
    assert raised.value.retry_at.timestamp() - world.now == pytest.approx(minutes * 60, abs=2)


async def test_wrong_clock_cannot_pause_for_ever(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.now += 10 * 365 * 86400
    client.state.pause.extend(world.now, 3600, 429)
    world.now -= 10 * 365 * 86400
    assert len(await client.inventory())


async def test_maintenance_pauses_and_names_the_reason(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.options.faults.append(Fault(Effect.CODE, "get_house_list", code=424, status=424))
    with pytest.raises(CloudUnreachable) as raised:
        await client.inventory()
    assert raised.value.reason == "cloud_maintenance"
    with pytest.raises(CloudBusy) as busy:
        await client.inventory()
    assert busy.value.reason == "cloud_maintenance"


async def test_clock_that_is_wrong_is_named(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    client._transport.clock = lambda: world.now + 3600
    with pytest.raises(CloudError) as raised:
        await client.inventory()
    assert raised.value.reason == "clock_skew"


async def test_broken_key_exchange_is_no_usable_answer(world: World) -> None:
    world.options.faults.append(Fault(Effect.CODE, "exchange", code=0))
    with pytest.raises(CloudUnreachable):
        await world.client().sign_in(EMAIL, WORD, "DE")


async def test_refused_key_exchange_is_typed(world: World) -> None:
    world.options.faults.append(Fault(Effect.CODE, "exchange", code=250999))
    client = world.client()
    with pytest.raises(CloudBusy) as raised:
        await client.sign_in(EMAIL, WORD, "DE")
    assert raised.value.call == "exchange"
    assert raised.value.retry_at is not None


def test_stored_state_that_is_damaged_loses_only_what_is_damaged() -> None:
    state = CloudState.from_dict(
        {
            "openudid": "ab" * 16,
            "access": {"region": "eu", "country": "DE", "session": {"token": ""}, "identities": 7},
            "sign_ins": ["x", 5],
            "pause": "later",
        }
    )
    assert isinstance(state.access, Access)
    assert state.access.session is None
    assert state.sign_ins == [5.0]
    assert CloudState.from_dict({"openudid": "ab", "access": {"region": "!"}}).access is None
