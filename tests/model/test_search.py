"""The search gives stock scikit-learn's answer: scores, ties, best machine, held-out decision values."""

import os
import pickle
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, GroupKFold, RepeatedStratifiedKFold, StratifiedKFold
from sklearn.svm import SVC
from sklearn.utils.estimator_checks import check_estimator

from deepthink.errors import SettingsError
from deepthink.flow.benchmark import read_album
from deepthink.flow.wiring import Site
from deepthink.model.grids import PRESETS
from deepthink.model.platt import fit_pairwise_platt
from deepthink.model.search import SupportVectorSearch
from deepthink.settings import without_site
from tests.model.crowds import crowd

GRID = [
    {"kernel": ["rbf"], "C": [1e-2, 1.0, 100.0], "gamma": [0.1, 1e-3]},
    {"kernel": ["linear"], "C": [1e-2, 1.0, 100.0]},
]


def ordinary():
    return crowd(500, 8)


def two_classes():
    X, y = crowd(240, 2)
    return X, np.array(["bob", "ann"])[y]


def tiny_classes():
    """Three people with one, two and three faces."""
    X, y = crowd(240, 5)
    y[:6] = [10, 11, 11, 12, 12, 12]
    return X, y


def duplicates():
    """Every face twice, some with another name the second time."""
    X, y = crowd(150, 4)
    other = y.copy()
    other[:8] = (y[:8] + 1) % 4
    return np.concatenate([X, X]), np.concatenate([y, other])


def constant_features():
    X, y = crowd(200, 4, features=8)
    return np.hstack([X, np.full((200, 3), 7.5), np.zeros((200, 1))]), y


def far_from_the_origin():
    X, y = crowd(200, 4)
    return X.astype(float) + 100.0, y


def large_pairs():
    """More rows in a pair than one small problem takes."""
    return crowd(900, 3)


DATA = [ordinary, large_pairs, two_classes, tiny_classes, duplicates, constant_features, far_from_the_origin]


def stock(X, y, grid=GRID, groups=None, cv=5, scoring="accuracy", class_weight=None):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes with fewer rows than folds
        svc = SVC(class_weight=class_weight)
        return GridSearchCV(svc, grid, cv=cv, scoring=scoring).fit(X.astype(float), y, groups=groups)


def fast(X, y, grid=GRID, groups=None, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return SupportVectorSearch(grid, **{"engine": "numba", "n_jobs": 2, **options}).fit(X, y, groups=groups)


def assert_same(ours, theirs, n):
    """The same to one held-out row a candidate: two correct solvers may differ on a row that is on the border."""
    one = 1.01 / n
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=one)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_index_ == theirs.best_index_
    assert ours.cv_results_["rank_test_score"][ours.best_index_] == 1


@pytest.mark.parametrize("data", DATA)
def test_scores_and_choice_are_stocks(data):
    X, y = data()
    assert_same(fast(X, y), stock(X, y), len(y))


@pytest.mark.parametrize("data", [ordinary, two_classes, tiny_classes])
def test_balanced_class_weights_are_the_folds_own(data):
    """Not for the smallest C: with all points at their bounds the intercept is free, and libsvm's a rounding error."""
    X, y = data()
    grid = [{"kernel": ["rbf"], "C": [1.0, 100.0], "gamma": [0.1]}, {"kernel": ["linear"], "C": [1.0, 100.0]}]
    ours, theirs = fast(X, y, grid, class_weight="balanced"), stock(X, y, grid, class_weight="balanced")
    assert_same(ours, theirs, len(y))


def test_class_weights_may_be_given():
    X, y = ordinary()
    weight = {person: 1.0 + person for person in range(8)}
    assert_same(fast(X, y, class_weight=weight), stock(X, y, class_weight=weight), len(y))


def test_balanced_accuracy_is_stocks():
    X, y = tiny_classes()
    ours, theirs = fast(X, y, scoring="balanced_accuracy"), stock(X, y, scoring="balanced_accuracy")
    np.testing.assert_allclose(ours.cv_results_["mean_test_score"], theirs.cv_results_["mean_test_score"], atol=1e-9)
    assert ours.best_index_ == theirs.best_index_


@pytest.mark.parametrize("scoring", ["accuracy", "balanced_accuracy"])
def test_other_rows_are_scored_as_the_search_scored(scoring):
    X, y = tiny_classes()
    ours, theirs = fast(X, y, scoring=scoring), stock(X, y, scoring=scoring)
    assert ours.score(X[:99], y[:99]) == pytest.approx(theirs.score(X[:99].astype(float), y[:99]), abs=1e-9)


