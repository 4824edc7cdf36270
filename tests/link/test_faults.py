"""Bad networks in virtual time: nothing is lost, nothing comes twice, nothing waits too long."""

import random

import pytest

from custom_components.eufy_local.eufy.link.events import HoleSkipped
from custom_components.eufy_local.eufy.link.policy import LinkPolicy
from custom_components.eufy_local.eufy.wire.datagram import encode_data
from custom_components.eufy_local.eufy.wire.record import Record, encode_record

from .conftest import MakeNetwork
from .station import Faults, Network, Script

FPS = 15
GOP = 30


def frames(count: int, scale: int, seed: int = 1) -> list[bytes]:
    """Frame bodies; every `GOP`-th is a key frame and ten times as large."""
    rng = random.Random(seed)
    return [rng.randbytes(scale * (10 if n % GOP == 0 else 1)) for n in range(count)]


def play(network: Network, bodies: list[bytes], chunk: int = 1024) -> None:
    """Let the station send the frames at their times, then let the network settle."""
    for body in bodies:
        record = encode_record(1300, bytes([1, 0, 0, 0, 10, 0]), body)
        network.station.send_record(1, record, network.now, chunk)
        network.station_sends()
        network.run(1 / FPS)
    network.run(5.0)


def test_4k_with_loss_reordering_and_duplication_together(make_network: MakeNetwork) -> None:
    """Figures of a 4K stream: key frames of 400 kB, others of 40 kB, three GOPs."""
    got: list[Record] = []
    network = make_network(faults=Faults(0.05, 0.05, 0.05), media=got.append, seed=3)
    bodies = frames(3 * GOP, 40_000)
    play(network, bodies)
    assert [record.body for record in got] == bodies
    assert network.of(HoleSkipped) == []
    assert network.station.waiting == {}
    assert network.station.sent > 4600
    assert network.station.repeats > 300
    assert network.session.connection._receiver.duplicates > 300
    assert not network.session.connection.single_acks
    assert network.session.connection._receiver.held == 0


@pytest.mark.parametrize("seed", range(5))
def test_heavy_loss(make_network: MakeNetwork, seed: int) -> None:
    got: list[Record] = []
    network = make_network(faults=Faults(0.2, 0.2, 0.2), media=got.append, seed=seed)
    bodies = frames(GOP, 3000, seed)
    play(network, bodies)
    assert [record.body for record in got] == bodies


def test_index_wrap_in_the_middle_of_a_stream(make_network: MakeNetwork) -> None:
    got: list[Record] = []
    script = Script(init_index={1: 0})
    network = make_network(script, faults=Faults(0.02, 0.05, 0.05), media=got.append)
    network.station.next_index[1] = 65_400
    network.session.connection._receiver._streams[1].expected = 65_400
    bodies = frames(GOP, 10_000)
    play(network, bodies)
    assert [record.body for record in got] == bodies
    assert network.station.next_index[1] < 65_400


def test_batched_acks_cost_one_datagram_per_burst(make_network: MakeNetwork) -> None:
    got: list[Record] = []
    network = make_network(media=got.append)
    network.run(0.1)
    network.station.ack_sizes.clear()
    record = encode_record(1300, bytes(6), bytes(17 * 1024 - 16))
    network.station.send_record(1, record, network.now)
    datagrams = [data for data, _ in network.station.out]
    network.station.out = []
    network.session.connection.receive_burst(datagrams, network.now)
    network.session.pump(network.now)
    network._collect()
    network.run(0.1)
    assert len(got) == 1
    assert network.station.ack_sizes == [17]
    assert network.station.waiting == {}


def test_a_station_that_reads_one_index_per_ack_is_served_after_all(
    make_network: MakeNetwork,
) -> None:
    got: list[Record] = []
    network = make_network(Script(ack_reads_first_only=True), media=got.append)
    bodies = frames(GOP, 20_000)
    for body in bodies:
        network.station.video(body, network.now)
        datagrams = [data for data, _ in network.station.out]
        network.station.out = []
        network.session.connection.receive_burst(datagrams, network.now)
        network.session.pump(network.now)
        network._collect()
        network.run(1 / FPS)
    network.run(2.0)
    assert [record.body for record in got] == bodies
    assert network.session.connection.single_acks
    assert network.station.waiting == {}


def test_after_a_permanent_hole_the_next_frames_come_within_a_second(
    make_network: MakeNetwork,
) -> None:
    got: list[tuple[float, bytes]] = []
    network = make_network(
        media=lambda record: got.append((network.now, record.body)), policy=LinkPolicy(probe=False)
    )
    bodies = frames(2 * GOP, 2000)
    lost = set(range(12, 16))
    network.faults.drop = lambda data: (
        data[:2] == b"\xf1\xd0" and data[5] == 1 and data[6] << 8 | data[7] in lost
    )
    network.station.script.ignore_searches = 0
    began = network.now
    play(network, bodies)
    assert [HoleSkipped(1)] == network.of(HoleSkipped)
    missing = [body for body in bodies if body not in [b for _, b in got]]
    assert 1 <= len(missing) <= 3
    first_after = min(when for when, body in got if body in bodies[5:])
    assert first_after - began < 1.0 + 0.5
    assert [b for _, b in got] == [b for b in bodies if b not in missing]


def test_the_event_loop_standing_still_costs_nothing(make_network: MakeNetwork) -> None:
    """50 ms without a turn: everything is acknowledged before the station repeats anything."""
    got: list[Record] = []
    network = make_network(media=got.append)
    for body in frames(4, 5000):
        network.station.video(body, network.now)
    waiting = [data for data, _ in network.station.out]
    network.station.out = []
    network.now += 0.05
    network.session.connection.receive_burst(waiting, network.now)
    network.session.pump(network.now)
    network._collect()
    network.run(1.0)
    assert len(got) == 4
    assert network.station.repeats == 0


def test_after_a_pause_of_hours_the_link_is_given_up_not_flooded(
    make_network: MakeNetwork,
) -> None:
    """The host was suspended: one ALIVE at most, then the silence is noticed."""
    network = make_network()
    before = network.station.received.count(0xE0)
    network.now += 3600
    network.session.handle_timer(network.now)
    network._collect()
    assert network.session.is_closed
    assert network.station.received.count(0xE0) - before <= 1


def test_a_short_pause_is_survived(make_network: MakeNetwork) -> None:
    network = make_network()
    network.now += 10
    network.run_fast(100)
    assert not network.session.is_closed


def test_hostile_station_memory(make_network: MakeNetwork) -> None:
    """Records that never end and holes that are never filled, on every channel, for minutes."""
    network = make_network(policy=LinkPolicy(probe=False))
    connection = network.session.connection
    rng = random.Random(9)
    index = dict.fromkeys(range(4), 100)
    worst = 0
    for step in range(2000):
        batch = []
        for _ in range(32):
            channel = rng.randrange(4)
            index[channel] += rng.choice((1, 1, 1, 2))
            body = encode_record(1300, bytes(6), b"")[:6] + b"\0\0\x3f\0" + bytes(1000)
            batch.append(encode_data(channel, index[channel] & 0xFFFF, body))
        network.now += 0.01
        connection.receive_burst(batch, network.now)
        network.session.pump(network.now)
        if step % 10 == 0:
            network.session.handle_timer(network.now)
        while network.session.next_event() is not None:
            pass
        connection.datagrams_to_send()
        worst = max(worst, connection._receiver.held)
    assert worst < 17 * 1024 * 1024
