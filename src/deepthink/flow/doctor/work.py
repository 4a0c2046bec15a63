"""Checks of what is going on: a training that stands still, a run that was cut off."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from deepthink.flow.doctor.finding import Finding, fine, harmful, notice, together
from deepthink.flow.heartbeat import ENDING, Beat, beats
from deepthink.flow.journal import Journal
from deepthink.flow.processes import alive
from deepthink.flow.wiring import Site

LONG = timedelta(days=1)


def training(site: Site) -> Finding:
    """Look when each notebook that runs has last given a sign of life."""
    found = [_life(beat, 60 * site.settings.train.stall_minutes, site.training) for beat in beats(site.training)]
    return together(found, "no notebook runs")


def _life(beat: Beat, stall: float, folder: Path) -> Finding:
    at = f"{beat.name} was at {beat.done} of {beat.total}, {beat.what}"
    if not alive(beat.pid):
        file = folder / f".{beat.name}{ENDING}"
        return notice(f"{at}, when it was killed", f"deepthink run goes on with it; if it should not: rm {file}")
    if beat.seconds > stall:
        said = f"{at}, {beat.seconds / 60:.0f} minutes ago, and nothing since"
        return harmful(
            said, f"kill {beat.pid}, then deepthink run; if it happens again: train.memory, train.preset: quick"
        )
    return fine(f"{at}, {beat.seconds:.0f} seconds ago")


def run(site: Site) -> Finding:
    """Look for a run that has waited for long, for a person or for being taken up again."""
    unfinished = Journal(site.training).unfinished()
    if unfinished is None:
        return fine("none is under way")
    said = f"{unfinished.version} has come as far as {unfinished.done[-1] if unfinished.done else 'its beginning'}"
    if datetime.now() - datetime.fromisoformat(unfinished.started) < LONG:
        return fine(said)
    return notice(
        f"{said}, begun {unfinished.started}", "deepthink run goes on; deepthink status says what it waits for"
    )
