"""What the review notebook shows and does: a site's recognition results, their faces, and their enrolment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from deepthink.curation.enrol import Enrolment, enrol
from deepthink.curation.facelist import Facelist, Status
from deepthink.curation.montage import Sheet, grouped, sheets
from deepthink.curation.people import People
from deepthink.curation.results import Result, Rule, read_results
from deepthink.files import write_json
from deepthink.flow import notebook
from deepthink.flow.collect import sweep_site
from deepthink.flow.look import called, frames
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN, Progress

NAME = "review"  # of the executed notebook, in the training folder


def quiet(done: int, total: int, what: str) -> None:
    """Tell nobody."""


def site_results(site: Site, dates: list[str] | None = None, progress: Progress = quiet) -> list[Result]:
    """Return what recognition has said on some days, or on all that are not kept for validation."""
    events = site.events(dates)
    done = iter(range(len(events)))
    found = read_results(site.datasink, events, lambda event: progress(next(done), len(events), event.date))
    progress(len(events), len(events), "")
    return found


def result_sheets(
    site: Site, results: Sequence[Result], rule: Rule, chosen: bool = True, most: int = 8
) -> Iterator[Sheet]:
    """Draw the faces that a rule chooses, by person, or those with a name that it does not; at most so many sheets.

    A face carries its place among the results, and what the facelist says of it.
    """
    listed = Facelist(site.facelist, site.datasink.problems)
    status = {one.face: listed[number].status for number, one in zip(listed, listed.listed(), strict=True)}
    rows = {
        place: one.as_row(status.get(one.face, Status.CANDIDATE))
        for place, one in enumerate(results)
        if rule.admits(one.label) == chosen and one.label.name != UNKNOWN
    }
    people = People(site.facelist)
    shown = people.all()
    titled = grouped(rows, lambda row: called(row.name, shown))
    if not chosen:
        titled = {"not chosen": [place for own in titled.values() for place in own]}
    return islice(sheets(titled, rows, frames(site), people.shown), most)


def enrol_results(
    site: Site,
    results: Sequence[Result],
    rule: Rule,
    dates: list[str] | None = None,
    dry_run: bool = True,
    progress: Progress = quiet,
) -> Enrolment:
    """Select the faces that a rule chooses; what is not listed yet is swept first, unless nothing is to be written."""
    if not dry_run:
        sweep_site(site, dates, progress)
    return enrol(site.facelist, [one for one in results if rule.admits(one.label)], dry_run=dry_run)


def tell(path: Path, results: Sequence[Result], rule: Rule, enrolment: Enrolment, dry_run: bool) -> None:
    """Keep what came out where the command reads it."""
    chosen = sum(rule.admits(one.label) for one in results)
    surest = max((one.label.probability for one in results if one.label.name != UNKNOWN), default=0.0)
    told = {
        "results": len(results),
        "chosen": chosen,
        "surest": surest,
        "rule": str(rule),
        "dry_run": dry_run,
        **vars(enrolment),
    }
    write_json(path, told)


def review_notebook(
    site: Site, rule: Rule, dates: list[str] | None = None, dry_run: bool = True, progress: Progress = quiet
) -> tuple[Path, dict[str, Any]]:
    """Run the review notebook; returns where it is kept, beside its page .html, and what came out."""
    import json

    if dates:
        site.events(dates)  # a slip in a day is told at once, not from within the notebook
    executed = site.training / f"{NAME}.ipynb"
    figures = executed.with_suffix(".json")
    executed.parent.mkdir(parents=True, exist_ok=True)
    figures.unlink(missing_ok=True)
    parameters = {
        "site": str(site.settings.root), "dates": dates, "proba": rule.probability, "distance": rule.distance,
        "usable": int(rule.usable), "dry_run": dry_run, "figures": figures.name,
    }  # fmt: skip
    notebook.execute(NAME, parameters, executed, progress, 60 * site.settings.train.stall_minutes)
    content: dict[str, Any] = json.loads(figures.read_text(encoding="utf-8"))
    return executed, content
