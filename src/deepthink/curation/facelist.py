"""The facelist: SentinelCam's facelist.csv (docs/formats.md, 1.7), read leniently and written exactly."""

from __future__ import annotations

import contextlib
import csv
import io
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Final, Literal, NamedTuple

from deepthink.datasink.base import Problems
from deepthink.files import locked, replacing, stamp
from deepthink.records import UNKNOWN, Box, FrameKey

COLUMNS = (
    *("date", "event", "timestamp", "objid", "source", "status", "name", "proba", "dist", "margin"),
    *("x1", "y1", "x2", "y2", "rx", "ry", "lx", "ly", "dx", "dy", "angle", "focus"),
)
IN_USE_COLUMN = "date_in_use"
UNSEEN: Final = "unseen"
_SIX, _WHOLE = r"-?\d+\.\d{1,6}", r"-?\d{1,9}"
_LINE = (  # as we write it; one that differs is parsed at once, and written anew with the next change
    r"(?P<frame>\d{4}-\d\d-\d\d,[\w-]+,[12]\d{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) "
    r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}),(?P<objid>\d{1,15}),\d,(?P<status>[0-4]),"
    rf"(?P<name>[^,\x22\s]+),\d\.\d{{1,4}},{_SIX},{_SIX},(?P<box>\d{{1,9}},\d{{1,9}},{_WHOLE},{_WHOLE}),"
    rf"(?:{_WHOLE},){{6}}-?\d+\.\d,\d+\.\d{{1,2}}"
)
_POISON = re.compile(r":\d\d,")  # a time without its fraction (bug B1); begins with a letter that is quickly found
_EXACT = {
    ",".join(COLUMNS): re.compile(rf"{_LINE}(?P<since>)", re.ASCII),
    ",".join([*COLUMNS, IN_USE_COLUMN]): re.compile(rf"{_LINE},(?P<since>[\d-]*)", re.ASCII),
}


class Status(IntEnum):
    """What has become of a row."""

    CANDIDATE = 0
    SELECTED = 1
    IN_USE = 2
    REVOKED = 3
    REMOVE = 4


@dataclass(frozen=True)
class Eyes:
    """Eye centres in pixels of the face crop (enlarged to 96 across if narrower), and their line's angle."""

    rx: int = 0
    ry: int = 0
    lx: int = 0
    ly: int = 0
    angle: float = -180.0  # degrees, as SentinelCam writes it when there are no eyes

    @property
    def found(self) -> bool:
        """Whether both eyes are there."""
        return (self.rx, self.ry) != (self.lx, self.ly)


@dataclass(frozen=True)
class Row:
    """One face in the facelist."""

    frame: FrameKey
    objid: int
    status: Status
    name: str
    probability: float
    distance: float
    margin: float  # distance minus the person's threshold
    box: Box
    eyes: Eyes
    focus: float
    in_use_since: str = ""
    source: int = 0

    @property
    def key(self) -> tuple[FrameKey, Box]:
        """A face is known by where and when it was seen, not by its name, which a reviewer may change."""
        return self.frame, self.box

    @property
    def stranger(self) -> bool:
        """Whether a person has said that this face is nobody's here: material for the threshold."""
        return self.status == Status.REVOKED and self.name == UNKNOWN

    @property
    def enrolled(self) -> bool:
        """Whether the face belongs into the gallery."""
        return self.status in (Status.SELECTED, Status.IN_USE) and self.name != UNKNOWN

    def changed(self, **values: object) -> Row:
        """Return a copy with some fields changed."""
        return replace(self, **values)  # type: ignore[arg-type]


class Listed(NamedTuple):
    """What tells a listed face from others, as it stands in the file: comparing it needs no parsing."""

    frame: str  # "date,event,timestamp"
    objid: str
    name: str
    box: str  # "x1,y1,x2,y2"

    @classmethod
    def of(cls, frame: FrameKey, box: Box, objid: int = 0, name: str = "") -> Listed:
        """Return how a face would stand in the file; no corner is negative there."""
        time = frame.time.isoformat(" ", "microseconds")
        sides = f"{max(0, box.x1)},{max(0, box.y1)},{box.x2},{box.y2}"
        return cls(f"{frame.date},{frame.event},{time}", str(objid), name, sides)

    @property
    def face(self) -> tuple[str, str]:
        """Where and when it was seen: which face it is, whatever its name."""
        return self.frame, self.box


