"""Walks the whole road, from any step on, and goes on where an interrupted walk stopped."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from deepthink.curation.facelist import Facelist, Status
from deepthink.errors import GateError, SettingsError
from deepthink.files import locked
from deepthink.flow.collect import detect_site, recognise_site, sweep_site
from deepthink.flow.energy import EnergyMeter
from deepthink.flow.enrol import embed_site
from deepthink.flow.journal import Journal, Run
from deepthink.flow.pace import Expectation, Teller
from deepthink.flow.prove import validate_site
from deepthink.flow.release import publish_site
from deepthink.flow.rollout import deploy_site
from deepthink.flow.teach import train_site
from deepthink.flow.wiring import Site
from deepthink.records import Progress
from deepthink.registry.naming import check_version, free_name, is_day, next_name

Watch = Callable[[str], AbstractContextManager[Progress]]
Reviewer = Callable[[Site], dict[str, Any]]


def _unwatched(step: str) -> AbstractContextManager[Progress]:
    return nullcontext(lambda done, total, what: None)


@dataclass(frozen=True)
class Walk:
    """How a run went."""

    version: str
    done: tuple[str, ...]
    waits_for: str  # what a person must do before it goes on; empty when it is over
    figures: dict[str, Any]  # of each step


@dataclass
class Context:
    """What a step is given."""

    site: Site
    version: str
    progress: Progress
    reviewer: Reviewer | None
    waits_for: str = ""


@dataclass(frozen=True)
class Guide:
    """Where a walk is written down, and who is told how far it is."""

    journal: Journal
    watch: Watch  # in the terminal
    teller: Teller  # for who looks from outside


def run(
    site: Site,
    *,
    start: str | None = None,
    version: str | None = None,
    reviewer: Reviewer | None = None,
    watch: Watch = _unwatched,
    until: str | None = None,
    run_id: str | None = None,
) -> Walk:
    """Walk the road: detect, recognise, sweep, review, embed, train, validate, publish, deploy, answer.

    Every step looks for what is not done yet, so that a run that was killed is simply run again. A run stops where it
    needs a person, and goes on from there when it is run again.

    Parameters
    ----------
    site : Site
    start : str, optional
        The step to begin with; else where the last run stopped.
    version : str, optional
        What the new version is to be called; else the next free name.
    reviewer : callable, optional
        Acts for the person who reviews (simulated sites).
    watch : callable, optional
        Given a step's name, returns a context that yields its progress callback.
    until : str, optional
        The last step to take; all are taken when left out.
    run_id : str, optional
        The run's id in the journal, where somebody else has given it one.

    Raises
    ------
    SettingsError
        There is no such step.
    """
    for step in (start, until):
        if step is not None and step not in STEPS:
            raise SettingsError(f"There is no step {step!r}. Steps: {', '.join(STEPS)}.")
    with locked(site.training / "run", seconds=1):
        journal = Journal(site.training)
        walked = _resumed(site, journal, start, version, run_id)
        context = Context(site, walked.version, lambda done, total, what: None, reviewer)
        with Teller(site.watch_folder, walked.run, walked.version, Expectation(journal.entries())) as teller:
            walked = _walk(context, walked, _ahead(walked, start, until), Guide(journal, watch, teller))
        journal.end()  # also where it waits: the next run looks for new events first
        return Walk(walked.version, walked.done, context.waits_for, walked.figures)


def collect(site: Site) -> dict[str, Any]:
    """Take the steps that need no person and make no version: detect, recognise, sweep; what each did."""
    return _apart(site, ("detect", "recognise", "sweep"))


def answer(site: Site) -> dict[str, Any]:
    """Let the version in production answer what nobody has answered yet."""
    return _apart(site, ("answer",))


def _apart(site: Site, steps: tuple[str, ...]) -> dict[str, Any]:
    """Take steps that belong to no run."""
    figures: dict[str, Any] = {}
    expected = Expectation(Journal(site.training).entries())
    with locked(site.training / "run", seconds=1), Teller(site.watch_folder, "", "", expected) as teller:
        for number, step in enumerate(steps, 1):
            tell = teller.telling(step, list(steps[number:]), lambda done, total, what: None)
            figures[step] = _plain(STEPS[step](Context(site, "", tell, None)))
    return figures


def _walk(context: Context, walked: Run, steps: list[str], guide: Guide) -> Run:
    """Take steps until one waits for a person."""
    for number, step in enumerate(steps):
        walked = _take(context, walked, step, steps[number + 1 :], guide)
        if context.waits_for:
            break
    return walked


def _resumed(site: Site, journal: Journal, start: str | None, version: str | None, run_id: str | None) -> Run:
    unfinished = journal.unfinished()
    if unfinished and version in (None, unfinished.version):
        return journal.take_over(unfinished, run_id) if run_id else unfinished
    if version is None and start and list(STEPS).index(start) > list(STEPS).index("embed"):
        last = journal.last("embed")
        version = str(last["version"]) if last else None
    return journal.begin(_named(site, start, version), run_id)


def _named(site: Site, start: str | None, version: str | None) -> str:
    """Return what a run's version is called; of two that are made on one day, the second gets a number."""
    if version is None:
        return next_name(_taken(site))
    new = start is None or list(STEPS).index(start) <= list(STEPS).index("train")
    published = {*site.registry.versions(), *site.ledger.history.known()}
    return free_name(version, published) if new and is_day(version) else check_version(version)


