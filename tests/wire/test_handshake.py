"""Static keys, ciphers, wraps and the connection handshake."""

import base64

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from custom_components.eufy_local.eufy.errors import AuthenticityError, WireError
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.wire import crypto, handshake
from custom_components.eufy_local.eufy.wire.handshake import CipherKey, LinkGrade
from custom_components.eufy_local.eufy.wire.options import WireOptions
from custom_components.eufy_local.eufy.wire.record import Record, decode_record

from .support import CIPHER, KEYS, P2P, STATIC, cases, unhex

HANDSHAKE = P2P["handshake"]
V8 = HANDSHAKE["v8_reply"]
ECC_PRIVATE = crypto.load_ecc_private(KEYS["cipher_ecc_private_hex"])
LINK_KEY = KEYS["gcm_link_key_ascii"].encode()


@pytest.mark.parametrize(("name", "case"), cases(P2P["static_key"]))
def test_static_keys(name: str, case: dict[str, str]) -> None:
    key = crypto.static_key(case["serial"], case["did"])
    assert key == case["key_text"].encode()
    assert key.hex() == case["key_hex"]
    assert crypto.static_key(f" {case['serial']} ", case["did"], from_first_dash=True) == key


def test_static_key_of_an_unusual_did_needs_the_other_reading() -> None:
    with pytest.raises(WireError):
        crypto.static_key("T8030P2300000042", "ABC-1234567-XYZ")
    other = crypto.static_key("T8030P2300000042", "ABC-1234567-XYZ", from_first_dash=True)
    assert other == b"0000042-1234567-"
    with pytest.raises(WireError):
        crypto.static_key("T8", "ZZTESTA-004217-KBCDE")


def test_the_request_is_the_same_for_every_station() -> None:
    raw = handshake.encode_connection_request()
    assert raw.hex() == HANDSHAKE["conn_init_request"]["frame"]


def test_ecies_intermediates() -> None:
    steps = V8["steps"]
    aes_key, mac_key = crypto.ecies_keys(unhex(steps["shared_secret"]))
    assert aes_key.hex() == steps["aes128_key"]
    assert mac_key.hex() == steps["hmac_key"]
    ephemeral = crypto.load_ecc_private(V8["station_ephemeral_private_hex"])
    assert crypto.ecdh(ECC_PRIVATE, ephemeral.public_key()).hex() == steps["shared_secret"]
    public = crypto.compressed_point(ECC_PRIVATE.public_key())
    assert public.hex() == KEYS["cipher_ecc_public_compressed"]


def test_version_8_reply_both_ways() -> None:
    raw = handshake.encode_gcm_reply(
        STATIC,
        V8["cipher_id"],
        ECC_PRIVATE.public_key(),
        LINK_KEY,
        ephemeral=crypto.load_ecc_private(V8["station_ephemeral_private_hex"]),
        iv=unhex(V8["iv"]),
    )
    assert raw.hex() == V8["frame"]
    reply = handshake.decode_connection_reply(decode_record(raw), STATIC)
    assert (reply.version, reply.cipher_id, reply.grade) == (8, 40, LinkGrade.GCM)
    assert reply.material[:129].hex() == V8["ecies_blob"]
    assert crypto.ecies_unwrap(ECC_PRIVATE, reply.material[:129]) == LINK_KEY
    keys = handshake.unwrap_link_keys(reply, CIPHER, STATIC)
    assert keys.grade is LinkGrade.GCM
    assert keys.rsa is None
    assert keys.gcm is not None


@pytest.mark.parametrize("sealed", [False, True])
def test_rsa_replies_both_ways(sealed: bool) -> None:
    name = "v1_reply_static_ecb" if sealed else "v1_reply_clear"
    case = HANDSHAKE[name]
    blob = unhex(HANDSHAKE["v1_reply_clear"]["rsa_ciphertext"])
    raw = handshake.encode_rsa_blob_reply(STATIC, case["cipher_id"], blob, sealed=sealed)
    assert raw.hex() == case["frame"]
    reply = handshake.decode_connection_reply(decode_record(raw), STATIC)
    assert (reply.cipher_id, reply.grade) == (98, LinkGrade.RSA)
    keys = handshake.unwrap_link_keys(reply, CIPHER, STATIC)
    assert keys.grade is LinkGrade.RSA
    expected = crypto.Ecb(case["unwrapped_key_ascii"].encode())
    assert keys.rsa is not None
    assert keys.rsa.encrypt(b"same key?") == expected.encrypt(b"same key?")


