"""What SentinelCam's DataPump answers, command by command (docs/formats.md, 1.2), over a datasink's folders."""

from __future__ import annotations

import csv
import os
import pickle
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.datasink import portable
from deepthink.datasink.base import check_date, check_event, is_date
from deepthink.datasink.folder import INDEX, format_time, parse_time
from deepthink.datasink.pictures import Pictures
from deepthink.datasink.wire import DONE, ERROR, EXCEPTION, FRAMETIME, LOCKED, OK, stand_in
from deepthink.errors import BadInputError, StepError

INDEX_COLUMNS = ("node", "viewname", "timestamp", "event", "width", "height", "type")
NO_MARKS = ("timestamp", "elapsed", "objid", "classname", "rect_x1", "rect_x2", "rect_y1", "rect_y2")
YEARS = range(1678, 2262)  # what pandas' nanoseconds can hold
LARGEST = 2**63 - 1
_OWN_NAME = re.compile("[0-9a-f]{32}")  # as SentinelCam's outposts name events
LONGEST_LINE = 10_000
DAYS = 32  # whose indexes are kept


@dataclass(frozen=True)
class DayIndex:
    """A day's index as it was at one moment."""

    state: tuple[int, int]  # of the file: time of change in nanoseconds, bytes
    starts: dict[str, datetime]  # of each event
    reply: bytes


class Answers:
    """Answers requests for data; nothing that is asked can lead out of the folders or end the process.

    Parameters
    ----------
    data, images : Path
        A datasink's folders.
    locked : callable
        Whether an event (date, event) must not be deleted.
    delete : callable, optional
        Deletes an event; without it somebody else does.

    Examples
    --------
    >>> Answers(Path("data"), Path("images"), lambda date, event: False).answer({"cmd": "HC"})
    [b'OK']
    """

    def __init__(
        self,
        data: Path,
        images: Path,
        locked: Callable[[str, str], bool],
        delete: Callable[[str, str], None] | None = None,
    ) -> None:
        self.data, self.images, self.locked, self.delete = Path(data), Path(images), locked, delete
        self._pictures = Pictures(self.images)
        self._indexes: OrderedDict[str, DayIndex] = OrderedDict()
        self._commands = {
            "HC": (lambda request: [DONE], ()),
            "dat": (self._dates, ()),
            "idx": (self._index, ("date",)),
            "evt": (self._marks, ("date", "evt")),
            "img": (self._times, ("date", "evt")),
            "pic": (self._picture, ("date", "evt", "frametime")),
            "del": (self._delete, ("date", "evt")),
        }

    def answer(self, request: dict[Any, Any] | None) -> list[bytes]:
        """Return the frames of the reply; None is a request that was none."""
        command = request.get("cmd") if request else None
        if request is None or not isinstance(command, str) or command not in self._commands:
            return [ERROR]
        work, fields = self._commands[command]
        if any(field not in request for field in fields):
            return [ERROR]
        if not all(isinstance(request[field], str) for field in fields):
            return [EXCEPTION]  # as SentinelCam's pump, which fails on these
        return work(request)

    def refusal(self, date: str, event: str, by_pattern: bool = False) -> bytes | None:
        """Return why an event cannot be deleted, as the pump says it; None when it can.

        SentinelCam's camwatcher deletes every index line that holds the event's name, and all files that begin with it:
        it is asked for its own 32 digits alone.
        """
        listed = self._day(date).starts if _is_event(date, event) else {}
        if event not in listed:
            return ERROR  # nothing is deleted by a pattern, or by the beginning of a name
        if by_pattern and not _OWN_NAME.fullmatch(event):
            return ERROR
        if self.locked(date, event):
            return LOCKED
        return None

    def _dates(self, request: dict[str, Any]) -> list[bytes]:
        try:
            dates = sorted((one.name for one in self.data.iterdir() if is_date(one.name)), reverse=True)
        except OSError:
            dates = []
        return [OK, zlib.compress(pickle.dumps(dates, 4))]

    def _index(self, request: dict[str, Any]) -> list[bytes]:
        date = request["date"]
        return [OK, self._day(date).reply if is_date(date) else _NO_INDEX]

    def _day(self, date: str) -> DayIndex:
        """Return a day's index, read again only when its file has changed."""
        file = self.data / date / INDEX
        try:
            status = file.stat()
        except OSError:
            return DayIndex((0, 0), {}, _NO_INDEX)
        state = (status.st_mtime_ns, status.st_size)
        day = self._indexes.get(date)
        if day is None or day.state != state:
            day = self._indexes[date] = _read_index(file, state)
        self._indexes.move_to_end(date)
        if len(self._indexes) > DAYS:
            self._indexes.popitem(last=False)
        return day

    def _marks(self, request: dict[str, Any]) -> list[bytes]:
        date, event, kind = request["date"], request["evt"], request.get("trk", "trk")
        if not (isinstance(kind, str) and _is_event(date, event) and _is_event(date, kind)):
            return [OK, _NO_SET]
        start = self._day(date).starts.get(event)
        return [OK, _NO_SET if start is None else _read_set(self.data / date / f"{event}_{kind}.csv", start)]

    def _times(self, request: dict[str, Any]) -> list[bytes]:
        date, event = request["date"], request["evt"]
        times = self._pictures.times(date, event) if _is_event(date, event) else []
        return [OK, zlib.compress(pickle.dumps(times, 4))]

    def _picture(self, request: dict[str, Any]) -> list[bytes]:
        date, event, frametime = request["date"], request["evt"], request["frametime"]
        if not (_is_event(date, event) and FRAMETIME.fullmatch(frametime)):
            return [OK, stand_in()]
        # a whole second is asked for without its fraction, but no file is named so
        name = frametime if len(frametime) == 26 else f"{frametime}.000000"
        return [OK, _read(f"{self.images}/{date}/{event}_{name}.jpg") or stand_in()]

    def _delete(self, request: dict[str, Any]) -> list[bytes]:
        date, event = request["date"], request["evt"]
        if refused := self.refusal(date, event):
            return [refused]
        if self.delete is None:
            return [ERROR]
        try:
            self.delete(date, event)
        except (BadInputError, StepError, OSError):
            return [ERROR]
        return [DONE]


