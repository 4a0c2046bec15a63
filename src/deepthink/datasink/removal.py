"""Deletes one event of a datasink's folders, so that a kill at any moment leaves what the next run finishes.

A marker beside the index is written first, then the event's lines leave the index, in one step: from then on nobody
sees the event. Its sets and pictures follow, and the marker last. A marker whose event is still listed was never acted
on; one whose event is not listed says what is left to do.
"""

from __future__ import annotations

import contextlib
import csv
import errno
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from deepthink.datasink.base import check_date, check_event, is_date
from deepthink.errors import BadInputError, StepError
from deepthink.files import flush, locked, replacing, write_text

ENDING = ".deleting"
_FIELDS, _EVENT, _KIND = 7, 3, 6  # of an index line
_STAMP = r"\d{4}-\d\d-\d\d_\d\d\.\d\d\.\d\d\.\d{6}"
_SET = re.compile(r"([0-9A-Za-z_-]{1,64})_[0-9A-Za-z-]+\.csv")
_PICTURE = re.compile(rf"([0-9A-Za-z_-]{{1,64}})_{_STAMP}\.jpg")
_TRIES = 5


class _ChangedError(Exception):
    """An index was changed while it was read."""


@dataclass(frozen=True)
class Day:
    """Where a day of a datasink lies."""

    index: Path
    images: Path

    @property
    def folder(self) -> Path:
        """The folder of CSV files."""
        return self.index.parent

    @property
    def lock(self) -> str:
        """The name of the file that `locked` makes beside the index."""
        return f".{self.index.name}.lock"


def delete(day: Day, event: str) -> None:
    """Delete an event's lines, sets and pictures, and folders that are then empty.

    Raises
    ------
    BadInputError
        It is not one event's name, or the day does not list it (any more).
    OSError
        A folder cannot be written; before anything is changed, if that can be seen beforehand.
    """
    check_event(event)
    check_date(day.folder.name)
    if not (day.index.is_file() or _marker(day, event).is_file()):
        raise _gone(day, event)
    with locked(day.index):
        try:
            _delete(day, event)
        finally:
            _tidy(day)


def _delete(day: Day, event: str) -> None:
    listed = [row for line in _lines(day.index) if (row := _row(line))]
    if any(row[_EVENT] == event for row in listed):
        _check_writable(day.images)
        write_text(_marker(day, event), "".join(f"{name}\n" for name in sorted(_sets(day, event, listed))))
        _unlist(day.index, event)
    elif not _marker(day, event).is_file():
        raise _gone(day, event)
    _finish(day, event)


def _gone(day: Day, event: str) -> BadInputError:
    return BadInputError(f"{day.index} does not list {event}.")


def unfinished(data: Path) -> list[tuple[str, str]]:
    """Return the days and events whose deletion was begun and not ended."""
    found = data.glob(f"????-??-??/.*{ENDING}")
    pairs = [(path.parent.name, path.name[1 : -len(ENDING)]) for path in found]
    return sorted((date, event) for date, event in pairs if is_date(date) and _is_event(event))


def half_written(data: Path) -> set[str]:
    """Return the days in which a killed deletion left a file half-written."""
    found = (path.parent.name for path in data.glob(f"????-??-??/..*{ENDING}.*.part"))
    return {date for date in found if is_date(date)}


def _is_event(name: str) -> bool:
    try:
        return bool(check_event(name))
    except BadInputError:
        return False


def finish(day: Day, event: str) -> bool:
    """End a deletion that was begun; False when it had not begun and the event stays."""
    with locked(day.index):
        listed = _lists(day.index, event)
        if listed:
            _marker(day, event).unlink(missing_ok=True)
        else:
            _finish(day, event)
        _tidy(day)
    return not listed


def _finish(day: Day, event: str) -> None:
    """Remove what the marker names, and the pictures, and then the marker."""
    marker = _marker(day, event)
    if not marker.is_file():  # another process has ended it
        return
    name = re.compile(rf"{event}_[0-9A-Za-z_-]+\.csv")
    for line in marker.read_text(encoding="utf-8").split("\n"):
        if name.fullmatch(line):
            (day.folder / line).unlink(missing_ok=True)
    for picture in list(pictures(day, event)):
        Path(picture.path).unlink(missing_ok=True)
    for folder in (day.images, day.folder):
        if folder.is_dir():
            flush(folder)  # the marker may go only after them, whenever the power fails
    marker.unlink(missing_ok=True)


