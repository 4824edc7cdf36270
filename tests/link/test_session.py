"""A session in virtual time: search, handshake, grades."""

from dataclasses import replace

import pytest

from custom_components.eufy_local.eufy.errors import (
    HandshakeFailed,
    KeyRejected,
    KeyUnavailable,
    LinkError,
)
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    CommandDone,
    KeyNeeded,
    Linked,
)
from custom_components.eufy_local.eufy.link.handshake import Secured
from custom_components.eufy_local.eufy.link.pin import Pin
from custom_components.eufy_local.eufy.link.policy import LinkQuirks
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.commands import arm, param_query
from custom_components.eufy_local.eufy.wire.envelopes import GuardForm, scalar
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from custom_components.eufy_local.eufy.wire.record import encode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .conftest import MakeNetwork
from .stage import BROKEN_RSA, WRONG_ECC, error_of, opened, run_command
from .station import (
    ACCOUNT,
    CIPHER,
    CIPHER_ID,
    DID,
    Script,
)


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
