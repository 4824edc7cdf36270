"""What owners posted (`vectors/field.json`): account and list items through the real client."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from custom_components.eufy_local.eufy.account import explain
from custom_components.eufy_local.eufy.cloud.inventory import join_second_source, parse_inventory
from custom_components.eufy_local.eufy.errors import (
    AccountTakenOver,
    AuthenticationFailed,
    CloudUnreachable,
    SessionExpired,
)
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Effect, Fault

from .conftest import EMAIL, OWNER, PASSWORD, World, make_account

ITEMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "field.json").read_text()
)["items"]
CLOUD = {item["id"]: item for item in ITEMS if item["kind"] == "D.cloud"}
LISTED = (
    "station-T8420",
    "station-T9000-tz3",
    "device-T86P2",
    "device-T8P10-nvr",
    "device-T814X-unnamed",
    "device-T8420X-tz-plain",
    "member-guest-T8420",
    "device-cover-path-T85V0",
)
NOT_OURS = {
    # A request of the old interface for a cloud history: this client never asks for one.
    "history-request",
}


def json_of(name: str) -> Any:
    return copy.deepcopy(CLOUD[name]["json"])


def test_every_account_item_is_used() -> None:
    used = {
        *LISTED,
        "login-26006",
        "kicked-26084",
        "profile-200-text",
        "gtoken-mismatch-401",
        *NOT_OURS,
    }
    assert set(CLOUD) == used


def test_station_t8420() -> None:
    item, expect = json_of("station-T8420"), CLOUD["station-T8420"]["expect"]
    (station,) = parse_inventory([item], OWNER).stations
    assert station.serial[:5] == expect["model"]
    assert station.product == expect["model_field"]
    assert str(station.did) == expect["did"]
    assert station.local_ip == expect["ip"]
    assert station.zone.posix == expect["tz"]["posix"]
    assert station.zone.code == expect["tz"]["code"]
    assert station.zone.iana == ""


def test_station_t9000_with_a_three_part_zone() -> None:
    camera = {"device_sn": "T8170P0000000010", "station_sn": "T9000P0000000010"}
    inventory = parse_inventory([json_of("station-T9000-tz3"), camera], OWNER)
    (station,) = inventory.stations
    expect = CLOUD["station-T9000-tz3"]["expect"]["tz"]
    assert (station.zone.posix, station.zone.code, station.zone.iana) == (
        expect["posix"],
        expect["code"],
        expect["iana"],
    )
    assert station.did is None  # listed without a P2P identity: kept, the link says why not


def test_device_behind_its_hub() -> None:
    item, expect = json_of("device-T86P2"), CLOUD["device-T86P2"]["expect"]
    entries = join_second_source([item["station_conn"]], [item])
    (device,) = parse_inventory(entries, OWNER).devices
    assert device.station_serial == expect["station"]
    assert device.channel == expect["channel"]
    assert device.local_ip == item["ip_addr"]  # local_ip is there, and empty


def test_camera_behind_a_recorder() -> None:
    item, expect = json_of("device-T8P10-nvr"), CLOUD["device-T8P10-nvr"]["expect"]
    recorder = {"station_sn": "T8N0050000000010", "station_model": "T8N00"}
    (device,) = parse_inventory([recorder, item], OWNER).devices
    assert device.channel == expect["channel"]
    assert (device.time_zone, device.local_ip) == ("", "")


def test_unknown_type_still_gives_a_device() -> None:
    item, expect = json_of("device-T814X-unnamed"), CLOUD["device-T814X-unnamed"]["expect"]
    inventory = parse_inventory([item], OWNER)
    (device,) = inventory.devices
    assert device.product == expect["model"]
    assert device.device_type == item["device_type"]
    assert device.name == device.serial
    assert inventory.stations[0].serial == device.serial


def test_plain_posix_zone() -> None:
    item = json_of("device-T8420X-tz-plain")
    (station,) = parse_inventory([item], OWNER).stations
    expect = CLOUD["device-T8420X-tz-plain"]["expect"]
    assert station.zone.posix == expect["posix_only"]
    assert station.zone.iana == ""
    assert station.firmware == item["main_sw_version"]
    assert station.second_firmware == item["sec_sw_version"]


def test_member_object_gives_the_owner() -> None:
    item, expect = json_of("member-guest-T8420"), CLOUD["member-guest-T8420"]["expect"]
    item["station_sn"] = item["member"]["station_sn"]
    item["p2p_did"] = "ZZFIELD-146641-QWERT"
    (station,) = parse_inventory([item], OWNER).stations
    assert station.owner_id == expect["owner"]
    assert station.member_type == expect["member_type"]
    assert station.params == {1135: "0", 1224: "1"}


def test_cover_path_is_not_taken() -> None:
    item = json_of("device-cover-path-T85V0") | {"station_sn": "T85V0P0000000010"}
    item["p2p_did"] = "ZZFIELD-146641-QWERT"
    (station,) = parse_inventory([item], OWNER).stations
    assert item["cover_path"] not in json.dumps(station.to_dict())


@pytest.mark.parametrize("name", LISTED)
def test_cut_and_spoiled_items_do_not_raise(name: str) -> None:
    item = json_of(name)
    for key in list(item):
        for value in (None, "", 0, -1, [], {}, "\0" * 16, {"x": item[key]}, [item[key]]):
            parse_inventory([item | {key: value}], OWNER)
        parse_inventory([{k: v for k, v in item.items() if k != key}], OWNER)


# --- errors ---------------------------------------------------------------------------


def fault_of(call: str, body: dict[str, Any], status: int = 200) -> Fault:
    return Fault(Effect.CODE, call, code=body["code"], status=status, message=body.get("msg", ""))


async def test_wrong_credentials(world: World) -> None:
    world.options.faults.append(fault_of("login", json_of("login-26006")))
    with pytest.raises(AuthenticationFailed):
        await world.client().sign_in(EMAIL, Secret(PASSWORD), "DE")
    assert world.cloud.counters["login"] == 1
    assert world.cloud.counters["verify_code"] == 0


async def test_take_over_is_not_an_empty_list(world: World) -> None:
    account = world.account()
    await account.sign_in(EMAIL, Secret(PASSWORD), "DE")
    before = account.stations
    first, second = json_of("kicked-26084")
    world.options.faults.append(fault_of("get_house_list", first["body"], first["http"]))
    with pytest.raises(AccountTakenOver):
        await account.refresh()
    assert account.stations == before != ()
    assert world.cloud.counters["login"] == 1

    client = world.client()
    await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    world.options.faults.append(fault_of("get_devs_list", second["body"], second["http"]))
    with pytest.raises(SessionExpired) as raised:
        await client.inventory()
    assert not isinstance(raised.value, AccountTakenOver)


async def test_empty_answer_of_the_old_interface(world: World) -> None:
    item = json_of("profile-200-text")
    client = world.client()
    await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    world.options.faults.append(fault_of("get_house_list", item["body"], item["http"]))
    with pytest.raises(CloudUnreachable) as raised:
        await client.inventory()
    assert "Sign in again" in explain(raised.value).next_step
    world.options.faults.append(fault_of("get_house_list", item["then"][0]))
    assert len(await client.inventory())  # 4404 here: a new key exchange


async def test_wrong_gtoken_is_no_new_login(world: World) -> None:
    item = json_of("gtoken-mismatch-401")
    world.cloud.accounts[EMAIL] = make_account(cloud_user_id="c" * 40)
    world.options.gtoken_of_user_id = True
    world.options.challenge = world.options.challenge.__class__("code")
    client = world.client()
    body = {"code": item[1]["http"], "msg": item[1]["msg"]}
    assert "gtoken" in body["msg"]
    with pytest.raises(Exception, match="verification code"):
        await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    result = await client.answer_code(world.cloud.code)
    assert result.inventory is not None
    assert len(client.state.sign_ins) == 1
    assert world.cloud.passport.codes_sent.total() == 1


async def test_picture_that_lags_its_push(world: World) -> None:
    """`snapshot-404`: retries after 1 s and 3 s, then give up quietly."""
    client = world.client()
    await client.sign_in(EMAIL, Secret(PASSWORD), "DE")
    url = "https://security-app-eu.eufylife.com/pictures/1.jpg"
    world.cloud.pictures["/pictures/1.jpg"] = b"picture"
    world.options.picture_misses = 2
    assert await client.picture(url) == b"picture"
    assert world.slept == [1.0, 3.0]
    assert await client.picture(url.replace("1", "2")) is None
