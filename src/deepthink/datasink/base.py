"""The contract of a datasink: the node that keeps events, frames and results."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from deepthink.errors import BadInputError
from deepthink.records import Box, FrameKey

FACES, RECOGNITIONS, TRACKING, OBJECTS, SPEEDS = "fd1", "fr1", "trk", "obj", "vsp"
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_NAME = re.compile(r"[0-9A-Za-z_-]{1,64}")


@dataclass(frozen=True)
class Event:
    """One camera event; the unit of splitting and of counting errors."""

    date: str
    event: str
    camera: str  # node and view, "alpha5/PiCam3"
    node: str
    view: str
    start: datetime
    width: int  # pixels
    height: int
    types: tuple[str, ...] = ()  # the sets it has: trk, obj, fd1, fr1, ...


@dataclass(frozen=True)
class Mark:
    """One line of an event's set: something seen in one frame."""

    time: datetime
    objid: str
    classname: str
    box: Box


@dataclass(frozen=True)
class Problem:
    """Something from outside that was not what it should be, and was passed over."""

    file: str
    line: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.what}"


@dataclass
class Problems:
    """What was passed over so far: counted all, kept up to `keep` of them."""

    keep: int = 1000
    count: int = 0
    kept: list[Problem] = field(default_factory=list)
    _seen: set[Problem] = field(default_factory=set)
    _one: threading.Lock = field(default_factory=threading.Lock)

    def add(self, file: object, line: int | None, what: str) -> None:
        """Note one problem, from any thread; the same one twice counts once."""
        problem = Problem(str(file), line, what)
        with self._one:
            if problem in self._seen:
                return
            self._seen.add(problem)
            self.count += 1
            if len(self.kept) < self.keep:
                self.kept.append(problem)

    def forget(self) -> None:
        """Begin anew, once they have been told."""
        with self._one:
            self.count = 0
            self.kept.clear()
            self._seen.clear()


class Datasink(Protocol):
    """Keeps events and their frames, and takes results back."""

    name: str
    problems: Problems

    def dates(self) -> list[str]:
        """Return the days that hold events, oldest first."""
        ...

    def events(self, date: str) -> list[Event]:
        """Return a day's events in the order of their start."""
        ...

    def marks(self, event: Event, kind: str) -> list[Mark]:
        """Return one set of an event in the order of time; empty when it has none."""
        ...

    def times(self, event: Event) -> list[datetime]:
        """Return when the event's pictures were taken, ascending."""
        ...

    def picture(self, key: FrameKey) -> bytes:
        """Return a picture's JPEG bytes; BadInputError when it is absent or empty."""
        ...

    def write(self, event: Event, kind: str, marks: Sequence[Mark]) -> None:
        """Replace one set of an event, and list it in the day's index once."""
        ...


class Erasable(Datasink, Protocol):
    """A datasink whose events can be deleted."""

    def delete(self, event: Event) -> bool:
        """Delete an event and everything of it; False when the datasink holds it in place.

        BadInputError when it is not one event's name or is not there; StepError or OSError when it cannot be done.
        """
        ...


def merge(rows: Iterable[Event]) -> list[Event]:
    """Make one event of the rows that name the same one, with all their types; in the order of their start."""
    same: dict[str, list[Event]] = {}
    for row in rows:
        same.setdefault(row.event, []).append(row)
    events = []
    for group in same.values():
        types = tuple(sorted({kind for row in group for kind in row.types}))
        events.append(replace(min(group, key=lambda row: row.start), types=types))
    return sorted(events, key=lambda event: (event.start, event.event))


def is_date(name: str) -> bool:
    """Whether a folder's name is that of a day."""
    return _DATE.fullmatch(name) is not None


def check_date(date: str) -> str:
    """Return a day's name if it can be one; BadInputError otherwise, so that no request leaves the folder."""
    if not is_date(date):
        raise BadInputError(f"{date!r} is not a day. Days are written YYYY-MM-DD.")
    return date


def check_event(event: str) -> str:
    """Return an event's name if it can be one; BadInputError otherwise."""
    if not _NAME.fullmatch(event):
        raise BadInputError(f"{event!r} is not an event's name: only letters, digits, '-' and '_' can be in it.")
    return event
