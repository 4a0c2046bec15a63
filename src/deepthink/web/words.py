"""Words that all pages share: names as people see them, and how long ago something was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.curation.people import People
from deepthink.files import stamp


def shown_name(facelist: Path) -> Callable[[str], str]:
    """Return what gives a person's name as people see it; the file of names is read again when it has changed."""
    people = People(facelist)
    kept: dict[str, Any] = {"stamp": "", "names": {}}

    def shown(name: str) -> str:
        found = stamp(people.path)
        if found != kept["stamp"]:
            kept.update(stamp=found, names=people.all())
        return str(kept["names"].get(name, name))

    return shown


def moment(text: str) -> str:
    """Return a moment with its zone, this machine's where it has none, which a browser elsewhere cannot know.

    Examples
    --------
    >>> moment("2026-03-02T08:00:00")[:19], len(moment("2026-03-02T08:00:00")), moment("never")
    ('2026-03-02T08:00:00', 25, 'never')
    """
    try:
        return datetime.fromisoformat(text).astimezone().isoformat(timespec="seconds")
    except ValueError:
        return text


def ago(when: str, now: datetime | None = None) -> str:
    """Return how long ago something was.

    Examples
    --------
    >>> ago("2026-03-02T08:00:00", datetime(2026, 3, 2, 10, 30))
    '2 hours ago'
    """
    seconds = ((now or datetime.now()) - datetime.fromisoformat(when)).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'s' * (count != 1)} ago"
    return "just now"
