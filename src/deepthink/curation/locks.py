"""Which events a facelist holds in place: SentinelCam's pump deletes none that it lists."""

from __future__ import annotations

import csv
from pathlib import Path

Stamp = tuple[int, int, int]


class EventLocks:
    """Tells whether an event is listed, whatever the status of its row; the file is read again when it has changed.

    A file that is absent locks nothing; one that is there and cannot be read locks everything.

    Parameters
    ----------
    facelist : Path
        SentinelCam's facelist.csv.
    """

    def __init__(self, facelist: Path) -> None:
        self.facelist = Path(facelist)
        self._read: Stamp | None = None
        self._events: frozenset[tuple[str, str]] | None = frozenset()

    def locked(self, date: str, event: str) -> bool:
        """Whether an event must stay."""
        stamp = self._stamp()
        if stamp != self._read:
            self._events = self._load()
            self._read = stamp
        return self._events is None or (date, event) in self._events

    def _stamp(self) -> Stamp | None:
        try:
            status = self.facelist.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return (0, 0, 0)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _load(self) -> frozenset[tuple[str, str]] | None:
        """Return the events listed; None when that cannot be known."""
        try:
            text = self.facelist.read_text(encoding="utf-8", errors="replace")
            if not text.endswith("\n"):
                return None  # SentinelCam is rewriting it in place (bug B4): what it lists is not all there yet
            header, *rows = (fields(line) for line in text.split("\n")[:-1])
            date, event = header.index("date"), header.index("event")
            return frozenset((row[date], row[event]) for row in rows if len(row) > max(date, event))
        except FileNotFoundError:
            return frozenset()
        except (OSError, ValueError):
            return None


def fields(line: str) -> list[str]:
    """Return a line's fields; read by itself, so that a stray quote hides no rows below it."""
    try:
        return next(csv.reader([line]), [])
    except csv.Error:
        return line.split(",")