def test_folds_are_cut_by_group():
    X, y = ordinary()
    groups = np.arange(len(y)) // 4
    cv = GroupKFold(4)
    assert_same(fast(X, y, groups=groups, cv=cv), stock(X, y, groups=groups, cv=cv), len(y))


def test_the_whole_standard_grid_is_stocks():
    X, y = crowd(300, 5)
    ours, theirs = fast(X, y, "standard"), stock(X, y, PRESETS["standard"])
    assert_same(ours, theirs, len(y))
    assert (ours.cv_results_["mean_test_score"] == theirs.cv_results_["mean_test_score"]).mean() > 0.9


def test_real_embeddings_are_searched_as_stock_does(faces):
    album = read_album(Site(without_site(["detection.detector=opencv"])), faces / "residents", lambda *_: None)
    ours, theirs = (search(album.embeddings, album.people, PRESETS["standard"], cv=7) for search in (fast, stock))
    assert len(album.people) > 300
    assert_same(ours, theirs, len(album.people))
    assert ours.best_score_ > 0.95


def test_the_first_of_equals_wins():
    X, y = crowd(120, 3, spread=0.1, label_noise=0)
    ours = fast(X, y, {"kernel": ["linear"], "C": [10.0, 1.0, 100.0]})
    assert (ours.cv_results_["mean_test_score"] == 1).all()
    assert ours.best_params_ == {"kernel": "linear", "C": 10.0}


def test_results_have_gridsearchcvs_keys_and_masks():
    X, y = crowd(120, 3)
    ours, theirs = fast(X, y).cv_results_, stock(X, y).cv_results_
    assert set(ours) == set(theirs)
    assert list(ours["params"]) == list(theirs["params"])
    assert (ours["param_gamma"].mask == theirs["param_gamma"].mask).all()
    assert (ours["rank_test_score"] == theirs["rank_test_score"]).all()


@pytest.mark.parametrize("data", [ordinary, two_classes, tiny_classes])
@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_the_best_estimator_is_the_svc_that_stock_fits(data, kernel):
    X, y = data()
    ours = fast(X, y, {"kernel": [kernel], "C": [10.0], "gamma": [0.1]}, class_weight="balanced").best_estimator_
    theirs = SVC(kernel=kernel, C=10.0, gamma=0.1, class_weight="balanced").fit(X.astype(float), y)
    assert type(ours) is SVC
    for svc in (ours, theirs):
        svc.decision_function_shape = "ovo"
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-2)
    assert (ours.predict(X) == theirs.predict(X)).all()
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_allclose(ours.class_weight_, theirs.class_weight_)
    assert abs(len(ours.support_) - len(theirs.support_)) <= 0.03 * len(y)
    np.testing.assert_array_equal(X[ours.support_].astype(float), ours.support_vectors_)


def test_the_time_of_a_candidate_is_its_own():
    """What hardly needs solving took less than what does, and all together no more than the process did."""
    fast(*ordinary())  # compiles
    X, y = crowd(900, 6)
    started = time.process_time()
    results = fast(X, y, {"kernel": ["rbf"], "C": [1e-6, 1e3], "gamma": [0.1]}, refit=False).cv_results_
    taken = time.process_time() - started
    easy, hard = 5 * results["mean_fit_time"]
    assert 0 < 10 * easy < hard
    assert 0.3 * taken < 5 * (results["mean_fit_time"] + results["mean_score_time"]).sum() < taken


def test_the_best_estimators_pickle_needs_nothing_of_ours():
    X, y = crowd(120, 3)
    search = fast(X, y)
    dumped = pickle.dumps(search.best_estimator_)
    assert b"deepthink" not in dumped
    assert (pickle.loads(dumped).predict(X) == search.predict(X)).all()


@pytest.mark.parametrize("data", [ordinary, two_classes, tiny_classes])
def test_held_out_decision_values_are_the_folds_machines(data):
    X, y = data()
    grid = {"kernel": ["rbf"], "C": [10.0], "gamma": [0.1]}
    ours = fast(X, y, grid)
    theirs = SupportVectorSearch(grid, engine="sklearn")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs.fit(X.astype(float), y)
    np.testing.assert_allclose(ours.best_decisions_, theirs.best_decisions_, atol=1e-2)
    np.testing.assert_allclose(ours.own_decisions_, theirs.own_decisions_, atol=1e-2)


