"""A session in virtual time: handshake, grades and pin, commands, liveness."""

import random
from dataclasses import replace

import pytest

from custom_components.eufy_local.eufy.errors import (
    AuthenticityError,
    CommandTimeout,
    DowngradeRefused,
    EufyError,
    HandshakeFailed,
    KeyRejected,
    KeyUnavailable,
    LinkError,
    LinkLost,
    StationMismatch,
)
from custom_components.eufy_local.eufy.link.connection import Connection
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    CommandDone,
    CommandFailed,
    KeyNeeded,
    Linked,
    RecordOpened,
)
from custom_components.eufy_local.eufy.link.exchange import MAX_WAITING
from custom_components.eufy_local.eufy.link.handshake import Secured
from custom_components.eufy_local.eufy.link.pin import Pin
from custom_components.eufy_local.eufy.link.policy import BATTERY, LinkPolicy, LinkQuirks
from custom_components.eufy_local.eufy.link.session import Session
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import station as wire_station
from custom_components.eufy_local.eufy.wire.commands import arm, param_query, ping
from custom_components.eufy_local.eufy.wire.datagram import (
    encode_datagram,
    encode_punch,
    encode_ready,
)
from custom_components.eufy_local.eufy.wire.envelopes import GuardForm, json_1700, scalar, void
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from custom_components.eufy_local.eufy.wire.media import MediaProtection
from custom_components.eufy_local.eufy.wire.options import V8Json, WireOptions
from custom_components.eufy_local.eufy.wire.record import Record, encode_record
from custom_components.eufy_local.eufy.wire.sealing import OpenedRecord, Protection

from .conftest import MakeNetwork
from .station import (
    ACCOUNT,
    CIPHER,
    CIPHER_ID,
    DID,
    OTHER_DID,
    STATIC,
    STATION_ADDR,
    Faults,
    Network,
    Script,
)


def error_of(network: Network) -> EufyError | None:
    (closed,) = network.of(Closed)
    return closed.error


def opened(network: Network, command: int) -> list[OpenedRecord]:
    records = [event.record for event in network.of(RecordOpened)]
    return [record for record in records if record.command == command and not record.receipt]


def run_command(network: Network, command: object = None, seconds: float = 30.0) -> object:
    token = network.session.submit(command or param_query(), network.now)  # type: ignore[arg-type]

    def finished() -> bool:
        return any(
            event.token == token
            for kind in (CommandDone, CommandFailed)
            for event in network.of(kind)
        )

    assert network.run(seconds, finished)
    ends = [*network.of(CommandDone), *network.of(CommandFailed)]
    return next(event for event in ends if event.token == token)


# --- search and punch ------------------------------------------------------------------------


def test_connects_and_runs_a_command(make_network: MakeNetwork) -> None:
    network = make_network()
    (secured,) = network.of(Secured)
    assert secured.grade is network.session.grade is LinkGrade.GCM
    assert secured.cipher_id == CIPHER_ID
    assert secured.version == 8
    end = run_command(network)
    assert isinstance(end, CommandDone)
    assert end.code == 0
    assert network.run(1.0, lambda: bool(opened(network, 1103)))
    (dump,) = opened(network, 1103)
    assert dump.authenticated
    assert dump.json()["main_sw_version"] == "3.8.6.0"
    assert network.station.init_count == 1


def test_link_is_ready_for_commands_within_three_round_trips(make_network: MakeNetwork) -> None:
    network = make_network()
    # search, punch, handshake; one way takes 1 ms
    assert network.now - 1000.0 <= 3 * 0.002 + 0.005


def test_the_first_search_may_be_ignored(make_network: MakeNetwork) -> None:
    network = make_network(Script(ignore_searches=1))
    assert network.now - 1000.0 < 0.5


