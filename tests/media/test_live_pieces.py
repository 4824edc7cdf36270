"""Frames that a camera cuts into several records."""

import asyncio
import base64
import dataclasses
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_der_private_key

from custom_components.eufy_local.eufy.media.assembler import Assembler
from custom_components.eufy_local.eufy.media.codec import CodecParameters
from custom_components.eufy_local.eufy.media.nal_gate import split_nals
from custom_components.eufy_local.eufy.wire.media import MediaDecoder, StreamKey
from custom_components.eufy_local.eufy.wire.media_headers import AudioHeader, encode_audio_header
from custom_components.eufy_local.eufy.wire.record import Record

from .clips import clip
from .eyes import start
from .sources import HandSource
from .waiting import until

# --- frames in several records -----------------------------------------------------------


def pieces(frame, size):
    """Cut a frame as a HomeBase 2 does."""
    data = [frame.data[at : at + size] for at in range(0, len(frame.data), size)]
    first = dataclasses.replace(frame, data=data[0])
    return [first, *(dataclasses.replace(frame, data=one, continues=True) for one in data[1:])]


async def test_frames_in_pieces_cost_one_group_and_are_joined_from_then_on(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip(width=640, height=360)
    whole = [shown.video(index) for index in range(46)]
    size = 20_000
    assert any(len(frame.data) > size for frame in whole)
    for frame in whole:
        for piece in pieces(frame, size):
            source.sink.video(piece)
    await asyncio.sleep(0.2)
    assert live.parameters.split_bytes == size
    joined = [unit.annex_b() for unit in eye.pictures[-31:]]
    gate_view = [frame.data for frame in whole[15:46]]
    assert len(joined) == 31
    for mine, theirs in zip(joined[1:15], gate_view[1:15], strict=True):
        assert split_nals(mine) == split_nals(theirs)
    # The next view knows it from the start.
    again = HandSource()
    later = stream(again, parameters=CodecParameters.from_dict(live.parameters.to_dict()))
    eye = await start(later, again)
    for piece in pieces(whole[0], size):
        again.sink.video(piece)
    assert not eye.pictures
    await until(lambda: eye.pictures)  # nothing follows: it is shown a little later
    assert later.counters.refused == 0


async def test_small_frames_are_never_held_back(stream):
    source = HandSource()
    live = stream(source, parameters=CodecParameters(split_bytes=1_000_000))
    eye = await start(live, source)
    source.sink.video(clip().video(0))
    assert len(eye.pictures) == 1


async def test_pieces_without_a_beginning_or_end_are_harmless(stream):
    source = HandSource()
    live = stream(source, parameters=CodecParameters(split_bytes=100))
    eye = await start(live, source)
    shown = clip()
    source.sink.video(shown.video(0, data=b"x" * 100, continues=True))
    source.sink.video(shown.video(0))
    for _ in range(50):
        source.sink.video(shown.video(0, data=b"x" * 100_000, continues=True))
    source.sink.video(shown.video(15))
    source.sink.video(shown.video(16))
    assert len(eye.pictures) == 1


@pytest.mark.parametrize("each_has_a_number", [True, False])
async def test_pieces_are_no_holes_and_a_lost_piece_is_one(stream, each_has_a_number):
    source = HandSource()
    live = stream(source, parameters=CodecParameters(split_bytes=2000))
    eye = await start(live, source)
    shown = clip()
    number = 0

    def push(index, lose=None):
        nonlocal number
        for count, piece in enumerate(pieces(shown.video(index), 2000)):
            number += each_has_a_number or count == 0
            if count != lose:
                source.sink.video(dataclasses.replace(piece, number=number))

    # Small frames first: they show that the camera numbers one by one.
    for index in range(20):
        source.sink.video(dataclasses.replace(shown.video(0), number=index))
    number = 19
    for index in range(15, 25):
        push(index)
    assert live.counters.holes == 0
    before = len(eye.pictures)
    if each_has_a_number:
        assert before >= 20 + 8
        for index in range(40, 55):  # no splitting: proof again
            source.sink.video(shown.video(15, number=number + index - 39))
        number += 15
        push(16, lose=1)
        push(17)
        assert live.counters.holes == 1
        last = len(eye.pictures)
        push(18)
        assert len(eye.pictures) == last, "waits for a key frame"
        push(30)
        push(31)
        assert eye.pictures[last].key


def test_field_sizes_are_joined_into_the_frames_that_the_camera_meant():
    # field: split-64000
    sizes = [(64000, 1), (24814, 0), (12625, 1), (64000, 1), (27606, 0)]
    sizes += [(64000, 1), (64000, 0), (42434, 0)]
    joined = []
    assembler = Assembler(64000)
    for number, (size, begins) in enumerate(sizes):
        frame = clip().video(0, data=bytes(size), continues=not begins, number=number)
        ready, damaged = assembler.push(frame)
        assert not damaged
        joined += ready
    joined += assembler.flush()
    assert [len(frame.data) for frame in joined] == [88814, 12625, 91606, 170434]


def test_the_key_frame_in_two_records_of_the_vectors():
    case = json.loads((Path(__file__).parents[1] / "vectors" / "p2p.json").read_text())
    vector, keys = case["media"]["keyframe_in_two_records"], case["keys"]
    private = load_der_private_key(base64.b64decode(keys["media_rsa_private_pkcs8_base64"]), None)
    decoder = MediaDecoder(StreamKey(private))
    assembler = Assembler(1)
    for raw in vector["records"]:
        record = Record(1300, bytes.fromhex("010000010a00"), bytes.fromhex(raw))
        assert assembler.push(decoder.decode(record)) == ([], False)
    (frame,) = assembler.flush()
    assert frame.data.hex() == vector["clear"]


@pytest.mark.parametrize(("mark", "kind", "is_g711"), [(3, 1, True), (3, 2, False), (0, 1, False)])
def test_g711_is_told_by_the_subheader(mark, kind, is_g711):
    body = encode_audio_header(AudioHeader(4, 0, 0, 1, 1000)) + b"\xd5" * 4
    record = Record(1301, bytes((kind, 1, 0, 0, 10, mark)), body)
    assert MediaDecoder(None).decode(record).g711 is is_g711
