"""How far a walk has come, told through a file, and how long it will take yet, by what was measured on this machine."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from deepthink.flow.processes import alive
from deepthink.records import Progress

FILE = "progress.json"
SECONDS = 1.0  # between two tellings at least
LAST_RUNS = 5  # that an expectation is made of
TRUSTED = 0.05  # of a step: from there on its own pace counts too


@dataclass(frozen=True)
class Pace:
    """Where a walk is."""

    run: str
    version: str
    step: str
    done: int
    total: int
    what: str
    began: float  # of the step, seconds since the epoch
    left: float | None  # seconds of the whole walk; None while nobody can know
    pid: int
    when: float  # seconds since the epoch


class Expectation:
    """How long steps take on this machine.

    Parameters
    ----------
    entries : iterable of mappings
        Lines of the journal, oldest first: `step`, `seconds`, and `units`, what the step had counted.

    Examples
    --------
    >>> before = [{"step": "train", "seconds": 60, "units": 100}, {"step": "publish", "seconds": 2}]
    >>> expected = Expectation(before)
    >>> expected.of("train"), expected.of("train", 200), expected.of("embed")
    (60.0, 120.0, None)
    >>> expected.left("train", 200, 100, gone=30.0, ahead=["publish"])
    62.0
    """

    def __init__(self, entries: Iterable[Mapping[str, Any]]) -> None:
        self._seen: dict[str, list[tuple[float, int]]] = {}
        for entry in entries:
            seconds, units = entry.get("seconds"), entry.get("units")
            if isinstance(seconds, int | float):
                counted = units if isinstance(units, int) else 0
                self._seen.setdefault(str(entry.get("step")), []).append((float(seconds), counted))

    def of(self, step: str, units: int = 0) -> float | None:
        """Return the seconds that a step is expected to take, of so many units where that is known."""
        seen = self._seen.get(step, [])[-LAST_RUNS:]
        paced = [seconds / counted for seconds, counted in seen if counted]
        if units and paced:
            return statistics.median(paced) * units
        return statistics.median(seconds for seconds, _ in seen) if seen else None

    def left(self, step: str, total: int, done: int, gone: float, ahead: Iterable[str]) -> float | None:
        """Return the seconds until the last of the steps ahead is done; None when one was never taken here."""
        now = self._of_this(step, total, done, gone)
        others = [self.of(other) for other in ahead]
        if now is None or any(other is None for other in others):
            return None
        return round(now + sum(other or 0.0 for other in others), 1)

    def _of_this(self, step: str, total: int, done: int, gone: float) -> float | None:
        share = min(1.0, done / total) if total > 0 else 0.0
        expected = self.of(step, total)
        by_before = None if expected is None else max(0.0, expected - gone)
        if share < TRUSTED:
            return by_before
        by_now = gone * (1 - share) / share
        return by_now if by_before is None else share * by_now + (1 - share) * by_before


class Teller:
    """Writes where a walk is, for whoever looks from outside.

    Parameters
    ----------
    folder : Path
        The site's `training/watch`.
    run, version : str
    expected : Expectation
    """

    def __init__(self, folder: Path, run: str, version: str, expected: Expectation) -> None:
        self._path, self._run, self._version, self._expected = folder / FILE, run, version, expected
        self.units = 0  # that the step counted

    def telling(self, step: str, ahead: list[str], progress: Progress) -> Progress:
        """Return a progress that passes on what it is told, and writes it down at most once a second."""
        began, last, self.units = time.time(), 0.0, 0

        def tell(done: int, total: int, what: str) -> None:
            nonlocal last
            progress(done, total, what)
            self.units = max(self.units, total)
            if time.monotonic() - last >= SECONDS:
                last = time.monotonic()
                self._write(step, ahead, began, (done, total, what))

        self._write(step, ahead, began, (0, 0, ""))
        return tell

    def _write(self, step: str, ahead: list[str], began: float, at: tuple[int, int, str]) -> None:
        done, total, what = at
        left = self._expected.left(step, total, done, time.time() - began, ahead)
        pace = Pace(self._run, self._version, step, done, total, str(what), began, left, os.getpid(), time.time())
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            beside = self._path.with_name(f".{FILE}.part")
            beside.write_text(json.dumps(asdict(pace)), encoding="utf-8")
            beside.replace(self._path)  # may be lost with the machine; it is a sign of life
        except OSError:
            pass  # a full disk ends a step that must write, not one that only tells

    def __enter__(self) -> Self:
        """Begin to tell."""
        return self

    def __exit__(self, *_: object) -> None:
        """Say that nothing is under way any more."""
        self._path.unlink(missing_ok=True)


def read_pace(folder: Path) -> Pace | None:
    """Return where a walk is; None when none is under way, or it has been killed."""
    try:
        pace = Pace(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return pace if alive(pace.pid) else None


def at(pace: Pace) -> str:
    """Say where a walk is, for people.

    Examples
    --------
    >>> at(Pace("a1", "gamma4", "train", 3, 42, "fitting", 0.0, 90.0, 1, 0.0))
    'train, 3 of 42, fitting'
    """
    parts = [pace.step, f"{pace.done} of {pace.total}" if pace.total else "", pace.what]
    return ", ".join(part for part in parts if part)


def in_words(seconds: float | None) -> str:
    """Return how long that is.

    Examples
    --------
    >>> in_words(20), in_words(400), in_words(9000), in_words(None)
    ('less than a minute', '7 min', '2 h 30 min', 'not known yet')
    """
    if seconds is None:
        return "not known yet"
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
