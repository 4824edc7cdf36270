"""The RTSP server as real players see it: Home Assistant's library and the ffprobe program."""

import asyncio
import json
import shutil
import time
from itertools import pairwise

import av
import numpy as np
import pytest

from custom_components.eufy_local.eufy.media.codec import CodecParameters
from custom_components.eufy_local.eufy.media.rtsp.auth import Credentials
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import clip, picture
from .sources import ClipSource
from .waiting import until

# What Home Assistant's stream worker passes (design/home-assistant.md §2.1).
OPTIONS = {"rtsp_transport": "tcp", "rtsp_flags": "prefer_tcp", "timeout": "5000000"}


class Seen:
    """What a player saw."""

    def __init__(self) -> None:
        self.opened = 0.0
        self.first = 0.0
        self.pictures: list[np.ndarray] = []
        self.video_times: list[int] = []
        self.audio_times: list[int] = []
        self.sizes: set[tuple[int, int]] = set()


def watch(url: str, pictures: int, *, options=OPTIONS) -> Seen:
    """Play as Home Assistant does, in a thread of its own."""
    seen = Seen()
    began = time.monotonic()
    with av.open(url, options=options, timeout=30) as container:
        seen.opened = time.monotonic() - began
        for packet in container.demux():
            if packet.dts is not None:
                times = seen.video_times if packet.stream.type == "video" else seen.audio_times
                times.append(int(packet.dts * packet.time_base * 1000))
            if packet.stream.type != "video":
                continue
            for frame in packet.decode():
                if not seen.pictures:
                    seen.first = time.monotonic() - began
                seen.sizes.add((frame.width, frame.height))
                seen.pictures.append(frame.to_ndarray(format="rgb24"))
            if len(seen.pictures) >= pictures:
                return seen
    return seen


@pytest.mark.parametrize("codec", list(Codec))
async def test_home_assistants_player_sees_the_pictures_of_the_camera(staged, codec):
    stage = await staged(ClipSource(clip(codec)), parameters=CodecParameters(expected=codec))
    seen = await asyncio.to_thread(watch, stage.url, 45)
    assert seen.sizes == {(320, 180)}
    assert len(seen.pictures) >= 45
    # Each picture is found in the source, in order: the player shows what was encoded.
    sources = np.stack([picture(n, 320, 180)[..., 0].astype(int) for n in range(30)])
    numbers = []
    for shown in seen.pictures[:45]:
        distance = np.abs(sources - shown[..., 0].astype(int)).mean(axis=(1, 2))
        assert distance.min() < 25
        numbers.append(int(distance.argmin()))
    assert numbers == [number % 30 for number in range(numbers[0], numbers[0] + 45)]
    # Decoding times rise strictly: otherwise the stream worker gives up.
    for times in (seen.video_times, seen.audio_times):
        assert len(times) > 20
        assert all(b > a for a, b in pairwise(times))
    # Sound and pictures stay together.
    assert abs(seen.video_times[-1] - seen.audio_times[-1]) < 300


async def test_a_camera_that_takes_eight_seconds_to_wake_still_plays(staged):
    stage = await staged(ClipSource(clip(), wake=8.0), linger=0.3)
    stage.live._times = type(stage.live._times)()
    seen = await asyncio.to_thread(watch, stage.url, 10)
    assert 8.0 < seen.first < 12.0
    assert len(seen.pictures) >= 10
    assert stage.source.opened == 1


async def test_a_remembered_camera_and_a_second_viewer_start_fast(staged):
    stage = await staged(ClipSource(clip()), linger=2.0)
    await asyncio.to_thread(watch, stage.url, 5)
    first, second = await asyncio.gather(
        asyncio.to_thread(watch, stage.url, 30), asyncio.to_thread(watch, stage.url, 5)
    )
    assert first.pictures
    assert second.first < 1.5
    assert stage.source.opened == 1


@pytest.mark.parametrize("codec", list(Codec))
async def test_a_resolution_change_is_followed_by_the_player(staged, codec):
    stage = await staged(ClipSource(clip(codec)), parameters=CodecParameters(expected=codec))
    playing = asyncio.create_task(asyncio.to_thread(watch, stage.url, 60))
    await until(lambda: stage.source.index > 30)
    stage.source.clip = clip(codec, 640, 360)
    stage.source.index = (stage.source.index // 15 + 1) * 15
    seen = await playing
    assert seen.sizes == {(320, 180), (640, 360)}


ffprobe = pytest.mark.skipif(shutil.which("ffprobe") is None, reason="no ffprobe program")


async def probe(url: str, *options: str) -> dict:
    program = await asyncio.create_subprocess_exec(
        "ffprobe", "-v", "error", *options, "-show_streams", "-show_packets",
        "-read_intervals", "%+#40", "-of", "json", url,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await program.communicate()
    return json.loads(output)


@ffprobe
@pytest.mark.parametrize("codec", list(Codec))
async def test_ffprobe_understands_the_stream(staged, codec):
    stage = await staged(ClipSource(clip(codec)), parameters=CodecParameters(expected=codec))
    told = await probe(stage.url, "-rtsp_transport", "tcp")
    video, audio = told["streams"]
    assert video["codec_name"] == codec.value
    assert (video["width"], video["height"]) == (320, 180)
    assert (audio["codec_name"], audio["sample_rate"], audio["channels"]) == ("aac", "16000", 1)


@ffprobe
async def test_ffprobe_that_tries_udp_first_falls_back_to_tcp(staged):
    stage = await staged()
    told = await probe(stage.url)
    assert [stream["codec_name"] for stream in told["streams"]] == ["h264", "aac"]


async def test_a_player_on_the_lan_logs_in(staged):
    stage = await staged()
    await stage.server.expose(0, Credentials("viewer", Secret("a b:c")), "127.0.0.1")
    port = stage.server.lan_port
    host = f"127.0.0.1:{port}/{stage.live.name}"
    seen = await asyncio.to_thread(watch, f"rtsp://viewer:a b%3Ac@{host}", 5)
    assert len(seen.pictures) >= 5
    with pytest.raises(av.error.HTTPUnauthorizedError):
        await asyncio.to_thread(watch, f"rtsp://viewer:wrong@{host}", 5)
    with pytest.raises(av.error.HTTPUnauthorizedError):
        await asyncio.to_thread(watch, f"rtsp://{host}", 5)
    if shutil.which("ffprobe"):
        told = await probe(f"rtsp://viewer:a b%3Ac@{host}", "-rtsp_transport", "tcp")
        assert [stream["codec_name"] for stream in told["streams"]] == ["h264", "aac"]
