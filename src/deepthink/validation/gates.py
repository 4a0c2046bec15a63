"""The questions a version must pass, each with one limit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deepthink.validation.metrics import Metrics, Rate


@dataclass(frozen=True)
class Limits:
    """Where the gates stand."""

    max_fnir: float = 0.10
    max_fpir: float = 0.05
    min_mated: int = 5
    min_nonmated: int = 5
    max_mistaken: float = 0.05


@dataclass(frozen=True)
class Gate:
    """One question, its limit, and the answer."""

    name: str
    question: str
    limit: str
    found: str
    passed: bool
    asks: bool = False  # when it is not passed a person is to look, and nothing is proven wrong


def judge(metrics: Metrics, limits: Limits) -> list[Gate]:
    """Ask every question.

    Examples
    --------
    >>> clean = Metrics(Rate(0, 40), Rate(0, 40), Rate(0, 40), 0, {})
    >>> [gate.passed for gate in judge(clean, Limits())]
    [True, True, True, True]
    """
    return [
        _at_most("FNIR", "Are residents recognised?", metrics.missed, limits.max_fnir),
        _at_most("FPIR", "Do strangers stay strangers?", metrics.named, limits.max_fpir),
        _at_most("residents", "Is nobody called by another's name?", metrics.mistaken, limits.max_mistaken),
        _enough(metrics, limits),
    ]


def outcome(gates: Iterable[Gate]) -> str:
    """Return pass, fail, or needs a person: when all that is open is a question that a person can answer.

    Examples
    --------
    >>> outcome([Gate("events", "Enough?", "5", "2", False, asks=True)])
    'needs a person'
    """
    open_gates = [gate for gate in gates if not gate.passed]
    if not open_gates:
        return "pass"
    return "needs a person" if all(gate.asks for gate in open_gates) else "fail"


def _at_most(name: str, question: str, rate: Rate, limit: float) -> Gate:
    return Gate(name, question, f"at most {100 * limit:g} %", str(rate), rate.value <= limit)


def _enough(metrics: Metrics, limits: Limits) -> Gate:
    mated, nonmated = metrics.missed.total, metrics.named.total
    passed = mated >= limits.min_mated and nonmated >= limits.min_nonmated
    limit = f"{limits.min_mated} of residents, {limits.min_nonmated} of strangers"
    return Gate("events", "Were enough events asked to know?", limit, f"{mated} and {nonmated}", passed, asks=True)
