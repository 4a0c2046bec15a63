"""What is asked of cameras and people: the events of a reference, beside those that came after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from deepthink.learning.compare import Point
from deepthink.learning.sightings import UNSURE, UNUSABLE, Sighting

DISTANCES, UNKNOWNS, QUALITY = "distances", "unknown", "quality"
REFERENCE_DAYS = 7  # of a camera
LEAST_BEFORE, LEAST_NOW = 20, 12  # events
OFTEN = 3  # events in the reference, for a person's own distance to be known


@dataclass(frozen=True)
class Question:
    """Whether one number has changed at one camera, or of one person."""

    kind: str
    where: str
    person: bool
    before: tuple[Point, ...]
    now: tuple[Point, ...]  # in order of time

    @property
    def subject(self) -> tuple[str, str, bool]:
        """What it is about, whenever it is asked."""
        return self.kind, self.where, self.person

    @property
    def answerable(self) -> bool:
        """Whether there are enough events for an answer."""
        return len(self.before) >= LEAST_BEFORE and len(self.now) >= LEAST_NOW


@dataclass(frozen=True)
class Sides:
    """Sightings before and after the end of each camera's reference."""

    before: tuple[Sighting, ...]
    now: tuple[Sighting, ...]

    def at(self, camera: str) -> Sides:
        """Return those of one camera."""
        return Sides(*(tuple(one for one in side if one.camera == camera) for side in (self.before, self.now)))

    def without(self, cameras: Collection[str]) -> Sides:
        """Return those of the other cameras."""
        return Sides(*(tuple(one for one in side if one.camera not in cameras) for side in (self.before, self.now)))


def sides(sightings: Iterable[Sighting], recent: Collection[str], changed: Mapping[str, str]) -> Sides:
    """Cut what each camera saw since a version came into use into a reference and what came after it.

    The reference is the first seven days on which the camera saw somebody, more where those had few events, and the
    first half of the days as long as there have not been fourteen.

    Parameters
    ----------
    sightings : iterable of Sighting
        All since the version came into use, in order of time.
    recent : collection of str
        The days that count as now.
    changed : mapping of str to str
        Since when something stands changed at a camera; such days are no reference, though they come early.
    """
    cameras: dict[str, list[Sighting]] = {}
    for one in sightings:
        if one.usable is not None:
            cameras.setdefault(one.camera, []).append(one)
    before, now = [], []
    for camera, own in cameras.items():
        end = _end(own, changed.get(camera, ""))
        before += [one for one in own if one.date < end]
        now += [one for one in own if one.date >= end and one.date in recent]
    return Sides(tuple(before), tuple(now))


def _end(own: Sequence[Sighting], changed: str) -> str:
    """Return the first day that is not of the reference any more."""
    days = sorted({one.date for one in own})
    count = min(REFERENCE_DAYS, len(days) - len(days) // 2)
    while count < len(days) - 1 and sum(one.date < days[count] for one in own) < LEAST_BEFORE:
        count += 1
    end = days[count] if count < len(days) else f"{days[-1]}~"  # one day alone is all reference
    return min(end, changed) if changed > days[0] else end


def of_cameras(both: Sides) -> list[Question]:
    """Ask each camera whether known faces are farther away, more or fewer are unknown, and fewer are usable.

    A person's distance is taken relative to what it was in the reference at all cameras, so that a camera has not
    changed because others pass it.
    """
    usual = _medians((name, far) for one in both.before for name, far in one.distances.items())
    found = []
    for camera in sorted({one.camera for one in both.now}):
        own = both.at(camera)
        pairs = {DISTANCES: _distances(own, usual), UNKNOWNS: _unknowns(own), QUALITY: _quality(own)}
        found += [Question(kind, camera, False, *points) for kind, points in pairs.items()]
    return found


def of_people(both: Sides) -> list[Question]:
    """Ask of each person whether their faces are farther from their baseline.

    Distances are taken relative to what they are at the camera, so that somebody has not changed who comes another way.
    """
    usual = _medians((name, far) for one in both.before for name, far in one.distances.items())
    offset = _medians(
        (one.camera, far - usual[name]) for one in both.before for name, far in one.distances.items() if name in usual
    )
    found = []
    for name in sorted({name for one in both.now for name in one.distances}):
        points = (
            tuple(_far(one, name, offset.get(one.camera, 0.0)) for one in side if name in one.distances)
            for side in (both.before, both.now)
        )
        found.append(Question(DISTANCES, name, True, *points))
    return found


Points = tuple[tuple[Point, ...], tuple[Point, ...]]


def _medians(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, list[float]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: median(own) for name, own in found.items() if len(own) >= OFTEN}


def _far(one: Sighting, name: str, usual: float) -> Point:
    far = one.distances[name]
    return Point(one.date, far - usual, far, one.shows.get(name, ""), far - usual)


def _distances(own: Sides, usual: Mapping[str, float]) -> Points:
    """Return one point an event, of the person in it who is farthest from what is usual."""

    def points(side: Sequence[Sighting]) -> tuple[Point, ...]:
        known = [[_far(one, name, usual[name]) for name in one.distances if name in usual] for one in side]
        return tuple(max(each, key=lambda point: point.value) for each in known if each)

    return points(own.before), points(own.now)


def _unknowns(own: Sides) -> Points:
    def point(one: Sighting) -> Point:
        face = one.shows.get(UNSURE, "") or next((one.shows[name] for name in one.names if name in one.shows), "")
        return Point(one.date, float(bool(one.unknown)), float(bool(one.unknown)), face, -(one.near or 0.0))

    before, now = (tuple(point(one) for one in side if one.unknown is not None) for side in (own.before, own.now))
    return before, now


def _quality(own: Sides) -> Points:
    def point(one: Sighting) -> Point:
        share = one.usable or 0.0
        return Point(one.date, 1 - share, share, one.shows.get(UNUSABLE, ""), 1 - share)

    before, now = (tuple(point(one) for one in side if one.usable is not None) for side in (own.before, own.now))
    return before, now
