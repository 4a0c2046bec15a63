"""Chooses the support vector machine: the grid search, and its probabilities, from one set of folds cut by event."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.model.platt import couple, fit_pairwise_platt
from deepthink.model.search import SupportVectorSearch
from deepthink.records import Progress

# Below so many faces scikit-learn is done sooner than the fast search's kernels are compiled (once a machine).
COMPILE_FACES = 2000
# From so many on a search is done kernel by kernel, nearly half slower, so that an interruption costs one kernel.
JOURNAL_FACES = 10_000


@dataclass(frozen=True)
class Choice:
    """The machine that cross-validation chose, fitted on everything."""

    svc: Any  # a fitted sklearn.svm.SVC, labels 0, 1, ...
    prob_a: np.ndarray  # (pairs,)
    prob_b: np.ndarray  # (pairs,)
    best: dict[str, Any]  # kernel, C, gamma
    accuracy: float  # cross-validated, of single faces, 0 to 1
    table: list[dict[str, Any]]  # each candidate's parameters, mean and deviation of accuracy, seconds of all folds
    really: np.ndarray  # (faces,) the person of each face, as an index
    predicted: np.ndarray | None  # (faces,) whom the folds' machines answered for each held-out face, as an index
    own: np.ndarray  # (faces,) the probability that they gave to the face's own person
    folds: int
    left_out: list[dict[str, Any]]  # candidates for which there was no time
    engine: str  # of the search; the seconds of "numba" are CPU time, of "sklearn" by the clock


def choose(
    embeddings: np.ndarray,
    who: np.ndarray,
    events: np.ndarray,
    preset: str,
    folds: int,
    progress: Progress,
    budget_s: float | None = None,
    journal: Path | None = None,
    cluster: str | None = None,
    memory_mb: float | None = None,
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
        A key of `grids.PRESETS`: quick, standard or wide.
    folds : int
        At most so many.
    progress : callable
        Called with candidates done, candidates, and what is being done.
    budget_s : float, optional
        Seconds after which the best so far is taken.
    journal : Path, optional
        Keeps what is finished of a large search, so that it goes on after an interruption.
    cluster : str, optional
        The address of a Dask scheduler whose workers help.
    memory_mb : float, optional
        What the whole process may take while it searches.
    """
    splits = event_folds(who, events, folds)
    search = SupportVectorSearch(
        preset, cv=splits, engine="auto" if len(who) >= COMPILE_FACES or cluster else "sklearn",
        cluster=cluster, total_mb=memory_mb, budget_s=budget_s, journal=journal if len(who) >= JOURNAL_FACES else None,
        progress=lambda done, total, info: progress(done, total, str(info)),
    )  # fmt: skip
    with warnings.catch_warnings():  # people of one or two faces are meant
        warnings.filterwarnings("ignore", "The number of unique classes is greater", UserWarning)
        search.fit(embeddings, who)
    prob_a, prob_b, own, predicted = _judged(search, who)
    return Choice(
        search.best_estimator_, prob_a, prob_b, dict(search.best_params_), float(search.best_score_),
        _table(search.cv_results_, len(splits)), who, predicted, own, len(splits), search.left_out_, search.engine_,
    )  # fmt: skip


def _judged(
    search: SupportVectorSearch, who: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """Return the pairs' sigmoids, what each held-out face's own person was given, and who was answered.

    A very large gallery has more decision values than memory should hold; then the own person's duels alone are kept,
    from which its probability follows in closed form (Price et al., Pairwise neural network classifiers with
    probabilistic outputs, NIPS 1994), and who was answered instead is not known.
    """
    if search.best_decisions_ is not None:
        prob_a, prob_b = fit_pairwise_platt(search.best_decisions_, who)
        shares = couple(search.best_decisions_, prob_a, prob_b)
        return prob_a, prob_b, shares[np.arange(len(who)), who], shares.argmax(axis=1)
    prob_a, prob_b = fit_pairwise_platt(search.own_decisions_, who)
    return prob_a, prob_b, _own_shares(search.own_decisions_, prob_a, prob_b, who), None


def _own_shares(decisions: np.ndarray, prob_a: np.ndarray, prob_b: np.ndarray, who: np.ndarray) -> np.ndarray:
    """Return each face's probability of its own person, (faces,), from that person's duels alone, (faces, others)."""
    people = int(who.max()) + 1
    column = {pair: n for n, pair in enumerate((i, j) for i in range(people) for j in range(i + 1, people))}
    own = np.empty(len(who))
    for person in range(people):
        others = [other for other in range(people) if other != person]
        pairs = [column[min(person, other), max(person, other)] for other in others]
        first = 1 / (1 + np.exp(decisions[who == person] * prob_a[pairs] + prob_b[pairs]))
        duel = np.clip(np.where(np.array(others) > person, first, 1 - first), 1e-7, 1)
        own[who == person] = 1 / ((1 / duel).sum(axis=1) - (people - 2))
    return own


def event_folds(who: np.ndarray, events: np.ndarray, folds: int) -> list[tuple[np.ndarray, np.ndarray]]:
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


def _table(results: dict[str, Any], folds: int) -> list[dict[str, Any]]:
    seconds = folds * (results["mean_fit_time"] + results["mean_score_time"])
    columns = zip(results["params"], results["mean_test_score"], results["std_test_score"], seconds, strict=True)
    return [
        {**params, "accuracy": float(mean), "spread": float(spread), "seconds": float(taken)}
        for params, mean, spread, taken in columns
        if np.isfinite(mean)
    ]