def test_a_station_that_never_confirms_the_punch(make_network: MakeNetwork) -> None:
    network = make_network(Script(ready=False))
    assert 2.0 <= network.now - 1000.0 < 2.1
    assert [event.ready for event in network.of(Linked)] == [False]
    quick = make_network(Script(ready=False), connection={"ready_time": 0.3})
    assert quick.now - 1000.0 < 0.4


def test_a_connection_is_used_once(make_network: MakeNetwork) -> None:
    network = make_network()
    with pytest.raises(LinkError):
        network.session.connection.start_search(0.0, [])


# --- handshake ---------------------------------------------------------------------------------


@pytest.mark.parametrize("grade", [LinkGrade.GCM, LinkGrade.RSA, LinkGrade.STATIC])
def test_every_grade_connects_and_takes_commands(
    make_network: MakeNetwork, grade: LinkGrade
) -> None:
    network = make_network(Script(grade=grade))
    (secured,) = network.of(Secured)
    assert secured.grade is grade
    assert secured.pin == Pin(str(DID), grade, CIPHER_ID if grade > LinkGrade.STATIC else 0)
    form = GuardForm.JSON
    for command in (
        param_query(),
        arm(ACCOUNT, 1, "me", form),
        scalar(1045, 1, ACCOUNT, channel=0),
    ):
        end = run_command(network, command)
        assert isinstance(end, CommandDone), end
        assert end.code == 0
    assert network.station.rejected == 0
    expected = {
        LinkGrade.GCM: Protection.GCM,
        LinkGrade.RSA: Protection.RSA,
        LinkGrade.STATIC: Protection.STATIC,
    }[grade]
    assert network.station.requests[0].protection is expected


def test_a_keyless_station_can_be_used_in_clear_where_that_is_known(
    make_network: MakeNetwork,
) -> None:
    quirks = LinkQuirks(keyless_clear=True)
    network = make_network(Script(grade=LinkGrade.STATIC), quirks=quirks)
    assert network.session.grade is LinkGrade.CLEAR
    run_command(network, arm(ACCOUNT, 1, "me", GuardForm.JSON_LEGACY))
    assert network.station.requests[0].protection is Protection.CLEAR


def test_no_reply_fails_the_handshake(make_network: MakeNetwork) -> None:
    network = make_network(Script(answer_init=False), connect=False)
    assert network.run(10.0, lambda: bool(network.of(Closed)))
    assert isinstance(error_of(network), HandshakeFailed)
    assert 6.0 <= network.now - 1000.0 < 6.2
    assert network.station.init_count == 1


def test_no_reply_means_clear_only_where_that_is_known(make_network: MakeNetwork) -> None:
    quirks = LinkQuirks(clear_without_reply=True)
    network = make_network(Script(answer_init=False), quirks=quirks)
    (secured,) = network.of(Secured)
    assert (secured.grade, secured.version) == (LinkGrade.CLEAR, 0)


def test_a_station_that_does_not_acknowledge_the_handshake(make_network: MakeNetwork) -> None:
    network = make_network(Script(ack=False, answer_init=False), connect=False)
    assert network.run(10.0, lambda: bool(network.of(Closed)))
    assert isinstance(error_of(network), HandshakeFailed)


@pytest.mark.parametrize(
    "body",
    [
        encode_record(1100, bytes.fromhex("0800ff010000"), b""),
        encode_record(1100, bytes.fromhex("0100ff000000"), b"\1\0"),
    ],
)
def test_an_unreadable_reply_fails_the_handshake(make_network: MakeNetwork, body: bytes) -> None:
    network = make_network(Script(init_body=body), connect=False)
    assert network.run(10.0, lambda: bool(network.of(Closed)))
    assert isinstance(error_of(network), HandshakeFailed)


