"""One two-class support vector machine, solved to libsvm's tolerance, compiled.

With beta_t = y_t alpha_t, where y_t is +1 or -1, the dual of the C-SVC is

    maximise  y'beta - beta'K beta / 2   over   low_t <= beta_t <= high_t,  sum(beta) = 0,

(low, high) being (0, C) for the first class and (-C, 0) for the second; a row outside the training set has (0, 0).
Its gradient is the residual e = y - K beta. A beta that may still grow (beta < high) wants e no larger, one that
may shrink (beta > low) wants e no smaller, than the intercept b; so the solution is optimal when

    max {e_t : beta_t < high_t}  -  min {e_t : beta_t > low_t}  <  tolerance,

which is libsvm's stopping rule (its gradient is -y e). The decision value of *every* row, trained on or not, is
y_t - e_t + b: held-out decision values cost nothing beyond keeping e for all rows.

References
----------
Platt, "Fast training of support vector machines using sequential minimal optimization" (1999).
Joachims, "Making large-scale SVM learning practical" (1999): decomposition, :func:`solve`.
Fan, Chen & Lin, "Working set selection using second order information" (2005): the second index of :func:`smo`.
Chang & Lin, "LIBSVM: a library for support vector machines" (2011): the stopping rule and the intercept.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from deepthink.model.compiled import compiled
from deepthink.model.kernels import among, subtract

PAD = 64  # rows of the small kernel are padded to whole vector registers
FAR = np.float32(1e30)  # added to the residual of what may not move
SNAP = 1e-9  # of the width between its bounds
BINS = 256
ROUNDS = 3000  # of decomposition; a few dozen are usual


class Space(NamedTuple):
    """The small problem of one round, and room to work in; all of one padded length."""

    K: np.ndarray  # float32
    chosen: np.ndarray  # int64
    e: np.ndarray  # float32
    beta: np.ndarray
    low: np.ndarray
    high: np.ndarray


@compiled
def solve(rows, e, beta, low, high, tolerance, space, everything):
    """Move `beta` to the optimum and keep `e` = y - K beta with it; False if that took too many rounds.

    Each round takes the points that matter most, solves the problem in these alone, and brings the residual of all
    rows up to date in float64: the float32 of the inner solver never decides that the whole is optimal. With
    `everything`, the pair is so small that one round takes all points.
    """
    last = np.inf
    for _ in range(ROUNDS):
        top, bottom = extremes(e, beta, low, high)
        gap = top - bottom
        if gap < tolerance:
            return True
        if everything:
            q, chosen = len(e), np.arange(len(e))
        else:
            most = space.K.shape[0] if gap > 0.9 * last else set_size(e, beta, low, high, top, bottom, space.K.shape[0])
            q = working_set(e, beta, low, high, top, bottom, most, space.chosen)
            chosen = space.chosen[:q].copy()
            among(rows, chosen, space.K)
        last = gap
        padded = (q + PAD - 1) // PAD * PAD
        take(chosen, padded, 0.5 * (top + bottom), e, beta, low, high, space)
        inner = 0.5 * tolerance if everything else max(0.5 * tolerance, 0.05 * gap)
        rows.counts[0] += smo(space.K, padded, space, np.float32(inner), max(1000, 4 * q))
        rows.counts[1] += 1
        if move(chosen, e, beta, rows, space) == 0:
            return gap < 2 * tolerance  # float32 sees no way on
    return False


@compiled
def smo(K, size, space, tolerance, limit):
    """Sequential minimal optimisation on a dense float32 kernel; returns the number of steps.

    A step moves beta_i up and beta_j down by the same amount, i being the worst violator and j the partner that
    gains most to second order: (e_i - e_j)^2 / (K_ii + K_jj - 2 K_ij), where a centred kernel has K_ii = K_jj = 0.
    """
    e, beta, low, high = space.e, space.beta, space.low, space.high
    no_up, no_down = np.empty(size, np.float32), np.empty(size, np.float32)
    rise, fall, gain = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
    rise_bits, fall_bits, gain_bits = rise.view(np.int32), fall.view(np.int32), gain.view(np.int32)
    tiny, nought, two = np.float32(1e-10), np.float32(0), np.float32(-2)
    for t in range(size):
        no_up[t] = nought if beta[t] < high[t] else -FAR
        no_down[t] = nought if beta[t] > low[t] else FAR
        rise[t], fall[t] = e[t] + no_up[t], e[t] + no_down[t]
    for step in range(limit):
        i = position(rise_bits, size, peak(rise_bits, size))
        e_i, K_i = rise[i], K[i]
        # the stopping rule looks at the largest violation, the step at the best gain: seldom the same partner
        if e_i - as_float(trough(fall_bits, size)) < tolerance:
            return step
        for t in range(size):
            short = max(e_i - fall[t], nought)
            gain[t] = short * short / max(two * K_i[t], tiny)
        j = position(gain_bits, size, peak(gain_bits, size))
        K_j = K[j]
        change = np.float64(e_i - fall[j]) / np.float64(max(two * K_i[j], tiny))
        room_i, room_j = high[i] - beta[i], beta[j] - low[j]
        if change < min(room_i, room_j):
            beta[i] += change
            beta[j] -= change
        else:  # land exactly on the bound, so that it is seen as one
            change = min(room_i, room_j)
            beta[i] = high[i] if room_i <= room_j else beta[i] + change
            beta[j] = low[j] if room_j <= room_i else beta[j] - change
        no_up[i] = nought if beta[i] < high[i] else -FAR
        no_down[i] = nought
        no_up[j] = nought
        no_down[j] = nought if beta[j] > low[j] else FAR
        by = np.float32(change)
        for t in range(size):
            e[t] -= by * (K_i[t] - K_j[t])
            rise[t] = e[t] + no_up[t]
            fall[t] = e[t] + no_down[t]
    return limit


# A float32's bits, read as an integer, are in the order of the floats once those of negatives are turned over. The
# compiler makes vector code of integer maxima, but not of float ones: the search below is three times as fast so.


@compiled
def ordered(bits):
    """Bits of a float32 as an integer that is larger when the float is (its own inverse)."""
    return bits ^ ((bits >> np.int32(31)) & np.int32(0x7FFFFFFF))


@compiled
def as_float(key):
    """The float32 whose ordered bits these are."""
    one = np.empty(1, np.int32)
    one[0] = ordered(key)
    return one.view(np.float32)[0]


@compiled
def peak(bits, size):
    """The largest of the floats, as ordered bits."""
    best = np.int32(-0x80000000)
    for t in range(size):
        best = max(best, ordered(bits[t]))
    return best


@compiled
def trough(bits, size):
    """The smallest of the floats, as ordered bits."""
    best = np.int32(0x7FFFFFFF)
    for t in range(size):
        best = min(best, ordered(bits[t]))
    return best


@compiled
def position(bits, size, key):
    """Where that float is."""
    found = np.int32(0)
    for t in range(size):
        found = max(found, np.int32(t) if ordered(bits[t]) == key else np.int32(0))
    return found


@compiled
def extremes(e, beta, low, high):
    """The largest residual among what may grow, and the smallest among what may shrink."""
    top, bottom = -1e30, 1e30
    for t in range(len(e)):
        top = max(top, e[t] if beta[t] < high[t] else -1e30)
        bottom = min(bottom, e[t] if beta[t] > low[t] else 1e30)
    return top, bottom


@compiled
def snap(beta, low, high):
    """Put what misses its bound by rounding alone onto it: a point that only rounding makes free must not set b."""
    for t in range(len(beta)):
        near = SNAP * (high[t] - low[t])
        if beta[t] - low[t] < near:
            beta[t] = low[t]
        elif high[t] - beta[t] < near:
            beta[t] = high[t]


@compiled
def intercept(e, beta, low, high):
    """libsvm's: the mean residual of the free points; without any, the middle of what optimality allows."""
    total, free = 0.0, 0
    for t in range(len(e)):
        if low[t] < beta[t] < high[t]:
            total += e[t]
            free += 1
    if free:
        return total / free
    top, bottom = extremes(e, beta, low, high)
    return 0.5 * (top + bottom)


