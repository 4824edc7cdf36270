"""Records and the stream reader."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import record
from custom_components.eufy_local.eufy.wire.record import Record, RecordReader

from .support import P2P, unhex

SUB = bytes.fromhex("010203040506")


def pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def read(stream: bytes, size: int = 1024) -> tuple[list[Record], RecordReader]:
    reader = RecordReader()
    out: list[Record] = []
    for chunk in pieces(stream, size):
        out += reader.feed(chunk)
    return out, reader


def test_reassembly_vector_in_stream_order() -> None:
    case = P2P["reassembly"]["split_and_wrap"]
    reader = RecordReader()
    done: list[list[Record]] = [reader.feed(unhex(chunk["data"])) for chunk in case["chunks"]]
    flat = [item for items in done for item in items]
    assert [(item.command, item.body.hex()) for item in flat] == [
        (frame["cmd"], frame["payload"]) for frame in case["frames"]
    ]
    # A record is there with its last byte, not with the start of the next one.
    assert [len(items) for items in done] == [0, 0, 1, 1]


def test_subheader_names() -> None:
    item = Record(1300, SUB, b"")
    assert (item.version, item.counter, item.channel) == (1, 2, 3)
    assert (item.encryption, item.flag, item.audio_kind) == (4, 5, 6)


def test_one_record_round_trip_and_refusals() -> None:
    raw = record.encode_record(1350, SUB, b"body")
    assert record.decode_record(raw) == Record(1350, SUB, b"body")
    assert record.decode_header(raw[:16]) == (1350, 4, SUB)
    for broken in (raw[:-1], raw + b"x", raw[:15], b"XZYZ" + raw[4:], b""):
        with pytest.raises(WireError):
            record.decode_record(broken)
    with pytest.raises(WireError):
        record.encode_record(70000, SUB)
    with pytest.raises(WireError):
        record.encode_record(1, b"")


@given(
    st.lists(
        st.tuples(
            st.integers(0, 0xFFFF), st.binary(min_size=6, max_size=6), st.binary(max_size=90)
        ),
        max_size=6,
    ),
    st.integers(1, 70),
    st.binary(max_size=40),
)
def test_any_chunking_gives_the_same_records(
    items: list[tuple[int, bytes, bytes]], size: int, junk: bytes
) -> None:
    stream = b"".join(record.encode_record(*item) for item in items)
    junk = junk.replace(b"X", b"Y")
    got, reader = read(junk + stream, size)
    assert [tuple(item) for item in got] == items
    if items:
        assert reader.pending == 0
        assert reader.skipped == len(junk)


def test_large_bodies_are_joined_once_and_counted_while_open() -> None:
    body = bytes(range(256)) * 4000
    stream = record.encode_record(1300, SUB, body)
    reader = RecordReader()
    out: list[Record] = []
    for chunk in pieces(stream, 1024)[:-1]:
        out += reader.feed(memoryview(chunk))
        assert reader.pending <= record.MAX_MEDIA_BODY
    assert not out
    assert reader.pending + reader.expected == len(body)
    out += reader.feed(pieces(stream, 1024)[-1])
    assert out == [Record(1300, SUB, body)]
    assert (reader.pending, reader.expected) == (0, 0)


@pytest.mark.parametrize(
    ("command", "limit"),
    [
        (1300, record.MAX_MEDIA_BODY),
        (1301, record.MAX_MEDIA_BODY),
        (1306, record.MAX_TABLE_BODY),
        (1308, record.MAX_TABLE_BODY),
        (1103, record.MAX_CONTROL_BODY),
        (9999, record.MAX_CONTROL_BODY),
    ],
)
def test_a_longer_body_than_its_type_allows_is_a_false_match(command: int, limit: int) -> None:
    assert record.body_limit(command) == limit
    good = record.encode_record(1, SUB, b"good")
    too_long = b"XZYH" + command.to_bytes(2, "little") + (limit + 1).to_bytes(4, "little") + SUB
    got, reader = read(too_long + good)
    assert got == [Record(1, SUB, b"good")]
    assert reader.skipped == 16
    fits = b"XZYH" + command.to_bytes(2, "little") + limit.to_bytes(4, "little") + SUB
    reader = RecordReader()
    assert reader.feed(fits) == []
    assert reader.expected == limit


def test_zeros_without_magic_make_no_records_and_end() -> None:
    # field: zero-chunk-T8424
    reader = RecordReader()
    assert reader.feed(bytes(1024)) == []
    assert reader.skipped + reader.pending == 1024
    assert reader.pending < 4
    good = record.encode_record(1, SUB, b"x")
    assert reader.feed(good) == [Record(1, SUB, b"x")]
    assert reader.skipped == 1024


def test_a_magic_cut_in_two_is_still_found() -> None:
    good = record.encode_record(1, SUB, b"x")
    for cut in range(1, len(good)):
        reader = RecordReader()
        out = reader.feed(bytes(40) + good[:cut])
        out += reader.feed(good[cut:])
        assert out == [Record(1, SUB, b"x")]
        assert reader.skipped == 40


def test_abandoning_an_open_record_resynchronises() -> None:
    big = record.encode_record(1300, SUB, bytes(5000))
    good = record.encode_record(1301, SUB, b"x")
    reader = RecordReader()
    assert reader.feed(big[:2000]) == []
    reader.abandon()
    assert reader.pending == 0
    assert reader.feed(bytes(100) + good) == [Record(1301, SUB, b"x")]
    assert reader.skipped == 2000 - 16 + 100


def test_many_false_magics_do_not_take_quadratic_time() -> None:
    false = (b"XZYH" + b"\xff" * 12) * 4000
    reader = RecordReader()
    assert reader.feed(false) == []
    assert reader.skipped == len(false) - reader.pending
    assert reader.pending < 16


def test_many_small_records_in_one_chunk() -> None:
    stream = record.encode_record(1139, SUB) * 1000
    got, _ = read(stream, len(stream))
    assert len(got) == 1000


@pytest.mark.parametrize("size", [1, 7, 255])
def test_tiny_chunks_do_not_take_more_memory_than_they_carry(size: int) -> None:
    body = bytes(range(250)) * 1200
    stream = record.encode_record(1300, SUB, body)
    chunks = pieces(stream, size)
    reader = RecordReader()
    tracemalloc.start()
    try:
        for chunk in chunks[:-1]:
            assert reader.feed(bytes(bytearray(chunk))) == []
        grown = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert grown < 1.5 * len(body)
    assert reader.feed(chunks[-1]) == [Record(1300, SUB, body)]


def test_small_and_large_chunks_keep_their_order() -> None:
    body = bytes(index % 251 for index in range(60000))
    stream = record.encode_record(1300, SUB, body)
    reader = RecordReader()
    out: list[Record] = []
    position = 0
    for size in [1000, 3, 5000, 200, 200, 1, 900, 4096, 17] * 20:
        out += reader.feed(stream[position : position + size])
        position += size
    assert out == [Record(1300, SUB, body)]
