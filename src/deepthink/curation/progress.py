"""How far a review has come: what is left, how fast it goes, and what the next training would have of each person."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepthink.curation.facelist import Row
from deepthink.curation.history import Action
from deepthink.curation.lanes import NIGHT

ENOUGH = 5  # events; with fewer of them people are missed more often (docs/decisions/decision-rule.md)
TURNED = 0.35  # of a face: enough to be seen from the side
PAUSE = timedelta(minutes=3)  # between two actions: longer is a rest, which is not reckoned in


@dataclass(frozen=True)
class Standing:
    """What the next training would have of somebody."""

    person: str
    faces: int
    events: int
    days: int
    night: int  # faces
    side: int  # faces that are turned; those of which it is not known do not count

    @property
    def missing(self) -> int:
        """How many events more they should have."""
        return max(0, ENOUGH - self.events)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What they should have and have not, in words."""
        wanted = [f"{self.missing} more event{'s' * (self.missing > 1)}"] if self.missing else []
        wanted += ["other days"] if self.days < 2 else []
        wanted += ["night"] if not self.night else []
        return (*wanted, *(["side"] if not self.side else []))


def standing(person: str, faces: Iterable[tuple[Row, float]]) -> Standing:
    """Count somebody's enrolled faces, each with how far it is turned.

    Examples
    --------
    >>> standing("Ann", []).lacks
    ('5 more events', 'other days', 'night', 'side')
    """
    everything = list(faces)
    frames = [row.frame for row, _ in everything]
    return Standing(
        person,
        len(everything),
        len({(frame.date, frame.event) for frame in frames}),
        len({frame.date for frame in frames}),
        sum(frame.time.hour in NIGHT for frame in frames),
        sum(not math.isnan(turn) and turn > TURNED for _, turn in everything),
    )


@dataclass(frozen=True)
class Pace:
    """How much somebody has decided lately."""

    faces: int
    minutes: float

    @property
    def each_minute(self) -> float:
        """Faces a minute, pauses not reckoned in; 0 when nothing can be said yet."""
        return self.faces / self.minutes if self.minutes > 0 else 0.0


def pace(actions: Iterable[Action], who: str, now: datetime) -> Pace:
    """Reckon somebody's pace from the actions of their last hour.

    Examples
    --------
    >>> at = lambda minute: Action(1, "accept", "ann", f"2026-03-02T08:{minute:02d}:00", {1: (0, "", "")}, {})
    >>> pace([at(0), at(1), at(2), at(30)], "ann", datetime(2026, 3, 2, 8, 40)).each_minute
    1.0
    """
    times: list[tuple[datetime, int]] = []
    for action in reversed(list(actions)):
        when = datetime.fromisoformat(action.when)
        if now - when > timedelta(hours=1):
            break
        if action.who == who and action.takes_back is None:
            times.append((when, len(action.before) or len(action.said.get("rows", []))))
    times.reverse()
    steps = [(later - earlier, faces) for (earlier, _), (later, faces) in itertools.pairwise(times)]
    walked = [(gap, faces) for gap, faces in steps if gap <= PAUSE]
    minutes = sum((gap for gap, _ in walked), timedelta()).total_seconds() / 60
    return Pace(sum(faces for _, faces in walked), minutes)
