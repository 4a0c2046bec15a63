"""The compiled solver: its kernel, gradient, bounds, stopping rule, start and screen, one by one."""

import numpy as np
import pytest
from sklearn.svm import SVC

from deepthink.model import kernels, pairs, solver

TOLERANCE = 1e-3


def two_people(n=60, features=10, apart=1.5, seed=0):
    """Rows of two overlapping classes, the first class's first, and how many those are."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, features))
    X[: n // 3, 0] += apart
    return (X - X.mean(axis=0)).astype(np.float32), n // 3


def centred_kernel(X, linear, gamma):
    """The definition, in float64."""
    X = X.astype(float)
    D = ((X[:, None] - X) ** 2).sum(axis=2)
    return -D / 2 if linear else np.expm1(-gamma * D)


def rows_of(X, linear=False, gamma=0.1, room=None):
    n = len(X)
    padded = (n + solver.PAD - 1) // solver.PAD * solver.PAD
    slots = n if room is None else room
    square = kernels.squares(X)
    return kernels.Rows(
        X, np.ascontiguousarray(X.T), square, np.empty((slots, n), np.float32), np.zeros((slots, padded), np.float32),
        np.full(slots, -1), np.full(n, -1), np.zeros(1, np.int64), np.zeros(len(pairs.COUNTS), np.int64), 0, linear,
        gamma, 4.0 * float(square.max()),
    )  # fmt: skip


def solved(X, first, C=2.0, *, linear=False, gamma=0.1, tolerance=TOLERANCE, working=64, weights=(1.0, 1.0)):
    """Solve by decomposition; e, beta, low, high, and whether it converged."""
    y = np.where(np.arange(len(X)) < first, 1.0, -1.0)
    e, beta = y.copy(), np.zeros(len(X))
    low, high = np.where(y > 0, 0.0, -C * weights[1]), np.where(y > 0, C * weights[0], 0.0)
    space = solver.Space(
        np.zeros((working, working), np.float32), np.empty(working, np.int64), np.zeros(working, np.float32),
        np.zeros(working), np.zeros(working), np.zeros(working),
    )  # fmt: skip
    done = solver.solve(rows_of(X, linear, gamma), e, beta, low, high, tolerance, space, False)
    return e, beta, low, high, done


def path_of(X, first, fold, C, *, linear=False, gamma=0.1, room=10**7, working=384, screen=True, weight=None):
    """One candidate through the folds of one pair."""
    weight = np.ones((fold.max() + 2, 2)) if weight is None else weight
    one = np.array([linear]), np.array([gamma]), np.array([C]), np.array([-1])
    return pairs.Path(*pairs.solve_pair(X, first, fold, *one, weight, TOLERANCE, room, working, screen))


@pytest.mark.parametrize("gamma", [1e-5, 1e-2, 0.3, 7.0])
def test_rbf_values_keep_float32s_relative_precision(gamma):
    X, _ = two_people()
    np.testing.assert_allclose(
        kernels.block(X, X, False, gamma)[~np.eye(len(X), dtype=bool)],
        centred_kernel(X, False, gamma)[~np.eye(len(X), dtype=bool)],
        rtol=2e-5,
    )


def test_rbf_values_are_exact_at_the_end_of_their_series():
    """Opposite points are as far apart as the reach says, and gamma makes that the longest z without a halving."""
    X = np.array([[1.0], [-1.0]], np.float32)
    assert kernels.block(X, X, False, 0.125)[0, 1] == pytest.approx(np.expm1(-0.5), rel=3e-7)


@pytest.mark.parametrize("linear", [True, False])
def test_rows_are_the_kernels_definition_whether_kept_or_not(linear):
    X, _ = two_people()
    rows, out = rows_of(X, linear, room=40), np.zeros((64, 64), np.float32)
    chosen = np.array([21, 3, 50, 22, 7])
    kernels.fetch(rows, np.array([3, 50, 7]))
    kernels.among(rows, chosen, out)
    expected = centred_kernel(X, linear, 0.1)
    np.testing.assert_allclose(rows.values[rows.slot[50], : len(X)], expected[50], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(out[:5, :5], expected[np.ix_(chosen, chosen)], rtol=1e-4, atol=1e-5)


def test_rows_that_are_kept_of_one_kernel_are_not_taken_for_anothers():
    X, _ = two_people()
    rows, out, chosen = rows_of(X), np.zeros((64, 64), np.float32), np.array([21, 3, 50, 22, 7])
    kernels.fetch(rows, np.array([3, 50, 7, 22]))
    other = rows._replace(number=1, gamma=0.4)
    kernels.fetch(other, np.array([22]))
    kernels.among(other, chosen, out)
    np.testing.assert_allclose(out[:5, :5], centred_kernel(X, False, 0.4)[np.ix_(chosen, chosen)], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("room", [60, 7])
def test_the_residual_is_brought_up_to_date(room):
    X, _ = two_people()
    rng = np.random.default_rng(0)
    e, chosen, change = rng.normal(size=60), rng.permutation(60)[:25], rng.normal(size=25)
    expected = e - centred_kernel(X, False, 0.1)[:, chosen] @ change
    kernels.subtract(e, rows_of(X, room=room), chosen, change)
    np.testing.assert_allclose(e, expected, atol=1e-5)


@pytest.mark.parametrize("linear", [True, False])
@pytest.mark.parametrize("working", [64, 128])
def test_gradient_the_residual_at_the_solution_is_y_minus_k_beta(linear, working):
    X, first = two_people(200)
    e, beta, _, _, done = solved(X, first, linear=linear, working=working)
    y = np.where(np.arange(200) < first, 1.0, -1.0)
    assert done
    np.testing.assert_allclose(e, y - centred_kernel(X, linear, 0.1) @ beta, atol=1e-4)


def test_bounds_betas_lie_between_0_and_c_of_their_class_and_sum_to_zero():
    X, first = two_people(200, apart=0.5)
    _, beta, low, high, _ = solved(X, first, C=0.5, weights=(2.0, 0.7))
    assert ((beta >= low) & (beta <= high)).all()
    assert abs(beta.sum()) < 1e-9
    assert (beta == high)[:first].sum() > 5  # exactly at the bound, not nearly
    assert (beta == low)[first:].sum() > 5
    assert high[:first].max() == 1.0
    assert low[first:].min() == -0.35


@pytest.mark.parametrize("tolerance", [1e-1, 1e-3])
def test_stopping_rule_the_largest_violation_is_just_below_the_tolerance(tolerance):
    X, first = two_people(200)
    e, beta, low, high, _ = solved(X, first, tolerance=tolerance)
    violation = e[beta < high].max() - e[beta > low].min()
    assert violation < tolerance
    assert violation > tolerance / 100  # it does not go on long after it might stop


@pytest.mark.parametrize(("gap", "steps"), [(0.9e-3, 0), (1.1e-3, 1)])
def test_stopping_rule_is_strict(gap, steps):
    """Two points on either side of the tolerance: libsvm stops below it, and only below it."""
    K = np.zeros((64, 64), np.float32)
    K[0, 1] = K[1, 0] = -1.0
    e, high = np.zeros(64, np.float32), np.zeros(64)
    e[0], high[:2] = gap, 1.0
    beta = np.zeros(64)
    beta[1] = 0.5
    space = solver.Space(K, np.arange(64), e, beta, np.zeros(64), high)
    assert solver.smo(K, 64, space, np.float32(TOLERANCE), 10) == steps


def test_smo_takes_the_partner_that_gains_most_not_the_worst_violator():
    """(e_i - e_j)^2 / -2 K_ij: 1.9^2 / 0.2 beats 2^2 / 2."""
    K = np.zeros((64, 64), np.float32)
    K[0, 1] = K[1, 0] = -1.0
    K[0, 2] = K[2, 0] = -0.1
    K[1, 2] = K[2, 1] = -1.0
    e, low, high = np.zeros(64, np.float32), np.zeros(64), np.zeros(64)
    e[:3], high[0], low[1:3] = (1.0, -1.0, -0.9), 100.0, -100.0
    space = solver.Space(K, np.arange(64), e, np.zeros(64), low, high)
    solver.smo(K, 64, space, np.float32(TOLERANCE), 1)
    assert space.beta[2] == pytest.approx(-1.9 / 0.2)
    assert space.beta[1] == 0.0


def test_what_is_at_its_bound_may_not_move_further():
    K = np.zeros((64, 64), np.float32)
    K[0, 1] = K[1, 0] = -1.0
    e, high = np.zeros(64, np.float32), np.zeros(64)
    e[0], high[0] = 1.0, 1.0
    beta = np.zeros(64)
    beta[0] = 1.0
    space = solver.Space(K, np.arange(64), e, beta, np.zeros(64), high)
    assert solver.smo(K, 64, space, np.float32(TOLERANCE), 10) == 0


def test_the_two_worst_are_always_chosen():
    """Even where more points than fit are as good as equal, as near the end: else a round might have no step."""
    e = np.where(np.arange(400) % 2 == 0, 1e-4, -1e-4)
    e[[350, 371]] = 1e-3, -1e-3
    beta, low, high, chosen = np.zeros(400), np.full(400, -1.0), np.full(400, 1.0), np.empty(64, np.int64)
    q = solver.working_set(e, beta, low, high, 1e-3, -1e-3, 64, chosen)
    assert q == 64
    assert {350, 371} <= set(chosen)
    assert len(set(chosen)) == 64
    assert 20 < (e[chosen] > 0).sum() < 44  # both sides have partners


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("linear", [True, False])
def test_decision_values_are_libsvms(C, linear):
    X, first = two_people(150, apart=2.0)
    fold = np.arange(150) % 5
    path = path_of(X, first, fold, C, linear=linear, screen=False)
    y = np.where(np.arange(150) < first, 1, -1)
    for part in range(5):
        train, held = fold != part, fold == part
        stock = SVC(kernel="linear" if linear else "rbf", C=C, gamma=0.1, tol=1e-6).fit(X[train], y[train])
        np.testing.assert_allclose(path.decisions[0, held], stock.decision_function(X[held]), atol=5e-3)


@pytest.mark.parametrize("variant", [{"working": 64}, {"working": 64, "room": 10}, {"screen": False}])
def test_a_working_set_a_small_room_and_the_screen_change_nothing(variant):
    X, first = two_people(300, apart=2.0)
    fold = np.arange(300) % 5
    usual, other = path_of(X, first, fold, 1.0), path_of(X, first, fold, 1.0, **variant)
    np.testing.assert_allclose(usual.decisions, other.decisions, atol=3e-3)


def test_a_restart_is_feasible_and_keeps_the_residual():
    X, first = two_people(200, apart=0.5)
    e, beta, low, high, _ = solved(X, first)
    held = np.arange(200) % 5 == 0
    low[held] = high[held] = 0.0
    high[:first] *= 0.6  # a fold's own class weights
    solver.restart(e, beta, low, high, rows_of(X))
    y = np.where(np.arange(200) < first, 1.0, -1.0)
    assert ((beta >= low) & (beta <= high)).all()
    assert (beta[held] == 0).all()
    assert abs(beta.sum()) < 1e-9
    np.testing.assert_allclose(e, y - centred_kernel(X, False, 0.1) @ beta, atol=1e-4)


def test_the_intercept_without_free_points_is_the_middle_of_what_is_allowed():
    e = np.array([1.0, 0.4, -0.8, -0.2])
    beta, low, high = np.array([1.0, 0.0, -1.0, 0.0]), np.array([0.0, 0, -1, -1]), np.array([1.0, 1, 0, 0])
    # only the second may grow beside the third; only the first and the fourth may shrink
    assert solver.intercept(e, beta, low, high) == pytest.approx(0.5 * (0.4 + -0.2))


@pytest.mark.parametrize("C", [1e-3, 1e-2, 0.03, 0.1])
def test_the_screen_claims_only_what_stock_confirms(C):
    X, first = two_people(90)
    y = np.where(np.arange(90) < first, 1, -1)
    reach = -np.expm1(-0.1 * pairs.diameter(X))
    sign = solver.certain_sign(C * first, C * (90 - first), reach)
    stock = SVC(C=C, gamma=0.1).fit(X, y).decision_function(X)
    assert sign == 0 or (np.sign(stock) == sign).all()
    assert (sign != 0) == (2 * C * first * reach < 0.99)


def test_no_two_points_are_further_apart_than_the_diameter_says():
    for X in (np.array([[1.0, 5.0], [-1.0, 5.0]], np.float32), two_people()[0]):
        most = ((X[:, None].astype(float) - X) ** 2).sum(axis=2).max()
        assert 0.999 * most <= pairs.diameter(X) <= 4.01 * most


def test_the_screen_does_not_judge_balanced_classes():
    assert solver.certain_sign(1e-6, 1e-6, 1.0) == 0


def test_a_fold_without_one_of_the_classes_has_no_machine():
    X, _ = two_people(30)
    fold = np.arange(30) % 5
    fold[:2] = 0  # the first class has two rows, both in fold 0
    path = path_of(X, 2, fold, 1.0)
    assert path.sure[0, 0] == pairs.ABSENT
    assert (path.decisions[0, fold == 0] == -1).all()
    assert (path.sure[0, 1:] != pairs.ABSENT).all()
