"""The whole picture that a face was seen in, and those of its event just before and after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepthink.curation.facelist import Row
from deepthink.datasink.base import FACES, RECOGNITIONS
from deepthink.errors import BadInputError
from deepthink.flow.desk import Desk
from deepthink.records import Box, FrameKey


@dataclass(frozen=True)
class Framed:
    """A picture of an event, and the faces in it."""

    key: FrameKey
    place: int  # from 0, among the event's pictures
    pictures: int
    own: int  # the place of the picture that the row is of
    boxes: tuple[tuple[Box, int | None], ...]  # each face, with its row where it is listed


def framed(desk: Desk, number: int, place: int | None = None) -> Framed:
    """Return the picture of a row's event at a place, by default the row's own.

    Raises
    ------
    BadInputError
        There is no such row, or no such picture.
    """
    row = desk.row(number)
    times = _times(desk, row)
    own = times.index(row.frame.time)
    at = own if place is None else place
    if not 0 <= at < len(times):
        raise BadInputError(f"The event has {len(times)} pictures, and none of number {at}.")
    key = FrameKey(row.frame.date, row.frame.event, times[at])
    return Framed(key, at, len(times), own, _boxes(desk, row, key))


def _times(desk: Desk, row: Row) -> list[datetime]:
    event = desk.days.event(row)
    times = set(desk.site.datasink.times(event)) if event else set()
    return sorted(times | {row.frame.time})


def _boxes(desk: Desk, row: Row, key: FrameKey) -> tuple[tuple[Box, int | None], ...]:
    """Return the faces that are listed of a picture, or else those that were found in it."""
    listed = [(one.box, number) for number, one in desk.of_event(row).items() if one.frame == key]
    event = desk.days.event(row)
    if event is None:
        return tuple(listed)
    marks = desk.site.datasink.marks(event, RECOGNITIONS) or desk.site.datasink.marks(event, FACES)
    known = {box for box, _ in listed}
    others = [mark.box for mark in marks if mark.time == key.time]
    return (*listed, *((box, None) for box in others if _clipped(box) not in known))


def _clipped(box: Box) -> Box:
    return Box(max(0, box.x1), max(0, box.y1), box.x2, box.y2)
