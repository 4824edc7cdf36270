"""Who may become the peer: identity, address, rivals, relays, waking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import (
    LinkLost,
    StationMismatch,
    StationNotFound,
)
from custom_components.eufy_local.eufy.link.connection import MAX_EVENTS, Connection, State
from custom_components.eufy_local.eufy.link.events import Closed, Endpoint, Linked
from custom_components.eufy_local.eufy.link.search import MAX_CANDIDATES, Wake
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_datagram,
    encode_data,
    encode_datagram,
    encode_lan_search,
    encode_punch,
    encode_ready,
)
from custom_components.eufy_local.eufy.wire.record import encode_record
from custom_components.eufy_local.eufy.wire.rendezvous import Endpoint as Address
from custom_components.eufy_local.eufy.wire.rendezvous import (
    Relay,
    decode_lookup,
    encode_lookup_answer,
    encode_lookup_response,
    encode_relay_offer,
)

from .conftest import MakeNetwork
from .station import DID, OTHER_DID, Script

KNOWN = ("192.168.1.20", 32108)
WIDE = ("192.168.1.255", 32108)
PEER = ("192.168.1.20", 23456)
RIVAL = ("192.168.1.66", 5000)
SERVER = ("34.1.2.3", 32100)


def start(*known: Endpoint, private_only: bool = False, seconds: float = 10.0) -> Connection:
    admit = (lambda host: host.startswith("192.168.")) if private_only else (lambda _: True)
    connection = Connection(DID, admit=admit)
    connection.start_search(0.0, known, [WIDE], seconds=seconds)
    return connection


def sent(connection: Connection) -> list[tuple[int, Endpoint]]:
    return [(data[1], addr) for data, addr in connection.datagrams_to_send()]


def events(connection: Connection) -> list[object]:
    out: list[object] = []
    while (event := connection.next_event()) is not None:
        out.append(event)
    return out


def linked(connection: Connection, now: float = 0.1) -> Connection:
    connection.receive_datagram(encode_punch(DID), PEER, now)
    connection.receive_datagram(encode_ready(DID), PEER, now)
    assert connection.state is State.LINKED
    sent(connection)
    return connection


def advance(connection: Connection, until: float) -> list[tuple[float, int, Endpoint]]:
    """Let time pass with nobody answering; what was sent, with its time."""
    out: list[tuple[float, int, Endpoint]] = []
    while (due := connection.next_timer()) is not None and due <= until:
        connection.handle_timer(due)
        out.extend((round(due, 2), type_, addr) for type_, addr in sent(connection))
    return out


def test_known_address_first_then_broadcast() -> None:
    connection = start(KNOWN)
    assert sent(connection) == [(0x30, KNOWN)]
    log = advance(connection, 3.5)
    assert log == [
        (0.3, 0x30, KNOWN),
        (1.0, 0x30, KNOWN),
        (1.0, 0x30, WIDE),
        (2.0, 0x30, KNOWN),
        (2.0, 0x30, WIDE),
        (3.0, 0x30, KNOWN),
        (3.0, 0x30, WIDE),
    ]


def test_broadcast_at_once_without_a_known_address() -> None:
    assert sent(start()) == [(0x30, WIDE)]


def test_nobody_answers() -> None:
    connection = start(KNOWN, seconds=5.0)
    advance(connection, 100.0)
    (closed,) = events(connection)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, StationNotFound)
    assert connection.next_timer() is None


def test_another_station_at_the_typed_address() -> None:
    connection = start(KNOWN)
    connection.receive_datagram(encode_punch(OTHER_DID), PEER, 0.1)
    assert connection.state is State.SEARCH
    advance(connection, 100.0)
    (closed,) = events(connection)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, StationMismatch)
    assert connection.other_did == OTHER_DID


def test_other_stations_on_the_network_are_passed_over() -> None:
    connection = start(KNOWN)
    connection.receive_datagram(encode_punch(OTHER_DID), RIVAL, 0.1)
    sent(connection)
    advance(connection, 100.0)
    (closed,) = events(connection)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, StationNotFound)


def test_the_right_answer_after_a_wrong_one() -> None:
    connection = start(KNOWN)
    connection.receive_datagram(encode_punch(OTHER_DID), PEER, 0.1)
    linked(connection)
    (event,) = events(connection)
    assert event == Linked(PEER, DID, ready=True)


def test_a_public_address_is_not_a_peer() -> None:
    connection = start(KNOWN, private_only=True)
    connection.receive_datagram(encode_punch(DID), ("34.9.9.9", 23456), 0.1)
    assert connection.state is State.SEARCH
    assert all(addr in (KNOWN, WIDE) for _, addr in sent(connection))
    advance(connection, 100.0)
    (closed,) = events(connection)
    assert isinstance(closed, Closed)
    assert "outside" in str(closed.error)


@pytest.mark.parametrize("when", [0.1, 0.9])
@pytest.mark.parametrize("phase", ["punch", "linked"])
def test_two_answers_for_one_identity_are_refused(when: float, phase: str) -> None:
    connection = start()
    connection.receive_datagram(encode_punch(DID), PEER, 0.05)
    if phase == "linked":
        connection.receive_datagram(encode_ready(DID), PEER, 0.06)
    connection.receive_datagram(encode_punch(DID), RIVAL, when)
    closed = events(connection)[-1]
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, StationMismatch)
    assert (0xF0, PEER) in sent(connection)


def test_a_rival_with_another_identity_or_too_late_changes_nothing() -> None:
    connection = linked(start())
    connection.receive_datagram(encode_punch(OTHER_DID), RIVAL, 0.2)
    connection.receive_datagram(encode_punch(DID)[:9], RIVAL, 0.2)
    connection.receive_datagram(encode_punch(DID), (PEER[0], 1), 0.2)  # second port, same host
    connection.receive_datagram(encode_punch(DID), RIVAL, 1.2)
    assert connection.state is State.LINKED
    assert connection.foreign == 4
    assert connection.contest_ends == pytest.approx(1.1)


def test_nothing_but_the_peer_is_heard_or_answered_once_linked() -> None:
    connection = linked(start())
    events(connection)
    for data in (
        encode_data(2, 0, b"x"),
        encode_datagram(0xE0),
        encode_datagram(0xF0),
        encode_punch(DID),
    ):
        connection.receive_datagram(data, RIVAL, 2.0)
        connection.receive_datagram(data, (PEER[0], PEER[1] + 1), 2.0)
    assert connection.datagrams_to_send() == []
    assert events(connection) == []
    assert connection.foreign == 8


def test_relay_offers_are_counted_and_never_taken_up() -> None:
    connection = start(KNOWN)
    sent(connection)
    offer = encode_relay_offer(Relay(Address("34.9.9.9", 10000), b"abcd"))
    for data in (offer, encode_datagram(0x73, bytes(8)), encode_datagram(0x84, bytes(20))):
        connection.receive_datagram(data, SERVER, 0.1)
    assert connection.relayed == 3
    assert connection.datagrams_to_send() == []
    assert connection.state is State.SEARCH


def test_any_answer_to_a_punch_shows_that_it_was_taken() -> None:
    connection = start()
    connection.receive_datagram(encode_punch(DID), PEER, 0.1)
    connection.receive_datagram(encode_punch(DID), PEER, 0.1)
    assert connection.state is State.PUNCH
    connection.receive_datagram(encode_datagram(0xE0), PEER, 0.2)
    assert connection.state is State.LINKED
    assert events(connection) == [Linked(PEER, DID, ready=False)]
    assert (0xE1, PEER) in sent(connection)


def test_a_station_that_refuses_the_punch() -> None:
    connection = start()
    connection.receive_datagram(encode_punch(DID), PEER, 0.1)
    connection.receive_datagram(encode_datagram(0xF0), PEER, 0.2)
    (closed,) = events(connection)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, LinkLost)
    assert closed.by_peer


def test_the_punch_is_repeated_until_it_is_taken() -> None:
    connection = start()
    connection.receive_datagram(encode_punch(DID), PEER, 0.0)
    assert (0x41, PEER) in sent(connection)
    log = advance(connection, 1.9)
    punches = [when for when, type_, _ in log if type_ == 0x41]
    assert punches == [0.5, 1.0, 1.5]


def test_a_punch_that_is_not_taken_is_searched_again_by_unicast() -> None:
    """The broadcast left by another interface: the link port belongs to the other address."""
    connection = start()
    connection.receive_datagram(encode_punch(DID), PEER, 0.0)
    sent(connection)
    # A second port while the punch is still young is no reason to change.
    connection.receive_datagram(encode_punch(DID), (PEER[0], 777), 0.1)
    log = advance(connection, 0.6)
    assert log == [(0.5, 0x30, KNOWN), (0.5, 0x41, PEER)]
    moved = (PEER[0], 34567)
    connection.receive_datagram(encode_punch(OTHER_DID), moved, 0.6)
    connection.receive_datagram(encode_punch(DID)[:9], moved, 0.6)
    assert sent(connection) == []
    connection.receive_datagram(encode_punch(DID), moved, 0.6)
    assert sent(connection) == [(0x41, moved)]
    connection.receive_datagram(encode_ready(DID), PEER, 0.7)  # the old port counts no more
    assert connection.state is State.PUNCH
    connection.receive_datagram(encode_ready(DID), moved, 0.7)
    assert events(connection) == [Linked(moved, DID, ready=True)]


def test_a_known_address_is_not_searched_again_while_it_is_punched() -> None:
    connection = start(KNOWN)
    connection.receive_datagram(encode_punch(DID), PEER, 0.0)
    sent(connection)
    assert {type_ for _, type_, _ in advance(connection, 1.9)} == {0x41}


def test_a_burst_after_the_end_is_ignored() -> None:
    connection = linked(start())
    connection.close(1.0)
    events(connection)
    connection.receive_burst([encode_data(2, 0, b"x")], 1.0)
    assert connection.next_event() is None


def test_events_nobody_collects_are_bounded() -> None:
    connection = linked(start())
    tiny = encode_record(1300, bytes(6)) * 60
    connection.receive_burst([encode_data(1, n, tiny) for n in range(100)], 0.2)
    assert connection.overrun == 6000 + 1 - MAX_EVENTS
    assert len(events(connection)) == MAX_EVENTS


# --- waking --------------------------------------------------------------------------------------

PLAN = Wake((SERVER,), Secret("AbCdEfGhIjKlMnOpQrSt"), ("192.168.1.5", 40000))


def waking(*, private_only: bool = True) -> Connection:
    connection = start(private_only=private_only)
    sent(connection)
    connection.wake(PLAN, 1.5)
    return connection


def test_a_wake_says_hello_and_looks_up_each_second() -> None:
    connection = waking()
    out = connection.datagrams_to_send()
    to_server = [data for data, addr in out if addr == SERVER]
    assert [data[1] for data in to_server] == [0x00, 0x26]
    did, local, dsk = decode_lookup(decode_datagram(to_server[1]).payload)
    assert (did, tuple(local), dsk.reveal()) == (DID, PLAN.local, PLAN.dsk.reveal())
    assert (0x30, WIDE) in [(data[1], addr) for data, addr in out]
    log = advance(connection, 4.0)
    assert [when for when, type_, addr in log if type_ == 0x26] == pytest.approx(
        [2.2, 3.2], abs=0.1
    )


def test_the_woken_camera_punches_our_lan_endpoint() -> None:
    connection = waking()
    connection.receive_datagram(encode_lookup_response(0), SERVER, 2.0)
    connection.receive_datagram(encode_punch(DID), PEER, 4.0)
    connection.receive_datagram(encode_ready(DID), PEER, 4.0)
    assert connection.state is State.LINKED
    sent(connection)
    advance(connection, 4.5)
    assert all(addr == PEER for _, addr in sent(connection))


def test_a_named_lan_address_is_punched() -> None:
    connection = waking()
    connection.receive_datagram(encode_lookup_answer(Address(*PEER)), SERVER, 2.0)
    connection.receive_datagram(encode_lookup_answer(Address(*PEER)), SERVER, 2.0)
    sent(connection)
    log = advance(connection, 3.5)
    assert (0x41, PEER) in [(type_, addr) for _, type_, addr in log]
    connection.receive_datagram(encode_ready(DID), PEER, 3.6)
    assert events(connection) == [Linked(PEER, DID, ready=True)]


def test_public_and_empty_addresses_of_a_lookup_are_not_punched() -> None:
    connection = waking()
    sent(connection)
    for named in (Address("34.5.5.5", 1234), Address("0.0.0.0", 0)):
        connection.receive_datagram(encode_lookup_answer(named), SERVER, 2.0)
    log = advance(connection, 4.0)
    assert {addr for _, _, addr in log} == {SERVER, WIDE}


def test_only_the_asked_servers_may_name_addresses_and_only_a_few() -> None:
    connection = waking()
    connection.receive_datagram(encode_lookup_answer(Address(*PEER)), RIVAL, 2.0)
    for n in range(10):
        named = Address(f"192.168.1.{100 + n}", 1234)
        connection.receive_datagram(encode_lookup_answer(named), SERVER, 2.0)
    sent(connection)
    log = advance(connection, 2.6)
    punched = {addr[0] for _, type_, addr in log if type_ == 0x41}
    assert punched == {f"192.168.1.{100 + n}" for n in range(MAX_CANDIDATES)}


def test_a_confirmation_nobody_asked_for() -> None:
    connection = waking()
    connection.receive_datagram(encode_ready(DID), PEER, 2.0)
    assert connection.state is State.SEARCH


def test_no_code_of_a_server_ends_the_search() -> None:
    connection = waking()
    for code in (253, 254):
        connection.receive_datagram(encode_lookup_response(code), SERVER, 2.0)
    assert connection.state is State.SEARCH


def test_a_camera_that_cannot_be_woken() -> None:
    connection = waking()
    advance(connection, 100.0)
    (closed,) = events(connection)
    assert isinstance(closed, Closed)
    assert "woken" in str(closed.error)


def test_waking_comes_too_late_once_the_camera_answered() -> None:
    connection = linked(start())
    connection.wake(PLAN, 2.0)
    assert all(addr == PEER for _, addr in sent(connection))


def test_no_datagram_to_anyone_but_peer_and_search_addresses(make_network: MakeNetwork) -> None:
    network = make_network(Script())
    network.inject(encode_datagram(0xE0), RIVAL)
    network.inject(encode_lan_search(), RIVAL)
    network.inject(encode_punch(OTHER_DID), RIVAL)
    network.inject(encode_datagram(int(DatagramType.LOOKUP_WITH_KEY), bytes(60)), RIVAL)
    network.run(3.0)
    assert network.to_others == []


# --- anything at all (T5) ------------------------------------------------------------------------

HEADS = st.sampled_from(
    [b"\xf1" + bytes([type_]) for type_ in (0, 1, 0x21, 0x40, 0x41, 0x42, 0x82, 0xD0, 0xD1, 0xE0)]
    + [b"\xf1\xd0\x00\x08\xd1\x02", b"\xf1\xd1\x00\x08\xd1\x00", b""]
)
DATAGRAMS = st.lists(
    st.tuples(
        st.builds(lambda head, tail: head + tail, HEADS, st.binary(max_size=60)),
        st.sampled_from([PEER, RIVAL, SERVER, KNOWN]),
    ),
    max_size=40,
)


@given(DATAGRAMS, st.sampled_from(["search", "wake", "punch", "linked"]))
def test_no_datagram_raises_amplifies_or_draws_an_answer_for_a_stranger(
    datagrams: list[tuple[bytes, Endpoint]], phase: str
) -> None:
    connection = start(KNOWN, private_only=True)
    if phase == "wake":
        connection.wake(PLAN, 0.01)
    elif phase != "search":
        connection.receive_datagram(encode_punch(DID), PEER, 0.01)
    if phase == "linked":
        connection.receive_datagram(encode_ready(DID), PEER, 0.02)
    connection.datagrams_to_send()
    for data, addr in datagrams:
        connection.receive_datagram(data, addr, 0.05)
        # The first ALIVE of a link that has just come up answers nothing.
        out = [item for item in connection.datagrams_to_send() if item[0][1] != 0xE0]
        # One answer at most; two copies of CLOSE when a rival shows up, to the peer.
        assert len(out) <= 1 or {answer[:2] for answer, _ in out} == {b"\xf1\xf0"}
        assert all(to == connection.peer for _, to in out)
        if out and addr != connection.peer:
            assert out[0][0][1] == 0xF0
    while connection.next_event() is not None:
        pass
    while connection.state is not State.CLOSED:
        connection.handle_timer(connection.next_timer() or 0.0)
