"""The limits of the RTSP server: strangers, crowds, slow and broken clients, its own end."""

import asyncio
import struct

import pytest

from custom_components.eufy_local.eufy.errors import ConfigurationError
from custom_components.eufy_local.eufy.media.rtsp import server as server_module
from custom_components.eufy_local.eufy.media.rtsp import session as session_module
from custom_components.eufy_local.eufy.net.gate import Gate
from custom_components.eufy_local.eufy.secret import Secret

from .client import TCP, Client, signed
from .clips import FPS, clip
from .conftest import NAME
from .sources import ClipSource, HandSource
from .waiting import until


@pytest.mark.parametrize(
    "path", ["", "/", "/wrong/" + NAME, "/{token}", "/{token}/nobody", "/{token}/a/b", "/é/é"]
)
async def test_a_wrong_token_or_name_is_not_found_and_ends_the_connection(staged, path):
    stage = await staged()
    token = stage.url.split("/")[3]
    assert len(token) == 64
    url = f"rtsp://127.0.0.1:{stage.server.port}{path.format(token=token)}"
    for method in ("DESCRIBE", "SETUP", "PLAY"):
        async with Client(url) as client:
            assert (await client.ask(method, headers={"Transport": TCP})).status == 404
            assert await client.ended(1.0)
    assert stage.source.opened == 0


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505),
        (b"OPTIONS * RTSP/1.0\r\nno colon\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 1\nX: injected\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nX: \xff\xfe\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", 400),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 4000\r\n\r\n", 413),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 99999999999\r\n\r\n", 413),
        (b"OPTIONS * RTSP/1.0\r\nX: " + b"x" * 1990 + b"\r\n\r\n", 200),
        (b"OPTIONS * RTSP/1.0\r\nX: " + b"x" * 2100 + b"\r\n\r\n", 413),
        (b"OPTIONS * RTSP/1.0\r\nX: " + b"x" * 200_000, 413),
        (b"\r\n\r\nOPTIONS * RTSP/1.0\r\nCSeq: 0\r\n\r\n", 200),
    ],
)
async def test_malformed_and_oversize_requests(staged, head, status):
    stage = await staged()
    async with Client(stage.url) as client:
        client.writer.write(head)
        try:
            assert (await client.response()).status == status
        except ConnectionError:
            assert status == 413  # the rest of an endless head is not read
        if status != 200:
            assert await client.ended(1.0)


async def test_half_open_connections_are_let_go_after_two_seconds(staged):
    stage = await staged()
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with Client(stage.url) as silent, Client(stage.url) as slow, Client(stage.url) as known:
        slow.writer.write(b"OPTIONS * RTSP/1.0\r\n")
        await known.ask("DESCRIBE")
        known.writer.write(b"SETUP")
        assert await silent.ended(4.0)
        assert await slow.ended(4.0)
        assert await known.ended(4.0)
    assert 1.5 < loop.time() - began < 4.0
    await until(lambda: stage.server.connections == 0)


