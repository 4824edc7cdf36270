"""The people a station knows: its face library plus names heard in detections."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from .text import clean_name, clean_person_id, clean_picture_path

MAX_LIBRARY: Final = 512  # persons kept of a face library; owners have tens
MAX_HEARD: Final = 64  # names known from detections only; bounds what a forger can add


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One known person.

    `id` is the station's own id as text, or `None` when only a name was heard (cameras that
    recognise faces themselves send names without ids). `name` is cleaned and at most 64
    characters. `picture_path` is the library picture on the station's disk, if it has one.
    `in_library` is false for a person known from detections only.
    """

    id: str | None
    name: str
    picture_path: str | None = None
    in_library: bool = False

    @property
    def key(self) -> str:
        """Return what tells this person from others: the id, else the name."""
        return self.id if self.id is not None else f"name:{self.name}"


class People:
    """The registry of one station; ordered by name, bounded, and never raising on odd input."""

    def __init__(self) -> None:
        self._library: dict[str, Person] = {}
        self._heard: dict[str, Person] = {}

    def __iter__(self) -> Iterator[Person]:
        return iter(self.all)

    def __len__(self) -> int:
        return len(self.all)

    @property
    def all(self) -> tuple[Person, ...]:
        """Return every person, by name; a library entry hides one heard with the same id."""
        names = {person.name for person in self._library.values()}
        heard = [
            person
            for key, person in self._heard.items()
            if key not in self._library and not (person.id is None and person.name in names)
        ]
        return tuple(
            sorted((*self._library.values(), *heard), key=lambda p: (p.name.casefold(), p.key))
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Return the distinct names in order; what a list of choices shows."""
        return tuple(dict.fromkeys(person.name for person in self.all))

    def by_id(self, person_id: str) -> Person | None:
        """Return the person with this id, the library first."""
        return self._library.get(person_id) or self._heard.get(person_id)

    def by_name(self, name: str) -> Person | None:
        """Return the first person with exactly this name."""
        return next((person for person in self.all if person.name == name), None)

    def replace_library(self, rows: Iterable[Person]) -> bool:
        """Take a freshly read face library; return whether anything changed."""
        library: dict[str, Person] = {}
        for person in rows:
            if len(library) >= MAX_LIBRARY:
                break
            library[person.key] = person
        changed = library != self._library
        self._library = library
        return changed

    def hear(self, person_id: object, name: object) -> bool:
        """Note a person named in a detection; return whether the registry changed.

        A name for an id of the library is ignored: the library is the truth about names.
        """
        text = clean_name(name)
        if text is None:
            return False
        person = Person(id=clean_person_id(person_id), name=text)
        if person.key in self._library or self._heard.get(person.key) == person:
            return False
        if person.id is None and self.by_name(text) is not None:
            return False
        if len(self._heard) >= MAX_HEARD and person.key not in self._heard:
            self._heard.pop(next(iter(self._heard)))
        self._heard[person.key] = person
        return True

    def to_dict(self) -> dict[str, list[dict[str, str | None]]]:
        """Return the registry for storage; names are personal data, so store it on request only."""
        return {
            "library": [
                {"id": p.id, "name": p.name, "picture": p.picture_path}
                for p in self._library.values()
            ],
            "heard": [{"id": p.id, "name": p.name} for p in self._heard.values()],
        }

    @classmethod
    def from_dict(cls, data: object) -> People:
        """Return the registry from `to_dict()`; entries that do not parse are left out."""
        people = cls()
        if not isinstance(data, dict):
            return people
        rows = data.get("library")
        people.replace_library(
            person
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and (person := library_person(row)) is not None
        )
        heard = data.get("heard")
        for row in heard if isinstance(heard, list) else []:
            if isinstance(row, dict):
                people.hear(row.get("id"), row.get("name"))
        return people


def library_person(row: dict[object, object]) -> Person | None:
    """Return the person of a stored row `{id, name, picture}`, or `None` when it does not parse."""
    person_id, name = clean_person_id(row.get("id")), clean_name(row.get("name"))
    if person_id is None or name is None:
        return None
    return Person(
        id=person_id,
        name=name,
        picture_path=clean_picture_path(row.get("picture")),
        in_library=True,
    )
