"""The receiving half: order, duplicates, holes, budget, acknowledgements."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.link.budget import MIB, Budget, TotalBudget
from custom_components.eufy_local.eufy.link.channels import (
    CONTROL_HOLE_TIME,
    MAX_REORDERED,
    MEDIA_HOLE_TIME,
    Delivered,
    Receiver,
)
from custom_components.eufy_local.eufy.wire.datagram import (
    decode_ack,
    decode_datagram,
    encode_data,
)
from custom_components.eufy_local.eufy.wire.record import Record, encode_record

SUB = bytes([1, 0, 0, 0, 10, 0])


def stream(
    bodies: list[bytes], *, first: int = 0, channel: int = 1, chunk: int = 100
) -> list[bytes]:
    data = b"".join(encode_record(1300, SUB, body) for body in bodies)
    pieces = [data[at : at + chunk] for at in range(0, len(data), chunk)]
    return [encode_data(channel, (first + n) & 0xFFFF, piece) for n, piece in enumerate(pieces)]


def bodies(count: int, size: int = 350) -> list[bytes]:
    rng = random.Random(count)
    return [rng.randbytes(size + n) for n in range(count)]


def take(receiver: Receiver, datagrams: list[bytes], now: float = 0.0) -> list[Record]:
    out: list[Delivered] = []
    assert receiver.take(datagrams, now, out) == []
    return [record for _, record in out]


def acked(receiver: Receiver) -> list[tuple[int, tuple[int, ...]]]:
    out: list[bytes] = []
    receiver.acknowledge(out)
    acks = [decode_ack(decode_datagram(data).payload) for data in out]
    return [(ack.channel, tuple(ack.indices)) for ack in acks]


def receiver_at(expected: int, *, channel: int = 1, **kwargs: bool) -> Receiver:
    """A receiver that has already taken `expected` datagrams of `channel`."""
    receiver = Receiver(Budget(), **kwargs)
    for start in range(0, expected, 4096):
        take(
            receiver,
            [encode_data(channel, n, b"") for n in range(start, min(expected, start + 4096))],
        )
    acked(receiver)
    return receiver


def test_a_record_is_complete_with_its_last_byte() -> None:
    receiver = Receiver(Budget())
    datagrams = stream([b"x" * 250])
    assert take(receiver, datagrams[:-1]) == []
    (record,) = take(receiver, datagrams[-1:])
    assert record.body == b"x" * 250
    assert receiver.held == 0


def test_one_ack_per_drain_with_at_most_seventeen_indices() -> None:
    receiver = Receiver(Budget())
    take(receiver, [encode_data(2, n, b"") for n in range(40)] + [encode_data(1, 0, b"")])
    assert acked(receiver) == [
        (1, (0,)),
        (2, tuple(range(17))),
        (2, tuple(range(17, 34))),
        (2, tuple(range(34, 40))),
    ]
    assert acked(receiver) == []


def test_duplicates_are_acknowledged_again_and_delivered_once() -> None:
    receiver = Receiver(Budget())
    datagrams = stream(bodies(1))
    assert len(take(receiver, datagrams)) == 1
    acked(receiver)
    assert take(receiver, datagrams) == []
    assert acked(receiver) == [(1, tuple(range(len(datagrams))))]
    assert receiver.duplicates == len(datagrams)


@given(st.data())
def test_any_order_and_duplication_gives_the_same_records(data: st.DataObject) -> None:
    sent = bodies(data.draw(st.integers(1, 6)))
    first = data.draw(st.sampled_from([0, 1, 65_530, 65_535]))
    datagrams = stream(sent, first=first, chunk=data.draw(st.integers(1, 200)))
    extra = data.draw(st.lists(st.sampled_from(datagrams), max_size=20))
    order = data.draw(st.permutations(range(len(datagrams) + len(extra))))
    shuffled = [(datagrams + extra)[n] for n in order]
    receiver = _RECEIVERS[first]()
    got: list[Record] = []
    at = 0
    while at < len(shuffled):
        step = data.draw(st.integers(1, 30))
        got.extend(take(receiver, shuffled[at : at + step]))
        at += step
    assert [record.body for record in got] == sent
    assert receiver.held == 0
    assert {i for _, indices in acked(receiver) for i in indices} == {
        (first + n) & 0xFFFF for n in range(len(datagrams))
    }


def _moved(expected: int) -> Receiver:
    receiver = Receiver(Budget())
    receiver._streams[1].expected = expected
    return receiver


_RECEIVERS = {
    0: lambda: Receiver(Budget()),
    1: lambda: receiver_at(1),
    65_530: lambda: _moved(65_530),
    65_535: lambda: _moved(65_535),
}


def test_the_index_wraps() -> None:
    receiver = receiver_at(65_530)
    sent = bodies(5)
    datagrams = stream(sent, first=65_530)
    datagrams[3], datagrams[7] = datagrams[7], datagrams[3]
    assert [record.body for record in take(receiver, datagrams)] == sent
    # An index from before the wrap is old, not 65535 ahead.
    assert take(receiver, [encode_data(1, 65_500, b"old")]) == []
    assert receiver.duplicates == 1


@pytest.mark.parametrize(("channel", "wait"), [(1, MEDIA_HOLE_TIME), (2, CONTROL_HOLE_TIME)])
def test_a_permanent_hole_is_skipped_after_its_time(channel: int, wait: float) -> None:
    receiver = Receiver(Budget())
    sent = bodies(4)
    datagrams = stream(sent, channel=channel)
    del datagrams[5]  # inside the second record
    got = take(receiver, datagrams, now=10.0)
    assert [record.body for record in got] == sent[:1]
    assert receiver.has_holes
    assert receiver.next_timer() == pytest.approx(10.0 + wait)
    out: list[Delivered] = []
    assert receiver.handle_timer(10.0 + wait - 0.01, out) == []
    assert receiver.handle_timer(10.0 + wait, out) == [channel]
    assert [record.body for _, record in out] == sent[2:]
    assert not receiver.has_holes
    assert receiver.next_timer() is None
    assert receiver.skipped == 1


def test_a_hole_that_is_filled_in_time_costs_nothing() -> None:
    receiver = Receiver(Budget())
    sent = bodies(3)
    datagrams = stream(sent)
    late = datagrams.pop(4)
    take(receiver, datagrams, now=1.0)
    got = take(receiver, [late], now=1.9)
    assert [record.body for record in got] == sent[1:]
    assert receiver.skipped == 0


def test_the_hole_timer_starts_anew_for_the_next_hole() -> None:
    receiver = Receiver(Budget())
    datagrams = [encode_data(1, n, b"") for n in range(10)]
    take(receiver, [datagrams[1], datagrams[3]], now=1.0)
    take(receiver, [datagrams[0]], now=1.8)
    assert receiver.next_timer() == pytest.approx(2.8)


def test_the_reorder_buffer_is_bounded_and_the_rest_is_not_acknowledged() -> None:
    receiver = Receiver(Budget())
    take(receiver, [encode_data(1, n, b"") for n in range(1, MAX_REORDERED + 100)])
    indices = [i for _, part in acked(receiver) for i in part]
    assert indices == list(range(1, MAX_REORDERED + 1))
    # The missing one still gets in.
    take(receiver, [encode_data(1, 0, b"")])
    assert not receiver.has_holes
    assert acked(receiver) == [(1, (0,))]


def test_cut_off_and_malformed_datagrams_are_not_acknowledged() -> None:
    receiver = Receiver(Budget())
    whole = encode_data(1, 0, b"abcdef")
    bad = [
        whole[:-1],
        whole[:4] + b"\x00" + whole[5:],  # not a DATA payload
        encode_data(4, 0, b"a channel that does not exist"),
        encode_data(255, 0, b""),
        whole[:2] + b"\x00\x02" + whole[4:],  # shorter than its own header
    ]
    assert take(receiver, bad) == []
    assert receiver.malformed == len(bad)
    assert acked(receiver) == []
    assert receiver.take([b"", b"\xf1", b"\xf1\xe0\0\0", b"junk" * 9], 0.0, []) == [
        b"",
        b"\xf1",
        b"\xf1\xe0\0\0",
        b"junk" * 9,
    ]


def test_trailers_and_a_declared_length_of_zero() -> None:
    receiver = Receiver(Budget())
    record = encode_record(1300, SUB, b"0123456789")
    with_trailer = encode_data(1, 0, record[:20]) + b"trailer"
    zero = bytearray(encode_data(1, 1, record[20:]))
    zero[2:4] = b"\0\0"
    (got,) = take(receiver, [with_trailer, bytes(zero)])
    assert got.body == b"0123456789"


# --- budget ---------------------------------------------------------------------------------


def test_a_hostile_station_stays_within_the_budget() -> None:
    total = TotalBudget()
    receiver = Receiver(Budget(parent=total))
    rng = random.Random(3)
    worst = 0
    counters = dict.fromkeys(range(4), 0)
    for _ in range(600):
        batch: list[bytes] = []
        for _ in range(64):
            channel = rng.randrange(4)
            counters[channel] += 1 if counters[channel] else 2  # index 0 never comes
            batch.append(encode_data(channel, counters[channel] & 0xFFFF, bytes(1400)))
        receiver.take(batch, 0.0, [])
        worst = max(worst, receiver.held)
    assert worst <= 17 * MIB
    assert total.held <= 17 * MIB


def test_the_total_of_all_links_is_bounded() -> None:
    total = TotalBudget(limit=4 * MIB)
    receivers = [Receiver(Budget(parent=total)) for _ in range(4)]
    for round_ in range(60):
        for receiver in receivers:
            first = 1 + 64 * round_
            batch = [encode_data(1, first + n, bytes(1024)) for n in range(64)]
            receiver.take(batch, 0.0, [])
    assert total.held <= 4 * MIB + 4 * 64 * 1024
    assert any(receiver.skipped for receiver in receivers)


def test_a_link_whose_neighbours_hold_everything_does_not_hang() -> None:
    total = TotalBudget(limit=1024)
    hog = Budget(parent=total)
    hog.hold(4096)
    receiver = Receiver(Budget(parent=total))
    sent = bodies(3, size=60)
    assert len(take(receiver, stream(sent) + [encode_data(2, n, b"") for n in range(64)])) == 3
    hog.release()
    assert total.held == 0


def test_after_running_over_budget_the_stream_goes_on() -> None:
    receiver = Receiver(Budget(limit=100_000))
    flood = [encode_data(1, n, bytes(1024)) for n in range(1, 193)]
    take(receiver, flood)
    assert receiver.skipped >= 1
    assert receiver.held <= 100_000
    sent = bodies(2)
    start = receiver._streams[1].expected
    assert [r.body for r in take(receiver, stream(sent, first=start))] == sent


# --- falling back to single acknowledgements ------------------------------------------------


def repeat(receiver: Receiver, indices: list[int], burst: int = 20) -> None:
    for at in range(0, len(indices), burst):
        take(receiver, [encode_data(1, n, b"") for n in indices[at : at + burst]])
        acked(receiver)


def test_a_station_that_reads_only_the_first_index_gets_single_acks() -> None:
    receiver = Receiver(Budget())
    pending = list(range(60))
    for _ in range(4):
        take(receiver, [encode_data(1, n, b"") for n in pending])
        read = {indices[0] for _, indices in acked(receiver)}
        pending = [n for n in pending if n not in read]
    assert receiver.single_acks
    assert pending == []


def test_lost_acks_alone_do_not_cause_the_fallback() -> None:
    receiver = Receiver(Budget())
    rng = random.Random(5)
    waiting: dict[int, int] = {}
    sent = 0
    for _ in range(3000):
        fresh = list(range(sent, sent + 10))
        sent += 10
        batch = list(waiting) + fresh
        take(receiver, [encode_data(1, n & 0xFFFF, b"") for n in batch])
        waiting.update(dict.fromkeys(fresh, 0))
        for _, indices in acked(receiver):
            if rng.random() >= 0.05:  # this ACK arrives
                waiting = {n: t for n, t in waiting.items() if n & 0xFFFF not in indices}
    assert not receiver.single_acks


def test_single_acks_from_the_start() -> None:
    receiver = Receiver(Budget(), single_acks=True)
    take(receiver, [encode_data(1, n, b"") for n in range(3)])
    assert acked(receiver) == [(1, (0,)), (1, (1,)), (1, (2,))]
    repeat(receiver, [0, 1, 2])
    assert receiver.single_acks


def test_repeats_that_were_acknowledged_singly_do_not_count() -> None:
    receiver = Receiver(Budget())
    take(receiver, [encode_data(1, n, b"") for n in range(10)])
    acked(receiver)
    for _ in range(5):
        for n in range(1, 10):
            repeat(receiver, [n])
    assert not receiver.single_acks
