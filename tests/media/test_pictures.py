"""Stills: what the child process decodes, and what happens when it dies."""

import asyncio
import io
import os
import signal
from pathlib import Path

import av
import numpy as np
import pytest

from custom_components.eufy_local.eufy.errors import FrameRefused
from custom_components.eufy_local.eufy.media import worker as worker_module
from custom_components.eufy_local.eufy.media.jpeg import jpeg_size
from custom_components.eufy_local.eufy.media.picture import PictureDecoder
from custom_components.eufy_local.eufy.media.worker import Worker, WorkerFailed
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import clip, picture
from .parameter_sets import H264, h264_unit
from .waiting import until


@pytest.fixture
async def decoder():
    made = PictureDecoder()
    yield made
    await made.close()


def is_alive(pid: int) -> bool:
    return (Path("/proc") / str(pid)).exists()


def decode(jpeg: bytes) -> np.ndarray:
    with av.open(io.BytesIO(jpeg), format="jpeg_pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


@pytest.mark.parametrize("codec", list(Codec))
async def test_a_key_frame_becomes_the_picture_that_was_encoded(decoder, codec):
    source = clip(codec)
    jpeg = await decoder.key_frame_to_jpeg(codec, source.units[15][0])
    shown = decode(jpeg)
    assert shown.shape == (180, 320, 3)
    assert np.abs(shown.astype(int) - picture(15, 320, 180)).mean() < 25
    assert await decoder.check_jpeg(jpeg) == (320, 180)


async def test_pictures_are_decoded_one_after_the_other(decoder):
    source = clip()
    jpegs = await asyncio.gather(
        *(decoder.key_frame_to_jpeg("h264", source.units[at][0]) for at in (0, 15, 0, 15))
    )
    assert jpegs[0] == jpegs[2] != jpegs[1] == jpegs[3]


async def test_what_the_gate_refuses_never_reaches_a_decoder(decoder):
    bomb = h264_unit(H264(width=16384, height=16384, crop=None).nal())
    with pytest.raises(FrameRefused):
        await decoder.key_frame_to_jpeg("h264", bomb)
    with pytest.raises(FrameRefused):
        await decoder.check_jpeg(b"not a picture")
    with pytest.raises(FrameRefused, match="not hevc"):
        await decoder.key_frame_to_jpeg("hevc", clip().units[0][0])
    assert decoder._worker.pid is None


async def test_damaged_pictures_are_refused_and_the_child_goes_on(decoder):
    noise = h264_unit(H264(width=320, height=176, crop=None).nal(), slice_=b"\x65" + b"\xaa" * 99)
    jpeg = await decoder.key_frame_to_jpeg("h264", clip().units[0][0])
    pid = decoder._worker.pid
    with pytest.raises(FrameRefused):
        await decoder.key_frame_to_jpeg("h264", noise)
    with pytest.raises(FrameRefused):
        await decoder.check_jpeg(jpeg[:400])
    await decoder.check_jpeg(jpeg)
    assert decoder._worker.pid == pid


async def test_a_child_that_is_killed_is_replaced(decoder):
    data = clip().units[0][0]
    first = await decoder.key_frame_to_jpeg("h264", data)
    os.kill(decoder._worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerFailed):
        await decoder.key_frame_to_jpeg("h264", data)
    assert await decoder.key_frame_to_jpeg("h264", data) == first


async def test_a_child_that_hangs_is_killed_in_time():
    worker = Worker(answer=2.0)
    decoder = PictureDecoder(worker)
    data = clip().units[0][0]
    await decoder.key_frame_to_jpeg("h264", data)
    pid = worker.pid
    os.kill(pid, signal.SIGSTOP)
    worker._answer_seconds = 0.2
    with pytest.raises(WorkerFailed):
        await decoder.key_frame_to_jpeg("h264", data)
    assert not is_alive(pid)
    assert worker.pid is None
    await decoder.close()


async def test_the_child_has_given_up_what_it_does_not_need(decoder):
    await decoder.key_frame_to_jpeg("h264", clip().units[0][0])
    pid = decoder._worker.pid
    process = Path("/proc") / str(pid)
    lines = (process / "limits").read_text().splitlines()
    limits = {line[:26].strip(): line[26:].split()[:2] for line in lines}
    assert limits["Max open files"] == ["0", "0"]
    assert limits["Max file size"] == ["0", "0"]
    assert limits["Max address space"] == [str(768 << 20)] * 2
    assert limits["Max cpu time"] == ["60", "60"]
    environment = (process / "environ").read_text()
    assert "PATH=" not in environment.replace("LD_LIBRARY_PATH", "")


async def test_an_idle_child_ends_and_a_used_one_is_replaced(monkeypatch):
    monkeypatch.setattr(worker_module, "MAX_ANSWERS", 3)
    worker = Worker(idle=0.1)
    decoder = PictureDecoder(worker)
    data = clip().units[0][0]
    await decoder.key_frame_to_jpeg("h264", data)
    first = worker.pid
    await until(lambda: not is_alive(first))
    assert worker.pid is None
    for _ in range(3):
        await decoder.key_frame_to_jpeg("h264", data)
    assert worker.pid is None
    await decoder.close()


async def test_a_crowd_of_requests_is_turned_away(decoder, monkeypatch):
    monkeypatch.setattr(worker_module, "MAX_WAITING", 2)
    data = clip().units[0][0]
    results = await asyncio.gather(
        *(decoder.key_frame_to_jpeg("h264", data) for _ in range(4)), return_exceptions=True
    )
    assert [type(result) for result in results] == [bytes, bytes, WorkerFailed, WorkerFailed]


@pytest.mark.parametrize(
    "answer",
    [b"", b"\0\0\0\x05nope\n", b"\xff\xff\xff\xff", b"\0\0\0\x03[1]", b"\0\0\0\x01\n"],
)
async def test_nonsense_from_a_child_is_a_failure(monkeypatch, tmp_path, answer):
    script = tmp_path / "liar.sh"
    octets = "".join(f"\\0{octet:o}" for octet in answer)
    script.write_text(f"#!/bin/sh\nprintf '%b' '{octets}'\nsleep 0.2\n")
    script.chmod(0o700)
    monkeypatch.setattr(worker_module, "_command", lambda: ["/bin/sh", str(script)])
    worker = Worker(answer=3)
    with pytest.raises(WorkerFailed):
        await worker.ask({"action": "check_jpeg"}, b"x")
    await worker.close()


async def test_without_av_there_is_a_clear_failure(monkeypatch, decoder):
    monkeypatch.setattr(worker_module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(WorkerFailed):
        await decoder.key_frame_to_jpeg("h264", clip().units[0][0])


# --- what a JPEG says ------------------------------------------------------------------------


def jpeg(width=640, height=360, *, kind=0xC0, depth=8, parts=3, before=b""):
    frame = bytes((depth,)) + height.to_bytes(2) + width.to_bytes(2) + bytes((parts,))
    frame += bytes(3 * parts)
    return b"\xff\xd8" + before + b"\xff" + bytes((kind,)) + (len(frame) + 2).to_bytes(2) + frame


def test_a_jpeg_tells_its_size():
    assert jpeg_size(jpeg()) == (640, 360)
    assert jpeg_size(jpeg(kind=0xC2, before=b"\xff\xe0\0\x04ab\xff\xff\xdb\0\x03x")) == (640, 360)
    assert jpeg_size(jpeg(3840, 2160, parts=1)) == (3840, 2160)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n",
        jpeg()[:8],
        jpeg(65500, 65500),
        jpeg(16000, 16),
        jpeg(0, 0),
        jpeg(8, 8),
        jpeg(depth=12),
        jpeg(parts=4),
        jpeg(kind=0xC3),
        jpeg(kind=0xDA),
        jpeg(before=b"\xff\xe0\0\1"),
        jpeg(before=b"\xff\xe0\xff\xff"),
        jpeg(before=b"\xff\xe0\0\2" * 300),
        jpeg(before=b"garbage"),
        jpeg() + bytes(5 << 20),
    ],
)
def test_jpegs_that_are_refused_unread(data):
    with pytest.raises(FrameRefused):
        jpeg_size(data)
