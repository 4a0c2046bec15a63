"""The events that listed faces come from: which camera saw them, and what else there is of them."""

from __future__ import annotations

import time
from collections.abc import Iterable

from deepthink.curation.facelist import Row
from deepthink.datasink.base import Datasink, Event
from deepthink.errors import DeepthinkError

RECENT = 10.0  # seconds within which a day is not read again for an event that it does not list


class Days:
    """A datasink's events, each day read once, and again when it is asked for one that has come since.

    Parameters
    ----------
    datasink : Datasink
    """

    def __init__(self, datasink: Datasink) -> None:
        self.datasink = datasink
        self._read: dict[str, tuple[float, dict[str, Event]]] = {}  # when each day was read, and its events

    def event(self, row: Row) -> Event | None:
        """Return a row's event, None when the datasink does not list it."""
        date, name = row.frame.date, row.frame.event
        found = self._events(date).get(name)
        if found is None and time.monotonic() - self._read[date][0] > RECENT:
            del self._read[date]
            found = self._events(date).get(name)
        return found

    def camera(self, row: Row) -> str:
        """Return the camera that a row comes from, empty when that is not known."""
        event = self.event(row)
        return event.camera if event else ""

    def cameras(self, dates: Iterable[str]) -> list[str]:
        """Return all cameras of some days."""
        return sorted({event.camera for date in set(dates) for event in self._events(date).values()})

    def _events(self, date: str) -> dict[str, Event]:
        if date not in self._read:
            try:
                events = {event.event: event for event in self.datasink.events(date)}
            except DeepthinkError:
                events = {}
            self._read[date] = time.monotonic(), events
        return self._read[date][1]
