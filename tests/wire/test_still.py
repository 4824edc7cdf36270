"""Stored pictures and their check code."""

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import AuthenticityError, WireError
from custom_components.eufy_local.eufy.wire import still
from custom_components.eufy_local.eufy.wire.did import Did
from custom_components.eufy_local.eufy.wire.still import CheckCodeVariant, StillKind

from .support import CLOUD, FIELD, IDENTITIES, P2P, unhex

STILLS = P2P["stills"]
IMAGE = CLOUD["image"]
JPEG = base64.b64decode(IMAGE["jpeg_base64"])
IMAGE_DID = Did.parse(IMAGE["p2p_did"])
SOLO = Did.parse(IDENTITIES["solo_did"])


def test_v1_both_ways() -> None:
    case = STILLS["v1"]
    did = Did.parse(case["did"])
    raw, picture = unhex(case["still"]), unhex(case["image"])
    assert still.still_kind(raw) is StillKind.V1
    assert still.open_still(raw, {case["serial"]: did}) == picture
    assert still.seal_v1(picture, case["serial"], did, case["code"]) == raw
    code = still.check_code(case["serial"], did, case["code"])
    assert code == case["check_code_py"]
    assert code[:16] == case["aes128_key_text"]


def test_v2_both_ways() -> None:
    case = STILLS["v2"]
    did = Did.parse(case["did"])
    raw, picture = unhex(case["still"]), unhex(case["image"])
    assert still.still_kind(raw) is StillKind.V2
    assert still.open_still(raw, {}, did) == picture
    nonce = unhex(case["nonce"])
    assert still.seal_v2(picture, case["serial"], did, case["code"], nonce=nonce) == raw


@pytest.mark.parametrize(("key", "code"), STILLS["check_codes_py"].items())
def test_check_codes(key: str, code: str) -> None:
    serial, did, digits = key.split("|")
    assert still.check_code(serial, Did.parse(did), digits) == code
    steps = STILLS["check_code_steps"].get(key)
    if steps:
        assert still.did_sum(Did.parse(did)) == steps["did_sum"]


@pytest.mark.parametrize("case", [*CLOUD["image_keys"], IMAGE])
def test_check_codes_of_both_readings(case: dict[str, Any]) -> None:
    did = Did.parse(case["p2p_did"])
    assert still.did_sum(did) == case["did_suffix"]
    for variant, name in (
        (CheckCodeVariant.ORIGINAL, "check_code_variant_a"),
        (CheckCodeVariant.UPDATED, "check_code_variant_b"),
    ):
        assert still.check_code(case["serial"], did, case["code"], variant) == case[name]


@pytest.mark.parametrize(
    ("form", "name", "variant"),
    [
        ("v1", "blob_base64", None),
        ("v2", "blob_key_variant_a_base64", CheckCodeVariant.ORIGINAL),
        ("v2", "blob_key_variant_b_base64", CheckCodeVariant.UPDATED),
    ],
)
def test_pictures_of_the_cloud_vectors(
    form: str, name: str, variant: CheckCodeVariant | None
) -> None:
    raw = base64.b64decode(IMAGE[form][name])
    assert still.open_still(raw, {IMAGE["serial"]: IMAGE_DID}) == JPEG
    if variant is None:
        assert still.seal_v1(JPEG, IMAGE["serial"], IMAGE_DID, IMAGE["code"]) == raw
    else:
        nonce = unhex(IMAGE["v2"]["nonce"])
        again = still.seal_v2(
            JPEG, IMAGE["serial"], IMAGE_DID, IMAGE["code"], nonce=nonce, variant=variant
        )
        assert again == raw


def test_did_numbers_of_other_lengths_count_as_a_hundred() -> None:
    assert still.did_sum(Did.parse("ABC-1234567-XYZ")) == 100


def test_a_plain_jpeg_needs_no_key() -> None:
    assert still.open_still(JPEG, {}) == JPEG


