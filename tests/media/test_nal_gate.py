"""The NAL gate: what it lets through, what it drops, what it refuses, and how fast."""

import dataclasses
import time
import tracemalloc

import av
import pytest

from custom_components.eufy_local.eufy.errors import FrameRefused
from custom_components.eufy_local.eufy.media import sps_h264, sps_h265
from custom_components.eufy_local.eufy.media.nal_gate import NalGate, annex_b, split_nals
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import clip
from .parameter_sets import H264, H265, PPS_H264, VPS, h264_unit, h265_unit

SIZES = [(320, 180), (640, 480), (1280, 720), (1600, 1200), (2304, 1296), (1616, 2880)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("codec", list(Codec))
def test_real_encoders_sizes_are_read_as_a_decoder_reads_them(codec, size):
    source = clip(codec, *size, 1)
    checked = NalGate().check(source.units[0][0], *size)
    assert checked.key
    assert checked.codec is codec
    assert (checked.parameters.width, checked.parameters.height) == size


@pytest.mark.parametrize("codec", list(Codec))
def test_a_whole_clip_passes_and_still_decodes(codec):
    source = clip(codec)
    gate = NalGate()
    decoder = av.CodecContext.create(codec.value, "r")
    pictures = 0
    for data, key in source.units:
        checked = gate.check(data, source.width, source.height)
        assert checked.key == key
        pictures += len(decoder.decode(av.Packet(annex_b(checked.nals))))
    pictures += len(decoder.decode(None))
    assert pictures == len(source.units)


@pytest.mark.parametrize(
    "fields",
    [
        H264(),
        H264(profile=66),
        H264(profile=77, order=1),
        H264(scaling=True),
        H264(scaling=True, scaling_step=-8),
        H264(order=2),
        H264(interlaced=True, crop=(0, 0, 0, 2)),
        H264(chroma=0, crop=(0, 0, 0, 8)),
        H264(profile=110, depth=10),
    ],
)
def test_h264_forms_of_a_1080p_picture(fields):
    picture = sps_h264.parse_sps(fields.nal())
    assert (picture.width, picture.height) == (1920, 1080)
    assert (picture.coded_width, picture.coded_height) == (1920, 1088)
    assert picture.bit_depth == fields.depth
    assert picture.dpb_frames == 4


@pytest.mark.parametrize(
    "fields",
    [
        H265(),
        H265(sub_layers=2),
        H265(height=1088, crop=(0, 0, 0, 4)),
        H265(profile=2, depth=10),
        H265(scaling=True),
        H265(pcm=True),
        H265(sets=((-1, -3, 2), (-2, -1, 1, 4)), inter=True),
        H265(sets=((-1, -3, 2), (-2, -1, 1, 4)), inter=True, inter_forward=True),
        H265(sets=((-1, -3, 2),), inter=True, inter_drops=2, long_term=1),
        H265(long_term=3),
        H265(chroma=0),
    ],
)
def test_h265_forms_of_a_1080p_picture(fields):
    picture = sps_h265.parse_sps(fields.nal())
    assert (picture.width, picture.height) == (1920, 1080)
    assert picture.bit_depth == fields.depth


BOMBS = {
    "h264 16384 x 16384": h264_unit(H264(width=16384, height=16384, crop=None).nal()),
    "h264 8192 x 4320": h264_unit(H264(width=8192, height=4320, crop=None).nal()),
    "h264 a ribbon": h264_unit(H264(width=16384, height=16, crop=None).nal()),
    "h264 a tower": h264_unit(H264(width=16, height=16384, crop=None).nal()),
    "h264 cropped to nothing": h264_unit(H264(crop=(480, 480, 0, 0)).nal()),
    "h264 cropped below nothing": h264_unit(H264(crop=(900, 900, 0, 0)).nal()),
    "h264 4:4:4": h264_unit(H264(profile=244, chroma=3).nal()),
    "h264 4:2:2": h264_unit(H264(profile=122, chroma=2).nal()),
    "h264 4:2:2 in High": h264_unit(H264(chroma=2).nal()),
    "h264 14 bits": h264_unit(H264(depth=14).nal()),
    "h264 9 bits": h264_unit(H264(depth=9).nal()),
    "h264 mixed depth": h264_unit(H264(depth=8, colour_depth=10).nal()),
    "h264 17 references": h264_unit(H264(references=17).nal()),
    "h264 4K with 16 references": h264_unit(H264(width=4096, height=2304, references=16).nal()),
    "h264 wild numbers": h264_unit(H264(width=1 << 24, height=1 << 24, crop=None).nal()),
    "h264 sps id 40": h264_unit(H264(set_id=40).nal()),
    "h264 a second, huge SPS": h264_unit(
        H264().nal(), H264(set_id=1, width=16384, height=16384, crop=None).nal()
    ),
    "h264 multiview profile": h264_unit(H264(profile=118).nal()),
    "h265 16888 x 16888": h265_unit(H265(width=16888, height=16888).nal()),
    "h265 8192 x 4320": h265_unit(H265(width=8192, height=4320).nal()),
    "h265 a ribbon": h265_unit(H265(width=65536, height=8).nal()),
    "h265 zero": h265_unit(H265(width=0, height=0).nal()),
    "h265 4:4:4": h265_unit(H265(chroma=3).nal()),
    "h265 range extensions": h265_unit(H265(profile=4).nal()),
    "h265 16 bits": h265_unit(H265(depth=16).nal()),
    "h265 mixed depth": h265_unit(H265(depth=8, colour_depth=9).nal()),
    "h265 4K with 16 pictures": h265_unit(H265(width=4096, height=2304, decoded=16).nal()),
    "h265 200 pictures": h265_unit(H265(decoded=200).nal()),
    "h265 blocks of 128": h265_unit(H265(smallest=4, tree=7).nal()),
    "h265 blocks of 8": h265_unit(H265(smallest=3, tree=3).nal()),
    "h265 blocks of nothing": h265_unit(H265(tree=7).nal()),
    "h265 4:2:2": h265_unit(H265(chroma=2).nal()),
    "h265 17 pictures in a moved set": h265_unit(
        H265(sets=(tuple(range(-16, 0))[::-1],), inter=True).nal()
    ),
    "h265 odd size": h265_unit(H265(width=1921).nal()),
    "h265 transform too large": h265_unit(H265(transform=3, smallest=3).nal()),
    "h265 8 layers in time": h265_unit(H265(sub_layers=7).nal()),
    "h265 two layers": h265_unit(H265().nal(), vps=bytes((0x40, 1, 0x0C, 0x11)) + VPS[4:]),
    "h265 33 long-term pictures": h265_unit(H265(long_term=33).nal()),
    "h265 17 pictures in a set": h265_unit(H265(sets=(tuple(range(-17, 0))[::-1],)).nal()),
    "an SPS without end": h264_unit(b"\x67\x64\x00\x28" + b"\0" * 20),
    "an SPS of zeros": h265_unit(b"\x42\x01" + b"\0\0\3" * 600),
    "an SPS of 3 kB": h264_unit(H264().nal() + b"\xaa" * 3000),
    "five PPS": h264_unit(H264().nal(), *(PPS_H264 + bytes((n,)) for n in range(1, 6))),
    "65 NAL units": b"\0\0\1\x41\x9a" * 65,
    "a million start codes": b"\0\0\1" * 1_000_000,
    "4 MiB of zeros": bytes(4 << 20),
    "4 MiB of zeros in a NAL unit": b"\0\0\1\x65" + bytes((4 << 20) - 4),
    "5 MiB": b"\0\0\0\1\x65" + b"\xaa" * (5 << 20),
    "4 MiB of ones": b"\0\0\0\1\x67" + b"\xff" * ((4 << 20) - 5),
    "nothing": b"",
    "noise": bytes(range(256)) * 16,
    "a forbidden bit": h264_unit(H264().nal(), b"\xe5\x88"),
    "parameter sets only": b"\0\0\1" + H264().nal() + b"\0\0\1" + PPS_H264,
    "a picture without PPS": b"\0\0\1" + H264().nal() + b"\0\0\1\x65\x88",
    "a picture without anything": b"\0\0\1\x65\x88\x84",
    "SEI only": b"\0\0\1\x06\x05\x10" + b"x" * 30,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_fast_and_small(name):
    bomb = BOMBS[name]
    best = 1.0
    for _ in range(5):
        gate = NalGate()
        began = time.perf_counter()
        with pytest.raises(FrameRefused):
            gate.check(bomb)
        best = min(best, time.perf_counter() - began)
    assert best < 0.005
    tracemalloc.start()
    with pytest.raises(FrameRefused):
        NalGate().check(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 << 20


def test_a_bomb_after_good_pictures_leaves_the_gate_as_it_was():
    source = clip()
    gate = NalGate()
    first = gate.check(source.units[0][0])
    with pytest.raises(FrameRefused):
        gate.check(BOMBS["h264 16384 x 16384"])
    with pytest.raises(FrameRefused):
        gate.check(BOMBS["h265 8192 x 4320"])
    again = gate.check(source.units[1][0])
    assert again.parameters == first.parameters
    assert not again.key


@pytest.mark.parametrize(
    ("said", "is_right"),
    [
        ((1920, 1080), True),
        ((1920, 1088), True),
        ((0, 0), True),
        ((1080, 1920), True),
        ((1280, 720), False),
        ((3840, 2160), False),
        ((1920, 1200), False),
    ],
)
def test_the_picture_must_have_the_size_that_the_record_says(said, is_right):
    unit = h264_unit(H264().nal())
    if is_right:
        assert NalGate().check(unit, *said).key
        return
    with pytest.raises(FrameRefused, match="the record says"):
        NalGate().check(unit, *said)


def test_the_size_is_compared_for_every_key_frame():
    gate = NalGate()
    bare = b"\0\0\1\x65\x88\x84"
    gate.check(h264_unit(H264().nal()), 1920, 1080)
    gate.check(bare, 1920, 1080)
    with pytest.raises(FrameRefused, match="the record says"):
        gate.check(bare, 640, 480)


def test_what_widens_the_surface_is_dropped():
    h264 = [bytes((0x60 | kind,)) + b"payload" for kind in range(32) if kind not in {1, 5, 7, 8}]
    checked = NalGate().check(h264_unit(H264().nal(), *h264))
    assert [nal[0] & 0x1F for nal in checked.nals] == [7, 8, 5]
    sei, reserved, layer = b"\x4e\x01\x05\x10", b"\x52\x01abc", b"\x02\x09abc"
    unspecified, no_time, stub = b"\x7e\x01abc", b"\x02\x00abc", b"\x02\x01"
    checked = NalGate().check(
        h265_unit(H265().nal(), sei, reserved, layer, unspecified, no_time, stub)
    )
    assert [nal[0] >> 1 for nal in checked.nals] == [32, 33, 34, 19]


def test_a_key_frame_gets_the_parameter_sets_of_the_one_before():
    gate = NalGate()
    first = gate.check(h264_unit(H264().nal()))
    bare = gate.check(b"\0\0\1\x65\x88\x84")
    assert bare.key
    assert bare.nals[:2] == first.nals[:2]
    follower = gate.check(b"\0\0\1\x41\x9a\x01")
    assert [nal[0] for nal in follower.nals] == [0x41]


def test_parameter_sets_that_change_between_key_frames_go_with_the_picture():
    gate = NalGate()
    gate.check(h264_unit(H264().nal()))
    changed = gate.check(b"\0\0\1\x68\xce\x3c\x80\0\0\1\x41\x9a\x01")
    assert [nal[0] for nal in changed.nals] == [0x67, 0x68, 0x41]
    assert not changed.key


def test_several_parameter_sets_of_a_kind_are_kept_in_order():
    other = PPS_H264[:1] + b"\x5c\x0f\xc8"
    checked = NalGate().check(h264_unit(H264().nal(), other))
    assert [bytes(nal) for nal in checked.nals[1:3]] == [PPS_H264, other]


def test_size_and_codec_may_change_with_a_key_frame():
    gate = NalGate()
    big, small, other = clip(), clip(width=640, height=360), clip(Codec.HEVC)
    assert gate.check(big.units[0][0]).parameters.width == 320
    assert gate.check(small.units[0][0]).parameters.width == 640
    assert gate.check(other.units[0][0]).codec is Codec.HEVC
    assert gate.check(other.units[1][0]).codec is Codec.HEVC
    with pytest.raises(FrameRefused, match="before its parameter sets"):
        gate.check(b"\0\0\1\x65\x88\x84")  # H.264 again, without its parameter sets


def test_many_parameter_sets_over_time_are_forgotten():
    gate = NalGate()
    for width in range(320, 1920, 32):
        gate.check(h264_unit(dataclasses.replace(H264(), width=width, height=720).nal()))
    assert len(gate._checked) <= 16


def test_splitting_leaves_out_stuffing_and_empty_units():
    data = b"\0\0\0\1\x67\x01\0\0\0\0\1\0\0\1\x68\x02\0\0\0\1\x65\x03\0\0"
    assert [bytes(nal) for nal in split_nals(data)] == [b"\x67\x01", b"\x68\x02", b"\x65\x03"]
