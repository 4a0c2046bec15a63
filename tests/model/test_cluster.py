"""The search on a real Dask scheduler with two real workers, each a process: the same answer to the last bit."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from deepthink.errors import MissingExtraError, SettingsError
from deepthink.model.search import SupportVectorSearch
from tests.conftest import crowd


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory):
    """The address of a scheduler on the loopback."""
    folder = tmp_path_factory.mktemp("dask")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    running = _start(folder, "scheduler", "--host", address, "--no-dashboard", "--no-show")
    yield address, folder
    running.terminate()
    running.wait(20)


@pytest.fixture(scope="module")
def cluster(scheduler):
    """The same with two workers."""
    address, folder = scheduler
    worker = ("worker", address, "--nthreads", "1", "--no-dashboard", "--no-nanny", "--host", "127.0.0.1")
    workers = [_start(folder, *worker) for _ in range(2)]
    _wait_for(address, 2)
    yield address
    for one in workers:
        one.terminate()
        one.wait(20)


def _start(folder, *words):
    command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
    with (folder / f"{words[0]}.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)


def _wait_for(address, workers):
    from distributed import Client

    with Client(address, timeout=60) as client:
        client.wait_for_workers(workers, timeout=120)


@pytest.fixture(scope="module")
def data():
    return crowd(7, 8, 4, seed=3, spread=0.06)[:2]


def test_the_results_are_those_of_this_machine(cluster, data):
    told = []
    local = SupportVectorSearch("standard", cv=4, engine="numba").fit(*data)
    far = SupportVectorSearch(
        "standard", cv=4, cluster=cluster, progress=lambda done, total, what: told.append((done, total))
    ).fit(*data)
    for key, column in local.cv_results_.items():
        if "score" in key and "time" not in key:
            assert np.array_equal(column, far.cv_results_[key])
    assert np.array_equal(local.best_decisions_, far.best_decisions_)
    assert np.array_equal(local.best_estimator_.dual_coef_, far.best_estimator_.dual_coef_)
    assert local.counts_ == far.counts_
    assert told[-1][0] == told[-1][1]


def test_several_models_at_once_on_one_cluster_each_get_their_own_results(cluster, data):
    """One a camera, one a site; two of the same faces share what the workers hold, and may let go at any time."""
    other = crowd(5, 9, 4, seed=8, spread=0.06)[:2]
    sets = [data, other, data]
    with ThreadPoolExecutor(len(sets)) as pool:
        far = list(pool.map(lambda one: SupportVectorSearch("standard", cv=4, cluster=cluster).fit(*one), sets))
    for one, found in zip(sets, far, strict=True):
        local = SupportVectorSearch("standard", cv=4, engine="numba").fit(*one)
        assert local.best_params_ == found.best_params_
        assert np.array_equal(local.cv_results_["mean_test_score"], found.cv_results_["mean_test_score"])
        assert np.array_equal(local.best_decisions_, found.best_decisions_)


def test_a_scheduler_that_is_not_there_is_named(data):
    with pytest.raises(SettingsError, match=r"no Dask scheduler at tcp://127\.0\.0\.1:9"):
        SupportVectorSearch("quick", cluster="tcp://127.0.0.1:9").fit(*data)


def test_workers_of_other_code_are_refused(cluster, data, monkeypatch):
    from pathlib import Path

    from deepthink.model import cluster as module

    monkeypatch.setattr(module, "cache_folder", lambda: Path("another"))
    with pytest.raises(SettingsError, match="Another version of DeepThink runs on tcp"):
        SupportVectorSearch("quick", cluster=cluster).fit(*data)


def test_what_the_cluster_cannot_do_is_refused(data):
    with pytest.raises(SettingsError, match="A cluster cannot be used: the grid"):
        SupportVectorSearch({"kernel": ["poly"], "C": [1.0]}, cluster="tcp://127.0.0.1:9").fit(*data)


def test_a_missing_extra_says_what_to_install(data, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtraError, match="cluster"):
        SupportVectorSearch("quick", cluster="tcp://127.0.0.1:9").fit(*data)
