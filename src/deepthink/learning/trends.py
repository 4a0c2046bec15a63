"""What recognition has done day by day, how right it was week by week, and where it has changed: plain records."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deepthink.files import write_json

FILE = "trends.json"


@dataclass(frozen=True)
class Day:
    """One camera on one day."""

    date: str
    camera: str
    events: int  # in which faces were answered
    named: int  # of them with a name
    unknown: int  # of them with somebody unknown; an event can be both


@dataclass(frozen=True)
class PersonDay:
    """One person on one day."""

    date: str
    person: str
    events: int


@dataclass(frozen=True)
class Share:
    """A measured error rate, with its exact 95 % interval (Clopper-Pearson)."""

    errors: int
    asked: int
    low: float
    high: float

    @property
    def rate(self) -> float | None:
        """Errors by asked, 0 to 1; None when nothing was asked."""
        return self.errors / self.asked if self.asked else None


@dataclass(frozen=True)
class Week:
    """How right recognition was in one week, by what people have said of its answers since; counted by event."""

    week: str  # ISO, 2026-W10
    fnir: Share  # residents' events not answered with their name
    fpir: Share  # strangers' events given a name


@dataclass(frozen=True)
class Alarm:
    """Something that has changed beyond chance since the first days of the version in production."""

    key: str  # the same as long as it is the same change
    kind: str  # distances, unknown, quality
    where: str  # the camera's or the person's name
    person: bool  # whether `where` is a person
    says: str  # a sentence with its figures, and what to do
    p: float  # after correction for the number of looks
    since: str  # date
    faces: tuple[str, ...] = ()  # that show it: "date|event|time|(x1,y1,x2,y2)", time as in facedata's keys
    rose: bool = True  # whether what is counted rose; of unknown faces a fall is news too


@dataclass(frozen=True)
class Trends:
    """All of it, of a site, at a moment."""

    when: str
    version: str  # whose first days are compared with; empty: none
    days: tuple[Day, ...] = ()
    people: tuple[PersonDay, ...] = ()
    weeks: tuple[Week, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    looks: int = 0  # how many comparisons were made
    unlooked: str = ""  # why none was, in a sentence


def write_trends(folder: Path, trends: Trends) -> None:
    """Keep trends in a folder."""
    write_json(folder / FILE, asdict(trends))


def read_trends(folder: Path) -> Trends | None:
    """Return what was kept; None when there is nothing, or nothing that can be read."""
    try:
        kept: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        weeks = [Week(one["week"], Share(**one["fnir"]), Share(**one["fpir"])) for one in kept.pop("weeks")]
        alarms = [Alarm(**{**one, "faces": tuple(one["faces"])}) for one in kept.pop("alarms")]
        days = tuple(Day(**one) for one in kept.pop("days"))
        people = tuple(PersonDay(**one) for one in kept.pop("people"))
        return Trends(days=days, people=people, weeks=tuple(weeks), alarms=tuple(alarms), **kept)
    except (OSError, ValueError, TypeError, KeyError):
        return None
