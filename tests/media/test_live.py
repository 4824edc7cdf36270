"""A live stream: when the camera runs and what viewers get."""

import asyncio
import dataclasses
import datetime as dt

import pytest

from custom_components.eufy_local.eufy import errors
from custom_components.eufy_local.eufy.media import pipeline as pipeline_module
from custom_components.eufy_local.eufy.media.codec import CodecParameters
from custom_components.eufy_local.eufy.media.live import MAX_VIEWERS, StreamEvent
from custom_components.eufy_local.eufy.media.nal_gate import split_nals
from custom_components.eufy_local.eufy.media.protection import StreamGrade
from custom_components.eufy_local.eufy.media.states import (
    StreamReason,
    StreamState,
)
from custom_components.eufy_local.eufy.media.usage import UsageLedger
from custom_components.eufy_local.eufy.wire.media import AudioFrame, MediaProtection
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import FIRST_MS, clip
from .eyes import FAST, Eye, start
from .parameter_sets import H264, h264_unit
from .sources import ClipSource, HandSource
from .waiting import until

# --- who starts and stops the camera ------------------------------------------------------


async def test_the_first_viewer_starts_and_the_last_one_plus_linger_stops(stream):
    source = ClipSource(clip())
    live = stream(source)
    states = []
    live.subscribe(lambda event: states.append(live.state) if event is StreamEvent.STATE else None)
    one, two = Eye(), Eye()
    assert live.attach(one) == ()
    await until(lambda: one.pictures)
    live.attach(two)
    live.detach(one)
    await asyncio.sleep(0.1)
    assert source.is_open
    live.detach(two)
    assert live.state is StreamState.LINGERING
    assert source.is_open
    await until(lambda: live.state is StreamState.IDLE)
    assert (source.opened, source.closed) == (1, 1)
    assert states == ["starting", "live", "lingering", "stopping", "idle"]
    live.detach(two)  # again: nothing happens


async def test_a_viewer_that_comes_back_in_time_finds_the_camera_running(stream):
    source = ClipSource(clip())
    live = stream(source, linger=0.3)
    for _ in range(3):
        eye = Eye()
        live.attach(eye)
        await until(lambda: eye.pictures)  # noqa: B023
        assert live.state is StreamState.LIVE
        live.detach(eye)
        await asyncio.sleep(0.1)
    assert source.opened == 1


async def test_a_viewer_that_leaves_while_the_camera_wakes_lets_it_sleep(stream):
    source = ClipSource(clip(), wake=10)
    live = stream(source, times=dataclasses.replace(FAST, open=20))
    eye = Eye()
    live.attach(eye)
    await asyncio.sleep(0.02)
    live.detach(eye)
    await until(lambda: live.state is StreamState.IDLE)
    assert (source.opened, source.closed) == (1, 1)


async def test_a_viewer_that_comes_while_the_camera_stops_starts_it_again(stream):
    class SlowStop(ClipSource):
        async def close(self):
            await asyncio.sleep(0.1)
            await super().close()

    source = SlowStop(clip())
    live = stream(source, times=dataclasses.replace(FAST, first_picture=3))
    eye = Eye()
    live.attach(eye)
    await until(lambda: eye.pictures)
    live.detach(eye)
    await until(lambda: live.state is StreamState.STOPPING)
    again = Eye()
    live.attach(again)
    await until(lambda: again.pictures)
    assert (source.opened, source.closed) == (2, 1)


async def test_closing_stops_the_camera_and_shuts_the_door(stream):
    source = ClipSource(clip())
    live = stream(source)
    eye = Eye()
    live.attach(eye)
    await until(lambda: eye.pictures)
    await live.close()
    assert not source.is_open
    assert isinstance(eye.error, errors.MediaError)
    with pytest.raises(errors.MediaError):
        live.attach(Eye())


async def test_closing_while_the_camera_stops_waits_for_it(stream):
    class SlowStop(HandSource):
        async def close(self):
            await asyncio.sleep(0.1)
            await super().close()

    source = SlowStop()
    live = stream(source)
    eye = await start(live, source)
    live.detach(eye)
    await until(lambda: live.state is StreamState.STOPPING)
    await live.close()
    assert source.closed == 1