class Facelist(Mapping[int, Row]):
    """All rows of a facelist by number, in the order of the file; lines that cannot be read are kept as they are.

    A line is looked at only when it is asked for, and parsed only when its row is: of 50,000 rows a sweep needs a few,
    and parsing all of them took longer than everything else it does. Lines nobody looked at are written as they stood.

    Parameters
    ----------
    path : Path
        The CSV file; absent means empty.
    problems : Problems, optional
        Takes note of lines that cannot be read.
    """

    def __init__(self, path: Path, problems: Problems | None = None) -> None:
        self.path = Path(path)
        self.problems = problems or Problems()
        self.touched = False
        self._stat = stamp(self.path)  # before it is read: a change in between is then seen as one
        self._columns: list[str] = list(COLUMNS)
        self._lines: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        # Of each line, if it stands as it would be written; None if otherwise or its row was changed; UNSEEN as yet
        self._exact: list[re.Match[str] | Literal["unseen"] | None] = []
        self._rows: dict[int, Row | None] = {}  # those parsed so far, None where that failed
        self._places: dict[tuple[str, str], int] | None = None  # numbers by frame and object, once one is looked for
        self._read()

    @property
    def rows(self) -> dict[int, Row]:
        """The readable rows by their number: 1 is the first line below the header."""
        found = ((number, self._row(number)) for number in range(1, len(self._lines) + 1))
        return {number: row for number, row in found if row is not None}

    def listed(self, dates: Collection[str] | None = None) -> Iterator[Listed]:
        """Yield what tells the readable rows apart, of all days or of some (and perhaps of a few more)."""
        for number, line in enumerate(self._lines, 1):
            if dates is not None and self._exact[number - 1] is not None and line[:10] not in dates:
                continue
            exact = self._seen(number)
            if exact is not None:
                yield Listed._make(exact.group("frame", "objid", "name", "box"))
            elif row := self._row(number):
                yield Listed.of(row.frame, row.box, row.objid, row.name)

    def having(self, *statuses: Status) -> dict[int, Row]:
        """Return the readable rows of some statuses, by number; the others need not be parsed."""
        wanted = {str(int(status)) for status in statuses}
        maybe = [number for number, exact in self._all_seen() if exact is None or exact["status"] in wanted]
        found = ((number, self._row(number)) for number in maybe)
        return {number: row for number, row in found if row is not None and row.status in statuses}

    def tally(self) -> Counter[tuple[Status, str]]:
        """Count the readable rows by status and name; those that stand as we write them are not parsed for it."""
        found: Counter[tuple[Status, str]] = Counter()
        for number, exact in self._all_seen():
            if exact is not None:
                found[Status(int(exact["status"])), exact["name"]] += 1
            elif row := self._row(number):
                found[row.status, row.name] += 1
        return found

    def find(self, frame: FrameKey, objid: int) -> int | None:
        """Return the number of an object's first row in a frame, None when it has none."""
        if self._places is None:
            numbered = list(zip(self, self.listed(), strict=True))
            self._places = {(one.frame, one.objid): number for number, one in reversed(numbered)}
        return self._places.get(Listed.of(frame, Box(0, 0, 0, 0), objid)[:2])

    @property
    def current(self) -> bool:
        """Whether the file is still the one that was read."""
        return self._stat == stamp(self.path)

    def __iter__(self) -> Iterator[int]:
        """Yield the readable rows' numbers."""
        return (number for number, exact in self._all_seen() if exact is not None or self._row(number))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __getitem__(self, number: int) -> Row:
        row = self._row(number) if 0 < number <= len(self._lines) else None
        if row is None:
            raise KeyError(number)
        return row

    def __setitem__(self, number: int, row: Row) -> None:
        if self[number] != row:  # only what is there can be changed
            self._rows[number], self._exact[number - 1], self.touched = row, None, True
            self._places = None

    def append(self, row: Row) -> int:
        """Add a row at the end and return its number."""
        self._lines.append("")
        self._exact.append(None)
        self._rows[len(self._lines)], self._places, self.touched = row, None, True
        return len(self._lines)

    def _row(self, number: int) -> Row | None:
        if number not in self._rows:
            self._rows[number] = self._parsed(self._lines[number - 1], number + 1)
        return self._rows[number]

    def _read(self) -> None:
        if not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        header, *lines = text.removesuffix("\n").split("\n")  # splitlines would cut at odd characters in a line, too
        self._columns, self._lines = header.split(","), lines
        self._pattern = _EXACT.get(header)
        self._exact = [UNSEEN] * len(lines)
        if self._pattern is None or _POISON.search(text):
            list(self._all_seen())  # so that they are mended with the next change

    def _seen(self, number: int) -> re.Match[str] | None:
        """Return a line's match, looked for when it is first asked for; what cannot be read is then noted."""
        exact = self._exact[number - 1]
        if exact == UNSEEN:
            exact = self._pattern.fullmatch(self._lines[number - 1]) if self._pattern else None
            self._exact[number - 1] = exact
            if exact is None:
                self._row(number)
        return exact

    def _all_seen(self) -> Iterator[tuple[int, re.Match[str] | None]]:
        return ((number, self._seen(number)) for number in range(1, len(self._lines) + 1))

    def _parsed(self, line: str, number: int) -> Row | None:
        try:
            return parse_row(self._columns, next(csv.reader([line]), []))
        except (ValueError, KeyError, OverflowError, csv.Error) as error:
            self.problems.add(self.path, number, f"{error}; the line is kept as it is")
            return None

    def write(self) -> None:
        """Replace the file in one step; hold the lock (see `editing`) when the rows were read before."""
        had = self._columns[-1] == IN_USE_COLUMN
        dated = any(row.in_use_since for row in self._rows.values() if row)
        dated = dated or (had and any(self._dated(number) for number in range(1, len(self._lines) + 1)))
        header = [*COLUMNS, IN_USE_COLUMN] if dated else [*COLUMNS]
        changed = range(1, len(self._lines) + 1) if dated != had else self._unlike_lines()
        lines = list(self._lines)
        for number in changed:
            lines[number - 1] = self._line(number, dated, had)
        with replacing(self.path) as beside, beside.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write("\n".join([",".join(header), *lines]) + "\n")
        self._written(header, lines, changed)

    def _written(self, header: list[str], lines: list[str], changed: Iterable[int]) -> None:
        """Take what is on the disk now for what was read: a row that was changed is not written anew each time."""
        self._columns, self._lines, self._pattern = header, lines, _EXACT[",".join(header)]
        for number in changed:
            if self._rows.get(number, UNSEEN) is not None:  # what cannot be read stays so
                self._exact[number - 1] = UNSEEN
        self._stat, self.touched = stamp(self.path), False

    def adopt(self, other: Facelist) -> None:
        """Take over what another reading of the file has parsed, for the lines that are still the same."""
        if other._columns != self._columns:
            return
        for at, (line, known) in enumerate(zip(self._lines, other._lines, strict=False)):
            if line == known and at + 1 in other._rows and other._exact[at] is not None:
                self._exact[at], self._rows[at + 1] = other._exact[at], other._rows[at + 1]

    def _unlike_lines(self) -> list[int]:
        """Return the numbers of the rows that do not stand in their lines as they would be written."""
        return [number for number in self._rows if self._exact[number - 1] is None]

    def _dated(self, number: int) -> bool:
        """Whether a line that nobody has parsed ends in a date."""
        return number not in self._rows and self._exact[number - 1] is not None and self._lines[number - 1][-1:] != ","

    def _line(self, number: int, dated: bool, had: bool) -> str:
        line, exact = self._lines[number - 1], self._exact[number - 1]
        if exact == UNSEEN and dated == had and number not in self._rows:
            return line  # nobody has looked at it: it stays as it is
        if self._seen(number) is not None:
            return line if dated == had else f"{line}," if dated else line.removesuffix(",")
        row = self._row(number)
        return format_row(row, dated) if row else line


