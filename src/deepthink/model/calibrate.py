"""Sets the distance below which a name may be given, at a stated rate of strangers named."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from deepthink.model.classifier import Classifier
from deepthink.model.linear import Linear
from deepthink.model.openset import distances_to

# The distance at which 1 % of strangers get a name, measured for dlib's network on Labeled Faces in the Wild (24 people
# of 8 or 10 photographs each, 20 draws: 0.50). It stands in for strangers that a young site has not met yet.
USUAL_DISTANCE = 0.50
USUAL_WEIGHT = 20  # strangers' events that the usual distance counts for
SPREADS = (
    3.0  # standard deviations beyond residents' own mean distance: further than that there is hardly anyone to gain
)
LEAST_SPREADS = 1.5  # no person's threshold is drawn in further than this
KEPT = 0.25  # of the way from what residents need to where strangers begin
CLEARANCE = 0.01  # embedding units kept from the nearest stranger to a person
LEAST = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5)  # least probabilities that are tried


@dataclass(frozen=True)
class Calibration:
    """The site's threshold, and what it was set on."""

    threshold: float  # embedding units: the site's; people with a stranger nearby have their own, smaller one
    tightened: int  # people whose threshold was drawn in
    fpir: float  # asked for
    strangers: int  # events of faces reviewed as strangers
    cohort: int  # residents' events, each asked of a gallery without its person
    own: int  # residents' events, each asked of a gallery without it
    fpir_seen: float  # share of strangers and cohort within the threshold
    fnir_seen: float  # share of residents' own events beyond it, or doubted
    least_probability: float  # that the classifier must give to the nearest person
    fpir_interval: tuple[float, float]  # between which FPIR is to be expected, 95 times of 100
    fnir_interval: tuple[float, float]  # and FNIR

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
    probes: np.ndarray,
    who: np.ndarray,
    sizes: np.ndarray,
    strangers: np.ndarray,
    fpir: float,
    classifier: Classifier | Linear | None = None,
    held_out: np.ndarray | None = None,
) -> tuple[Calibration, np.ndarray]:
    """Find the thresholds at which about `fpir` of strangers' events would be given a name.

    Strangers are the faces reviewed as such, and a cohort: every resident's events asked of a gallery that does not
    hold that resident (leave one person out; Phillips et al. 2011). Where both are few, the usual distance of the
    embedder is mixed in. A threshold beyond what residents themselves need (`SPREADS`) is drawn back most of the way,
    and that of a person to whom a stranger came near, to below that stranger.

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
    classifier : Classifier, optional
        Has a say too: those it doubts are given no name, however near.
    held_out : ndarray of shape (events,), optional
        What machines that had not seen an event gave its own person: it says what the classifier's doubt would cost.

    Returns
    -------
    calibration : Calibration
    thresholds : ndarray of shape (people,)
    """
    own = _own_distances(probes, who, sizes)
    near, away = _nearest_people(probes, who, sizes, strangers)
    shares = _shares(probes, who, strangers, near, classifier)
    sure = _sureness(probes, who, classifier, held_out)[_several(who, sizes)]
    least, threshold = _operating_point(away, shares, own, sure, fpir)
    believed = shares >= least
    thresholds = _drawn_in(threshold, near[believed], away[believed], own, int(who.max()) + 1)
    named, missed = (away <= thresholds[near]) & believed, (own > threshold) | (sure < least)
    people = len(thresholds)
    calibration = Calibration(
        threshold, int((thresholds < threshold).sum()), fpir, len(strangers), len(away) - len(strangers), len(own),
        _share(named), _share(missed), least,
        _expected(named, fpir, len(strangers) + people), _expected(missed, 0.0, people),
    )  # fmt: skip
    return calibration, thresholds


def _expected(wrong: np.ndarray, asked: float, independent: int) -> tuple[float, float]:
    """Return the interval (Clopper and Pearson 1934) in which a rate is to be expected that was seen in calibration.

    Thresholds were fitted to these events, so fewer go wrong than elsewhere: the upper end is that of the rate that was
    asked for, where that is higher. Events of one resident are alike: they count as one witness, not as many.
    """
    if not len(wrong):
        return 0.0, 1.0
    from scipy.stats import beta

    total = min(independent, len(wrong))
    seen = float(wrong.mean()) * total
    most = max(seen, asked * total)
    low = beta.ppf(0.025, seen, total - seen + 1) if seen >= 1 else 0.0
    high = beta.ppf(0.975, most + 1, total - most) if most < total else 1.0
    return float(low), float(high)


