"""Waking a sleeping camera, and what a server may answer instead."""

import pytest

from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.datagram import DatagramType, decode_datagram
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.rendezvous import (
    Endpoint,
    decode_lookup_response,
    encode_hello,
    encode_lookup,
)
from simulator.rendezvous import REFUSED, Manner, Rendezvous

from .stage import Client, Stage


def ask(stage: Stage, client: Client, server: Rendezvous, dsk: str) -> list[bytes]:
    did = Did.parse(stage.core.spec.did)
    lookup = encode_lookup(did, Endpoint(*client.address), Secret(dsk))
    return server.receive(lookup, stage.now)


def scene(manner: Manner = Manner.HONEST) -> tuple[Stage, Client, Rendezvous, str]:
    stage = Stage("standalone_battery")
    serial = stage.core.spec.serial
    right = stage.home.dsk(serial)
    server = Rendezvous([stage.core], lambda s, key: (s, key) == (serial, right))
    server.manner = manner
    return stage, stage.client(), server, right


def test_the_right_key_makes_the_camera_punch_the_address_in_the_lookup() -> None:
    stage, client, server, dsk = scene()
    assert decode_datagram(server.receive(encode_hello(), stage.now)[0]).type == 1
    (answer,) = ask(stage, client, server, dsk)
    assert decode_lookup_response(decode_datagram(answer).payload) == 0
    stage.run(1.7)
    assert not client.inbox
    stage.run(1.5)
    assert client.link
    assert client.connect().keys is not None


@pytest.mark.parametrize("manner", [Manner.REFUSES, Manner.RELAY, Manner.HONEST])
def test_otherwise_it_sleeps_on(manner: Manner) -> None:
    stage, client, server, dsk = scene(manner)
    (answer,) = ask(
        stage, client, server, "WRONGWRONGWRONGWRONG" if manner is Manner.HONEST else dsk
    )
    datagram = decode_datagram(answer)
    if manner is Manner.RELAY:
        assert datagram.type == DatagramType.RELAY_TO
    else:
        assert decode_lookup_response(datagram.payload) == REFUSED
    stage.run(5)
    assert not client.inbox


def test_a_public_address_may_be_named_too() -> None:
    stage, client, server, dsk = scene(Manner.PUBLIC_ADDRESS)
    types = [decode_datagram(data).type for data in ask(stage, client, server, dsk)]
    assert types == [DatagramType.LOOKUP_RESPONSE, DatagramType.PUNCH_TO]
