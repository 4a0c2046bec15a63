"""The one decision rule: who a probe is, or that it is nobody's here. Validation and recognition both use it.

Three witnesses must agree before a name is given: the face's quality, its distance to the nearest person's baseline,
and the classifier. A classifier alone always finds somebody (measured on Labeled Faces in the Wild: SentinelCam's
rule named 75 to 86 % of strangers); a distance with a threshold set from strangers does not.

The probe is what one person shows in one event: the mean of the embeddings of its usable frames. Thresholds are set
on the same kind of mean, so that what was measured is what is asked.

References
----------
Phillips, Grother and Micheals, Evaluation Methods in Face Recognition, Handbook of Face Recognition, 2011 (open-set
identification: detect and identify rate, false alarm rate). ISO/IEC 19795-1:2021 (FNIR, FPIR).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from deepthink.records import Identification

CONTRADICTION = 0.5  # a classifier that gives more than half to another person contradicts the distance
NOBODY = 9.999999  # the distance that is reported when the gallery is empty; a number, for readers that parse one


@dataclass(frozen=True)
class Rule:
    """What a decision needs besides the classifier.

    Examples
    --------
    >>> rule = Rule(("ann", "bob"), np.float32([[0, 0], [4, 0]]), np.array([1.0, 1.0]))
    >>> [who.person for who in rule.decide(np.float32([[0.5, 0], [2, 0]]))]
    ['ann', None]
    """

    people: tuple[str, ...]
    centroids: np.ndarray  # (people, dimensions) float32
    thresholds: np.ndarray  # (people,) float64: the distance a person allows, in embedding units
    least_probability: float = 0.0  # that the classifier must give to the nearest person, 0 to 1

    def decide(
        self,
        probes: np.ndarray,
        usable: Sequence[bool] | None = None,
        probabilities: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> list[Identification]:
        """Answer each probe with a person or with nobody.

        Parameters
        ----------
        probes : ndarray of shape (probes, dimensions)
            One embedding a probe.
        usable : sequence of bool, optional
            Whether the probe's quality allows a name; all do when not given.
        probabilities : callable, optional
            Maps probes to (probes, people) probabilities; without it the distance decides alone.
        """
        allowed = [True] * len(probes) if usable is None else list(usable)
        if not self.people:
            return [Identification(None, 0.0, NOBODY, 0.0, "", "nobody is enrolled") for _ in allowed]
        distances = distances_to(probes, self.centroids)
        shares = probabilities(probes) if probabilities and len(probes) else np.ones((len(probes), len(self.people)))
        return [self._one(*probe) for probe in zip(distances, shares, allowed, strict=True)]

    def _one(self, distances: np.ndarray, shares: np.ndarray, usable: bool) -> Identification:
        near = int(np.argmin(distances))
        name, distance, threshold = self.people[near], float(distances[near]), float(self.thresholds[near])
        doubt = self._doubt(near, shares) if usable else "no usable picture"
        too_far = f"too far from {name}" if usable and distance > threshold else ""
        reason = too_far or doubt
        person = None if reason else name
        return Identification(person, float(shares[near]), distance, threshold, name, reason, bool(doubt))

    def _doubt(self, near: int, shares: np.ndarray) -> str:
        """Return why the classifier refuses the nearest person, empty when it does not."""
        if shares[near] < self.least_probability:
            return f"nearest to {self.people[near]}, but the classifier gives it only {100 * shares[near]:.0f} %"
        first = int(np.argmax(shares))
        if first != near and shares[first] > CONTRADICTION and shares[near] < CONTRADICTION:
            return f"nearest to {self.people[near]}, but the classifier says {self.people[first]}"
        return ""


def distances_to(probes: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Return the Euclidean distances (probes, centroids), float64."""
    probes64, centroids64 = np.asarray(probes, np.float64), np.asarray(centroids, np.float64)
    square = (probes64**2).sum(1)[:, None] + (centroids64**2).sum(1)[None] - 2 * probes64 @ centroids64.T
    return np.sqrt(np.maximum(square, 0))
