"""Commands in virtual time: one at a time, results, stalls, silence."""

import pytest

from custom_components.eufy_local.eufy.errors import (
    CommandTimeout,
    LinkError,
    LinkLost,
)
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    CommandDone,
    CommandFailed,
)
from custom_components.eufy_local.eufy.link.exchange import MAX_WAITING
from custom_components.eufy_local.eufy.link.policy import LinkPolicy
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.commands import arm, param_query, ping
from custom_components.eufy_local.eufy.wire.envelopes import json_1700, scalar

from .conftest import MakeNetwork
from .stage import error_of, run_command
from .station import (
    ACCOUNT,
    Script,
)


def test_commands_run_one_at_a_time_and_in_order(make_network: MakeNetwork) -> None:
    network = make_network(Script(stall={1350: 2.0}))
    tokens = [network.session.submit(arm(ACCOUNT, mode, "me"), network.now) for mode in (0, 1, 2)]
    network.run(1.0)
    assert len(network.station.requests) == 1
    network.run(10.0, lambda: len(network.of(CommandDone)) == 3)
    assert [event.token for event in network.of(CommandDone)] == tokens
    modes = [request.json()["payload"]["mode_type"] for request in network.station.requests]
    assert modes == [0, 1, 2]


def test_the_homebase_stall_is_sat_out(make_network: MakeNetwork) -> None:
    network = make_network(Script(stall={1700: 17.0}, results={1700: [-108]}))
    network.session.submit(json_1700(1, {}), network.now)
    network.session.submit(param_query(), network.now)
    network.run(30.0, lambda: len(network.of(CommandDone)) == 2)
    assert [event.code for event in network.of(CommandDone)] == [-108, 0]
    assert network.of(CommandFailed) == []


def test_result_503_is_sent_again_as_a_new_record(make_network: MakeNetwork) -> None:
    network = make_network(Script(results={1350: [503, 503, 0]}))
    end = run_command(network, arm(ACCOUNT, 1, "me"))
    assert isinstance(end, CommandDone)
    assert end.code == 0
    nonces = [request.nonce for request in network.station.requests]
    assert len(nonces) == len(set(nonces)) == 3


def test_result_503_is_given_up_in_the_end(make_network: MakeNetwork) -> None:
    network = make_network(Script(results={1350: [503] * 9}))
    end = run_command(network, arm(ACCOUNT, 1, "me"))
    assert isinstance(end, CommandDone)
    assert end.code == 503
    assert len(network.station.requests) == 4


def test_silence_after_the_ack_names_the_account(make_network: MakeNetwork) -> None:
    network = make_network(Script(answer_commands=False), policy=LinkPolicy(probe=False))
    end = run_command(network, arm("wrong", 1, "me"))
    assert isinstance(end, CommandFailed)
    assert isinstance(end.error, CommandTimeout)
    assert "account" in str(end.error)
    assert not network.session.is_closed


def test_a_station_that_stops_taking_commands_is_given_up(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.script.ack = False
    network.station.script.answer_commands = False
    first = network.session.submit(param_query(), network.now)
    second = network.session.submit(param_query(), network.now)
    third = network.session.submit(param_query(), network.now)
    assert network.run(20.0, lambda: bool(network.of(Closed)))
    assert [event.token for event in network.of(CommandFailed)] == [first, second, third]
    assert isinstance(error_of(network), LinkLost)
    assert network.station.received.count(0xE0) > 10  # ALIVE was answered all along


def test_a_result_without_ack_is_enough(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station.script.ack = False
    end = run_command(network, arm(ACCOUNT, 1, "me"))
    assert isinstance(end, CommandDone)


def test_receipts_of_36_bytes(make_network: MakeNetwork) -> None:
    network = make_network(Script(receipt_size=36, results={1350: [-204]}))
    end = run_command(network, arm(ACCOUNT, 1, "me"))
    assert isinstance(end, CommandDone)
    assert end.code == -204


def test_results_of_another_type_or_nobody_are_ignored(make_network: MakeNetwork) -> None:
    network = make_network(Script(answer_commands=False), policy=LinkPolicy(probe=False))
    network.station.send_record(0, wire_station.encode_receipt(1350), network.now)
    network.station_sends()
    network.run(0.1)
    token = network.session.submit(arm(ACCOUNT, 1, "me"), network.now)
    network.station.send_record(0, wire_station.encode_receipt(1700), network.now)
    network.station.send_record(2, wire_station.encode_receipt(1350, -1), network.now)
    network.station_sends()
    network.run(0.5)
    assert network.of(CommandDone) == []
    network.station.send_record(0, wire_station.encode_receipt(1350, -5), network.now)
    network.station_sends()
    network.run(0.5)
    assert network.of(CommandDone) == [CommandDone(token, -5)]


def test_a_command_without_receipt_is_done_when_sent(make_network: MakeNetwork) -> None:
    network = make_network()
    assert isinstance(run_command(network, ping()), CommandDone)


def test_a_command_that_has_no_form_on_this_grade_fails_alone(make_network: MakeNetwork) -> None:
    network = make_network()
    end = run_command(network, scalar(1003, 1, ACCOUNT, channel=1))
    assert isinstance(end, CommandFailed)
    assert isinstance(run_command(network), CommandDone)


def test_the_queue_is_bounded(make_network: MakeNetwork) -> None:
    network = make_network()
    for _ in range(MAX_WAITING + 1):
        network.session.submit(param_query(), network.now)
    with pytest.raises(LinkError):
        network.session.submit(param_query(), network.now)


def test_a_cancelled_command_is_not_sent(make_network: MakeNetwork) -> None:
    network = make_network(Script(stall={1103: 1.0}))
    network.session.submit(param_query(), network.now)
    token = network.session.submit(arm(ACCOUNT, 1, "me"), network.now)
    network.session.cancel(token)
    network.run(5.0)
    assert [request.command for request in network.station.requests] == [1103]


def test_no_commands_before_the_keys(make_network: MakeNetwork) -> None:
    network = make_network(connect=False)
    with pytest.raises(LinkError):
        network.session.submit(param_query(), network.now)
    with pytest.raises(LinkError):
        network.session.send_raw(0, b"", network.now)


def test_the_sessions_own_reads_end_silently(make_network: MakeNetwork) -> None:
    network = make_network(Script(answer_commands=False))
    network.run_fast(31.0)
    network.session.close(network.now)
    network._collect()
    assert network.of(CommandFailed) == []
    assert network.of(Closed) == [Closed(None)]


def test_every_command_fails_when_the_link_ends(make_network: MakeNetwork) -> None:
    network = make_network(Script(answer_commands=False))
    tokens = {network.session.submit(param_query(), network.now) for _ in range(3)}
    network.run(0.2)
    for data, addr in network.station.close_link():
        network.inject(data)
        assert addr
    network.run(0.1)
    assert {event.token for event in network.of(CommandFailed)} == tokens
    (closed,) = network.of(Closed)
    assert closed.by_peer
