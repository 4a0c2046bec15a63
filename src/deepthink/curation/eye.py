"""What embeddings say of a facelist's rows: who is like whom, who is near, and which labels are suspect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from deepthink.curation.facelist import Row
from deepthink.curation.groups import ALONE, Gallery, Near, group, means_of, tracks_of, usual_distance
from deepthink.curation.lanes import WAITING, Board
from deepthink.curation.notes import Notes
from deepthink.curation.queue import Sight, proposed
from deepthink.curation.suggest import suggest
from deepthink.curation.vectors import Seen, Vectors, face_id
from deepthink.embedding.facedata import FaceData

_SAMPLE = 2000  # faces from which the usual distance is estimated
NOBODY = Gallery([], np.zeros((0, 1)), 1.0)


@dataclass(frozen=True)
class Waiting:
    """Faces to group, taken from a board: what others do to it meanwhile changes nothing here."""

    numbers: list[int]
    vectors: np.ndarray
    objects: list[tuple[str, str, int]]
    named: np.ndarray  # whether recognition has a name for it
    gallery: Gallery


def regroup(waiting: Waiting) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each face's track, each track's middle and its group: of those that have no name and are near nobody."""
    tracks = tracks_of(waiting.vectors, waiting.objects, waiting.gallery.usual)
    means = means_of(waiting.vectors, tracks)
    near = np.array([one is not None for one in waiting.gallery.suggest(means)], bool)
    near[tracks[waiting.named]] = True
    groups = np.full(len(means), ALONE)
    groups[~near] = group(means[~near], waiting.gallery.usual)
    return tracks, means, groups


def doubts(labelled: Mapping[str, tuple[int, np.ndarray]]) -> dict[int, str]:
    """Return the rows whose labels are probably wrong, each with the reason."""
    if not labelled:
        return {}
    found = suggest(FaceData(tuple(labelled), np.array([vector for _, vector in labelled.values()]), ""))
    return {labelled[face][0]: one.reason for one in reversed(found) for face in one.faces if face in labelled}