def version_in_work(site: Site) -> str:
    """Return the version that is being made: of the run that is not over, else the last embedded, else a new name."""
    journal = Journal(site.training)
    unfinished = journal.unfinished()
    if unfinished:
        return unfinished.version
    made = sorted(site.training.glob("facedata_*.hdf5"), key=lambda path: path.stat().st_mtime)
    published = set(site.registry.versions())
    names = [path.stem.removeprefix("facedata_") for path in made]
    waiting = [name for name in names if name not in published]
    return waiting[-1] if waiting else next_name(_taken(site))


def _taken(site: Site) -> list[str]:
    made = [path.stem for path in site.training.glob("*.yaml")]
    return [*site.registry.versions(), *site.ledger.history.known(), *made]


def _ahead(walked: Run, start: str | None, until: str | None) -> list[str]:
    order = list(STEPS)
    order = order if until is None else order[: order.index(until) + 1]
    if start is not None:
        return order[order.index(start) :] if start in order else []
    return [step for step in order if step not in walked.done]


def _take(context: Context, walked: Run, step: str, ahead: list[str], guide: Guide) -> Run:
    """Take one step and note it; one that waits for a person is not noted as done."""
    began = time.monotonic()
    kept = context.site.watch_folder / f"energy_{walked.run}_{step}.json"
    with guide.watch(step) as progress, EnergyMeter(keep=kept) as meter:
        context.progress = guide.teller.telling(step, ahead, progress)
        figures = STEPS[step](context)
    if context.waits_for:
        return walked
    counted = {"units": guide.teller.units} if guide.teller.units else {}
    told = {**meter.figures(), **counted, **_plain(figures)}
    return guide.journal.finished(walked, step, time.monotonic() - began, told)


def _plain(figures: Any) -> dict[str, Any]:
    content = asdict(figures) if is_dataclass(figures) and not isinstance(figures, type) else figures
    return dict(content)


def _detect(context: Context) -> Any:
    return detect_site(context.site, None, False, context.progress)


def _recognise(context: Context) -> Any:
    return recognise_site(context.site, context.site.in_production(), None, False, context.progress)


def _sweep(context: Context) -> Any:
    return sweep_site(context.site, None, context.progress)


def _review(context: Context) -> dict[str, Any]:
    """Let the reviewer act, if there is one; then wait for a person unless there is something new to train on."""
    acted = context.reviewer(context.site) if context.reviewer else {}
    rows = Facelist(context.site.facelist).rows.values()
    waiting = sum(row.status == Status.CANDIDATE for row in rows)
    digest = curated(context.site)
    trained = Journal(context.site.training).last("train") or {}
    if not any(row.enrolled for row in rows) or digest == trained.get("curated"):
        news = "new faces: nothing has changed since the last training"
        context.waits_for = f"{waiting} faces to review: deepthink review" if waiting else news
    return {**acted, "waiting": waiting}


def curated(site: Site) -> str:
    """Return a short digest of what is enrolled and who is a stranger: it changes when a training would differ."""
    rows = Facelist(site.facelist).rows.values()
    told = sorted(f"{row.name}|{row.key}" for row in rows if row.enrolled or row.stranger)
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def _embed(context: Context) -> Any:
    return embed_site(context.site, context.version, False, context.progress)


def _train(context: Context) -> dict[str, Any]:
    return {**train_site(context.site, context.version, context.progress), "curated": curated(context.site)}


def _validate(context: Context) -> dict[str, Any]:
    verdict = validate_site(context.site, context.version, context.progress).as_dict()
    return {key: verdict[key] for key in ("passed", "events", "fnir", "fpir", "mistaken")}


def _publish(context: Context) -> dict[str, Any]:
    return {"folder": str(publish_site(context.site, context.version))}


def _deploy(context: Context) -> dict[str, Any]:
    """Deploy what passed; what failed stays experimental, and a person is asked to look."""
    tell = lambda target, stage: context.progress(0, 1, f"{target}: {stage}")
    try:
        outcomes = deploy_site(context.site, context.version, None, False, tell)
    except GateError as error:
        context.waits_for = str(error)
        return {}
    return {"targets": [asdict(outcome) for outcome in outcomes]}


def _answer(context: Context) -> Any:
    """Let the new version answer what nobody has answered yet, the days kept for validation among it."""
    site = context.site
    return recognise_site(site, site.in_production(), site.datasink.dates(), False, context.progress)


STEPS: dict[str, Callable[[Context], Any]] = {
    "detect": _detect,
    "recognise": _recognise,
    "sweep": _sweep,
    "review": _review,
    "embed": _embed,
    "train": _train,
    "validate": _validate,
    "publish": _publish,
    "deploy": _deploy,
    "answer": _answer,
}