def test_a_station_can_wrap_its_own_rsa_key() -> None:
    private = crypto.load_rsa_private(KEYS["cipher_rsa_private_pkcs8_base64"])
    assert crypto.rsa_modulus(private.public_key()).hex() == KEYS["cipher_rsa_modulus"]
    raw = handshake.encode_rsa_reply(
        STATIC, 98, private.public_key(), b"0123456789abcdef", bytes(range(128))
    )
    assert len(raw) == 16 + 133
    reply = handshake.decode_connection_reply(decode_record(raw), STATIC)
    keys = handshake.unwrap_link_keys(reply, CIPHER, STATIC)
    assert keys.rsa is not None
    assert keys.rsa.encrypt(b"x") == crypto.ecb_encrypt(b"0123456789abcdef", b"x")


def test_a_reply_without_key_stays_on_the_static_key() -> None:
    raw = handshake.encode_keyless_reply()
    assert raw.hex() == HANDSHAKE["v1_reply_no_key"]["frame"]
    reply = handshake.decode_connection_reply(decode_record(raw), STATIC)
    assert (reply.cipher_id, reply.grade) == (0, LinkGrade.STATIC)
    keys = handshake.unwrap_link_keys(reply, None, STATIC)
    assert (keys.grade, keys.rsa, keys.gcm) == (LinkGrade.STATIC, None, None)
    assert handshake.static_link_keys(STATIC, clear=True).grade is LinkGrade.CLEAR


def test_contradictions_are_choices() -> None:
    reply = handshake.decode_connection_reply(decode_record(unhex(V8["frame"])), STATIC)
    half = handshake.unwrap_link_keys(reply, CIPHER, STATIC, WireOptions(ecies_half_key=True))
    assert half.grade is LinkGrade.RSA
    assert half.rsa is not None
    assert half.rsa.encrypt(b"x") == crypto.ecb_encrypt(LINK_KEY[:16], b"x")
    wide = Record(1100, bytes.fromhex("0100ff000000"), bytes.fromhex("62000100") + bytes(129))
    assert handshake.decode_connection_reply(wide, STATIC).cipher_id == 0x10062
    narrow = WireOptions(cipher_id_bytes=2)
    assert handshake.decode_connection_reply(wide, STATIC, narrow).cipher_id == 0x62


def reply_of(name: str) -> handshake.ConnectionReply:
    return handshake.decode_connection_reply(decode_record(unhex(HANDSHAKE[name]["frame"])), STATIC)


def test_a_key_of_another_owner_is_told_apart_from_a_missing_one() -> None:
    other = CipherKey(40, "o", None, Secret("11" * 32))
    with pytest.raises(AuthenticityError):
        handshake.unwrap_link_keys(reply_of("v8_reply"), other, STATIC)
    for missing in (None, CipherKey(40, "o")):
        for name in ("v8_reply", "v1_reply_clear"):
            with pytest.raises(WireError):
                handshake.unwrap_link_keys(reply_of(name), missing, STATIC)


def test_a_wrong_rsa_key_never_gives_a_link() -> None:
    # Implicit rejection returns random bytes instead of failing; printability decides.
    other = CipherKey(98, "o", Secret(KEYS["media_rsa_private_pkcs8_base64"]))
    with pytest.raises(WireError):
        handshake.unwrap_link_keys(reply_of("v1_reply_clear"), other, STATIC)


def test_a_flipped_bit_in_the_wrap_is_noticed() -> None:
    blob = bytearray(unhex(V8["ecies_blob"]))
    for position in (40, 60, 120):
        broken = bytearray(blob)
        broken[position] ^= 1
        with pytest.raises(AuthenticityError):
            crypto.ecies_unwrap(ECC_PRIVATE, broken)
    for broken in (blob[:-1], blob[:70], bytearray(), bytearray(129)):
        with pytest.raises(WireError):
            crypto.ecies_unwrap(ECC_PRIVATE, broken)


def test_a_wrapped_key_of_another_length_is_refused() -> None:
    ephemeral = crypto.load_ecc_private(V8["station_ephemeral_private_hex"])
    blob = crypto.ecies_wrap(ECC_PRIVATE.public_key(), ephemeral, bytes(16), b"short")
    reply = handshake.ConnectionReply(8, 40, blob)
    with pytest.raises(WireError):
        handshake.unwrap_link_keys(reply, CIPHER, STATIC)


