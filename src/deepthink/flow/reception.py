"""Where the service hears of reasons: a sentinel's log, people's requests, the clock."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.flow import signs
from deepthink.flow.schedule import calendars
from deepthink.flow.triggers import Reason
from deepthink.settings import WatchSettings

CLOCK = 20.0  # seconds between two looks at the calendar


class Reception:
    """What there is to hear.

    Parameters
    ----------
    rules : WatchSettings

    Raises
    ------
    SettingsError
        An hour is none, or an address.
    """

    def __init__(self, rules: WatchSettings) -> None:
        self._calendars = dict(calendars(rules.schedule))
        self._ear: Any = None
        self._clocked = -CLOCK
        if rules.sentinel:
            from deepthink.flow.hear import Ear

            self._ear = Ear(rules.sentinel)

    @property
    def wakes(self) -> list[int]:
        """The file descriptors that become readable when there is something to hear."""
        return [self._ear.socket.fd] if self._ear else []

    def updates(self, now: datetime) -> list[Reason]:
        """Return the updates of facedata that a sentinel has ended since the last call."""
        return [signs.of_update(job, day, now) for job, day in (self._ear.heard() if self._ear else [])]

    def hours(self, answered: Mapping[str, str], now: datetime) -> tuple[list[Reason], dict[str, str]]:
        """Return the models whose hour has come, and the moments that are answered with that; now and then.

        Parameters
        ----------
        answered : mapping
            By model, the last moment that was answered.
        now : datetime
            With its zone.
        """
        found, reasons = dict(answered), list[Reason]()
        if time.monotonic() - self._clocked >= CLOCK:
            self._clocked = time.monotonic()
            for model, calendar in self._calendars.items():
                reason, found[model] = signs.of_clock(model, calendar, found.get(model, ""), now)
                reasons += [reason] if reason else []
        return reasons, found

    def close(self) -> None:
        """Hear no more."""
        if self._ear is not None:
            self._ear.close()


class Looks:
    """When a site is to be counted anew, and when recognition is to be compared with before.

    Parameters
    ----------
    folder : Path
        The site's `training/watch`.
    """

    MOST = 12  # looks, of which one also compares

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: Any = None  # what there was when it was last counted, and
        self._compared: Any = None  # when it was last compared
        self._looked = self._compared_at = -1e9

    def due(self, seen: object, spell: float, fresh: bool, compared_today: bool) -> str:
        """Return which look is due: "look", "trends" (which counts too), or none.

        Parameters
        ----------
        seen : object
            What differs as soon as a list or a result was written.
        spell : float
            Seconds between two looks, at least.
        fresh, compared_today : bool
            Whether what was counted is of today, and the last comparison.
        """
        now = time.monotonic()
        if now - self._looked <= spell:
            return ""
        changed = seen != self._compared and now - self._compared_at > self.MOST * spell
        if compared_today and fresh and seen == self._seen and not changed:
            return ""
        self._seen, self._looked = seen, now
        if compared_today and not changed:
            return "look"
        self._compared, self._compared_at = seen, now
        return "trends"

    def soon(self) -> None:
        """Let the next look be due at once, where there is something to see."""
        self._looked = -1e9
