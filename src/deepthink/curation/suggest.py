"""Labels that are probably wrong, found before training: each with its reason and a number, most doubtful first.

A face is compared with the people, not with single faces: its distance to its own person's centre, made without its
event, against that to the nearest other person's. People entered under two names are found first and taken as one,
because otherwise every face of theirs would be nearer to "somebody else" and hide the real faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from deepthink.embedding.facedata import FaceData

SAME = 1.2  # two names whose faces lie no further from each other than this, in terms of faces of one name, are one
PARTS = 1.5  # and a name whose two parts lie further from each other than this, in terms of faces of one part, is two
FEWEST = 3  # faces of a part, below which it is an outlier and not a person
MOST = 300  # faces of a name that are compared with those of another: more change little
OUTLIER = 4.0  # deviations from the median distance of a person's faces (by the median of deviations)


@dataclass(frozen=True)
class Suggestion:
    """A face, or a whole name, to look at again."""

    kind: str  # "other person", "outlier", "two people", "one person twice"
    name: str  # as which it stands in the facelist
    other: str  # whom it resembles more; the second name; empty for outliers
    faces: tuple[str, ...]  # keys of the faces that are meant
    doubt: float  # embedding units, or a ratio for whole names; more is more doubtful
    reason: str


def suggest(data: FaceData) -> list[Suggestion]:
    """Return what to look at again: whole names first, then faces, the most doubtful first.

    Parameters
    ----------
    data : FaceData
        The gallery.

    Examples
    --------
    >>> places = [0.0, 0.1, 0.2, 5.0, 5.1, 5.2, 5.3]
    >>> keys = tuple(f"{'Ann' if n < 4 else 'Bob'}/d|{n}|t|b|s" for n in range(7))
    >>> [(s.kind, s.faces) for s in suggest(FaceData(keys, np.array(places)[:, None], "x"))]
    [('other person', ('Ann/d|3|t|b|s',))]
    """
    people = sorted(set(data.people.tolist()))
    if len(people) < 1:
        return []
    own = {name: np.flatnonzero(data.people == name) for name in people}
    twice = list(_same_people(data, own))
    identity = _identities(people, twice)
    return [*_as_suggestions(data, own, twice), *_split_names(data, own), *_faces(data, identity)]


def gain(data: FaceData, suggestions: list[Suggestion]) -> tuple[int, int]:
    """Return how many of the undoubted faces are nearer to another person, with the doubted faces and without them."""
    doubted = {key for one in suggestions if one.kind in ("other person", "outlier") for key in one.faces}
    kept = np.array([key not in doubted for key in data.keys], bool)
    people = sorted(set(data.people.tolist()))
    identity = {name: number for number, name in enumerate(people)}
    with_them = _margins(data, identity)[0][kept]
    without = _margins(data.only(kept), identity)[0]
    return int((with_them > 0).sum()), int((without > 0).sum())


def nearer_to_another(data: FaceData) -> tuple[int, int]:
    """Return how many faces are nearer to another person than to their own, and how many could be judged."""
    people = sorted(set(data.people.tolist()))
    if len(people) < 2:
        return 0, 0
    margin, away, _ = _margins(data, {name: number for number, name in enumerate(people)})
    return int((margin > 0).sum()), int(np.isfinite(away).sum())


def _same_people(data: FaceData, own: dict[str, np.ndarray]) -> Iterator[tuple[str, str, float]]:
    """Yield names under which one person was entered twice, and how near they lie."""
    within = {name: _typical(data, rows, rows) for name, rows in own.items()}
    centres = {name: np.median(data.vectors[rows], axis=0) for name, rows in own.items()}
    for one, two in combinations(own, 2):
        usual = _mean(within[one], within[two])
        if np.linalg.norm(centres[one] - centres[two]) < usual:  # cheap, and passes over nearly all pairs
            ratio = _typical(data, own[one], own[two]) / usual
            if ratio < SAME:
                yield one, two, float(ratio)


def _typical(data: FaceData, first: np.ndarray, second: np.ndarray) -> float:
    """Return the median distance between two sets of faces, of different events; nan when there are none."""
    first, second = (rows[:: -(-len(rows) // MOST)] for rows in (first, second))
    apart = _apart(data.vectors[first], data.vectors[second])
    other_event = data.events[first][:, None] != data.events[second]
    return float(np.median(apart[other_event])) if other_event.any() else float("nan")


def _mean(*values: float) -> float:
    """Return the mean of those that are numbers, nan when none is."""
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else float("nan")


def _identities(people: list[str], twice: list[tuple[str, str, float]]) -> dict[str, int]:
    """Number the people, names of one person alike."""
    number = {name: at for at, name in enumerate(people)}
    for one, two, _ in twice:
        old, new = number[two], number[one]
        number = {name: new if at == old else at for name, at in number.items()}
    return number


def _as_suggestions(
    data: FaceData, own: dict[str, np.ndarray], twice: list[tuple[str, str, float]]
) -> Iterator[Suggestion]:
    for one, two, ratio in sorted(twice, key=lambda pair: pair[2]):
        keys = tuple(data.keys[row] for row in own[two])
        reason = f"faces of {one} and {two} lie {ratio:.2f} times as far apart as faces of one of them"
        yield Suggestion("one person twice", two, one, keys, 1 / ratio, reason)


def _split_names(data: FaceData, own: dict[str, np.ndarray]) -> Iterator[Suggestion]:
    """Yield names that hold two people: two parts, each close, far from each other."""
    for name, rows in own.items():
        if len(rows) < 2 * FEWEST:
            continue
        part = _two_parts(data.vectors[rows])
        sizes = np.bincount(part, minlength=2)
        if sizes.min() < FEWEST:
            continue
        smaller = sizes.argmin()
        first, second = rows[part != smaller], rows[part == smaller]
        usual = _mean(_typical(data, first, first), _typical(data, second, second))
        ratio = _typical(data, first, second) / usual
        if ratio > PARTS:
            reason = f"{len(second)} faces lie {ratio:.2f} times as far from the other {len(first)} as from each other"
            yield Suggestion("two people", name, "", tuple(data.keys[row] for row in second), float(ratio), reason)


def _two_parts(vectors: np.ndarray) -> np.ndarray:
    """Return which of two clusters each row is in (k-means from the two rows furthest apart)."""
    first = int(np.linalg.norm(vectors - vectors.mean(axis=0), axis=1).argmax())
    second = int(np.linalg.norm(vectors - vectors[first], axis=1).argmax())
    centres = vectors[[first, second]]
    for _ in range(20):
        part = _apart(vectors, centres).argmin(axis=1)
        if len(set(part)) < 2:
            break
        centres = np.array([vectors[part == which].mean(axis=0) for which in (0, 1)])
    return part


def _faces(data: FaceData, identity: dict[str, int]) -> list[Suggestion]:
    """Return single faces that are nearer to another person than to their own, and those like nobody."""
    margin, away, nearest = _margins(data, identity)
    names = {number: name for name, number in reversed(identity.items())}
    found = []
    for row, key in enumerate(data.keys):
        name = key.split("/", 1)[0]
        if margin[row] > 0:
            other = names[int(nearest[row])]
            reason = f"{away[row]:.2f} from {name}, but {away[row] - margin[row]:.2f} from {other}"
            found.append(Suggestion("other person", name, other, (key,), float(margin[row]), reason))
    who = np.array([identity[name] for name in data.people])
    for row in np.flatnonzero(_outlying(away, who) & (margin <= 0)).tolist():
        name = data.keys[row].split("/", 1)[0]
        reason = f"{away[row]:.2f} from {name}, whose other faces lie nearer"
        found.append(Suggestion("outlier", name, "", (data.keys[row],), float(margin[row]), reason))
    return sorted(found, key=lambda one: -one.doubt)


def _margins(data: FaceData, identity: dict[str, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return by how much each face is nearer to another person, its distance to its own, and who the other is.

    A person's centre is the mean of all faces but those of the face's event, whose frames are near copies; who was seen
    in one event alone has no distance, and is never doubted.
    """
    who = np.array([identity[name] for name in data.people])
    numbers = np.unique(who)
    centres = np.array([data.vectors[who == number].mean(axis=0) for number in numbers])
    apart = _apart(data.vectors, centres)
    place = np.searchsorted(numbers, who)
    away = np.full(len(who), -np.inf)
    for number in numbers:
        own = np.flatnonzero(who == number)
        away[own] = _from_other_events(data.vectors[own].astype(np.float64), data.events[own])
    apart[np.arange(len(who)), place] = np.inf
    return away - apart.min(axis=1), away, numbers[apart.argmin(axis=1)]


