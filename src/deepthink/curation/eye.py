"""What embeddings say of a facelist's rows: who is like whom, who is near, and which labels are suspect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

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
        self.tracks: dict[int, np.ndarray] = {}  # the middle of the track that each waiting row is of
        self.faults: dict[int, str] = {}
        self._enrolled: dict[int, tuple[str, np.ndarray]] = {}  # what the gallery was made of

    def seen(self, row: Row) -> Seen | None:
        """Return what is known of a row's face."""
        face = face_id(row)
        return self.vectors.get(face) or self.learnt.get(face)

    def _seen_of(self, board: Board, numbers: Iterable[int]) -> tuple[list[int], np.ndarray]:
        """Return the rows of which embeddings are there, and these."""
        pairs = [(number, seen.vector) for number in numbers if (seen := self.seen(board.rows[number]))]
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
        numbers, vectors = self._seen_of(board, everybody)
        names = [board.rows[number].name for number in numbers]
        self._enrolled = {n: (name, v) for n, name, v in zip(numbers, names, vectors, strict=True)}
        some, points = self._seen_of(board, _spread([*everybody, *board.inside("queue")]))
        usual = usual_distance(points, np.array([board.rows[n].frame.event for n in some])) if some else 1.0
        self.gallery = Gallery(names, vectors if len(numbers) else np.zeros((0, 1)), usual)

    def regroup(self, board: Board, notes: Notes) -> None:
        """Find the tracks of the waiting rows, and group those that nobody has a name for and that are near nobody."""
        waiting = [n for lane in WAITING for n in board.lanes[lane]]
        numbers, vectors = self._seen_of(board, waiting)
        frames = [board.rows[n].frame for n in numbers]
        objects = [(frame.date, frame.event, board.rows[n].objid) for frame, n in zip(frames, numbers, strict=True)]
        tracks = tracks_of(vectors, objects, self.gallery.usual)
        means = means_of(vectors, tracks)
        self.tracks = {number: means[track] for number, track in zip(numbers, tracks.tolist(), strict=True)}
        named = {track for n, track in zip(numbers, tracks.tolist(), strict=True) if proposed(board.rows[n], n, notes)}
        near = self.gallery.suggest(means)
        free = np.array([track for track in range(len(means)) if track not in named and near[track] is None], int)
        found = np.full(len(means), ALONE)
        found[free] = group(means[free], self.gallery.usual)
        self.groups = {number: int(found[track]) for number, track in zip(numbers, tracks.tolist(), strict=True)}

    def suspect(self, board: Board, notes: Notes) -> None:
        """Look for labels that are probably wrong among the enrolled rows; those said to be right are left out."""
        keys = {f"{name}/{face_id(board.rows[n])}": n for n, (name, _) in self._enrolled.items() if n in board.rows}
        vectors = np.array([self._enrolled[n][1] for n in keys.values()])
        found = suggest(FaceData(tuple(keys), vectors, self.vectors.fingerprint)) if keys else []
        named = {keys[face]: one.reason for one in reversed(found) for face in one.faces if face in keys}
        self.faults = {number: why for number, why in named.items() if number not in notes.sure}
        board.suspect(self.faults)

    def sight(self, board: Board, notes: Notes, numbers: Sequence[int]) -> Sight:
        """Return what to lay the rows out by."""
        known, vectors = self._seen_of(board, numbers)
        place = {number: at for at, number in enumerate(known)}
        whole = np.array([self.tracks.get(number, vectors[at]) for number, at in place.items()])
        near = dict(zip(known, self.gallery.suggest(whole), strict=True)) if known else {}

        def nearest(number: int) -> Near | None:
            found = near.get(number)
            return None if found and found.person in notes.refused.get(number, ()) else found

        def oddness(rows: Sequence[int]) -> dict[int, float]:
            own = [number for number in rows if number in place]
            points = whole[[place[number] for number in own]]
            away = np.linalg.norm(points - points.mean(axis=0), axis=1) if own else []
            return dict(zip(own, map(float, away), strict=True))

        return Sight(self.groups, nearest, oddness)

    def around(self, board: Board, numbers: Iterable[int]) -> list[Near]:
        """Return everybody enrolled, those nearest to the middle of some rows first."""
        known, vectors = self._seen_of(board, numbers)
        return self.gallery.nearest(vectors.mean(axis=0)) if known else []

    def suggest(self, board: Board, numbers: Iterable[int]) -> Near | None:
        """Return who most of some rows are near to; the mean of many would be near to anybody."""
        known, vectors = self._seen_of(board, numbers)
        if not known:
            return None
        whole = np.array([self.tracks.get(number, vectors[at]) for at, number in enumerate(known)])
        votes = Counter(near.person for near in self.gallery.suggest(whole) if near)
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
        known, vectors = self._seen_of(board, among)
        if seen is None or not known:
            return []
        away = np.linalg.norm(vectors - seen.vector, axis=1)
        return [(known[at], float(away[at])) for at in np.argsort(away, kind="stable")]


def _spread(numbers: list[int]) -> list[int]:
    return numbers[:: max(1, len(numbers) // _SAMPLE)]
