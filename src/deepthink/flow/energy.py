"""What work takes in energy, measured while it is done; said to be unknown where it cannot be."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deepthink.files import write_json
from deepthink.flow.energy_sources import Found, Values, find_source

MOST_WATTS = 2000.0  # more is a counter that has begun anew, or a sensor that says nonsense
SHORTEST = 0.05  # seconds; two readings closer than that say nothing
KEEP_SECONDS = 30.0


def since_boot() -> float:
    """Return the seconds since the machine has started, those included that it has slept: a sleep is seen as a gap."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class EnergyMeter:
    """Measures the energy of this machine, of all that runs on it, for as long as the body takes.

    Parameters
    ----------
    found : Found, optional
        What to read; else what `find_source` finds.
    joules, seconds : float
        What was measured before: a meter that goes on where another was killed.
    keep : Path, optional
        A file in which the sum is kept every half minute, and taken up again by the next meter; removed when the body
        ends well.
    clock : callable
        Returns seconds.

    Attributes
    ----------
    joules : float
        The energy so far.
    seconds : float
        The time of which that is known: gaps (a sleep, a sensor that said nothing) are in neither.
    why : str
        Why nothing is measured; empty where something is.

    Examples
    --------
    >>> with EnergyMeter(Found(None, "it has no sensor")) as meter:
    ...     pass
    >>> meter.watt_hours is None, meter.figures()
    (True, {})
    """

    def __init__(
        self,
        found: Found | None = None,
        *,
        joules: float = 0.0,
        seconds: float = 0.0,
        keep: Path | None = None,
        clock: Callable[[], float] = since_boot,
    ) -> None:
        self.source, self.why = found or find_source()
        self.joules, self.seconds, self.keep, self.clock = joules, seconds, keep, clock
        self.now: float | None = None  # watts, between the last two readings
        self._last: tuple[float, Values] | None = None
        self._kept = clock()
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def watt_hours(self) -> float | None:
        """The energy so far; None where nothing was measured."""
        return self.joules / 3600 if self.seconds else None

    @property
    def mean_watts(self) -> float | None:
        """The mean power so far; None where nothing was measured."""
        return self.joules / self.seconds if self.seconds else None

    def figures(self) -> dict[str, float]:
        """Return what a journal keeps: watt_hours, and the measured_seconds they are of; nothing where unknown."""
        if not self.seconds:
            return {}
        return {"watt_hours": round(self.joules / 3600, 4), "measured_seconds": round(self.seconds, 1)}

    def look(self) -> None:
        """Read the source, and reckon from the last reading on; anybody may, at any time."""
        if self.source is None:
            return
        with self._lock:
            at, value = self.clock(), self.source.read()
            if value is not None and not (self._last and 0 <= at - self._last[0] < SHORTEST):
                self._add(at, value)
                self._last = at, value

    def _add(self, at: float, value: Values) -> None:
        self.now = None
        if self.source is None or self._last is None:
            return
        before, seconds = self._last[1], at - self._last[0]
        joules = self.source.joules(before, value, seconds) if 0 < seconds <= self.source.gap else -1.0
        if 0 <= joules <= MOST_WATTS * seconds:
            self.joules, self.seconds, self.now = self.joules + joules, self.seconds + seconds, joules / seconds

    def __enter__(self) -> Self:
        """Begin to measure, in a thread that reads a few small files every few seconds."""
        if self.source is not None:
            self._take_up()
            self.look()
            self._thread = threading.Thread(target=self._follow, args=(self.source.every,), name="energy", daemon=True)
            self._thread.start()
        return self

    def _follow(self, every: float) -> None:
        while not self._ended.wait(every):
            self.look()
            if self.clock() - self._kept >= KEEP_SECONDS:
                self._note()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the measurement with a last reading."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self.look()
            self._note()
        if self.keep is not None and kind is None:
            with contextlib.suppress(OSError):
                self.keep.unlink(missing_ok=True)

    def _take_up(self) -> None:
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            kept: dict[str, Any] = json.loads(self.keep.read_text(encoding="utf-8")) if self.keep else {}
            joules, seconds = float(kept["joules"]), float(kept["seconds"])
            if joules >= 0 and seconds >= 0:  # not so for NaN either
                self.joules, self.seconds = self.joules + joules, self.seconds + seconds

    def _note(self) -> None:
        """Keep the sum; a disk that is full must not end the measurement, let alone the work."""
        self._kept = self.clock()
        if self.keep is not None:
            with contextlib.suppress(OSError):
                write_json(self.keep, {"joules": self.joules, "seconds": self.seconds})


def watts(found: Found | None = None, seconds: float = 0.25) -> float | None:
    """Return the power that this machine draws now, from two readings; None where it does not say."""
    meter = EnergyMeter(found)
    meter.look()
    if meter.source is not None:
        time.sleep(seconds)
        meter.look()
    return meter.now
