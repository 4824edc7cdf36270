"""Why a view fails, what is tried again, and what is said about it."""

import asyncio
import dataclasses

import pytest

from custom_components.eufy_local.eufy import errors
from custom_components.eufy_local.eufy.media.states import (
    StreamReason,
    StreamState,
    is_final,
    reason_of,
)

from .clips import clip
from .eyes import FAST, Eye, start
from .sources import ClipSource, HandSource
from .waiting import until

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