async def test_the_number_of_viewers_is_limited(stream):
    live = stream(HandSource())
    for _ in range(MAX_VIEWERS):
        live.attach(Eye())
    with pytest.raises(errors.StreamBusy):
        live.attach(Eye())


# --- what viewers get -----------------------------------------------------------------------


async def test_a_frame_leaves_in_the_turn_in_which_it_came(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    for index in range(3):
        source.sink.video(shown.video(index))
        assert len(eye.pictures) == index + 1  # nothing was awaited
    source.sink.audio(shown.audio(0))
    assert len(eye.sounds) == 1


async def test_pictures_before_the_first_key_frame_are_left_out(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    source.sink.audio(shown.audio(0))
    for index in range(10, 17):
        source.sink.video(shown.video(index))
    assert [unit.key for unit in eye.pictures] == [True, False]
    assert not eye.sounds
    assert live.counters.skipped + live.counters.refused == 0
    await until(lambda: live.state is StreamState.LIVE)


async def test_a_listener_that_fails_does_not_stop_the_pictures(stream, caplog):
    source = HandSource()
    live = stream(source)
    live.subscribe(lambda _: 1 / 0)
    eye = await start(live, source)
    source.sink.video(clip().video(0))
    assert len(eye.pictures) == 1
    assert "listener" in caplog.text


async def test_a_late_joiner_gets_the_picture_group_so_far(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    for index in range(20):
        source.sink.video(shown.video(index))
        source.sink.audio(shown.audio(index))
    late = Eye()
    group = live.attach(late)
    assert group == tuple(eye.units[-10:])
    assert group[0].key
    source.sink.video(shown.video(20))
    assert late.units == [eye.units[-1]]


@pytest.mark.parametrize("limit", ["MAX_GROUP_BYTES", "MAX_GROUP_UNITS"])
async def test_a_group_that_is_too_long_is_not_kept(stream, monkeypatch, limit):
    monkeypatch.setattr(pipeline_module, limit, 5 if limit == "MAX_GROUP_UNITS" else 60_000)
    source = HandSource()
    live = stream(source)
    await start(live, source)
    shown = clip()
    for index in range(14):
        source.sink.video(shown.video(index))
    assert live.attach(Eye()) == ()
    source.sink.video(shown.video(15))
    assert len(live.attach(Eye())) == 1


async def test_after_a_hole_the_view_goes_on_with_a_key_frame(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    for index in (*range(10), *range(12, 20)):
        source.sink.video(shown.video(index))
    assert len(eye.pictures) == 10 + 5
    assert live.counters.holes == 1
    assert live.counters.skipped == 3


async def test_a_camera_that_numbers_in_its_own_way_has_no_holes(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    for index in range(30):
        source.sink.video(shown.video(index, number=index * 3 & 0xFFFF))
    assert len(eye.pictures) == 30
    assert live.counters.holes == 0


async def test_a_refused_picture_costs_its_group_only(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    bomb = h264_unit(H264(width=16384, height=16384, crop=None).nal())
    for index in range(8):
        source.sink.video(shown.video(index))
    source.sink.video(shown.video(8, data=bomb))
    for index in range(9, 18):
        source.sink.video(shown.video(index))
    assert len(eye.pictures) == 8 + 3
    assert live.counters.refused == 1


async def test_time_follows_the_camera_and_survives_jumps_of_its_clock(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    shown = clip()
    for index in range(4):
        source.sink.video(shown.video(index))
    for index, time in enumerate((5, 71, 138)):  # the camera restarted its clock
        source.sink.video(shown.video(index + 4, timestamp_ms=time))
    times = [unit.time_ms for unit in eye.pictures]
    assert times == sorted(times)
    assert times[3] - times[0] == 200
    assert times[4] - times[3] < 100
    assert times[6] - times[4] == 133
    # Sound that was unwrapped apart from the pictures is on the same clock.
    source.sink.audio(shown.audio(0, timestamp_ms=150 + (1 << 32)))
    assert eye.sounds[0].time_ms == times[6] + 12


async def test_g711_and_unknown_sound(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    source.sink.video(clip().video(0))
    source.sink.audio(AudioFrame(b"noise", FIRST_MS, 7, 0, MediaProtection.CLEAR))
    assert live.counters.unknown_sound == 1
    assert not eye.sounds
    source.sink.audio(AudioFrame(b"\xd5" * 320, FIRST_MS, 0, 0, MediaProtection.CLEAR, g711=True))
    assert eye.sounds[0].frames == (b"\xd5" * 320,)
    assert live.parameters.audio.codec == "pcma"


async def test_what_was_learned_is_told_and_remembered(stream):
    source = HandSource()
    live = stream(source)
    told = []
    leave = live.subscribe(told.append)
    await start(live, source)
    shown = clip()
    source.sink.video(shown.video(0))
    source.sink.audio(shown.audio(0))
    assert [one for one in told if one is StreamEvent.PARAMETERS] == [StreamEvent.PARAMETERS] * 2
    leave()
    leave()
    known = CodecParameters.from_dict(live.parameters.to_dict())
    assert known == live.parameters
    assert (known.video.width, known.video.height) == (320, 180)
    source.sink.video(clip(Codec.HEVC).video(15))
    assert live.parameters.video.codec is Codec.HEVC
    assert len(told) == 4


async def test_a_camera_that_has_no_sound_is_learned_to_be_silent_and_may_speak_up(stream):
    source = ClipSource(clip(), sound=False)
    live = stream(source)
    eye = Eye()
    live.attach(eye)
    assert live.parameters.announced_audio is not None
    await until(lambda: live.parameters.audio_settled)
    assert live.parameters.announced_audio is None
    source.sink.audio(clip().audio(0))
    assert live.parameters.audio is not None
    assert eye.sounds


# --- stills, protection, battery -------------------------------------------------------------


async def test_a_key_frame_on_demand_wakes_the_camera_and_lets_it_sleep(stream):
    source = ClipSource(clip(), wake=0.05)
    live = stream(source)
    assert live.cached_key_frame is None
    unit = await live.last_key_frame()
    assert unit.key
    assert [nal[0] & 0x1F for nal in split_nals(unit.annex_b())][:3] == [7, 8, 5]
    await until(lambda: live.state is StreamState.IDLE)
    assert live.cached_key_frame.key
    assert source.opened == 1


async def test_a_key_frame_of_a_running_view_is_there_at_once(stream):
    source = HandSource()
    live = stream(source)
    await start(live, source)
    source.sink.video(clip().video(0))
    assert (await live.last_key_frame()) is live.cached_key_frame
    assert len(live.viewers) == 1


async def test_a_key_frame_that_cannot_be_had_fails_with_the_reason(stream):
    live = stream(ClipSource(clip(), errors=[errors.KeyUnavailable("x")]))
    with pytest.raises(errors.KeyUnavailable):
        await live.last_key_frame()
    assert live.viewers == ()


async def test_protection_is_what_was_measured(stream):
    source = HandSource()
    live = stream(source)
    assert live.protection is None
    assert live.encrypted is None
    await start(live, source)
    shown = clip()
    assert live.encrypted is None
    source.sink.video(shown.video(0, protection=MediaProtection.AUTHENTICATED))
    assert live.encrypted is True
    source.sink.refused(2)
    assert live.encrypted is None
    source.sink.audio(shown.audio(0))
    assert live.encrypted is False
    now = asyncio.get_running_loop().time()
    assert live.protection.grade(now) is StreamGrade.CLEAR


async def test_the_battery_account_knows_who_asked_and_stops_at_the_limit(stream):
    start_of_day = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
    loop = asyncio.get_running_loop()
    began = loop.time()
    usage = UsageLedger(daily_limit=0.4)
    live = stream(
        ClipSource(clip()),
        usage=usage,
        wall_clock=lambda: start_of_day + dt.timedelta(seconds=loop.time() - began),
    )
    eye = Eye("go2rtc")
    live.attach(eye)
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.BUDGET
    (wake,) = usage.wakes
    assert wake.asked_by == "go2rtc"
    assert 0.35 < wake.seconds < 0.8
    again = Eye()
    live.attach(again)
    await until(lambda: again.error)
    assert live.reason is StreamReason.BUDGET
    assert len(usage.wakes) == 1
