"""The main job: film a site of drawn people, walk the road, film a new day, and let the deployed version answer it."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from deepthink.files import locked, write_json
from deepthink.flow import pipeline
from deepthink.flow.collect import sweep_site
from deepthink.flow.journal import Journal
from deepthink.flow.look import look
from deepthink.flow.wiring import Site
from deepthink.settings import load
from deepthink.simulate.plan import drawn_plan, simulate
from deepthink.simulate.reviewer import review_by_truth
from deepthink.simulate.summary import summarise

SUMMARY = "summary.json"


def run_demo(folder: Path, seed: int, residents: int, watch: pipeline.Watch) -> dict[str, Any]:
    """Walk the whole road with drawn people; a demo that was interrupted goes on, one that is over is not done again.

    Parameters
    ----------
    folder : Path
        The site's folder; summary.json is written into it.
    seed, residents : int
        Who is drawn.
    watch : callable
        Given a step's name, returns a context that yields its progress callback.
    """
    began = time.monotonic()
    plan = drawn_plan(seed, residents)
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "demo", seconds=1):
        with watch("simulate") as update:
            simulate(folder, plan.only("enrol", "validate"), update)
        site = Site(load(folder))
        walk = _walk(site, watch)
        new_day(site, folder, plan, watch)
        seconds = round(time.monotonic() - began, 1)
        pictures = site.settings.path(site.settings.montages)
        summary = {**summarise(site, walk), "pictures": str(pictures), "seconds": seconds, "seed": seed}
        write_json(folder / SUMMARY, summary)
    return summary


def _walk(site: Site, watch: pipeline.Watch) -> pipeline.Walk:
    """Walk to the end; when a version of this demo is in production already, tell how it got there."""
    production = site.ledger.production()
    if production and Journal(site.training).unfinished() is None:
        done = [entry for entry in Journal(site.training).entries() if entry["version"] == production]
        figures = {entry["step"]: entry for entry in done}
        return pipeline.Walk(production, tuple(figures), "", figures)
    return pipeline.run(site, reviewer=_looking(watch), watch=watch)


def _looking(watch: pipeline.Watch) -> pipeline.Reviewer:
    """Return a reviewer who draws the contact sheets first, as a person would look at them."""

    def review(site: Site) -> dict[str, Any]:
        look(site, ["status:candidate"])
        return review_by_truth(site)

    return review


def new_day(site: Site, folder: Path, plan: Any, watch: pipeline.Watch) -> None:
    """Film a new day, let the deployed version answer it, and sweep it for the next review."""
    with watch("new day") as update:
        simulate(folder, plan.only("new"), update)
    for step in ("detect", "answer"):
        with watch(step) as update:
            pipeline.STEPS[step](pipeline.Context(site, "", update, None))
    with watch("sweep") as update:
        sweep_site(site, plan.dates("new"), update)
    look(site, ["status:candidate"])


def read_summary(folder: Path) -> dict[str, Any]:
    """Return the summary of a demo that is over."""
    content: dict[str, Any] = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    return content
