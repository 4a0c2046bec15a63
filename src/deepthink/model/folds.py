"""Folds as the fast engine knows them, and what machines that had not seen a row say of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.svm import SVC

Splits = list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


def partition(splits: Splits, who: npt.NDArray[np.int64]) -> npt.NDArray[np.int64] | None:
    """Return the fold that holds each row out, -1 for none; None unless each trains on all other rows."""
    fold = np.full(len(who), -1)
    for number, (train, test) in enumerate(splits):
        kept = np.setdiff1d(np.arange(len(who)), test)
        if (fold[test] != -1).any() or len(train) != len(kept) or not np.array_equal(np.sort(train), kept):
            return None
        if len(np.unique(who[train])) < 2 or not len(test):
            return None
        fold[test] = number
    return fold


def held_out(
    params: dict[str, Any], X: npt.NDArray[Any], y: npt.NDArray[Any], splits: Splits
) -> npt.NDArray[np.float64]:
    """Return decision values (n, pairs) by models that had not seen the row; see ``duels.held_out_decisions``."""
    classes = np.unique(y)
    first, second = np.triu_indices(len(classes), k=1)
    decisions = np.zeros((len(y), len(first)))
    for train, test in splits:
        has = np.isin(classes, y[train])
        decisions[test] = has[first].astype(float) - has[second]
        if has.sum() < 2:
            continue
        svc = SVC(**params, decision_function_shape="ovo").fit(X[train], y[train])
        values = svc.decision_function(X[test])
        both = np.flatnonzero(has[first] & has[second])
        decisions[np.ix_(test, both)] = -values[:, None] if values.ndim == 1 else values  # see platt.py
    return decisions


def own_duels(decisions: npt.NDArray[np.float64], who: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Return the columns of pairs that each row's own class is in, by the other class: (n, classes - 1)."""
    classes = int(who.max()) + 1
    column = np.zeros((classes, classes), np.int64)
    first, second = np.triu_indices(classes, k=1)
    column[first, second] = column[second, first] = np.arange(len(first))
    others = np.array([[other for other in range(classes) if other != own] for own in range(classes)])
    return np.take_along_axis(decisions, column[who[:, None], others[who]], axis=1)
