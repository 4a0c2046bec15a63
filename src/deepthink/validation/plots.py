"""The pictures of a verdict and of a training, as SVG text or Matplotlib figures."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from deepthink.model.learning import Known
from deepthink.validation.metrics import Asked, single_answers
from deepthink.validation.study import Point

RESIDENT, STRANGER, LINE = "#2a7f9e", "#d1495b", "#333333"
LEAST = 0.001  # what is drawn as nothing, a share or seconds, where a scale is logarithmic


def figure(width: float = 7.0, height: float = 3.4) -> Any:
    """Return a Matplotlib figure and axes that need no screen."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    return drawn, drawn.add_subplot()


def as_svg(drawn: Any) -> str:
    """Return a figure as an SVG element, the same bytes for the same figure."""
    import matplotlib

    text = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": "deepthink"}):
        drawn.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    content = text.getvalue()
    return content[content.index("<svg") :]


def distances(asked: Sequence[Asked], threshold: float) -> Any:
    """Draw how far residents and strangers lie from the nearest baseline, and where the threshold is."""
    own = [score.distance for event in asked if not event.strangers for score in event.scores]
    others = [score.distance for event in asked if not event.residents for score in event.scores]
    return histogram(own, others, threshold, "events")


def histogram(own: Sequence[float], others: Sequence[float], threshold: float, what: str) -> Any:
    """Draw two histograms of distances over one axis."""
    drawn, axes = figure()
    edges = np.linspace(0, max([1.0, *own, *others]), 41)
    axes.hist(own, edges, alpha=0.75, color=RESIDENT, label="residents")
    axes.hist(others, edges, alpha=0.75, color=STRANGER, label="strangers")
    axes.axvline(threshold, color=LINE, linestyle="--", label=f"threshold {threshold:.2f}")
    axes.set(xlabel="distance to the nearest baseline", ylabel=what)
    axes.legend(frameon=False)
    return drawn


def confusion(asked: Sequence[Asked]) -> Any:
    """Draw who was answered for whom, over the events with one person in them."""
    from sklearn.metrics import confusion_matrix

    truth, answer = single_answers(asked)
    names = sorted(set(truth) | set(answer))
    return confusion_matrix_figure(confusion_matrix(truth, answer, labels=names) if names else np.zeros((0, 0)), names)


def confusion_matrix_figure(counts: np.ndarray, names: Sequence[str]) -> Any:
    """Draw a confusion matrix, truth down and answers across."""
    side = min(11.0, 2.6 + 0.36 * len(names))
    drawn, axes = figure(side + 0.8, side)
    axes.imshow(counts, cmap="Blues")
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="answered", ylabel="really")
    for row, column in zip(*np.nonzero(counts), strict=True):
        ink = "white" if counts[row, column] > counts.max() / 2 else LINE
        axes.text(column, row, int(counts[row, column]), ha="center", va="center", fontsize=8, color=ink)
    return drawn


def trade_off(curve: Sequence[Point]) -> Any:
    """Draw FNIR against FPIR as all thresholds move together (the DET curve), with the operating point."""
    from matplotlib.ticker import FuncFormatter

    drawn, axes = figure()
    seen = lambda share: 100 * max(share, LEAST)  # no logarithm of nothing
    axes.plot([seen(point.fpir) for point in curve], [seen(point.fnir) for point in curve], color=RESIDENT)
    here = min(curve, key=lambda point: abs(point.shift))
    axes.plot([seen(here.fpir)], [seen(here.fnir)], "o", color=STRANGER, label="as it is now")
    for axis, named in ((axes.xaxis, "strangers' events named, %"), (axes.yaxis, "residents' events missed, %")):
        axis.set_label_text(named)
    axes.set(xscale="log", yscale="log", xlim=(70 * LEAST, 130), ylim=(70 * LEAST, 130))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return drawn


def grid_search(table: Sequence[dict[str, Any]], best: dict[str, Any]) -> Any:
    """Draw the accuracy of every candidate: gamma (or the linear kernel) down, C across."""
    return _candidates(table, best, "accuracy", lambda accuracy: f"{accuracy:.3f}", "viridis")


def grid_seconds(table: Sequence[dict[str, Any]], best: dict[str, Any]) -> Any:
    """Draw what every candidate took, its cell empty where that is not known; colours by the logarithm."""
    written = lambda seconds: f"{seconds:.2g}" if seconds < 100 else f"{seconds:.0f}"
    return _candidates(table, best, "seconds", written, "cividis", lambda values: np.log(np.maximum(values, LEAST)))


def _candidates(
    table: Sequence[dict[str, Any]],
    best: dict[str, Any],
    what: str,
    written: Callable[[float], str],
    colours: str,
    scale: Callable[[Any], Any] = lambda values: values,
) -> Any:
    rows = sorted({row.get("gamma", 0.0) for row in table})
    columns = sorted({row["C"] for row in table})
    values = np.full((len(rows), len(columns)), np.nan)
    for row in table:
        values[rows.index(row.get("gamma", 0.0)), columns.index(row["C"])] = row[what]
    drawn, axes = figure(1.4 + 0.8 * len(columns), 1.4 + 0.5 * len(rows))
    shades = scale(values)
    axes.imshow(shades, cmap=colours, aspect="auto")
    axes.set_xticks(range(len(columns)), [f"{c:g}" for c in columns])
    axes.set_yticks(range(len(rows)), [f"rbf, gamma {g:g}" if g else "linear" for g in rows])
    axes.set(xlabel="C")
    known = np.isfinite(values)
    middle = np.mean([shades[known].min(), shades[known].max()]) if known.any() else 0.0
    for row, column in zip(*np.nonzero(known), strict=True):
        ink = "white" if shades[row, column] <= middle else "black"  # where all are equal, all are dark
        axes.text(column, row, written(values[row, column]), ha="center", va="center", fontsize=8, color=ink)
    _frame(axes, rows.index(best.get("gamma", 0.0)), columns.index(best["C"]))
    return drawn


def _frame(axes: Any, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=STRANGER, linewidth=2.5))


def learning(curve: Sequence[Known]) -> Any:
    """Draw how many events of residents are missed, by how many each is known from, with every draw as a point."""
    drawn, axes = figure()
    sizes = [known.events for known in curve]
    shares = [[100 * missed / known.asked for missed in known.missed] for known in curve]
    axes.plot(sizes, [float(np.mean(each)) for each in shares], color=RESIDENT, marker="o")
    for size, each in zip(sizes, shares, strict=True):
        axes.plot([size] * len(each), each, ".", color=RESIDENT, alpha=0.4)
    axes.set(xscale="log", xlabel="events enrolled of each person", ylabel="events missed, %")
    axes.set_xticks(sizes, [f"{known.events}\n{known.people} people" for known in curve])
    axes.set_ylim(bottom=0)
    axes.minorticks_off()
    return drawn


def baselines(people: Sequence[str], centroids: np.ndarray) -> Any:
    """Draw how far the people's baselines lie from each other: the closest are those who may be confused."""
    away = np.linalg.norm(centroids[:, None] - centroids[None], axis=2)
    side = min(11.0, 2.6 + 0.36 * len(people))
    drawn, axes = figure(side + 1.4, side)
    shown = axes.imshow(away, cmap="magma")
    axes.set_xticks(range(len(people)), people, rotation=90)
    axes.set_yticks(range(len(people)), people)
    drawn.colorbar(shown, ax=axes, label="distance between baselines")
    return drawn