class Eye:
    """Compares the rows of a board by their embeddings.

    Parameters
    ----------
    vectors : Vectors
        Made for the review.
    learnt : mapping of str to Seen
        Those of faces that a version was trained on, by `face_id`.
    """

    def __init__(self, vectors: Vectors, learnt: Mapping[str, Seen]) -> None:
        self.vectors, self.learnt = vectors, learnt
        self.gallery = NOBODY
        self.groups: dict[int, int] = {}
        self.tracks: dict[int, int] = {}  # which track each waiting row is of
        self.means = np.zeros((0, 1))  # the tracks' middles
        self._known: dict[int, Seen] = {}  # what is known by a row's number: looking a face up takes its time
        self.faults: dict[int, str] = {}
        self._enrolled: dict[int, tuple[str, np.ndarray]] = {}  # what the gallery was made of

    def seen(self, row: Row) -> Seen | None:
        """Return what is known of a row's face."""
        face = face_id(row)
        return self.vectors.get(face) or self.learnt.get(face)

    def _seen(self, board: Board, number: int) -> Seen | None:
        found = self._known.get(number) or self.seen(board.rows[number])
        if found:
            self._known[number] = found
        return found

    def known(self, board: Board, numbers: Iterable[int]) -> tuple[list[int], np.ndarray]:
        """Return the rows of which embeddings are there, and these."""
        pairs = [(number, seen.vector) for number in numbers if (seen := self._seen(board, number))]
        return [number for number, _ in pairs], np.array([vector for _, vector in pairs])

    def missing(self, board: Board) -> list[int]:
        """Return the rows that wait or are enrolled, and that nobody has looked at yet; those that wait first."""
        wanted = [n for lane in (*WAITING, "enrolled", "gallery") for n in board.lanes[lane]]
        return [n for n in wanted if (face := face_id(board.rows[n])) not in self.vectors and face not in self.learnt]

    def enrol(self, board: Board, numbers: Iterable[int] | None = None) -> None:
        """Let the gallery be what a board's rows, or those that have changed, make of it."""
        if numbers is None:
            return self._enrol_all(board)
        for number in numbers:
            self._known.pop(number, None)
            old = self._enrolled.pop(number, None)
            if old:
                self.gallery.add(old[0], old[1][None], -1)
            row = board.rows.get(number)
            seen = self.seen(row) if row is not None and row.enrolled else None
            if row is not None and seen:
                self._enrolled[number] = (row.name, seen.vector)
                self.gallery.add(row.name, seen.vector[None])
        return None

    def _enrol_all(self, board: Board) -> None:
        everybody = [number for own in board.people.values() for number in own]
        numbers, vectors = self.known(board, everybody)
        names = [board.rows[number].name for number in numbers]
        self._enrolled = {n: (name, v) for n, name, v in zip(numbers, names, vectors, strict=True)}
        some, points = self.known(board, _spread([*everybody, *board.inside("queue")]))
        usual = usual_distance(points, np.array([board.rows[n].frame.event for n in some])) if some else 1.0
        self.gallery = Gallery(names, vectors if len(numbers) else np.zeros((0, 1)), usual)

    def waiting(self, board: Board, notes: Notes) -> Waiting:
        """Return what there is to group: the waiting rows of which embeddings are there."""
        numbers, vectors = self.known(board, [n for lane in WAITING for n in board.lanes[lane]])
        frames = [board.rows[n].frame for n in numbers]
        objects = [(frame.date, frame.event, board.rows[n].objid) for frame, n in zip(frames, numbers, strict=True)]
        named = [bool(proposed(board.rows[n], n, notes)) for n in numbers]
        return Waiting(numbers, vectors, objects, np.array(named, bool), self.gallery)

    def take(self, waiting: Waiting, tracks: np.ndarray, means: np.ndarray, groups: np.ndarray) -> None:
        """Take over what `regroup` has found."""
        self.means, self.tracks = means, dict(zip(waiting.numbers, tracks.tolist(), strict=True))
        self.groups = dict(zip(waiting.numbers, groups[tracks].tolist(), strict=True))

    def labelled(self, board: Board) -> dict[str, tuple[int, np.ndarray]]:
        """Return the enrolled rows, each with its embedding, by the key that facedata would give it."""
        there = [(n, name, v) for n, (name, v) in self._enrolled.items() if n in board.rows]
        return {f"{name}/{face_id(board.rows[n])}": (n, vector) for n, name, vector in there}

    def suspect(self, board: Board, notes: Notes, doubts: Mapping[int, str]) -> None:
        """Let labels be suspected, but for those said to be right."""
        self.faults = {number: why for number, why in doubts.items() if number not in notes.sure}
        board.suspect(self.faults)

    def sight(self, board: Board, notes: Notes, numbers: Sequence[int]) -> Sight:
        """Return what to lay the rows out by."""
        known, vectors = self.known(board, numbers)
        place = {number: at for at, number in enumerate(known)}
        whole, near = self._by_track(known, vectors)

        def nearest(number: int) -> Near | None:
            found = near[place[number]] if number in place else None
            return None if found and found.person in notes.refused.get(number, ()) else found

        def oddness(rows: Sequence[int]) -> dict[int, float]:
            own = [number for number in rows if number in place]
            points = whole[[place[number] for number in own]]
            away = np.linalg.norm(points - points.mean(axis=0), axis=1) if own else []
            return dict(zip(own, map(float, away), strict=True))

        return Sight(self.groups, nearest, oddness)

    def _by_track(self, numbers: Sequence[int], vectors: np.ndarray) -> tuple[np.ndarray, list[Near | None]]:
        """Return for each row the middle of its track, or its own embedding where it has none; and who that is near."""
        places = np.array([self.tracks.get(number, ALONE) for number in numbers], int)
        tracked = places != ALONE
        if not len(places) or not tracked.any():
            return vectors, self.gallery.suggest(vectors)
        there, back = np.unique(places[tracked], return_inverse=True)
        whole = vectors.astype(np.float64)
        whole[tracked] = self.means[places[tracked]]
        near: list[Near | None] = [None] * len(places)
        ours, own = self.gallery.suggest(self.means[there]), self.gallery.suggest(vectors[~tracked])
        for at, track in zip(np.flatnonzero(tracked), back, strict=True):
            near[at] = ours[track]
        for at, found in zip(np.flatnonzero(~tracked), own, strict=True):
            near[at] = found
        return whole, near

    def around(self, board: Board, numbers: Iterable[int]) -> list[Near]:
        """Return everybody enrolled, those nearest to the middle of some rows first."""
        known, vectors = self.known(board, numbers)
        return self.gallery.nearest(vectors.mean(axis=0)) if known else []

    def suggest(self, board: Board, numbers: Iterable[int]) -> Near | None:
        """Return who most of some rows are near to; the mean of many would be near to anybody."""
        known, vectors = self.known(board, numbers)
        if not known:
            return None
        votes = Counter(near.person for near in self._by_track(known, vectors)[1] if near)
        person, count = next(iter(votes.most_common(1)), ("", 0))
        away = [near.distance for near in self.gallery.nearest(vectors.mean(axis=0)) if near.person == person]
        return Near(person, away[0]) if 2 * count > len(known) else None

    def enrolled_near(self, board: Board, number: int) -> list[tuple[int, float]]:
        """Return the enrolled rows by how near they are to one: of the nearest people, so that few are compared."""
        seen = self.seen(board.rows[number])
        if seen is None:
            return []
        people = {near.person for near in self.gallery.nearest(seen.vector)[:5]}
        return self.alike(board, number, [n for person in people for n in board.people.get(person, ())])

    def alike(self, board: Board, number: int, among: Iterable[int]) -> list[tuple[int, float]]:
        """Return rows by how near they are to one, the nearest first, each with its distance."""
        seen = self.seen(board.rows[number])
        known, vectors = self.known(board, among)
        if seen is None or not known:
            return []
        away = np.linalg.norm(vectors - seen.vector, axis=1)
        return [(known[at], float(away[at])) for at in np.argsort(away, kind="stable")]


def _spread(numbers: list[int]) -> list[int]:
    return numbers[:: max(1, len(numbers) // _SAMPLE)]