@compiled
def set_size(e, beta, low, high, top, bottom, most):
    """How many points to take: a quarter more than are free or on the wrong side of the middle, in whole pads."""
    middle, wanted = 0.5 * (top + bottom), 0
    for t in range(len(e)):
        up, down = beta[t] < high[t], beta[t] > low[t]
        if (up and down) or (up and e[t] > middle) or (down and e[t] < middle):
            wanted += 1
    return min(most, max(PAD, (wanted * 5 // 4 + PAD // 2) // PAD * PAD))


@compiled
def working_set(e, beta, low, high, top, bottom, most, chosen):
    """Choose at most `most` points: the free ones, then those furthest on the wrong side of the middle.

    Points up to half a margin on the right side count too, or rounds would zig-zag. A histogram finds the limit in
    one pass; within its last bin both sides get the same share, so that neither is left without a partner. Near the
    end all that matters may be in one bin: the two worst are chosen first, so that every round has a step to make.
    """
    middle, reach = 0.5 * (top + bottom), 0.5 * (top - bottom) + 0.5
    scale = (BINS - 1) / reach
    bins = np.full(len(e), -1, np.int64)
    count = np.zeros(BINS, np.int64)
    free = 0
    for t in range(len(e)):
        if low[t] < beta[t] < high[t]:
            free += 1
        if beta[t] < high[t] and e[t] == top:
            chosen[0] = t
        if beta[t] > low[t] and e[t] == bottom:
            chosen[1] = t
    for t in range(len(e)):
        up, down = beta[t] < high[t], beta[t] > low[t]
        wrong = max(e[t] - middle if up else -1e30, middle - e[t] if down else -1e30)
        if up and down and free <= most * 3 // 4:
            wrong = reach - 0.5
        if wrong > -0.5 and t != chosen[0] and t != chosen[1]:
            bins[t] = BINS - 1 - min(BINS - 1, int((wrong + 0.5) * scale))
            count[bins[t]] += 1
    last, room = 0, most - 2
    while last < BINS and count[last] <= room:
        room -= count[last]
        last += 1
    share, q = np.array([room // 2, room - room // 2]), 2
    for t in range(len(e)):
        side = 1 if e[t] > middle else 0
        if bins[t] < 0 or bins[t] > last or (bins[t] == last and share[side] == 0):
            continue
        if bins[t] == last:
            share[side] -= 1
        chosen[q] = t
        q += 1
    return q


@compiled
def take(chosen, padded, middle, e, beta, low, high, space):
    """Copy the small problem out. The residual is taken about its middle: fewer of float32's digits are wasted."""
    for k in range(len(chosen)):
        t = chosen[k]
        space.e[k], space.beta[k] = np.float32(e[t] - middle), beta[t]
        space.low[k], space.high[k] = low[t], high[t]
    for k in range(len(chosen), padded):
        space.e[k], space.beta[k], space.low[k], space.high[k] = np.float32(0), 0.0, 0.0, 0.0


@compiled
def move(chosen, e, beta, rows, space):
    """Copy the small problem's solution back and bring the residual of all rows up to date; how many moved."""
    moved, change = np.empty(len(chosen), np.int64), np.empty(len(chosen))
    m = 0
    for k in range(len(chosen)):
        t = chosen[k]
        if space.beta[k] != beta[t]:
            moved[m], change[m] = t, space.beta[k] - beta[t]
            beta[t] = space.beta[k]
            m += 1
    subtract(e, rows, moved[:m], change[:m])
    return m


@compiled
def restart(e, beta, low, high, rows):
    """Make any `beta` a feasible start: onto the bounds, then back to sum zero by the worst violators; updates e.

    A held-out fold is taken away (or another candidate's solution fitted in) by setting the bounds first.
    """
    n = len(e)
    moved, change, done = np.empty(n, np.int64), np.empty(n), np.zeros(n, np.bool_)
    m, lack, size = 0, 0.0, 0.0
    for t in range(n):
        inside = min(max(beta[t], low[t]), high[t])
        if inside != beta[t]:
            moved[m], change[m] = t, inside - beta[t]
            lack -= inside - beta[t]
            size += abs(inside - beta[t])
            beta[t] = inside
            m += 1
    if m == 0:
        return
    subtract(e, rows, moved[:m], change[:m])
    typical, m = size / m, 0
    while abs(lack) > 1e-12 * (1 + typical) and m < n:
        sign = 1.0 if lack > 0 else -1.0
        worst, t = -1e30, -1
        for k in range(n):
            room = high[k] - beta[k] if lack > 0 else beta[k] - low[k]
            if room > 0 and sign * e[k] > worst and not done[k]:
                worst, t = sign * e[k], k
        if t < 0:
            break
        room = high[t] - beta[t] if lack > 0 else beta[t] - low[t]
        by = min(abs(lack), room, typical)
        bound = high[t] if lack > 0 else low[t]
        beta[t] = bound if by == room else beta[t] + sign * by
        moved[m], change[m], done[t] = t, sign * by, True
        lack -= sign * by
        m += 1
    subtract(e, rows, moved[:m], change[:m])


@compiled
def certain_sign(mass_first, mass_second, reach):
    """The sign that all decision values must have, +1 or -1, or 0 when the problem has to be solved.

    `mass` is C times the class's weight and number of rows. Let M be the smaller: the betas of one sign sum to at
    most M, and centred kernel values lie in [-reach, 0], so |K beta| <= M reach. When the first class has the larger
    mass, one of its points is not at its bound, and optimality gives b >= 1 - M reach - tolerance there; hence every
    decision value is at least 1 - 2 M reach - tolerance. The hundredth below is for the tolerance and rounding.
    """
    least = min(mass_first, mass_second)
    if 2 * least * reach >= 0.99 or abs(mass_first - mass_second) <= 1e-9 * least:
        return 0
    return 1 if mass_first > mass_second else -1
