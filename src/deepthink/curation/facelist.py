"""The facelist: SentinelCam's facelist.csv (docs/formats.md, 1.7), read leniently and written exactly."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum
from pathlib import Path

from deepthink.datasink.base import Problems
from deepthink.files import locked, replacing
from deepthink.records import UNKNOWN, Box, FrameKey

COLUMNS = (
    *("date", "event", "timestamp", "objid", "source", "status", "name", "proba", "dist", "margin"),
    *("x1", "y1", "x2", "y2", "rx", "ry", "lx", "ly", "dx", "dy", "angle", "focus"),
)
IN_USE_COLUMN = "date_in_use"


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


class Facelist:
    """All rows of a facelist, in the order of the file; lines that cannot be read are kept as they are.

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
        self._lines: list[Row | str] = []
        self._read()

    @property
    def rows(self) -> dict[int, Row]:
        """The readable rows by their number: 1 is the first line below the header."""
        return {number: line for number, line in enumerate(self._lines, 1) if isinstance(line, Row)}

    def __getitem__(self, number: int) -> Row:
        line = self._lines[number - 1] if 0 < number <= len(self._lines) else None
        if not isinstance(line, Row):
            raise KeyError(number)
        return line

    def __setitem__(self, number: int, row: Row) -> None:
        self[number]  # only what is there can be changed
        self._lines[number - 1] = row

    def append(self, row: Row) -> int:
        """Add a row at the end and return its number."""
        self._lines.append(row)
        return len(self._lines)

    def _read(self) -> None:
        if not self.path.exists():
            return
        text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        header, *lines = text.removesuffix("\n").split("\n")  # splitlines would cut at odd characters in a line, too
        columns = header.split(",")
        for number, line in enumerate(lines, 2):
            self._lines.append(self._parsed(columns, line, number))

    def _parsed(self, columns: list[str], line: str, number: int) -> Row | str:
        try:
            return parse_row(columns, next(csv.reader([line]), []))
        except (ValueError, KeyError, OverflowError, csv.Error) as error:
            self.problems.add(self.path, number, f"{error}; the line is kept as it is")
            return line

    def write(self) -> None:
        """Replace the file in one step; hold the lock (see `editing`) when the rows were read before."""
        dated = any(isinstance(line, Row) and line.in_use_since for line in self._lines)
        columns = [*COLUMNS, IN_USE_COLUMN] if dated else COLUMNS
        with replacing(self.path) as beside, beside.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(",".join(columns) + "\n")
            for line in self._lines:
                file.write((format_row(line, dated) if isinstance(line, Row) else line) + "\n")


@contextlib.contextmanager
def editing(path: Path, problems: Problems | None = None) -> Iterator[Facelist]:
    """Read the facelist under its lock, let the body change it, and write it when the body ends well.

    A sweep and two reviewers can so work at once: each sees the rows that the others have written.
    """
    with locked(Path(path)):
        facelist = Facelist(path, problems)
        before = list(facelist._lines)
        yield facelist
        if facelist._lines != before:
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
