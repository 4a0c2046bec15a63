"""Plots as SVG, drawn here: no library, no script and no style of their own, and each has a table beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

WIDTH, HEIGHT = 360, 170  # of the drawing's own units: a phone's width, so that letters are never small
LEFT, RIGHT, TOP, BOTTOM = 34, 352, 12, 144
Row = tuple[str, ...]


@dataclass(frozen=True)
class Series:
    """Values of one kind, one for each place on the axis."""

    name: str
    kind: str  # first and second are bars, line is a line: the class of the marks, which gives them their colours
    values: Sequence[int]


@dataclass(frozen=True)
class Measured:
    """A rate with its interval; None where nothing was measured."""

    label: str
    rate: float | None
    low: float = 0.0
    high: float = 1.0
    says: str = ""  # 2 of 31


@dataclass(frozen=True)
class Chart:
    """A drawing, what it says in words, and the same as a table."""

    id: str
    title: str
    says: str
    svg: Markup
    head: Row
    rows: tuple[Row, ...]
    key: tuple[tuple[str, str, str], ...] = ()  # of each mark: its form (bar, line, dot), its class, its name


def counts(id: str, title: str, labels: Sequence[str], series: Sequence[Series]) -> Chart:
    """Draw how many of several kinds there were in each place: bars beside each other, and a line.

    Examples
    --------
    >>> chart = counts("c", "Events", ["2 Mar", "3 Mar"], [Series("named", "first", [3, 1])])
    >>> chart.says, chart.rows
    ('2 Mar to 3 Mar: 4 named', (('2 Mar', '3'), ('3 Mar', '1')))
    """
    top = nice(max((max(one.values, default=0) for one in series), default=0))
    scale = _Scale(len(labels), top)
    parts = [*_grid(scale, [f"{step:,g}" for step in _steps(top)]), *_labels(scale, labels)]
    bars = [one for one in series if one.kind != "line"]
    for number, one in enumerate(bars):
        parts += _bars(scale, labels, one, number, len(bars))
    parts += [_line(scale, one) for one in series if one.kind == "line" and labels]
    total = ", ".join(f"{sum(one.values):,} {one.name}" for one in series)
    says = f"{labels[0]} to {labels[-1]}: {total}" if labels else "Nothing yet"
    rows = tuple((label, *(f"{one.values[at]:,}" for one in series)) for at, label in enumerate(labels))
    key = tuple(("line" if one.kind == "line" else "bar", one.kind, one.name) for one in series)
    return Chart(id, title, says, _drawing(id, title, says, parts), ("", *(one.name for one in series)), rows, key)


def rates(id: str, title: str, points: Sequence[Measured], limit: float, kind: str = "first") -> Chart:
    """Draw rates, each with the interval in which the true one lies, and what is allowed as a dashed line."""
    top = nice_share(max([limit, *((one.rate or 0) for one in points), *(_shown_high(one) for one in points)]))
    scale = _Scale(len(points), top)
    parts = [*_grid(scale, [f"{step:.0%}" for step in _steps(top)]), *_labels(scale, [one.label for one in points])]
    level = scale.y(limit)
    parts.append(f'<line class="limit" x1="{LEFT}" x2="{RIGHT}" y1="{level:.1f}" y2="{level:.1f}"/>')
    parts += [mark for at, one in enumerate(points) for mark in _interval(scale, at, one, kind)]
    known = [one for one in points if one.rate is not None]
    last = f"{known[-1].label}: {_range(known[-1])}" if known else "Nothing has been measured yet"
    says = f"{last}; allowed {limit:.0%}"
    rows = tuple((one.label, f"{one.rate:.1%}", f"{one.low:.1%} to {one.high:.1%}", one.says) for one in known)
    head = ("week", "rate", "95 % interval", "events")
    key = (("dot", kind, "rate, and where it lies with 95 % certainty"), ("line", "limit", f"allowed: {limit:.0%}"))
    return Chart(id, title, says, _drawing(id, title, says, parts), head, rows, key)


def spark(values: Sequence[int], says: str) -> Markup:
    """Draw a row of small bars, to stand in a line of a table; what it says stands there in words too."""
    wide, high, top = 4, 24, max([1, *values])
    bars = "".join(
        f'<rect class="first" x="{at * wide}" width="{wide - 1}" y="{high - tall:.1f}" height="{tall:.1f}"/>'
        for at, value in enumerate(values)
        if (tall := (high - 1) * value / top + (1 if value else 0))
    )
    across = max(1, len(values)) * wide
    return Markup(
        f'<svg class="spark" viewBox="0 0 {across} {high}" width="{across}" height="{high}" role="img" '
        f'aria-label="{escape(says)}"><path class="ground" d="M0 {high - 0.5}H{across}"/>{bars}</svg>'
    )


def nice(most: float) -> int:
    """Return where an axis of counts may end: an even number that is easy to read.

    Examples
    --------
    >>> nice(0), nice(3), nice(9), nice(23), nice(140)
    (4, 4, 10, 40, 200)
    """
    if most <= 4:
        return 4
    power = 10 ** math.floor(math.log10(most))
    return int(next(step * power for step in (1, 2, 4, 6, 10) if step * power >= most))


def nice_share(most: float) -> float:
    """Return where an axis of shares may end: 0.1, 0.2, 0.4, 0.6 or 1."""
    return next(step for step in (0.1, 0.2, 0.4, 0.6, 1.0) if step >= min(most, 1.0) - 1e-9)


class _Scale:
    """Where places and values lie."""

    def __init__(self, places: int, top: float) -> None:
        self.wide, self.top = (RIGHT - LEFT) / max(places, 1), top

    def x(self, place: float) -> float:
        return LEFT + self.wide * (place + 0.5)

    def y(self, value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * min(value / self.top, 1.0)


def _steps(top: float) -> list[float]:
    return [0, top / 2, top]


def _grid(scale: _Scale, words: Sequence[str]) -> Iterator[str]:
    for value, word in zip(_steps(scale.top), words, strict=True):
        y = scale.y(value)
        yield f'<line class="{"ground" if not value else "grid"}" x1="{LEFT}" x2="{RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 5}" y="{y + 4:.1f}" text-anchor="end">{word}</text>'


def _labels(scale: _Scale, labels: Sequence[str]) -> Iterator[str]:
    """Yield the first label, the last, and one between them where there is room."""
    last = len(labels) - 1
    for at in sorted({0, last // 2, last}) if last > 3 else range(last + 1):
        anchor = "middle" if last <= 3 or 0 < at < last else "start" if at == 0 else "end"
        x = scale.x(at) if anchor == "middle" else LEFT if at == 0 else RIGHT
        yield f'<text x="{x:.1f}" y="{BOTTOM + 17}" text-anchor="{anchor}">{escape(labels[at])}</text>'


def _bars(scale: _Scale, labels: Sequence[str], one: Series, number: int, several: int) -> Iterator[str]:
    wide = min(scale.wide * 0.78, 44) / several
    for at, value in enumerate(one.values):
        if value:
            x, y = scale.x(at) + (number - several / 2) * wide, scale.y(value)
            says = f"<title>{escape(labels[at])}: {value:,} {escape(one.name)}</title>"
            box = f'x="{x:.1f}" y="{y:.1f}" width="{max(wide - 0.8, 1):.1f}" height="{BOTTOM - y:.1f}"'
            yield f'<rect class="{one.kind}" {box}>{says}</rect>'


def _line(scale: _Scale, one: Series) -> str:
    points = " ".join(f"{scale.x(at):.1f},{scale.y(value):.1f}" for at, value in enumerate(one.values))
    return f'<polyline class="line" points="{points}"/>'


def _interval(scale: _Scale, at: int, one: Measured, kind: str) -> Iterator[str]:
    if one.rate is None:
        return
    x, half = scale.x(at), min(5.0, scale.wide / 3)
    high, low, y = scale.y(one.high), scale.y(one.low), scale.y(one.rate)
    ends = f"M{x - half:.1f} {low:.1f}h{2 * half:.1f}M{x:.1f} {low:.1f}V{high:.1f}"
    cap = f"M{x - half:.1f} {high:.1f}h{2 * half:.1f}" if one.high <= scale.top else ""  # else it goes on above
    yield f'<path class="range {kind}" d="{ends}{cap}"/>'
    says = f"<title>{escape(one.label)}: {_range(one)}</title>"
    yield f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5">{says}</circle>'


def _range(one: Measured) -> str:
    return f"{one.rate or 0:.1%} ({one.low:.1%} to {one.high:.1%})"


def _shown_high(one: Measured) -> float:
    """Return how high an interval is drawn: a week of few events must not flatten all others."""
    return 0.0 if one.rate is None else min(one.high, max(4 * one.rate, 0.4))


def _drawing(id: str, title: str, says: str, parts: Iterable[str]) -> Markup:
    named = f'<title id="{id}-title">{escape(title)}</title><desc id="{id}-says">{escape(says)}</desc>'
    return Markup(
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="{id}-title {id}-says">'
        f"{named}{''.join(parts)}</svg>"
    )
