"""Media records: every protection, measured; continuations; timestamps; NAL units."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import crypto, media, media_encode
from custom_components.eufy_local.eufy.wire.media import (
    AudioFrame,
    Drop,
    MediaDecoder,
    MediaProtection,
    StreamKey,
    VideoFrame,
)
from custom_components.eufy_local.eufy.wire.media_encode import MediaEncoder, OfferKind, Picture
from custom_components.eufy_local.eufy.wire.media_headers import (
    AudioHeader,
    VideoHeader,
    decode_audio_header,
    decode_video_header,
    encode_audio_header,
    encode_video_header,
)
from custom_components.eufy_local.eufy.wire.record import Record, decode_record

from .support import ECC_STREAM, KEYS, MODULUS, P2P, POINT, RSA_STREAM, cases, unhex

MEDIA = P2P["media"]
AES128 = unhex(KEYS["media_aes128"])
AES256 = unhex(KEYS["media_aes256"])
EPHEMERAL = crypto.load_ecc_private(MEDIA["hevc_keyframe_ecc"]["station_ephemeral_private_hex"])
FRAMES = [(name, case) for name, case in cases(MEDIA) if "frame" in case]


def record_of(name: str) -> Record:
    return decode_record(unhex(MEDIA[name]["frame"]))


def video(decoder: MediaDecoder, raw: bytes | Record) -> VideoFrame:
    frame = decoder.decode(raw if isinstance(raw, Record) else decode_record(raw))
    assert isinstance(frame, VideoFrame)
    return frame


def audio(decoder: MediaDecoder, raw: bytes | Record) -> AudioFrame:
    frame = decoder.decode(raw if isinstance(raw, Record) else decode_record(raw))
    assert isinstance(frame, AudioFrame)
    return frame


def picture(data: bytes, number: int = 0, *, key: bool = True) -> Picture:
    return Picture(data, key, 1000 + 66 * number, 1280, 720, number)


def annex_b(size: int, header: bytes = b"\x67\x64") -> bytes:
    return b"\0\0\0\1" + header + bytes(1 + index % 251 for index in range(size - 6))


def ecc_encoder(channel: int = 1) -> MediaEncoder:
    return MediaEncoder.ecc(channel, POINT, AES256, ephemeral=EPHEMERAL, iv=bytes(16))


def rsa_encoder(channel: int = 1) -> MediaEncoder:
    return MediaEncoder.rsa(channel, MODULUS, AES128, bytes(range(1, 129)))


# --- vectors ---------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "case"), FRAMES)
def test_vectors_decode(name: str, case: dict[str, Any]) -> None:
    decoder = MediaDecoder(ECC_STREAM if "ecc" in name else RSA_STREAM)
    if name == "audio_ecc":
        video(decoder, record_of("hevc_keyframe_ecc"))
    frame = decoder.decode(record_of(name))
    assert frame is not None
    assert frame.data.hex() == case["clear"]
    wanted = MediaProtection.CLEAR
    if "rsa" in name:
        wanted = MediaProtection.KEY_FRAME_PREFIX
    elif "ecc" in name and "clear" not in name:
        wanted = MediaProtection.AUTHENTICATED
    assert frame.protection is wanted
    assert decoder.opened[wanted] >= 1
    if isinstance(frame, VideoFrame):
        assert frame.key == ("keyframe" in name)
        assert not frame.continues


@pytest.mark.parametrize(("name", "case"), FRAMES)
def test_vectors_encode(name: str, case: dict[str, Any]) -> None:
    record = record_of(name)
    clear = unhex(case["clear"])
    encoder = MediaEncoder.clear(record.channel, record.flag)
    if "rsa" in name:
        encoder = MediaEncoder.rsa(
            record.channel, MODULUS, AES128, bytes(range(128)), flag=record.flag
        )
        encoder.wrapped_key = unhex(MEDIA["hevc_keyframe_rsa"]["wrapped_key"])
    elif "ecc" in name and "clear" not in name:
        wrap = case if "station_ephemeral_private_hex" in case else MEDIA["h264_keyframe_ecc"]
        encoder = MediaEncoder.ecc(
            record.channel,
            POINT,
            AES256,
            ephemeral=crypto.load_ecc_private(wrap["station_ephemeral_private_hex"]),
            iv=unhex(wrap["iv"]),
            flag=record.flag,
        )
        if "wrapped_key" in case:
            assert encoder.wrapped_key.hex() == case["wrapped_key"]
    nonce = unhex(case.get("nonce", ""))
    if record.command == media.VIDEO:
        head = decode_video_header(record.body)
        built = encoder.video(
            Picture(
                clear,
                bool(head.key),
                head.timestamp,
                head.width,
                head.height,
                head.number,
                head.fps,
                head.codec_byte,
            ),
            nonce=nonce,
        )
    else:
        sound = decode_audio_header(record.body)
        built = encoder.audio(clear, sound.timestamp, sound.counter, nonce=nonce)
    assert built.hex() == case["frame"]


def test_header_fields_of_the_vector() -> None:
    case = MEDIA["hevc_keyframe_rsa"]
    head = decode_video_header(unhex(case["record"]))
    fields = case["fields"]
    assert head.datalen == fields["datalen"]
    assert (head.key, head.codec_byte) == (fields["keyframe"], fields["codec_byte"])
    assert (head.number, head.fps) == (fields["seq"], fields["fps"])
    assert (head.width, head.height) == (fields["width"], fields["height"])
    assert head.timestamp & 0xFFFFFFFF == fields["timestamp_ms"]
    assert len(unhex(case["record"])) == 22 + 129 + head.datalen


@pytest.mark.parametrize(
    ("name", "built"),
    [
        (
            "talkback_ts3",
            media_encode.encode_talk(
                unhex("fff16040017ffc01182007"), 1, 0, version=1, counting=False
            ),
        ),
        (
            "talkback_ts4_second_frame",
            media_encode.encode_talk(unhex("fff16040017ffc01182007"), 1, 1),
        ),
    ],
)
def test_talkback(name: str, built: bytes) -> None:
    raw = unhex(MEDIA[name]["datagram"])
    assert raw[8:] == built
    frame = audio(MediaDecoder(None), built)
    assert frame.data.hex() == "fff16040017ffc01182007"


# --- continuations ---------------------------------------------------------------------


def test_a_key_frame_in_two_records_is_marked_as_data() -> None:
    case = MEDIA["keyframe_in_two_records"]
    decoder = MediaDecoder(RSA_STREAM)
    subheader = bytes.fromhex("010000010a00")
    frames = [video(decoder, Record(1300, subheader, unhex(raw))) for raw in case["records"]]
    assert [frame.continues for frame in frames] == [False, True]
    assert [frame.key for frame in frames] == [True, False]
    assert b"".join(frame.data for frame in frames).hex() == case["clear"]


def test_p_frames_are_split_too_and_pieces_keep_the_key_flag() -> None:
    # field: split-64000 (joined by "no start code", never by the flag)
    sizes = [
        (1, 64000, True),
        (1, 24814, False),
        (0, 12625, True),
        (0, 64000, True),
        (0, 27606, False),
    ]
    sizes += [(0, 64000, True), (0, 64000, False), (0, 42434, False)]
    encoder = MediaEncoder.clear(0)
    decoder = MediaDecoder(None)
    units: list[int] = []
    for number, (flag, size, start) in enumerate(sizes):
        data = annex_b(size, b"\x41\x9a") if start else b"\x5a" * size
        frame = video(decoder, encoder.video(picture(data, number, key=bool(flag))))
        assert len(frame.data) == size
        if frame.continues:
            units[-1] += size
        else:
            units.append(size)
    assert units == [88814, 12625, 91606, 170434]


def test_pieces_of_a_split_key_frame_carry_their_own_prefix() -> None:
    data = annex_b(700)
    encoder = rsa_encoder()
    records = encoder.video_pieces([picture(data[:400]), picture(data[400:], 1)])
    decoder = MediaDecoder(RSA_STREAM)
    frames = [video(decoder, raw) for raw in records]
    assert b"".join(frame.data for frame in frames) == data
    assert [frame.continues for frame in frames] == [False, True]


# --- what is dropped, and why --------------------------------------------------------------


def dropped(decoder: MediaDecoder, raw: bytes | Record) -> Drop | None:
    before = decoder.opened[MediaProtection.REFUSED]
    assert decoder.decode(raw if isinstance(raw, Record) else decode_record(raw)) is None
    assert decoder.opened[MediaProtection.REFUSED] == before + 1
    return decoder.last_drop


def test_records_of_other_cameras() -> None:
    decoder = MediaDecoder(RSA_STREAM, camera_channel=2)
    assert dropped(decoder, rsa_encoder(1).video(picture(annex_b(300)))) is Drop.FOREIGN_CHANNEL
    assert video(decoder, rsa_encoder(2).video(picture(annex_b(300)))).channel == 2
    assert dropped(decoder, MediaEncoder.clear(1).audio(b"x", 0, 0)) is Drop.FOREIGN_CHANNEL
    assert decoder.drops[Drop.FOREIGN_CHANNEL] == 2


def test_a_stale_key_frame_of_another_stream() -> None:
    other = rsa.generate_private_key(65537, 1024)
    offer = StreamKey(other).offer
    stale = MediaEncoder.rsa(0, offer, AES128, bytes(range(1, 129)))
    decoder = MediaDecoder(RSA_STREAM)
    for _ in range(20):
        assert dropped(decoder, stale.video(picture(annex_b(300)))) is Drop.FOREIGN_KEY
    assert video(decoder, rsa_encoder().video(picture(annex_b(300))))


def test_a_wrapped_key_that_opens_to_no_picture_is_not_kept() -> None:
    encoder = rsa_encoder()
    encoder.wrapped_key = crypto.rsa_wrap(unhex(MODULUS), b"another key here", bytes(range(1, 129)))
    decoder = MediaDecoder(RSA_STREAM)
    assert dropped(decoder, encoder.video(picture(annex_b(300)))) is Drop.FOREIGN_KEY
    assert not decoder._rsa_keys


@pytest.mark.parametrize("data", [b"\0", b"\0\0\1", b"\0\0\0\1", b"\0\0\1\x41"])
def test_tiny_frames(data: bytes) -> None:
    frame = video(MediaDecoder(None), MediaEncoder.clear(0).video(picture(data, key=False)))
    assert (frame.data, frame.key) == (data, False)


def test_an_rsa_wrap_cannot_be_opened_without_or_with_another_kind_of_key() -> None:
    raw = rsa_encoder().video(picture(annex_b(300)))
    assert dropped(MediaDecoder(None), raw) is Drop.NO_KEY_YET
    assert dropped(MediaDecoder(ECC_STREAM), raw) is Drop.FOREIGN_KEY
    sealed = ecc_encoder().video(picture(annex_b(300)), nonce=bytes(12))
    assert dropped(MediaDecoder(None), sealed) is Drop.NO_KEY_YET
    assert dropped(MediaDecoder(RSA_STREAM), sealed) is Drop.FOREIGN_KEY


def test_a_forged_or_replayed_ecc_record() -> None:
    encoder = ecc_encoder()
    decoder = MediaDecoder(ECC_STREAM)
    raw = encoder.video(picture(annex_b(300)), nonce=b"n" * 12)
    broken = bytearray(raw)
    broken[-1] ^= 1
    assert dropped(decoder, bytes(broken)) is Drop.NOT_AUTHENTIC
    assert video(decoder, raw).protection is MediaProtection.AUTHENTICATED
    assert dropped(decoder, raw) is Drop.REPLAYED
    # A changed wrap is another key, which the offered one does not open.
    moved = bytearray(raw)
    moved[16 + 22 + 60] ^= 1
    assert dropped(decoder, bytes(moved)) is Drop.FOREIGN_KEY


def test_the_memory_of_nonces_and_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MAX_REMEMBERED_NONCES", 3)
    decoder = MediaDecoder(ECC_STREAM)
    encoder = ecc_encoder()
    for number in range(10):
        video(decoder, encoder.video(picture(annex_b(300), number), nonce=bytes([number] * 12)))
    last = encoder.video(picture(annex_b(300), 9), nonce=bytes([9] * 12))
    assert dropped(decoder, last) is Drop.REPLAYED
    many = MediaDecoder(RSA_STREAM)
    for number in range(media.MAX_CACHED_KEYS + 3):
        filler = bytes([number + 1] * 128)
        video(many, MediaEncoder.rsa(0, MODULUS, AES128, filler).video(picture(annex_b(300))))
    assert len(many._rsa_keys) == media.MAX_CACHED_KEYS


def test_audio_before_the_first_video_key_cannot_be_opened() -> None:
    encoder = ecc_encoder()
    decoder = MediaDecoder(ECC_STREAM)
    assert dropped(decoder, encoder.audio(b"adts", 1, 1, nonce=b"a" * 12)) is Drop.NO_KEY_YET
    video(decoder, encoder.video(picture(annex_b(300)), nonce=b"b" * 12))
    frame = audio(decoder, encoder.audio(b"adts", 2, 2, nonce=b"c" * 12))
    assert (frame.data, frame.protection) == (b"adts", MediaProtection.AUTHENTICATED)


@pytest.mark.parametrize(
    ("command", "body"),
    [
        (1300, b""),
        (1300, bytes(21)),
        (1300, bytes(22)),
        (1300, encode_video_header(VideoHeader(100, 1, 0, 0, 15, 1, 1, 0)) + bytes(99)),
        (1301, b""),
        (1301, bytes(16)),
        (1301, encode_audio_header(AudioHeader(5, 0, 0, 0, 0)) + bytes(4)),
    ],
)
@pytest.mark.parametrize("subheader", ["010000000a00", "010000010a00", "080000010a00"])
def test_malformed_media(command: int, body: bytes, subheader: str) -> None:
    decoder = MediaDecoder(ECC_STREAM)
    decoder._audio_key = crypto.Gcm(AES256)
    record = Record(command, bytes.fromhex(subheader), body)
    assert dropped(decoder, record) is Drop.MALFORMED


def test_cut_ecc_video_is_malformed() -> None:
    record = record_of("hevc_keyframe_ecc")
    cut = Record(record.command, record.subheader, record.body[:-1])
    assert dropped(MediaDecoder(ECC_STREAM), cut) is Drop.MALFORMED


def test_other_records_are_no_media() -> None:
    with pytest.raises(WireError):
        MediaDecoder(None).decode(Record(1350, bytes(6), b""))


# --- variants of p2p-media §2.2 ----------------------------------------------------------------


def clear_body(data: bytes) -> bytes:
    return encode_video_header(VideoHeader(len(data), 0, 0, 0, 15, 1, 1, 0)) + data


@pytest.mark.parametrize(
    ("version", "encryption", "fine"),
    [
        (1, 0, True),
        (0, 0, True),
        (3, 1, True),
        (6, 1, True),
        (4, 2, False),
        (5, 3, False),
        (7, 5, True),
        (0, 1, True),
    ],
)
def test_which_variants_are_read(version: int, encryption: int, fine: bool) -> None:
    record = Record(1300, bytes([version, 0, 0, encryption, 0x0A, 0]), clear_body(annex_b(300)))
    decoder = MediaDecoder(RSA_STREAM)
    if fine:
        assert video(decoder, record).protection is MediaProtection.CLEAR
    else:
        assert dropped(decoder, record) is Drop.UNSUPPORTED


def test_an_unknown_variant_must_look_like_video() -> None:
    record = Record(1300, bytes([7, 0, 0, 5, 0x0A, 0]), clear_body(b"\x99" * 300))
    assert dropped(MediaDecoder(RSA_STREAM), record) is Drop.UNSUPPORTED


def test_a_flag_alone_is_no_protection() -> None:
    # The sender claims a prefix, but the frame is there to read: said as it is.
    claimed = Record(1300, bytes.fromhex("010000010a00"), clear_body(annex_b(600)))
    frame = video(MediaDecoder(RSA_STREAM), claimed)
    assert (frame.protection, frame.data) == (MediaProtection.CLEAR, annex_b(600))
    data = annex_b(600)
    wrapped = rsa_encoder().wrapped_key + b"\0" + data
    body = encode_video_header(VideoHeader(len(data), 1, 0, 0, 15, 1, 1, 0)) + wrapped
    frame = video(MediaDecoder(RSA_STREAM), Record(1300, bytes.fromhex("010000010a00"), body))
    assert (frame.protection, frame.data) == (MediaProtection.CLEAR, data)


def test_any_sign_byte_of_a_recording_means_a_prefix() -> None:
    # field: hdr-sign-203-download (unsigned, any non-zero value)
    raw = bytearray(rsa_encoder().video(picture(annex_b(300))))
    raw[13] = 203
    frame = video(MediaDecoder(RSA_STREAM), bytes(raw))
    assert frame.protection is MediaProtection.KEY_FRAME_PREFIX
    assert frame.data == annex_b(300)


def test_a_frame_too_short_for_a_prefix_comes_as_it_is() -> None:
    record = Record(1300, bytes.fromhex("010000010a00"), clear_body(annex_b(100)))
    assert video(MediaDecoder(RSA_STREAM), record).data == annex_b(100)


def test_padding_after_the_frame_is_cut() -> None:
    # field: hdr-1300-download-T8010 (three bytes more than datalen)
    record = Record(1300, bytes.fromhex("010000000a00"), clear_body(annex_b(300)) + bytes(3))
    assert len(video(MediaDecoder(None), record).data) == 300


def test_clear_p_frames_inside_an_ecc_stream_are_graded_alone() -> None:
    encoder = ecc_encoder()
    decoder = MediaDecoder(ECC_STREAM)
    grades = [
        video(decoder, encoder.video(picture(annex_b(300)), nonce=bytes(12))).protection,
        video(
            decoder,
            encoder.video(picture(annex_b(200, b"\x41\x9a"), 1, key=False), force_clear=True),
        ).protection,
    ]
    assert grades == [MediaProtection.AUTHENTICATED, MediaProtection.CLEAR]
    assert decoder.opened[MediaProtection.CLEAR] == 1


def test_floodlight_sound_is_marked() -> None:
    body = encode_audio_header(AudioHeader(4, 0, 0, 0, 0)) + b"abcd"
    assert audio(MediaDecoder(None), Record(1301, bytes.fromhex("010000000a03"), body)).g711
    assert not audio(MediaDecoder(None), Record(1301, bytes.fromhex("020000000a03"), body)).g711


# --- offers ------------------------------------------------------------------------------


def test_offers() -> None:
    assert RSA_STREAM.offer == MODULUS
    assert ECC_STREAM.offer == POINT
    assert (RSA_STREAM.is_ecc, ECC_STREAM.is_ecc) == (False, True)
    assert media_encode.offer_kind(MODULUS) is OfferKind.RSA
    assert media_encode.offer_kind(POINT.lower()) is OfferKind.ECC
    scalar = int(KEYS["media_ecc_private_hex"], 16)
    assert StreamKey.from_ecc_scalar(scalar).offer == POINT
    for bad in ("", "zz" * 64, POINT[:-2], POINT + "00"):
        with pytest.raises(WireError):
            media_encode.offer_kind(bad)


def test_a_stream_key_has_the_size_that_stations_take() -> None:
    with pytest.raises(WireError):
        StreamKey(rsa.generate_private_key(65537, 2048))
    with pytest.raises(WireError):
        RSA_STREAM.unwrap_ecc(bytes(129))
    wrapped = crypto.rsa_wrap(unhex(MODULUS), b"too short", bytes(range(1, 129)))
    with pytest.raises(WireError):
        RSA_STREAM.unwrap_rsa(wrapped)
    long = crypto.ecies_wrap(crypto.load_ecc_public(unhex(POINT)), EPHEMERAL, bytes(16), bytes(40))
    with pytest.raises(WireError):
        ECC_STREAM.unwrap_ecc(long)


def test_encoders_take_only_their_kind_of_offer() -> None:
    for call in (
        lambda: MediaEncoder.rsa(0, POINT, AES128, bytes(128)),
        lambda: MediaEncoder.ecc(0, MODULUS, AES256, ephemeral=EPHEMERAL, iv=bytes(16)),
        lambda: rsa_encoder().video(picture(b"short")),
        lambda: encode_video_header(VideoHeader(-1, 0, 0, 0, 0, 0, 0, 0)),
        lambda: encode_audio_header(AudioHeader(-1, 0, 0, 0, 0)),
        lambda: decode_video_header(b""),
        lambda: decode_audio_header(b""),
    ):
        with pytest.raises(WireError):
            call()


@given(
    st.binary(min_size=200, max_size=900),
    st.sampled_from(["clear", "rsa", "ecc"]),
    st.booleans(),
    st.integers(0, (1 << 64) - 1),
)
def test_any_picture_round_trips(body: bytes, kind: str, key: bool, timestamp: int) -> None:
    data = b"\0\0\0\1\x65\x88" + body
    encoder = {"clear": MediaEncoder.clear, "rsa": rsa_encoder, "ecc": ecc_encoder}[kind](3)
    decoder = MediaDecoder(ECC_STREAM if kind == "ecc" else RSA_STREAM, 3)
    item = Picture(data, key, timestamp, 640, 360, 70000, 20, 1)
    frame = video(decoder, encoder.video(item, nonce=bytes(12)))
    assert frame.data == data
    assert (frame.width, frame.height, frame.number) == (640, 360, 70000 & 0xFFFF)
    assert (frame.fps, frame.codec_byte, frame.channel) == (20, 1, 3)
    assert frame.key  # an IDR slice starts a group whatever the flag says
    expected = {
        "clear": MediaProtection.CLEAR,
        "rsa": MediaProtection.KEY_FRAME_PREFIX if key else MediaProtection.CLEAR,
        "ecc": MediaProtection.AUTHENTICATED,
    }[kind]
    assert frame.protection is expected
