"""Probabilities from one-against-one decision values, in NumPy alone (a node has no scikit-learn).

The convention is libsvm's throughout. With classes numbered 0, 1, ... in sorted order, the pairs stand in the order
(0, 1), (0, 2), ..., (1, 2), ... and a **positive decision value speaks for the first class of the pair**.
scikit-learn's ``decision_function_shape="ovo"`` says the same for three classes or more; for two it turns the sign
of ``decision_function``, ``dual_coef_`` and ``intercept_``, but not of ``probA_`` and ``probB_``.
:func:`pairwise_decisions` takes the fitted attributes as they are and undoes that.

References
----------
Platt, "Probabilistic outputs for support vector machines" (1999): the sigmoid and its softened targets.
Lin, Lin & Weng, "A note on Platt's probabilistic outputs for support vector machines" (2007): the Newton method.
Wu, Lin & Weng, "Probability estimates for multi-class classification by pairwise coupling" (2004): section 4.2.
Chang & Lin, "LIBSVM: a library for support vector machines" (2011): section 8.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_SURE = 1e-7  # libsvm never lets a pair be surer than this
_BLOCK = 4_000_000  # numbers in one temporary array: 32 MB


def fit_pairwise_platt(decisions: npt.ArrayLike, y: npt.ArrayLike) -> tuple[Array, Array]:
    """Fit one sigmoid a pair, P(first class | f) = 1 / (1 + exp(A f + B)), to held-out decision values.

    Parameters
    ----------
    decisions : array-like of shape (n, pairs) or (n, classes - 1)
        Decision values of models that had not seen the row. Only the pairs that the row's own class is in are read;
        the narrow form holds just those, in the order of the other classes.
    y : array-like of shape (n,)
        The class of each row; sorted, they number the classes.

    Returns
    -------
    A, B : ndarrays of shape (pairs,)
        As ``SVC.probA_`` and ``SVC.probB_``.

    Examples
    --------
    >>> A, B = fit_pairwise_platt([[2.0], [1.0], [-1.0], [-2.0]], ["ann", "ann", "bob", "bob"])
    >>> couple([[1.5], [-1.5]], A, B).argmax(axis=1)
    array([0, 1])
    """
    values = np.asarray(decisions, dtype=np.float64)
    classes, who = np.unique(np.asarray(y), return_inverse=True)
    count = len(classes)
    pairs = _pairs(count)
    if values.ndim != 2 or len(values) != len(who) or values.shape[1] not in {len(pairs), count - 1}:
        raise ValueError(
            f"Decision values of shape {values.shape} do not fit {len(who)} labels of {count} classes: "
            f"({len(who)}, {len(pairs)}) or ({len(who)}, {count - 1}) was expected."
        )
    rows = [np.flatnonzero(who == number) for number in range(count)]
    narrow = values.shape[1] == count - 1
    sigmoids = np.zeros((len(pairs), 2))
    for number, (first, second) in enumerate(pairs):
        columns = (second - 1, first) if narrow else (number, number)
        own = [values[rows[first], columns[0]], values[rows[second], columns[1]]]
        sigmoids[number] = fit_sigmoid(np.concatenate(own), len(rows[first]))
    return sigmoids[:, 0], sigmoids[:, 1]


def fit_sigmoid(decisions: Array, positives: int) -> tuple[float, float]:
    """Fit A and B of one pair by Newton's method with backtracking; the first `positives` values are the first class's.

    Minimises the cross-entropy between p = 1 / (1 + exp(A f + B)) and Platt's softened targets, which keep a
    separable pair from an infinitely steep sigmoid. It is convex in (A, B), so two variables and an exact Hessian
    converge in a few steps (Lin, Lin & Weng 2007, algorithm 1, with its constants).
    """
    negatives = len(decisions) - positives
    target = np.full(len(decisions), 1.0 / (negatives + 2.0))
    target[:positives] = (positives + 1.0) / (positives + 2.0)
    a, b = 0.0, float(np.log((negatives + 1.0) / (positives + 1.0)))
    value = _cross_entropy(decisions * a + b, target)
    for _ in range(100):
        p = _sigmoid(decisions * a + b)
        gradient = np.array([decisions @ (target - p), (target - p).sum()])
        if np.abs(gradient).max() < 1e-5:
            break
        weight = p * (1.0 - p)
        ridge = 1e-12  # keeps the Hessian positive definite
        curve = (weight @ decisions**2 + ridge, decisions @ weight, weight.sum() + ridge)
        determinant = curve[0] * curve[2] - curve[1] ** 2
        if determinant <= 0.0:  # all decision values are the same: the slope means nothing
            break
        step = np.array(
            [curve[1] * gradient[1] - curve[2] * gradient[0], curve[1] * gradient[0] - curve[0] * gradient[1]]
        )
        step /= determinant
        size, slope = 1.0, float(gradient @ step)
        while size >= 1e-10:
            moved = _cross_entropy(decisions * (a + size * step[0]) + b + size * step[1], target)
            if moved < value + 1e-4 * size * slope:
                a, b, value = a + size * float(step[0]), b + size * float(step[1]), moved
                break
            size /= 2.0
        else:
            break
    return a, b


def couple(decisions: npt.ArrayLike, A: npt.ArrayLike, B: npt.ArrayLike) -> Array:
    """Turn one-against-one decision values into a probability for each class.

    Each pair's sigmoid gives r_ij, the estimate of P(i | i or j). Wu, Lin & Weng look for the p that sums to one and
    minimises the sum over pairs of (r_ji p_i - r_ij p_j)^2, that is p' Q p with Q_ii = sum_j r_ji^2 and
    Q_ij = -r_ji r_ij.

    Parameters
    ----------
    decisions : array-like of shape (n, pairs)
    A, B : array-like of shape (pairs,)

    Returns
    -------
    ndarray of shape (n, classes)
        As ``SVC.predict_proba`` gives for the same ``probA_`` and ``probB_``.

    Examples
    --------
    >>> couple([[0.0, 0.0, 0.0]], [-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]).round(3)
    array([[0.333, 0.333, 0.333]])
    """
    values = np.asarray(decisions, dtype=np.float64)
    steep, shift = np.asarray(A, dtype=np.float64), np.asarray(B, dtype=np.float64)
    count = (1 + round((1 + 8 * len(steep)) ** 0.5)) // 2
    if values.ndim != 2 or values.shape[1] != len(steep) or count * (count - 1) // 2 != len(steep):
        raise ValueError(f"Decision values of shape {values.shape} do not fit {len(steep)} pairs of classes.")
    first, second = np.triu_indices(count, k=1)
    probabilities = np.empty((len(values), count))
    for part in _blocks(len(values), count * count):
        sure = np.clip(_sigmoid(values[part] * steep + shift), _SURE, 1.0 - _SURE)
        r = np.zeros((len(sure), count, count))
        r[:, first, second] = sure
        r[:, second, first] = 1.0 - sure
        probabilities[part] = _minimise(r)
    return probabilities


def pairwise_decisions(
    X: npt.ArrayLike,
    support_vectors: npt.ArrayLike,
    dual_coef: npt.ArrayLike,
    intercept: npt.ArrayLike,
    n_support: npt.ArrayLike,
    kernel: str,
    gamma: float = 0.0,
) -> Array:
    """Compute the one-against-one decision values of a fitted ``SVC`` from its attributes.

    Parameters
    ----------
    X : array-like of shape (n, features)
    support_vectors, dual_coef, intercept, n_support : array-like
        ``support_vectors_``, ``dual_coef_``, ``intercept_`` and ``n_support_``, just as scikit-learn gives them.
    kernel : {"linear", "rbf"}
    gamma : float, default=0.0
        The number in use (``SVC._gamma``), not "scale". Ignored by the linear kernel.

    Returns
    -------
    ndarray of shape (n, pairs)
        Positive for the first class of the pair. ``SVC(decision_function_shape="ovo").decision_function(X)``, but
        for two classes with a column of its own and the opposite sign (see the head of this module).
    """
    rows, vectors = np.asarray(X, dtype=np.float64), np.asarray(support_vectors, dtype=np.float64)
    dual, offset = np.asarray(dual_coef, dtype=np.float64), np.asarray(intercept, dtype=np.float64)
    if kernel not in {"linear", "rbf"}:
        raise ValueError(f"The kernel {kernel!r} is not known here: use 'linear' or 'rbf'.")
    ends = np.cumsum(np.asarray(n_support))
    count = len(ends)
    if count == 2:
        dual, offset = -dual, -offset
    number = {pair: column for column, pair in enumerate(_pairs(count))}
    decisions = np.tile(offset, (len(rows), 1))
    for part in _blocks(len(rows), max(1, len(vectors))):
        similar = _kernel(rows[part], vectors, kernel, gamma)
        for own, end in enumerate(ends):
            mine = slice(end - int(np.asarray(n_support)[own]), end)
            # row m of dual_coef_ belongs to the pair with the m-th other class
            share = similar[:, mine] @ dual[:, mine].T
            columns = [number[min(own, other), max(own, other)] for other in range(count) if other != own]
            decisions[part, columns] += share
    return decisions


def _minimise(r: Array) -> Array:
    """Minimise p' Q p over the simplex for every row, by libsvm's cyclic updates with its stopping rule.

    p is optimal when (Q p)_t = p' Q p for all t. Each update makes that true of one t, and rescales p to sum to one
    (Wu, Lin & Weng 2004, algorithm 2). A row that is done is left as it is, as libsvm would.
    """
    rows, count, _ = r.shape
    Q = -r * r.transpose(0, 2, 1)
    Q[:, np.arange(count), np.arange(count)] = (r**2).sum(axis=1)
    done = np.empty((rows, count))
    left = np.arange(rows)
    p = np.full((rows, count), 1.0 / count)
    for _ in range(max(100, count)):
        Qp = np.matmul(Q, p[:, :, None])[:, :, 0]
        pQp = (p * Qp).sum(axis=1)
        going = np.abs(Qp - pQp[:, None]).max(axis=1) >= 0.005 / count
        if not going.all():
            done[left[~going]] = p[~going]
            left, Q, p, Qp, pQp = left[going], Q[going], p[going], Qp[going], pQp[going]
        if not len(left):
            break
        for t in range(count):
            diagonal = Q[:, t, t]
            change = (pQp - Qp[:, t]) / diagonal
            scale = 1.0 + change
            pQp = (pQp + change * (change * diagonal + 2.0 * Qp[:, t])) / scale**2
            p[:, t] += change
            Qp = (Qp + change[:, None] * Q[:, t]) / scale[:, None]
            p /= scale[:, None]
    done[left] = p
    return done


def _kernel(left: Array, right: Array, kernel: str, gamma: float) -> Array:
    product: Array = left @ right.T
    if kernel == "linear":
        return product
    product *= -2.0
    product += (left**2).sum(axis=1)[:, None]
    product += (right**2).sum(axis=1)
    np.maximum(product, 0.0, out=product)
    product *= -gamma
    return np.exp(product, out=product)


def _sigmoid(z: Array) -> Array:
    """1 / (1 + exp(z)), without overflow."""
    small = np.exp(-np.abs(z))
    result: Array = np.where(z >= 0, small, 1.0) / (1.0 + small)
    return result


def _cross_entropy(z: Array, target: Array) -> float:
    """-sum t log p + (1 - t) log (1 - p) for p = 1 / (1 + exp(z)), without overflow."""
    return float((np.where(z >= 0, target, target - 1.0) * z + np.log1p(np.exp(-np.abs(z)))).sum())


def _pairs(count: int) -> list[tuple[int, int]]:
    return [(first, second) for first in range(count) for second in range(first + 1, count)]


def _blocks(rows: int, width: int) -> Iterator[slice]:
    size = max(1, _BLOCK // width)
    return (slice(start, start + size) for start in range(0, rows, size))
