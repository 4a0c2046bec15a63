"""Turns answers to events that training never saw into a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deepthink.files import write_json
from deepthink.validation.challenge import Challenge, challenge_gates
from deepthink.validation.gates import Gate, Limits, judge, outcome
from deepthink.validation.metrics import Asked, Metrics, measure, single_answers


@dataclass(frozen=True)
class Verdict:
    """The outcome of validation."""

    version: str
    passed: bool
    metrics: Metrics
    gates: tuple[Gate, ...]
    asked: tuple[Asked, ...]
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


def validate(version: str, asked: Sequence[Asked], limits: Limits, beside: Challenge | None = None) -> Verdict:
    """Judge a version by the events that were asked.

    Parameters
    ----------
    version : str
        Whose answers they are.
    asked : sequence of Asked
        Events that training never saw, with who is in them and what was answered.
    limits : Limits
        Where the gates stand.
    beside : Challenge, optional
        How it did beside the version in production.
    """
    metrics = measure(asked)
    gates = (*judge(metrics, limits), *(challenge_gates(beside) if beside else ()))
    return Verdict(version, all(gate.passed for gate in gates), metrics, gates, tuple(asked), beside)


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
        "nearest": [{"person": person, "distance": round(distance, 4)} for person, distance in event.scores],
    }
