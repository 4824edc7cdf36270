"""Talk-back: from a viewer's microphone, or a file, to the camera's loudspeaker."""

import asyncio
import io
import struct

import av
import numpy as np
import pytest

from custom_components.eufy_local.eufy.errors import (
    CommandTimeout,
    FrameRefused,
    MediaError,
    StreamBusy,
)
from custom_components.eufy_local.eufy.media import talk as talk_module
from custom_components.eufy_local.eufy.media.adts import parse_adts
from custom_components.eufy_local.eufy.media.codec import USUAL_AUDIO
from custom_components.eufy_local.eufy.media.talk import TalkDesk

from .client import BACK_CHANNEL, Client
from .clips import clip
from .sources import ClipSource
from .waiting import until

RATE = 8000


class Loudspeaker:
    """A sink that keeps what it hears and when."""

    def __init__(self, error=None, stop_error=None) -> None:
        self.error = error
        self.frames: list[bytes] = []
        self.times: list[float] = []
        self.started = 0
        self.stopped = 0

    async def start(self):
        self.started += 1
        if self.error:
            raise self.error

    async def send(self, frame):
        self.frames.append(frame)
        self.times.append(asyncio.get_running_loop().time())

    async def stop(self):
        self.stopped += 1

    def heard(self) -> np.ndarray:
        """Decode what was sent."""
        decoder = av.CodecContext.create("aac", "r")
        pieces = []
        for frame in self.frames:
            assert parse_adts(frame).parameters == USUAL_AUDIO
            pieces += [one.to_ndarray()[0] for one in decoder.decode(av.Packet(frame))]
        return np.concatenate(pieces)


def voice(seconds: float, rate=RATE) -> np.ndarray:
    """Something like a voice: a changing tone with a changing strength."""
    t = np.arange(int(seconds * rate)) / rate
    return (
        0.4 * np.sin(2 * np.pi * (300 * t + 40 * np.sin(3 * t))) * (0.6 + 0.4 * np.sin(7 * t))
    ).astype(np.float32)


