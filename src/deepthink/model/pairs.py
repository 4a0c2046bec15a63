"""One pair of classes through the whole grid, cross-validated, compiled.

Everything that the candidates of a pair share is done once: one float32 kernel per gamma for all C and all folds;
for each candidate first the problem with all rows, then each fold from that solution, of which it lacks only what
the held-out rows carried (DeCoste & Wagstaff, "Alpha seeding for support vector machines", 2000). From one gamma to
the next a solution is carried along gamma C = constant, where the machines are nearly the same (Keerthi & Lin,
"Asymptotic behaviors of support vector machines with Gaussian kernel", 2003).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from deepthink.model.clock import cpu_seconds
from deepthink.model.compiled import compiled
from deepthink.model.kernels import Rows, fetch, squares, subtract
from deepthink.model.solver import PAD, Space, certain_sign, intercept, restart, snap, solve

COUNTS = ("steps", "rounds", "kernel_values", "residual_updates", "solved", "screened", "unfinished")
ABSENT = 2  # in `sure`: the fold's training set lacks one of the two classes, so that it has no such machine


class Path(NamedTuple):
    """What one pair learnt: of every candidate, in every fold (the last column is for all rows)."""

    decisions: np.ndarray  # (candidates, n) float32: held-out decision values, positive for the first class
    intercepts: np.ndarray  # (candidates, folds + 1)
    sure: np.ndarray  # (candidates, folds + 1) int8: the sign when it is certain, ABSENT, or 0
    starts: np.ndarray  # (candidates * folds + 1,): where each fold's solution starts in `support`
    support: np.ndarray  # int32, rows of the pair with beta != 0: those at their bounds, then the free ones
    free_starts: np.ndarray  # (candidates * folds + 1,): where it starts in `free`
    free: np.ndarray  # float32, the betas of the free ones; most are at their bounds, which need no storing
    whole: np.ndarray  # (candidates, n): the betas of all rows' own problem
    counts: np.ndarray  # of COUNTS
    seconds: np.ndarray  # (candidates,): CPU time; what several share is counted for the first that needs it


@compiled
def solve_pair(X, first, fold, linear, gamma, C, source, weight, tolerance, room, working, screen):
    """Solve every candidate in every fold for one pair of classes.

    Parameters
    ----------
    X : (n, features) float32, the rows of the first class before those of the second
    first : int, how many rows are the first class's
    fold : (n,) int64, the fold that holds the row out
    linear, gamma, C : (candidates,), those of one kernel side by side
    source : (candidates,), which earlier candidate to start from, or -1
    weight : (folds + 1, 2), what C is multiplied by, by fold and class
    tolerance : float, libsvm's
    room : int, float32 numbers that may be kept of the kernel
    working : int, the largest small problem; a pair of no more rows is solved as one
    screen : bool, whether problems of certain outcome are left unsolved
    """
    n, candidates, folds = X.shape[0], len(C), weight.shape[0] - 1
    counts = np.zeros(len(COUNTS), np.int64)
    decisions = np.zeros((candidates, n), np.float32)
    intercepts, sure = np.zeros((candidates, folds + 1)), np.zeros((candidates, folds + 1), np.int8)
    whole, known = np.zeros((candidates, n)), np.zeros(candidates, np.bool_)
    starts, support = np.zeros(candidates * folds + 1, np.int64), np.empty(1024, np.int32)
    free_starts, free = np.zeros(candidates * folds + 1, np.int64), np.empty(1024, np.float32)

    present = count(fold, first, folds)
    square = squares(X)
    reach = 4.0 * square.max()
    spread = diameter(X)
    everything = n <= working
    padded = (n + PAD - 1) // PAD * PAD
    XT = np.ascontiguousarray(X.T)
    slots = n if everything else min(n, max(room // (2 * n), 2 * working))
    products, values = np.empty((slots, n), np.float32), np.zeros((slots, padded), np.float32)
    made, slot, used = np.full(slots, -1), np.full(n, -1), np.zeros(1, np.int64)
    width = padded if everything else working
    space = Space(
        values if everything else np.zeros((working, working), np.float32),
        np.empty(width, np.int64),
        np.zeros(width, np.float32),
        np.zeros(width),
        np.zeros(width),
        np.zeros(width),
    )
    e, beta, low, high = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    whole_e = np.empty(n)
    rows = Rows(X, XT, square, products, values, made, slot, used, counts, 0, linear[0], gamma[0], reach)
    points, number = np.arange(n), 0
    seconds, before = np.zeros(candidates), cpu_seconds()

    for c in range(candidates):
        if c > 0 and (linear[c] != linear[c - 1] or gamma[c] != gamma[c - 1]):
            number += 1
            rows = Rows(X, XT, square, products, values, made, slot, used, counts, number, linear[c], gamma[c], reach)
        deepest = 0.5 * spread if linear[c] else -np.expm1(-gamma[c] * spread)
        for turn in range(folds + 1):
            part = folds if turn == 0 else turn - 1  # all rows first
            cell = c * folds + part
            verdict, outcome = judge(present[part], C[c] * weight[part], deepest, screen)
            if verdict != 0:
                sure[c, part], intercepts[c, part] = verdict, outcome
                for t in range(n):
                    if fold[t] == part:
                        decisions[c, t] = outcome
                if part < folds:
                    starts[cell + 1], free_starts[cell + 1] = starts[cell], free_starts[cell]
                counts[5] += 1
                continue
            if everything:
                fetch(rows, points)
            bounds(low, high, first, fold, part, C[c] * weight[part])
            if part < folds and known[c]:
                beta[:], e[:] = whole[c], whole_e
            else:
                begin(c, source, C, whole, known, first, rows, e, beta)
            restart(e, beta, low, high, rows)
            if not solve(rows, e, beta, low, high, tolerance, space, everything):
                counts[6] += 1
            counts[4] += 1
            snap(beta, low, high)
            b = intercept(e, beta, low, high)
            intercepts[c, part] = b
            if part == folds:
                whole[c], whole_e[:], known[c] = beta, e, True
                continue
            for t in range(n):
                if fold[t] == part:
                    decisions[c, t] = np.float32((1.0 if t < first else -1.0) - e[t] + b)
            support, free = pack(beta, low, high, cell, starts, support, free_starts, free)
        now = cpu_seconds()
        seconds[c], before = now - before, now
    support, free = support[: starts[-1]].copy(), free[: free_starts[-1]].copy()
    return Path(decisions, intercepts, sure, starts, support, free_starts, free, whole, counts, seconds)


@compiled
def judge(here, bound, deepest, screen):
    """Whether the outcome is certain without solving, as `sure` has it, and which."""
    if here[0] == 0 or here[1] == 0:
        return ABSENT, (1 if here[0] else 0) - (1 if here[1] else 0)
    sign = certain_sign(bound[0] * here[0], bound[1] * here[1], deepest) if screen else 0
    return sign, sign


@compiled
def pack(beta, low, high, cell, starts, support, free_starts, free):
    """Append a fold's solution: what is at its bound, then what is free; the arrays, grown where need be."""
    size, frees, n = starts[cell], free_starts[cell], len(beta)
    support, free = longer(support, size, n), longer(free, frees, n)
    for t in range(n):
        if beta[t] != 0 and (beta[t] == low[t] or beta[t] == high[t]):
            support[size] = t
            size += 1
    for t in range(n):
        if beta[t] != 0 and low[t] < beta[t] < high[t]:
            support[size], free[frees] = t, beta[t]
            size += 1
            frees += 1
    starts[cell + 1], free_starts[cell + 1] = size, frees
    return support, free


