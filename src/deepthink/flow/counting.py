"""Counts a site for the service: lists and results are read here, in a process that ends afterwards."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Any

from deepthink.curation.facelist import Facelist, Status
from deepthink.curation.results import read_results
from deepthink.datasink.base import FACES, RECOGNITIONS
from deepthink.flow.collect import is_over
from deepthink.flow.facts import Facts
from deepthink.flow.journal import Journal
from deepthink.flow.pipeline import curated
from deepthink.flow.wiring import Site
from deepthink.learning.trends import read_trends
from deepthink.records import UNKNOWN


def gather_facts(site: Site, today: date | None = None) -> Facts:
    """Count a site.

    Parameters
    ----------
    site : Site
    today : date, optional
    """
    day = (today or datetime.now().date()).isoformat()
    rows = Facelist(site.facelist, site.datasink.problems).rows.values()
    counted = Counter(row.status for row in rows)
    people = {row.name for row in rows if row.enrolled}
    trained = Journal(site.training).last("train") or {}
    known = trained.get("events_per_person") or {}
    production = site.ledger.read().get("production") or {}
    return Facts(
        when=datetime.now().isoformat(timespec="seconds"),
        date=day,
        digest=curated(site),
        trained=str(trained.get("curated") or ""),
        to_review=counted[Status.CANDIDATE],
        selected=sum(row.status == Status.SELECTED and row.enrolled for row in rows),
        people=len(people),
        new_people=tuple(sorted(people - set(known))),
        production=str(production.get("version") or ""),
        since=str(production.get("deployed") or ""),
        **_today(site, day),
        **_alarms(site),
    )


def _today(site: Site, day: str) -> dict[str, Any]:
    """Count a day's answers, by event; and what no detector, or no recogniser, has looked at on any day."""
    everything = site.events(site.datasink.dates())
    unanswered = sum(not {FACES, RECOGNITIONS} <= set(event.types) for event in everything if is_over(event))
    results = read_results(site.datasink, (event for event in everything if event.date == day))
    named = {one.frame.event for one in results if one.label.name != UNKNOWN}
    strange = [one for one in results if one.label.name == UNKNOWN and one.label.usable]
    last = max(strange, key=lambda one: one.frame.time, default=None)
    return {
        "events_today": len({one.frame.event for one in results}),
        "named_today": len(named),
        "unknown_today": len({one.frame.event for one in strange} - named),
        "unknown_last": last.frame.time.isoformat(timespec="seconds") if last else "",
        "unknown_camera": last.camera if last else "",
        "unanswered": unanswered,
    }


def _alarms(site: Site) -> dict[str, Any]:
    trends = read_trends(site.watch_folder)
    alarms = trends.alarms if trends else ()
    return {"alarms": tuple(one.key for one in alarms), "alarms_say": tuple(one.says for one in alarms)}
