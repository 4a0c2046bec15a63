"""Where reasons come from: requests, the clock, and what was counted; each as something to offer to the triggers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deepthink.files import stamp
from deepthink.flow.facts import Facts
from deepthink.flow.requests import Request
from deepthink.flow.runs import Ended
from deepthink.flow.triggers import AHEAD, Reason
from deepthink.settings import Settings, WatchSettings

if TYPE_CHECKING:
    from deepthink.flow.schedule import Calendar

COUNTED = ("selected", "enrolled", "corrected", "drift")  # kinds that hold only as long as the counts say so
LONGEST = 60


def of_request(request: Request) -> Reason:
    """Return the reason that somebody's request is."""
    who = "".join(sign for sign in request.who if sign.isprintable())[:LONGEST]
    return Reason("request", request.id, f"{who or 'somebody'} asked for it", request.when, request.version)


def of_update(job: str, day: str, now: datetime) -> Reason:
    """Return the reason that a sentinel's end of job is."""
    when = now.isoformat(timespec="seconds")
    return Reason("sentinel", job, f"the sentinel has embedded the selected faces of {day[:10]}", when)


def of_clock(model: str, calendar: Calendar, last: str, now: datetime) -> tuple[Reason | None, str]:
    """Return the reason that a model's hour has come, if it has; and the moment that is answered now.

    Parameters
    ----------
    model : str
    calendar : Calendar
    last : str
        The last moment that was answered, ISO with its zone; empty the first time, when nothing was missed yet.
    now : datetime
        With its zone.
    """
    if not last or datetime.fromisoformat(last) - now > AHEAD:
        return None, now.isoformat(timespec="seconds")
    moment = calendar.missed(datetime.fromisoformat(last), now)
    if moment is None:
        return None, last
    at = moment.isoformat(timespec="minutes")
    naive = now.replace(tzinfo=None).isoformat(timespec="seconds")
    return Reason("schedule", f"{model} {at}", f"{model} is due ({at})", naive), moment.isoformat()


def of_facts(facts: Facts, rules: WatchSettings, last: Ended | None) -> Iterator[Reason]:
    """Yield the reasons that lie in what was counted; none as long as nothing differs from the last training."""
    if not facts.digest or facts.digest == facts.trained:
        return
    if last is not None and last.outcome == "failed" and last.passed is False:
        yield Reason("corrected", facts.digest, f"faces were corrected after {last.version} had failed", facts.when)
    if rules.selected and facts.selected >= rules.selected:
        yield Reason("selected", facts.digest, f"{facts.selected} faces were newly selected", facts.when)
    if rules.enrolled and facts.new_people and facts.trained:
        names = ", ".join(facts.new_people[:3]) + (" and others" if len(facts.new_people) > 3 else "")
        yield Reason(
            "enrolled", facts.digest, f"{names} {'were' if facts.new_people[1:] else 'was'} enrolled", facts.when
        )
    if rules.drift and facts.alarms:
        yield Reason("drift", " ".join(sorted(facts.alarms)), facts.alarms_say[0].rstrip("."), facts.when)


def signature(settings: Settings) -> tuple[object, ...]:
    """Return what changes when a list or a result is written; a few stats, since it is asked every few seconds."""
    found: list[object] = [stamp(settings.path(settings.facelist))]
    if settings.datasink.feed is None:
        data = settings.path(settings.datasink.data)
        newest = max(_days(data), default="")
        found += [newest, stamp(data / newest), stamp(data / newest / "camwatcher.csv")]
    found.append(stamp(settings.path(settings.registry) / "versions.yaml"))
    return tuple(found)


def _days(data: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(data) if entry.name[:1].isdigit()]
    except OSError:
        return []
