"""Looking at what a session has reported."""

from dataclasses import replace

from custom_components.eufy_local.eufy.errors import (
    EufyError,
)
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    CommandDone,
    CommandFailed,
    RecordOpened,
)
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.commands import param_query
from custom_components.eufy_local.eufy.wire.sealing import OpenedRecord

from .station import (
    CIPHER,
    Network,
)

WRONG_ECC = replace(CIPHER, ecc_private=Secret("1" * 64))
BROKEN_RSA = replace(CIPHER, rsa_private=Secret("miicdgibadanbgkqhkig9w0baqefaascamawggjc"))


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
