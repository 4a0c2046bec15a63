"""What the service goes by: counted by a process of its own, which reads all lists and ends; kept in one small file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deepthink.files import write_json

FILE = "facts.json"


@dataclass(frozen=True)
class Facts:
    """A site, counted."""

    when: str = ""  # ISO, local; empty: never looked
    date: str = ""  # the day that "today" is
    digest: str = ""  # of all that training goes by: pipeline.curated
    trained: str = ""  # the same, of the last training
    to_review: int = 0
    selected: int = 0  # accepted faces that no embedding was made of yet
    people: int = 0
    new_people: tuple[str, ...] = ()  # who are not in the last training
    events_today: int = 0  # with faces
    named_today: int = 0
    unknown_today: int = 0
    unknown_last: str = ""  # ISO, local: when somebody unknown was seen last
    unknown_camera: str = ""
    unanswered: int = 0  # events that nobody has looked at yet
    production: str = ""
    since: str = ""
    alarms: tuple[str, ...] = ()  # keys of those that stand
    alarms_say: tuple[str, ...] = ()


def read_facts(folder: Path) -> Facts:
    """Return what was counted last; nothing where that cannot be read."""
    try:
        content: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        lists = {key: tuple(content[key]) for key in ("new_people", "alarms", "alarms_say")}
        return Facts(**{**content, **lists})
    except (OSError, ValueError, TypeError, KeyError):
        return Facts()


def keep_facts(folder: Path, facts: Facts) -> None:
    """Keep what was counted."""
    write_json(folder / FILE, asdict(facts))
