"""Who is really in each frame, where that is known: simulated sites. Only validation reads it, and only to measure."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deepthink.errors import BadInputError
from deepthink.records import Box


@dataclass(frozen=True)
class Presence:
    """Somebody in one frame."""

    date: str
    event: str
    time: datetime
    box: Box  # of the person, not of the face
    person: str
    resident: bool
    facing: bool  # towards the camera, so that the face can be seen


def read_truth(path: Path) -> Iterator[Presence]:
    """Read a truth file.

    Raises
    ------
    BadInputError
        It is absent, or a line of it is not what it should be.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for line, row in enumerate(csv.DictReader(file), 2):
                yield _presence(path, line, row)
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}") from None


def _presence(path: Path, line: int, row: dict[str, str]) -> Presence:
    try:
        box = Box(*(int(row[side]) for side in ("x1", "y1", "x2", "y2")))
        time = datetime.fromisoformat(row["timestamp"])
        return Presence(
            row["date"], row["event"], time, box, row["person"], row["resident"] == "1", row["facing"] == "1"
        )
    except (KeyError, ValueError, TypeError) as error:
        raise BadInputError(f"{path}:{line}: {error}") from None


def present(path: Path) -> dict[tuple[str, str], frozenset[str]]:
    """Return who shows their face in each event, by date and event; events without anyone are absent."""
    people: dict[tuple[str, str], set[str]] = {}
    for presence in read_truth(path):
        if presence.facing:
            people.setdefault((presence.date, presence.event), set()).add(presence.person)
    return {event: frozenset(names) for event, names in people.items()}
