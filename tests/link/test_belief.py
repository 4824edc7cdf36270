"""What may be believed (design/security.md T2, T3), and media on its way."""

import random

import pytest

from custom_components.eufy_local.eufy.errors import (
    LinkLost,
)
from custom_components.eufy_local.eufy.link.events import (
    CommandDone,
    RecordOpened,
)
from custom_components.eufy_local.eufy.link.policy import LinkPolicy
from custom_components.eufy_local.eufy.wire.record import Record
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .conftest import MakeNetwork
from .stage import error_of, opened, run_command


def test_a_replayed_record_counts_once(make_network: MakeNetwork) -> None:
    network = make_network()
    record = network.station.report(1, network.now)
    for _ in range(100):
        network.station.send_record(2, record, network.now)
    network.station_sends()
    network.run(2.0)
    assert len(opened(network, 1151)) == 1
    assert network.session.refused == 100


def test_a_changed_record_is_dropped_and_the_link_lives_on(make_network: MakeNetwork) -> None:
    network = make_network()
    record = bytearray(network.station.report(1, network.now))
    network.station.out.clear()
    network.station.next_index[2] -= 1
    network.station.waiting.clear()
    record[-1] ^= 1
    network.station.send_record(2, bytes(record), network.now)
    network.station_sends()
    network.run(0.5)
    assert opened(network, 1151) == []
    assert network.session.refused == 1
    assert isinstance(run_command(network), CommandDone)


def test_forged_reports_are_marked_and_cause_one_read_per_two_seconds(
    make_network: MakeNetwork,
) -> None:
    network = make_network(policy=LinkPolicy(probe=False))
    run_command(network)
    network.station.requests.clear()
    for _ in range(100):
        network.station.report(63, network.now, Protection.STATIC)
        network.station_sends()
        network.run(0.1)
    network.run(3.0)
    reports = opened(network, 1151)
    assert len(reports) == 100
    assert not any(report.authenticated for report in reports)
    reads = [r for r in network.station.requests if r.command == 1103]
    assert 5 <= len(reads) <= 7
    assert all(read.protection is Protection.GCM for read in reads)


@pytest.mark.parametrize(
    ("value", "reads"),
    [
        ({"cmd": 1224, "payload": {}}, 1),
        ({"cmd": 1550, "payload": {"status": 1}}, 1),
        ({"cmd": 2037, "payload": "{}"}, 0),
        ([1, 2], 0),
    ],
)
def test_which_unproven_notifies_cause_a_read(
    make_network: MakeNetwork, value: object, reads: int
) -> None:
    network = make_network(policy=LinkPolicy(probe=False))
    network.station.notify(1351, value, network.now, protection=Protection.STATIC)
    network.station_sends()
    network.run(1.0)
    assert len(network.station.requests) == reads


def test_authenticated_reports_cause_no_read(make_network: MakeNetwork) -> None:
    network = make_network(policy=LinkPolicy(probe=False))
    network.station.report(1, network.now)
    network.station_sends()
    network.run(1.0)
    assert [report.authenticated for report in opened(network, 1151)] == [True]
    assert network.station.requests == []


def test_the_link_is_renewed_before_nonces_are_forgotten(make_network: MakeNetwork) -> None:
    network = make_network()
    network.session._replay._limit = 3
    for mode in (0, 1, 3, 4):
        network.station.report(mode, network.now)
    network.station_sends()
    network.run(0.5)
    assert len(opened(network, 1151)) == 3
    assert isinstance(error_of(network), LinkLost)


def test_media_goes_straight_to_the_sink(make_network: MakeNetwork) -> None:
    got: list[Record] = []
    network = make_network(media=got.append)
    body = random.Random(1).randbytes(5000)
    network.station.video(body, network.now)
    network.station_sends()
    network.run(0.1)
    assert [record.body for record in got] == [body]
    assert network.of(RecordOpened) == []


def test_media_that_nobody_wants_is_counted(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.video(b"x" * 50, network.now)
    network.station_sends()
    network.run(0.1)
    assert network.session.media_dropped == 1
