"""Timestamps and NAL units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.wire import crypto, nal
from custom_components.eufy_local.eufy.wire.media import (
    MediaDecoder,
    VideoFrame,
)
from custom_components.eufy_local.eufy.wire.media_encode import MediaEncoder, Picture
from custom_components.eufy_local.eufy.wire.media_headers import (
    TimestampUnwrapper,
)
from custom_components.eufy_local.eufy.wire.nal import Codec, CodecByte
from custom_components.eufy_local.eufy.wire.options import WireOptions
from custom_components.eufy_local.eufy.wire.record import Record, decode_record

from .support import KEYS, P2P, cases, unhex

MEDIA = P2P["media"]
AES128 = unhex(KEYS["media_aes128"])
AES256 = unhex(KEYS["media_aes256"])
EPHEMERAL = crypto.load_ecc_private(MEDIA["hevc_keyframe_ecc"]["station_ephemeral_private_hex"])
FRAMES = [(name, case) for name, case in cases(MEDIA) if "frame" in case]


def video(decoder: MediaDecoder, raw: bytes | Record) -> VideoFrame:
    frame = decoder.decode(raw if isinstance(raw, Record) else decode_record(raw))
    assert isinstance(frame, VideoFrame)
    return frame


def annex_b(size: int, header: bytes = b"\x67\x64") -> bytes:
    return b"\0\0\0\1" + header + bytes(1 + index % 251 for index in range(size - 6))


# --- timestamps --------------------------------------------------------------------------


def test_a_64_bit_time_is_taken_as_it_is() -> None:
    clock = TimestampUnwrapper()
    assert clock.unwrap(1790022272585) == 1790022272585
    assert clock.unwrap(1790022272652) == 1790022272652


def test_a_32_bit_counter_is_unwrapped() -> None:
    clock = TimestampUnwrapper()
    raw = [0xFFFFFFF0, 0xFFFFFFFE, 0x00000010, 0xFFFFFFFF, 0x00000020]
    assert [clock.unwrap(item) for item in raw] == [
        0xFFFFFFF0,
        0xFFFFFFFE,
        0x100000010,
        0xFFFFFFFF,
        0x100000020,
    ]
    narrow = TimestampUnwrapper(32)
    assert narrow.unwrap(0x1A0_0000_0005) == 5


def test_a_small_step_back_stays_a_step_back() -> None:
    clock = TimestampUnwrapper()
    assert [clock.unwrap(item) for item in (1000, 900, 1100)] == [1000, 900, 1100]


def test_the_width_is_an_option() -> None:
    decoder = MediaDecoder(None, options=WireOptions(timestamp_bits=32))
    raw = MediaEncoder.clear(0).video(Picture(annex_b(50), False, 0x1A000000007, 1, 1, 0))
    assert video(decoder, raw).timestamp_ms == 7


# --- NAL units -----------------------------------------------------------------------------


def test_units_are_split_without_empty_ones() -> None:
    data = b"\0\0\0\1\x67a\0\0\0\1\0\0\1\x68b\0\0\1\x65cc\0"
    assert list(nal.split(data)) == [b"\x67a", b"\x68b", b"\x65cc"]
    assert list(nal.split(b"no start code")) == []
    assert nal.unit_offsets(data) == [4, 13, 18]


@pytest.mark.parametrize(
    ("header", "codec"),
    [
        (b"\x67\x64", Codec.H264),
        (b"\x27\x64", Codec.H264),
        (b"\x65\x88", Codec.H264),
        (b"\x40\x01", Codec.HEVC),
        (b"\x42\x01", Codec.HEVC),
        (b"\x26\x01", Codec.HEVC),
        (b"\x41\x9a", None),
        (b"\x02\x01", None),
        (b"\x4e\x01", None),
    ],
)
def test_codec_by_header_pair(header: bytes, codec: Codec | None) -> None:
    assert nal.sniff(annex_b(100, header)) is codec
    if codec is not None:
        assert nal.guess_codec(annex_b(100, header)) is codec
        assert nal.is_key_frame(annex_b(100, header), codec)


def test_frames_without_parameter_sets_do_not_default_to_h264() -> None:
    # field: codec-sniff-T8170 (HEVC SEI and trailing slice read as H.264 types 14 and 2)
    data = b"\0\0\0\1\x4e\x01aaa\0\0\0\1\x02\x01bbb"
    assert [(data[at] >> 1) & 0x3F for at in nal.unit_offsets(data)] == [39, 1]
    assert [data[at] & 0x1F for at in nal.unit_offsets(data)] == [14, 2]
    assert nal.guess_codec(data) is Codec.HEVC
    assert not nal.is_key_frame(data, Codec.HEVC)
    assert not nal.is_key_frame(annex_b(100, b"\x41\x9a"), Codec.H264)
    assert nal.guess_codec(annex_b(100, b"\x41\x9a")) is Codec.H264
    assert nal.guess_codec(b"") is None
    assert nal.guess_codec(b"\0\0\1\xff\xff") is None


def test_the_codec_byte_is_read_either_way() -> None:
    assert nal.codec_of_byte(1) is Codec.HEVC
    assert nal.codec_of_byte(0) is Codec.H264
    assert nal.codec_of_byte(1, CodecByte.OLDER) is Codec.H264
    assert nal.codec_of_byte(2, CodecByte.OLDER) is Codec.HEVC


@pytest.mark.parametrize(
    "header", [b"\x67\x64", b"\x41\x9a", b"\x40\x01", b"\x02\x01", b"\x26\x01"]
)
def test_clear_video_has_a_legal_structure(header: bytes) -> None:
    assert nal.is_clear(annex_b(100, header))
    assert nal.is_clear(b"\0\0\1" + header + b"x")
    assert not nal.is_clear(header + bytes(20))
    assert not nal.is_clear(b"\0\0\0\1" + b"\xff" + header)
    assert not nal.is_clear(b"\0\0\0\1")


@given(st.binary(min_size=6, max_size=64))
def test_random_bytes_do_not_look_clear(data: bytes) -> None:
    if not nal.has_start_code(data):
        assert not nal.is_clear(data)
