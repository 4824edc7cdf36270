"""Frames that a camera cuts into several records."""

import asyncio
import dataclasses

from custom_components.eufy_local.eufy.media.codec import CodecParameters
from custom_components.eufy_local.eufy.media.nal_gate import split_nals

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
