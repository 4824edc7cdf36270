"""Nothing weaker than what a station has shown before (design/security.md T1)."""

import pytest

from custom_components.eufy_local.eufy.errors import (
    DowngradeRefused,
    StationMismatch,
)
from custom_components.eufy_local.eufy.link.connection import Connection
from custom_components.eufy_local.eufy.link.events import (
    Closed,
    RecordOpened,
)
from custom_components.eufy_local.eufy.link.handshake import Secured
from custom_components.eufy_local.eufy.link.pin import Pin
from custom_components.eufy_local.eufy.link.policy import LinkQuirks
from custom_components.eufy_local.eufy.link.session import Session
from custom_components.eufy_local.eufy.wire.commands import arm
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade
from custom_components.eufy_local.eufy.wire.media import MediaProtection
from custom_components.eufy_local.eufy.wire.options import V8Json, WireOptions
from custom_components.eufy_local.eufy.wire.sealing import Protection

from .conftest import MakeNetwork
from .stage import error_of, run_command
from .station import (
    ACCOUNT,
    CIPHER_ID,
    DID,
    OTHER_DID,
    STATIC,
    Script,
)


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
