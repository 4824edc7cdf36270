"""DID, datagrams and the host list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import app_conn, datagram
from custom_components.eufy_local.eufy.wire.datagram import DatagramType
from custom_components.eufy_local.eufy.wire.did import Did

from .support import CLOUD, P2P, STATION_DID, cases, unhex

PPPP = P2P["pppp"]


@pytest.mark.parametrize(("name", "case"), cases(P2P["did"]))
def test_did_text_and_struct_agree(name: str, case: dict[str, str]) -> None:
    did = Did.parse(case["text"])
    assert did.to_bytes().hex() == case["struct"]
    assert Did.from_bytes(unhex(case["struct"])) == did
    assert str(did) == case["text"]


def test_did_reads_short_and_long_structs() -> None:
    struct = STATION_DID.to_bytes()
    assert Did.from_bytes(struct[:17]) == STATION_DID
    assert Did.from_bytes(struct + b"\0\0\0") == STATION_DID
    assert Did.from_bytes(memoryview(struct)) == STATION_DID


@pytest.mark.parametrize(
    "text",
    ["", "ABC", "ABC-1", "ABC-x-DEF", "-1-A", "A--A", "ABCDEFGHI-1-A", "A-99999999999-B", "Ä-1-B"],
)
def test_did_refuses_other_texts(text: str) -> None:
    with pytest.raises(WireError):
        Did.parse(text)


def test_did_numbers_have_32_bits() -> None:
    assert Did.parse("A-4294967295-B").number == 0xFFFF_FFFF
    with pytest.raises(WireError):
        Did.parse("A-4294967296-B")


@pytest.mark.parametrize("data", [b"", bytes(20), b"\xff" * 20, b"AB\x01CDEFG" + bytes(12)])
def test_did_refuses_other_structs(data: bytes) -> None:
    with pytest.raises(WireError):
        Did.from_bytes(data)


@pytest.mark.parametrize(
    ("built", "vector"),
    [
        (datagram.encode_lan_search(), "lan_search_short"),
        (datagram.encode_lan_search(padding=True), "lan_search_ts"),
        (datagram.encode_punch(STATION_DID), "punch_from_station"),
        (datagram.encode_punch(STATION_DID), "punch_back_py"),
        (datagram.encode_check_cam(STATION_DID), "check_cam_ts"),
        (datagram.encode_ready(STATION_DID), "p2p_rdy"),
        (datagram.encode_datagram(DatagramType.ALIVE), "alive"),
        (datagram.encode_datagram(DatagramType.ALIVE_ACK), "alive_ack"),
        (datagram.encode_datagram(DatagramType.CLOSE), "close"),
        (datagram.encode_datagram(DatagramType.HELLO), "hello"),
        (datagram.encode_data(0, 5, b"hello"), "drw_ch0_idx5"),
        (datagram.encode_ack(0, [5]), "ack_ch0_idx5"),
        (datagram.encode_ack(1, [65534, 65535, 0]), "ack_ch1_multi"),
    ],
)
def test_datagrams_are_written_as_in_the_vectors(built: bytes, vector: str) -> None:
    assert built.hex() == PPPP[vector]["hex"]


def test_data_and_ack_are_read_back() -> None:
    raw = unhex(PPPP["drw_ch0_idx5"]["hex"])
    chunk = datagram.decode_data(datagram.decode_datagram(raw).payload)
    assert (chunk.channel, chunk.index, bytes(chunk.chunk)) == (0, 5, b"hello")
    assert datagram.unpack_data(raw) == (0, 5, len(raw))
    ack = datagram.decode_ack(datagram.decode_datagram(unhex(PPPP["ack_ch1_multi"]["hex"])).payload)
    assert ack == (1, (65534, 65535, 0))


def test_a_declared_length_of_zero_means_everything_present() -> None:
    assert bytes(datagram.decode_datagram(b"\xf1\xe0\0\0trailer").payload) == b"trailer"
    assert bytes(datagram.decode_datagram(b"\xf1\xe0\0\x09abc").payload) == b"abc"
    assert bytes(datagram.decode_datagram(b"\xf1\x41\0\x02abc").payload) == b"ab"


def test_a_cut_data_datagram_is_refused_so_that_it_comes_again() -> None:
    raw = unhex(PPPP["drw_ch0_idx5"]["hex"])[:-1]
    assert datagram.unpack_data(raw) is None
    with pytest.raises(WireError):
        datagram.decode_datagram(raw)


def test_fast_reading_leaves_everything_else_to_the_careful_one() -> None:
    assert datagram.unpack_data(b"") is None
    assert datagram.unpack_data(unhex(PPPP["ack_ch0_idx5"]["hex"])) is None
    # A length too small for its own header is not believed.
    assert datagram.unpack_data(b"\xf1\xd0\0\x02\xd1\x01\0\x07rest") is None
    assert datagram.unpack_data(b"\xf1\xd0\0\0\xd1\x01\0\x07rest") == (1, 7, 12)


def test_an_ack_with_fewer_indices_than_its_count_uses_those_present() -> None:
    assert datagram.decode_ack(b"\xd1\0\0\x05\0\x01\0\x02\0").indices == (1, 2)
    assert datagram.decode_ack(b"\xd1\0\0\x01\0\x01\0\x02").indices == (1,)


@pytest.mark.parametrize("payload", [b"", b"\xd1\0\0", b"\xd0\0\0\0"])
def test_other_payloads_are_refused(payload: bytes) -> None:
    with pytest.raises(WireError):
        datagram.decode_data(payload)
    with pytest.raises(WireError):
        datagram.decode_ack(payload)


def test_fields_that_do_not_fit_are_refused() -> None:
    for call in (
        lambda: datagram.encode_datagram(1, bytes(70000)),
        lambda: datagram.encode_data(0, 70000, b""),
        lambda: datagram.encode_ack(0, [70000]),
        lambda: datagram.encode_ack(0, [0] * 40000),
        lambda: datagram.decode_datagram(b"\xf2\0\0\0"),
    ):
        with pytest.raises(WireError):
            call()


@given(st.integers(0, 3), st.integers(0, 0xFFFF), st.binary(max_size=1024))
def test_data_round_trip(channel: int, index: int, chunk: bytes) -> None:
    raw = datagram.encode_data(channel, index, chunk)
    read = datagram.decode_data(datagram.decode_datagram(raw).payload)
    assert (read.channel, read.index, bytes(read.chunk)) == (channel, index, chunk)
    assert datagram.unpack_data(raw) == (channel, index, len(raw))


@given(st.integers(0, 3), st.lists(st.integers(0, 0xFFFF), max_size=40))
def test_ack_round_trip(channel: int, indices: list[int]) -> None:
    raw = datagram.encode_ack(channel, indices)
    assert datagram.decode_ack(datagram.decode_datagram(raw).payload) == (channel, tuple(indices))


# --- host list -------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "case"), cases(P2P["app_conn"]))
def test_host_lists_are_read_with_and_without_their_tail(name: str, case: dict) -> None:
    hosts = tuple(case["hosts"])
    assert app_conn.decode_app_conn(case["encoded_text"]) == hosts
    assert app_conn.decode_app_conn(case["with_tail_text"]) == hosts
    assert app_conn.encode_app_conn(hosts) == case["encoded_text"]
    assert case["port"] == datagram.RENDEZVOUS_PORT


def test_cloud_host_lists() -> None:
    for name in ("app_conn", "app_conn_trailing"):
        case = CLOUD[name]
        assert app_conn.decode_app_conn(case["encoded"]) == tuple(case["hosts"])
    hosts = tuple(CLOUD["app_conn_trailing"]["hosts"])
    assert app_conn.decode_app_conn(app_conn.encode_app_conn(hosts, trailing=True)) == hosts


@pytest.mark.parametrize("text", ["A", "AAAA", "ÄÄ", "EBGIEK!!", "A" * 5000])
def test_other_texts_are_no_host_list(text: str) -> None:
    with pytest.raises(WireError):
        app_conn.decode_app_conn(text)
    with pytest.raises(WireError):
        app_conn.encode_app_conn(("hö.example",))


def test_an_empty_host_list() -> None:
    assert app_conn.decode_app_conn("") == ()
