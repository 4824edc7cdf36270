"""DATA, ACK and what a bad network or a hostile station does (checklist S5 to S7, S21)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.wire import commands
from custom_components.eufy_local.eufy.wire.datagram import (
    DatagramType,
    decode_data,
    decode_datagram,
    encode_ack,
    encode_data,
    encode_datagram,
)
from custom_components.eufy_local.eufy.wire.record import RecordReader, encode_record
from simulator.faults import Chunking, Faults
from simulator.station.reliability import Inbox, Outbox

from .stage import RSA, Stage, heavy_clip
from .test_media import watch
from .test_session import awake


@given(st.integers(0, 0xFFFF), st.permutations(range(40)), st.data())
def test_chunks_are_delivered_once_and_in_order(
    first: int, order: list[int], data: st.DataObject
) -> None:
    inbox = Inbox()
    inbox._expected = first
    doubled = order + data.draw(st.lists(st.sampled_from(order)))
    got = [chunk for n in doubled for chunk in inbox.accept((first + n) % 0x10000, n.to_bytes())]
    assert got == [n.to_bytes() for n in range(40)]


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=12),
    st.sampled_from(list(Chunking)),
    st.integers(1, 1024),
)
def test_records_survive_any_chunking(sizes: list[int], chunking: Chunking, size: int) -> None:
    outbox = Outbox(Faults(chunking=chunking, chunk_size=size), window=100_000)
    for number, length in enumerate(sizes):
        outbox.push(2, encode_record(1351, bytes(6), bytes([number]) * length))
    reader = RecordReader()
    bodies = []
    for datagram in outbox.transmit(0.0):
        chunk = decode_data(decode_datagram(datagram).payload)
        assert len(chunk.chunk) <= size
        bodies += [record.body for record in reader.feed(chunk.chunk)]
    assert bodies == [bytes([n]) * length for n, length in enumerate(sizes)]
    assert outbox.queued == 0


def test_every_data_datagram_is_acknowledged_duplicates_too() -> None:
    stage, client = awake("homebase3")
    datagram = encode_data(0, 1, b"XZYH" + bytes(4))
    for _ in range(3):
        client.send(datagram)
    assert client.acknowledged.count((0, 1)) == 3
    assert next(iter(stage.core.links.values())).duplicates == 2


def test_unacknowledged_data_is_sent_again_with_the_same_bytes() -> None:
    stage = Stage()
    client = stage.client().connect()
    client.acks = False
    client.command(commands.param_query(), run=1)
    data = [d for d in client.inbox if d[1] == DatagramType.DATA and d[5] == 0]
    assert len(data) > 3
    assert len(set(data)) == 1


def test_a_channel_without_acks_is_given_up_when_asked_for() -> None:
    stage = Stage(faults=Faults(stop_unacked_after=1.0))
    client = stage.client().connect()
    client.acks = False
    client.command(commands.param_query(), run=3)
    count = sum(d[1] == DatagramType.DATA for d in client.inbox)
    stage.run(3)
    assert sum(d[1] == DatagramType.DATA for d in client.inbox) == count


def test_only_the_first_index_of_an_ack_counts_when_asked_for() -> None:
    outbox = Outbox(Faults(first_ack_index_only=True))
    for _ in range(3):
        outbox.push(1, bytes(10))
    assert len(outbox.transmit(0.0)) == 3
    outbox.acknowledge(1, (0, 1, 2))
    assert len(outbox.transmit(1.0)) == 2
    faithful = Outbox(Faults())
    for _ in range(3):
        faithful.push(1, bytes(10))
    faithful.transmit(0.0)
    faithful.acknowledge(1, (0, 1, 2))
    assert faithful.transmit(1.0) == []
    assert faithful.next_timer() is None


def test_indices_wrap_in_a_live_view_and_the_stream_goes_on() -> None:
    stage, client = awake("homebase3", Faults(chunk_size=8))
    stage.core.desk.scenes[0]._clip = heavy_clip(5_000)
    watch(stage, client, seconds=10)
    chunks = [decode_data(decode_datagram(d).payload) for d in client.inbox if d[1] == 0xD0]
    video = [chunk.index for chunk in chunks if chunk.channel == 1]
    assert len(video) > 0x10000
    assert video == [n % 0x10000 for n in range(len(video))]
    numbers = [frame.number for frame in client.media(RSA).video]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 140


def test_the_outbox_wraps_at_65536() -> None:
    outbox = Outbox(Faults(chunk_size=1), window=1)
    outbox.push(1, bytes(0x10000 + 2))
    seen = []
    for _ in range(0x10000 + 2):
        (datagram,) = outbox.transmit(0.0)
        index = decode_data(decode_datagram(datagram).payload).index
        seen.append(index)
        outbox.acknowledge(1, (index,))
    assert seen[-3:] == [0xFFFF, 0, 1]
    assert outbox.transmit(10.0) == []


@pytest.mark.parametrize("chunking", list(Chunking))
def test_loss_reordering_and_duplication_together_lose_no_frame(chunking: Chunking) -> None:
    faults = Faults(loss=0.05, reorder=0.05, duplicate=0.05, chunking=chunking)
    stage, client = awake("homebase3", faults)
    watch(stage, client, seconds=20)
    stage.run(1)
    frames = client.media(RSA).video
    numbers = [frame.number for frame in frames]
    assert numbers == list(range(len(frames)))
    assert len(frames) > 290
    assert stage.core.snapshot()["retransmissions"] > 0


def test_the_first_transmission_of_everything_may_be_lost() -> None:
    _stage, client = awake("homebase3", Faults(drop_first_data=True))
    client.command(commands.param_query(), run=2)
    assert client.results() == [(1103, 0)]


def test_a_half_open_link_says_nothing_at_all() -> None:
    stage, client = awake("homebase3")
    stage.core.faults.silent = True
    client.inbox.clear()
    client.send(encode_datagram(DatagramType.ALIVE))
    client.command(commands.param_query(), run=10)
    assert client.inbox == []


def test_hostile_headers_and_garbage_do_not_hide_what_follows() -> None:
    _stage, client = awake("homebase3", Faults(oversized_header=True, garbage_chunks=True))
    client.command(commands.param_query(), run=1)
    assert len(client.contents(1103)) == 1
    assert client._readers[2].skipped > 0


@given(st.lists(st.binary(max_size=80), max_size=30))
def test_no_datagram_makes_the_station_fail(datagrams: list[bytes]) -> None:
    stage = Stage()
    client = stage.client().connect()
    for data in datagrams:
        stage.core.receive_search(data, client.address, stage.now)
        client.send(data)
        client.send(b"\xf1\xd0" + len(data).to_bytes(2) + data)
        client.send(b"\xf1\xd1" + len(data).to_bytes(2) + data)
        client.put(encode_record(1350, bytes([8, 2, 0, 8, 0, 0]), data))
    client.send(encode_ack(1, range(100)))
    stage.run(0.3)


@given(st.integers(0, 0xFFFF), st.binary(max_size=300))
def test_no_record_content_makes_the_station_fail(command: int, body: bytes) -> None:
    stage, client = awake("homebase2")
    for level in (0, 1, 2):
        client.put(encode_record(command, bytes([1, 0, 0, level, 0, 0]), body))
    stage.run(0.3)
