"""Chooses the support vector machine: the grid search, and its probabilities, from one set of folds cut by event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from deepthink.model.platt import couple, fit_pairwise_platt

_DECADES = [10.0**power for power in range(-3, 4)]
PRESETS: dict[str, list[dict[str, list[Any]]]] = {
    # OpenFace's authors found the linear machine with C = 1 nearly as good as any (Amos et al., CMU-CS-16-118)
    "quick": [{"kernel": ["linear"], "C": [1.0]}],
    "standard": [
        {"kernel": ["rbf"], "C": _DECADES, "gamma": [1e-1, 1e-2, 1e-3, 1e-4, 1e-5]},
        {"kernel": ["linear"], "C": _DECADES},
    ],
    "wide": [
        {"kernel": ["rbf"], "C": [10.0**power for power in range(-4, 6)], "gamma": [10.0**p for p in range(-6, 2)]},
        {"kernel": ["linear"], "C": [10.0**power for power in range(-4, 6)]},
    ],
}


@dataclass(frozen=True)
class Choice:
    """The machine that cross-validation chose, fitted on everything."""

    svc: Any  # a fitted sklearn.svm.SVC, labels 0, 1, ...
    prob_a: np.ndarray  # (pairs,)
    prob_b: np.ndarray  # (pairs,)
    best: dict[str, Any]  # kernel, C, gamma
    accuracy: float  # cross-validated, of single faces, 0 to 1
    table: list[dict[str, Any]]  # each candidate's parameters, mean and standard deviation of accuracy
    really: np.ndarray  # (faces,) the person of each face, as an index
    predicted: np.ndarray  # (faces,) the person that the folds' machines gave each held-out face, as an index
    own: np.ndarray  # (faces,) the probability that they gave to the face's own person
    folds: int


def choose(
    embeddings: np.ndarray,
    who: np.ndarray,
    events: np.ndarray,
    preset: str,
    folds: int,
    progress: Callable[[int, int, str], None],
) -> Choice:
    """Search the grid and fit the best candidate on everything.

    Folds are cut by event, because the frames of one event are near copies: a machine that has seen one of them has
    seen the others. Where there are fewer events than folds, there are fewer folds.

    Parameters
    ----------
    embeddings : ndarray of shape (faces, dimensions)
    who : ndarray of shape (faces,)
        Whose each is: 0, 1, ...
    events : ndarray of shape (faces,)
        Of which event.
    preset : str
        A key of `PRESETS`.
    folds : int
        At most so many.
    progress : callable
        Called with candidates done, candidates, and what is being done.
    """
    splits = _splits(who, events, folds)
    search = _search(embeddings, who, preset, splits, progress)
    decisions = _held_out(search.best_params_, embeddings, who, splits)
    prob_a, prob_b = fit_pairwise_platt(decisions, who)
    shares = couple(decisions, prob_a, prob_b)
    best = dict(search.best_params_)
    return Choice(
        search.best_estimator_, prob_a, prob_b, best, float(search.best_score_), _table(search.cv_results_), who,
        shares.argmax(axis=1), shares[np.arange(len(who)), who], len(splits),
    )  # fmt: skip


def _splits(who: np.ndarray, events: np.ndarray, folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cut folds by event; a fold whose training part lacks all but one person teaches nothing and is left out."""
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    groups = len(set(events))
    if groups < 2:
        every = np.arange(len(who))
        return [(every, every)]
    fewest = min(len(set(events[who == person])) for person in np.unique(who))
    wanted = min(folds, groups)
    cutter = StratifiedGroupKFold(wanted) if fewest >= wanted else GroupKFold(wanted)
    found = [(train, test) for train, test in cutter.split(who, who, events) if len(set(who[train])) > 1]
    return found or [(np.arange(len(who)), np.arange(len(who)))]


def _search(
    embeddings: np.ndarray,
    who: np.ndarray,
    preset: str,
    splits: list[tuple[np.ndarray, np.ndarray]],
    progress: Callable[[int, int, str], None],
) -> Any:
    from sklearn.model_selection import GridSearchCV, ParameterGrid
    from sklearn.svm import SVC

    total = len(ParameterGrid(PRESETS[preset]))
    progress(0, total, "grid search")
    search = GridSearchCV(SVC(), PRESETS[preset], cv=splits, scoring="accuracy", n_jobs=1)
    search.fit(embeddings, who)
    progress(total, total, "grid search")
    return search


def _held_out(
    best: dict[str, Any], embeddings: np.ndarray, who: np.ndarray, splits: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Return each face's decision values (faces, pairs) by a machine that has not seen its event.

    A pair of which a fold's machine lacks a person has no decision there: 0, which speaks for neither.
    """
    from sklearn.svm import SVC

    from deepthink.model.platt import pairwise_decisions

    people = int(who.max()) + 1
    column = {pair: number for number, pair in enumerate((i, j) for i in range(people) for j in range(i + 1, people))}
    decisions = np.zeros((len(who), len(column)))
    for train, test in splits:
        svc = SVC(**best).fit(embeddings[train], who[train])
        known = [int(person) for person in svc.classes_]
        pairs = [column[i, j] for number, i in enumerate(known) for j in known[number + 1 :]]
        decisions[np.ix_(test, np.array(pairs))] = pairwise_decisions(
            embeddings[test],
            svc.support_vectors_,
            svc.dual_coef_,
            svc.intercept_,
            svc.n_support_,
            svc.kernel,
            svc._gamma,
        )
    return decisions


def _table(results: dict[str, Any]) -> list[dict[str, Any]]:
    columns = zip(results["params"], results["mean_test_score"], results["std_test_score"], strict=True)
    return [{**params, "accuracy": float(mean), "spread": float(spread)} for params, mean, spread in columns]
