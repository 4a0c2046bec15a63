"""Words that all pages share: names as people see them, and how long ago something was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.curation.people import People


def shown_name(facelist: Path) -> Callable[[str], str]:
    """Return what gives a person's name as people see it; the file of names is read again when it has changed."""
    people = People(facelist)
    kept: dict[str, Any] = {"stamp": None, "names": {}}

    def shown(name: str) -> str:
        stamp = people.path.stat().st_mtime_ns if people.path.exists() else None
        if stamp != kept["stamp"]:
            kept.update(stamp=stamp, names=people.all())
        return str(kept["names"].get(name, name))

    return shown


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
