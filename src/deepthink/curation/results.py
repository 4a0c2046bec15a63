"""What recognition has said of a datasink's faces, and which of them a rule chooses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepthink.curation.facelist import Eyes, Listed, Row, Status
from deepthink.curation.sweep import object_number, read_label
from deepthink.datasink.base import RECOGNITIONS, Datasink, Event, Mark
from deepthink.datasink.labels import Label
from deepthink.records import UNKNOWN, Box, FrameKey

FAR = 9.0  # recognition says 9.999999 where it knows nobody
SHARES = {"least": 0, "5 %": 5, "25 %": 25, "median": 50, "75 %": 75, "95 %": 95, "most": 100}


@dataclass(frozen=True)
class Result:
    """What was said of one face."""

    frame: FrameKey
    box: Box
    objid: int
    camera: str
    label: Label

    @property
    def face(self) -> tuple[str, str]:
        """Which face it is, as `Listed.face` of the facelist."""
        return Listed.of(self.frame, self.box).face

    def as_row(self, status: Status = Status.CANDIDATE) -> Row:
        """Return it as a row of a facelist, as far as recognition knows it."""
        said = self.label
        numbers = said.probability, said.distance, said.margin
        return Row(self.frame, self.objid, status, said.name, *numbers, self.box, Eyes(), 0.0)


@dataclass(frozen=True)
class Rule:
    """Which faces are sure enough to be enrolled.

    Examples
    --------
    >>> Rule().admits(Label("Ann", 0.999, 0.4, -0.2, True, 1)), Rule().admits(Label("Ann", 0.999, 0.4, -0.2, False, 1))
    (True, False)
    """

    probability: float = 0.99  # more than
    distance: float = 0.65  # less than
    usable: bool = True  # or it does not matter

    def admits(self, label: Label) -> bool:
        """Whether a face is chosen; nobody's never is."""
        sure = label.probability > self.probability and label.distance < self.distance
        return sure and label.name != UNKNOWN and (label.usable or not self.usable)

    def __str__(self) -> str:
        quality = " and usable == 1" if self.usable else ""
        return f"proba > {self.probability:g}{quality} and distance < {self.distance:g}"


def read_results(
    datasink: Datasink, events: Iterable[Event], progress: Callable[[Event], None] = lambda event: None
) -> list[Result]:
    """Read the recognition results of events; a label that cannot be read is noted in the datasink's problems."""
    found = []
    for event in events:
        progress(event)
        for mark in datasink.marks(event, RECOGNITIONS) if RECOGNITIONS in event.types else ():
            label = read_label(datasink, event, mark)
            if label is not None:
                found.append(_result(event, mark, label))
    return found


def _result(event: Event, mark: Mark, label: Label) -> Result:
    return Result(FrameKey(event.date, event.event, mark.time), mark.box, object_number(mark), event.camera, label)


def as_columns(results: Sequence[Result], rule: Rule) -> dict[str, list[Any]]:
    """Return results as the columns of a table, under SentinelCam's names; `chosen` is what the rule says."""
    labels = [one.label for one in results]
    return {
        "date": [one.frame.date for one in results],
        "event": [one.frame.event for one in results],
        "timestamp": [one.frame.time for one in results],
        "camera": [one.camera for one in results],
        "name": [label.name for label in labels],
        "proba": [label.probability for label in labels],
        "distance": [label.distance for label in labels],
        "margin": [label.margin for label in labels],
        "usable": [int(label.usable) for label in labels],
        "chosen": [rule.admits(label) for label in labels],
    }


def compared(results: Sequence[Result]) -> list[Result]:
    """Return those of recognisers that knew somebody; the others' numbers say nothing."""
    return [one for one in results if one.label.distance < FAR]


def spread(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return how confidence, distance and margin are spread, for faces that got a name and for those that did not."""
    told = []
    for who, unknown in (("named", False), ("unknown", True)):
        own = [one.label for one in compared(results) if (one.label.name == UNKNOWN) == unknown]
        for what in ("probability", "distance", "margin") if own else ():
            values = np.percentile([getattr(label, what) for label in own], list(SHARES.values()))
            told.append(
                {"faces": who, "of": what, "count": len(own), **dict(zip(SHARES, values.tolist(), strict=True))}
            )
    return told


def by_person(results: Sequence[Result], rule: Rule) -> list[dict[str, Any]]:
    """Return what was said of each person, and how much of it the rule chooses; the most seen first."""
    people: dict[str, list[Result]] = {}
    for one in compared(results):
        people.setdefault(one.label.name, []).append(one)
    told = []
    for name, own in sorted(people.items(), key=lambda each: (-len(each[1]), each[0])):
        chosen = [one for one in own if rule.admits(one.label)]
        middle = np.median([[o.label.probability, o.label.distance, o.label.margin] for o in own], axis=0).tolist()
        told.append(
            {
                "name": name,
                "faces": len(own),
                "events": _events(own),
                "chosen": len(chosen),
                "of events": _events(chosen),
            }
            | dict(zip(("proba", "distance", "margin"), middle, strict=True))
        )
    return told


def _events(results: Iterable[Result]) -> int:
    return len({(one.frame.date, one.frame.event) for one in results})
