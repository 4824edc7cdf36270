"""Reading the lists: merge rule, second source, what is kept and what is dropped."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.cloud.inventory import (
    MAX_ENTRIES,
    add_missing,
    join_second_source,
    merge_lists,
    parse_inventory,
)
from custom_components.eufy_local.eufy.cloud.models import CloudDevice, CloudStation
from custom_components.eufy_local.eufy.errors import CloudBusy, SessionExpired, WireError
from custom_components.eufy_local.eufy.secret import Secret
from simulator.cloud import Effect, Fault, device_entry

from .conftest import EMAIL, OWNER, PASSWORD, World, demo_entries

HUB = "T8030P2300000042"
CAMERA = "T8160P2300000077"
WORD = Secret(PASSWORD)


def entry(serial: str = HUB, kind: int = 18, name: str = "Base", **kwargs: Any) -> dict[str, Any]:
    kwargs.setdefault("owner_id", OWNER)
    kwargs.setdefault("house_id", "h1")
    return device_entry(serial, kind, name, **kwargs)


def test_house_replaces_its_entries_and_the_serials_it_names() -> None:
    account = [
        entry("T8030P2300000001", house_id="h1", name="old"),
        entry("T8030P2300000002", house_id="h1", name="gone from the house"),
        entry("T8030P2300000003", house_id="h2", name="named by h1 now"),
        entry("T8030P2300000004", house_id="h3", name="untouched"),
    ]
    house = [
        entry("T8030P2300000001", house_id="h1", name="new"),
        entry("T8030P2300000003", house_id="h1", name="moved"),
        entry("T8030P2300000005", house_id="h1", name="only in the house"),
    ]
    merged = merge_lists(account, {"h1": house})
    assert {item["device_name"] for item in merged} == {
        "untouched",
        "new",
        "moved",
        "only in the house",
    }


def test_empty_answer_of_a_house_takes_nothing_away() -> None:
    assert merge_lists([entry()], {"h1": []}) == [entry()]


async def test_shared_home_is_found_in_its_house_list_only(world: World) -> None:
    lists = world.cloud.inventory[EMAIL]
    shared = entry(owner_id="b" * 40, house_id="shared", did="SIMAAAA-000001-BBBBB", member_type=0)
    lists.houses.append({"house_id": "shared", "house_name": "Shared", "member_type": 0})
    lists.house_devices["shared"] = [shared]
    result = await world.client().sign_in(EMAIL, WORD, "DE")
    assert result.inventory is not None
    found = {station.serial: station for station in result.inventory.stations}
    assert found[HUB].owner_id == "b" * 40
    assert found[HUB].member_type == 0
    assert set(result.inventory.owners) == {OWNER, "b" * 40}


async def test_one_refused_house_does_not_hide_the_others(world: World) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    world.cloud.inventory[EMAIL].houses.append({"house_id": "other"})
    fault = Fault(Effect.CODE, "get_devs_list", code=10000, times=0)
    world.options.faults.append(fault)
    order: list[str] = []
    devices = world.cloud.services.devices

    def watched(token: Any, body: dict[str, Any]) -> Any:
        order.append(body["house_id"])
        fault.times = int(body["house_id"] == "house-0001")
        return devices(token, body)

    world.cloud._routes["house", "/app/house/get_devs_list"] = watched
    assert len(await client.inventory()) == 4
    assert order == ["", "house-0001"]


@pytest.mark.parametrize("code", [26084, 250999])
@pytest.mark.parametrize("call", ["house", "get_hub_list", "get_invites"])
async def test_refusal_that_concerns_the_account_is_not_swallowed(
    world: World, call: str, code: int
) -> None:
    client = world.client()
    await client.sign_in(EMAIL, WORD, "DE")
    lists = world.cloud.inventory[EMAIL]
    fault = Fault(Effect.CODE, call, code=code)
    if call == "house":  # the second call of this name is that of the house
        fault.call = "get_devs_list"
        world.options.faults.append(Fault(Effect.PLAIN, "get_devs_list"))
    elif call == "get_hub_list":
        lists.devices.append(entry("T9999P2300000042", parent="T0000P2300000042"))
    world.options.faults.append(fault)
    with pytest.raises((SessionExpired, CloudBusy)):
        await (client.invitations() if call == "get_invites" else client.inventory())


async def test_second_source_is_asked_when_devices_lack_their_hub(world: World) -> None:
    lists = world.cloud.inventory[EMAIL]
    hub, *cameras = demo_entries()
    lists.devices = cameras
    lists.house_devices = {}
    lists.hubs_v3 = [
        {
            "station_sn": hub["device_sn"],
            "station_name": "From v3",
            "station_model": "T8030",
            "p2p_did": hub["p2p_did"],
            "ip_addr": "192.168.1.9",
            "device_type": 18,
            "member": {"admin_user_id": OWNER, "member_type": 2},
            "params": hub["params"],
        }
    ]
    result = await world.client().sign_in(EMAIL, WORD, "DE")
    assert result.inventory is not None
    (station,) = result.inventory.stations
    assert (station.name, station.local_ip, station.product) == (
        "From v3",
        "192.168.1.9",
        "T8030",
    )
    assert len(result.inventory.devices) == 3


async def test_refused_second_source_leaves_the_first(world: World) -> None:
    lists = world.cloud.inventory[EMAIL]
    lists.devices.append(entry("T9999P2300000042", parent="T0000P2300000042"))
    world.options.faults.append(Fault(Effect.CODE, "get_hub_list", code=10000))
    result = await world.client().sign_in(EMAIL, WORD, "DE")
    assert result.inventory is not None
    assert len(result.inventory) == 4
    assert result.inventory.unsupported == 1


async def test_first_source_is_enough_when_complete(world: World) -> None:
    await world.client().sign_in(EMAIL, WORD, "DE")
    assert world.cloud.counters["get_hub_list"] == 0


def test_second_source_adds_only_what_is_missing() -> None:
    merged = add_missing(
        [entry(name="first")], [entry(name="second"), entry(CAMERA), {"device_sn": "x"}]
    )
    assert [item["device_name"] for item in merged] == ["first", "Base"]


def test_standalone_camera_is_station_and_device() -> None:
    camera = entry("T8410P2300000001", 30, "Desk", parent="T8410P2300000001", did="AAA-1-BBB")
    inventory = parse_inventory([camera], OWNER)
    assert inventory.stations[0].serial == inventory.devices[0].station_serial
    assert str(inventory.stations[0].did) == "AAA-000001-BBB"


def test_camera_whose_hub_is_not_listed_is_its_own_station_if_it_has_a_did() -> None:
    lonely = entry(CAMERA, 19, parent=HUB, did="AAA-1-BBB")
    inventory = parse_inventory([lonely], OWNER)
    assert inventory.stations[0].serial == CAMERA
    assert inventory.devices[0].station_serial == CAMERA
    assert len(parse_inventory([entry(CAMERA, 19, parent=HUB)], OWNER)) == 0


def test_hub_without_did_is_kept_when_a_device_names_it() -> None:
    inventory = parse_inventory([entry(), entry(CAMERA, 19, parent=HUB)], OWNER)
    assert inventory.stations[0].did is None
    assert len(inventory.devices) == 1
    assert parse_inventory([entry()], OWNER).unsupported == 1


def test_owner_of_entries_without_member() -> None:
    hub, camera = entry(owner_id="b" * 40, did="AAA-1-BBB"), entry(CAMERA, 19, parent=HUB)
    del camera["member"]
    inventory = parse_inventory([hub, camera], OWNER)
    assert inventory.devices[0].owner_id == "b" * 40  # that of its station
    del hub["member"]
    assert parse_inventory([hub], OWNER).stations[0].owner_id == OWNER


def test_only_the_allowed_fields_are_kept() -> None:
    private = entry(
        did="AAA-1-BBB", params={1224: "1", 61400: "SUNDSUQ9ODk0OTAy", 1216: "Base", 1300: "-5"}
    )
    private["params"] += [{"param_type": 7, "param_value": "89490200001234567890"}]  # an ICCID
    inventory = parse_inventory([private, entry(CAMERA, 19, parent=HUB)], OWNER)
    stored = json.dumps(
        [inventory.stations[0].to_dict(), inventory.devices[0].to_dict()], sort_keys=True
    )
    for word in (
        "owner@example.invalid",
        "Owner Nick",
        "avatar",
        "Example Network",
        "020000000001",
        "020000000002",
        "SIMLIC",
        "SUNDSUQ9",
        "894902",
    ):
        assert word not in stored
    assert inventory.stations[0].params == {1224: "1", 1300: "-5"}


def test_names_are_safe_to_show() -> None:
    evil = entry(name="<b>\u202eroor\u0000F\n[x](y)`" + "x" * 100, did="AAA-1-BBB")
    (station,) = parse_inventory([evil], OWNER).stations
    assert not set(station.name) & set("<>[]`\u202e\0\n")
    assert len(station.name) <= 64
    assert parse_inventory([entry(name="\u202e", did="AAA-1-BBB")], OWNER).stations[0].name == HUB


@pytest.mark.parametrize("serial", ["../../etc/passwd", "t8030p2300000042", "", 5, None, "T" * 40])
def test_entries_without_a_real_serial_are_left_out(serial: Any) -> None:
    bad = entry(did="AAA-1-BBB") | {"device_sn": serial}
    assert len(parse_inventory([bad], OWNER)) == 0


def test_number_of_entries_is_bounded() -> None:
    many = [
        entry(f"T8410P23{number:08d}", 30, parent=f"T8410P23{number:08d}") for number in range(900)
    ]
    assert len(parse_inventory(many, OWNER).stations) == MAX_ENTRIES


def test_stored_form_is_read_back() -> None:
    inventory = parse_inventory(demo_entries(), OWNER)
    for station in inventory.stations:
        assert CloudStation.from_dict(json.loads(json.dumps(station.to_dict()))) == station
    for device in inventory.devices:
        assert CloudDevice.from_dict(json.loads(json.dumps(device.to_dict()))) == device


@pytest.mark.parametrize("kind", [CloudStation, CloudDevice])
def test_stored_form_without_serial_is_refused(kind: type[CloudStation | CloudDevice]) -> None:
    with pytest.raises(WireError):
        kind.from_dict({"name": "x"})


def test_standalone_camera_in_both_lists_of_the_second_source() -> None:
    hub = {"station_sn": CAMERA, "station_name": "A", "p2p_did": "AAA-1-BBB", "ip_addr": "10.0.0.2"}
    device = {"device_sn": CAMERA, "station_sn": CAMERA, "device_name": "B", "local_ip": ""}
    inventory = parse_inventory(join_second_source([hub], [device]), OWNER)
    assert inventory.stations[0].did is not None
    assert inventory.stations[0].local_ip == "10.0.0.2"
    assert inventory.devices[0].name == "B"


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
names = st.sampled_from([*entry(params={1: "2"}), "station_sn", "station_name"])


@given(st.lists(st.dictionaries(names, values | st.just(HUB) | st.just(CAMERA)), max_size=6))
def test_any_json_gives_an_inventory(entries: list[dict[str, Any]]) -> None:
    inventory = parse_inventory(entries, OWNER)
    for station in inventory.stations:
        assert CloudStation.from_dict(station.to_dict()) == station
    for device in inventory.devices:
        assert CloudDevice.from_dict(device.to_dict()) == device
    assert len(merge_lists(entries, {"h": entries})) <= 2 * len(entries)
    join_second_source(entries, entries)
