"""Whether more pictures would help: how many events of residents are missed, by how many each is known from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from deepthink.embedding.facedata import FaceData
from deepthink.model.calibrate import pool
from deepthink.model.openset import distances_to

SIZES = (1, 2, 3, 5, 8, 12, 20, 40)  # events a person
PEOPLE = 40  # at most: the curve is a picture, not a verdict
FACES = 3  # of an event, at most
ASKED = 5  # events of each person, at most
DRAWS = 10


@dataclass(frozen=True)
class Known:
    """How a gallery of so many events a person did."""

    events: int  # each person was enrolled with
    people: int  # who had more than that
    missed: tuple[int, ...]  # events, draw by draw
    asked: int  # events, in each draw


def learning_curve(data: FaceData, strangers: np.ndarray, fpir: float, seed: int = 0) -> list[Known]:
    """Enrol everybody with few events, then with more, and ask the others, by the distance to the baseline alone.

    The threshold is the one at which `fpir` of strangers get a name: of those that were reviewed, and of the asked
    residents held against everybody else's baselines. It differs from size to size; the rate does not.

    Parameters
    ----------
    data : FaceData
        The gallery.
    strangers : ndarray of shape (events, dimensions)
    fpir : float
        The share of strangers' events that may be given a name.
    seed : int, optional

    Returns
    -------
    list of Known
        By events a person; only where at least two people have more.
    """
    return list(_curve(data, strangers, fpir, np.random.default_rng(seed)))


def _curve(data: FaceData, strangers: np.ndarray, fpir: float, rng: np.random.Generator) -> Iterator[Known]:
    own = {person: sorted(set(data.events[data.people == person])) for person in sorted(set(data.people))}
    for size in SIZES:
        people = [person for person, events in own.items() if len(events) > size][:PEOPLE]
        if len(people) < 2:
            return
        drawn = [_ask(data, {p: rng.permutation(own[p]) for p in people}, size, strangers, fpir) for _ in range(DRAWS)]
        yield Known(size, len(people), tuple(missed for missed, _ in drawn), drawn[0][1])


def _ask(
    data: FaceData, order: dict[str, np.ndarray], size: int, strangers: np.ndarray, fpir: float
) -> tuple[int, int]:
    """Enrol the first events of each person and ask the next; returns how many were missed, and asked."""
    gallery = _of(data, {person: events[:size] for person, events in order.items()})
    asked = _of(data, {person: events[size : size + ASKED] for person, events in order.items()})
    labels = np.array([f"{person}/{event}" for person, event in zip(asked.people, asked.events, strict=True)])
    probes, groups = pool(asked.vectors, labels)
    centroids, people = pool(gallery.vectors, gallery.people.astype(str))
    who = np.searchsorted(people, [str(group).split("/", 1)[0] for group in groups])
    distances = distances_to(probes, centroids)
    own = distances[np.arange(len(who)), who]
    distances[np.arange(len(who)), who] = np.inf
    others = distances.min(axis=1)
    away = np.concatenate([others, distances_to(strangers, centroids).min(axis=1)]) if len(strangers) else others
    missed = (own > np.quantile(away, fpir)) | (own >= others)
    return int(missed.sum()), len(missed)


def _of(data: FaceData, events: dict[str, np.ndarray]) -> FaceData:
    """Return a few faces of each of some events."""
    wanted = {(person, event) for person, chosen in events.items() for event in chosen}
    seen: dict[tuple[str, str], int] = {}
    chosen = np.zeros(len(data.keys), bool)
    for number, where in enumerate(zip(data.people, data.events, strict=True)):
        if where in wanted and seen.get(where, 0) < FACES:
            seen[where] = seen.get(where, 0) + 1
            chosen[number] = True
    return data.only(chosen)
