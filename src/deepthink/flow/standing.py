"""How a site stands, from the small files that the service keeps: cheap enough to be asked every few seconds."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.deployment.node import health
from deepthink.flow.facts import Facts, read_facts
from deepthink.flow.limits import Limits
from deepthink.flow.pace import Pace, read_pace
from deepthink.flow.runs import Ended, read_runs, tally
from deepthink.messages.base import Standing
from deepthink.settings import Settings


def standing(settings: Settings, runs: list[Ended] | None = None, watts: float | None = None) -> Standing:
    """Return how a site stands.

    Parameters
    ----------
    settings : Settings
    runs : list of Ended, optional
        The last first, where they were read already.
    watts : float, optional
        What the machine draws now.
    """
    folder, training = settings.watch_folder, settings.path(settings.training)
    known = read_runs(training) if runs is None else runs
    facts = read_facts(folder)
    return Standing(
        **_counted(facts), **_last(known, facts.production), **_now(read_pace(folder)), **_machine(settings, training),
        watts=watts,
    )  # fmt: skip


def _counted(facts: Facts) -> dict[str, Any]:
    today = facts.date == datetime.now().date().isoformat()
    counts = ("events_today", "named_today", "unknown_today")
    return {
        "version": facts.production,
        "since": facts.since,
        "to_review": facts.to_review,
        "selected": facts.selected,
        "people": facts.people,
        **{name: getattr(facts, name) if today else 0 for name in counts},
        "unknown_last": facts.unknown_last,
        "unknown_camera": facts.unknown_camera,
        "alarms": facts.alarms_say,
    }


def _last(runs: list[Ended], production: str) -> dict[str, Any]:
    found: dict[str, Any] = {"runs": tally(runs)}
    told = next((run for run in runs if run.outcome != "nothing"), None)
    if told is not None:
        waits = told.outcome in ("waits", "failed") and told.version != production
        found |= {
            "outcome": told.outcome, "outcome_says": told.says, "outcome_version": told.version,
            "waits_for": told.says if waits else "", "last_seconds": told.seconds,
            "last_watt_hours": told.watt_hours,
        }  # fmt: skip
    return found


def _now(pace: Pace | None) -> dict[str, Any]:
    if pace is None:
        return {}
    return {
        "running": True, "run_version": pace.version, "run_step": pace.step, "run_done": pace.done,
        "run_total": pace.total, "seconds_left": pace.left,
    }  # fmt: skip


def _machine(settings: Settings, training: Path) -> dict[str, Any]:
    limits = Limits(settings.watch.hot, settings.watch.least_memory)
    return {
        "celsius": limits.temperature(),
        "memory_free": health.memory().get("free"),
        "disk_free": shutil.disk_usage(health.standing(training)).free,
    }
