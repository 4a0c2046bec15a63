"""Unknown faces in groups, each probably one person's; and who in the gallery is near to a face.

Frames of one event are near copies, so that faces are first joined into tracks (one object of one event), and the
tracks' means are clustered: HDBSCAN (Campello, Moulavi and Sander, 2013) of scikit-learn, which need not be told how
many people there are, and leaves alone what is like nothing else. All distances are told in terms of the usual one
between two faces of different events, so that nothing here depends on an embedder's scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deepthink.errors import MissingExtraError

# In terms of the usual distance between faces of different events, 0.79 with dlib's network on Labeled Faces in the
# Wild. There a face lies at 0.45 from its person's centre and at 0.8 from others', as medians.
SAME_TRACK = 0.45
NEAR = 0.62  # a face no further from somebody's centre than this may be theirs
TOGETHER = 0.7  # a track no further from the others of its group belongs to it
CLEARLY = 0.08  # and the second nearest must be further by this
ALONE = -1
_PAIRS = 4000


def usual_distance(vectors: np.ndarray, events: np.ndarray) -> float:
    """Return the median distance between faces of different events; 1.0 when there are no two events.

    Examples
    --------
    >>> usual_distance(np.array([[0.0], [0.0], [3.0]]), np.array(["a", "a", "b"]))
    3.0
    """
    if len(set(events.tolist())) < 2:
        return 1.0
    one, other = np.random.default_rng(0).integers(0, len(vectors), (2, _PAIRS))
    apart = events[one] != events[other]
    return float(np.median(np.linalg.norm(vectors[one[apart]] - vectors[other[apart]], axis=1)))


def tracks_of(vectors: np.ndarray, objects: Sequence[object], usual: float) -> np.ndarray:
    """Return a track's number for each face: those of one object of one event that look like one person.

    The outpost's tracker swaps people who cross, and a detector finds faces in the background of an object's box; so a
    face that is far from the others of its object begins a track of its own.
    """
    number = np.zeros(len(vectors), int)
    tracks: dict[object, list[list[int]]] = {}
    for face, thing in enumerate(objects):
        begun = tracks.setdefault(thing, [])
        away = [float(np.linalg.norm(vectors[own].mean(axis=0) - vectors[face])) for own in begun]
        if away and min(away) < SAME_TRACK * usual:
            begun[int(np.argmin(away))].append(face)
        else:
            begun.append([face])
    for track, own in enumerate(own for begun in tracks.values() for own in begun):
        number[own] = track
    return number


def means_of(vectors: np.ndarray, tracks: np.ndarray) -> np.ndarray:
    """Return the middle of each track, (tracks, dimensions)."""
    sums = np.zeros((tracks.max(initial=-1) + 1, vectors.shape[1] if vectors.ndim == 2 else 0))
    np.add.at(sums, tracks, vectors)
    return np.asarray(sums / np.bincount(tracks, minlength=len(sums))[:, None])


def group(means: np.ndarray, usual: float) -> np.ndarray:
    """Return a group's number for each track, -1 for those that are like no others.

    Parameters
    ----------
    means : ndarray of shape (tracks, dimensions)
    usual : float
        The usual distance between faces of different events.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    return _without_strays(means, _clusters(means), usual)


def _clusters(means: np.ndarray) -> np.ndarray:
    try:
        from sklearn.cluster import HDBSCAN
    except ImportError:
        raise MissingExtraError("scikit-learn", "train") from None
    if len(means) < 3:
        return np.full(len(means), ALONE)
    found = HDBSCAN(min_cluster_size=2, min_samples=2, copy=True).fit_predict(means)
    return np.asarray(found, int)


def _without_strays(means: np.ndarray, clusters: np.ndarray, usual: float) -> np.ndarray:
    """Leave alone what is far from the others of its cluster: dense ones draw in whoever comes last."""
    kept = clusters.copy()
    for one in range(clusters.max(initial=ALONE) + 1):
        own = np.flatnonzero(clusters == one)
        others = (means[own].sum(axis=0) - means[own]) / (len(own) - 1)
        kept[own[np.linalg.norm(means[own] - others, axis=1) > TOGETHER * usual]] = ALONE
    return kept


@dataclass(frozen=True)
class Near:
    """Somebody in the gallery, and how far they are."""

    person: str
    distance: float  # to their centre, in embedding units


class Gallery:
    """Everybody who has been enrolled, as centres.

    Parameters
    ----------
    people : sequence of str
        The person of each face.
    vectors : ndarray of shape (faces, dimensions)
    usual : float
        The usual distance between faces of different events.

    Examples
    --------
    >>> gallery = Gallery(["Ann", "Bob"], np.array([[0.0], [1.0]]), usual=1.0)
    >>> gallery.suggest(np.array([[0.25], [0.5]]))
    [Near(person='Ann', distance=0.25), None]
    """

    def __init__(self, people: Sequence[str], vectors: np.ndarray, usual: float) -> None:
        self.usual = usual
        names, codes = np.unique(np.asarray(people, dtype=str), return_inverse=True)
        sums = np.zeros((len(names), vectors.shape[1] if len(names) else 0))
        np.add.at(sums, codes, vectors)
        counts = np.bincount(codes, minlength=len(names))
        self._sums = {str(name): (total, int(count)) for name, total, count in zip(names, sums, counts, strict=True)}
        self._arranged: np.ndarray | None = None

    @property
    def people(self) -> list[str]:
        """Everybody, sorted."""
        return sorted(self._sums)

    @property
    def _centres(self) -> np.ndarray:
        if self._arranged is None:
            self._arranged = np.array([self._sums[name][0] / self._sums[name][1] for name in self.people])
        return self._arranged

    def add(self, person: str, vectors: np.ndarray, sign: int = 1) -> None:
        """Enrol faces, or with sign -1 take them out again."""
        total, count = self._sums.pop(person, (0.0, 0))
        count += sign * len(vectors)
        if count > 0:
            self._sums[person] = (total + sign * vectors.sum(axis=0, dtype=np.float64), count)
        self._arranged = None

    def nearest(self, vector: np.ndarray) -> list[Near]:
        """Return everybody, the nearest first."""
        people = self.people
        if not people:
            return []
        away = np.linalg.norm(self._centres - vector, axis=1)
        return [Near(people[at], float(away[at])) for at in np.argsort(away)]

    def suggest(self, vectors: np.ndarray) -> list[Near | None]:
        """Return who each face probably is; None where nobody is near, or two are alike near."""
        people = self.people
        if not people or not len(vectors):
            return [None] * len(vectors)
        away = np.sqrt(np.maximum(_squares(vectors, self._centres), 0.0))
        first = away.argmin(axis=1)
        nearest = away[np.arange(len(away)), first]
        away[np.arange(len(away)), first] = np.inf
        clear = away.min(axis=1) - nearest >= CLEARLY * self.usual
        good = (nearest <= NEAR * self.usual) & clear
        return [
            Near(people[who], float(distance)) if fine else None
            for who, distance, fine in zip(first, nearest, good, strict=True)
        ]


def _squares(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    first = one.astype(np.float64)
    squares = (first**2).sum(axis=1)[:, None] + (other**2).sum(axis=1) - 2 * first @ other.T
    return np.asarray(squares)
