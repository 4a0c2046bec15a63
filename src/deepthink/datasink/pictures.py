"""When each event's pictures were taken: a day's folder is listed once, and then followed as files come and go.

SentinelCam lists the whole day for every question; a day of a busy site holds a hundred thousand pictures.
"""

from __future__ import annotations

import os
from bisect import bisect_left, insort
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from deepthink.datasink.folder import STAMP

try:
    import inotify_simple
except ImportError:  # not installed: a changed folder is then listed anew
    inotify_simple = None

DAYS = 8  # kept at once; a picture takes some 200 bytes
STAMP_LENGTH = 26


@dataclass
class Day:
    """One day's pictures."""

    place: tuple[int, int]  # the folder's device and inode: another disk may be mounted over it
    changed: int  # its time of change, in nanoseconds
    times: dict[str, list[datetime]] = field(default_factory=dict)  # by event, ascending

    def put(self, name: str) -> None:
        """Add a picture by its file's name."""
        if found := parse_name(name):
            times = self.times.setdefault(found[0], [])
            if found[1] not in _at(times, found[1]):
                insort(times, found[1])

    def drop(self, name: str) -> None:
        """Take a picture out."""
        if found := parse_name(name):
            times = self.times.get(found[0], [])
            if found[1] in _at(times, found[1]):
                times.remove(found[1])


class Pictures:
    """Answers when an event's pictures were taken, in time independent of what else the day holds.

    Parameters
    ----------
    folder : Path
        A datasink's images, one folder a day.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._days: OrderedDict[str, Day] = OrderedDict()
        self._watch = _watch()
        self._watched: dict[int, str] = {}

    def times(self, date: str, event: str) -> list[datetime]:
        """Return when an event's pictures were taken, ascending; nothing when there are none."""
        told = self._follow()
        try:
            status = (self.folder / date).stat()
        except OSError:
            self._forget(date)
            return []
        place, changed = (status.st_dev, status.st_ino), status.st_mtime_ns
        day = self._days.get(date)
        if day is not None and day.place != place:
            self._forget(date)
            day = None
        if day is None or (day.changed != changed and date not in told):
            # nothing was told of the change: no watch, or a network's folder, of whose other writers none is told
            day = self._list(date, place, changed)
        day.changed = changed
        self._days.move_to_end(date)
        return list(day.times.get(event, ()))

    def _list(self, date: str, place: tuple[int, int], changed: int) -> Day:
        """List a day's folder; what comes while it is listed is told by the watch, which begins before."""
        self._begin_watch(date)
        found: dict[str, list[datetime]] = {}
        with os.scandir(self.folder / date) as entries:
            for entry in entries:
                if parsed := parse_name(entry.name):
                    found.setdefault(parsed[0], []).append(parsed[1])
        day = self._days[date] = Day(place, changed, {event: sorted(times) for event, times in found.items()})
        while len(self._days) > DAYS:
            self._end_watch(self._days.popitem(last=False)[0])
        return day

    def _begin_watch(self, date: str) -> None:
        if self._watch is None or date in self._watched.values():
            return
        flags = inotify_simple.flags
        mask = flags.CREATE | flags.MOVED_TO | flags.MOVED_FROM | flags.DELETE | flags.DELETE_SELF | flags.MOVE_SELF
        try:
            self._watched[self._watch.add_watch(self.folder / date, mask)] = date
        except OSError:  # the system allows no more watches: this day is listed anew when it changes
            return

    def _end_watch(self, date: str) -> None:
        for number in [number for number, day in self._watched.items() if day == date]:
            del self._watched[number]
            try:
                self._watch.rm_watch(number)
            except OSError:
                continue  # it ended with its folder

    def _forget(self, date: str) -> None:
        self._days.pop(date, None)
        self._end_watch(date)

    def _follow(self) -> set[str]:
        """Take in what has happened since the last question; returns the days of which something was told."""
        days: set[str] = set()
        if self._watch is None:
            return days
        flags = inotify_simple.flags
        for told in self._watch.read(timeout=0):
            if told.mask & flags.Q_OVERFLOW:
                self._days.clear()  # more has happened than the system keeps: list anew
            date = self._watched.get(told.wd, "")
            if told.mask & (flags.DELETE_SELF | flags.MOVE_SELF | flags.IGNORED):
                self._watched.pop(told.wd, None)
                self._days.pop(date, None)
            elif date in self._days:
                gone = told.mask & (flags.DELETE | flags.MOVED_FROM)
                (self._days[date].drop if gone else self._days[date].put)(told.name)
                days.add(date)
        return days


def parse_name(name: str) -> tuple[str, datetime] | None:
    """Return the event and the time that a picture's file is named for; None when it is not a picture's.

    Examples
    --------
    >>> parse_name("a6a3_2026-03-02_08.00.00.087825.jpg")
    ('a6a3', datetime.datetime(2026, 3, 2, 8, 0, 0, 87825))
    """
    event, stamp = name[: -STAMP_LENGTH - 5], name[-STAMP_LENGTH - 4 : -4]
    if not name.endswith(".jpg") or name.startswith(".") or not event:
        return None
    try:  # four times as fast as strptime, which decides where it is not sure
        return event, datetime.fromisoformat(f"{stamp[:10]}T{stamp[11:].replace('.', ':', 2)}")
    except ValueError:
        return _by_the_book(event, stamp)


def _by_the_book(event: str, stamp: str) -> tuple[str, datetime] | None:
    try:
        return event, datetime.strptime(stamp, STAMP)
    except ValueError:
        return None


def _at(times: list[datetime], time: datetime) -> list[datetime]:
    """Return the entry at a time's place, if that is it."""
    place = bisect_left(times, time)
    return times[place : place + 1]


def _watch():  # type: ignore[no-untyped-def]
    if inotify_simple is None:
        return None
    try:
        return inotify_simple.INotify()
    except OSError:
        return None