def _nearest_people(
    probes: np.ndarray, who: np.ndarray, sizes: np.ndarray, strangers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return whom cohort and strangers are nearest to, and how far away; none of the cohort with one person alone."""
    centroids = _centroids(probes, who, sizes)
    cohort = distances_to(probes, centroids)
    cohort[np.arange(len(who)), who] = np.inf
    distances = np.concatenate([cohort[np.isfinite(cohort).any(axis=1)], distances_to(strangers, centroids)])
    return distances.argmin(axis=1), distances.min(axis=1)


def _operating_point(
    away: np.ndarray, shares: np.ndarray, own: np.ndarray, sure: np.ndarray, fpir: float
) -> tuple[float, float]:
    """Return the least probability and the threshold that together miss fewest residents at this rate of strangers.

    The more the classifier doubts, the fewer strangers are left for the distance to keep out, and the wider it can be.
    """
    tried = []
    for least in LEAST if len(own) else (0.0,):  # where nothing shows what its doubt costs, the classifier is not asked
        threshold = _drawn_back(_threshold(away, shares >= least, fpir), own)
        tried.append((float(np.sum((own > threshold) | (sure < least))), -least, threshold))
    _, doubted, threshold = min(tried)  # of equals the one in which the second witness has more to say
    return -doubted, threshold


def _sureness(
    probes: np.ndarray, who: np.ndarray, classifier: Classifier | Linear | None, held_out: np.ndarray | None
) -> np.ndarray:
    """Return what the classifier can be relied on to give each event's own person, (events,).

    That is what machines gave it that had not seen the event, or what the final machine gives it, if that is less: with
    one or two events a person the final machine gives everybody nearly the same, even what it was trained on (seen:
    with two photographs each of 24 people all residents were doubted).
    """
    if classifier is None or held_out is None:
        return np.ones(len(who))
    return np.minimum(held_out, classifier.probabilities(probes)[np.arange(len(who)), who])


def _shares(
    probes: np.ndarray, who: np.ndarray, strangers: np.ndarray, near: np.ndarray, classifier: Classifier | Linear | None
) -> np.ndarray:
    """Return what the classifier gives the nearest person of cohort and strangers, (events,).

    It is asked as if it did not know the person whose event it is; without a classifier the answer is 1.
    """
    people, cohort = int(who.max()) + 1, len(near) - len(strangers)
    if classifier is None:
        return np.ones(len(near))
    shares = np.ones((len(near), people))  # of two people one is left, for whom nobody else can be taken
    for person in range(people if cohort and people > 2 else 0):
        own, others = np.flatnonzero(who == person), np.delete(np.arange(people), person)
        shares[np.ix_(own, others)] = classifier.without(person).probabilities(probes[own])
    if len(strangers):
        shares[cohort:] = classifier.probabilities(strangers)
    return np.asarray(shares[np.arange(len(near)), near])


def _threshold(away: np.ndarray, believed: np.ndarray, fpir: float) -> float:
    """Return the distance within which `fpir` of strangers come and are believed by the classifier.

    The sample's own quantile hangs on one or two events, often those of one pair of people who look alike; the tail of
    a normal distribution through median and 5 % point does not. The tail counts twice. Of 20 draws from 24 residents
    and 120 strangers the quantile alone gave FNIR 2.1 % at FPIR 1.8 %, the tail alone 2.1 % at 1.7 %.
    """
    if not len(away):
        return USUAL_DISTANCE
    allowed = min(0.5, fpir * len(away) / max(1, believed.sum()))
    near = away[believed] if believed.any() else away
    median, low = np.quantile(near, [0.5, 0.05])
    tail = median + (median - low) / NormalDist().inv_cdf(0.95) * NormalDist().inv_cdf(allowed)
    measured = float(np.quantile(near, allowed) + 2 * tail) / 3
    return (measured * len(away) + USUAL_DISTANCE * USUAL_WEIGHT) / (len(away) + USUAL_WEIGHT)


def _drawn_in(threshold: float, near: np.ndarray, away: np.ndarray, own: np.ndarray, people: int) -> np.ndarray:
    """Give each person to whom a stranger came near a threshold below that, but not one that shuts the person out."""
    least = float(own.mean() + LEAST_SPREADS * own.std()) if len(own) else threshold
    nearest = np.full(people, np.inf)
    np.minimum.at(nearest, near, away)
    return np.maximum(np.minimum(threshold, nearest - CLEARANCE), min(least, threshold))


def _drawn_back(threshold: float, own: np.ndarray) -> float:
    """Where strangers lie far beyond residents, go most of the way back to them: of strangers few are known."""
    if len(own) < USUAL_WEIGHT:
        return threshold
    enough = float(own.mean() + SPREADS * own.std())
    return enough + KEPT * (threshold - enough) if enough < threshold else threshold


def _share(chosen: np.ndarray) -> float:
    return float(chosen.mean()) if len(chosen) else 0.0


def _centroids(probes: np.ndarray, who: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    return np.array([np.average(probes[who == p], axis=0, weights=sizes[who == p]) for p in range(who.max() + 1)])


def _own_distances(probes: np.ndarray, who: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return each event's distance to its person's baseline made without it; people of one event have none."""
    total = np.array([(probes[who == p] * sizes[who == p, None]).sum(axis=0) for p in range(who.max() + 1)])
    several = _several(who, sizes)
    rest = (np.bincount(who, sizes)[who] - sizes)[several]
    without = (total[who] - probes * sizes[:, None])[several] / rest[:, None]
    return np.asarray(np.linalg.norm(probes[several] - without, axis=1))


def _several(who: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return which events are of people who have others too, (events,) of bool."""
    return np.asarray(np.bincount(who, sizes)[who] > sizes)
