"""Names, ids and paths that somebody else chose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.eufy_local.eufy.people import MAX_HEARD, MAX_LIBRARY, People, Person
from custom_components.eufy_local.eufy.secret import Secret
from custom_components.eufy_local.eufy.text import (
    clean_id,
    clean_name,
    clean_person_id,
    clean_picture_path,
    clean_recording_path,
    clean_serial,
)


@pytest.mark.parametrize(
    ("given_text", "shown"),
    [
        ("Alice", "Alice"),
        ("  Front \t door\n", "Front door"),
        ("<script>alert(1)</script>", "scriptalert(1)/script"),
        ("[link](https://x)", "link(https://x)"),
        ("ev\u202eil", "evil"),
        ("\uff21lice", "Alice"),
        ("\x00\x07", None),
        ("", None),
        (7, None),
        (None, None),
    ],
)
def test_names(given_text: object, shown: str | None) -> None:
    assert clean_name(given_text) == shown


@given(st.text(max_size=2000))
def test_any_name_is_short_and_harmless(text: str) -> None:
    name = clean_name(text)
    if name is not None:
        assert 0 < len(name) <= 64
        assert not set(name) & set("<>{}[]`|\\\n\r\t")
        assert name == name.strip()


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd", "/zx/../etc/passwd.jpg", "/zx//a.jpg", "zx/a.jpg", "/zx/a.png",
        "/zx/a b.jpg", "/zx/" + "a" * 300 + ".jpg", "/zx/\u00e4.jpg", 7, None, "",
    ],
)  # fmt: skip
def test_paths_that_are_not_asked_for(path: object) -> None:
    assert clean_picture_path(path) is None


def test_paths_of_stations() -> None:
    picture = "/zx/hdd_data0/Camera01/202601/20260102030405/snapshort.jpg"
    assert clean_picture_path(picture) == picture
    recording = "/media/mmcblk0p1/Camera01/20260102030405.dat"
    assert clean_recording_path(recording) == recording
    assert clean_recording_path("/var/x.dat") is None


@pytest.mark.parametrize("value", ["0", 0, "-1", -1, True, "", "x" * 65, "a b", None, 10**20])
def test_nobody(value: object) -> None:
    assert clean_person_id(value) is None


def test_ids_and_serials() -> None:
    assert clean_id(7) == clean_id("7") == "7"
    assert clean_serial("T8030P2300000042") == "T8030P2300000042"
    assert clean_serial("T8030 <b>") is None


def test_people_of_library_and_hearsay() -> None:
    people = People()
    assert people.hear("7", "Alicia")
    assert not people.hear("7", "Alicia")
    assert people.names == ("Alicia",)
    assert people.replace_library([Person(id="7", name="Alice", in_library=True)])
    assert people.names == ("Alice",)
    # The library is the truth about its ids, and a bare name of it is nobody new.
    assert not people.hear("7", "Mallory")
    assert not people.hear(None, "Alice")
    assert not people.hear("9", None)
    assert people.hear(None, "Bob")
    assert [person.name for person in people] == ["Alice", "Bob"]
    assert people.by_id("7") == people.by_name("Alice")
    assert people.by_name("Zoe") is None
    again = People.from_dict(people.to_dict())
    assert again.names == people.names
    assert len(again) == 2


def test_people_are_bounded() -> None:
    people = People()
    for number in range(MAX_HEARD + 10):
        people.hear(f"h{number}", f"Name {number}")
    assert len(people) == MAX_HEARD
    people.replace_library(
        Person(id=str(number), name=f"P{number}") for number in range(1, MAX_LIBRARY + 50)
    )
    assert len(People.from_dict(people.to_dict())) <= MAX_LIBRARY + MAX_HEARD


@pytest.mark.parametrize("stored", [None, [], "x", {"library": 7}, {"library": [1, {"id": ""}]}])
def test_rubbish_in_the_store(stored: object) -> None:
    assert len(People.from_dict(stored)) == 0


def test_a_secret_shows_nothing() -> None:
    secret = Secret("canary")
    assert "canary" not in f"{secret} {secret!r} {secret!s:>20}"
    assert secret == Secret("canary")
    assert secret != Secret("other")
    assert secret != "canary"
    assert Secret(b"canary") != secret
    assert hash(secret) == hash(Secret("canary"))
    assert secret
    assert not Secret("")
    assert secret.reveal() == "canary"
    with pytest.raises(TypeError):
        secret.__reduce__()
