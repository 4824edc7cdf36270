"""How a station reads what clients send, and the bodies of commands."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import AuthenticityError, WireError
from custom_components.eufy_local.eufy.wire import bodies, commands, requests, station
from custom_components.eufy_local.eufy.wire.commands import (
    Command,
    CommandType,
    GuardForm,
)
from custom_components.eufy_local.eufy.wire.handshake import LinkKeys
from custom_components.eufy_local.eufy.wire.media_encode import OfferKind
from custom_components.eufy_local.eufy.wire.record import Record, decode_record
from custom_components.eufy_local.eufy.wire.sealing import Protection, Sealer

from .support import (
    CLEAR_KEYS,
    GCM_KEYS,
    MODULUS,
    P2P,
    POINT,
    RSA_KEYS,
    STATIC_KEYS,
)

LEGACY = P2P["legacy_frames"]
GCM = P2P["gcm"]
JSON = P2P["json"]
NONCE = bytes(range(12))
RECORDING = "/zx/hdd_data0/Camera01/202601/20260102030405/20260102030405.zxvideo"
PICTURE = "/zx/hdd_data0/Camera01/202601/20260102030405/snapshort.jpg"


# --- the station's side --------------------------------------------------------------------

ROUND_TRIPS: list[tuple[Command, object]] = [
    (commands.param_query(), requests.ParamQuery()),
    (commands.ping(), requests.Ping()),
    (commands.void(1144), requests.Setting(1144, 255, 1144)),
    (
        commands.live_open("A", "o", 1, POINT, "7"),
        requests.LiveOpen(1, POINT, OfferKind.ECC, "o", 1350, "7"),
    ),
    (
        commands.live_open("C'", "o", 2, MODULUS, "7"),
        requests.LiveOpen(2, MODULUS, OfferKind.RSA, "o", 1700),
    ),
    (
        commands.live_open("T6", "o", 2, MODULUS, "7"),
        requests.LiveOpen(2, MODULUS.lower(), OfferKind.RSA, "o", 1700),
    ),
    (commands.live_stop("A", "o", 1, "7"), requests.LiveStop(1, 1350)),
    (commands.live_stop("B", "o", 1, "7"), requests.LiveStop(1)),
    (commands.arm("o", 63, "me"), requests.SetGuardMode(63, "o", "me")),
    (commands.arm("o", 63, "me", GuardForm.SCALAR), requests.SetGuardMode(63, "o")),
    (commands.still("o", PICTURE, "7"), requests.StillFetch((PICTURE,), "o")),
    (
        commands.database("o", 10011, {"count": 3}, "t", "7"),
        requests.DatabaseQuery(10011, "t", {"count": 3}, "7", "o"),
    ),
    (
        commands.database("o", 10013, None, "t", "7"),
        requests.DatabaseQuery(10013, "t", {}, "7", "o"),
    ),
    (commands.storage_query("o", "7"), requests.StorageQuery(1307, 11001, "o")),
    (commands.storage_query_homebase2("o"), requests.StorageQuery(55000, 55000, "o")),
    (
        commands.recording("o", 1, RECORDING, MODULUS, "7", download=True),
        requests.RecordingOpen(1, RECORDING, download=True, offer=MODULUS, account_id="o"),
    ),
    (commands.station_alarm("o", 10, "me"), requests.StationAlarm(10, "o")),
    (commands.talk(1, start=True, as_json=True), requests.Talk(1, start=True)),
    (commands.talk(1, start=False, as_json=True), requests.Talk(1, start=False)),
    (
        commands.scalar(1045, 1, "o", channel=2),
        requests.Setting(1045, 2, 1045, value=1, account_id="o"),
    ),
    (
        commands.json_1700(6014, {"value": 1}, channel=3),
        requests.Setting(6014, 3, 1700, payload={"value": 1}),
    ),
    (
        commands.json_1350("o", 1277, {"channel": 1, "night_sion": 2}),
        requests.Setting(1277, 0, 1350, payload={"channel": 1, "night_sion": 2}, account_id="o"),
    ),
    (
        commands.json_record(1271, {"account_id": "o", "snooze_time": 60}, channel=2),
        requests.Setting(
            1271, 2, 1271, payload={"account_id": "o", "snooze_time": 60}, account_id="o"
        ),
    ),
]


@pytest.mark.parametrize("keys", [CLEAR_KEYS, STATIC_KEYS, RSA_KEYS, GCM_KEYS])
@pytest.mark.parametrize(("command", "expected"), ROUND_TRIPS)
def test_a_station_understands_what_a_client_sends(
    command: Command, expected: object, keys: LinkKeys
) -> None:
    raw = Sealer(keys).seal(command, NONCE)
    request = station.open_request(decode_record(raw), keys)
    assert requests.understand(request) == expected


def test_a_station_understands_what_only_older_links_carry() -> None:
    for command, expected in (
        (
            commands.live_open("T8", "", 1, MODULUS, ""),
            requests.LiveOpen(1, MODULUS.lower(), OfferKind.RSA, record_type=1003),
        ),
        (
            commands.recording_legacy("o", 1, "/media/x.dat"),
            requests.RecordingOpen(1, "/media/x.dat", download=True, account_id="o"),
        ),
        (commands.talk(1, start=True, as_json=False), requests.Talk(1, start=True)),
        (
            commands.scalar(1201, 2, "o", channel=30),
            requests.StationAlarm(30, "o"),
        ),
        (
            commands.recording_cancel(1),
            requests.Setting(1051, 1, 1051, value=1),
        ),
    ):
        for keys in (CLEAR_KEYS, RSA_KEYS):
            request = station.open_request(decode_record(Sealer(keys).seal(command, b"")), keys)
            assert requests.understand(request) == expected


def test_the_sealed_text_can_be_read_as_it_is() -> None:
    raw = Sealer(GCM_KEYS).seal(commands.arm("o", 1, "x"), NONCE)
    assert station.open_request(decode_record(raw), GCM_KEYS).json()["cmd"] == 1224


def test_requests_say_how_they_came() -> None:
    sealed = station.open_request(
        decode_record(Sealer(GCM_KEYS).seal(commands.arm("o", 1, "x"), NONCE)), GCM_KEYS
    )
    assert (sealed.protection, sealed.sequence, sealed.nonce) == (
        Protection.GCM,
        0x01020304,
        NONCE,
    )
    assert requests.is_sealed(sealed)
    assert requests.account_of(requests.understand(sealed)) == "o"
    clear = station.open_request(decode_record(Sealer(CLEAR_KEYS).ping()), GCM_KEYS)
    assert clear.protection is Protection.CLEAR
    assert not requests.is_sealed(clear)
    assert requests.account_of(requests.understand(clear)) is None


@pytest.mark.parametrize(
    "frame",
    [
        Record(1350, bytes.fromhex("080200080000"), bytes(10)),
        Record(1350, bytes.fromhex("080200080000"), bytes(60)),
    ],
)
def test_a_station_drops_forged_gcm_records(frame: Record) -> None:
    with pytest.raises(WireError):
        station.open_request(frame, GCM_KEYS)
    with pytest.raises(WireError):
        station.open_request(frame, STATIC_KEYS)


def test_a_replayed_body_under_another_nonce_does_not_open() -> None:
    raw = bytearray(Sealer(GCM_KEYS).seal(commands.param_query(), NONCE))
    raw[32] ^= 1
    with pytest.raises(AuthenticityError):
        station.open_request(decode_record(raw), GCM_KEYS)


@pytest.mark.parametrize(
    ("command", "plain"),
    [
        (1103, b"\0\0\0\0"),
        (1350, b"{"),
        (1350, b'{"x":1}'),
        (1700, b'{"data":1}'),
        (1350, b'{"cmd":1003,"payload":{"key":"zz"}}'),
        (1350, b'{"cmd":1308,"payload":{}}'),
        (1003, b"\1\0\0\0abc"),
        (1215, bytes(20)),
        (1224, b"\1"),
        (1045, b"\1\0\0\0"),
    ],
)
def test_malformed_requests_are_typed_errors(command: int, plain: bytes) -> None:
    request = station.open_request(Record(command, bytes.fromhex("010000000000"), plain), GCM_KEYS)
    with pytest.raises(WireError):
        requests.understand(request)


def test_unlisted_scalars_are_read_by_their_size() -> None:
    assert station.parse_body(4000, b"\7\0\0\0") == bodies.ScalarBody(7)
    assert station.parse_body(4000, b"\1\0\0\0\7\0\0\0") == bodies.ScalarBody(7, 1)


# --- bodies ------------------------------------------------------------------------------


def test_strings_take_multiples_of_128_bytes() -> None:
    assert bodies.pack_string("") == b""
    assert len(bodies.pack_string("a")) == 128
    assert len(bodies.pack_string("a" * 256)) == 256
    for call in (
        lambda: bodies.pack_string("a" * 2000),
        lambda: bodies.pack_string("\udc80"),
        lambda: bodies.pack_u32(1 << 32),
        lambda: bodies.read_u32(b"abc"),
        lambda: bodies.StringBody(300, "", "").encode(),
        lambda: bodies.StringBody(1, "a" * 128, "").encode(),
        lambda: bodies.StringBody.decode(b""),
        lambda: bodies.ScalarBody.decode_sub(b"\0\0\0\0"),
    ):
        with pytest.raises(WireError):
            call()
    assert bodies.read_i32(bodies.pack_u32(-108)) == -108


TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=127)


@given(
    st.integers(0, 0xFFFFFFFF),
    st.integers(0, 0xFFFFFFFF),
    TEXT.filter(bool),
    TEXT,
    st.integers(0, 30),
)
def test_scalar_forms_round_trip(value: int, sub: int, text: str, text2: str, tail: int) -> None:
    short = bodies.ScalarBody(value, None, text, text2)
    assert bodies.ScalarBody.decode_int(short.encode() + bytes(tail)) == short
    wide = bodies.ScalarBody(value, sub, text, text2)
    assert bodies.ScalarBody.decode_sub(wide.encode() + bytes(tail)) == wide
    pair = bodies.TwoStringBody(text, text2)
    assert bodies.TwoStringBody.decode(pair.encode() + bytes(tail)) == pair


@given(st.integers(0, 255), TEXT, TEXT)
def test_string_form_round_trip(channel: int, value: str, account: str) -> None:
    body = bodies.StringBody(channel, value, account)
    assert bodies.StringBody.decode(body.encode()) == body


@pytest.mark.parametrize("make", [lambda: commands.arm("\udc80", 1, "x")])
def test_texts_that_cannot_be_written(make: Callable[[], Command]) -> None:
    with pytest.raises(WireError):
        make()


def test_command_numbers_have_names() -> None:
    assert CommandType(1350) is CommandType.PAYLOAD
    assert CommandType.CAMERA_PUSH == 2037
