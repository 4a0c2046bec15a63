"""Other classifiers on the same folds, for comparison: what the support vector machine is worth here."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from deepthink.embedding.facedata import FaceData
from deepthink.model.choice import Choice, event_folds
from deepthink.model.openset import distances_to

FACES = 3000  # at most: it is a comparison, and some of these are slow
SVM = "support vector machine"
STRANGERS = 20  # events, from which on a rate of strangers can be spoken of at all


@dataclass(frozen=True)
class Alternative:
    """How one classifier did on faces whose event it had not seen."""

    name: str
    accuracy: float  # of single faces, 0 to 1
    fnir: float | None  # of single faces at the asked FPIR, strangers judged by the same score; None without strangers
    seconds: float


class NearestCentroid:
    """Answers with the person whose mean embedding is nearest; the score is the distance, negated."""

    def fit(self, rows: np.ndarray, who: np.ndarray) -> NearestCentroid:
        """Remember the means."""
        self.classes_ = np.unique(who)
        self.centroids = np.array([rows[who == one].mean(axis=0) for one in self.classes_])
        return self

    def decision_function(self, rows: np.ndarray) -> np.ndarray:
        """Return scores (rows, people), greater is nearer."""
        return -distances_to(rows, self.centroids)


def alternatives(
    data: FaceData, strangers: np.ndarray, choice: Choice, fpir: float, folds: int = 5
) -> list[Alternative]:
    """Cross-validate other classifiers and the chosen machine, by event.

    Parameters
    ----------
    data : FaceData
        The gallery, of two people or more.
    strangers : ndarray of shape (events, dimensions)
        The threshold of each is set on their best scores.
    choice : Choice
        The machine that the search chose.
    fpir : float
        The share of strangers that may be given a name.
    folds : int, optional

    Returns
    -------
    list of Alternative
        The one that misses fewest residents first; by accuracy without strangers.
    """
    data = data.only(np.random.default_rng(0).permutation(len(data.keys)) < FACES)
    _, who = np.unique(data.people, return_inverse=True)
    splits = event_folds(who, data.events, folds)
    with threadpool_limits(1, user_api="blas"):  # many small products: threads would only wait for each other
        found = [_judged(name, one, data, who, splits, strangers, fpir) for name, one in _machines(choice).items()]
    return sorted(found, key=lambda one: (one.fnir if one.fnir is not None else 0.0, -one.accuracy))


def linear_machines() -> dict[str, Any]:
    """Return the linear classifiers that are tried, not yet fitted."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.linear_model import LogisticRegression

    return {
        "linear discriminant": LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        "logistic regression": LogisticRegression(C=100.0, max_iter=1000),
    }


def _machines(choice: Choice) -> dict[str, Any]:
    from sklearn.base import clone

    machine = clone(choice.svc).set_params(decision_function_shape="ovr")
    return {"nearest centroid": NearestCentroid(), **linear_machines(), SVM: machine}


def _judged(
    name: str, machine: Any, data: FaceData, who: np.ndarray, splits: Any, strangers: np.ndarray, fpir: float
) -> Alternative:
    started = time.monotonic()
    right, best = np.zeros(len(who), bool), np.full(len(who), -np.inf)
    for train, test in splits:
        scores = _scores(machine.fit(data.vectors[train], who[train]), data.vectors[test])
        right[test] = machine.classes_[scores.argmax(axis=1)] == who[test]
        best[test] = scores.max(axis=1)
    asked = np.unique(np.concatenate([test for _, test in splits]))
    fnir = None
    if len(strangers) >= STRANGERS:
        away = _scores(machine.fit(data.vectors, who), strangers).max(axis=1)
        limit = np.quantile(away, 1 - fpir, method="higher")
        fnir = float(1 - (right & (best > limit))[asked].mean())
    return Alternative(name, float(right[asked].mean()), fnir, time.monotonic() - started)


def _scores(machine: Any, rows: np.ndarray) -> np.ndarray:
    """Return scores (rows, people); two people have one column in scikit-learn."""
    found = np.asarray(machine.decision_function(rows))
    return np.stack([-found, found], axis=1) if found.ndim == 1 else found
