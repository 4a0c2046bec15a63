"""How often residents are missed and strangers are named, counted by event.

An event is asked once for each resident who is in it (mated) and once when a stranger is (non-mated). FNIR is the share
of the first that were not answered with their person, FPIR the share of the second answered with anyone (ISO/IEC
19795-1:2021). A face that was never found counts as missed: the user does not care at which step.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from deepthink.records import UNKNOWN, Box, FrameKey


class Score(NamedTuple):
    """One person that was seen in an event, before the decision."""

    nearest: str
    distance: float  # to the nearest person's baseline
    margin: float = math.inf  # distance less threshold; infinite when quality or classifier refuse any name


class Look(NamedTuple):
    """One face of an event, answered on its own."""

    frame: FrameKey
    box: Box
    answer: str  # a name or "Unknown"


@dataclass(frozen=True)
class Asked:
    """One event that was asked: who is really in it, and who was answered."""

    event: str  # "date|event"
    camera: str
    residents: frozenset[str]  # enrolled people who are in it
    strangers: int  # people in it who are not enrolled
    named: frozenset[str]  # the names that were answered
    faces: int  # how many faces were found
    scores: tuple[Score, ...] = ()  # of each person that was seen
    hour: int | None = None  # of the day, 0 to 23, at the camera
    looks: tuple[Look, ...] = ()
    apart: Mapping[str, float] = field(default_factory=dict)  # distance to everyone's baseline, where one face was seen

    @property
    def alone(self) -> str:
        """Who is in it, "Unknown" for a stranger; empty when nobody or more than one is."""
        if len(self.residents) + self.strangers != 1:
            return ""
        return next(iter(self.residents), UNKNOWN)


@dataclass(frozen=True)
class Rate:
    """A share with its counts and its 95 % interval: exact (Clopper and Pearson 1934), or by the rule of three.

    Where nothing went wrong in n, the truth is below 3/n, 95 times of 100 (Hanley and Lippman-Hand 1983).
    """

    count: int
    total: int

    @property
    def value(self) -> float:
        """The share, 0 to 1; 0 when nothing was asked."""
        return self.count / self.total if self.total else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Between which the true share lies, 95 times of 100; nothing wrong in 100 still allows 3 %."""
        if not self.count:
            return 0.0, min(1.0, 3 / self.total) if self.total else 1.0
        from scipy.stats import binomtest

        low, high = binomtest(self.count, self.total).proportion_ci(0.95, method="exact")
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({self.count} of {self.total}; 95 %: {100 * low:.1f} to {100 * high:.1f} %)"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"count": self.count, "total": self.total, "rate": self.value, "interval": list(self.interval)}


@dataclass(frozen=True)
class Metrics:
    """What the asked events showed."""

    missed: Rate  # FNIR
    named: Rate  # FPIR
    mistaken: Rate  # residents' events answered with another person who is not in them
    not_found: int  # residents' events in which no face was found (failure to enrol, in the field's words to acquire)
    per_person: dict[str, Rate]  # FNIR of each

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for the verdict."""
        return {
            "fnir": self.missed.as_dict(),
            "fpir": self.named.as_dict(),
            "mistaken": self.mistaken.as_dict(),
            "no_face_found": self.not_found,
            "fnir_per_person": {person: rate.as_dict() for person, rate in self.per_person.items()},
        }


def measure(asked: Iterable[Asked]) -> Metrics:
    """Count the errors.

    Examples
    --------
    >>> right = Asked("d|1", "c", frozenset({"ann"}), 0, frozenset({"ann"}), 1)
    >>> wrong = Asked("d|2", "c", frozenset(), 1, frozenset({"ann"}), 1)
    >>> found = measure([right, wrong])
    >>> found.missed.value, found.named.value
    (0.0, 1.0)
    """
    events = list(asked)
    mated = [(person, event) for event in events for person in sorted(event.residents)]
    nonmated = [event for event in events if event.strangers]
    people = sorted({person for person, _ in mated})
    return Metrics(
        missed=_rate([person not in event.named for person, event in mated]),
        named=_rate([bool(event.named - event.residents) for event in nonmated]),
        mistaken=_rate([bool(event.named - event.residents) for _, event in mated if not event.strangers]),
        not_found=sum(event.faces == 0 for _, event in mated),
        per_person={p: _rate([p not in event.named for person, event in mated if person == p]) for p in people},
    )


def _rate(wrong: Sequence[bool]) -> Rate:
    return Rate(sum(wrong), len(wrong))


def single_answers(asked: Iterable[Asked]) -> tuple[list[str], list[str]]:
    """Return truth and answer of the events with one person in them, for a classification report."""
    truth, answer = [], []
    for event in asked:
        own = event.alone
        if not own:
            continue
        truth.append(own)
        answer.append(own if own in event.named else min(event.named, default=UNKNOWN))
    return truth, answer
