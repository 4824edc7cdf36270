"""Merging the copies of a detection that several sources bring (`protocol/events.md` §5)."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from .detections import (
    NAMED_KINDS,
    Detection,
    DetectionKind,
    DetectionReport,
    DetectionSource,
    Merged,
)

KEEP_SECONDS: Final = 3600.0  # `protocol/events.md` §5 rule 3
KEEP_EVENTS: Final = 256  # same rule
# A database row says when the recording began, in whole seconds; the trigger may lie a little
# beside it. Used only to match a row that shares no id with the pushes. Our choice, no source.
DATABASE_SLACK: Final = dt.timedelta(seconds=5)
# motion < person = pet = vehicle < stranger < known person, `protocol/events.md` §5 rule 2.
# A kind that is absent here (ring, package, sound ...) never turns into another one.
_RANK: Final = {
    DetectionKind.MOTION: 0,
    DetectionKind.PERSON: 1,
    DetectionKind.PET: 1,
    DetectionKind.VEHICLE: 1,
    DetectionKind.DOG: 2,
    DetectionKind.DOG_LICK: 2,
    DetectionKind.DOG_POOP: 2,
    DetectionKind.STRANGER: 3,
    DetectionKind.FAMILY_FACE: 4,
    DetectionKind.KNOWN_FACE: 4,
    DetectionKind.UNKNOWN: -1,
}
_RANK_OF_OTHERS: Final = 5


class DetectionMerger:
    """Turns reports of all sources into one detection each; bounded in time and number.

    It keeps no clock: `now` is a monotonic time in seconds. The result does not depend on the
    order in which the copies of a detection come in, except for `id`, `received` and `source`,
    which are those of the first one.
    """

    def __init__(
        self, *, keep_seconds: float = KEEP_SECONDS, keep_events: int = KEEP_EVENTS
    ) -> None:
        self._keep_seconds = keep_seconds
        self._keep_events = keep_events
        self._open: list[_Open] = []
        self.duplicates = 0
        """Reports that said nothing new."""

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[Detection]:
        return iter([entry.detection for entry in self._open])

    def add(self, report: DetectionReport, now: float) -> Merged | None:
        """Take a report; return what it changed, or `None` for a copy without news."""
        self._expire(now)
        entry = self._find(report)
        if entry is None:
            entry = _Open(report, now)
            self._open.append(entry)
            del self._open[: -self._keep_events]
            return Merged(entry.detection, is_update=False)
        before = entry.detection
        entry.add(report)
        if entry.detection == replace(before, sources=entry.detection.sources):
            # One more source alone is no news, but it is kept for the next update.
            self.duplicates += 1
            return None
        return Merged(entry.detection, is_update=True)

    def name_persons(self, names: Mapping[str, str]) -> list[Merged]:
        """Give names (by person id) to open detections that have an id and no name yet."""
        updates: list[Merged] = []
        for entry in self._open:
            name = names.get(entry.detection.person_id or "")
            if name is not None and entry.detection.person_name is None and entry.rename(name):
                updates.append(Merged(entry.detection, is_update=True))
        return updates

    def get(self, detection_id: str) -> Detection | None:
        """Return a detection that is still open, by its id."""
        return next((e.detection for e in self._open if e.detection.id == detection_id), None)

    def _expire(self, now: float) -> None:
        fresh = now - self._keep_seconds
        if self._open and self._open[0].opened < fresh:
            self._open = [entry for entry in self._open if entry.opened >= fresh]

    def _find(self, report: DetectionReport) -> _Open | None:
        best: tuple[int, float, _Open] | None = None
        for entry in self._open:
            strength = entry.match(report)
            if strength:
                distance = abs((entry.detection.time - report.time).total_seconds())
                if best is None or (strength, -distance) > best[:2]:
                    best = (strength, -distance, entry)
        return best[2] if best else None


@dataclass(slots=True)
class _Claim:
    """What kind and which person the copies of one trust level say."""

    kind: DetectionKind
    raw_kind: int
    person_name: str | None
    person_id: str | None

    @property
    def weight(self) -> tuple[int, bool, bool, str, str, str]:
        """More specific first; the texts only make the choice independent of the order."""
        return (
            _RANK.get(self.kind, _RANK_OF_OTHERS),
            self.person_name is not None,
            self.person_id is not None,
            self.kind,
            self.person_name or "",
            self.person_id or "",
        )

    @property
    def has_identity(self) -> bool:
        """Return whether this says who it is: a stranger, or a face with a name or an id."""
        if self.kind is DetectionKind.STRANGER:
            return True
        named = self.person_name is not None or self.person_id is not None
        return named and self.kind in NAMED_KINDS

    def says_as_much_as(self, other: _Claim) -> bool:
        """Return whether this claim contains everything the other one says."""
        return (
            self.kind is other.kind
            and other.person_name in {None, self.person_name}
            and other.person_id in {None, self.person_id}
        )


@dataclass(slots=True)
class _Open:
    """A detection that may still get late fields, with all keys its copies had."""

    first: DetectionReport
    opened: float
    detection: Detection = field(init=False)
    _proven: _Claim | None = None
    _hinted: _Claim | None = None
    _unique: set[str] = field(default_factory=set)
    _sessions: set[str] = field(default_factory=set)
    _records: set[int] = field(default_factory=set)
    _seconds: set[int] = field(default_factory=set)
    _follow_up: bool = False

    def __post_init__(self) -> None:
        report = self.first
        self.detection = Detection(
            id=_new_id(report),
            kind=report.kind,
            raw_kind=report.raw_kind,
            camera_serial=report.camera_serial,
            station_serial=report.station_serial,
            channel=report.channel,
            time=report.time,
            received=report.received,
            source=report.source,
            authenticated=report.authenticated,
        )
        self.add(report)

    def match(self, report: DetectionReport) -> int:
        """Return how surely the report is a copy of this detection, 0 for not at all."""
        mine = self.detection
        if report.camera_serial != mine.camera_serial:
            return 0
        if report.unique_id and report.unique_id in self._unique:
            return 5
        group = _group(report.kind, report.raw_kind) == _group(mine.kind, mine.raw_kind)
        if not group:
            return 0
        if report.unique_id and self._unique:
            # Two ids are two detections, except for a follow-up under an id of its own.
            again = report.push_count > 1 or self._follow_up
            return 4 if again and report.time == mine.time else 0
        if report.session_id and report.session_id in self._sessions:
            return 3
        if report.record_id and report.record_id in self._records:
            return 3
        if report.session_id and self._sessions:
            return 0
        if report.record_id and self._records:
            return 0
        if int(report.time.timestamp()) in self._seconds:
            return 2
        stored = DetectionSource.DATABASE in {report.source, *mine.sources}
        return 1 if stored and abs(report.time - mine.time) <= DATABASE_SLACK else 0

    def add(self, report: DetectionReport) -> None:
        """Take the fields of a copy that this detection does not have yet."""
        if report.unique_id:
            self._unique.add(report.unique_id)
        if report.session_id:
            self._sessions.add(report.session_id)
        if report.record_id:
            self._records.add(report.record_id)
        self._seconds.add(int(report.time.timestamp()))
        self._follow_up = self._follow_up or report.push_count > 1
        self._claim(report)
        old = self.detection
        self.detection = replace(
            old,
            sources=old.sources | {report.source},
            channel=old.channel if old.channel is not None else report.channel,
            picture_path=old.picture_path or report.picture_path,
            crop_path=old.crop_path or report.crop_path,
            recording_path=old.recording_path or report.recording_path,
            picture_url=old.picture_url or report.picture_url,
            record_id=old.record_id or report.record_id,
        )
        self._apply_claims()

    def rename(self, name: str) -> bool:
        """Set the name for the person id that this detection has; return whether that helped."""
        person_id = self.detection.person_id
        for claim in (self._proven, self._hinted):
            if claim is not None and claim.person_id == person_id and claim.person_name is None:
                claim.person_name = name
        self._apply_claims()
        return self.detection.person_name == name

    def _apply_claims(self) -> None:
        claim, proven = self._resolve()
        self.detection = replace(
            self.detection,
            kind=claim.kind,
            raw_kind=claim.raw_kind,
            person_name=claim.person_name,
            person_id=claim.person_id,
            authenticated=proven,
        )

    def _claim(self, report: DetectionReport) -> None:
        said = _claim_of(report)
        if report.authenticated:
            self._proven = _heavier(self._proven, said)
        else:
            self._hinted = _heavier(self._hinted, said)

    def _resolve(self) -> tuple[_Claim, bool]:
        """Return kind and person, and whether an authenticated copy says exactly that.

        What a proven frame says about a person is never replaced by a hint; a hint may add to a
        proven plain "motion" or "person", and then the whole is not authenticated.
        """
        proven, hinted = self._proven, self._hinted
        if hinted is None or (
            proven is not None and (proven.has_identity or proven.weight >= hinted.weight)
        ):
            return proven or _claim_of(self.first), proven is not None
        return hinted, proven is not None and proven.says_as_much_as(hinted)


def _claim_of(report: DetectionReport) -> _Claim:
    return _Claim(report.kind, report.raw_kind, report.person_name, report.person_id)


def _heavier(old: _Claim | None, new: _Claim) -> _Claim:
    return new if old is None or new.weight > old.weight else old


def _group(kind: DetectionKind, raw_kind: int) -> object:
    """Return what kinds may be one detection: those that turn into each other, else each alone."""
    if kind is DetectionKind.UNKNOWN:
        return raw_kind
    return "detection" if kind in _RANK else kind


def _new_id(report: DetectionReport) -> str:
    """Return an id that is unique over all cameras and the same after a restart."""
    if report.unique_id:
        return f"{report.camera_serial}-{report.unique_id}"
    if report.session_id:
        return f"{report.camera_serial}-{report.session_id}-{report.raw_kind}"
    moment = int(report.time.timestamp() * 1000)
    return f"{report.camera_serial}-{moment}-{report.raw_kind}-{report.record_id or 0}"
