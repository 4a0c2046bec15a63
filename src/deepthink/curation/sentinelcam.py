"""Proposes faces as SentinelCam's FaceSweep does (docs/formats.md, 1.7).

It knows a face by its name too, so that a face which a reviewer renamed is proposed again (bug B10): kept, because the
rows are to be compared. The file is edited under its lock and replaced in one step, which SentinelCam's is not (B4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np

from deepthink.curation import facelist
from deepthink.curation.facelist import Facelist, Listed, Row, Status, editing
from deepthink.curation.sweep import Spread, SweepReport, object_number, read_label
from deepthink.datasink.base import RECOGNITIONS, Datasink, Event, Mark
from deepthink.datasink.labels import Label
from deepthink.detection.detect import decode
from deepthink.detection.haar_eyes import assess, enlarge
from deepthink.detection.sentinelcam import copy_hash, raw_crop
from deepthink.errors import BadInputError
from deepthink.records import UNKNOWN, Box, FrameKey

CONFIDENT, FAR, ALMOST = 0.99, 0.99, 0.05  # probability; embedding units; embedding units beyond the threshold


def is_wanted(label: Label) -> bool:
    """Whether FaceSweep proposes a face.

    Examples
    --------
    >>> is_wanted(Label("Ann", 0.9901, 0.8, 0.2, True, 1)), is_wanted(Label("Ann", 0.99, 0.8, -0.2, True, 1))
    (True, False)
    """
    if not label.usable or 0 < label.probability <= CONFIDENT:
        return False
    if label.probability > CONFIDENT:
        return True
    return label.distance > FAR if label.name == UNKNOWN else label.margin < ALMOST


def sweep_faces(
    datasink: Datasink,
    events: Iterable[Event],
    path: Path,
    progress: Callable[[str], None] = lambda event: None,
    spread: Spread = map,
) -> SweepReport:
    """Add faces to the facelist as FaceSweep would, day by day, each day's newest event first.

    Parameters
    ----------
    datasink : Datasink
        Holds the events' `fr1` results.
    events : iterable of Event
        Those to sweep, in order of time.
    path : Path
        facelist.csv; written once, at the end.
    progress : callable, optional
        Told of each event.
    spread : callable, optional
        How the looking is done for each event: as `map`, or on more threads.
    """
    before, counts = Facelist(path, datasink.problems), Counter[str]()
    found: list[Row] = []
    for _, day in groupby(events, key=lambda event: event.date):
        found += _day(datasink, list(day)[::-1], counts, progress, spread)
    fresh = _append(found, before) if found else 0
    return SweepReport(
        counts["events"], counts["seen"], fresh, len(found) - fresh, counts["unwanted"], counts["alike"], counts["lost"]
    )


def _append(found: list[Row], before: Facelist) -> int:
    """Add the rows whose key is not listed yet, in one step under the lock, and return how many."""
    with editing(before.path, before.problems, before) as listed:
        known = {(one.name, one.frame, one.box) for one in listed.listed({row.frame.date for row in found})}
        fresh = [row for row in found if (row.name, *Listed.of(row.frame, row.box).face) not in known]
        for row in fresh:
            listed.append(row)
    return len(fresh)


def _day(
    datasink: Datasink, events: list[Event], counts: Counter[str], progress: Callable[[str], None], spread: Spread
) -> Iterator[Row]:
    """Yield a day's rows; a face whose picture is that of the face just before is passed over."""
    last = 0
    for event, (rows, tally) in zip(events, spread(lambda event: _look(datasink, event), events), strict=True):
        counts += tally
        counts["events"] += 1
        for row, picture_hash in rows:
            before, last = last, picture_hash
            if last == before:
                counts["alike"] += 1
            else:
                yield row
        progress(event.event)


def _look(datasink: Datasink, event: Event) -> tuple[list[tuple[Row, int]], Counter[str]]:
    """Return an event's wanted faces as rows, each with its hash, and how many there were of each kind."""
    rows, counts = list[tuple[Row, int]](), Counter[str]()
    for key, mark, label in _wanted(datasink, event, counts):
        try:
            crop = raw_crop(decode(datasink.picture(key)), mark.box)
            rows.append((_row(key, mark, label, crop), copy_hash(crop)))
        except BadInputError as error:
            counts["lost"] += 1
            datasink.problems.add(f"{event.date} {event.event}", None, str(error))
    return rows, counts


def _wanted(datasink: Datasink, event: Event, counts: Counter[str]) -> Iterator[tuple[FrameKey, Mark, Label]]:
    for mark in datasink.marks(event, RECOGNITIONS):
        label = read_label(datasink, event, mark)
        if label is None:
            continue
        counts["seen"] += 1
        if is_wanted(label):
            yield FrameKey(event.date, event.event, mark.time), mark, label
        else:
            counts["unwanted"] += 1


def _row(key: FrameKey, mark: Mark, label: Label, crop: np.ndarray) -> Row:
    assessed, box = assess(enlarge(crop)), mark.box
    eyes = assessed.eyes
    angle, focus = np.round(eyes.angle, 1), np.round(assessed.focus, 2)  # as NumPy rounds, which is not as Python does
    return Row(
        key, object_number(mark), Status.CANDIDATE, label.name, label.probability, label.distance, label.margin,
        Box(max(0, box.x1), max(0, box.y1), box.x2, box.y2),
        facelist.Eyes(eyes.rx, eyes.ry, eyes.lx, eyes.ly, float(angle)), float(focus),
    )  # fmt: skip
