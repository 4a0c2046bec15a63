"""Sets the distance below which a name may be given, at a stated rate of strangers named."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deepthink.model.openset import distances_to

# The distance at which 1 % of strangers get a name, measured for dlib's network on Labeled Faces in the Wild (24 people
# of 8 or 10 photographs each, 20 draws: 0.50). It stands in for strangers that a young site has not met yet.
USUAL_DISTANCE = 0.50
USUAL_WEIGHT = 20  # strangers' events that the usual distance counts for
SPREADS = 3.0  # standard deviations beyond residents' own mean distance: further than that there is hardly anyone to gain


@dataclass(frozen=True)
class Calibration:
    """The site's threshold, and what it was set on."""

    threshold: float  # embedding units
    fpir: float  # asked for
    strangers: int  # events of faces reviewed as strangers
    cohort: int  # residents' events, each asked of a gallery without its person
    own: int  # residents' events, each asked of a gallery without it
    fpir_seen: float  # share of strangers and cohort within the threshold
    fnir_seen: float  # share of residents' own events beyond it

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for a manifest."""
        return asdict(self)


def pool(embeddings: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean embedding of each group and the groups in the same, sorted order.

    Examples
    --------
    >>> pool(np.array([[0.0], [2.0], [5.0]]), np.array(["b", "b", "a"]))[0].ravel().tolist()
    [5.0, 1.0]
    """
    names, which = np.unique(groups, return_inverse=True)
    means = np.array([embeddings[which == group].mean(axis=0) for group in range(len(names))])
    return means.reshape(len(names), embeddings.shape[1]), names


def calibrate(
    probes: np.ndarray, who: np.ndarray, sizes: np.ndarray, strangers: np.ndarray, fpir: float
) -> Calibration:
    """Find the threshold at which `fpir` of strangers' events would be given a name.

    Strangers are the faces reviewed as such, and a cohort: every resident's events asked of a gallery that does not
    hold that resident (leave one person out; Phillips et al. 2011). Where both are few, the usual distance of the
    embedder is mixed in. A threshold beyond what residents themselves need (`SPREADS`) is drawn back half of the way.

    Parameters
    ----------
    probes : ndarray of shape (events, dimensions)
        One embedding for each person and event.
    who : ndarray of shape (events,)
        Whose, as an index.
    sizes : ndarray of shape (events,)
        Faces in each, the weight with which it enters its person's baseline.
    strangers : ndarray of shape (events, dimensions)
        Strangers' events.
    fpir : float
        The share of strangers' events that may be given a name, 0 to 0.5.
    """
    own = _own_distances(probes, who, sizes)
    away = np.concatenate([_cohort_distances(probes, who, sizes), _nearest(strangers, _centroids(probes, who, sizes))])
    away = away[np.isfinite(away)]
    threshold = _drawn_back(_threshold(away, fpir), own)
    return Calibration(
        threshold, fpir, len(strangers), len(away) - len(strangers), len(own),
        _share(away <= threshold), _share(own > threshold),
    )  # fmt: skip


def _threshold(away: np.ndarray, fpir: float) -> float:
    if not len(away):
        return USUAL_DISTANCE
    measured = float(np.quantile(away, fpir))
    return (measured * len(away) + USUAL_DISTANCE * USUAL_WEIGHT) / (len(away) + USUAL_WEIGHT)


def _drawn_back(threshold: float, own: np.ndarray) -> float:
    """Where strangers lie far beyond residents, go half of the way back to them: a margin on both sides."""
    if len(own) < USUAL_WEIGHT:
        return threshold
    enough = float(own.mean() + SPREADS * own.std())
    return (threshold + enough) / 2 if enough < threshold else threshold


def _share(chosen: np.ndarray) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0


def _centroids(probes: np.ndarray, who: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.array([np.average(probes[who == p], axis=0, weights=sizes[who == p]) for p in range(who.max() + 1)])


def _nearest(probes: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    return distances_to(probes, centroids).min(axis=1) if len(probes) else np.zeros(0)


def _cohort_distances(probes: np.ndarray, who: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return each event's distance to the nearest person that is not its own; infinite with one person alone."""
    distances = distances_to(probes, _centroids(probes, who, sizes))
    distances[np.arange(len(who)), who] = np.inf
    return distances.min(axis=1)


def _own_distances(probes: np.ndarray, who: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return each event's distance to its person's baseline made without it; people of one event have none."""
    total = np.array([(probes[who == p] * sizes[who == p, None]).sum(axis=0) for p in range(who.max() + 1)])
    count = np.bincount(who, sizes)
    rest = count[who] - sizes
    several = rest > 0
    without = (total[who] - probes * sizes[:, None])[several] / rest[several, None]
    return np.asarray(np.linalg.norm(probes[several] - without, axis=1))
