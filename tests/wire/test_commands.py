"""Commands: what the builders write, how they are sealed, and how a station reads them."""

import json

import pytest

from custom_components.eufy_local.eufy.errors import WireError
from custom_components.eufy_local.eufy.wire import bodies, commands, requests, sealing, station
from custom_components.eufy_local.eufy.wire.commands import (
    Command,
    GuardForm,
    LiveForm,
    StopForm,
)
from custom_components.eufy_local.eufy.wire.handshake import LinkKeys
from custom_components.eufy_local.eufy.wire.options import V8Json, WireOptions
from custom_components.eufy_local.eufy.wire.record import decode_record
from custom_components.eufy_local.eufy.wire.sealing import Sealer

from .support import (
    ACCOUNT,
    GCM_KEYS,
    LEGACY_KEYS,
    MODULUS,
    P2P,
    POINT,
    RSA_KEYS,
    STATIC_KEYS,
    TRANSACTION,
    unhex,
)

LEGACY = P2P["legacy_frames"]
GCM = P2P["gcm"]
JSON = P2P["json"]
NONCE = bytes(range(12))
RECORDING = "/zx/hdd_data0/Camera01/202601/20260102030405/20260102030405.zxvideo"
PICTURE = "/zx/hdd_data0/Camera01/202601/20260102030405/snapshort.jpg"


def legacy(command: Command, keys: LinkKeys) -> str:
    return Sealer(keys).seal(command, b"").hex()


@pytest.mark.parametrize("level", [0, 1, 2])
def test_legacy_records_at_every_level(level: int) -> None:
    keys = LEGACY_KEYS[level]
    arm = commands.arm(ACCOUNT, 1, "tester", GuardForm.JSON_LEGACY)
    assert legacy(arm, keys) == LEGACY[f"string_payload_1350_l{level}"]["frame"]
    led = commands.scalar(1045, 1, ACCOUNT, channel=2)
    assert legacy(led, keys) == LEGACY[f"int_string_1045_l{level}"]["frame"]
    disarm = commands.arm(ACCOUNT, 63, "", GuardForm.SCALAR)
    assert legacy(disarm, keys) == LEGACY[f"int_arm_1224_l{level}"]["frame"]
    if level:
        query = legacy(commands.param_query(), keys)
        assert query == LEGACY[f"int_camera_info_l{level}"]["frame"]


def test_legacy_records_of_one_level() -> None:
    download = LEGACY["string2_download_1024_l1"]
    built = commands.recording_legacy(ACCOUNT, 0, download["str"])
    assert legacy(built, STATIC_KEYS) == download["frame"]
    solo = commands.live_open(LiveForm.T3, ACCOUNT, 0, MODULUS, TRANSACTION)
    assert legacy(solo, STATIC_KEYS) == LEGACY["live_1700_l1"]["frame"]
    stop = commands.live_stop(LiveForm.T3, ACCOUNT, 1, TRANSACTION)
    assert legacy(stop, STATIC_KEYS) == LEGACY["stop_1004_l1"]["frame"]


def test_the_oldest_live_open_is_clear_on_every_level() -> None:
    oldest = commands.live_open(LiveForm.T8, ACCOUNT, 1, MODULUS, TRANSACTION)
    for keys in LEGACY_KEYS.values():
        assert legacy(oldest, keys) == LEGACY["live_1003_int_l0"]["frame"]


def test_pings_are_empty_and_clear() -> None:
    for keys in LEGACY_KEYS.values():
        assert Sealer(keys).ping().hex() == LEGACY["void_ping_l0"]["frame"]
        assert legacy(commands.ping(), keys) == LEGACY["void_ping_l0"]["frame"]


def test_gcm_records_count_on() -> None:
    sealer = Sealer(GCM_KEYS)
    for command, name in (
        (commands.param_query(), "client_param_query"),
        (commands.arm(ACCOUNT, 1, "tester", transaction=TRANSACTION), "client_command"),
        (
            commands.live_open(LiveForm.A, ACCOUNT, 1, MODULUS, TRANSACTION),
            "client_live_open_hb3",
        ),
    ):
        case = GCM[name]
        assert sealer.seal(command, unhex(case["nonce"])).hex() == case["frame"]