def test_the_link_is_kept_while_the_key_is_fetched(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(9.5)
    (needed,) = network.of(KeyNeeded)
    assert needed == KeyNeeded(CIPHER_ID)
    assert network.station.received.count(0xE0) >= 9.0 / 0.7
    network.session.provide_key(CIPHER, network.now)
    network.run(0.1)
    assert network.session.secured


def test_a_key_that_does_not_come_ends_the_link(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    assert network.run(15.0, lambda: bool(network.of(Closed)))
    assert isinstance(error_of(network), KeyUnavailable)
    assert 10.0 <= network.now - 1000.0 < 10.2
    network.session.provide_key(CIPHER, network.now)  # too late is no error
    network.session.refuse_key(KeyUnavailable("late"), network.now)
    assert not network.session.secured


WRONG_ECC = replace(CIPHER, ecc_private=Secret("1" * 64))


def test_a_stale_key_is_fetched_anew_once(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.provide_key(WRONG_ECC, network.now)
    network.run(0.1)
    assert network.of(KeyNeeded)[1:] == [KeyNeeded(CIPHER_ID, refresh=True)]
    network.session.provide_key(CIPHER, network.now)
    network.run(0.1)
    assert network.session.secured


def test_a_key_that_still_does_not_fit_is_rejected(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.provide_key(WRONG_ECC, network.now)
    network.session.provide_key(WRONG_ECC, network.now)
    network.run(0.1)
    assert isinstance(error_of(network), KeyRejected)


@pytest.mark.parametrize("missing", [None, Secret("not hexadecimal")])
def test_a_missing_or_broken_ecc_key(
    make_network: MakeNetwork, missing: Secret[str] | None
) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.provide_key(replace(CIPHER, ecc_private=missing), network.now)
    if missing is not None:
        network.session.provide_key(replace(CIPHER, ecc_private=missing), network.now)
    network.run(0.1)
    expected = KeyUnavailable if missing is None else KeyRejected
    assert isinstance(error_of(network), expected)


def test_no_key_from_the_account_ends_a_version_8_link(make_network: MakeNetwork) -> None:
    network = make_network(connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.refuse_key(KeyUnavailable("offline"), network.now)
    network.run(0.1)
    assert isinstance(error_of(network), KeyUnavailable)


BROKEN_RSA = replace(CIPHER, rsa_private=Secret("miicdgibadanbgkqhkig9w0baqefaascamawggjc"))


def test_an_unreadable_rsa_key_falls_back_to_the_static_key(make_network: MakeNetwork) -> None:
    network = make_network(Script(grade=LinkGrade.RSA), connect=False, answer_keys=False)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.provide_key(BROKEN_RSA, network.now)
    assert len(network.session._events) == 1  # asked to fetch it anew
    network.session.provide_key(BROKEN_RSA, network.now)
    network.run(0.1)
    (secured,) = network.of(Secured)
    assert secured.grade is LinkGrade.STATIC


def test_the_static_fallback_is_refused_where_rsa_worked_before(
    make_network: MakeNetwork,
) -> None:
    pin = Pin(str(DID), LinkGrade.RSA, CIPHER_ID)
    network = make_network(Script(grade=LinkGrade.RSA), connect=False, answer_keys=False, pin=pin)
    network.run(1.0, lambda: bool(network.of(KeyNeeded)))
    network.session.provide_key(BROKEN_RSA, network.now)
    network.session.provide_key(BROKEN_RSA, network.now)
    network.run(0.1)
    assert isinstance(error_of(network), KeyRejected)


def test_a_second_reply_changes_nothing(make_network: MakeNetwork) -> None:
    network = make_network()
    network.station._init(network.now)
    network.station_sends()
    network.run(0.1)
    assert len(network.of(Secured)) == 1
    assert isinstance(run_command(network), CommandDone)


# --- pin (T1) ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pinned", [LinkGrade.STATIC, LinkGrade.RSA, LinkGrade.GCM])
@pytest.mark.parametrize("offered", [LinkGrade.STATIC, LinkGrade.RSA, LinkGrade.GCM, None])
def test_nothing_weaker_than_the_pin_is_accepted(
    make_network: MakeNetwork, pinned: LinkGrade, offered: LinkGrade | None
) -> None:
    pin = Pin(str(DID), pinned, CIPHER_ID if pinned > LinkGrade.STATIC else 0)
    quirks = LinkQuirks(clear_without_reply=True, keyless_clear=False)
    network = make_network(
        Script(grade=offered, answer_init=offered is not None),
        connect=False,
        pin=pin,
        quirks=quirks,
    )
    network.run(12.0, lambda: bool(network.of(Closed)) or network.session.secured)
    if offered is not None and offered >= pinned:
        (secured,) = network.of(Secured)
        assert secured.pin.grade is offered
    else:
        assert network.of(Secured) == []
        assert network.of(RecordOpened) == []
        assert isinstance(error_of(network), DowngradeRefused)


def test_a_keyless_station_pinned_as_static_is_not_used_in_clear(
    make_network: MakeNetwork,
) -> None:
    network = make_network(
        Script(grade=LinkGrade.STATIC),
        connect=False,
        pin=Pin(str(DID), LinkGrade.STATIC),
        quirks=LinkQuirks(keyless_clear=True),
    )
    network.run(1.0)
    assert isinstance(error_of(network), DowngradeRefused)


def test_another_cipher_than_before_needs_the_owner(make_network: MakeNetwork) -> None:
    pin = Pin(str(DID), LinkGrade.GCM, 98)
    network = make_network(connect=False, pin=pin)
    network.run(1.0)
    assert isinstance(error_of(network), DowngradeRefused)
    accepted = make_network(pin=None)
    assert accepted.of(Secured)[0].pin == Pin(str(DID), LinkGrade.GCM, CIPHER_ID)


def test_another_identity_than_before_is_refused_at_once() -> None:
    with pytest.raises(StationMismatch):
        Session(Connection(DID), STATIC, nonce=bytes, pin=Pin(str(OTHER_DID)))


def test_pin_of_media() -> None:
    pin = Pin(str(DID)).with_media(MediaProtection.KEY_FRAME_PREFIX)
    assert pin.allows_media(MediaProtection.AUTHENTICATED)
    assert not pin.allows_media(MediaProtection.CLEAR)
    assert pin.with_media(MediaProtection.CLEAR) == pin
    assert pin.with_media(MediaProtection.AUTHENTICATED).media is MediaProtection.AUTHENTICATED


def test_pin_survives_the_store() -> None:
    pin = Pin(str(DID), LinkGrade.GCM, 40, MediaProtection.AUTHENTICATED)
    assert Pin.from_dict(pin.to_dict()) == pin
    assert pin.with_link(LinkGrade.RSA, 3) == pin
    for broken in ({}, {**pin.to_dict(), "grade": 3}, {**pin.to_dict(), "media": "?"}):
        with pytest.raises((KeyError, ValueError)):
            Pin.from_dict(broken)


def test_quirks_survive_the_store() -> None:
    quirks = LinkQuirks(single_acks=True, options=WireOptions(v8_json=V8Json.STATIC))
    assert LinkQuirks.from_dict(quirks.to_dict()) == quirks
    odd = {"single_acks": 1, "unknown": 2, "options": {"v8_json": "nonsense"}}
    assert LinkQuirks.from_dict(odd) == LinkQuirks(single_acks=True)
    assert LinkQuirks.from_dict({"options": 3}) == LinkQuirks()


def test_json_under_the_static_key_where_that_is_what_works(make_network: MakeNetwork) -> None:
    quirks = LinkQuirks(options=WireOptions(v8_json=V8Json.STATIC))
    network = make_network(quirks=quirks)
    run_command(network, arm(ACCOUNT, 1, "me"))
    assert network.station.requests[-1].protection is Protection.STATIC


# --- commands ----------------------------------------------------------------------------------


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


# --- what may be believed (T2, T3) ---------------------------------------------------------------


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


# --- media -------------------------------------------------------------------------------------


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


# --- liveness ------------------------------------------------------------------------------------


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
