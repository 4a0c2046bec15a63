"""What recognition has said of each event, in a few numbers: what trends are counted and compared from."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

from deepthink.curation.facelist import Eyes, Row, Status
from deepthink.curation.results import Result, compared, read_results
from deepthink.datasink.base import RECOGNITIONS, TRACKING, Datasink, Event, Mark
from deepthink.embedding.facedata import face_key, face_of, frame_of
from deepthink.errors import BadInputError
from deepthink.files import write_json
from deepthink.records import UNKNOWN, Box, FrameKey

FILE = "sightings.json"
UNSURE, UNUSABLE = "?", "!"  # keys of `shows` that cannot be names


@dataclass(frozen=True, slots=True)
class Sighting:
    """One event. What is not known of it is None or empty, and is not counted."""

    date: str
    event: str
    camera: str
    start: datetime
    faces: int  # that were answered
    names: tuple[str, ...] = ()  # that were answered, each once
    somebody: bool = False  # whether anybody was answered as unknown
    distances: Mapping[str, float] = field(default_factory=dict)  # by name, the median of the usable faces
    unknown: bool | None = None  # whether a usable face was unknown to a recogniser that knew somebody
    usable: float | None = None  # share of the faces; 0 where somebody walked by and no face was found
    near: float | None = None  # how far beyond the threshold the nearest unknown face was, in embedding units
    shows: Mapping[str, str] = field(default_factory=dict)  # a face of each kind: by name, UNSURE, UNUSABLE


def gather(
    datasink: Datasink, events: Iterable[Event], progress: Callable[[Event], None] = lambda event: None
) -> list[Sighting]:
    """Read what was said of events; one that was not answered, or cannot be read, is left out."""
    found = []
    for event in events:
        progress(event)
        if RECOGNITIONS in event.types:
            try:
                found.append(_sighting(datasink, event))
            except BadInputError as error:
                datasink.problems.add(f"{event.date} {event.event} {RECOGNITIONS}", None, str(error))
    return found


def _sighting(datasink: Datasink, event: Event) -> Sighting:
    results = read_results(datasink, [event])
    if not results:
        people = [mark for mark in datasink.marks(event, TRACKING) if mark.classname.startswith("person")]
        return _faceless(event, people)
    good = [one for one in results if one.label.usable]
    answered = compared(good)
    named = _by_name(answered)
    return _of(
        event, len(results), tuple(sorted({one.label.name for one in results} - {UNKNOWN})),
        any(one.label.name == UNKNOWN for one in results),
        {name: median(one.label.distance for one in own) for name, own in named.items()},
        any(one.label.name == UNKNOWN for one in answered) if answered else None,
        len(good) / len(results),
        min((one.label.margin for one in answered if one.label.name == UNKNOWN), default=None),
        _shows(results, answered, named),
    )  # fmt: skip


def _faceless(event: Event, people: Sequence[Mark]) -> Sighting:
    """Return an event without a face: poor pictures, if somebody walked by, who is then shown instead of a face."""
    if not people:
        return _of(event, 0)
    seen = people[len(people) // 2]
    return _of(event, 0, usable=0.0, shows={UNUSABLE: _key(FrameKey(event.date, event.event, seen.time), seen.box)})


def _of(event: Event, faces: int, *said: Any, **more: Any) -> Sighting:
    return Sighting(event.date, event.event, event.camera, event.start, faces, *said, **more)


def _by_name(results: Iterable[Result]) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for one in results:
        if one.label.name != UNKNOWN:
            found.setdefault(one.label.name, []).append(one)
    return found


def _shows(results: Sequence[Result], answered: Sequence[Result], named: Mapping[str, list[Result]]) -> dict[str, str]:
    """Return a face of each kind: the farthest with a name, the unknown one that was nearest to having one."""
    told = {name: max(own, key=lambda one: one.label.distance) for name, own in named.items()}
    nobody = [one for one in answered if one.label.name == UNKNOWN]
    poor = [one for one in results if not one.label.usable]
    if nobody:
        told[UNSURE] = min(nobody, key=lambda one: one.label.margin)
    if poor:
        told[UNUSABLE] = poor[0]
    return {kind: _key(one.frame, one.box) for kind, one in told.items()}


def _key(frame: FrameKey, box: Box) -> str:
    """Return which face it is, as facedata's keys do; the facelist, whence they come, has no negative corner."""
    box = Box(max(0, box.x1), max(0, box.y1), box.x2, box.y2)
    return face_of(face_key("", frame, box, "")).removesuffix("|")


def row_of(key: str) -> Row:
    """Return a face that a key names, as a row of which nothing else is known."""
    frame, box = frame_of(f"/{key}|")
    return Row(frame, 0, Status.CANDIDATE, UNKNOWN, 0.0, 0.0, 0.0, box, Eyes(), 0.0)


def merged(kept: Iterable[Sighting], fresh: Iterable[Sighting]) -> list[Sighting]:
    """Return all sightings in order of time, each event once, as it was read last.

    Events are deleted by how good their faces are: what is left of an old day would say that cameras are better now.
    """
    found = {(one.date, one.event): one for group in (kept, fresh) for one in group}
    return sorted(found.values(), key=lambda one: (one.start, one.event))


def write_sightings(folder: Path, sightings: Iterable[Sighting]) -> None:
    """Keep sightings in a folder."""
    write_json(folder / FILE, [{**asdict(one), "start": one.start.isoformat()} for one in sightings])


def read_sightings(folder: Path) -> list[Sighting]:
    """Return what was kept; nothing when there is none, and not what cannot be read."""
    try:
        content = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [one for each in content if (one := _read(each)) is not None] if isinstance(content, list) else []


def _read(each: Any) -> Sighting | None:
    try:
        values = {**each, "start": datetime.fromisoformat(each["start"]), "names": tuple(each["names"])}
        numbers = [*each["distances"].values(), each["usable"] or 0.0, each["near"] or 0.0]
        return Sighting(**values) if all(math.isfinite(number) for number in numbers) else None
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
