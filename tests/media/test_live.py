"""A live stream: when the camera runs, what viewers get, and why a view fails."""

import asyncio
import dataclasses
import datetime as dt

import pytest

from custom_components.eufy_local.eufy import errors
from custom_components.eufy_local.eufy.media import pipeline as pipeline_module
from custom_components.eufy_local.eufy.media.codec import CodecParameters
from custom_components.eufy_local.eufy.media.live import MAX_VIEWERS, LiveStream, StreamEvent
from custom_components.eufy_local.eufy.media.nal_gate import split_nals
from custom_components.eufy_local.eufy.media.protection import StreamGrade
from custom_components.eufy_local.eufy.media.states import (
    StreamReason,
    StreamState,
    StreamTimes,
    is_final,
    reason_of,
)
from custom_components.eufy_local.eufy.media.units import AudioUnit, VideoUnit
from custom_components.eufy_local.eufy.media.usage import UsageLedger
from custom_components.eufy_local.eufy.wire.media import AudioFrame, MediaProtection
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import FIRST_MS, clip
from .parameter_sets import H264, h264_unit
from .sources import ClipSource, HandSource

FAST = StreamTimes(
    linger=0.05,
    open=0.3,
    first_picture=0.3,
    silence=0.2,
    close=0.2,
    audio=0.2,
    retry=(0.02, 0.04),
    attempts=3,
    stable=0.5,
    cool_down=0.1,
)


class Eye:
    """A viewer that keeps everything."""

    def __init__(self, asked_by: str = "test") -> None:
        self.asked_by = asked_by
        self.units = []
        self.parameters = []
        self.error = None

    def receive(self, unit):
        self.units.append(unit)

    def learned(self, parameters):
        self.parameters.append(parameters)

    def closed(self, error):
        self.error = error

    @property
    def pictures(self):
        return [unit for unit in self.units if isinstance(unit, VideoUnit)]

    @property
    def sounds(self):
        return [unit for unit in self.units if isinstance(unit, AudioUnit)]


async def until(condition, seconds=2.0):
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


@pytest.fixture
async def stream():
    """Give a function that makes streams; all are closed at the end."""
    made = []

    def make(source, **options) -> LiveStream:
        made.append(LiveStream("camera", source, **({"times": FAST} | options)))
        return made[-1]

    yield make
    for live in made:
        await live.close()


async def start(live, source, eye=None):
    eye = eye or Eye()
    live.attach(eye)
    await until(lambda: source.sink)
    return eye


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
    eye = await start(live, source)
    shown = clip()
    source.sink.video(shown.video(0))
    source.sink.audio(shown.audio(0))
    assert [one for one in told if one is StreamEvent.PARAMETERS] == [StreamEvent.PARAMETERS] * 2
    assert eye.parameters[-1] == live.parameters
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


# --- failures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "reason", "openings"),
    [
        (errors.CameraAsleep("x"), StreamReason.ASLEEP, 3),
        (errors.StreamBusy("x"), StreamReason.BUSY, 3),
        (errors.StationNotFound("x"), StreamReason.UNREACHABLE, 3),
        (errors.CommandError(-5, "x"), StreamReason.REJECTED, 3),
        (errors.CommandTimeout("x"), StreamReason.NO_ANSWER, 3),
        (errors.LinkLost("x"), StreamReason.INTERRUPTED, 3),
        (errors.StreamUnavailable("x"), StreamReason.NO_MEDIA, 3),
        (errors.DowngradeRefused("x"), StreamReason.REFUSED_GRADE, 1),
        (errors.KeyRejected("x"), StreamReason.KEY, 1),
        (errors.KeyUnavailable("x"), StreamReason.KEY, 1),
        (errors.NetworkBlocked("x"), StreamReason.BLOCKED, 1),
        (errors.MediaError("x"), StreamReason.INTERNAL, 1),
    ],
)
async def test_a_source_that_does_not_open_has_a_stated_reason(stream, error, reason, openings):
    source = ClipSource(clip(), errors=[error] * 5)
    live = stream(source)
    eye = Eye()
    live.attach(eye)
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is reason
    assert live.error is error
    assert eye.error is error
    assert live.viewers == ()
    assert (source.opened, source.closed) == (openings, openings)


async def test_retries_show_their_reason_and_a_success_forgets_it(stream):
    source = ClipSource(clip(), errors=[errors.CameraAsleep("x"), errors.StreamBusy("y")])
    live = stream(source)
    seen = []
    live.subscribe(lambda _: seen.append((live.state, live.reason)))
    eye = Eye()
    live.attach(eye)
    await until(lambda: eye.pictures)
    assert (StreamState.RETRYING, StreamReason.ASLEEP) in seen
    assert (StreamState.RETRYING, StreamReason.BUSY) in seen
    assert (live.state, live.reason, live.error) == (StreamState.LIVE, None, None)
    assert eye.error is None


async def test_nobody_left_means_no_retry(stream):
    source = ClipSource(clip(), errors=[errors.StreamBusy("x")] * 9)
    live = stream(source, times=dataclasses.replace(FAST, retry=(5.0,)))
    eye = Eye()
    live.attach(eye)
    await until(lambda: live.state is StreamState.RETRYING)
    live.detach(eye)
    await until(lambda: live.state is StreamState.IDLE)
    assert source.opened == 1


