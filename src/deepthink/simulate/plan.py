"""What is filmed on which day: days to enrol, a day to validate, a new day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import numpy as np

from deepthink.datasink.folder import INDEX
from deepthink.errors import BadInputError
from deepthink.files import write_text
from deepthink.records import Progress
from deepthink.settings import SITE_FILE, DatasinkSettings, Settings, ValidationSettings, template
from deepthink.simulate.cast import NAMES, Actor, Drawn, Photographed, read_photographs
from deepthink.simulate.residents import imagine
from deepthink.simulate.site import TRUTH, film, schedule

FIRST_DAY = date(2026, 3, 2)
STRANGER_SEEDS = 10_000  # strangers' seeds begin here, far from residents'
Parties = list[tuple[Actor, ...]]


@dataclass(frozen=True)
class Day:
    """One day to film."""

    date: str
    kind: str  # enrol, validate or new
    parties: tuple[tuple[Actor, ...], ...]


@dataclass(frozen=True)
class Plan:
    """A site to film."""

    days: tuple[Day, ...]
    residents: frozenset[str]
    strangers: frozenset[str]
    seed: int

    def dates(self, kind: str) -> list[str]:
        """Return the dates of one kind of day."""
        return [day.date for day in self.days if day.kind == kind]

    def only(self, *kinds: str) -> Plan:
        """Return the plan with the days of these kinds alone."""
        return Plan(tuple(day for day in self.days if day.kind in kinds), self.residents, self.strangers, self.seed)

    @property
    def events(self) -> int:
        """How many events it has."""
        return sum(len(day.parties) for day in self.days)


def drawn_plan(seed: int = 1, residents: int = 8, strangers: int = 40) -> Plan:
    """Plan three days to enrol, one to validate and a new one, with drawn people.

    Parameters
    ----------
    seed : int
        Same seed, same people, same site.
    residents : int
        2 to 24 of them.
    strangers : int
        How many come on the day to validate, and on the new day; a fifth as many on each day to enrol.
    """
    if not 2 <= residents <= len(NAMES):
        raise BadInputError(f"A drawn site can have 2 to {len(NAMES)} residents.")
    rng = np.random.default_rng([seed, 0])
    people: list[Actor] = [Drawn(NAMES[n], imagine(seed * 1000 + n)) for n in range(residents)]
    more = _strangers(seed)
    days = [
        Day(_date(number), "enrol", _parties(people, 4, more(strangers // 5), rng, company=3)) for number in range(3)
    ]
    days.append(Day(_date(3), "validate", _parties(people, 6, more(strangers), rng, company=4)))
    days.append(Day(_date(4), "new", _parties(people, 5, more(strangers), rng, company=4)))
    return _plan(days, people, seed)


def _strangers(seed: int) -> Callable[[int], list[Actor]]:
    """Return a source of people that nobody has seen before."""
    made = 0

    def more(count: int) -> list[Actor]:
        nonlocal made
        new: list[Actor] = [
            Drawn(f"Stranger_{number}", imagine(STRANGER_SEEDS + seed * 1000 + number))
            for number in range(made, made + count)
        ]
        made += count
        return new

    return more


def _parties(
    people: Sequence[Actor], times: int, strangers: Sequence[Actor], rng: np.random.Generator, company: int
) -> tuple[tuple[Actor, ...], ...]:
    """Everyone comes alone `times` times, strangers once; some residents come in twos, and some events are empty."""
    parties: Parties = [(actor,) for actor in people for _ in range(times)]
    parties.extend((actor,) for actor in strangers)
    for _ in range(company):
        one, two = rng.choice(len(people), 2, replace=False)
        parties.append((people[int(one)], people[int(two)]))
    return tuple(parties + [()] * company)


def photograph_plan(folder: Path, seed: int = 1) -> Plan:
    """Plan two days to enrol and one to validate, with real photographs: each photograph is one event.

    Of a resident's photographs the first four of seven (8 of 14) are enrolled and the others asked; every stranger is
    asked, and none was seen before.
    """
    photos = read_photographs(folder)
    enrolled: dict[str, Parties] = {_date(0): [], _date(1): []}
    asked: Parties = [_alone(f"Stranger_{n}", file) for n, file in enumerate(photos.strangers)]
    for name, files in photos.residents.items():
        cut = max(1, len(files) * 4 // 7)
        for number, file in enumerate(files):
            (enrolled[_date(number % 2)] if number < cut else asked).append(_alone(name, file))
    days = [Day(day, "enrol", tuple(parties)) for day, parties in enrolled.items()]
    days.append(Day(_date(2), "validate", tuple(asked)))
    residents: list[Actor] = [Photographed(name, files[0]) for name, files in photos.residents.items() if files]
    return _plan(days, residents, seed)


def _alone(name: str, file: Path) -> tuple[Actor, ...]:
    return (Photographed(name, file),)


def _plan(days: list[Day], residents: Sequence[Actor], seed: int) -> Plan:
    names = frozenset(actor.name for actor in residents)
    everyone = frozenset(actor.name for day in days for party in day.parties for actor in party)
    return Plan(tuple(days), names, everyone - names, seed)


def _date(number: int) -> str:
    return (FIRST_DAY + timedelta(days=number)).isoformat()


def simulate(folder: Path, plan: Plan, progress: Progress = lambda done, total, what: None) -> int:
    """Film a plan's days into a site's folder, and write its site.yaml if there is none.

    A day that is there already is left as it is, so that a run that was killed goes on where it was.

    Returns
    -------
    int
        How many events the plan has.
    """
    done = 0
    for day in plan.days:
        rng = np.random.default_rng([plan.seed, *(int(part) for part in day.date.split("-"))])
        if not (folder / "datasink/data" / day.date / INDEX).exists():
            shots = schedule(day.date, day.parties, rng)
            film(folder, day.date, shots, plan.residents, rng, _counting(progress, done, plan.events, day.date))
        done += len(day.parties)
    progress(done, plan.events, "")
    if not (folder / SITE_FILE).exists():
        write_text(folder / SITE_FILE, template(_settings(plan)))
    return done


def _counting(progress: Progress, done: int, total: int, what: str) -> Callable[[], None]:
    """Return what to call after each event."""
    numbers = count(done + 1)
    return lambda: progress(next(numbers), total, what)


def _settings(plan: Plan) -> Settings:
    kept = ValidationSettings(truth=Path(TRUTH), days=plan.dates("validate"))
    return Settings(datasink=DatasinkSettings(), validation=kept)