def test_gcm_records_of_a_standalone_camera() -> None:
    sealer = Sealer(GCM_KEYS)
    for command, name in (
        (
            commands.live_open(LiveForm.C, ACCOUNT, 0, MODULUS, TRANSACTION),
            "client_live_open_standalone",
        ),
        (commands.live_stop(LiveForm.C, ACCOUNT, 0, TRANSACTION), "client_bare_stop"),
    ):
        case = GCM[name]
        assert sealer.seal(command, unhex(case["nonce"])).hex() == case["frame"]


def test_an_ecc_offer_only_changes_the_key() -> None:
    sealer = Sealer(GCM_KEYS)
    sealer.seal(commands.param_query(), NONCE)
    command = commands.live_open(LiveForm.A, ACCOUNT, 1, POINT, TRANSACTION)
    case = GCM["client_live_open_hb3_ecc"]
    raw = sealer.seal(command, unhex(case["nonce"]))
    assert raw.hex() == case["frame"]
    assert raw[10:16].hex() == JSON["live_1350_hb3_ecc"]["subheader"]


@pytest.mark.parametrize(
    ("built", "name"),
    [
        (commands.live_open("A", ACCOUNT, 1, MODULUS, TRANSACTION), "live_1350_hb3"),
        (commands.live_open("A", ACCOUNT, 1, POINT, TRANSACTION), "live_1350_hb3_ecc"),
        (commands.live_open("B", ACCOUNT, 2, MODULUS, TRANSACTION), "live_1350_other_homebase"),
        (commands.live_open("C", ACCOUNT, 0, MODULUS, TRANSACTION), "live_1700_standalone"),
        (commands.live_open("T9", ACCOUNT, 1, MODULUS, TRANSACTION), "live_1350_legacy"),
        (commands.live_stop("A", ACCOUNT, 1, "1767323046000"), "stop_1350_hb3"),
        (commands.arm(ACCOUNT, 1, "tester", transaction=TRANSACTION), "arm_1350"),
        (commands.still(ACCOUNT, PICTURE, TRANSACTION), "still_1308"),
        (
            commands.recording(ACCOUNT, 1, RECORDING, MODULUS, TRANSACTION, download=False),
            "playback_1025",
        ),
        (commands.storage_query(ACCOUNT, TRANSACTION), "storage_1307"),
    ],
)
def test_json_texts_are_those_of_the_vectors(built: Command, name: str) -> None:
    assert isinstance(built.body, bodies.JsonBody)
    assert built.body.data.decode() == JSON[name]["text"]


def test_headers_of_the_live_forms() -> None:
    def header(form: str, **more: bool) -> tuple[int, int, int]:
        built = commands.live_open(form, ACCOUNT, 3, MODULUS, TRANSACTION, **more)
        return built.record_type, built.channel, built.flag

    assert header("A") == header("B") == (1350, 3, 0x0A)
    assert header("C") == header("C'") == header("C", behind_station=True) == (1700, 3, 0x0A)
    # Only C' behind a station goes without the flag (p2p-media.md §1.2).
    assert header("C'", behind_station=True) == (1700, 3, 0)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "T1",
            {
                "account_id": "o",
                "cmd": 1003,
                "mChannel": 0,
                "mValue3": 1003,
                "payload": {
                    "ClientOS": "Android",
                    "camera_type": 0,
                    "entrytype": 0,
                    "key": "ab",
                    "streamtype": 2,
                },
            },
        ),
        (
            "T2",
            {
                "commandType": 1000,
                "data": {
                    "accountId": "o",
                    "camera_type": 0,
                    "encryptkey": "ab",
                    "entrytype": 0,
                    "streamtype": 1,
                },
            },
        ),
        (
            "T3",
            {
                "commandType": 1000,
                "data": {"accountId": "o", "encryptkey": "ab", "streamtype": 1},
            },
        ),
        (
            "T4",
            {
                "account_id": "o",
                "cmd": 1003,
                "mChannel": 4,
                "mValue3": 1003,
                "payload": {
                    "ClientOS": "Android",
                    "accountId": "o",
                    "camera_type": 0,
                    "entrytype": 0,
                    "key": "ab",
                    "streamtype": 2,
                },
            },
        ),
        (
            "T5",
            {
                "commandType": 1000,
                "data": {
                    "accountId": "o",
                    "camera_type": 0,
                    "encryptkey": "ab",
                    "entrytype": 0,
                    "streamtype": 1,
                    "msg_id": 86,
                },
            },
        ),
        (
            "T6",
            {
                "commandType": 1000,
                "data": {"account_id": "o", "encryptkey": "ab", "streamtype": 1},
            },
        ),
        (
            "T7",
            {
                "account_id": "o",
                "cmd": 1003,
                "mValue3": 1003,
                "payload": {
                    "ClientOS": "Android",
                    "camera_type": 0,
                    "entrytype": 0,
                    "key": "ab",
                    "streamtype": 2,
                },
            },
        ),
    ],
)
def test_older_live_forms(form: str, expected: object) -> None:
    built = commands.live_open(form, "o", 4, "AB", TRANSACTION, codec=1)
    assert isinstance(built.body, bodies.JsonBody)
    assert json.loads(built.body.data) == expected
    assert list(json.loads(built.body.data)) == list(expected)