async def test_after_a_failure_the_next_viewer_starts_anew_after_a_pause(stream):
    source = ClipSource(clip(), errors=[errors.KeyRejected("x")])
    live = stream(source)
    live.attach(Eye())
    await until(lambda: live.state is StreamState.FAILED)
    loop = asyncio.get_running_loop()
    failed = loop.time()
    eye = Eye()
    live.attach(eye)
    assert source.opened == 1
    await until(lambda: eye.pictures)
    assert loop.time() - failed >= 0.09


async def test_an_answer_that_never_comes(stream):
    source = ClipSource(clip(), wake=60)
    live = stream(source, times=dataclasses.replace(FAST, attempts=1))
    live.attach(Eye())
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.NO_ANSWER
    assert source.closed == 1


async def test_media_that_never_come(stream):
    live = stream(HandSource(), times=dataclasses.replace(FAST, attempts=1))
    live.attach(Eye())
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.NO_MEDIA


async def test_a_key_frame_that_never_comes(stream):
    source = HandSource()
    live = stream(source, times=dataclasses.replace(FAST, attempts=1))
    await start(live, source)
    source.sink.video(clip().video(1))
    source.sink.audio(clip().audio(1))
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.NO_KEY_FRAME


async def test_pictures_that_are_all_refused(stream):
    source = HandSource()
    live = stream(source, times=dataclasses.replace(FAST, attempts=1))
    await start(live, source)
    source.sink.video(clip().video(0, width=4000, height=4000))
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.REFUSED_PICTURE
    assert isinstance(live.error, errors.FrameRefused)


async def test_a_camera_that_falls_silent_is_opened_again(stream):
    source = HandSource()
    live = stream(source)
    eye = await start(live, source)
    source.sink.video(clip().video(0))
    first, source.sink = source.sink, None
    seen = []
    live.subscribe(lambda _: seen.append(live.reason))
    await until(lambda: source.sink)
    assert StreamReason.INTERRUPTED in seen
    first.video(clip().video(1))  # a straggler of the old opening
    first.audio(clip().audio(1))
    first.refused()
    first.ended(None)
    assert len(eye.pictures) == 1
    source.sink.video(clip().video(15))
    assert len(eye.pictures) == 2


async def test_sound_alone_is_no_picture(stream):
    source = ClipSource(clip())
    live = stream(source, times=dataclasses.replace(FAST, attempts=1, silence=5))
    eye = Eye()
    live.attach(eye)
    await until(lambda: eye.pictures)
    source._play = None
    source._task.cancel()
    for index in range(40):
        if live.state is StreamState.FAILED:
            break
        source.sink.audio(clip().audio(index))
        await asyncio.sleep(0.02)
    assert live.reason is StreamReason.NO_KEY_FRAME


async def test_a_camera_that_ends_the_view_by_itself(stream):
    source = HandSource()
    live = stream(source, times=dataclasses.replace(FAST, attempts=1))
    await start(live, source)
    source.sink.ended(None)
    source.sink.ended(errors.LinkLost("too late"))
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.ENDED


async def test_a_long_view_that_breaks_counts_as_the_first_failure(stream):
    source = HandSource()
    live = stream(source, times=dataclasses.replace(FAST, attempts=2, stable=0.1, silence=5))
    eye = await start(live, source)
    for number in range(4):
        source.sink.video(clip().video(15 * number))
        await asyncio.sleep(0.12)
        sink, source.sink = source.sink, None
        sink.ended(errors.LinkLost("x"))
        await until(lambda: source.sink)
    assert len(eye.pictures) == 4
    assert source.opened == 5


async def test_a_bug_in_the_source_is_a_failure_and_no_silence(stream, caplog):
    class Broken(HandSource):
        async def open(self, sink):
            raise ZeroDivisionError

    live = stream(Broken())
    eye = Eye()
    live.attach(eye)
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.INTERNAL
    assert "ZeroDivisionError" in str(eye.error)
    assert "broke" in caplog.text


async def test_a_source_whose_opening_is_cancelled_from_inside(stream):
    class Cancelled(HandSource):
        async def open(self, sink):
            raise asyncio.CancelledError

    live = stream(Cancelled(), times=dataclasses.replace(FAST, attempts=1))
    live.attach(Eye())
    await until(lambda: live.state is StreamState.FAILED)
    assert live.reason is StreamReason.NO_MEDIA


@pytest.mark.parametrize("failure", [errors.LinkLost("x"), None])
async def test_a_source_that_does_not_close_holds_nobody_up(stream, failure):
    class Sticky(HandSource):
        async def close(self):
            await super().close()
            if failure:
                raise failure
            await asyncio.sleep(60)

    source = Sticky()
    live = stream(source)
    eye = await start(live, source)
    live.detach(eye)
    await until(lambda: live.state is StreamState.IDLE)
    assert source.closed == 1


def test_every_error_has_a_reason():
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.LinkError | errors.MediaError)
    ]
    assert len(kinds) > 10
    for kind in kinds:
        error = kind(1, "x") if issubclass(kind, errors.CommandError) else kind("x")
        if kind is not errors.MediaError:
            assert reason_of(error) is not StreamReason.INTERNAL
    assert is_final(errors.ConfigurationError("x"))


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
