"""Whether new embeddings of the same faces tell people apart as well as the old ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deepthink.embedding.facedata import FaceData

MOST = 2000  # faces compared; more cost time and change little


@dataclass(frozen=True)
class Comparison:
    """Old and new embeddings of the same faces."""

    faces: int  # that are in both
    lost: int  # that only the old file has
    old_right: float  # share of faces whose nearest face of another event is the same person's, 0 to 1
    new_right: float
    apart: float | None  # mean distance of a face's two embeddings; None when two embedders made them

    @property
    def worse(self) -> bool:
        """Whether faces are missing, or people are told apart less well by more than one face in a hundred."""
        return self.lost > 0 or self.new_right < self.old_right - 0.01

    def __str__(self) -> str:
        shift = "" if self.apart is None else f", each moved by {self.apart:.4f} on average"
        lost = f", {self.lost} of the old missing" if self.lost else ""
        return (
            f"{self.faces} faces compared{shift}{lost}: the nearest other face is the same person's for "
            f"{self.old_right:.1%} before, {self.new_right:.1%} after"
        )


def compare(old: FaceData, new: FaceData) -> Comparison:
    """Compare two files of embeddings, at most 2,000 faces spread evenly over them.

    Examples
    --------
    >>> keys = tuple(f"{name}/d|{event}|t|b|s" for name in ("Ann", "Bob") for event in "12")
    >>> data = FaceData(keys, np.array([[0.0], [0.1], [1.0], [1.1]]), "x")
    >>> compare(data, data).new_right
    1.0
    """
    both = sorted(set(old.keys) & set(new.keys))
    chosen = both[:: max(1, -(-len(both) // MOST))]
    ours, theirs = _rows(old, chosen), _rows(new, chosen)
    apart = None
    if old.fingerprint == new.fingerprint and len(chosen):
        apart = float(np.linalg.norm(ours.vectors - theirs.vectors, axis=1).mean())
    return Comparison(len(both), len(set(old.keys) - set(new.keys)), _right(ours), _right(theirs), apart)


def _rows(data: FaceData, keys: list[str]) -> FaceData:
    place = {key: row for row, key in enumerate(data.keys)}
    return FaceData(tuple(keys), data.vectors[[place[key] for key in keys]], data.fingerprint)


def _right(data: FaceData) -> float:
    """Return the share of faces whose nearest face of another event is the same person's."""
    if len(set(data.events)) < 2:
        return 1.0
    squares = (data.vectors.astype(np.float64) ** 2).sum(axis=1)
    apart = squares[:, None] + squares - 2 * data.vectors.astype(np.float64) @ data.vectors.T
    apart[data.events[:, None] == data.events] = np.inf
    nearest = apart.argmin(axis=1)
    return float((data.people[nearest] == data.people).mean())
