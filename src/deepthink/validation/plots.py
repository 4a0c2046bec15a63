"""The pictures of a verdict and of a training, as SVG text or Matplotlib figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from deepthink.validation.metrics import Asked, single_answers

RESIDENT, STRANGER, LINE = "#2a7f9e", "#d1495b", "#333333"


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
    own = [distance for event in asked if not event.strangers for _, distance in event.scores]
    others = [distance for event in asked if not event.residents for _, distance in event.scores]
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


def trade_off(asked: Sequence[Asked], threshold: float) -> Any:
    """Draw FNIR against FPIR as the threshold moves (the DET curve), with the operating point."""
    drawn, axes = figure()
    limits = np.linspace(0.05, 1.2, 231)
    curve = [_errors(asked, limit) for limit in limits]
    axes.plot([100 * fpir for fpir, _ in curve], [100 * fnir for _, fnir in curve], color=RESIDENT)
    fpir, fnir = _errors(asked, threshold)
    axes.plot([100 * fpir], [100 * fnir], "o", color=STRANGER, label="operating point (distance alone)")
    axes.set(xlabel="strangers' events named, %", ylabel="residents' events missed, %")
    axes.set(xlim=(-0.5, 20), ylim=(-0.5, 20))
    axes.legend(frameon=False)
    return drawn


def _errors(asked: Sequence[Asked], limit: float) -> tuple[float, float]:
    """Return FPIR and FNIR if the distance alone decided at `limit`."""
    alone = [event for event in asked if len(event.residents) == 1 and not event.strangers]
    others = [event for event in asked if event.strangers and not event.residents]
    missed = [not any(p in event.residents and d <= limit for p, d in event.scores) for event in alone]
    named = [any(d <= limit for _, d in event.scores) for event in others]
    return float(np.mean(named)) if named else 0.0, float(np.mean(missed)) if missed else 0.0


def grid_search(table: Sequence[dict[str, Any]], best: dict[str, Any]) -> Any:
    """Draw the accuracy of every candidate: gamma (or the linear kernel) down, C across."""
    rows = sorted({row.get("gamma", 0.0) for row in table})
    columns = sorted({row["C"] for row in table})
    scores = np.full((len(rows), len(columns)), np.nan)
    for row in table:
        scores[rows.index(row.get("gamma", 0.0)), columns.index(row["C"])] = row["accuracy"]
    drawn, axes = figure(1.4 + 0.8 * len(columns), 1.4 + 0.5 * len(rows))
    axes.imshow(scores, cmap="viridis", aspect="auto")
    axes.set_xticks(range(len(columns)), [f"{c:g}" for c in columns])
    axes.set_yticks(range(len(rows)), [f"rbf, gamma {g:g}" if g else "linear" for g in rows])
    axes.set(xlabel="C")
    for row, column in zip(*np.nonzero(np.isfinite(scores)), strict=True):
        ink = "white" if scores[row, column] < np.nanmean(scores) else "black"
        axes.text(column, row, f"{scores[row, column]:.3f}", ha="center", va="center", fontsize=8, color=ink)
    _frame(axes, rows.index(best.get("gamma", 0.0)), columns.index(best["C"]))
    return drawn


def _frame(axes: Any, row: int, column: int) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=STRANGER, linewidth=2.5))


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