async def test_a_stranger_that_keeps_sending_frames_or_empty_lines_is_let_go(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while stage.server.connections or loop.time() - began < 0.2:
            client.writer.write(b"\r\n$\1\0\2xx")
            await asyncio.sleep(0.05)
            assert loop.time() - began < 3.5
    assert loop.time() - began > 1.5


async def test_half_open_connections_cannot_shut_the_door(staged, monkeypatch):
    monkeypatch.setattr(server_module, "MAX_UNKNOWN", 4)
    stage = await staged()
    crowd = [Client(stage.url) for _ in range(12)]
    for client in crowd:
        await client.__aenter__()
    async with Client(stage.url) as good:
        assert (await good.ask("DESCRIBE")).status == 200
    assert stage.server.connections <= 6
    for client in crowd:
        await client.__aexit__()


async def test_connections_are_limited_in_all(staged, monkeypatch):
    monkeypatch.setattr(server_module, "MAX_CONNECTIONS", 2)
    stage = await staged()
    async with Client(stage.url) as one, Client(stage.url) as two, Client(stage.url) as three:
        assert (await one.ask("DESCRIBE")).status == 200
        assert (await two.ask("DESCRIBE")).status == 200
        assert await three.ended(1.0)


async def test_four_viewers_of_a_camera_and_not_more(staged):
    stage = await staged()
    viewers = [Client(stage.url) for _ in range(4)]
    for viewer in viewers:
        await viewer.__aenter__()
        await viewer.play(tracks=(0,))
    async with Client(stage.url) as fifth:
        await fifth.ask("SETUP", f"{stage.url}/trackID=0", {"Transport": TCP})
        assert (await fifth.ask("PLAY")).status == 453
        await viewers[0].__aexit__()
        await until(lambda: len(stage.live.viewers) == 3)
        assert (await fifth.ask("PLAY")).status == 200
    for viewer in viewers[1:]:
        await viewer.__aexit__()


async def test_too_many_requests_without_playing_end_the_connection(staged, monkeypatch):
    monkeypatch.setattr(session_module, "MAX_REQUESTS", 5)
    stage = await staged()
    async with Client(stage.url) as client:
        for _ in range(5):
            await client.ask("OPTIONS")
        assert await client.ended(1.0)


async def test_keep_alives_of_a_playing_client_are_not_counted(staged, monkeypatch):
    monkeypatch.setattr(session_module, "MAX_REQUESTS", 6)
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        for _ in range(20):
            assert (await client.ask("GET_PARAMETER")).status == 200


async def test_receiver_reports_of_a_client_are_taken_and_ignored(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.ask("DESCRIBE")
        client.writer.write(b"$\1" + struct.pack(">H", 8) + bytes(8))
        await client.play()
        client.writer.write((b"$\1" + struct.pack(">H", 5000) + bytes(5000)) * 5)
        assert (await client.ask("OPTIONS")).status == 200


async def test_a_client_that_ends_a_frame_early_is_let_go(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        client.writer.write(b"$\1\0\x10abc")
        client.writer.write_eof()
        assert await client.ended(3.0)


async def test_a_client_that_lags_goes_on_with_the_next_key_frame(staged, monkeypatch):
    monkeypatch.setattr(session_module, "LAG_BYTES", 100_000)
    source = HandSource()
    stage = await staged(source)
    shown = clip(width=640, height=360)
    async with Client(stage.url) as client:
        await client.play(tracks=(0,))
        await until(lambda: source.sink)
        (viewer,) = stage.live.viewers
        number = 0

        async def push(wanted):
            nonlocal number
            while not wanted():
                source.sink.video(shown.video(number))
                number += 1
                await asyncio.sleep(0)
                assert number < 3000

        # Nobody reads: the kernel takes some MB, then the server notices.
        await push(lambda: viewer._lagging_since)
        lost = number
        await push(lambda: number > lost + 20 and number % 15 == 5)
        assert viewer._transport.get_write_buffer_size() < 400_000, "its queue is bounded"
        before = await client.collect_units("h264", lost - 1)
        await until(lambda: not viewer._transport.get_write_buffer_size())
        resumed = number + 10
        await push(lambda: number == resumed + 3)
        units = await client.collect_units("h264", lost + 2)
    assert len(before) == lost - 1
    assert units[lost - 1][1][0][0] & 0x1F == 7, "it goes on with a key frame"
    gap = signed(units[lost - 1][0] - units[lost - 2][0])
    assert gap == pytest.approx(90000 * (resumed - lost + 2) // FPS, abs=9000)


async def test_a_client_that_is_stuck_is_let_go(staged, monkeypatch):
    monkeypatch.setattr(session_module, "LAG_BYTES", 100_000)
    monkeypatch.setattr(session_module, "SLOW_SECONDS", 0.3)
    stage = await staged(ClipSource(clip(width=640, height=360), pace=0.01))
    async with Client(stage.url) as stuck:
        await stuck.play()
        await until(lambda: stage.live.viewers)
        await until(lambda: not stage.live.viewers, 20.0)
    assert stage.server.connections == 0


async def test_removing_a_camera_cuts_its_viewers_off(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        stage.server.remove(NAME)
        assert await client.ended(1.0)
    async with Client(stage.url) as client:
        assert (await client.ask("DESCRIBE")).status == 404
    stage.server.remove(NAME)


async def test_removing_a_camera_leaves_other_kinds_of_viewers(staged):
    source = HandSource()
    stage = await staged(source)
    still = asyncio.create_task(stage.live.last_key_frame())
    await until(lambda: source.sink)
    stage.server.remove(NAME)
    source.sink.video(clip().video(0))
    assert (await still).key


async def test_a_camera_that_is_shut_down_cannot_be_played(staged):
    stage = await staged()
    await stage.live.close()
    async with Client(stage.url) as client:
        await client.ask("SETUP", f"{stage.url}/trackID=0", {"Transport": TCP})
        assert (await client.ask("PLAY")).status == 453


async def test_a_stuck_client_of_a_stream_that_gives_up_is_cut_off(staged, monkeypatch):
    monkeypatch.setattr(session_module, "LAG_BYTES", 100_000)
    monkeypatch.setattr(session_module, "REPORT_WAITING", 0.02)
    monkeypatch.setattr(session_module, "REPORT_FLOWING", 0.02)
    stage = await staged(ClipSource(clip(width=640, height=360), pace=0.01))
    async with Client(stage.url) as stuck:
        await stuck.play()
        await until(lambda: any(one._lagging_since for one in stage.live.viewers), 10.0)
        # Reports are held back as well: nothing more is queued.
        (viewer,) = stage.live.viewers
        queued = viewer._transport.get_write_buffer_size()
        await asyncio.sleep(0.2)
        assert viewer._transport.get_write_buffer_size() == queued
        await stage.live.close()
        await until(lambda: stage.server.connections == 0)


async def test_a_client_that_does_not_take_the_last_bytes_is_cut_off(staged, monkeypatch):
    monkeypatch.setattr(session_module, "HEADER_SECONDS", 0.5)
    stage = await staged(ClipSource(clip(width=640, height=360), pace=0.01))
    async with Client(stage.url) as stuck:
        await stuck.play()
        await until(lambda: stage.live.viewers)
        (viewer,) = stage.live.viewers
        await until(lambda: viewer._transport.get_write_buffer_size() > 1000, 10.0)
        stage.source.sink.ended(None)
        await stage.live.close()
        await until(lambda: stage.server.connections == 0)


async def test_a_server_needs_a_token(staged):
    with pytest.raises(ConfigurationError):
        server_module.RtspServer(Gate(), token=Secret(""))


async def test_stopping_the_server_ends_everything(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        await stage.server.stop()
        await stage.server.stop()
        assert await client.ended(1.0)
    with pytest.raises(OSError):  # noqa: PT011
        await asyncio.open_connection("127.0.0.1", stage.server.port)


async def test_the_port_is_kept_over_a_restart(staged):
    stage = await staged()
    url = stage.url
    await stage.server.stop()
    await stage.server.start()
    assert stage.url == url
    async with Client(url) as client:
        assert (await client.ask("DESCRIBE")).status == 200