def mulaw(samples: np.ndarray) -> bytes:
    encoder = av.CodecContext.create("pcm_mulaw", "w")
    encoder.sample_rate, encoder.layout, encoder.format = RATE, "mono", "s16"
    frame = av.AudioFrame.from_ndarray(
        (samples * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
    )
    frame.sample_rate = RATE
    return b"".join(bytes(packet) for packet in encoder.encode(frame))


def correlation(heard: np.ndarray, said: np.ndarray) -> float:
    """The best normalised correlation over the codec's delay."""
    best = 0.0
    for delay in range(0, 4000, 8):
        part = heard[delay : delay + len(said)]
        if len(part) < len(said) * 0.8:
            break
        reference = said[: len(part)]
        scale = np.linalg.norm(part) * np.linalg.norm(reference)
        best = max(best, float(np.dot(part, reference) / scale) if scale else 0.0)
    return best


def doubled(samples: np.ndarray) -> np.ndarray:
    t = np.arange(2 * len(samples)) / 2
    return np.interp(t, np.arange(len(samples)), samples).astype(np.float32)


async def say(client, channel, samples, *, pace=1.0, kind=0):
    """Send sound as go2rtc does: 160 bytes each 20 ms."""
    sound = mulaw(samples)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for index in range(len(sound) // 160):
        piece = sound[index * 160 : index * 160 + 160]
        rtp = struct.pack(">BBHII", 0x80, kind, index, index * 160, 1) + piece
        client.writer.write(b"$" + bytes((channel,)) + struct.pack(">H", len(rtp)) + rtp)
        await asyncio.sleep(max(0.0, began + index * 0.02 * pace - loop.time()))


async def test_what_a_viewer_says_is_heard_at_the_camera(staged):
    speaker = Loudspeaker()
    stage = await staged(talk=speaker)
    said = voice(2.0)
    async with Client(stage.url) as client:
        described = await client.play(tracks=(0, 2, 1), require=BACK_CHANNEL)
        assert b"a=sendonly" in described.body
        await say(client, 2, said)
        await until(lambda: len(speaker.frames) >= 29)
        await client.ask("TEARDOWN")
    await until(lambda: speaker.stopped)
    assert speaker.started == 1
    assert correlation(speaker.heard(), doubled(said)) > 0.9
    gaps = np.diff(speaker.times[5:])
    assert gaps.max() < 0.2  # two frames and a busy test machine


async def test_a_client_that_does_not_ask_is_not_offered_the_back_channel(staged):
    stage = await staged(talk=Loudspeaker())
    async with Client(stage.url) as client:
        described = await client.ask("DESCRIBE")
        assert b"sendonly" not in described.body
        answer = await client.ask("SETUP", f"{described.headers['content-base']}trackID=2")
        assert answer.status == 404


async def test_a_camera_without_loudspeaker_is_described_without_back_channel(staged):
    stage = await staged()
    async with Client(stage.url) as client:
        described = await client.play(require=BACK_CHANNEL)
        assert b"sendonly" not in described.body
        await client.collect_units("h264", 2)
    with pytest.raises(MediaError):
        await stage.live.speak(b"x")


async def test_one_speaker_at_a_time(staged):
    speaker = Loudspeaker()
    stage = await staged(talk=speaker)
    async with Client(stage.url) as one, Client(stage.url) as two:
        await one.play(tracks=(0, 2), require=BACK_CHANNEL)
        await two.play(tracks=(0, 2), require=BACK_CHANNEL)
        await asyncio.gather(say(one, 2, voice(0.6)), say(two, 2, voice(0.6)))
        assert stage.live.talk.is_busy
        with pytest.raises(StreamBusy):
            stage.live.talk.begin()
        with pytest.raises(StreamBusy):
            await stage.live.talk.speak(b"x")
        assert speaker.started == 1
    await until(lambda: not stage.live.talk.is_busy)


async def test_a_refused_talk_does_not_disturb_the_view(staged):
    speaker = Loudspeaker(error=StreamBusy("somebody else talks"))
    stage = await staged(talk=speaker)
    async with Client(stage.url) as client:
        await client.play(tracks=(0, 2), require=BACK_CHANNEL)
        await say(client, 2, voice(0.1))
        await until(lambda: stage.live.talk.error)
        assert isinstance(stage.live.talk.error, StreamBusy)
        await say(client, 2, voice(0.3))
        assert (speaker.started, speaker.stopped) == (1, 1)
        await client.collect_units("h264", 3)


async def test_what_is_no_sound_is_ignored(staged):
    speaker = Loudspeaker()
    stage = await staged(talk=speaker)
    async with Client(stage.url) as client:
        await client.play(tracks=(0, 2), require=BACK_CHANNEL)
        await say(client, 2, voice(0.1), kind=8)
        client.writer.write(b"$\2\0\3abc" + b"$\2\0\x0c\x80\0" + bytes(10))
        await client.ask("OPTIONS")
    assert speaker.started == 0


async def test_a_talk_ends_after_a_pause_and_begins_again():
    speaker = Loudspeaker()
    desk = TalkDesk(speaker, pause=0.3)
    talk = desk.begin()
    talk.feed(mulaw(voice(0.5)))
    await until(lambda: speaker.frames)
    await until(lambda: talk.is_over)
    assert not desk.is_busy
    again = desk.begin()
    again.feed(mulaw(voice(0.5)))
    again.end()
    await again.close()
    assert (speaker.started, speaker.stopped) == (2, 2)
    assert len(speaker.frames) >= 12
    await desk.close()


async def test_sound_that_waits_too_long_is_dropped():
    speaker = Loudspeaker()
    desk = TalkDesk(speaker)
    talk = desk.begin()
    for _ in range(100):
        talk.feed(mulaw(voice(0.5)))
    talk.end()
    await talk.close()
    assert len(speaker.frames) <= 17
    await desk.close()


async def test_a_bug_in_a_sink_ends_the_talk(caplog):
    desk = TalkDesk(Loudspeaker(error=ZeroDivisionError()))
    talk = desk.begin()
    await until(lambda: talk.is_over)
    assert isinstance(desk.error, MediaError)
    assert "broke" in caplog.text
    await desk.close()


async def test_closing_ends_a_running_talk():
    speaker = Loudspeaker()
    desk = TalkDesk(speaker)
    desk.begin()
    await desk.close()
    assert not desk.is_busy
    assert speaker.stopped == 1


# --- files ----------------------------------------------------------------------------------


def file(samples: np.ndarray, rate: int, container="wav", codec="pcm_s16le") -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=container) as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            (samples * 32767).astype(np.int16)[None, :], format="s16", layout="mono"
        )
        frame.sample_rate = rate
        output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("rate", "container", "codec"),
    [(22050, "wav", "pcm_s16le"), (44100, "mp3", "libmp3lame"), (16000, "wav", "pcm_s16le")],
)
async def test_a_file_is_spoken_at_the_speed_of_speech(staged, rate, container, codec):
    speaker = Loudspeaker()
    stage = await staged(ClipSource(clip(), wake=0.2), talk=speaker)
    loop = asyncio.get_running_loop()
    began = loop.time()
    seconds = await stage.live.speak(file(voice(1.5, rate), rate, container, codec))
    assert 1.4 < seconds < 1.8
    assert seconds + 0.1 < loop.time() - began < seconds + 1.5
    assert correlation(speaker.heard(), voice(1.5, 16000)) > 0.9
    assert (speaker.started, speaker.stopped) == (1, 1)
    assert stage.source.opened == 1
    assert not stage.live.viewers


async def test_files_that_cannot_be_spoken(staged, monkeypatch):
    speaker = Loudspeaker()
    stage = await staged(talk=speaker)
    with pytest.raises(FrameRefused):
        await stage.live.speak(b"this is no media file")
    monkeypatch.setattr(talk_module, "MAX_FILE", 100)
    with pytest.raises(FrameRefused):
        await stage.live.speak(bytes(200))
    monkeypatch.undo()
    with pytest.raises(FrameRefused):
        await stage.live.speak(picture_file())
    assert speaker.started == 0


def picture_file() -> bytes:
    """A media file without sound."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="matroska") as output:
        stream = output.add_stream("mjpeg", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuvj420p"
        output.mux(stream.encode(av.VideoFrame(64, 64, "yuvj420p")))
        output.mux(stream.encode(None))
    return buffer.getvalue()


async def test_a_camera_that_refuses_to_speak(staged):
    speaker = Loudspeaker(error=CommandTimeout("x"))
    stage = await staged(talk=speaker)
    with pytest.raises(CommandTimeout):
        await stage.live.speak(file(voice(0.2), RATE))
    assert speaker.stopped == 1