def _from_other_events(vectors: np.ndarray, events: np.ndarray) -> np.ndarray:
    """Return how far each of a person's faces is from the centre of those of other events; -inf without any."""
    _, codes = np.unique(events.astype(str), return_inverse=True)
    counts = np.bincount(codes)
    if len(counts) < 2:
        return np.full(len(vectors), -np.inf)
    sums = np.zeros((len(counts), vectors.shape[1]))
    np.add.at(sums, codes, vectors)
    others = (vectors.sum(axis=0) - sums) / (len(vectors) - counts)[:, None]
    return np.asarray(np.linalg.norm(vectors - others[codes], axis=1))


def _apart(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances (first, second), without an array of all differences."""
    one, two = first.astype(np.float64), second.astype(np.float64)
    squares = (one**2).sum(axis=1)[:, None] + (two**2).sum(axis=1) - 2 * one @ two.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)))


def _outlying(away: np.ndarray, who: np.ndarray) -> np.ndarray:
    """Return which faces lie far out among their person's, (faces,) of bool."""
    found = np.zeros(len(away), bool)
    for number in set(who.tolist()):
        own = np.flatnonzero((who == number) & np.isfinite(away))
        if len(own) >= 2 * FEWEST:
            middle = float(np.median(away[own]))
            spread = 1.4826 * np.median(np.abs(away[own] - middle))
            found[own] = away[own] > middle + OUTLIER * max(spread, 1e-9)
    return found
