"""What a site's cameras might see, drawn: sightings of days on which nothing changes, and of a camera that is moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from deepthink.learning.drift import Looked, look
from deepthink.learning.sightings import UNSURE, UNUSABLE, Sighting

FIRST = datetime(2026, 3, 2)
PEOPLE = ("Ann", "Bob", "Cleo", "Dan")
THRESHOLD = 0.65


@dataclass(frozen=True)
class Street:
    """How a site is, as long as nothing changes; each camera has its own distances, strangers and light."""

    cameras: int = 3
    a_day: float = 12.0  # events of a camera, on average
    uneven: float = 0.0  # how days differ, in standard deviations of an event's distance
    company: float = 0.0  # how days differ in who comes: 0.5 makes strangers now half, now twice as frequent


@dataclass(frozen=True)
class Change:
    """What happens to a camera or a person from a day on."""

    day: int = 10_000
    camera: str = ""
    person: str = ""
    farther: float = 0.0  # embedding units
    poorer: float = 0.0  # share of faces that cannot be used any more


def days(street: Street, count: int, seed: int, change: Change = Change()) -> list[Sighting]:
    """Draw what a site sees in so many days."""
    rng = np.random.default_rng(seed)
    cameras = [(f"cam{n}/View", rng.uniform(-0.04, 0.04), rng.uniform(0.1, 0.5)) for n in range(street.cameras)]
    usual = dict(zip(PEOPLE, rng.uniform(0.32, 0.42, len(PEOPLE)), strict=True))
    found = []
    for day in range(count):
        for camera, offset, strangers in cameras:
            light = rng.normal(0, street.uneven * 0.08)
            busy = strangers * np.exp(rng.normal(0, street.company))
            began = np.sort(rng.uniform(7, 21, rng.poisson(street.a_day)))
            here = change if day >= change.day and change.camera in ("", camera) else Change()
            for hour in began:
                start = FIRST + timedelta(days=day, hours=float(hour))
                found.append(_event(rng, camera, start, offset + light, min(0.9, busy), usual, here))
    return found


def _event(rng, camera, start, offset, strangers, usual, change) -> Sighting:
    name = str(rng.choice(PEOPLE, p=(0.5, 0.3, 0.15, 0.05)))
    event, date = rng.bytes(8).hex(), start.date().isoformat()
    stranger = rng.random() < strangers
    far = rng.normal(0.95, 0.08) if stranger else rng.normal(usual[name] + offset, 0.08)
    far += change.farther if change.person in ("", name) else 0.0
    good = rng.binomial(4, 0.92 * (1 - change.poorer)) / 4
    known = not stranger and far < THRESHOLD
    face = f"{date}|{event}|{start.isoformat(timespec='microseconds')}|(1,2,3,4)"
    shows = {name: face} if known and good else {UNSURE: face} if good else {}
    return Sighting(
        date, event, camera, start, 4, (name,) if known and good else (), not known or not good,
        {name: float(far)} if known and good else {}, not known if good else None, good,
        None if known or not good else float(far - THRESHOLD), shows | ({UNUSABLE: face} if good < 1 else {}),
    )  # fmt: skip


def look_daily(sightings: list[Sighting], first: int = 1, every: int = 1) -> list[tuple[str, Looked]]:
    """Look at a site at the end of each day, as the service does; alarms that stand are known to the next look."""
    dates = sorted({one.date for one in sightings})
    looks, standing = [], ()
    for count in range(first, len(dates) + 1, every):
        seen = [one for one in sightings if one.date < f"{dates[count - 1]}~"]
        found = look(seen, dates[:count][-28:], standing, "alpha")
        looks.append((dates[count - 1], found))
        standing = found.alarms
    return looks
