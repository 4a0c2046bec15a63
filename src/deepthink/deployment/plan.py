"""How a rollout goes: a canary first, the rest in batches, within a maintenance window where one is set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeVar

from deepthink.errors import DeploymentError, SettingsError

_Item = TypeVar("_Item")
_HOURS = re.compile(r"(\d{1,2}):(\d{2}) ?- ?(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class Window:
    """Hours of the day, by this machine's clock, in which nodes may be changed; over midnight where `end` is earlier.

    Examples
    --------
    >>> Window.read("23:00-05:00").is_open(datetime(2026, 3, 2, 4, 59))
    True
    """

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> Window:
        """Read hours such as "03:00-05:00"; SettingsError when they are none."""
        found = _HOURS.fullmatch(text.strip())
        with suppress(ValueError):  # 25:00
            if found:
                hours, minutes, last, after = (int(part) for part in found.groups())
                begin, end = time(hours, minutes), time(last, after)
                if begin != end:
                    return cls(begin, end)
        raise SettingsError(f"{text!r} is no window: write two times of the day, such as 03:00-05:00.")

    def is_open(self, now: datetime) -> bool:
        """Whether nodes may be changed at this moment."""
        if self.begin < self.end:
            return self.begin <= now.time() < self.end
        return now.time() >= self.begin or now.time() < self.end

    def seconds_to_wait(self, now: datetime) -> float:
        """Return how long until it opens; 0 while it is open."""
        if self.is_open(now):
            return 0.0
        opens = datetime.combine(now.date(), self.begin)
        opens += timedelta(days=opens < now)
        # of two moments with a change of the clocks between them the difference is what time stamps say
        return max(1.0, opens.timestamp() - now.timestamp())  # in an hour that comes twice it may be past already

    def __str__(self) -> str:
        """Return the hours as `read` takes them."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"


@dataclass(frozen=True)
class Plan:
    """How many targets at a time, when, and what becomes of those that took the version when one did not.

    Parameters
    ----------
    canary : int
        So many targets go first; 0: none.
    batch : int
        So many at a time after them.
    revert : bool
        Whether a failure takes back every target that this rollout has changed, so that all run the same again.
    window : Window, optional
        Only then may a batch begin.
    """

    canary: int = 1
    batch: int = 20
    revert: bool = True
    window: Window | None = None

    def groups(self, items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
        """Yield the canary, then the batches.

        Examples
        --------
        >>> [*Plan(canary=1, batch=2).groups("abcd")]
        ['a', 'bc', 'd']
        """
        first, rest = items[: self.canary], items[self.canary :]
        if first:
            yield first
        for begin in range(0, len(rest), self.batch):
            yield rest[begin : begin + self.batch]

    def check_open(self, done: int, of: int) -> None:
        """Refuse to begin a batch outside the window; DeploymentError says how many have the version."""
        now = datetime.now()
        if self.window is None or self.window.is_open(now):
            return
        if done:
            raise DeploymentError(
                f"The maintenance window {self.window} closed: {done} of {of} targets are done. The same command "
                "in the next window goes on with the others; with --now it does not wait."
            )
        raise DeploymentError(
            f"It is {now:%H:%M}, outside the maintenance window {self.window}. `deepthink deploy --wait` begins when "
            "it opens, `--now` at once."
        )
