"""The RTSP server as a scripted client sees it."""

import asyncio
import re
from itertools import pairwise

import pytest

from custom_components.eufy_local.eufy.errors import CameraAsleep
from custom_components.eufy_local.eufy.media.codec import CodecParameters
from custom_components.eufy_local.eufy.media.states import StreamState
from custom_components.eufy_local.eufy.wire.nal import Codec

from .client import BACK_CHANNEL, TCP, Client, Rtp, signed
from .clips import clip
from .sources import ClipSource, HandSource
from .waiting import until


@pytest.mark.parametrize("codec", list(Codec))
async def test_pictures_arrive_byte_for_byte(staged, codec):
    source = clip(codec, 640, 360)
    stage = await staged(
        ClipSource(source, sound=False), parameters=CodecParameters(expected=codec)
    )
    async with Client(stage.url) as client:
        await client.play(tracks=(0,))
        units = await client.collect_units(codec.value, 20)
    times = [time for time, _ in units]
    for index, (_, nals) in enumerate(units):
        data, key = source.units[index % len(source.units)]
        sent = [nal for nal in re.split(b"\0\0\0?\1", data) if nal]
        kept = [nal for nal in sent if not is_sei(codec, nal)]
        assert nals == kept, (index, key)
    steps = {(b - a) & 0xFFFFFFFF for a, b in pairwise(times)}
    assert steps <= {90 * 66, 90 * 67}
    packets = client.packets(0)
    assert {packet.kind for packet in packets} == {96}
    assert len({packet.source for packet in packets}) == 1
    assert all((b.sequence - a.sequence) & 0xFFFF == 1 for a, b in pairwise(packets))


def is_sei(codec, nal):
    return nal[0] & 0x1F == 6 if codec is Codec.H264 else nal[0] >> 1 in {39, 40}


async def test_sound_arrives_byte_for_byte_and_in_time(staged):
    source = clip()
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        packets = await client.collect(2, 12)
    for index, packet in enumerate(packets):
        raw = source.sound[index][7:]
        assert packet.payload == b"\0\x10" + (len(raw) << 3).to_bytes(2) + raw
        assert packet.marker
        assert packet.kind == 97
        assert (packet.time - packets[0].time) & 0xFFFFFFFF == 1024 * index


