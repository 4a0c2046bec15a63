"""Collects recognised faces that a person should look at: recognition results in, candidate rows out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from deepthink.curation.facelist import Eyes, Facelist, Listed, Row, Status, editing
from deepthink.curation.hashes import HashBook, difference_hash
from deepthink.datasink.base import RECOGNITIONS, Datasink, Event, Mark
from deepthink.datasink.labels import Label, parse_label
from deepthink.detection.base import Aligner
from deepthink.detection.detect import Face, align_each, decode
from deepthink.detection.quality import FACE_WIDTH, QualityRules, eyes_of, face_crop
from deepthink.errors import BadInputError
from deepthink.frames import read_frame
from deepthink.records import UNKNOWN, Box, FrameKey, Sample

TOGETHER = 16  # faces aligned at once
Spread = Callable[[Callable[[Event], Any], Iterable[Event]], Iterable[Any]]


@dataclass(frozen=True)
class SweepRules:
    """Which faces are proposed."""

    per_event: int = 6
    same_picture: int = 3  # bits of 64


@dataclass(frozen=True)
class SweepReport:
    """What a sweep did, in faces."""

    events: int
    seen: int
    added: int
    known: int  # already in the facelist
    unusable: int
    alike: int  # a near copy of one that is listed, or one too many of its event
    lost: int  # its picture is absent or damaged


@dataclass(frozen=True)
class Candidate:
    """A face that could become a row."""

    row: Row
    picture_hash: int

    @property
    def listed(self) -> Listed:
        """How it would stand in the file."""
        return Listed.of(self.row.frame, self.row.box, self.row.objid, self.row.name)


def sweep(
    datasink: Datasink,
    events: Iterable[Event],
    facelist: Path,
    aligner: Aligner,
    quality: QualityRules,
    rules: SweepRules = SweepRules(),
    progress: Callable[[str], None] = lambda event: None,
    spread: Spread = map,
) -> SweepReport:
    """Add the usable faces of events to the facelist, each once, as candidates.

    A face is known by where and when it was seen, so that one that a reviewer has renamed or refused is not proposed
    again; a picture is known by its perceptual hash, held against all pictures listed so far.

    Parameters
    ----------
    datasink : Datasink
        Holds the events' `fr1` results.
    events : iterable of Event
        Those to sweep.
    facelist : Path
        facelist.csv; written once, at the end, so that a kill leaves it as it was and the next sweep finds the same.
    aligner : Aligner
        Finds the eyes.
    quality : QualityRules
        What makes a face usable.
    rules : SweepRules
        How many of them are wanted.
    progress : callable, optional
        Told of each event.
    spread : callable, optional
        How the looking is done for each event: as `map`, or on more threads.
    """
    wanted = list(events)
    before = Facelist(facelist, datasink.problems)
    known = {face.face for face in before.listed({event.date for event in wanted})}
    found, counts, looked = [], np.zeros(4, int), len(wanted)
    looks = spread(lambda event: _look(datasink, event, known, aligner, quality), wanted)
    for event, (fresh, tally) in zip(wanted, looks, strict=True):
        found += fresh
        counts += tally
        progress(event.event)
    added, alike = _append(datasink, found, before, rules) if found else (0, 0)
    seen, old, unusable, lost = (int(part) for part in counts)
    return SweepReport(looked, seen, added, old, unusable, alike, lost)


def _look(
    datasink: Datasink, event: Event, known: set[tuple[str, str]], aligner: Aligner, quality: QualityRules
) -> tuple[list[Candidate], np.ndarray]:
    """Find an event's faces that are not listed yet, and count those seen, listed, unusable and unreadable."""
    labels = [
        (mark, label) for mark in datasink.marks(event, RECOGNITIONS) if (label := read_label(datasink, event, mark))
    ]
    usable = [(mark, label) for mark, label in labels if label.usable]
    fresh = [
        (m, lab) for m, lab in usable if Listed.of(FrameKey(event.date, event.event, m.time), m.box).face not in known
    ]
    found = _candidates(datasink, event, fresh, aligner, quality)
    tally = [len(labels), len(usable) - len(fresh), len(labels) - len(usable), len(fresh) - len(found)]
    return found, np.array(tally)


def _append(datasink: Datasink, found: list[Candidate], before: Facelist, rules: SweepRules) -> tuple[int, int]:
    """Add what is new to the facelist in one step, under its lock; return how many were added and left out."""
    with editing(before.path, datasink.problems, before) as facelist:
        book = HashBook(before.path, facelist, lambda row: picture_hash(datasink, row))
        known = list(facelist.listed({candidate.row.frame.date for candidate in found}))
        faces, groups = {one.face for one in known}, Counter(_group(one) for one in known)
        fresh = [candidate for candidate in found if candidate.listed.face not in faces]
        chosen = _choose(fresh, book, rules, groups)
        for candidate in chosen:
            facelist.append(candidate.row)
    book.save()
    return len(chosen), len(found) - len(chosen)


