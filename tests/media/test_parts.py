"""The small parts: sound frames, parameters, protection, battery account, time line, RTP."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import FrameRefused
from custom_components.eufy_local.eufy.media.adts import parse_adts, wrap_adts
from custom_components.eufy_local.eufy.media.bits import BitReader, unescape
from custom_components.eufy_local.eufy.media.codec import (
    G711_AUDIO,
    USUAL_AUDIO,
    AudioCodec,
    AudioParameters,
    CodecParameters,
    VideoParameters,
)
from custom_components.eufy_local.eufy.media.protection import ProtectionMeter, StreamGrade
from custom_components.eufy_local.eufy.media.rtsp import rtp_h264, rtp_h265
from custom_components.eufy_local.eufy.media.rtsp.packets import StreamPackets
from custom_components.eufy_local.eufy.media.rtsp.rtp import RtpCounter, interleave, rtp_payload
from custom_components.eufy_local.eufy.media.rtsp.sdp import Description
from custom_components.eufy_local.eufy.media.sequence import HoleDetector
from custom_components.eufy_local.eufy.media.timeline import Timeline
from custom_components.eufy_local.eufy.media.units import AudioUnit, VideoUnit
from custom_components.eufy_local.eufy.media.usage import MAX_WAKES, UsageLedger
from custom_components.eufy_local.eufy.wire.media import MediaProtection
from custom_components.eufy_local.eufy.wire.nal import Codec

from .client import Rtp, depacketise
from .clips import sound
from .parameter_sets import BitWriter, escape

SILENCE = bytes.fromhex("fff16040017ffc01182007")  # protocol/p2p-media.md §3

# --- bits ----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 2**32 - 2), max_size=20), st.lists(st.integers(-9999, 9999)))
def test_numbers_are_read_as_they_were_written(unsigned, signed):
    bits = BitWriter()
    for value in unsigned:
        bits.ue(value)
    for value in signed:
        bits.se(value)
    reader = BitReader(bits.rbsp())
    assert [reader.ue(2**32) for _ in unsigned] == unsigned
    assert [reader.se(10000) for _ in signed] == signed


@given(st.binary(max_size=60))
def test_unescaping_undoes_escaping(data):
    assert unescape(escape(data)) == data


@given(st.binary(max_size=40), st.lists(st.integers(0, 3), max_size=60))
def test_any_bits_are_read_or_refused(data, steps):
    reader = BitReader(data)
    try:
        for step in steps:
            (reader.flag, lambda: reader.u(7), lambda: reader.ue(255), lambda: reader.se(9))[step]()
    except FrameRefused:
        pass


# --- sound ---------------------------------------------------------------------------------


def test_real_sound_frames_are_taken_apart_and_put_together():
    frames = sound(8)
    parsed = parse_adts(b"".join(frames))
    assert parsed.parameters == USUAL_AUDIO
    assert len(parsed.frames) == 8
    assert tuple(wrap_adts(raw, USUAL_AUDIO) for raw in parsed.frames) == frames


def test_the_silence_of_the_sheet():
    parsed = parse_adts(SILENCE)
    assert parsed.parameters == USUAL_AUDIO
    assert parsed.frames == (SILENCE[7:],)


def test_a_frame_with_a_checksum():
    raw = sound(1)[0][7:]
    head = 0xFFF0 << 40 | 1 << 38 | 8 << 34 | 1 << 30 | (len(raw) + 9) << 13 | 0x7FF << 2
    assert parse_adts(head.to_bytes(7) + b"\xab\xcd" + raw).frames == (raw,)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"noise that is longer than a header",
        SILENCE[:-1],
        b"\xff\xf7" + SILENCE[2:],  # layer 3
        SILENCE[:2] + b"\x20" + SILENCE[3:],  # AAC main
        SILENCE[:2] + b"\x7c" + SILENCE[3:],  # a rate that does not exist
        SILENCE[:3] + b"\x00" + SILENCE[4:],  # no channels told
        SILENCE[:6] + b"\xfd" + SILENCE[7:],  # two raw data blocks
        SILENCE[:4] + b"\x00" + SILENCE[5:],  # a length below the header
    ],
)
def test_what_is_not_aac_lc_in_adts(data):
    assert parse_adts(data) is None


def test_a_frame_of_another_form_ends_the_list():
    stereo = bytearray(SILENCE)
    stereo[3] = 0x80
    assert parse_adts(SILENCE + bytes(stereo)).frames == (SILENCE[7:],)
    assert len(parse_adts(SILENCE * 40).frames) == 16


@given(st.binary(max_size=200))
def test_any_sound_is_parsed_or_not(data):
    parsed = parse_adts(b"\xff\xf1" + data)
    assert parsed is None or parsed.frames


# --- parameters ----------------------------------------------------------------------------


def test_parameters_survive_being_stored():
    known = CodecParameters(
        VideoParameters(Codec.HEVC, (b"\x40\1", b"\x42\1", b"\x44\1"), 2304, 1296),
        AudioParameters(AudioCodec.AAC, 16000, 1, b"\x14\x08"),
        audio_settled=True,
        split_bytes=64000,
    )
    assert CodecParameters.from_dict(known.to_dict()) == known
    assert CodecParameters.from_dict(CodecParameters().to_dict()) == CodecParameters()
    silent = CodecParameters(audio=G711_AUDIO)
    assert CodecParameters.from_dict(silent.to_dict()).announced_audio == G711_AUDIO


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"video": 7, "audio": "x", "split_bytes": "9", "audio_settled": "yes"},
        {"video": {"codec": "vp9", "sets": [], "width": 1, "height": 1}},
        {"video": {"codec": "h264", "sets": ["zz"], "width": 1, "height": 1}},
        {"video": {"codec": "h264", "sets": [7], "width": 1, "height": 1}},
        {"video": {"codec": "h264", "sets": [""], "width": 1, "height": 1}},
        {"video": {"codec": "h264", "sets": ["00" * 5000], "width": 1, "height": 1}},
        {"audio": {"codec": "opus", "rate": 1, "channels": 1, "config": ""}},
        {"audio": {"codec": "aac", "rate": 1, "channels": 1, "config": "zz"}},
        {"split_bytes": -1},
    ],
)
def test_damaged_parameters_count_as_never_seen(stored):
    assert CodecParameters.from_dict(stored) == CodecParameters()


def test_the_description_of_g711():
    text = Description.of(CodecParameters(audio=G711_AUDIO), talk=True).sdp("x").decode()
    assert "m=audio 0 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000/1\r\n" in text
    assert (
        "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=sendonly\r\na=control:trackID=2" in text
    )


# --- protection ----------------------------------------------------------------------------


def test_encrypted_means_every_record_of_the_last_minute():
    meter = ProtectionMeter()
    assert meter.encrypted(0) is None
    for second in range(30):
        meter.add(MediaProtection.AUTHENTICATED, second)
        meter.add(MediaProtection.AUTHENTICATED, second + 0.5)
    assert meter.encrypted(30) is True
    assert meter.counts(30)[MediaProtection.AUTHENTICATED] == 60
    meter.add(MediaProtection.CLEAR, 30.2)
    assert meter.encrypted(31) is False
    assert meter.grade(31) is StreamGrade.CLEAR
    for second in range(31, 90):
        meter.add(MediaProtection.AUTHENTICATED, second)
    assert meter.encrypted(89.9) is False
    assert meter.encrypted(90) is True
    assert meter.encrypted(200) is None
    assert meter.grade(200) is None


@pytest.mark.parametrize(
    ("others", "grade", "encrypted"),
    [
        ([], StreamGrade.AUTHENTICATED, True),
        ([MediaProtection.REFUSED], StreamGrade.PARTLY_REFUSED, None),
        ([MediaProtection.KEY_FRAME_PREFIX], StreamGrade.KEY_FRAME_PREFIX, False),
        ([MediaProtection.KEY_FRAME_PREFIX, MediaProtection.CLEAR], StreamGrade.CLEAR, False),
        ([MediaProtection.CLEAR, MediaProtection.REFUSED], StreamGrade.CLEAR, False),
    ],
)
def test_the_worst_record_counts(others, grade, encrypted):
    meter = ProtectionMeter()
    meter.add(MediaProtection.AUTHENTICATED, 1, 1000)
    for other in others:
        meter.add(other, 2)
    assert meter.grade(3) is grade
    assert meter.encrypted(3) is encrypted


def test_records_that_could_not_be_opened_are_no_protection():
    meter = ProtectionMeter()
    meter.add(MediaProtection.REFUSED, 1, 5)
    assert meter.encrypted(2) is None
    assert meter.grade(2) is None


# --- battery account -----------------------------------------------------------------------

NOON = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)


def after(seconds):
    return NOON + dt.timedelta(seconds=seconds)


def test_wakes_are_summed_up_per_day():
    usage = UsageLedger(daily_limit=100)
    usage.started(NOON, "go2rtc")
    assert usage.seconds_today(after(10)) == 10
    usage.finished(after(30))
    usage.finished(after(40))
    usage.started(after(50), "stream")
    usage.finished(after(60))
    assert usage.count_today(after(60)) == 2
    assert usage.seconds_today(after(60)) == 40
    assert usage.left(after(60)) == 60
    assert [(wake.asked_by, wake.seconds) for wake in usage.wakes] == [
        ("go2rtc", 30),
        ("stream", 10),
    ]
    assert usage.count_today(after(86400)) == 0
    assert usage.left(after(86400)) == 100
    assert UsageLedger().left(NOON) is None


def test_a_view_over_midnight_counts_for_both_days():
    usage = UsageLedger()
    evening = NOON.replace(hour=23, minute=59)
    usage.started(evening, "x")
    assert usage.seconds_today(evening + dt.timedelta(seconds=90)) == 30
    usage.finished(evening + dt.timedelta(seconds=120))
    assert usage.seconds_today(evening + dt.timedelta(seconds=120)) == 60
    assert usage.wakes[0].seconds == 120


def test_an_unfinished_wake_ends_with_the_next_and_old_ones_are_forgotten():
    usage = UsageLedger(daily_limit=10)
    for index in range(MAX_WAKES + 5):
        usage.started(after(index), str(index))
    assert len(usage.wakes) == MAX_WAKES
    assert usage.wakes[-1].asked_by == str(MAX_WAKES + 3)
    assert usage.left(after(60)) == 0


# --- time and numbers ----------------------------------------------------------------------


def test_the_time_line_runs_before_the_first_frame_and_across_a_restart():
    line = Timeline(100.0)
    assert line.at(101.5) == 1500
    assert line.place(777_000, 102.0) == 2000
    assert line.place(777_066, 102.2) == 2066
    assert line.at(102.7) == 2566
    assert line.place(777_050, 102.7) == 2050
    line.restart()
    assert line.place(5, 110.0) == 2050 + 7300
    assert line.place((1 << 60) + 100_000, 110.1) == 2050 + 7300 + 100


@given(
    st.lists(
        st.tuples(st.integers(0, 2**64), st.floats(0, 30)),
        min_size=1,
        max_size=50,
    )
)
def test_the_time_line_never_strays_far_from_our_clock_within_a_step(frames):
    line, now, last = Timeline(0.0), 0.0, 0
    for camera_ms, pause in frames:
        now += pause
        placed = line.place(camera_ms, now)
        assert abs(placed - last - pause * 1000) <= 5002 or placed == 0
        last = placed


def test_holes_count_only_after_a_camera_has_shown_how_it_numbers():
    holes = HoleDetector()
    assert not any(holes.lost(number & 0xFFFF) for number in range(65530, 65545))
    assert holes.lost(12)
    assert not holes.lost(15)  # it has to prove itself again
    assert not holes.lost(9)


# --- RTP -----------------------------------------------------------------------------------


def nal_sizes():
    return st.lists(
        st.integers(2, 5000) | st.sampled_from([1399, 1400, 1401, 2797, 2798, 2799, 2800]),
        min_size=1,
        max_size=6,
    )


@given(nal_sizes(), st.sampled_from(list(Codec)), st.integers(0, 0xFFFF), st.integers(0, 255))
def test_what_is_packed_is_unpacked(sizes, codec, sequence, channel):
    head = b"\x65\x88" if codec is Codec.H264 else b"\x26\x01"
    nals = [head + bytes(index % 251 for index in range(size - 2)) for size in sizes]
    split = rtp_h264.payloads if codec is Codec.H264 else rtp_h265.payloads
    counter = RtpCounter(96, 90000)
    payloads = split(tuple(memoryview(nal) for nal in nals))
    sent = interleave(payloads, channel, counter, sequence, 12345)
    packets = []
    while sent:
        assert sent[:2] == bytes((0x24, channel))
        size = int.from_bytes(sent[2:4])
        assert size <= 1412
        packets.append(Rtp.parse(sent[4 : 4 + size]))
        sent = sent[4 + size :]
    assert [packet.marker for packet in packets] == [False] * (len(packets) - 1) + [True]
    assert packets[-1].sequence == (sequence + len(packets) - 1) & 0xFFFF
    ((time, unpacked),) = depacketise(packets, codec.value)
    assert unpacked == nals
    assert time == counter.wire_time(12345)


def video(time_ms, key=True):
    parameters = VideoParameters(Codec.H264, (), 16, 16)
    return VideoUnit(Codec.H264, key, (memoryview(b"\x65abc"),), parameters, time_ms)


def audio(time_ms, frames=1, form=USUAL_AUDIO):
    return AudioUnit(form, (b"a" * 100,) * frames, time_ms)


def times(packets, *units):
    out = []
    for unit in units:
        sent = packets.build(unit, 0)
        while sent:
            size = int.from_bytes(sent[2:4])
            out.append(Rtp.parse(sent[4 : 4 + size]))
            sent = sent[4 + size :]
    return [packet.time - out[0].time for packet in out]


def test_pictures_never_share_a_time_and_never_go_back():
    packets = StreamPackets(Timeline(0.0), 0.0)
    assert times(packets, video(1000), video(1000), video(990), video(2000)) == [
        0, 90, 180, 90000,
    ]  # fmt: skip


def test_sound_is_counted_in_samples_until_the_clock_really_differs():
    packets = StreamPackets(Timeline(0.0), 0.0)
    units = [audio(0), audio(80), audio(120), audio(192, frames=2), audio(1000), audio(500)]
    assert times(packets, *units) == [0, 1024, 2048, 3072, 4096, 16000, 17024]


def test_a_new_form_of_sound_is_a_new_stream():
    packets = StreamPackets(Timeline(0.0), 0.0)
    one, other = audio(0), audio(100, form=G711_AUDIO)
    assert packets.build(one, 2)[13:17] != packets.build(other, 2)[13:17]
    assert packets.build(other, 2)[5] & 0x7F == 8


def test_a_unit_is_built_once_per_channel_and_the_same_again_later():
    packets = StreamPackets(Timeline(0.0), 0.0)
    first = video(0)
    sent = packets.build(first, 0)
    assert packets.build(first, 0) is sent
    assert packets.build(first, 4)[4:] == sent[4:]
    packets.build(video(66), 0)
    assert packets.build(first, 0) == sent


@pytest.mark.parametrize(
    ("packet", "payload"),
    [
        (b"\x80\x00" + bytes(10) + b"sound", (0, b"sound")),
        (b"\x82\x88" + bytes(10) + bytes(8) + b"x", (8, b"x")),
        (b"\x90\x00" + bytes(10) + b"\0\0\0\1" + bytes(4) + b"y", (0, b"y")),
        (b"\xa0\x00" + bytes(10) + b"abc\2\2", (0, b"abc")),
        (b"\x80\x00" + bytes(10), (0, b"")),
        (b"\x40\x00" + bytes(10), None),
        (b"\x80\x00", None),
        (b"\x8f\x00" + bytes(20), None),
        (b"\xa0\x00" + bytes(10) + b"\xff", None),
    ],
)
def test_packets_from_a_viewer(packet, payload):
    assert rtp_payload(packet) == payload
