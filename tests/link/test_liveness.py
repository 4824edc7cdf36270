"""Keeping a link, noticing that it is dead, letting a camera sleep."""

import pytest

from custom_components.eufy_local.eufy.errors import (
    AuthenticityError,
    KeyRejected,
    LinkLost,
)
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    CommandDone,
    KeyNeeded,
    Linked,
)
from custom_components.eufy_local.eufy.link.exchange import MAX_WAITING
from custom_components.eufy_local.eufy.link.policy import BATTERY, LinkPolicy
from custom_components.eufy_local.eufy.wire.commands import arm, param_query
from custom_components.eufy_local.eufy.wire.datagram import (
    encode_datagram,
    encode_punch,
    encode_ready,
)
from custom_components.eufy_local.eufy.wire.envelopes import void
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from custom_components.eufy_local.eufy.wire.record import encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .conftest import MakeNetwork
from .stage import error_of, opened, run_command
from .station import (
    ACCOUNT,
    DID,
    STATION_ADDR,
    Faults,
    Script,
)


def test_hours_of_keepalive(make_network: MakeNetwork) -> None:
    network = make_network()
    start = network.now
    network.run_fast(3 * 3600)
    assert not network.session.is_closed
    alive = network.station.received.count(0xE0)
    assert alive == pytest.approx((network.now - start) / 0.7, rel=0.02)
    probes = [r for r in network.station.requests if r.command == 1103]
    assert 3 * 3600 / 31 <= len(probes) <= 3 * 3600 / 30
    assert network.of(CommandDone) == []  # the session's own reads are its own


def test_a_busy_station_is_still_probed_every_five_minutes(make_network: MakeNetwork) -> None:
    network = make_network()
    end = network.now + 1000
    while network.now < end:
        network.station.report(1, network.now)
        network.station_sends()
        network.run_fast(20)
    assert 2 <= len([r for r in network.station.requests if r.command == 1103]) <= 3


def test_a_half_open_link_is_noticed_although_alive_is_answered(
    make_network: MakeNetwork,
) -> None:
    network = make_network()
    network.station.script.answer_commands = False
    network.run_fast(120)
    assert isinstance(error_of(network), LinkLost)
    assert 30 + 8 + 8 <= network.now - 1000.0 < 50


