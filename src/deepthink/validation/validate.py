"""Turns answers to events that training never saw into a verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deepthink.files import write_json
from deepthink.validation.challenge import Challenge, challenge_gates
from deepthink.validation.gates import Gate, Limits, judge, outcome
from deepthink.validation.metrics import Asked, Metrics, Rate, measure, single_answers
from deepthink.validation.study import Study, study

NOBODY = Rate(0, 0)


@dataclass(frozen=True)
class Verdict:
    """The outcome of validation."""

    version: str
    passed: bool
    metrics: Metrics
    gates: tuple[Gate, ...]
    asked: tuple[Asked, ...]
    study: Study
    unenrolled: Rate = NOBODY  # people with accepted faces of whom none could be enrolled (failure to enrol)
    notes: tuple[str, ...] = ()  # on people who are hardly known yet
    challenge: Challenge | None = None  # beside the version in production, where there is one

    @property
    def outcome(self) -> str:
        """Pass, fail, or needs a person."""
        return outcome(self.gates)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what verdict.json holds."""
        return {
            "version": self.version,
            "passed": self.passed,
            "outcome": self.outcome,
            "events": len(self.asked),
            **self.metrics.as_dict(),
            "failure_to_enrol": self.unenrolled.as_dict(),
            **self.study.as_dict(),
            "notes": list(self.notes),
            "gates": [asdict(gate) for gate in self.gates],
            "classification_report": self.classification(),
            "production": self.challenge.as_dict() if self.challenge else None,
            "wrong": [_plain(event) for event in self.asked if is_wrong(event)],
        }

    def classification(self) -> dict[str, Any]:
        """Return precision, recall and counts per person over the events with one person in them."""
        from sklearn.metrics import classification_report

        truth, answer = single_answers(self.asked)
        if not truth:
            return {}
        return dict(classification_report(truth, answer, output_dict=True, zero_division=0))


def validate(
    version: str,
    asked: Sequence[Asked],
    limits: Limits,
    beside: Challenge | Gate | None = None,
    *,
    more: Sequence[Gate] = (),
    tags: Mapping[str, Sequence[str]] | None = None,
    unenrolled: Rate = NOBODY,
    notes: Sequence[str] = (),
) -> Verdict:
    """Judge a version by the events that were asked.

    Parameters
    ----------
    version : str
        Whose answers they are.
    asked : sequence of Asked
        Events that training never saw, with who is in them and what was answered.
    limits : Limits
        Where the gates stand.
    beside : Challenge or Gate, optional
        How it did beside the version in production, or why that could not be found out.
    more : sequence of Gate, optional
        Questions that the events do not answer.
    tags : mapping of str to sequence of str, optional
        Groups of people or of hours whose rates are wanted.
    unenrolled : Rate, optional
        People with accepted faces of whom none could be enrolled.
    notes : sequence of str, optional
        On people who are hardly known yet.
    """
    metrics = measure(asked)
    gates = (*judge(metrics, limits), *_beside(beside), *more)
    compared = beside if isinstance(beside, Challenge) else None
    passed = all(gate.passed for gate in gates)
    return Verdict(
        version, passed, metrics, gates, tuple(asked), study(asked, tags), unenrolled, tuple(notes), compared
    )


def _beside(found: Challenge | Gate | None) -> list[Gate]:
    if found is None:
        return []
    return challenge_gates(found) if isinstance(found, Challenge) else [found]


def write_verdict(path: Path, verdict: Verdict) -> None:
    """Write verdict.json."""
    write_json(path, verdict.as_dict())


def is_wrong(event: Asked) -> bool:
    """Whether someone was missed, or someone was named who is not there."""
    return bool(event.residents - event.named or event.named - event.residents)


def _plain(event: Asked) -> dict[str, Any]:
    return {
        "event": event.event,
        "camera": event.camera,
        "residents": sorted(event.residents),
        "strangers": event.strangers,
        "named": sorted(event.named),
        "faces": event.faces,
        "nearest": [{"person": score.nearest, "distance": round(score.distance, 4)} for score in event.scores],
    }
