"""Slows down who guesses passwords: after a few failures each further one costs twice as long a wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

LONGEST = 900.0  # seconds
_FORGET = 3600.0
_MOST = 10_000  # names kept; more are the work of somebody who tries to fill the memory


class Throttle:
    """Counts failures by name: an address, or an address and a user.

    Parameters
    ----------
    free : int
        Failures that cost nothing.
    clock : callable, optional
        Returns seconds.

    Examples
    --------
    >>> throttle = Throttle(5, clock=lambda: 0.0)
    >>> for _ in range(7):
    ...     throttle.fail("10.0.0.7")
    >>> throttle.wait("10.0.0.7"), throttle.wait("10.0.0.8")
    (4.0, 0.0)
    """

    def __init__(self, free: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.free, self._clock = free, clock
        self._failures: dict[str, tuple[int, float]] = {}  # how many, and when the last was
        self._one = threading.Lock()

    def wait(self, *names: str) -> float:
        """Return for how many seconds none of these may try again."""
        with self._one:
            return max((self._left(name) for name in names), default=0.0)

    def _left(self, name: str) -> float:
        count, last = self._failures.get(name, (0, 0.0))
        pause = min(LONGEST, 2.0 ** min(count - self.free, 20)) if count > self.free else 0.0
        return max(0.0, last + pause - self._clock())

    def fail(self, *names: str) -> None:
        """Note a failure."""
        with self._one:
            now = self._clock()
            for name in names:
                self._failures[name] = (self._failures.get(name, (0, now))[0] + 1, now)
            if len(self._failures) > _MOST:
                self._failures = {n: kept for n, kept in self._failures.items() if now - kept[1] < _FORGET}
                for oldest in sorted(self._failures, key=lambda n: self._failures[n][1])[: -_MOST or None]:
                    del self._failures[oldest]

    def succeed(self, *names: str) -> None:
        """Forget the failures of who has logged in."""
        with self._one:
            for name in names:
                self._failures.pop(name, None)