def _group(listed: Listed) -> tuple[str, str]:
    """Return whom a row shows, as far as the outpost's tracker knows: a name may have been changed in review."""
    return listed.frame.rpartition(",")[0], listed.objid


def _choose(
    fresh: list[Candidate], book: HashBook, rules: SweepRules, listed: Counter[tuple[str, str]]
) -> list[Candidate]:
    """Take each tracked person's sharpest faces of an event, as many as wanted, and no near copy of a listed one."""
    kept = []
    for candidate in sorted(fresh, key=lambda one: (_group(one.listed), -one.row.focus, one.row.key)):
        group = _group(candidate.listed)
        if listed[group] < rules.per_event and book.add(candidate.picture_hash, rules.same_picture):
            listed[group] += 1
            kept.append(candidate)
    return sorted(kept, key=lambda candidate: candidate.row.key)


def picture_hash(datasink: Datasink, row: Row) -> int:
    """Return the perceptual hash of a listed face, or 0 when its picture is gone."""
    try:
        image = decode(datasink.picture(row.frame))
        return difference_hash(face_crop(image, row.box))
    except (BadInputError, cv2.error):
        return 0


def _clipped(box: Box) -> Box:
    """The facelist keeps no negative corner (docs/formats.md, 1.7)."""
    return Box(max(0, box.x1), max(0, box.y1), box.x2, box.y2)


def read_label(datasink: Datasink, event: Event, mark: Mark) -> Label | None:
    """Return what recognition said of a face; None, and a note, when it cannot be read."""
    try:
        return parse_label(mark.classname)
    except BadInputError as error:
        datasink.problems.add(f"{event.date} {event.event} {RECOGNITIONS}", None, str(error))
        return None


def _candidates(
    datasink: Datasink, event: Event, marks: list[tuple[Mark, Label]], aligner: Aligner, quality: QualityRules
) -> list[Candidate]:
    """Make candidates of an event's faces, aligned a few at a time; what cannot be used is noted and costs itself."""

    def refused(face: Face, why: str) -> None:
        datasink.problems.add(f"{event.date} {event.event}", None, why)

    faces, found = _faces(datasink, event, marks), list[Candidate]()
    while chunk := list(islice(faces, TOGETHER)):
        for face, sample in align_each(chunk, aligner, quality, refused):
            found.append(_candidate(face, sample, *marks[int(face.name)]))
    return found


def _faces(datasink: Datasink, event: Event, marks: list[tuple[Mark, Label]]) -> Iterator[Face]:
    """Yield an event's faces, each picture decoded once, each called by its place in `marks`."""
    for time, group in groupby(enumerate(marks), key=lambda each: each[1][0].time):
        key = FrameKey(event.date, event.event, time)
        image = read_frame(datasink, key)
        if image is not None:
            yield from (Face(key, image, mark.box, str(place)) for place, (mark, _) in group)


def _candidate(face: Face, sample: Sample, mark: Mark, label: Label) -> Candidate:
    box = mark.box.clipped(face.image.shape[1], face.image.shape[0])
    row = Row(
        face.key, object_number(mark), Status.CANDIDATE, label.name, label.probability, label.distance, label.margin,
        _clipped(mark.box), eyes_in_crop(sample, box), sample.quality.focus,
    )  # fmt: skip
    return Candidate(row, difference_hash(face_crop(face.image, box)))


def object_number(mark: Mark) -> int:
    """Return the tracked object's number, 0 for what can be none."""
    return int(mark.objid) if mark.objid.isdecimal() and len(mark.objid) < 16 else 0  # more digits: not a tracker's


def eyes_in_crop(sample: Sample, box: Box) -> Eyes:
    """Return the eye centres in the pixels of the face crop, which SentinelCam enlarges to 96 across if narrower."""
    scale = max(1.0, FACE_WIDTH / box.width)
    corner = np.array([box.x1, box.y1])
    (rx, ry), (lx, ly) = ((point - corner) * scale for point in eyes_of(sample.landmarks))
    # SentinelCam's angle is that of the line from left eye to right, so that level is -180 or -360
    angle = -180.0 + sample.quality.angle
    return Eyes(round(rx), round(ry), round(lx), round(ly), angle)


def lane(row: Row, probability: float = 0.99, distance: float = 0.65) -> str:
    """Return which lane of the review a row stands in: confident, borderline or unknown."""
    if row.name == UNKNOWN:
        return "unknown"
    return "confident" if row.probability > probability and row.distance < distance else "borderline"