def test_screened_pairs_have_real_decision_values_too():
    X, y = two_classes()
    X, y = np.concatenate([X[y == "ann"], X[y == "bob"][:5]]), ["ann"] * (y == "ann").sum() + ["bob"] * 5
    ours = fast(X, y, {"kernel": ["rbf"], "C": [1e-3], "gamma": [0.1]})
    assert ours.counts_["screened"] > 0
    assert len(np.unique(ours.best_decisions_)) > len(y) // 2


def test_own_decision_values_are_enough_for_platt():
    X, y = ordinary()
    search = fast(X, y)
    np.testing.assert_allclose(
        fit_pairwise_platt(search.own_decisions_, y), fit_pairwise_platt(search.best_decisions_, y), atol=2e-2
    )


def test_little_memory_gives_the_same_scores_and_withholds_what_does_not_fit():
    X, y = crowd(900, 3)
    grid = {"kernel": ["rbf"], "C": [1.0, 100.0], "gamma": [0.1]}
    usual, small = fast(X, y, grid), fast(X, y, grid, memory_mb=0.01)
    assert (usual.cv_results_["mean_test_score"] == small.cv_results_["mean_test_score"]).all()
    assert small.best_decisions_ is None
    np.testing.assert_allclose(small.own_decisions_, usual.own_decisions_, atol=1e-2)


def test_progress_ends_at_the_total_and_says_what_is_left():
    seen = []
    X, y = crowd(120, 4)
    fast(X, y, progress=lambda done, total, info: seen.append((done, total, str(info))))
    done, total, _ = zip(*seen, strict=True)
    assert list(done) == sorted(done)
    assert done[-1] == total[-1]
    assert all("left" in info for _, _, info in seen)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"param_grid": {"kernel": ["poly"], "C": [1.0]}}, "grid"),
        ({"param_grid": {"kernel": ["rbf"], "C": [1.0]}}, "grid"),  # gamma="scale" depends on the fold
        ({"param_grid": "quick", "cv": RepeatedStratifiedKFold(n_splits=3, n_repeats=2)}, "folds"),
    ],
)
def test_what_the_fast_engine_cannot_do_stock_does_and_it_is_said(options, why):
    X, y = crowd(90, 3)
    search = SupportVectorSearch(**options).fit(X, y)
    assert search.engine_ == "sklearn"
    assert why in search.engine_reason_
    assert search.predict(X).shape == y.shape
    with pytest.raises(SettingsError, match="engine='numba' cannot be used"):
        clone(search).set_params(engine="numba").fit(X, y)


def test_without_numba_stock_does_it():
    code = (
        "import sys; sys.modules['numba'] = None\n"
        "from deepthink.model.search import SupportVectorSearch\n"
        "search = SupportVectorSearch('quick', cv=2).fit([[0.], [1.], [0.1], [1.1]], [0, 1, 0, 1])\n"
        "assert search.engine_ == 'sklearn' and 'Numba' in search.engine_reason_, search.engine_reason_"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system pins no process")
def test_threads_are_as_many_as_cores_that_this_process_may_use():
    """As a container's quota, taskset and cores that nvpmodel has switched off leave them: joblib tells."""
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "import numpy as np; from deepthink.model.search import SupportVectorSearch\n"
        "search = SupportVectorSearch(); search.n_splits_, search.classes_ = 1, np.arange(2)\n"
        "problem = search._problem(np.eye(2), np.arange(2), np.zeros(2, int))\n"
        "assert problem.threads == 1, problem.threads"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_what_is_wrong_is_said_before_work_begins():
    X, y = crowd(60, 3)
    with pytest.raises(ValueError, match="NaN"):
        fast(np.where(X > 0.2, np.nan, X), y)
    with pytest.raises(ValueError, match="one class"):
        fast(X, np.zeros(60))
    with pytest.raises(SettingsError, match="preset"):
        fast(X, y, "enormous")
    with pytest.raises(SettingsError, match="scoring"):
        fast(X, y, scoring="f1")
    with pytest.raises(ValueError, match="n_splits"):
        fast(X, y, cv=StratifiedKFold(50))


def test_scikit_learns_promises_are_kept():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(SupportVectorSearch({"kernel": ["linear"], "C": [1.0]}, cv=2, engine="numba", n_jobs=1))
