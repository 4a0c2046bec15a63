"""A search that is interrupted goes on, and one that is out of time says what it left out; the scores are the same."""

import time

import numpy as np
import pytest

from deepthink.model.rounds import OutOfTime, digest, rounds, search_in_rounds
from deepthink.model.search import SupportVectorSearch
from tests.conftest import crowd

GRID = [{"kernel": ["rbf"], "C": [1.0, 10.0], "gamma": [1.0, 0.1]}, {"kernel": ["linear"], "C": [1.0, 10.0]}]


@pytest.fixture(scope="module")
def data():
    vectors, who, _ = crowd(6, 8, 3, seed=4, spread=0.05)
    return vectors, who


def search(data, engine, **more):
    return SupportVectorSearch(GRID, cv=4, engine=engine, **more).fit(*data)


@pytest.mark.parametrize("engine", ["sklearn", "numba"])
def test_kernel_by_kernel_gives_the_same_scores(data, engine, tmp_path):
    whole = search(data, engine)
    careful = search(data, engine, journal=tmp_path / "journal")
    assert np.allclose(whole.cv_results_["mean_test_score"], careful.cv_results_["mean_test_score"], atol=1e-3)
    assert whole.best_params_ == careful.best_params_
    assert careful.left_out_ == []


@pytest.mark.parametrize("engine", ["sklearn", "numba"])
def test_an_interrupted_search_goes_on_where_it_was(data, engine, tmp_path):
    journal = tmp_path / "journal"
    told = []

    def stop_in_the_second_kernel(done, total, what):
        told.append(str(what))
        if "kernel 2 of 3" in told[-1]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        search(data, engine, journal=journal, progress=stop_in_the_second_kernel)
    kept = journal.read_text().splitlines()
    assert len(kept) == 2  # the problem, and the first kernel
    assert "linear" in kept[1]
    told.clear()
    resumed = search(data, engine, journal=journal, progress=lambda done, total, what: told.append(str(what)))
    assert not any("kernel 1 of 3" in what for what in told)
    assert np.isnan(resumed.cv_results_["mean_fit_time"]).sum() == 2  # those that were not searched again
    assert np.array_equal(
        resumed.cv_results_["mean_test_score"],
        search(data, engine, journal=tmp_path / "other").cv_results_["mean_test_score"],
    )


@pytest.mark.parametrize("engine", ["sklearn", "numba"])
def test_no_time_leaves_one_kernel_and_says_what_was_left_out(data, engine):
    found = search(data, engine, budget_s=0.0)
    assert found.best_params_["kernel"] == "linear"
    assert len(found.left_out_) == 4
    assert np.isnan(found.cv_results_["mean_test_score"]).sum() == 4
    assert found.best_estimator_.predict(data[0]).shape == data[1].shape


@pytest.mark.parametrize("engine", ["sklearn", "numba"])
def test_time_enough_leaves_nothing_out(data, engine):
    assert search(data, engine, budget_s=600.0).left_out_ == []


def test_a_journal_of_other_faces_is_begun_anew(data, tmp_path):
    journal = tmp_path / "journal"
    search(data, "sklearn", journal=journal)
    before = journal.read_text().splitlines()
    search((data[0] + 0.01, data[1]), "sklearn", journal=journal)
    after = journal.read_text().splitlines()
    assert before[0] != after[0]
    assert len(after) == len(before) == 4


def test_a_journal_cut_in_its_last_line_costs_that_line(tmp_path):
    journal = tmp_path / "journal"
    grid = [{"C": 1}, {"C": 2}, {"C": 3}]
    solved = []

    def solve(group, tell):
        solved.append(group)
        return np.full((len(group), 2), float(group[0]))

    given = {"journal": journal, "problem": "p"}
    search_in_rounds(grid, [[0], [1], [2]], 2, solve, **given)
    journal.write_text(journal.read_text()[:-7])
    solved.clear()
    scores = search_in_rounds(grid, [[0], [1], [2]], 2, solve, **given)
    assert solved == [[2]]
    assert scores[:, 0].tolist() == [0, 1, 2]
    solved.clear()
    search_in_rounds(grid, [[0], [1], [2]], 2, solve, **given)
    assert solved == []


def test_time_that_runs_out_within_a_round_ends_it():
    def solve(group, tell):
        tell(1, 2, "half")
        return np.ones((len(group), 2))

    scores = search_in_rounds([{"C": 1}, {"C": 2}], [[0], [1]], 2, solve, seconds=-1.0)
    assert np.isfinite(scores).all(axis=1).tolist() == [True, False]
    assert issubclass(OutOfTime, Exception)


def test_the_time_of_the_kernels_to_come_goes_by_those_that_are_done():
    told = []

    def solve(group, tell):
        time.sleep(0.5)
        tell(1, 1, "solving")
        return np.ones((len(group), 2))

    grid = [{"C": 1}, {"C": 2}, {"C": 3}, {"C": 4}]
    search_in_rounds(grid, [[0], [1], [2], [3]], 2, solve, tell=lambda done, total, what: told.append(what))
    assert told[0] == "solving, kernel 1 of 4"  # nothing to go by
    assert told[1] == "solving, kernel 2 of 4, the 2 after it about 1 s"
    assert told[3] == "solving, kernel 4 of 4"


def test_what_scores_depend_on_names_the_problem():
    rows = np.arange(6.0).reshape(3, 2)
    assert digest(rows, "accuracy") == digest(rows.copy(), "accuracy")
    assert digest(rows, "accuracy") != digest(rows + 1e-9, "accuracy")
    assert digest(rows, "accuracy") != digest(rows, "balanced_accuracy")
    assert rounds([("a", 1), ("b", 1), ("a", 1)]) == [[0, 2], [1]]