def test_other_records_are_no_reply() -> None:
    for broken in (
        Record(1101, bytes(6), bytes(200)),
        Record(1100, bytes(6), b"\0\0"),
        Record(1100, bytes.fromhex("0800ff010000"), b""),
    ):
        with pytest.raises(WireError):
            handshake.decode_connection_reply(broken, STATIC)


def test_keys_do_not_show_themselves() -> None:
    text = repr(CIPHER) + repr(reply_of("v8_reply"))
    assert KEYS["cipher_ecc_private_hex"] not in text
    assert KEYS["cipher_rsa_private_pkcs8_base64"][:40] not in text
    assert V8["ecies_blob"] not in text


# --- ciphers ---------------------------------------------------------------------------


def test_ecb_zero_fills_and_keeps_a_partial_block() -> None:
    key = bytes(16)
    sealed = crypto.ecb_encrypt(key, b"abc")
    assert len(sealed) == 16
    assert crypto.ecb_decrypt(key, sealed) == b"abc" + bytes(13)
    assert crypto.ecb_decrypt(key, sealed + b"tail") == b"abc" + bytes(13) + b"tail"
    assert crypto.ecb_decrypt(key, b"abc") == b"abc"
    assert crypto.ecb_encrypt(key, b"") == b""


def test_gcm_round_trip_and_refusal() -> None:
    key, nonce = bytes(32), bytes(12)
    body = crypto.gcm_seal(key, nonce, b"hello")
    assert crypto.gcm_open(key, body) == b"hello"
    for broken in (body[:-1], body[:20], b"", bytes(len(body))):
        with pytest.raises(AuthenticityError):
            crypto.gcm_open(key, broken)
    for call in (
        lambda: crypto.Gcm(b"short"),
        lambda: crypto.Ecb(b"short"),
        lambda: crypto.gcm_seal(key, b"short", b""),
    ):
        with pytest.raises(WireError):
            call()


def test_private_key_texts_come_in_several_forms() -> None:
    text = KEYS["cipher_rsa_private_pkcs8_base64"]
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    armoured = f"-----BEGIN RSA PRIVATE KEY-----\n{lines}\n-----END RSA PRIVATE KEY-----\n"
    for form in (text, lines, armoured):
        assert (
            crypto.rsa_modulus(crypto.load_rsa_private(form).public_key()).hex()
            == (KEYS["cipher_rsa_modulus"])
        )
    for broken in ("", "AAAA", text.lower(), "not base64 !", text[:-8]):
        with pytest.raises(WireError):
            crypto.load_rsa_private(broken)
    for broken in ("", "xyz", "0", "ff" * 32):
        with pytest.raises(WireError):
            crypto.load_ecc_private(broken)


def test_only_rsa_keys_of_a_sane_size_are_loaded() -> None:
    ecc = ec.generate_private_key(ec.SECP256R1())
    for other in (ecc, rsa.generate_private_key(65537, 4224)):
        with pytest.raises(WireError):
            crypto.load_rsa_private(_pkcs8(other))
    big = _pkcs8(rsa.generate_private_key(65537, 2048))
    assert crypto.load_rsa_private(big).key_size == 2048


def _pkcs8(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    der = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return base64.b64encode(der).decode()


def test_padding_and_blocks_are_checked() -> None:
    assert crypto.pkcs7_unpad(crypto.pkcs7_pad(b"x" * 16)) == b"x" * 16
    for broken in (b"", b"\0" * 16, b"\x11" * 16, b"\x02" * 1, b"a" * 15 + b"\x02"):
        with pytest.raises(WireError):
            crypto.pkcs7_unpad(broken)
    for call in (
        lambda: crypto.cbc_encrypt(bytes(16), bytes(16), b"odd"),
        lambda: crypto.cbc_decrypt(bytes(16), bytes(3), bytes(16)),
        lambda: crypto.load_ecc_public(bytes(33)),
        lambda: crypto.rsa_wrap(bytes(128), bytes(120), bytes(128)),
        lambda: crypto.rsa_wrap(bytes(128), b"m", b""),
    ):
        with pytest.raises(WireError):
            call()


def test_rsa_ciphertext_of_a_wrong_size_is_refused() -> None:
    private = crypto.load_rsa_private(KEYS["cipher_rsa_private_pkcs8_base64"])
    with pytest.raises(WireError):
        crypto.rsa_unwrap(private, bytes(64))
