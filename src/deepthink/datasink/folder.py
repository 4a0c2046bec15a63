"""A datasink that is a folder, in SentinelCam's layout (docs/formats.md, 1.1)."""

from __future__ import annotations

import contextlib
import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from deepthink.datasink import removal
from deepthink.datasink.base import Event, Mark, Problems, check_date, check_event, is_date, merge
from deepthink.errors import BadInputError, StepError
from deepthink.files import append_line, locked, replacing, write_text
from deepthink.records import Box, FrameKey

INDEX = "camwatcher.csv"
HEADER = ["timestamp", "objid", "classname", "rect_x1", "rect_y1", "rect_x2", "rect_y2"]
STAMP = "%Y-%m-%d_%H.%M.%S.%f"
_INDEX_FIELDS = 7


def parse_time(text: str) -> datetime:
    """Read a local time, with or without a fraction (a whole second has none in files of others).

    Raises
    ------
    ValueError
        It is not a time, or it carries a time zone, which SentinelCam's readers cannot take.

    Examples
    --------
    >>> parse_time("2026-03-02T08:00:00").isoformat(timespec="microseconds")
    '2026-03-02T08:00:00.000000'
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        raise ValueError(f"{text} carries a time zone")
    return time


def format_time(time: datetime) -> str:
    """Write a time with all six digits of the fraction: without them readers lose the whole file."""
    return time.isoformat(timespec="microseconds")


class FolderDatasink:
    """Reads and writes a datasink's folders.

    Parameters
    ----------
    data : Path
        The folder of CSV files, one folder a day.
    images : Path
        The folder of JPEG files, one folder a day.
    name : str
        How SentinelCam's keys call this datasink.
    """

    def __init__(self, data: Path, images: Path, name: str = "data1") -> None:
        self.data, self.images, self.name = Path(data), Path(images), name
        self.problems = Problems()
        self._listed: dict[str, tuple[int, dict[str, list[datetime]]]] = {}

    def dates(self) -> list[str]:
        """Return the days that hold an index, oldest first; anything else in the folder is passed over."""
        if not self.data.is_dir():
            raise BadInputError(f"There is no datasink at {self.data}. Set datasink.data in site.yaml.")
        return sorted(path.parent.name for path in self.data.glob(f"????-??-??/{INDEX}") if is_date(path.parent.name))

    def events(self, date: str) -> list[Event]:
        """Return a day's events in the order of their start."""
        return merge(self._index(date))

    def _index(self, date: str) -> Iterator[Event]:
        file = self.data / check_date(date) / INDEX
        for line, row in _rows(file, self.problems):
            try:
                yield _index_event(date, row)
            except (ValueError, BadInputError) as error:
                self.problems.add(file, line, str(error))

    def marks(self, event: Event, kind: str) -> list[Mark]:
        """Return one set of an event in the order of time; unreadable lines are noted and passed over."""
        file = self._set(event, kind)
        found: list[Mark] = []
        for line, row in _rows(file, self.problems):
            if row[0] == HEADER[0]:
                continue
            try:
                found.append(_mark(row))
            except (ValueError, OverflowError) as error:
                self.problems.add(file, line, str(error))
        return sorted(found, key=lambda mark: mark.time)

    def times(self, event: Event) -> list[datetime]:
        """Return when the event's pictures were taken, ascending."""
        return self._pictures(event.date).get(event.event, [])

    def picture(self, key: FrameKey) -> bytes:
        """Return a picture's JPEG bytes.

        Raises
        ------
        BadInputError
            There is no such picture, or it is empty.
        """
        file = self.picture_path(key)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise BadInputError(f"{file}: {error.strerror}") from None
        if not content:
            raise BadInputError(f"{file}: the file is empty")
        return content

    def picture_path(self, key: FrameKey) -> Path:
        """Return where a picture lies."""
        check_event(key.event)
        return self.images / check_date(key.date) / f"{key.event}_{key.time.strftime(STAMP)}.jpg"

    def write(self, event: Event, kind: str, marks: Sequence[Mark]) -> None:
        """Replace one set of an event, and list it in the day's index once.

        The set is written before the index line: a kill between the two leaves a set that the next run replaces.
        """
        lines = [",".join(HEADER), *(_line(mark) for mark in marks)]
        file, index = self._set(event, kind), self.data / event.date / INDEX
        with locked(index):
            write_text(file, "\n".join(lines) + "\n")
            if not any(old.event == event.event and kind in old.types for old in self._index(event.date)):
                append_line(index, _index_line(event, kind))

    def add(self, event: Event, jpeg: bytes, sets: Mapping[str, Sequence[Mark]]) -> None:
        """Add a new event of one picture, taken at its start; it is listed last, so that nobody sees half of it."""
        with replacing(self.picture_path(FrameKey(event.date, event.event, event.start))) as beside:
            beside.write_bytes(jpeg)
        for kind, marks in sets.items():
            write_text(self._set(event, kind), "\n".join([",".join(HEADER), *(_line(mark) for mark in marks)]) + "\n")
        index = self.data / event.date / INDEX
        with locked(index):
            append_line(index, "\n".join(_index_line(event, kind) for kind in sets))

    def drop(self, key: FrameKey) -> None:
        """Take away what a kill has left of an event that was being added."""
        index = self.data / check_date(key.date) / INDEX
        if any(event.event == key.event for event in self.events(key.date)):
            removal.delete(self._day(key.date), key.event)
            return
        self.picture_path(key).unlink(missing_ok=True)
        for path in index.parent.glob(f"{check_event(key.event)}_*.csv"):
            path.unlink(missing_ok=True)

    def holds(self, event: Event, kind: str) -> bool:
        """Whether an event has a set, were it empty."""
        return self._set(event, kind).is_file()

    def delete(self, event: Event) -> bool:
        """Delete an event: its pictures, its sets and its lines in the day's index; nothing holds one here.

        Raises
        ------
        BadInputError
            It is not one event's name, or the day does not list it (any more).
        OSError
            A folder cannot be written.
        """
        removal.delete(self._day(event.date), event.event)
        self._listed.pop(event.date, None)
        return True

    def finish_deletions(self) -> list[tuple[str, str, str]]:
        """End the deletions that killed runs had begun; returns their day, event, and why one could not be ended."""
        ended = [(date, event, self._finish(date, event)) for date, event in removal.unfinished(self.data)]
        days = set(self.dates())
        folders = {path.name for root in (self.data, self.images) for path in root.glob("????-??-??")} - days
        # not the newest: a camera may just have made it, and be about to fill it
        empty = {date for date in folders if is_date(date) and date < max(days, default="")}
        for date in removal.half_written(self.data) | empty:
            with contextlib.suppress(OSError, StepError):  # what is left costs nobody anything, and is tried again
                removal.clear(self._day(date))
        return [(date, event, why) for date, event, why in ended if why is not None]

    def _finish(self, date: str, event: str) -> str | None:
        try:
            return "" if removal.finish(self._day(date), event) else None
        except (OSError, StepError) as error:
            return str(error)

    def sizes(self, date: str) -> dict[str, int]:
        """Return how many bytes each event of a day takes."""
        return removal.sizes(self._day(date))

    def _day(self, date: str) -> removal.Day:
        return removal.Day(self.data / check_date(date) / INDEX, self.images / date)

    def _set(self, event: Event, kind: str) -> Path:
        return self.data / check_date(event.date) / f"{check_event(event.event)}_{check_event(kind)}.csv"

    def _pictures(self, date: str) -> dict[str, list[datetime]]:
        """List a day's pictures by event, once as long as the folder does not change."""
        folder = self.images / check_date(date)
        if not folder.is_dir():
            return {}
        changed = folder.stat().st_mtime_ns
        if self._listed.get(date, (0, {}))[0] != changed:
            self._listed[date] = (changed, _list_pictures(folder, self.problems))
        return self._listed[date][1]


