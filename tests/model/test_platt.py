"""Probabilities from pairs are libsvm's, two classes included, without scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.svm import SVC

from deepthink.model.platt import couple, fit_pairwise_platt, fit_sigmoid, pairwise_decisions


def people(classes, seed=0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(classes), 20)
    return 1.2 * rng.normal(size=(classes, 8))[who] + rng.normal(size=(len(who), 8)), who


def fitted(classes, kernel, **options):
    X, who = people(classes)
    return X, who, SVC(kernel=kernel, C=3.0, gamma=0.07, decision_function_shape="ovo", **options).fit(X, who)


def decisions_of(svc, X, kernel):
    arrays = svc.support_vectors_, svc.dual_coef_, svc.intercept_, svc.n_support_
    return pairwise_decisions(X, *arrays, kernel, 0.07)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("classes", [3, 7])
def test_decision_values_are_scikit_learns(classes, kernel):
    X, _, svc = fitted(classes, kernel)
    np.testing.assert_allclose(decisions_of(svc, X, kernel), svc.decision_function(X), atol=1e-10)


def test_two_classes_are_positive_for_the_first():
    X, who, svc = fitted(2, "rbf")
    decisions = decisions_of(svc, X, "rbf")
    np.testing.assert_allclose(decisions[:, 0], -svc.decision_function(X), atol=1e-10)
    assert decisions[who == 0].mean() > 0 > decisions[who == 1].mean()


@pytest.mark.filterwarnings("ignore:.*probability.*:FutureWarning")
@pytest.mark.parametrize("kernel", ["rbf", "linear"])
@pytest.mark.parametrize("classes", [2, 3, 12])
def test_coupling_is_libsvms(classes, kernel):
    X, _, svc = fitted(classes, kernel, probability=True, random_state=0)
    ours = couple(decisions_of(svc, X, kernel), svc.probA_, svc.probB_)
    np.testing.assert_allclose(ours, svc.predict_proba(X), atol=1e-9)


def test_probabilities_sum_to_one_however_sure_the_pairs_are():
    decisions = np.array([[1e6, -1e6, 1e6], [-1e-9, 0.0, 1e-9], [40.0, 40.0, -40.0]])
    probabilities = couple(decisions, [-5.0] * 3, [0.0] * 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    assert (probabilities > 0).all()


def test_the_sigmoid_minimises_the_cross_entropy_of_softened_targets():
    rng = np.random.default_rng(1)
    decisions = np.concatenate([rng.normal(1.0, 1.0, 40), rng.normal(-0.7, 1.0, 25)])
    target = np.concatenate([np.full(40, 41 / 42), np.full(25, 1 / 27)])

    def loss(ab):
        z = decisions * ab[0] + ab[1]
        return (target * np.logaddexp(0, z) + (1 - target) * np.logaddexp(0, -z)).sum()

    expected = minimize(loss, [0.0, 0.0], tol=1e-12).x
    np.testing.assert_allclose(fit_sigmoid(decisions, 40), expected, atol=1e-5)


def test_only_the_own_pairs_are_read():
    X, who, svc = fitted(4, "rbf")
    wide = decisions_of(svc, X, "rbf")
    first, second = np.triu_indices(4, k=1)
    for row, own in enumerate(who):
        wide[row, (first != own) & (second != own)] = 1e9
    narrow = np.array([row[(first == own) | (second == own)] for row, own in zip(wide, who, strict=True)])
    np.testing.assert_array_equal(fit_pairwise_platt(wide, who), fit_pairwise_platt(narrow, who))


def test_a_separable_pair_does_not_get_an_infinite_slope():
    A, _ = fit_pairwise_platt([[3.0], [2.0], [-2.0], [-3.0]], [0, 0, 1, 1])
    assert -10 < A[0] < 0


def test_equal_decision_values_give_the_classes_their_shares():
    A, B = fit_pairwise_platt(np.ones((30, 1)), [0] * 20 + [1] * 10)
    assert couple([[1.0]], A, B)[0, 0] == pytest.approx(2 / 3, abs=0.03)


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        fit_pairwise_platt(np.zeros((4, 2)), [0, 0, 1, 1])
    with pytest.raises(ValueError, match="do not fit"):
        couple(np.zeros((1, 2)), [0.0] * 2, [0.0] * 2)
    with pytest.raises(ValueError, match="not known"):
        pairwise_decisions([[0.0]], [[0.0]], [[1.0]], [0.0], [1, 0], "poly")


def test_a_node_needs_numpy_alone():
    code = "import sys, deepthink.model.platt; sys.exit(bool({'sklearn', 'scipy', 'numba'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