async def test_reports_put_sound_and_pictures_on_one_clock(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        await client.collect(2, 30)
    (video, *more_video), (audio, *more_audio) = client.reports(1), client.reports(3)
    assert video.name == audio.name == b"eufy-local"
    assert abs(video.wall - audio.wall) < 0.001
    first_video = client.packets(0)[0]
    first_audio = client.packets(2)[0]
    assert video.source == first_video.source
    assert audio.source == first_audio.source
    shown = video.wall + signed(first_video.time - video.time) / 90000
    heard = audio.wall + signed(first_audio.time - audio.time) / 16000
    assert abs(shown - heard) < 0.1
    # Later reports lie on the same line.
    for report in more_video:
        assert abs((report.wall - video.wall) - signed(report.time - video.time) / 90000) < 0.001
    assert more_video
    assert more_audio
    assert more_video[-1].packets > 0


async def test_requests_are_answered_at_once_while_the_camera_sleeps(staged):
    stage = await staged(ClipSource(clip(), wake=3.0))
    async with Client(stage.url) as client:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await client.play()
        assert loop.time() - began < 0.2
        await client.collect(0, 1)
        assert loop.time() - began > 2.9
        # A report each second keeps the client's patience up.
        assert 3 <= len(client.reports(1)) <= 5
        await client.ask("GET_PARAMETER")
    assert stage.source.opened == 1


async def test_the_camera_starts_with_play_and_stops_after_the_last_viewer(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.ask("OPTIONS")
        await client.ask("DESCRIBE")
        assert stage.source.opened == 0
        await client.play()
        await client.collect(0, 1)
        assert stage.source.is_open
        await client.ask("TEARDOWN")
    await until(lambda: stage.live.state is StreamState.LINGERING)
    assert stage.source.is_open
    await until(lambda: stage.live.state is StreamState.IDLE)
    assert not stage.source.is_open
    assert stage.source.opened == 1


async def test_a_client_that_just_disappears_counts_as_gone(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play()
        await client.collect(0, 1)
        client.writer.transport.abort()
    await until(lambda: not stage.live.viewers)
    await until(lambda: stage.live.state is StreamState.IDLE)


async def test_a_reconnect_within_the_linger_does_not_wake_the_camera_again(staged):
    stage = await staged()
    for _ in range(3):
        async with Client(stage.url) as client:
            await client.play(tracks=(0, 1), require=BACK_CHANNEL)
            await client.collect(0, 1)
            await client.ask("TEARDOWN")
    assert stage.source.opened == 1


async def test_a_second_viewer_starts_with_a_key_frame_at_once_and_shares_the_packets(staged):
    stage = await staged()
    async with Client(stage.url) as first, Client(stage.url) as second:
        await first.play()
        await first.collect_units("h264", 10)
        loop = asyncio.get_running_loop()
        began = loop.time()
        await second.play(channels=(4, 6))
        units = await second.collect_units("h264", 3, channel=4)
        assert loop.time() - began < 0.15
        assert units[0][1][0][0] & 0x1F == 7
        await second.collect(4, 30)
        await first.collect(0, len(first.packets(0)) + 5)
        report = second.reports(5)[0]
        assert report.time == second.packets(4)[0].time
    known = {packet.sequence: packet for packet in first.packets(0)}
    shared = [packet for packet in second.packets(4) if packet.sequence in known]
    assert len(shared) > 20
    assert all(known[packet.sequence] == packet for packet in shared)


async def test_options_and_unknown_methods(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        answer = await client.ask("OPTIONS", "*")
        assert "DESCRIBE" in answer.headers["public"]
        answer = await client.ask("PAUSE")
        assert answer.status == 405
        assert "PLAY" in answer.headers["allow"]
        assert (await client.ask("GET_PARAMETER", "*")).status == 454


async def test_the_description_tells_what_is_remembered(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        fresh = (await client.ask("DESCRIBE")).body.decode()
    assert "a=rtpmap:96 H264/90000" in fresh
    assert "sprop" not in fresh
    assert "config=1408" in fresh
    assert "PCMU" not in fresh
    async with Client(stage.url) as client:
        await client.play()
        await client.collect(2, 2)
        told = (await client.ask("DESCRIBE")).body.decode()
    sps, pps = stage.live.parameters.video.sets
    assert f"profile-level-id={sps[1:4].hex().upper()}" in told
    assert "sprop-parameter-sets=" in told
    assert "packetization-mode=1" in told
    restored = CodecParameters.from_dict(stage.live.parameters.to_dict())
    later = await staged(parameters=restored)
    async with Client(later.url) as client:
        assert (await client.ask("DESCRIBE")).body.decode() == told
    assert pps


async def test_h265_is_described_with_its_three_parameter_sets(staged):
    stage = await staged(
        ClipSource(clip(Codec.HEVC)), parameters=CodecParameters(expected=Codec.HEVC)
    )
    async with Client(stage.url) as client:
        await client.play()
        await client.collect(0, 1)
        text = (await client.ask("DESCRIBE")).body.decode()
    assert "a=rtpmap:96 H265/90000" in text
    for name in ("sprop-vps=", "sprop-sps=", "sprop-pps="):
        assert name in text


async def test_a_camera_without_sound_is_not_announced_with_sound_again(staged):
    stage = await staged(ClipSource(clip(), sound=False))
    async with Client(stage.url) as client:
        await client.play()
        await client.collect_units("h264", 12)
    assert stage.live.parameters.audio is None
    async with Client(stage.url) as client:
        described = await client.ask("DESCRIBE")
        assert b"audio" not in described.body
        base = described.headers["content-base"]
        refused = await client.ask("SETUP", f"{base}trackID=1", {"Transport": TCP})
        assert refused.status == 404


@pytest.mark.parametrize(
    ("transport", "status"),
    [
        ("RTP/AVP;unicast;client_port=5000-5001", 461),
        ("RTP/AVP/UDP;unicast;client_port=5000-5001", 461),
        ("RTP/AVP;multicast", 461),
        ("RTP/AVP/TCP;multicast;interleaved=0-1", 461),
        ("RTP/AVP/TCP;unicast;interleaved=300-301", 461),
        ("RTP/AVP/TCP;unicast;interleaved=4-4", 461),
        ("", 461),
        (TCP, 200),
        ("RTP/AVP/TCP;unicast", 200),
        ("RTP/AVP/TCP;interleaved=7", 200),
        ("RTP/AVP;unicast;client_port=1-2,RTP/AVP/TCP;unicast;interleaved=2-3", 200),
    ],
)
async def test_only_interleaved_tcp_is_served(staged, transport, status):
    stage = await staged()
    async with Client(stage.url) as client:
        answer = await client.ask("SETUP", f"{stage.url}/trackID=0", {"Transport": transport})
    assert answer.status == status
    if status == 200:
        assert "interleaved=" in answer.headers["transport"]
        assert answer.headers["session"].endswith(";timeout=60")


async def test_order_of_requests_is_checked(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        assert (await client.ask("PLAY")).status == 455
        assert (await client.ask("SETUP", headers={"Transport": TCP})).status == 459
        assert (await client.ask("SETUP", f"{stage.url}/trackID=2")).status == 404
    async with Client(stage.url) as client:
        await client.play()
        again = await client.ask("SETUP", f"{stage.url}/trackID=0", {"Transport": TCP})
        assert again.status == 455
        assert (await client.ask("PLAY")).status == 200
        assert (await client.ask("SET_PARAMETER", body=b"x: y\r\n")).status == 200
        assert (await client.ask("TEARDOWN")).status == 200
        assert await client.ended()


async def test_a_connection_shows_one_camera_only(staged):
    stage = await staged()
    stage.server.add("other", stage.live)
    async with Client(stage.url) as client:
        await client.ask("DESCRIBE")
        assert (await client.ask("DESCRIBE", stage.server.url("other"))).status == 459


@pytest.mark.parametrize("suffix", ["#backchannel=1", "?x=1", "/", "/#timeout=30"])
async def test_what_clients_append_to_the_url_means_nothing(staged, suffix):
    stage = await staged()
    async with Client(stage.url + suffix) as client:
        described = await client.ask("DESCRIBE")
        assert described.status == 200
        assert described.headers["content-base"] == f"{stage.url}/"
        answer = await client.ask(
            "SETUP", f"{stage.url}{suffix.rstrip('/')}/trackID=0", {"Transport": TCP}
        )
        assert answer.status == 200


async def test_a_codec_change_ends_the_session_and_the_next_one_is_right(staged):
    stage = await staged(ClipSource(clip()))
    async with Client(stage.url) as client:
        await client.play()
        await client.collect_units("h264", 3)
        stage.source.clip = clip(Codec.HEVC)
        stage.source.index = 0
        assert await client.ended(2.0)
    async with Client(stage.url) as client:
        described = await client.play()
        assert b"H265" in described.body
        units = await client.collect_units("hevc", 3)
        assert units[0][1][0][0] >> 1 == 32
    assert stage.source.opened == 1


async def test_a_new_resolution_goes_on_in_the_same_session(staged):
    stage = await staged(ClipSource(clip()))
    async with Client(stage.url) as client:
        await client.play()
        await client.collect_units("h264", 3)
        stage.source.clip = clip(width=640, height=360)
        stage.source.index = 30
        units = await client.collect_units("h264", 20)
    sets = {nals[0] for _, nals in units if nals[0][0] & 0x1F == 7}
    assert len(sets) == 2
    assert stage.live.parameters.video.width == 640


async def test_sound_that_was_not_announced_makes_go2rtc_reconnect_but_not_ffmpeg(staged):
    silent = CodecParameters(audio_settled=True)
    stage = await staged(parameters=silent)
    async with Client(stage.url) as client:
        await client.play(tracks=(0,))
        assert await client.ended(2.0)
    stage = await staged(parameters=silent)
    async with Client(stage.url, agent="Lavf63.1.102") as client:
        await client.play(tracks=(0,))
        await client.collect_units("h264", 5)
    async with Client(stage.url) as client:
        await client.play()
        await client.collect(2, 3)


async def test_a_client_that_wants_no_sound_gets_none(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        await client.play(tracks=(0,))
        await client.collect_units("h264", 10)
        assert {channel for channel, _ in client.frames} == {0, 1}
    async with Client(stage.url) as client:
        await client.play(tracks=(1,), channels=(8,))
        await client.collect(8, 5)
        assert {channel for channel, _ in client.frames} == {8, 9}


async def test_a_stream_that_gives_up_ends_the_session_and_can_be_tried_again(staged):
    errors = [CameraAsleep("asleep")] * 3
    stage = await staged(ClipSource(clip(), errors=errors))
    async with Client(stage.url) as client:
        await client.play()
        assert await client.ended(3.0)
    assert stage.live.state is StreamState.FAILED
    async with Client(stage.url) as client:
        await client.play()
        await client.collect_units("h264", 2)


async def test_a_source_that_breaks_is_opened_again_behind_the_same_session(staged):
    source = HandSource()
    stage = await staged(source)
    shown = clip()
    async with Client(stage.url) as client:
        await client.play()
        await until(lambda: source.sink)
        for index in range(5):
            source.sink.video(shown.video(index))
        await client.collect_units("h264", 5)
        source.sink.ended(None)
        source.sink = None
        await until(lambda: source.sink)
        source.sink.video(shown.video(33))  # in the middle of a group: nothing to start with
        source.sink.video(shown.video(45))
        units = await client.collect_units("h264", 6)
        assert len(units) == 6
        assert units[5][1][0][0] & 0x1F == 7
        assert 0 < signed(units[5][0] - units[4][0]) < 90000
    assert source.opened == 2


@pytest.mark.parametrize(
    ("agent", "name"),
    [("go2rtc/1.9.13", "go2rtc"), ("Lavf63.1.102", "stream"), ("VLC/3.0", "RTSP client")],
)
async def test_the_battery_account_knows_what_kind_of_client_it_was(staged, agent, name):
    stage = await staged()
    async with Client(stage.url, agent=agent) as client:
        await client.play()
        await client.collect_units("h264", 1)
    await until(lambda: stage.live.usage.wakes)
    assert stage.live.usage.wakes[0].asked_by == name


def test_rtp_times_wrap_as_they_should():
    assert signed(5 - (2**32 - 5)) == 10
    assert Rtp.parse(b"\x80\x60" + bytes(10) + b"x").payload == b"x"
