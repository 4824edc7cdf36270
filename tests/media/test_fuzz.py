"""A short run of the fuzzers: whatever a camera sends, there is an answer and nothing else."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.errors import FrameRefused
from custom_components.eufy_local.eufy.media import sps_h264, sps_h265
from custom_components.eufy_local.eufy.media.jpeg import jpeg_size
from custom_components.eufy_local.eufy.media.nal_gate import NalGate
from custom_components.eufy_local.eufy.media.rtsp.message import (
    RequestRefused,
    parse_request,
    parse_target,
    parse_transport,
)

from .fuzz import run


async def test_damaged_access_units_pass_or_are_refused():
    report = await run(5000, seed=7, decode_every=25)
    assert report.passed > 500
    assert report.refused > 500
    assert len(report.reasons) > 15
    assert report.decoded > 0
    assert report.child_died == 0


@given(st.binary(max_size=300))
def test_any_bytes_are_an_access_unit_or_refused(data):
    for prefix in (b"", b"\0\0\1", b"\0\0\1\x67\x64\0\x28", b"\0\0\1\x42\1\1\1\x60"):
        with contextlib.suppress(FrameRefused):
            NalGate().check(prefix + data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_parameter_set_or_refused(data):
    for parse, head in (
        (sps_h264.parse_sps, b"\x67"),
        (sps_h264.parse_sps, b"\x67\x64\0\x28"),
        (sps_h265.parse_sps, b"\x42\1"),
        (sps_h265.parse_sps, b"\x42\1\1\1\x60" + bytes(9) + b"\x78"),
    ):
        try:
            picture = parse(head + data)
        except FrameRefused:
            continue
        assert picture.coded_width * picture.coded_height <= 16_800_000


@given(st.binary(max_size=200))
def test_any_bytes_are_a_jpeg_or_refused(data):
    for head in (b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xc0"):
        with contextlib.suppress(FrameRefused):
            jpeg_size(head + data)


@given(st.binary(max_size=300), st.text(max_size=80))
def test_any_bytes_are_a_request_or_refused(data, text):
    try:
        request = parse_request(data)
        parse_target(request.url)
        assert request.body_length >= 0
    except RequestRefused:
        pass
    parse_target(text)
    with contextlib.suppress(RequestRefused):
        parse_transport(text)