@compiled
def begin(c, source, C, whole, known, first, rows, e, beta):
    """Start from nothing, or from the source candidate's solution, its betas scaled as the bounds are."""
    for t in range(len(e)):
        e[t], beta[t] = 1.0 if t < first else -1.0, 0.0
    if source[c] < 0 or not known[source[c]]:
        return
    beta[:] = whole[source[c]] * (C[c] / C[source[c]])
    carried = np.flatnonzero(beta)
    subtract(e, rows, carried, beta[carried])


@compiled
def bounds(low, high, first, fold, part, most):
    """(0, C) for the first class, (-C, 0) for the second, (0, 0) for what the fold holds out."""
    for t in range(len(fold)):
        trained = fold[t] != part
        high[t] = most[0] if trained and t < first else 0.0
        low[t] = -most[1] if trained and t >= first else 0.0


@compiled
def count(fold, first, folds):
    """Training rows of the two classes by fold, and last of all rows."""
    present = np.zeros((folds + 1, 2), np.int64)
    for t in range(len(fold)):
        side = 0 if t < first else 1
        for part in range(folds + 1):
            if fold[t] != part:
                present[part, side] += 1
    return present


@compiled
def diameter(X):
    """An upper bound of the squared distances: four times the squared radius about the mean."""
    n, features = X.shape
    centre_ = np.zeros(features)
    for t in range(n):
        for d in range(features):
            centre_[d] += X[t, d] / n
    radius = 0.0
    for t in range(n):
        s = 0.0
        for d in range(features):
            s += (X[t, d] - centre_[d]) ** 2
        radius = max(radius, s)
    return 4.0 * radius


@compiled
def longer(array, size, more):
    """The array, with room for `more` beyond the first `size`."""
    if size + more <= len(array):
        return array
    result = np.empty(2 * size + more, array.dtype)
    result[:size] = array[:size]
    return result
