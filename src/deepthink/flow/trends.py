"""What recognition has done at a site, how right it was, and where it has changed: read, compared, kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from deepthink.curation.days import Days
from deepthink.curation.facelist import Facelist, Listed, Row, Status
from deepthink.curation.history import History
from deepthink.curation.montage import montages
from deepthink.curation.people import People
from deepthink.curation.results import read_results
from deepthink.errors import DeepthinkError
from deepthink.flow.look import frames
from deepthink.flow.wiring import Site
from deepthink.learning.accuracy import called_now, reviewed, weekly
from deepthink.learning.drift import look
from deepthink.learning.questions import LEAST_BEFORE, LEAST_NOW
from deepthink.learning.sightings import Sighting, gather, merged, read_sightings, row_of, write_sightings
from deepthink.learning.tenures import Tenure
from deepthink.learning.trends import Alarm, Day, PersonDay, Trends, Week, read_trends, write_trends
from deepthink.records import Progress

WINDOW, REFERENCE = 28, 14  # days that are read: the last ones, and the first ones of the version in production
WEEKS = 26
NOBODY = "No version is in production, so that there is nothing to compare with. Make one: deepthink run"
TOO_FEW = "Too little was seen since {} came into use: a camera needs {} events, and {} more on later days."


def kept_trends(site: Site) -> Trends | None:
    """Return the trends that were kept last; None when there are none."""
    return read_trends(site.watch_folder)


def keep_trends(site: Site, progress: Progress = lambda done, total, what: None) -> Trends:
    """Look at a site's trends, and keep them for whoever shows or tells them."""
    trends, sightings = _look(site, progress)
    write_sightings(site.watch_folder, sightings)
    write_trends(site.watch_folder, trends)
    return trends


def _look(site: Site, progress: Progress) -> tuple[Trends, list[Sighting]]:
    when = datetime.now().isoformat(timespec="seconds")
    kept = read_sightings(site.watch_folder)
    try:
        tenures = tenures_of(site)
        sightings = _sightings(site, tenures[-1] if tenures else None, kept, progress)
        weeks = _weeks(site, tenures)
    except DeepthinkError as error:
        return replace(kept_trends(site) or Trends(when, ""), unlooked=str(error)), kept  # what was known stands
    days = sorted({one.date for one in sightings})[-WINDOW:]
    recent = [one for one in sightings if one.date in days]
    trends = Trends(when, "", _days(recent), _people(recent), weeks, unlooked=NOBODY)
    return (_compared(site, trends, tenures[-1], sightings, days) if tenures else trends), sightings


def _compared(site: Site, trends: Trends, tenure: Tenure, sightings: Iterable[Sighting], days: list[str]) -> Trends:
    """Add what has changed since the version in production came into use."""
    before = kept_trends(site)
    standing = before.alarms if before and before.version == tenure.version else ()
    own = [one for one in sightings if one.start >= tenure.since]
    found = look(own, days, standing, tenure.version)
    unlooked = "" if found.looks else TOO_FEW.format(tenure.version, LEAST_BEFORE, LEAST_NOW)
    return replace(trends, version=tenure.version, alarms=found.alarms, looks=found.looks, unlooked=unlooked)


def tenures_of(site: Site) -> list[Tenure]:
    """Return which version was in production since when, in the order of deployment.

    The days of a simulated site lie where they lie: a version that was deployed after all of them answered those that
    came after the last day of its own material, and the first one also the days kept for validation.
    """
    newest = _newest(site)
    found: list[Tenure] = []
    for entry in site.ledger.history.entries():
        if entry.get("what") == "promoted" and (when := _moment(str(entry.get("when")))):
            version = str(entry.get("version"))
            if newest is None or when > newest + timedelta(days=1):
                when = _after_material(site, version, not found) or when
            found.append(Tenure(version, when, _people_of(site, version)))
    return found


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _people_of(site: Site, version: str) -> frozenset[str] | None:
    """Return whom a version knows; None when it was pruned, or is damaged."""
    try:
        return frozenset(site.registry.manifest(version)["training_metrics"]["events_per_person"])
    except (DeepthinkError, KeyError, TypeError):
        return None


