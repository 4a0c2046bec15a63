"""SentinelCam's own decision, exactly (docs/formats.md, 1.4): for comparison, and for sites that still run it.

It names strangers: whoever the classifier and the nearest baseline agree on has a name, however far away (bug B12).
DeepThink's own rule is `openset.Rule`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deepthink.datasink.labels import Label
from deepthink.model.openset import NOBODY
from deepthink.records import UNKNOWN

SURE, NEAR = 0.97, 0.99  # probability; embedding units
ALMOST = 0.05  # embedding units beyond a person's threshold that still make a face usable


@dataclass(frozen=True)
class Decision:
    """Whose face it is, and with which numbers."""

    person: int | None  # None is Unknown
    probability: float  # 0 to 1; 0 when the distances contradict the classifier
    distance: float  # to the baseline that decided
    margin: float  # distance minus that person's threshold
    usable: bool


def decide(shares: np.ndarray, distances: np.ndarray, thresholds: np.ndarray, aligned: bool) -> Decision:
    """Decide as FaceRecon does.

    Parameters
    ----------
    shares : ndarray of shape (people,)
        The classifier's probabilities.
    distances : ndarray of shape (people,)
        To each person's baseline, in embedding units.
    thresholds : ndarray of shape (people,)
        Each person's, in embedding units.
    aligned : bool
        Whether both eyes were found, and well placed.

    Examples
    --------
    >>> decide(np.array([0.9, 0.1]), np.array([1.2, 1.0]), np.array([0.8, 0.8]), aligned=True)
    Decision(person=None, probability=0.0, distance=1.0, margin=0.19999999999999996, usable=True)
    """
    sure, near = int(np.argmax(shares)), int(np.argmin(distances))
    alone = shares[sure] > SURE and float(distances[sure]) <= NEAR  # then nobody asks which baseline is nearest
    by = sure if alone else near
    distance = float(distances[by])  # compared as float64, as NumPy 1 does with the float32 distances of the nodes
    margin = distance - float(thresholds[by])
    probability = float(shares[sure]) if by == sure else 0.0
    person = _person(sure, by, distance, aligned)
    return Decision(person, probability, distance, margin, bool(aligned or margin < ALMOST))


def _person(sure: int, by: int, distance: float, aligned: bool) -> int | None:
    if by == sure:
        return sure
    if distance <= NEAR:
        return by
    return None if aligned else sure


def sentinelcam_rule(shares: np.ndarray, distances: np.ndarray, aligned: bool = True) -> int | None:
    """Return whose face SentinelCam would call it, as an index, or None for Unknown.

    Examples
    --------
    >>> sentinelcam_rule(np.array([0.4, 0.6]), np.array([1.5, 1.4]))  # far from everybody, and yet it has a name
    1
    >>> sentinelcam_rule(np.array([0.4, 0.6]), np.array([1.4, 1.5])) is None
    True
    """
    return decide(shares, distances, np.zeros(len(shares)), aligned).person


@dataclass(frozen=True)
class FaceRecon:
    """All that FaceRecon decides by.

    Examples
    --------
    >>> recon = FaceRecon(("Ann",), np.zeros((1, 2), np.float32), np.array([0.6]))
    >>> str(recon.label(np.float32([0.3, 0.4]), aligned=False, faces=1))
    'Ann: 100.00% (0.500000|-0.100000|1|1)'
    """

    people: tuple[str, ...]
    centroids: np.ndarray  # (people, dimensions) float32
    thresholds: np.ndarray  # (people,) float64: mean less standard deviation of a person's own distances
    probabilities: Callable[[np.ndarray], np.ndarray] | None = None  # None when one person alone is enrolled

    def label(self, embedding: np.ndarray, aligned: bool, faces: int) -> Label:
        """Say whose face this is, one of so many in its frame; Unknown and far away while nobody is enrolled."""
        if not self.people:
            return Label(UNKNOWN, 0.0, NOBODY, NOBODY, aligned, faces)
        shares = self.probabilities(embedding[None])[0] if self.probabilities else np.ones(1)
        one = decide(shares, self._distances(embedding), self.thresholds, aligned)
        name = UNKNOWN if one.person is None else self.people[one.person]
        return Label(name, one.probability, one.distance, one.margin, one.usable, faces)

    def _distances(self, embedding: np.ndarray) -> np.ndarray:
        """Measure in float32, one baseline after another: the nodes' numbers to the last of six digits."""
        away = [embedding - centroid for centroid in self.centroids]
        return np.array([np.sqrt(np.sum(np.multiply(one, one))) for one in away])
