"""Kernel values between embeddings, compiled.

Every kernel here is **centred**: k(x, x) = 0 and k(x, z) < 0 elsewhere, a function of the squared distance D alone:

* rbf: exp(-gamma D) - 1
* linear: -D / 2

A one-against-one machine has sum(beta) = 0, so that adding a constant to the kernel, or a function of x plus one of
z, changes neither the optimum nor the decision values (only the intercept, see ``assembly.py``). What it buys is
precision: for gamma = 1e-5 all of exp(-gamma D) is within 1e-4 of one, and float32 would keep three digits of what
matters. D comes from a float32 matrix product, so rows are to be centred first (``search.py`` does).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from deepthink.model.compiled import compiled

FEWEST = 8  # BLAS sums a narrower product in another order; kernel rows must be symmetric to the last bit
LINE = 16  # float32 numbers in a cache line
CHUNK = 256  # rows in one matrix product


class Rows(NamedTuple):
    """The kernel of one pair of classes, row by row: computed when first needed, kept while there is room.

    A row is two: the inner products, which serve all kernels, and the values of the kernel in use.
    """

    X: np.ndarray  # (n, features) float32
    XT: np.ndarray  # its transpose, contiguous
    square: np.ndarray  # (n,) float32, squared lengths
    products: np.ndarray  # (room, n) float32
    values: np.ndarray  # (room, at least n) float32
    made: np.ndarray  # (room,) int64: the number of the kernel that a row of `values` is of
    slot: np.ndarray  # (n,) int64: where in `products` and `values`, or -1
    used: np.ndarray  # (1,) int64: slots in use
    counts: np.ndarray  # what was done: see pairs.COUNTS
    number: int  # of the kernel in use
    linear: bool
    gamma: float
    reach: float  # no squared distance is larger


@compiled
def centre(product, out, own, square, linear, gamma, reach):
    """Turn a row of inner products into centred kernel values; `own` and `square` are squared lengths.

    exp(z) - 1 comes from its series for |z| <= 1/2; a longer z is halved until it is short, and the result squared
    back: with E(z) = exp(z) - 1, E(2 z) = E(z) (E(z) + 2). That keeps the relative precision of small values, and
    the compiler makes vector code of it, which it cannot of a call to expm1.
    """
    one, two, half = np.float32(1), np.float32(2), np.float32(0.5)
    if linear:
        for t in range(len(square)):
            out[t] = product[t] - half * (own + square[t])
        return
    halvings = 0
    short = gamma * reach
    while short > 0.5:
        halvings += 1
        short *= 0.5
    scale = np.float32(-gamma * 0.5**halvings)
    for t in range(len(square)):
        z = scale * max(own + square[t] - two * product[t], np.float32(0))
        series = np.float32(1 / 120) + z * (np.float32(1 / 720) + z * np.float32(1 / 5040))
        out[t] = z * (one + z * (half + z * (np.float32(1 / 6) + z * (np.float32(1 / 24) + z * series))))
    for _ in range(halvings):
        for t in range(len(square)):
            out[t] = out[t] * (out[t] + two)


@compiled
def block(A, B, linear, gamma):
    """The centred kernel between the rows of A and the rows of B, float32."""
    left, right = squares(A), squares(B)
    values = np.dot(A, np.ascontiguousarray(B.T))
    row = np.empty_like(right)  # not in place: the compiler makes vector code only of what cannot overlap
    reach = 2 * (left.max() + right.max())
    for r in range(len(left)):
        centre(values[r], row, left[r], right, linear, gamma, reach)
        values[r] = row
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
    if rows.used[0] + missing > len(rows.made):
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
    for start in range(0, missing, CHUNK):
        multiply(rows, new[start : start + CHUNK])
    for t in wanted:
        s = rows.slot[t]
        if rows.made[s] != rows.number:
            centre(rows.products[s], rows.values[s], rows.square[t], rows.square, rows.linear, rows.gamma, rows.reach)
            rows.values[s, t] = 0  # rounding apart, so it is
            rows.made[s] = rows.number


@compiled
def multiply(rows, new):
    """Put the inner products of the points `new` with all others into the next slots."""
    m = len(new)
    left = np.zeros((max(m, FEWEST), rows.X.shape[1]), np.float32)
    for k in range(m):
        left[k] = rows.X[new[k]]
    result = np.dot(left, rows.XT)
    for k in range(m):
        rows.products[rows.used[0] + k] = result[k]
        rows.made[rows.used[0] + k] = -1
    rows.used[0] += m
    rows.counts[2] += m * len(rows.square)


@compiled
def subtract(e, rows, chosen, change):
    """Bring the residual up to date: e -= K[:, chosen] change, in float64.

    Four rows go at once, so that e is read and written a quarter as often.
    """
    n, room, values = len(e), len(rows.made), rows.values
    for start in range(0, len(chosen), room):
        part = chosen[start : start + room]
        fetch(rows, part)
        m, r = len(part), 0
        while r + 4 <= m:
            a, b, c, d = change[start + r], change[start + r + 1], change[start + r + 2], change[start + r + 3]
            ka, kb = values[rows.slot[part[r]]], values[rows.slot[part[r + 1]]]
            kc, kd = values[rows.slot[part[r + 2]]], values[rows.slot[part[r + 3]]]
            for t in range(n):
                e[t] -= a * ka[t] + b * kb[t] + c * kc[t] + d * kd[t]
            r += 4
        while r < m:
            a, ka = change[start + r], values[rows.slot[part[r]]]
            for t in range(n):
                e[t] -= a * ka[t]
            r += 1
    rows.counts[3] += len(chosen) * n


@compiled
def among(rows, chosen, out):
    """Fill out[:q, :q] with the kernel among the points `chosen`, which are put in order: those with kept rows first.

    In that order what has to be computed is one block, in the corner. The kept rows are mirrored a cache line at a
    time: down whole columns, which lie 1.5 kB apart, everything would fall on the same few lines of the cache.
    """
    q, kept = len(chosen), kept_first(rows, chosen)
    for r in range(kept):
        row, own = rows.values[rows.slot[chosen[r]]], out[r]
        for c in range(q):
            own[c] = row[chosen[c]]
    if kept == q:
        return
    for start in range(kept, q, LINE):
        end = min(start + LINE, q)
        for c in range(kept):
            for r in range(start, end):
                out[r, c] = out[c, r]
    new = rows.X[chosen[kept:]]
    values = block(new, new, rows.linear, rows.gamma)
    for r in range(kept, q):
        out[r, kept:q] = values[r - kept]
        out[r, r] = 0
    rows.counts[2] += (q - kept) ** 2


@compiled
def kept_first(rows, chosen):
    """Put the points whose rows of this kernel are kept before the others; how many they are."""
    kept = 0
    for k in range(len(chosen)):
        t = chosen[k]
        slot = rows.slot[t]
        if slot >= 0 and rows.made[slot] == rows.number:
            chosen[k], chosen[kept] = chosen[kept], t
            kept += 1
    return kept