def test_the_header_posted_by_an_owner() -> None:
    item = next(item for item in FIELD["items"] if item["kind"] == "A.image_header")
    raw, expect = unhex(item["bytes_hex"]), item["expect"]
    assert len(raw) == expect["length"]
    found = still.parse_still(raw + b"n" * 12 + b":" + b"t" * 16 + b":" + b"body")
    assert (found.serial, found.code, found.body) == (expect["serial"], expect["code"], b"body")
    assert (found.nonce, found.tag) == (b"n" * 12, b"t" * 16)
    assert expect["marker"].encode() == raw[:15]
    with pytest.raises(WireError):
        still.parse_still(raw)


def test_the_wrong_device_does_not_open_a_picture() -> None:
    other = Did.parse("EUPRAMA-654321-ABCDE")
    raw = base64.b64decode(IMAGE["v2"]["blob_key_variant_b_base64"])
    with pytest.raises(AuthenticityError):
        still.open_still(raw, {}, other)
    with pytest.raises(WireError):
        still.open_still(base64.b64decode(IMAGE["v1"]["blob_base64"]), {}, other)
    with pytest.raises(WireError):
        still.open_still(raw, {})


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", StillKind.UNKNOWN),
        (b"GIF89a", StillKind.UNKNOWN),
        (b"v8_eufysecurity:anything", StillKind.V8),
        (b"eufysecurity:short", StillKind.V1),
        (b"v2_eufysecurity:short", StillKind.V2),
        (b"eufysecurity:" + b"\xff" * 60, StillKind.V1),
        (b"eufysecurity:T8170P230000009A:12345abcde:" + b"x" * 20, StillKind.V1),
        (b"v2_eufysecurity:T8170P230000009A:" + "²".encode() * 30, StillKind.V2),
    ],
)
def test_other_forms_are_kept_apart(data: bytes, kind: StillKind) -> None:
    assert still.still_kind(data) is kind
    with pytest.raises(WireError):
        still.open_still(data, {}, SOLO)


@pytest.mark.parametrize(
    ("serial", "code"), [("T8170P23000000-Z", "1767323045"), ("", "1"), ("T8170P230000009Z", "12")]
)
def test_check_codes_of_other_serials_are_refused(serial: str, code: str) -> None:
    with pytest.raises(WireError):
        still.check_code(serial, SOLO, code)
    with pytest.raises(WireError):
        still.seal_v1(b"", serial, SOLO, code)


@given(st.binary(max_size=600), st.integers(0, 10**10 - 1))
def test_any_picture_comes_back(tail: bytes, number: int) -> None:
    picture, code = b"\xff\xd8" + tail, f"{number:010d}"
    serial = IDENTITIES["solo_serial"]
    assert still.open_still(still.seal_v1(picture, serial, SOLO, code), {}, SOLO) == picture
    for variant in CheckCodeVariant:
        sealed = still.seal_v2(picture, serial, SOLO, code, nonce=bytes(12), variant=variant)
        assert still.open_still(sealed, {}, SOLO) == picture


# --- replies -----------------------------------------------------------------------------


def test_the_reply_vector() -> None:
    value = {
        "file": "/zx/hdd_data0/Camera01/202601/20260102030405/snapshort.jpg",
        "content": "_9j_4HN5bnRoZXRpYw",
    }
    path, picture = still.decode_still_reply(value)
    assert (path, picture[:2]) == (value["file"], b"\xff\xd8")
    assert still.still_reply_value(path, picture) == value
    padded = value | {"content": "/9j/4HN5\nbnRoZXRpYw=="}
    assert still.decode_still_reply(padded) == (path, picture)


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"file": "/a"},
        {"file": "", "content": "AAAA"},
        {"file": "/a", "content": "A"},
        {"file": "/a", "content": "ä"},
        {"file": "/a", "content": "AA!A"},
        {"file": ["/a"], "content": "AAAA"},
    ],
)
def test_broken_replies(value: Any) -> None:
    with pytest.raises(WireError):
        still.decode_still_reply(value)


def test_a_picture_that_is_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(still, "MAX_PICTURE", 10)
    with pytest.raises(WireError):
        still.decode_still_reply({"file": "/a", "content": "A" * 40})