def test_an_unknown_live_form_is_refused() -> None:
    with pytest.raises(WireError):
        commands.live_open("Z", ACCOUNT, 0, MODULUS, TRANSACTION)


def test_stops_follow_the_open() -> None:
    bare = commands.live_stop("B", ACCOUNT, 2, TRANSACTION)
    assert (bare.record_type, bare.body) == (1004, bodies.ScalarBody(2))
    envelope = commands.live_stop("C'", ACCOUNT, 2, TRANSACTION, stop=StopForm.ENVELOPE)
    assert isinstance(envelope.body, bodies.JsonBody)
    value = json.loads(envelope.body.data)
    assert value["cmd"] == 1004
    assert value["payload"] == {"accountId": ACCOUNT}


def test_other_builders() -> None:
    legacy_still = commands.still(ACCOUNT, PICTURE, TRANSACTION, legacy=True)
    assert isinstance(legacy_still.body, bodies.JsonBody)
    value = json.loads(legacy_still.body.data)
    assert (legacy_still.channel, value["mChannel"], value["transaction"]) == (255, 255, PICTURE)
    query = commands.database(ACCOUNT, 10013, None, "history_record_info", "7")
    assert json.loads(query.body.encode())["payload"] == {
        "cmd": 10013,
        "table": "history_record_info",
        "transaction": "7",
    }
    homebase2 = commands.storage_query_homebase2(ACCOUNT)
    assert json.loads(homebase2.body.encode())["cmd"] == 55000
    table = commands.mode_table(
        ACCOUNT, 1, {0: 9, 2: 11}, entry=([32], 30), leave=([17], 15), siren_channels=[5]
    )
    assert (table.record_type, table.channel) == (1255, 255)
    assert json.loads(table.body.encode()) == {
        "account_id": ACCOUNT,
        "mode_id": 1,
        "devices": [
            {"device_channel": 0, "action": 9},
            {"device_channel": 2, "action": 11},
        ],
        "count_down_alarm": {"channel_list": [32], "delay_time": 30},
        "count_down_arm": {"channel_list": [17], "delay_time": 15},
        "siren_sensor_action": [{"device_channel": 5, "action": 0}],
    }
    bare = commands.json_1350("o", 7, {}, m_channel=None, value3=None)
    assert bare.body.encode() == b'{"account_id":"o","cmd":7,"payload":{}}'
    assert commands.inner_command(commands.param_query()) == 1103
    assert commands.inner_command(commands.arm(ACCOUNT, 0, "")) == 1224
    assert commands.inner_command(commands.json_1700(6014)) == 6014


# --- sealing -----------------------------------------------------------------------------


def test_counters_of_a_gcm_link() -> None:
    sealer = Sealer(GCM_KEYS)
    seen = []
    for _ in range(130):
        raw = sealer.seal(commands.param_query(), NONCE)
        seen.append((raw[11], int.from_bytes(raw[44:48], "little")))
    assert [counter for counter, _ in seen[:3]] == [2, 4, 6]
    assert seen[127][0] == 0  # the counter byte wraps
    assert [number for _, number in seen] == list(range(0x01020304, 0x01020304 + 130))
    ping = sealer.ping()
    # A ping takes a counter but no sequence number (p2p-crypto.md §5).
    assert ping.hex() == "585a5948" + "7304" + "00000000" + "0106ff000000"
    assert int.from_bytes(sealer.seal(commands.param_query(), NONCE)[44:48], "little") == (
        0x01020304 + 130
    )


