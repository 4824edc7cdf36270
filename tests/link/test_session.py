"""A session in virtual time: handshake, commands, results, liveness."""

import pytest

from custom_components.eufy_local.eufy.errors import (
    CommandTimeout,
    DowngradeRefused,
    HandshakeFailed,
    KeyRejected,
    KeyUnavailable,
    LinkLost,
    StationMismatch,
    StationNotFound,
)
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    CommandDone,
    CommandFailed,
    KeyNeeded,
    RecordOpened,
)
from custom_components.eufy_local.eufy.link.handshake import Secured
from custom_components.eufy_local.eufy.wire.commands import arm, param_query
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade

from .conftest import MakeNetwork
from .station import ACCOUNT, CIPHER_ID, Script


def test_connects_and_runs_a_command(make_network: MakeNetwork) -> None:
    network = make_network()
    (secured,) = network.of(Secured)
    assert secured.grade is LinkGrade.GCM
    assert secured.cipher_id == CIPHER_ID
    token = network.session.submit(param_query(), network.now)
    assert network.run(5.0, lambda: bool(network.of(CommandDone)))
    assert network.of(CommandDone) == [CommandDone(token, 0)]
    assert network.run(1.0, lambda: bool(network.of(RecordOpened)))
    dump = [event.record for event in network.of(RecordOpened) if not event.record.receipt]
    assert dump[0].authenticated
    assert dump[0].json()["main_sw_version"] == "3.8.6.0"
    assert network.station.init_count == 1