def test_one_lost_probe_is_forgiven(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.script.answer_commands = False
    network.run_fast(35)
    network.station.script.answer_commands = True
    network.run_fast(120)
    assert not network.session.is_closed


def test_silence_ends_the_link(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.script.alive = False
    network.run_fast(60)
    assert isinstance(error_of(network), LinkLost)
    assert 15.0 <= network.now - 1000.0 < 15.8


def test_a_rebooted_station_is_noticed(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.client = None  # it has forgotten us and ignores what we send
    network.run_fast(60)
    assert isinstance(error_of(network), LinkLost)
    assert network.now - 1000.0 < 16


def test_our_close_is_told_to_the_station(make_network: MakeNetwork) -> None:
    network = make_network()
    network.session.close(network.now)
    network._collect()
    network.run(0.1)
    assert network.station.closed == 1
    assert network.of(Closed) == [Closed(None)]
    assert network.session.next_timer() is None
    network.session.close(network.now)
    assert network.session.next_event() is None


def test_station_pings_are_answered_but_not_amplified(make_network: MakeNetwork) -> None:
    network = make_network(policy=LinkPolicy(probe=False))
    before = len(network.station.requests)
    for _ in range(50):
        network.station.send_record(
            2, encode_record(1152, bytes.fromhex("010003000000")), network.now
        )
    network.station_sends()
    network.run(0.5)
    answers = network.station.requests[before:]
    assert [(r.command, r.channel) for r in answers] == [(1152, 3)]
    assert opened(network, 1152) == []


def test_stream_pings_every_three_seconds(make_network: MakeNetwork) -> None:
    network = make_network(policy=BATTERY)
    network.session.stream_ping(3.0, network.now)
    network.run_fast(30.5)
    pings = [r for r in network.station.requests if r.command == 1139]
    assert len(pings) in (10, 11)
    network.session.stream_ping(None, network.now)
    network.run_fast(10.0)
    assert len([r for r in network.station.requests if r.command == 1139]) == len(pings)


def test_an_unused_battery_link_is_closed_by_us(make_network: MakeNetwork) -> None:
    network = make_network(policy=BATTERY)
    network.run_fast(100)
    assert network.of(Closed) == [Closed(None)]
    assert 30.0 <= network.now - 1000.0 < 31.0
    assert network.station.requests == []  # no probe: it would keep the camera awake


def test_a_camera_that_fell_asleep_needs_a_new_link(make_network: MakeNetwork) -> None:
    network = make_network(policy=BATTERY)
    network.run_fast(5.0)
    assert isinstance(run_command(network), CommandDone)
    network.run_fast(7.0)
    with pytest.raises(LinkLost):
        network.session.submit(param_query(), network.now)
    network._collect()
    assert isinstance(error_of(network), LinkLost)


def test_void_commands_and_unknown_datagrams(make_network: MakeNetwork) -> None:
    network = make_network()
    for type_ in range(256):
        if type_ != 0xF0:
            network.inject(encode_datagram(type_, b"\0\1\2\3" * 4))
    network.inject(b"")
    network.inject(b"not ours at all")
    network.run(0.2)
    assert isinstance(run_command(network, void(1144)), CommandDone)


def test_records_that_cannot_be_opened_are_counted(make_network: MakeNetwork) -> None:
    network = make_network()
    for body in (b"", b"short", bytes(40)):
        network.station.send_record(
            2, encode_record(1351, bytes.fromhex("0800ff080000"), body), network.now
        )
    network.station.send_record(
        0, encode_record(1350, bytes.fromhex("0100ff000100"), b"\1"), network.now
    )
    network.station_sends()
    network.run(0.2)
    assert network.session.refused == 4
    assert not network.session.is_closed


def test_reports_before_the_keys_are_only_hints(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.station.report(63, network.now, Protection.STATIC)
    network.station_sends()
    network.run(0.1)
    (report,) = opened(network, 1151)
    assert not report.authenticated
    assert network.station.requests == []


def test_loss_of_everything_but_the_handshake_order(make_network: MakeNetwork) -> None:
    """A third of all datagrams is lost, a third reordered, a third doubled: it still works."""
    network = make_network(faults=Faults(0.33, 0.33, 0.33), seed=11)
    for mode in (0, 1, 3):
        end = run_command(network, arm(ACCOUNT, mode, "me"))
        assert isinstance(end, CommandDone)
    modes = [
        r.json()["payload"]["mode_type"] for r in network.station.requests if r.command == 1350
    ]
    assert modes == [0, 1, 3]


def test_errors_of_the_key_provider_are_not_mixed_up(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.refuse_key(AuthenticityError("does not fit"), network.now)
    network.run(0.1)
    assert isinstance(error_of(network), KeyRejected)


def test_a_link_may_end_in_the_turn_it_came_up(make_network: MakeNetwork) -> None:
    network = make_network(connect=False)
    connection = network.session.connection
    for data in (encode_punch(DID), encode_ready(DID), encode_datagram(0xF0)):
        connection.receive_datagram(data, STATION_ADDR, network.now)
    network.session.pump(network.now)
    network._collect()
    assert [type(event) for event in network.events] == [Linked, Closed]
    network.run(1.0)
    assert network.station.init_count == 0


def test_a_talkback_record_that_nobody_takes_is_no_reason_to_end(
    make_network: MakeNetwork,
) -> None:
    network = make_network(policy=LinkPolicy(probe=False))
    network.station.script.ack = False
    network.session.send_raw(1, encode_record(1301, bytes(6), b"sound"), network.now)
    network.run(7.0)
    assert not network.session.is_closed
    network.session.send_raw(0, encode_record(1139, bytes(6)), network.now)
    network.run(7.0)
    assert not network.session.is_closed


def test_hints_before_and_while_everything_waits(make_network: MakeNetwork) -> None:
    """A full queue swallows the read; the owner's commands go first anyway."""
    network = make_network(Script(stall={1103: 30.0}), policy=LinkPolicy(probe=False))
    for _ in range(MAX_WAITING + 1):
        network.session.submit(param_query(), network.now)
    network.station.report(63, network.now, Protection.STATIC)
    network.station_sends()
    network.run(0.5)
    assert len(opened(network, 1151)) == 1
    assert not network.session.is_closed


def test_results_that_make_no_sense_are_counted(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.send_record(
        0, encode_record(1350, bytes.fromhex("080000000100"), b"\1"), network.now
    )
    network.station_sends()
    network.run(0.1)
    assert network.session.refused == 1


def test_silence_of_a_legacy_station_that_tells_no_parameters_says_nothing(
    make_network: MakeNetwork,
) -> None:
    network = make_network(Script(grade=LinkGrade.RSA, answer_commands=False))
    network.run_fast(300)
    assert not network.session.is_closed
    network.station.notify(1103, network.station.dump(), network.now)
    network.station_sends()
    network.run_fast(120)
    assert isinstance(error_of(network), LinkLost)


def test_any_record_after_a_probe_is_a_sign_of_life(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.script.answer_commands = False
    for _ in range(4):
        network.run_fast(32)
        network.station.report(1, network.now)
        network.station_sends()
        network.run_fast(9)
    assert not network.session.is_closed
