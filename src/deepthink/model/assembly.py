"""Makes a plain scikit-learn ``SVC`` from pairs that are solved already, so that nothing is fitted twice."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_class_weight

from deepthink.model.duels import Machine
from deepthink.model.platt import pairwise_decisions


def assemble(
    machine: Machine,
    X: npt.NDArray[np.float64],
    y: npt.NDArray[Any],
    who: npt.NDArray[np.int64],
    params: dict[str, Any],
) -> SVC:
    """Return the ``SVC`` that ``SVC(**params).fit(X, y)`` would give, to the solver's tolerance.

    scikit-learn offers no way to build a fitted SVC. One is fitted to a row of each class, which gives every
    attribute that the installed version wants, and then given the real solution; what comes out is checked against
    our own decision values, and fitted in the ordinary way should a future version disagree.
    """
    classes = int(who.max()) + 1
    svc = SVC(**params).fit(X[_one_of_each(who)], y[_one_of_each(who)])
    coefficients, chosen, n_support = _coefficients(machine, who, classes)
    intercepts = _intercepts(machine, X, params)
    sign = -1.0 if classes == 2 else 1.0  # scikit-learn's public attributes of two classes have the opposite sign
    svc.support_, svc.support_vectors_ = chosen.astype(np.int32), np.ascontiguousarray(X[chosen], dtype=np.float64)
    svc._n_support = n_support.astype(np.int32)
    svc._dual_coef_, svc._intercept_ = np.ascontiguousarray(coefficients), intercepts
    svc.dual_coef_, svc.intercept_ = sign * coefficients, sign * intercepts
    svc.class_weight_ = compute_class_weight(params.get("class_weight"), classes=svc.classes_, y=y)
    svc.shape_fit_, svc.fit_status_ = X.shape, 0
    return svc if _agrees(svc, X) else SVC(**params).fit(X, y)


def _one_of_each(who: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.unique(who, return_index=True)[1]


def _coefficients(
    machine: Machine, who: npt.NDArray[np.int64], classes: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lay the betas out as libsvm does: row m of a class's columns is its pair with the m-th other class."""
    ballot = machine.ballot
    dense = np.zeros((classes - 1, len(who)))
    for pair, betas in enumerate(machine.betas):
        first, second = ballot.first[pair], ballot.second[pair]
        rows = ballot.rows(pair)
        dense[np.where(who[rows] == first, second - 1, first), rows] = betas
    used = np.flatnonzero(dense.any(axis=0))
    chosen = used[np.argsort(who[used], kind="stable")]
    return dense[:, chosen], chosen, np.bincount(who[chosen], minlength=classes)


def _intercepts(machine: Machine, X: npt.NDArray[np.float64], params: dict[str, Any]) -> npt.NDArray[np.float64]:
    """Turn intercepts for centred kernels (see ``kernels.py``) into those for the kernels themselves.

    rbf: f = sum beta (k - 1) + b. Linear, on rows moved by their mean m: f = -sum beta |x - z|^2 / 2 + b, which for
    sum(beta) = 0 is w'x + b - sum beta |z - m|^2 / 2 - w'm.
    """
    result = machine.intercepts.copy()
    middle = X.mean(axis=0, dtype=np.float64)
    lengths = ((X - middle) ** 2).sum(axis=1) if params["kernel"] == "linear" else None
    for pair, betas in enumerate(machine.betas):
        if lengths is None:
            result[pair] -= betas.sum()
            continue
        rows = machine.ballot.rows(pair)
        result[pair] -= 0.5 * betas @ lengths[rows] + (betas @ X[rows]) @ middle
    return result


def _agrees(svc: SVC, X: npt.NDArray[np.float64]) -> bool:
    """Whether scikit-learn reads the attributes as we do."""
    rows = X[:: max(1, len(X) // 16)]
    ours = pairwise_decisions(
        rows, svc.support_vectors_, svc.dual_coef_, svc.intercept_, svc.n_support_, svc.kernel, svc._gamma
    )
    shape, svc.decision_function_shape = svc.decision_function_shape, "ovo"
    theirs = svc.decision_function(rows)
    svc.decision_function_shape = shape
    theirs = -theirs[:, None] if len(svc.classes_) == 2 else theirs
    return bool(np.allclose(ours, theirs, rtol=1e-5, atol=1e-5))
