"""Search, punch, capacity, sleep (checklist S1 to S4, S20)."""

import pytest

from custom_components.eufy_local.eufy.wire import commands
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_datagram,
    encode_check_cam,
    encode_datagram,
)
from custom_components.eufy_local.eufy.wire.did import Did
from simulator.faults import Faults, Impostor
from simulator.station.core import FOREIGN_DID, MAX_LINKS

from .stage import Stage


@pytest.mark.parametrize("padding", [False, True])
def test_a_search_is_answered_from_a_link_of_its_own_with_the_did(padding: bool) -> None:
    stage = Stage()
    client, other = stage.client(), stage.client(40001)
    client.search(padding=padding)
    other.search()
    answer = decode_datagram(client.inbox[0])
    assert answer.type == DatagramType.PUNCH_PKT
    assert Did.from_bytes(answer.payload) == Did.parse(stage.core.spec.did)
    assert client.link != other.link


@pytest.mark.parametrize("form", ["punch", "check_cam"])
def test_both_punch_forms_make_the_station_ready_each_time(form: str) -> None:
    stage = Stage()
    client = stage.client()
    client.search()
    did = Did.parse(stage.core.spec.did)
    for expected in (1, 2):
        client.punch() if form == "punch" else client.send(encode_check_cam(did))
        assert client.kinds[DatagramType.P2P_RDY] == expected


def test_a_punch_for_another_station_is_ignored() -> None:
    stage = Stage()
    client = stage.client()
    client.search()
    client.punch("ABCDEFG-000001-ABCDE")
    assert DatagramType.P2P_RDY not in client.kinds
    assert stage.core.snapshot()["foreign_punch"] == 1


def test_it_may_never_say_ready() -> None:
    stage = Stage(faults=Faults(no_ready=True))
    client = stage.client()
    client.search()
    client.punch()
    assert DatagramType.P2P_RDY not in client.kinds
    assert client.connect().keys is not None


def test_the_first_search_after_a_closed_link_is_ignored_by_a_homebase_3() -> None:
    stage = Stage()
    client = stage.client().connect()
    client.send(encode_datagram(DatagramType.CLOSE))
    again = stage.client(40005)
    again.search()
    assert not again.inbox
    again.search()
    assert again.inbox


def test_alive_is_answered_although_the_crypto_side_is_dead() -> None:
    stage = Stage(faults=Faults(answer_alive_only=True))
    client = stage.client()
    client.search()
    client.punch()
    client.put(b"XZYH\x4c\x04" + bytes(10))
    client.send(encode_datagram(DatagramType.ALIVE))
    stage.run(1)
    assert client.kinds[DatagramType.ALIVE_ACK] == 1
    assert client.acknowledged == [(0, 0)]
    assert not client.records


def test_the_station_sends_alive_and_forgets_a_silent_client() -> None:
    stage = Stage()
    client = stage.client().connect()
    stage.run(6)
    assert client.kinds[DatagramType.ALIVE] >= 1
    del stage.clients[client.address]
    stage.run(30)
    assert not stage.core.links


@pytest.mark.parametrize(("family", "capacity"), [("homebase3", 9), ("standalone_mains", 4)])
def test_one_link_too_many_ends_another_one(family: str, capacity: int) -> None:
    stage = Stage(family)
    clients = [stage.client(41000 + n).connect() for n in range(capacity + 1)]
    stage.run(0.1)
    assert sum(client.closed for client in clients) == 1
    assert not clients[-1].closed
    assert len(stage.core.links) == capacity


def test_a_flood_of_searches_is_bounded() -> None:
    stage = Stage()
    keeper = stage.client().connect()
    for port in range(500):
        stage.core.receive_search(b"\xf1\x30\0\0", ("127.0.0.1", 50000 + port), stage.now)
    assert len(stage.core.links) <= MAX_LINKS
    keeper.command(commands.param_query())
    assert (1103, 0) in keeper.results()


def test_a_sleeping_camera_answers_only_when_woken_and_sleeps_again() -> None:
    stage = Stage("standalone_battery")
    client = stage.client()
    client.search()
    stage.run(5)
    assert not client.inbox
    stage.core.wake(client.address, stage.now)
    stage.run(3.1)
    assert decode_datagram(client.inbox[0]).type == DatagramType.PUNCH_PKT
    client.connect()
    assert client.kinds[DatagramType.PUNCH_SUCCESS] == 2
    stage.run(8)
    sleepy = len(client.records)
    client.command(commands.param_query(), run=2)
    assert len(client.records) == sleepy
    stage.run(12)
    before = client.kinds[DatagramType.ALIVE_ACK]
    client.send(encode_datagram(DatagramType.ALIVE))
    assert client.kinds[DatagramType.ALIVE_ACK] == before


@pytest.mark.parametrize("impostor", [Impostor.FOREIGN_DID, Impostor.NOISE, Impostor.TWIN])
def test_impostors_answer_the_search_too(impostor: Impostor) -> None:
    stage = Stage(faults=Faults(impostor=impostor))
    client = stage.client()
    client.search()
    dids = [
        str(Did.from_bytes(decode_datagram(data).payload))
        for data in client.inbox
        if len(data) == 24
    ]
    own = stage.core.spec.did
    expected = {
        Impostor.FOREIGN_DID: [FOREIGN_DID],
        Impostor.NOISE: [FOREIGN_DID, own],
        Impostor.TWIN: [own, own],
    }
    assert dids == expected[impostor]


def test_a_reboot_ends_the_links_and_is_over_after_a_while() -> None:
    stage = Stage()
    client = stage.client().connect()
    client.command(commands.scalar(1034, 0, stage.owner), run=1)
    assert client.closed
    late = stage.client(40010)
    late.search()
    assert not late.inbox
    stage.run(4)
    late.search()
    assert late.inbox
