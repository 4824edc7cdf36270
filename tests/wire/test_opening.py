"""Opening a station's records: cipher per record, receipts, results, replays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import AuthenticityError, WireError
from custom_components.eufy_local.eufy.wire import results, sealing, station
from custom_components.eufy_local.eufy.wire.handshake import LinkGrade, LinkKeys
from custom_components.eufy_local.eufy.wire.options import ResultBody, WireOptions
from custom_components.eufy_local.eufy.wire.record import Record, decode_record
from custom_components.eufy_local.eufy.wire.replay import ReplayGuard
from custom_components.eufy_local.eufy.wire.sealing import Protection, open_record

from .support import CLEAR_KEYS, GCM_KEYS, P2P, RSA_KEYS, STATIC_KEYS, unhex

REPLIES = P2P["replies"]
NONCE = bytes(range(12))


def opened(frame: str, keys: LinkKeys) -> sealing.OpenedRecord:
    return open_record(decode_record(unhex(frame)), keys)


def test_results_of_older_links() -> None:
    clear = opened(REPLIES["result_ok_clear"]["frame"], STATIC_KEYS)
    assert (clear.receipt, clear.code, clear.command) == (True, 0, 1224)
    case = REPLIES["result_err_l1"]
    sealed = opened(case["frame"], STATIC_KEYS)
    assert (sealed.receipt, sealed.code, sealed.channel) == (True, -104, 2)
    built = station.encode_result(
        1045, -104, channel=2, keys=STATIC_KEYS, protection=Protection.STATIC, size=16
    )
    assert built.hex() == case["frame"]
    assert station.encode_result(1224, 0).hex() == REPLIES["result_ok_clear"]["frame"]


@pytest.mark.parametrize(
    ("name", "built"),
    [
        ("receipt_gcm_132", station.encode_receipt(1350)),
        ("receipt_gcm_132_minus108", station.encode_receipt(1350, -108)),
        (
            "receipt_gcm_36",
            station.encode_receipt(1103, channel=255, size=36, counter=2),
        ),
    ],
)
def test_receipts_are_clear_whatever_they_claim(name: str, built: bytes) -> None:
    case = REPLIES[name]
    assert built.hex() == case["frame"]
    item = opened(case["frame"], GCM_KEYS)
    assert (item.receipt, item.code, item.protection) == (True, case["code"], Protection.CLEAR)
    assert not item.authenticated


def test_a_receipt_is_known_by_its_zeros_even_without_the_flag() -> None:
    for size in sealing.RECEIPT_SIZES:
        body = (-108).to_bytes(4, "little", signed=True).ljust(size, b"\0")
        item = open_record(Record(1350, bytes.fromhex("080000080000"), body), GCM_KEYS)
        assert (item.receipt, item.code) == (True, -108)


def test_flagged_records_are_never_decrypted_as_gcm() -> None:
    case = REPLIES["sd_info_ex"]
    assert station.encode_sd_info(0, 7140, 7108).hex() == case["frame"]
    item = opened(case["frame"], GCM_KEYS)
    assert (item.receipt, item.protection) == (True, Protection.CLEAR)


def test_the_guard_report_under_both_ciphers() -> None:
    ecb = REPLIES["alarm_mode_ecb"]
    item = opened(ecb["frame"], STATIC_KEYS)
    assert item.plaintext.hex() == ecb["plaintext"]
    assert item.protection is Protection.STATIC
    # The same record on a version-8 link: the cipher belongs to the record, not to the link.
    assert opened(ecb["frame"], GCM_KEYS).plaintext == item.plaintext
    gcm = REPLIES["alarm_mode_gcm"]
    item = opened(gcm["frame"], GCM_KEYS)
    assert (item.authenticated, item.nonce.hex()) == (True, gcm["nonce"])
    built = station.encode_notice(
        1151,
        item.plaintext,
        keys=GCM_KEYS,
        protection=Protection.GCM,
        nonce=item.nonce,
    )
    assert built.hex() == gcm["frame"]


def test_station_gcm_vectors_both_ways() -> None:
    for name in (
        "station_notify",
        "station_param_dump_ecc",
        "station_push_2037_face",
        "station_push_2037_stranger",
        "station_push_2037_ring",
    ):
        case = P2P["gcm"][name]
        item = opened(case["frame"], GCM_KEYS)
        assert item.plaintext.hex() == case["plaintext"]
        assert item.authenticated
        assert item.json()
        built = station.encode_notice(
            item.command,
            item.plaintext,
            keys=GCM_KEYS,
            protection=Protection.GCM,
            nonce=unhex(case["nonce"]),
        )
        assert built.hex() == case["frame"]


@given(st.binary(max_size=80), st.sampled_from([1103, 1151, 1351, 1400, 1026]), st.integers(0, 500))
def test_a_damaged_gcm_record_is_refused(plain: bytes, command: int, where: int) -> None:
    raw = bytearray(
        station.encode_notice(command, plain, keys=GCM_KEYS, protection=Protection.GCM, nonce=NONCE)
    )
    raw[16 + where % (len(raw) - 16)] ^= 0x40
    with pytest.raises(AuthenticityError):
        open_record(decode_record(raw), GCM_KEYS)


@pytest.mark.parametrize("size", [0, 4, 27])
def test_short_gcm_bodies_are_refused(size: int) -> None:
    with pytest.raises(AuthenticityError):
        open_record(Record(1151, bytes.fromhex("0800ff080000"), b"\1" * size), GCM_KEYS)


def test_gcm_records_need_a_gcm_key() -> None:
    with pytest.raises(WireError):
        opened(REPLIES["alarm_mode_gcm"]["frame"], RSA_KEYS)


def test_rsa_records_open_under_the_link_key_else_under_the_static_one() -> None:
    under_rsa = station.encode_notice(
        1400, b"\1\0\0\0", channel=1, keys=RSA_KEYS, protection=Protection.RSA
    )
    item = open_record(decode_record(under_rsa), RSA_KEYS)
    assert (item.plaintext[:4], item.protection) == (b"\1\0\0\0", Protection.RSA)
    under_static = bytearray(
        station.encode_json_notice(
            1103, {"params": []}, keys=RSA_KEYS, protection=Protection.STATIC
        )
    )
    under_static[13] = 2
    for keys in (RSA_KEYS, STATIC_KEYS):
        item = open_record(decode_record(under_static), keys)
        assert (item.json(), item.protection) == ({"params": []}, Protection.STATIC)


def test_clear_json_tagged_as_encrypted_is_taken_as_it_is() -> None:
    for encryption in (1, 2, 8):
        record = Record(1306, bytes([1, 0, 255, encryption, 0, 0]), b'{"mIntRet":0}')
        item = open_record(record, STATIC_KEYS)
        assert (item.json(), item.protection) == ({"mIntRet": 0}, Protection.CLEAR)


def test_clear_and_empty_records() -> None:
    item = open_record(Record(1400, bytes.fromhex("010001000000"), b"\1\0\0\0"), CLEAR_KEYS)
    assert (item.plaintext, item.protection) == (b"\1\0\0\0", Protection.CLEAR)
    item = open_record(Record(1139, bytes.fromhex("0100ff010000"), b""), STATIC_KEYS)
    assert (item.plaintext, item.protection) == (b"", Protection.CLEAR)


def test_unknown_encryption_types_and_media_are_refused() -> None:
    for record in (
        Record(1400, bytes.fromhex("010001050000"), bytes(16)),
        Record(1300, bytes(6), bytes(40)),
        Record(1301, bytes(6), bytes(40)),
    ):
        with pytest.raises(WireError):
            open_record(record, RSA_KEYS)


def test_results_are_read_either_way() -> None:
    # A T8414 tags its results as encrypted although they are clear (contradiction C3).
    clear = station.encode_result(1045, -104, tail=b"\x55" * 20)
    tagged = bytearray(clear)
    tagged[13] = 2
    assert open_record(decode_record(tagged), RSA_KEYS).code == -104
    busy = bytearray(station.encode_result(1045, 503))
    busy[13] = 1
    assert open_record(decode_record(busy), STATIC_KEYS).code == 503
    sealed = decode_record(
        station.encode_result(1045, -148, keys=RSA_KEYS, protection=Protection.RSA)
    )
    assert open_record(sealed, RSA_KEYS).code == -148
    only_clear = WireOptions(result_body=ResultBody.CLEAR)
    assert open_record(sealed, RSA_KEYS, only_clear).code != -148
    decrypt = WireOptions(result_body=ResultBody.DECRYPT)
    assert open_record(sealed, RSA_KEYS, decrypt).code == -148


def test_a_result_that_makes_no_sense_is_dropped() -> None:
    with pytest.raises(WireError):
        open_record(Record(1045, bytes.fromhex("010002010100"), b"\x77" * 16), STATIC_KEYS)
    with pytest.raises(WireError):
        open_record(Record(1045, bytes.fromhex("010002010100"), b"\0"), STATIC_KEYS)


def test_stations_cannot_seal_without_a_key() -> None:
    for protection, keys in (
        (Protection.RSA, STATIC_KEYS),
        (Protection.GCM, STATIC_KEYS),
        (Protection.RSA, LinkKeys(bytes(16), LinkGrade.GCM)),
    ):
        with pytest.raises(WireError):
            station.encode_notice(1400, b"", keys=keys, protection=protection, nonce=NONCE)
    for protection in (Protection.STATIC, Protection.GCM):
        with pytest.raises(WireError):
            station.encode_result(1, 0, protection=protection)


# --- result codes ----------------------------------------------------------------------


def test_every_code_has_a_sentence() -> None:
    assert results.is_success(0)
    assert not results.is_success(-104)
    for code in (*results.RESULT_CODES, -305, -148, 77):
        text = results.result_name(code)
        assert text[0].islower()
        assert not text.endswith(".")
    assert results.result_name(-148) == results.result_name(12345)
    assert results.result_name(-305) != results.result_name(-148)
    assert "account" in results.result_name(results.INVALID_ACCOUNT)


# --- replays ---------------------------------------------------------------------------


@given(st.lists(st.binary(min_size=12, max_size=12), max_size=40))
def test_each_nonce_is_accepted_once_in_any_order(nonces: list[bytes]) -> None:
    guard = ReplayGuard()
    accepted = [nonce for nonce in nonces if guard.accept(nonce)]
    assert sorted(accepted) == sorted(set(nonces))
    assert guard.refused == len(nonces) - len(accepted)
    assert not any(guard.accept(nonce) for nonce in nonces)


def test_a_full_memory_refuses_instead_of_forgetting() -> None:
    guard = ReplayGuard(limit=2)
    assert guard.accept(b"a")
    assert not guard.full
    assert guard.accept(b"b")
    assert guard.full
    assert not guard.accept(b"c")
    assert not guard.accept(b"a")