def pictures(day: Day, event: str) -> Iterator[os.DirEntry[str]]:
    """Yield an event's pictures: its whole name, a stamp, and nothing else."""
    name, begin = re.compile(rf"{check_event(event)}_{_STAMP}\.jpg"), f"{event}_"
    try:
        with os.scandir(day.images) as entries:  # a day may hold 100,000: most are told apart by their beginning
            yield from (entry for entry in entries if entry.name.startswith(begin) and name.fullmatch(entry.name))
    except FileNotFoundError:
        return


def _sets(day: Day, event: str, listed: list[list[str]]) -> set[str]:
    """Return the names of an event's sets: `a_b_trk.csv` is of the event a_b, unless a lists a set called b_trk."""
    names = {f"{row[_EVENT]}_{row[_KIND]}.csv": row[_EVENT] for row in listed}
    for path in day.folder.glob(f"{event}_*.csv"):
        names.setdefault(path.name, path.stem.rpartition("_")[0])
    return {name for name, owner in names.items() if owner == event and "/" not in name}


def _unlist(index: Path, event: str) -> None:
    """Take an event's lines out of an index, in one step; all other bytes of it stay."""
    for _ in range(_TRIES):
        before = index.stat()
        kept = [line for line in _lines(index) if (row := _row(line)) is None or row[_EVENT] != event]
        if not any(line.strip() for line in kept):
            index.unlink()
            flush(index.parent)
            return
        with contextlib.suppress(_ChangedError), replacing(index) as beside:
            beside.write_bytes(b"".join(kept))
            now = index.stat()
            if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                raise _ChangedError  # SentinelCam's camwatcher knows no lock: its new line must stay
        if not _lists(index, event):
            return
    raise StepError(f"{index} is being written all the time. Run again when the cameras are quiet.")


def _lists(index: Path, event: str) -> bool:
    return any(row[_EVENT] == event for line in _lines(index) if (row := _row(line)))


def _lines(index: Path) -> list[bytes]:
    try:
        return index.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return []


def _row(line: bytes) -> list[str] | None:
    """Return an index line's fields; None when it is not one."""
    text = line.decode("utf-8", "replace").rstrip("\r\n")
    try:
        row = next(csv.reader([text]), []) if '"' in text else text.split(",")
    except csv.Error:
        return None
    return row if len(row) == _FIELDS else None


def _marker(day: Day, event: str) -> Path:
    return day.folder / f".{check_event(event)}{ENDING}"


def _check_writable(folder: Path) -> None:
    """Refuse before anything is changed what would fail in the midst of it."""
    if folder.is_dir() and not os.access(
        folder, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids
    ):
        raise PermissionError(errno.EACCES, "its pictures cannot be removed: the folder is not writable", str(folder))


def clear(day: Day) -> None:
    """Remove what killed deletions left in a day, and its folders when there is nothing else in them."""
    if not day.folder.is_dir():
        with contextlib.suppress(OSError):
            day.images.rmdir()
    elif _names(day.folder) <= {day.lock} or _left(day):
        with locked(day.index):
            _tidy(day)


def _tidy(day: Day) -> None:
    """Remove what killed deletions left beside the index, and the day's folders when they hold nothing any more."""
    for name in _left(day):
        (day.folder / name).unlink(missing_ok=True)
    if day.index.exists():
        return
    with contextlib.suppress(OSError):  # it holds something yet, or is not there
        day.images.rmdir()
    if _names(day.folder) == {day.lock}:
        with contextlib.suppress(OSError):
            (day.folder / day.lock).unlink()
            day.folder.rmdir()


def _left(day: Day) -> set[str]:
    """Return the half-written files of the index and of markers: nobody writes those without the day's lock."""
    ours = re.compile(rf"\.({re.escape(day.index.name)}|\.[0-9A-Za-z_-]+{re.escape(ENDING)})\.\w+\.part")
    return {name for name in _names(day.folder) if ours.fullmatch(name)}


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def sizes(day: Day) -> dict[str, int]:
    """Return how many bytes each event's sets and pictures take."""
    found: dict[str, int] = {}
    for folder, name in ((day.folder, _SET), (day.images, _PICTURE)):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if match := name.fullmatch(entry.name):
                        found[match[1]] = found.get(match[1], 0) + entry.stat(follow_symlinks=False).st_size
        except FileNotFoundError:
            continue
    return found