def test_scalars_of_a_gcm_link_go_under_the_static_key() -> None:
    sealer = Sealer(GCM_KEYS)
    led = sealer.seal(commands.scalar(1045, 1, ACCOUNT, channel=2), NONCE)
    assert led.hex() == LEGACY["int_string_1045_l1"]["frame"]
    arm = sealer.seal(commands.arm(ACCOUNT, 63, "", GuardForm.SCALAR), NONCE)
    assert arm.hex() == LEGACY["int_arm_1224_l1"]["frame"]
    clip = decode_record(sealer.seal(commands.scalar(1249, 60, ACCOUNT, channel=1), NONCE))
    assert clip.channel == 1
    assert commands.scalar(1249, 60, "o", channel=1).body == bodies.ScalarBody(60, None, "o")
    # Sets whose body has no channel drop it; station sets go to 255 whatever was given.
    assert sealing.scalar_plaintext(1249, bodies.ScalarBody(60, 1, ACCOUNT))[:4] == b"\x3c\0\0\0"
    forced = decode_record(sealer.seal(Command(1235, bodies.ScalarBody(5), 3), NONCE))
    assert forced.channel == 255


@pytest.mark.parametrize(
    "command",
    [
        commands.scalar(1045, 1, ACCOUNT, channel=51),
        commands.scalar(1144, 0, ACCOUNT, channel=0),
        commands.recording_legacy(ACCOUNT, 0, "/x"),
        commands.scalar(9999, 1),
    ],
)
def test_commands_without_a_form_on_a_gcm_link(command: Command) -> None:
    with pytest.raises(WireError):
        Sealer(GCM_KEYS).seal(command, NONCE)


def test_json_can_fall_back_to_the_static_key() -> None:
    options = WireOptions(v8_json=V8Json.STATIC)
    raw = Sealer(GCM_KEYS, options).seal(
        commands.arm(ACCOUNT, 1, "tester", GuardForm.JSON_LEGACY), NONCE
    )
    assert raw.hex() == LEGACY["string_payload_1350_l1"]["frame"]


def test_rsa_links_can_encrypt_everything() -> None:
    options = WireOptions(encrypt_all_rsa=True, count_legacy=True, legacy_live_flag=True)
    sealer = Sealer(RSA_KEYS, options)
    oldest = decode_record(sealer.seal(commands.live_open("T8", "o", 1, MODULUS, ""), b""))
    assert (oldest.counter, oldest.encryption, len(oldest.body) % 16) == (1, 2, 0)
    live = decode_record(sealer.seal(commands.live_open("C", "o", 1, MODULUS, ""), b""))
    assert (live.counter, live.flag) == (2, 0x0A)
    # Only the RSA grade widens: a static-key link still sends unlisted ids clear.
    static = decode_record(
        Sealer(STATIC_KEYS, options).seal(commands.live_open("T8", "o", 1, MODULUS, ""), b"")
    )
    assert static.encryption == 0


def test_the_string_command_is_sealed_whole() -> None:
    raw = Sealer(GCM_KEYS).seal(commands.time_zone(ACCOUNT, "CET-1CEST"), NONCE)
    request = station.open_request(decode_record(raw), GCM_KEYS)
    assert (request.command, request.channel, len(request.plaintext)) == (1215, 255, 261)
    understood = requests.understand(request)
    assert isinstance(understood, requests.Setting)
    assert (understood.text, understood.account_id) == ("CET-1CEST", ACCOUNT)


def test_a_void_on_a_gcm_link_is_clear() -> None:
    raw = decode_record(Sealer(GCM_KEYS).seal(commands.void(1144), NONCE))
    assert (raw.version, raw.counter, raw.encryption, raw.body) == (1, 2, 0, b"")


def test_keys_without_a_gcm_key_cannot_seal_gcm() -> None:
    broken = LinkKeys(bytes(16), GCM_KEYS.grade)
    with pytest.raises(WireError):
        Sealer(broken).seal(commands.param_query(), NONCE)
