"""What is current, where, since when, and what comes next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from deepthink.curation.facelist import Facelist, Status
from deepthink.datasink.base import FACES, RECOGNITIONS
from deepthink.deployment.base import Target
from deepthink.errors import DeepthinkError, DeploymentError
from deepthink.flow.journal import Journal
from deepthink.flow.targets import each
from deepthink.flow.wiring import Site


@dataclass(frozen=True)
class Overview:
    """A site at a glance."""

    production: str
    since: str
    targets: list[str]
    validated: list[str]
    experimental: list[str]
    facelist: dict[str, int]  # rows by status
    events: dict[str, int]  # all, with faces looked for, answered
    last_step: str
    next: str


def overview(site: Site) -> Overview:
    """Look at a site without changing anything."""
    ledger = site.ledger.read()
    production = ledger.get("production") or {}
    rows = Counter(row.status for row in Facelist(site.facelist).rows.values())
    last = (Journal(site.training).entries() or [{}])[-1]
    return Overview(
        production=str(production.get("version") or "nothing"),
        since=str(production.get("deployed") or ""),
        targets=each(site.targets, lambda target: f"{target.name}: {_running(target)}"),
        validated=[str(entry["version"]) for entry in ledger.get("validated") or []],
        experimental=[f"{entry['version']}: {entry.get('status', '')}" for entry in ledger.get("experimental") or []],
        facelist={status.name.lower(): rows[status] for status in Status},
        events=_events(site),
        last_step=f"{last['step']} of {last['version']}, {last['when']}" if last else "",
        next=_next(site, rows),
    )


def _running(target: Target) -> str:
    try:
        return target.current() or "nothing"
    except DeploymentError:  # it is off, or away: the rest of the site is worth a look all the same
        return "cannot be reached"


def _events(site: Site) -> dict[str, int]:
    try:
        events = site.events(site.datasink.dates())
    except DeepthinkError:
        return {"all": 0, "detected": 0, "answered": 0}
    kinds = Counter(kind for event in events for kind in event.types)
    return {"all": len(events), "detected": kinds[FACES], "answered": kinds[RECOGNITIONS]}


def _next(site: Site, rows: Counter[Status]) -> str:
    edits = site.ledger.edits()
    if edits:
        return f"deepthink versions accept, or undo: versions.yaml was changed by hand: {'; '.join(edits)}"
    unfinished = Journal(site.training).unfinished()
    if unfinished:
        after = f"after {unfinished.done[-1]}" if unfinished.done else "from the start"
        return f"deepthink run: goes on with {unfinished.version} {after}"
    if rows[Status.CANDIDATE]:
        return f"deepthink review: {rows[Status.CANDIDATE]} faces wait"
    return "deepthink run"
