"""Which events a facelist holds in place while old ones are deleted, by the status of their rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from deepthink.curation.facelist import Status
from deepthink.curation.locks import EventLocks, fields
from deepthink.datasink.base import Event
from deepthink.files import LOCK_SECONDS, locked

UNREADABLE = "the facelist cannot be read"
_WORDS = {
    Status.SELECTED: "selected in the facelist",
    Status.IN_USE: "in use in the facelist",
    Status.REVOKED: "revoked in the facelist: reviewed, and material for the threshold",
    Status.CANDIDATE: "a candidate that awaits review",
}


class AnyRow:
    """SentinelCam's way: any row holds its event, whatever its status and for ever (bug B5).

    Parameters
    ----------
    facelist : Path
    """

    def __init__(self, facelist: Path) -> None:
        self.facelist = Path(facelist)
        self._locks = EventLocks(facelist)

    def holds(self, date: str, event: str) -> bool:
        """Whether an event is listed."""
        return self._locks.locked(date, event)

    def why(self, event: Event, waited: bool) -> str:
        """Return why an event must stay; nothing when it need not."""
        return "listed in the facelist" if self.holds(event.date, event.event) else ""

    @contextlib.contextmanager
    def hold(self, seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Keep reviewers and sweeps from changing the facelist, for as long as it takes to delete an event."""
        with locked(self.facelist, seconds):
            yield


class ReviewedRows(AnyRow):
    """Our way: what a person has said holds; what is only proposed, until it has waited long enough; removed, never.

    A row whose status cannot be read holds its event, and a facelist that cannot be read holds all.

    Examples
    --------
    >>> import tempfile
    >>> ReviewedRows(Path(tempfile.mkdtemp()) / "facelist.csv").statuses("2026-03-02", "a" * 32)
    frozenset()
    """

    def __init__(self, facelist: Path) -> None:
        super().__init__(facelist)
        self._read: object = ()
        self._events: dict[tuple[str, str], frozenset[str]] | None = {}

    def why(self, event: Event, waited: bool) -> str:
        """Return why an event must stay; nothing when it need not."""
        found = self.statuses(event.date, event.event)
        if found is None:
            return UNREADABLE
        for status, words in _WORDS.items():
            if str(int(status)) in found and not (waited and status == Status.CANDIDATE):
                return words
        odd = found - {str(int(status)) for status in Status}
        return "listed in the facelist with a status that cannot be read" if odd else ""

    def statuses(self, date: str, event: str) -> frozenset[str] | None:
        """Return the statuses of an event's rows, as they stand now; None when that cannot be known."""
        stamp = _stamp(self.facelist)
        if stamp != self._read or stamp == "unknown":
            self._events, self._read = _load(self.facelist), stamp
        return None if self._events is None else self._events.get((date, event), frozenset())


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError:
        return "unknown"
    return status.st_mtime_ns, status.st_size, status.st_ino


def _load(path: Path) -> dict[tuple[str, str], frozenset[str]] | None:
    try:
        header, *lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
        columns = header.rstrip("\r").split(",")
        date, event, status = (columns.index(name) for name in ("date", "event", "status"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return None
    found: dict[tuple[str, str], frozenset[str]] = {}
    for line in lines:
        row = fields(line)
        if len(row) > max(date, event):
            key = row[date], row[event]
            found[key] = found.get(key, frozenset()) | {_status(row, status)}
    return found


def _status(row: list[str], column: int) -> str:
    """Return a row's status; pandas writes 1.0 where a column once held nothing."""
    text = row[column].strip() if len(row) > column else ""
    return text.removesuffix(".0")
