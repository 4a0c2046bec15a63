"""Gathers a site's board from its files: no other machine is asked, nothing is changed, nothing is read twice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from deepthink.curation.facelist import Facelist, Status
from deepthink.deployment.node import health
from deepthink.errors import DeepthinkError
from deepthink.files import lock_of, stamp
from deepthink.flow import energy, energy_sources
from deepthink.flow.journal import Journal
from deepthink.flow.processes import is_held
from deepthink.flow.requests import FOLDER as REQUESTS
from deepthink.flow.requests import waiting
from deepthink.flow.rollout_record import FOLDER as ROLLOUTS
from deepthink.flow.rollout_record import read_records
from deepthink.flow.runs import FILE as RECORD
from deepthink.flow.runs import Ended, read_runs
from deepthink.flow.standing import standing
from deepthink.flow.status_board import Board, Looked, Place, Queue
from deepthink.flow.status_pages import pages_of
from deepthink.flow.status_waits import what_waits
from deepthink.flow.watch_state import SERVICE
from deepthink.learning.trends import Trends, read_trends
from deepthink.messages.base import Standing
from deepthink.records import UNKNOWN
from deepthink.registry.ledger import LEDGER, Ledger
from deepthink.settings import Settings

RUNS = 12  # the last ones
Stamp = tuple[tuple[str, tuple[int, int, int] | None], ...]


class Gathering:
    """Gathers a site's board again and again.

    Parameters
    ----------
    settings : Settings
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.training = settings.path(settings.training)
        self.watch = settings.watch_folder
        self.registry, self.facelist = settings.path(settings.registry), settings.path(settings.facelist)
        self.ledger = Ledger(self.registry / LEDGER)
        self._kept: dict[str, tuple[object, Any]] = {}

    def stamp(self) -> Stamp:
        """Return what is another as soon as anything is that the board is made of; takes a stat of each file alone."""
        files = [self.facelist, self.ledger.path, self.ledger.history.path, self.registry / ROLLOUTS]
        folders = [self.training, self.watch, self.watch / REQUESTS]
        inside = [
            path for folder in folders for path in sorted(folder.glob("*.json*")) if not path.name.startswith(".")
        ]
        return stamps([*files, *folders, *inside])

    def board(self, looked: Looked) -> Board:
        """Gather all of it."""
        ledger, edits, trouble = self._read("ledger", [self.ledger.path, self.ledger.history.path], self._ledger)
        runs = self._read("runs", [self.training / RECORD], lambda: read_runs(self.training))
        queue = self._read("facelist", [self.facelist], self._queue)
        trends = self._read("trends", [self.watch / "trends.json"], lambda: read_trends(self.watch))
        watched = is_watched(self.watch)
        now = self._standing(ledger.get("production") or {}, runs, queue, trends)
        rules = self.settings.validation
        waits = what_waits(now, edits, looked.findings, queue.waits, "" if now.running or watched else self._cut_off())
        versions = {now.version, *(run.version for run in runs[:RUNS])} - {""}
        return Board(
            site=self.settings.root.resolve().name, standing=now, watched=watched,
            places=self._read("places", [self.registry / ROLLOUTS], lambda: tuple(_places(self.registry))),
            waits=tuple(waits), runs=tuple(runs[:RUNS]), queue=queue, trends=trends, looked=looked, trouble=trouble,
            pages={version: pages_of(version, self.registry, self.training) for version in versions},
            requests=tuple(waiting(self.watch)), limits=(rules.max_fnir, rules.max_fpir),
            disk=health.disk(health.standing(self.training)), memory=health.memory(),
        )  # fmt: skip

    def _ledger(self) -> tuple[dict[str, Any], list[str], str]:
        try:
            return self.ledger.read(), self.ledger.edits(), ""
        except (DeepthinkError, OSError) as error:
            return {}, [], str(error)

    def _queue(self) -> Queue:
        try:
            found = Facelist(self.facelist).tally()
        except (OSError, ValueError):
            return Queue()
        count = {status: sum(n for (one, _), n in found.items() if one == status) for status in Status}
        unknown = found[Status.CANDIDATE, UNKNOWN]
        people = {name for status, name in found if status in (Status.SELECTED, Status.IN_USE)} - {UNKNOWN}
        named = count[Status.CANDIDATE] - unknown
        return Queue(named, unknown, count[Status.SELECTED], count[Status.IN_USE], len(people))

    def _standing(self, production: dict[str, Any], runs: list[Ended], queue: Queue, trends: Trends | None) -> Standing:
        """Return how the site stands: what the service has counted, and what has changed since."""
        found = standing(self.settings, runs, energy.watts(self._source))
        return replace(
            found,
            version=str(production.get("version") or ""), since=str(production.get("deployed") or ""),
            to_review=queue.waits, selected=queue.selected, people=queue.people,
            alarms=tuple(alarm.says for alarm in trends.alarms) if trends else (),
        )  # fmt: skip

    @cached_property
    def _source(self) -> energy_sources.Found:
        return energy_sources.find_source()

    def _cut_off(self) -> str:
        unfinished = Journal(self.training).unfinished()
        return unfinished.version if unfinished else ""

    def _read(self, name: str, paths: Iterable[Path], read: Callable[[], Any]) -> Any:
        """Return what files hold, read again once one of them is another."""
        found = stamps(paths)
        if self._kept.get(name, (None, None))[0] != found:
            self._kept[name] = found, read()
        return self._kept[name][1]


def stamps(paths: Iterable[Path]) -> Stamp:
    """Return what is another as soon as one of some files is; also where there is none."""
    return tuple((str(path), stamp(path)) for path in paths)


def _places(registry: Path) -> Iterable[Place]:
    """Yield each machine with what it was given last, by the accounts of all rollouts."""
    found: dict[str, Place] = {}
    for account in read_records(registry):
        for name, outcome in account["targets"].items():
            before = found.get(name, Place(name, "", ""))
            found[name] = _after(before, account, outcome)
    return sorted(found.values(), key=lambda place: place.name)


def _after(before: Place, account: dict[str, Any], outcome: dict[str, Any] | None) -> Place:
    if outcome is None:
        return before
    error = str(outcome.get("error") or "")
    if error or outcome.get("reverted"):
        return replace(before, says=f"{account['began'][:16].replace('T', ' ')}: {error or 'reverted'}")
    version = str(outcome.get("version") or "")
    since = before.since if version == before.version else str(account["ended"] or account["began"])
    return Place(before.name, version, since)


def is_watched(folder: Path) -> bool | None:
    """Whether `deepthink watch` runs for a site: whether it holds its lock; None where the system does not say."""
    return is_held(lock_of(folder / SERVICE))
