"""What the child process does, looked at from inside; its limits are tested from outside."""

import io
import json
import struct
import sys

import pytest

from custom_components.eufy_local.eufy.media import child
from custom_components.eufy_local.eufy.wire.nal import Codec

from .clips import clip
from .test_talk import file, mulaw, picture_file, voice


def ask(request, data=b""):
    answer = child.answer(request, data)
    (size,) = struct.unpack(">I", answer[:4])
    assert size == len(answer) - 4
    head, _, payload = answer[4:].partition(b"\n")
    return json.loads(head), payload


def frames(encoded):
    count = 0
    while encoded:
        (size,) = struct.unpack(">H", encoded[:2])
        encoded = encoded[2 + size :]
        count += 1
    return count


@pytest.mark.parametrize("codec", list(Codec))
def test_pictures(codec):
    size, jpeg = ask({"action": "key_frame_to_jpeg", "codec": codec.value}, clip(codec).units[0][0])
    assert size == {"width": 320, "height": 180}
    assert ask({"action": "check_jpeg"}, jpeg) == (size, b"")
    assert "error" in ask({"action": "check_jpeg"}, jpeg[: len(jpeg) // 2])[0]
    assert "error" in ask({"action": "check_jpeg"}, b"")[0]
    assert "TypeError" in ask({"action": "key_frame_to_jpeg", "codec": "aac"}, jpeg)[0]["error"]
    assert "KeyError" in ask({"action": "sing"})[0]["error"]


def test_talk_goes_on_from_piece_to_piece():
    assert ask({"action": "talk", "begin": True}) == ({}, b"")
    sound = mulaw(voice(1.0))
    count = sum(
        frames(ask({"action": "talk"}, sound[at : at + 160])[1]) for at in range(0, len(sound), 160)
    )
    assert 13 <= count <= 16


def test_speech_is_cut_off_where_it_gets_too_long(monkeypatch):
    assert 31 <= frames(ask({"action": "speech"}, file(voice(2.0), 8000))[1]) <= 33
    monkeypatch.setattr(child, "MAX_SPEECH_SECONDS", 1)
    assert frames(ask({"action": "speech"}, file(voice(2.0), 8000))[1]) <= 17
    assert "error" in ask({"action": "speech"}, picture_file())[0]


class Pipe:
    def __init__(self, data=b""):
        self.buffer = io.BytesIO(data)


def test_requests_are_served_until_the_input_ends_or_is_too_long(monkeypatch):
    given_up = []
    monkeypatch.setattr(child.resource, "setrlimit", lambda *args: given_up.append(args))
    line = b'{"action": "sing"}\n'
    request = struct.pack(">I", len(line)) + line
    for tail in (b"", b"\xff\xff\xff\xff" + request):
        monkeypatch.setattr(sys, "stdin", Pipe(request * 2 + tail))
        monkeypatch.setattr(sys, "stdout", Pipe())
        child.main()
        assert sys.stdout.buffer.getvalue().count(b"KeyError") == 2
    assert (child.resource.RLIMIT_NOFILE, (0, 0)) in given_up


def test_a_hard_limit_that_is_lower_already_stays(monkeypatch):
    given_up = []
    monkeypatch.setattr(child.resource, "getrlimit", lambda _: (5, 5))
    monkeypatch.setattr(child.resource, "setrlimit", lambda *args: given_up.append(args))
    child.limit()
    assert (child.resource.RLIMIT_AS, (5, 5)) in given_up