@contextlib.contextmanager
def editing(path: Path, problems: Problems | None = None, before: Facelist | None = None) -> Iterator[Facelist]:
    """Read the facelist under its lock, let the body change it, and write it when the body ends well.

    A sweep and two reviewers can so work at once: each sees the rows that the others have written. A facelist that was
    read before is taken as it is while the file has not changed.
    """
    with locked(Path(path)):
        facelist = before if before is not None and before.current else Facelist(path, problems)
        yield facelist
        if facelist.touched:
            facelist.write()


def parse_row(columns: list[str], fields: list[str]) -> Row:
    """Read one line.

    Raises
    ------
    ValueError, KeyError
        A field is missing, is not a number where one belongs, or is not a time.
    """
    if not len(COLUMNS) <= len(fields) <= len(COLUMNS) + 1:
        raise ValueError(f"{len(fields)} fields where {len(COLUMNS)} belong")
    value = dict(zip(columns, fields, strict=False))
    frame = FrameKey(value["date"], value["event"], datetime.fromisoformat(value["timestamp"]).replace(tzinfo=None))
    rx, ry, lx, ly = (int(float(value[side])) for side in ("rx", "ry", "lx", "ly"))
    eyes = Eyes(rx, ry, lx, ly, _number(value["angle"]))
    box = Box(*(int(float(value[side])) for side in ("x1", "y1", "x2", "y2")))
    return Row(
        frame, int(float(value["objid"])), Status(int(float(value["status"]))), value["name"],
        _number(value["proba"]), _number(value["dist"]), _number(value["margin"]), box, eyes,
        _number(value["focus"]), value.get(IN_USE_COLUMN, ""), int(float(value["source"])),
    )  # fmt: skip


def _number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def format_row(row: Row, dated: bool) -> str:
    """Write one line, rounded as SentinelCam rounds."""
    eyes, box = row.eyes, row.box
    time = row.frame.time.isoformat(" ", "microseconds")
    fields = [
        row.frame.date, row.frame.event, time, row.objid, row.source, int(row.status), row.name,
        round(row.probability, 4), round(row.distance, 6), round(row.margin, 6), max(0, box.x1), max(0, box.y1),
        box.x2, box.y2, eyes.rx, eyes.ry, eyes.lx, eyes.ly, eyes.rx - eyes.lx, eyes.ry - eyes.ly,
        round(eyes.angle, 1), round(row.focus, 2),
    ]  # fmt: skip
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([*fields, row.in_use_since] if dated else fields)
    return line.getvalue()