def _read(path: str) -> bytes:
    """Return a file's content, nothing when it cannot be had; half the time of a file object's way."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        return os.read(handle, os.fstat(handle).st_size)
    except OSError:
        return b""
    finally:
        os.close(handle)


def _is_event(date: str, event: str) -> bool:
    try:
        return bool(check_date(date) and check_event(event))
    except BadInputError:
        return False


def _lines(file: Path) -> list[tuple[int, list[str]]]:
    """Return a CSV file's rows with their numbers; none when it cannot be read."""
    try:
        text = file.read_bytes().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.rstrip("\r") for line in text.replace("\0", "\ufffd").split("\n")]
    return [(n, _split(line)) for n, line in enumerate(lines) if line and len(line) <= LONGEST_LINE]


def _split(line: str) -> list[str]:
    if '"' not in line:  # as most have none: ten times as fast as the reader of CSV
        return line.split(",")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return line.split(",")


def _time(text: str) -> datetime:
    time = parse_time(text)
    if time.year not in YEARS:
        raise ValueError(f"{text} is out of pandas' range")
    return time


def _read_index(file: Path, state: tuple[int, int]) -> DayIndex:
    rows: list[tuple[Any, ...]] = []
    for number, row in _lines(file):
        try:
            node, view, begun, event, width, height, kind = row
            rows.append((_time(begun), number, node, view, event, _whole(width), _whole(height), kind))
        except (ValueError, OverflowError):
            continue  # it costs itself alone
    rows.sort(key=lambda row: row[0], reverse=True)
    starts: dict[str, datetime] = {}
    for start, _, _, _, event, *_ in rows:  # newest first, so that the earliest stays
        starts[event] = start
    return DayIndex(state, starts, _index_table(rows) if rows else _NO_INDEX)


def _index_table(rows: list[tuple[Any, ...]]) -> bytes:
    times, numbers, nodes, views, events, widths, heights, kinds = (list(column) for column in zip(*rows, strict=True))
    stamps = portable.times([format_time(time) for time in times])
    columns = dict(zip(INDEX_COLUMNS, (nodes, views, stamps, events, widths, heights, kinds), strict=True))
    return portable.dumps(portable.frame(columns, numbers))


def _whole(text: str) -> int:
    number = int(float(text))
    if abs(number) > LARGEST:
        raise ValueError(f"{text} is too large")
    return number


def _read_set(file: Path, start: datetime) -> bytes:
    """Return one set of an event as a table; the file's own header decides what its columns are."""
    lines = _lines(file)
    header = lines[0][1] if lines else []
    if "timestamp" not in header or len(set(header)) != len(header):
        return _NO_SET
    rows = []
    for number, row in lines[1:]:
        try:
            values = [_field(name, text) for name, text in zip(header, row, strict=True)]
        except (ValueError, OverflowError):
            continue
        rows.append((number - lines[0][0] - 1, values))
    return _set_table(header, rows, start) if rows else portable.dumps(portable.no_frame(header))


def _field(name: str, text: str) -> Any:
    if name == "timestamp":
        return _time(text)
    if name.startswith("rect_"):
        return _whole(text) if text else None
    return text


def _set_table(header: list[str], rows: list[tuple[int, list[Any]]], start: datetime) -> bytes:
    at = header.index("timestamp")
    rows.sort(key=lambda row: row[1][at])
    columns: dict[str, Any] = {name: [row[1][k] for row in rows] for k, name in enumerate(header)}
    times = columns["timestamp"]
    for name, values in columns.items():
        if name.startswith("rect_"):
            columns[name] = portable.integers(values)
    columns["timestamp"] = portable.times([format_time(time) for time in times])
    since = [time - start for time in times]
    columns["elapsed"] = portable.spans([(s.days * 86400 + s.seconds) * 10**6 + s.microseconds for s in since])
    return portable.dumps(portable.frame(columns, [number for number, _ in rows]))


_NO_INDEX = portable.dumps(portable.no_frame(INDEX_COLUMNS))
_NO_SET = portable.dumps(portable.no_frame(NO_MARKS))