def _list_pictures(folder: Path, problems: Problems) -> dict[str, list[datetime]]:
    found: dict[str, list[datetime]] = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.endswith(".jpg") or entry.name.startswith("."):
                continue
            try:
                time = datetime.strptime(entry.name[-30:-4], STAMP)
            except ValueError:
                problems.add(entry.path, None, "the file's name does not end in a time")
                continue
            found.setdefault(entry.name[:-31], []).append(time)
    return {event: sorted(times) for event, times in found.items()}


def _rows(file: Path, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines of a CSV file that have as many fields as they must."""
    try:
        stream = file.open(newline="", encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    except OSError as error:
        problems.add(file, None, error.strerror or "cannot be read")
        return
    with stream:
        for line, text in enumerate(stream, 1):
            row = next(csv.reader([text.replace("\0", "\ufffd").rstrip("\r\n")[:10_000]]), [])
            if len(row) == _INDEX_FIELDS:
                yield line, row
            elif row:
                problems.add(file, line, f"{len(row)} fields where {_INDEX_FIELDS} belong")


def _index_event(date: str, row: list[str]) -> Event:
    node, view, start, event, width, height, kind = row
    return Event(
        date, check_event(event), f"{node}/{view}", node, view, parse_time(start), int(width), int(height), (kind,)
    )


def _index_line(event: Event, kind: str) -> str:
    start = format_time(event.start)
    return f"{_plain(event.node)},{_plain(event.view)},{start},{event.event},{event.width},{event.height},{kind}"


def _mark(row: list[str]) -> Mark:
    time, objid, classname, *rect = row
    x1, y1, x2, y2 = (int(float(side)) for side in rect)
    return Mark(parse_time(time), objid, classname, Box(x1, y1, x2, y2))


def _line(mark: Mark) -> str:
    box = mark.box
    return f"{format_time(mark.time)},{_plain(mark.objid)},{_plain(mark.classname)},{box.x1},{box.y1},{box.x2},{box.y2}"


def _plain(text: str) -> str:
    """Write a field; SentinelCam's writer does not quote, so a comma would shift the whole row of its reader."""
    return " ".join(text.replace(",", ";").replace('"', "'").splitlines())
