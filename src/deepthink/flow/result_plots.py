"""The pictures of recognition results, as Matplotlib figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from deepthink.curation.results import Result, Rule, compared
from deepthink.records import UNKNOWN
from deepthink.validation.plots import LINE, RESIDENT, STRANGER

PALE = "#e0a458"
SMALL = {"marker": ".", "markersize": 4}
MOST_PEOPLE = 30  # of whom distances are drawn, those seen most


def spreads(results: Sequence[Result], rule: Rule) -> Any:
    """Draw how confidence, distance and margin are spread: of faces chosen, named and not chosen, and unknown."""
    drawn, panels = _panels(3)
    kinds = _kinds(results, rule)
    limits = {"probability": rule.probability, "distance": rule.distance, "margin": 0.0}
    for axes, (what, limit) in zip(panels, limits.items(), strict=True):
        values = [[getattr(one.label, what) for one in own] for own in kinds.values()]
        together = [limit, *(value for own in values for value in own)]
        edges = np.linspace(min(together), max(*together, min(together) + 0.1), 41)
        axes.hist(values, edges, stacked=True, color=[RESIDENT, PALE, STRANGER], label=list(kinds))
        axes.axvline(limit, color=LINE, linestyle="--", linewidth=1)
        axes.set(xlabel=what, yscale="symlog")
    panels[0].set_ylabel("faces")
    drawn.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    return drawn


def plane(results: Sequence[Result], rule: Rule) -> Any:
    """Draw every face by distance and confidence, with the corner that the rule chooses."""
    drawn, [axes] = _panels(1, 4.2)
    colours = (RESIDENT, PALE, STRANGER)
    for (kind, own), colour in zip(_kinds(results, rule).items(), colours, strict=True):
        at = np.array([[one.label.distance, one.label.probability] for one in own]).reshape(-1, 2)
        axes.plot(at[:, 0], at[:, 1], ".", color=colour, alpha=0.5, markersize=4, label=f"{kind}: {len(own)}")
    axes.plot([0, rule.distance, rule.distance], [rule.probability, rule.probability, 1.04], "--", color=LINE, lw=1)
    axes.set(xlabel="distance", ylabel="probability", xlim=(0, None), ylim=(-0.04, 1.04))
    axes.legend(frameon=False, loc="center right", markerscale=3)
    return drawn


def distances_by_person(results: Sequence[Result], rule: Rule) -> Any:
    """Draw how far each person's faces lie from their baseline: those seen most, the widest spread last."""
    people: dict[str, list[float]] = {}
    for one in compared(results):
        if one.label.name != UNKNOWN:
            people.setdefault(one.label.name, []).append(one.label.distance)
    most = sorted(people, key=lambda name: -len(people[name]))[:MOST_PEOPLE]
    names = sorted(most, key=lambda name: float(np.median(people[name])), reverse=True)
    drawn, [axes] = _panels(1, 1.2 + 0.26 * max(2, len(names)))
    if names:
        boxes = axes.boxplot(
            [people[name] for name in names],
            orientation="horizontal",
            patch_artist=True,
            widths=0.6,
            flierprops=SMALL,
            medianprops={"color": LINE},
        )
        for box in boxes["boxes"]:
            box.set(facecolor=RESIDENT, alpha=0.6)
        axes.set_yticklabels([f"{name} ({len(people[name])})" for name in names])
    axes.axvline(rule.distance, color=LINE, linestyle="--", linewidth=1)
    axes.set(xlabel="distance to the person's baseline", xlim=(0, None))
    return drawn


def _kinds(results: Sequence[Result], rule: Rule) -> dict[str, list[Result]]:
    kinds: dict[str, list[Result]] = {"chosen": [], "not chosen": [], "unknown": []}
    for one in compared(results):
        named = "chosen" if rule.admits(one.label) else "not chosen"
        kinds["unknown" if one.label.name == UNKNOWN else named].append(one)
    return kinds


def _panels(count: int, height: float = 3.2) -> tuple[Any, list[Any]]:
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(9.5 if count > 1 else 7.5, height), layout="constrained")
    return drawn, [drawn.add_subplot(1, count, place) for place in range(1, count + 1)]
