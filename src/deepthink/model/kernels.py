"""Kernel values between embeddings, compiled.

Every kernel here is **centred**: k(x, x) = 0 and k(x, z) < 0 elsewhere, a function of the squared distance D alone:

* rbf: exp(-gamma D) - 1
* linear: -D / 2

A one-against-one machine has sum(beta) = 0, so that adding a constant to the kernel, or a function of x plus one of
z, changes neither the optimum nor the decision values (only the intercept, see ``assembly.py``). What it buys is
precision: for gamma = 1e-5 all of exp(-gamma D) is within 1e-4 of one, and float32 would keep three digits of what
matters. D comes from a float32 matrix product (so centre the embeddings first: ``pairs.py`` does not).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from deepthink.model.compiled import compiled

RBF, LINEAR = 1, 0
FEWEST = 8  # BLAS sums a narrower product in another order; kernel rows must be symmetric to the last bit


class Rows(NamedTuple):
    """The kernel of one pair of classes, row by row: computed when first needed, kept while there is room."""

    X: np.ndarray  # (n, features) float32
    XT: np.ndarray  # its transpose, contiguous
    square: np.ndarray  # (n,) float32, squared lengths
    kept: np.ndarray  # (room, at least n) float32
    slot: np.ndarray  # (n,) int64: where in `kept`, or -1
    used: np.ndarray  # (1,) int64: slots in use
    linear: bool
    gamma: float
    reach: float  # no squared distance is larger
    counts: np.ndarray  # what was done: see pairs.COUNTS


@compiled
def centre(products, rows_square, columns_square, linear, gamma, reach):
    """Turn inner products into centred kernel values, in place.

    exp(z) - 1 comes from its series for |z| <= 1/2; a longer z is halved until it is short, and the result squared
    back: with E(z) = exp(z) - 1, E(2 z) = E(z) (E(z) + 2). That keeps the relative precision of small values, and
    the compiler makes vector code of it, which it cannot of a call to expm1.
    """
    halvings = 0
    short = gamma * reach
    while short > 0.5:
        halvings += 1
        short *= 0.5
    scale = np.float32(-gamma * 0.5**halvings)
    one, two, half = np.float32(1), np.float32(2), np.float32(0.5)
    for r in range(products.shape[0]):
        row, own = products[r], rows_square[r]
        if linear:
            for t in range(len(columns_square)):
                row[t] -= half * (own + columns_square[t])
            continue
        for t in range(len(columns_square)):
            z = scale * max(own + columns_square[t] - two * row[t], np.float32(0))
            series = np.float32(1 / 120) + z * (np.float32(1 / 720) + z * np.float32(1 / 5040))
            row[t] = z * (one + z * (half + z * (np.float32(1 / 6) + z * (np.float32(1 / 24) + z * series))))
        for _ in range(halvings):
            for t in range(len(columns_square)):
                row[t] = row[t] * (row[t] + two)


@compiled
def block(A, B, linear, gamma):
    """The centred kernel between the rows of A and the rows of B, float32."""
    left, right = squares(A), squares(B)
    values = np.dot(A, np.ascontiguousarray(B.T))
    centre(values, left, right, linear, gamma, 2 * (left.max() + right.max()))
    return values


@compiled
def squares(X):
    """The squared length of every row."""
    result = np.empty(X.shape[0], np.float32)
    for t in range(X.shape[0]):
        s = np.float32(0)
        for d in range(X.shape[1]):
            s += X[t, d] * X[t, d]
        result[t] = s
    return result


@compiled
def fetch(rows, wanted):
    """See that every row in `wanted` is kept; when they do not all fit beside what is there, that goes first."""
    missing = 0
    for t in wanted:
        if rows.slot[t] < 0:
            missing += 1
    if missing == 0:
        return
    if rows.used[0] + missing > rows.kept.shape[0]:
        rows.slot[:] = -1
        rows.used[0] = 0
        missing = len(wanted)
    new = np.empty(missing, np.int64)
    k = 0
    for t in wanted:
        if rows.slot[t] < 0:
            new[k] = t
            rows.slot[t] = rows.used[0] + k
            k += 1
    values = products(rows, new)
    n = len(rows.square)
    for k in range(missing):
        rows.kept[rows.used[0] + k, :n] = values[k]
    rows.used[0] += missing


@compiled
def products(rows, chosen):
    """The kernel rows of the points `chosen`."""
    m, n = len(chosen), len(rows.square)
    left = np.zeros((max(m, FEWEST), rows.X.shape[1]), np.float32)
    for k in range(m):
        left[k] = rows.X[chosen[k]]
    values = np.dot(left, rows.XT)[:m]
    centre(values, rows.square[chosen], rows.square, rows.linear, rows.gamma, rows.reach)
    for k in range(m):
        values[k, chosen[k]] = 0  # rounding apart, so it is
    rows.counts[2] += m * n
    return values


@compiled
def subtract(e, rows, chosen, change):
    """Bring the residual up to date: e -= K[:, chosen] change, in float64.

    Four rows go at once, so that e is read and written a quarter as often. The linear kernel needs no rows: all
    changes together are one weight vector (and, when the changes do not sum to zero, two terms more).
    """
    n = len(e)
    if rows.linear and rows.slot[0] < 0:
        subtract_linear(e, rows, chosen, change)
        return
    for start in range(0, len(chosen), rows.kept.shape[0]):
        part = chosen[start : start + rows.kept.shape[0]]
        fetch(rows, part)
        m, r = len(part), 0
        while r + 4 <= m:
            a, b, c, d = change[start + r], change[start + r + 1], change[start + r + 2], change[start + r + 3]
            ka, kb = rows.kept[rows.slot[part[r]]], rows.kept[rows.slot[part[r + 1]]]
            kc, kd = rows.kept[rows.slot[part[r + 2]]], rows.kept[rows.slot[part[r + 3]]]
            for t in range(n):
                e[t] -= a * ka[t] + b * kb[t] + c * kc[t] + d * kd[t]
            r += 4
        while r < m:
            a, ka = change[start + r], rows.kept[rows.slot[part[r]]]
            for t in range(n):
                e[t] -= a * ka[t]
            r += 1
    rows.counts[3] += len(chosen) * n


@compiled
def subtract_linear(e, rows, chosen, change):
    """e -= K[:, chosen] change for the linear kernel: -D / 2 = x'z - (x'x + z'z) / 2."""
    features = rows.X.shape[1]
    weights = np.zeros(features)
    total, lengths = 0.0, 0.0
    for k in range(len(chosen)):
        x, a = rows.X[chosen[k]], change[k]
        total += a
        lengths += a * rows.square[chosen[k]]
        for d in range(features):
            weights[d] += a * x[d]
    for t in range(len(e)):
        x, s = rows.X[t], 0.0
        for d in range(features):
            s += x[d] * weights[d]
        e[t] -= s - 0.5 * (rows.square[t] * total + lengths)
    rows.counts[3] += (len(chosen) + len(e)) * features


@compiled
def among(rows, chosen, out):
    """Fill out[:q, :q] with the kernel among the points `chosen`, from kept rows where there are any."""
    q = len(chosen)
    missing = np.empty(q, np.int64)
    m = 0
    for r in range(q):
        slot = rows.slot[chosen[r]]
        if slot < 0:
            missing[m] = r
            m += 1
            continue
        row = rows.kept[slot]
        for c in range(q):
            out[r, c] = row[chosen[c]]
    if m == 0:
        return
    new = rows.X[chosen[missing[:m]]]
    square = rows.square[chosen[missing[:m]]]
    values = np.dot(new, new.T)
    centre(values, square, square, rows.linear, rows.gamma, rows.reach)
    for a in range(m):
        for c in range(q):
            out[missing[a], c] = out[c, missing[a]]
    for a in range(m):
        for b in range(m):
            out[missing[a], missing[b]] = values[a, b]
        out[missing[a], missing[a]] = 0
    rows.counts[2] += m * m
