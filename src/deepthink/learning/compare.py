"""Whether what was seen lately differs from a reference: by how much, and whether that can be chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

USUAL_SPREAD, USUAL_DAYS = 0.04, 6  # how days differ, in ranks from 0 to 1, and how many days' worth that is believed


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


def chance_of_events(reference: Sequence[float], now: Sequence[float], both_ways: bool = False) -> float:
    """Return the probability that events which know nothing of each other make such a difference, by chance alone.

    Numbers that are yes or no are compared by Fisher's exact test, others by that of Mann and Whitney.

    Examples
    --------
    >>> round(chance_of_events([0, 0, 0, 0], [1, 1, 1, 1]), 4)
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


def chance_of_days(before: Sequence[Point], now: Sequence[Point], both_ways: bool = False) -> float:
    """Return the probability that days which differ as these do, by chance alone, make such a difference.

    The events of a day share its weather and its visitors: a hundred of one day are not a hundred witnesses, and a test
    of events alone would find every sunny week. Ranks are compared by a t statistic whose variance has a part of the
    days and a part of the events; as long as there are few days, their part is drawn towards what cameras usually show.
    """
    from scipy.stats import rankdata, t

    ranks = (rankdata([point.value for point in (*before, *now)]) - 0.5) / (len(before) + len(now))
    groups = [_by_day(side, own) for side, own in ((before, ranks[: len(before)]), (now, ranks[len(before) :]))]
    days = sum(len(side) for side in groups) - 2
    spread, events = _variances(groups, days)
    spread = (USUAL_DAYS * USUAL_SPREAD**2 + days * spread) / (USUAL_DAYS + days)
    sizes = [np.array([len(day) for day in side]) for side in groups]
    variance = sum(spread * (n**2).sum() / n.sum() ** 2 + events / n.sum() for n in sizes)
    beyond = (ranks[len(before) :].mean() - ranks[: len(before)].mean()) / math.sqrt(variance)
    return float(2 * t.sf(abs(beyond), USUAL_DAYS + days) if both_ways else t.sf(beyond, USUAL_DAYS + days))


def _by_day(points: Sequence[Point], ranks: np.ndarray) -> list[np.ndarray]:
    days = np.array([point.date for point in points])
    return [ranks[days == day] for day in np.unique(days)]


def _variances(groups: Sequence[Sequence[np.ndarray]], days: int) -> tuple[float, float]:
    """Return the variance between the days of a side, and that between the events of a day (one-way ANOVA)."""
    everything = [np.concatenate(side) for side in groups]
    total = sum(len(own) for own in everything)
    within = sum(((day - day.mean()) ** 2).sum() for side in groups for day in side)
    among = sum(
        len(day) * (day.mean() - own.mean()) ** 2 for side, own in zip(groups, everything, strict=True) for day in side
    )
    events = within / (total - days - 2) if total > days + 2 else 1 / 12
    if not days:
        return 0.0, float(events)
    usual = (
        total - sum(sum(len(day) ** 2 for day in side) / len(own) for side, own in zip(groups, everything, strict=True))
    ) / days
    return max(0.0, float((among / days - events) / usual)), float(events)


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


def beginning(reference: Iterable[Point], now: Sequence[Point], rose: bool = True) -> str:
    """Return the day with which a change most probably began: the likeliest one at which a mean jumps to stay.

    Examples
    --------
    >>> days = [Point(f"2026-03-0{day}", value, value) for day, value in enumerate([0, 1, 1, 0, 6, 7, 6], 1)]
    >>> beginning(days[:3], days[3:])
    '2026-03-05'
    """
    before = float(np.mean([point.value for point in reference]))
    days, gains = sorted({point.date for point in now}), []
    for day in days:
        since = [(1 if rose else -1) * (point.value - before) for point in now if point.date >= day]
        gains.append(max(0.0, sum(since)) ** 2 / len(since))
    return days[int(np.argmax(gains))]