def _newest(site: Site) -> datetime | None:
    """Return when the last event began."""
    for day in reversed(site.datasink.dates()):
        events = site.datasink.events(day)
        if events:
            return events[-1].start
    return None


def _after_material(site: Site, version: str, first: bool) -> datetime | None:
    """Return the end of the last day that a version was trained or validated on, as far as its split says."""
    kept = site.settings.validation.days
    try:
        if first and kept:
            return datetime.fromisoformat(min(kept))
        split = site.registry.root / version / f"split_{version}.json"
        days = [str(event).split("|", 1)[0] for event in json.loads(split.read_text(encoding="utf-8"))]
        return datetime.fromisoformat(max(days)) + timedelta(days=1)
    except (OSError, ValueError, TypeError):
        return None


def _sightings(site: Site, tenure: Tenure | None, kept: Sequence[Sighting], progress: Progress) -> list[Sighting]:
    """Read the days that matter, and add what was kept of them: events are deleted in the meantime."""
    there = set(site.datasink.dates())
    days = sorted(there | {one.date for one in kept})
    first = [day for day in days if tenure and day >= tenure.since.date().isoformat()][:REFERENCE]
    wanted = {*first, *days[-WINDOW:]}
    events = [event for day in sorted(wanted & there) for event in site.datasink.events(day)]
    done = iter(range(len(events)))
    fresh = gather(site.datasink, events, lambda event: progress(next(done), len(events), event.date))
    progress(len(events), len(events), "")
    return merged([one for one in kept if one.date in wanted], fresh)


def _days(sightings: Iterable[Sighting]) -> tuple[Day, ...]:
    counts: dict[tuple[str, str], Counter[str]] = {}
    for one in sightings:
        if one.faces:
            own = counts.setdefault((one.date, one.camera), Counter())
            own.update(events=1, named=bool(one.names), unknown=one.somebody)
    return tuple(Day(*key, own["events"], own["named"], own["unknown"]) for key, own in sorted(counts.items()))


def _people(sightings: Iterable[Sighting]) -> tuple[PersonDay, ...]:
    counts = Counter((one.date, name) for one in sightings for name in one.names)
    return tuple(PersonDay(*key, events) for key, events in sorted(counts.items()))


def _weeks(site: Site, tenures: Sequence[Tenure]) -> tuple[Week, ...]:
    decided = Status.SELECTED, Status.IN_USE, Status.REVOKED
    rows = Facelist(site.facelist, site.datasink.problems).having(*decided)
    actions = History(site.facelist).actions()
    return weekly(reviewed(rows, actions), called_now(tenures, actions))[-WEEKS:]


def draw_alarm(site: Site, alarm: Alarm, folder: Path) -> list[Path]:
    """Draw the faces that show an alarm as a contact sheet, in the order of how much they tell; none have none.

    Parameters
    ----------
    site : Site
    alarm : Alarm
    folder : Path
        <kind>-<where>-1.png is written into it.
    """
    rows = dict(enumerate(_rows(site, alarm.faces), 1))
    titled = {f"{alarm.kind}: {alarm.where}": list(rows)} if rows else {}
    drawn = montages(titled, rows, frames(site), folder, People(site.facelist).shown)
    return [path for _, path in drawn]


def _rows(site: Site, faces: Iterable[str]) -> Iterator[Row]:
    """Yield the faces that keys name as rows, with what was answered, as far as their events are still there."""
    rows = [row_of(key) for key in faces]
    wanted = {Listed.of(row.frame, row.box).face for row in rows}
    listed = Facelist(site.facelist, site.datasink.problems)
    numbered = zip(listed, listed.listed(), strict=True)
    status = {one.face: listed[number].status for number, one in numbered if one.face in wanted}
    days = Days(site.datasink)
    for row in rows:
        face, event = Listed.of(row.frame, row.box).face, days.event(row)
        found = [one for one in read_results(site.datasink, [event]) if one.face == face] if event else []
        yield found[0].as_row(status.get(face, Status.CANDIDATE)) if found else row
