"""What the parts of the status page show: charts, tables and words made of a board."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from markupsafe import Markup

from deepthink.flow.doctor.finding import Harm
from deepthink.flow.pace import in_words
from deepthink.flow.runs import Ended
from deepthink.flow.status_board import Board
from deepthink.learning.trends import Share, Trends, Week
from deepthink.web.charts import Chart, Measured, Series, counts, rates, spark

DAYS, WEEKS, RECENT = 30, 16, 14
MOST = 20  # people, or cameras, in a table
FACES = 8  # of an alarm
OUTCOMES = {
    "deployed": ("good", "deployed"), "published": ("good", "published"), "waits": ("ask", "waits for you"),
    "failed": ("bad", "failed"), "nothing": ("soft", "nothing to do"),
}  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A camera or a person over the last days."""

    name: str
    events: int
    named: int
    unknown: int
    last: str  # day
    spark: Markup


def words(board: Board, shown: Callable[[str], str]) -> dict[str, Any]:
    """Return what the templates of the parts are rendered with."""
    trends = board.trends or Trends("", "")
    return {
        "board": board,
        "now": board.standing,
        "recognition": recognition(trends),
        "cameras": cameras(trends),
        "people": people(trends, shown),
        "accuracy": accuracy(trends.weeks, board.limits),
        "measured": any(week.fnir.asked or week.fpir.asked for week in trends.weeks),
        "faces": {alarm.key: [digest(face) for face in alarm.faces[:FACES]] for alarm in trends.alarms},
        "outcome": lambda run: OUTCOMES.get(run.outcome, ("soft", run.outcome)),
        "long": long, "left": in_words, "size": size, "percent": percent, "day": day,
        "energy": energy(board.runs),
        "findings": [one for one in board.looked.findings if one.harm != Harm.FINE],
        "troubles": troubles(board),
    }  # fmt: skip


def troubles(board: Board) -> dict[str, str]:
    """Return what the doctor has found of each machine that receives versions, where that is not fine."""
    found = {place.name: "" for place in board.places}
    for one in board.looked.findings:
        if one.where in found and one.harm in (Harm.HARMFUL, Harm.NOTICE) and one.name in ("reachable", "version"):
            found[one.where] = found[one.where] or one.found
    return found


def recognition(trends: Trends) -> Chart:
    """Draw the events of each day, with those in which somebody was named and somebody was unknown."""
    days = _days([one.date for one in trends.days], DAYS)
    sums = {one: [0, 0, 0] for one in days}
    for entry in trends.days:
        if entry.date in sums:
            had = sums[entry.date]
            sums[entry.date] = [had[0] + entry.events, had[1] + entry.named, had[2] + entry.unknown]
    series = [
        Series("with a name", "first", [sums[one][1] for one in days]),
        Series("with somebody unknown", "second", [sums[one][2] for one in days]),
        Series("in all", "line", [sums[one][0] for one in days]),
    ]
    return counts("chart-days", "Events with faces, day by day", [day(one) for one in days], series)


def cameras(trends: Trends) -> list[Line]:
    """Return each camera's last days, those that see most first."""
    days = _days([one.date for one in trends.days], RECENT)
    found = []
    for name in {one.camera for one in trends.days}:
        own = [one for one in trends.days if one.camera == name and one.date in days]
        by_day = [sum(one.events for one in own if one.date == when) for when in days]
        named, unknown = sum(one.named for one in own), sum(one.unknown for one in own)
        found.append(_shown(name, by_day, days, named, unknown))
    return sorted(found, key=lambda line: (-line.events, line.name))[:MOST]


def people(trends: Trends, shown: Callable[[str], str]) -> list[Line]:
    """Return each person's last days, those who are seen most first."""
    days = _days([one.date for one in trends.days] or [one.date for one in trends.people], RECENT)
    found = []
    for name in {one.person for one in trends.people}:
        own = {one.date: one.events for one in trends.people if one.person == name}
        found.append(_shown(shown(name), [own.get(when, 0) for when in days], days, last=max(own)))
    return sorted(found, key=lambda line: (-line.events, line.name))[:MOST]


def _shown(
    name: str, by_day: Sequence[int], days: Sequence[str], named: int = 0, unknown: int = 0, last: str = ""
) -> Line:
    seen = [when for when, events in zip(days, by_day, strict=True) if events]
    says = f"{sum(by_day)} events in {len(days)} days"
    return Line(name, sum(by_day), named, unknown, last or (seen[-1] if seen else ""), spark(by_day, says))


def accuracy(weeks: Sequence[Week], limits: tuple[float, float]) -> list[Chart]:
    """Draw both error rates week by week."""
    last = weeks[-WEEKS:]
    missed = [_measured(week.week, week.fnir) for week in last]
    mistaken = [_measured(week.week, week.fpir) for week in last]
    return [
        rates("chart-fnir", "Residents who were not named (FNIR)", missed, limits[0]),
        rates("chart-fpir", "Strangers who were given a name (FPIR)", mistaken, limits[1], "second"),
    ]


def _measured(week: str, share: Share) -> Measured:
    said = f"{share.errors} of {share.asked}"
    return Measured(week.partition("-")[2] or week, share.rate, share.low, share.high, said)


def energy(runs: Sequence[Ended]) -> str:
    """Return what a run takes in energy, of those that were measured."""
    found = [run.watt_hours for run in runs if run.watt_hours is not None]
    return f"{median(found):,.1f} Wh a run (median of {len(found)})" if found else "unknown"


def digest(face: str) -> str:
    """Return what stands for a face in an address: nothing of it can be a path."""
    return hashlib.blake2b(face.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def _days(dates: Sequence[str], most: int) -> list[str]:
    """Return the last days up to the latest of some, also those on which nothing was."""
    try:
        last = date.fromisoformat(max(dates))
        first = max(last - timedelta(days=most - 1), date.fromisoformat(min(dates)))
    except ValueError:
        return []
    return [(first + timedelta(days=at)).isoformat() for at in range((last - first).days + 1)]


def day(text: str) -> str:
    """Return a day, or a moment's day, as people write it.

    Examples
    --------
    >>> day("2026-03-02"), day("2026-03-02T08:00:00"), day("never")
    ('2 Mar', '2 Mar', 'never')
    """
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return text
    return f"{when.day} {when:%b}"


def long(seconds: float) -> str:
    """Return how long something took.

    Examples
    --------
    >>> long(42.3), long(380), long(7_500)
    ('42 s', '6 min', '2 h 5 min')
    """
    return f"{seconds:.0f} s" if seconds < 60 else in_words(seconds)


def size(count: int | None) -> str:
    """Return bytes as people read them; unknown where they are.

    Examples
    --------
    >>> size(512 * 10**6), size(1_234_000_000), size(None)
    ('510 MB', '1.2 GB', 'unknown')
    """
    if count is None:
        return "unknown"
    return f"{count / 1e9:,.1f} GB" if count >= 1e9 else f"{round(count / 1e7) * 10} MB"  # tens: it changes by itself


def percent(part: int, whole: int) -> int:
    """Return a share in percent."""
    return round(100 * part / whole) if whole else 0
