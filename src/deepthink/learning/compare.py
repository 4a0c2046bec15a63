"""Whether what was seen lately differs from a reference: by how much, and whether that can be chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

LEAST_OF_A_DAY = 5  # events, for a day to be compared with the others


@dataclass(frozen=True)
class Point:
    """One event's number."""

    date: str
    value: float  # larger is worse
    shown: float  # as people are told it
    face: str = ""  # that shows it: facedata's key
    tells: float = 0.0  # how well it does; more is better


def superiority(reference: Sequence[float], now: Sequence[float]) -> float:
    """Return in what share of all pairs the number of now is the larger one; 0.5 when nothing has changed.

    It has no unit and asks nothing of how the numbers are spread; one that is as large counts for a half.

    Examples
    --------
    >>> superiority([1, 2], [2, 3])
    0.875
    """
    from scipy.stats import rankdata

    if not reference or not now:
        return 0.5
    ranks = rankdata(np.concatenate([now, reference]))[: len(now)]
    return float((ranks.sum() - len(now) * (len(now) + 1) / 2) / (len(now) * len(reference)))


def chance(reference: Sequence[float], now: Sequence[float], both_ways: bool = False) -> float:
    """Return the probability that chance alone makes such a difference, or a larger one.

    Numbers that are yes or no are compared by Fisher's exact test, others by that of Mann and Whitney.

    Examples
    --------
    >>> round(chance([0, 0, 0, 0], [1, 1, 1, 1]), 4)
    0.0143
    """
    from scipy.stats import fisher_exact, mannwhitneyu

    way = "two-sided" if both_ways else "greater"
    if len({*reference, *now}) < 2:
        return 1.0
    if {*reference, *now} <= {0.0, 1.0}:
        table = [[sum(own), len(own) - sum(own)] for own in (now, reference)]
        return float(fisher_exact(table, alternative=way).pvalue)
    return float(mannwhitneyu(now, reference, alternative=way, method="asymptotic").pvalue)


def unevenness(reference: Sequence[Point]) -> float:
    """Return how far the day that differs most from the others does so, as `superiority` less a half, either way.

    Days differ by themselves, by weather and by who is at home, and the events of one day are not independent of each
    other. What no test of events knows of is measured where nothing has changed, less what chance alone would give.
    """
    found = [0.0]
    for day in {point.date for point in reference}:
        own = [point.value for point in reference if point.date == day]
        others = [point.value for point in reference if point.date != day]
        if min(len(own), len(others)) >= LEAST_OF_A_DAY:
            deviation = math.sqrt((len(reference) + 1) / (12 * len(own) * len(others)))
            found.append(abs(superiority(others, own) - 0.5) - deviation)
    return max(found)


def corrected(chances: Sequence[float]) -> list[float]:
    """Correct probabilities for how many comparisons were made (Holm 1979).

    Examples
    --------
    >>> corrected([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.04]
    """
    order = sorted(range(len(chances)), key=lambda at: chances[at])
    raised = [min(1.0, chances[at] * (len(chances) - place)) for place, at in enumerate(order)]
    highest = itertools.accumulate(raised, max)
    return [p for _, p in sorted(zip(order, highest, strict=True))]


def beginning(reference: Iterable[Point], now: Sequence[Point]) -> str:
    """Return the day with which a change most probably began: the likeliest one at which a mean jumps to stay.

    Examples
    --------
    >>> days = [Point(f"2026-03-0{day}", value, value) for day, value in enumerate([0, 1, 1, 0, 6, 7, 6], 1)]
    >>> beginning(days[:3], days[3:])
    '2026-03-05'
    """
    before = float(np.mean([point.value for point in reference]))
    up = np.sign(float(np.mean([point.value for point in now])) - before)
    days, gains = sorted({point.date for point in now}), []
    for day in days:
        since = [up * (point.value - before) for point in now if point.date >= day]
        gains.append(max(0.0, sum(since)) ** 2 / len(since))
    return days[int(np.argmax(gains))]
