"""The grid search beside stock scikit-learn, in one run: ``python benchmarks/search.py --faces 1500 5000 --json``.

Both search the standard grid (42 candidates) in 5 folds of the same generated embeddings, in the same process, with
BLAS on one thread; what counts is CPU time, since other work on the machine hardly changes it. Where stock would take
too long, whole cells (one candidate in one fold) are fitted, evenly spread over the grid, until ``--stock-seconds``
are spent, and its time is scaled up from the cells' share of all cells: the report says how many there were.
Neither is asked to refit; what that and the values for probabilities take is said apart.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded

import argparse
import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from crowd import crowd
from sklearn.model_selection import ParameterGrid, StratifiedKFold
from sklearn.svm import SVC

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))
from deepthink.model.grids import STANDARD
from deepthink.model.search import SupportVectorSearch

PEOPLE = {1500: 25, 5000: 40, 20000: 60, 50000: 100}
FOLDS = 5


def main() -> None:
    """Compare at each size and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faces", type=int, nargs="+", default=[1500, 5000])
    parser.add_argument("--embeddings", type=Path, help="an .npz with X and y (real embeddings) to use as well")
    parser.add_argument("--photographs", type=Path, help="a folder of photographs named Name_0001.jpg to use as well")
    parser.add_argument("--stock-seconds", type=float, default=300.0, help="CPU seconds for stock at each size")
    parser.add_argument("--no-stock", action="store_true", help="ours alone: one cell of stock may take many minutes")
    parser.add_argument("--probability", action="store_true", help="compare with SVC(probability=True) too")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")  # SVC(probability=True) is deprecated
    _compile()
    sets = [(f"{faces} generated", *crowd(faces, PEOPLE.get(faces, max(2, faces // 200)))) for faces in asked.faces]
    if asked.embeddings:
        real = np.load(asked.embeddings, allow_pickle=False)
        sets.append((asked.embeddings.name, real["X"], real["y"]))
    if asked.photographs:
        sets.append(("photographs", *_photographs(asked.photographs)))
    rows = [compare(name, X, y, asked) for name, X, y in sets]
    print(json.dumps(rows, indent=1) if asked.json else "\n".join(_line(row) for row in rows))


def compare(name: str, X: np.ndarray, y: np.ndarray, asked: argparse.Namespace) -> dict[str, Any]:
    """Run both searches on one set of embeddings."""
    ours, cpu, wall = _ours(X, y, asked.threads)
    row = {
        "data": name, "faces": len(y), "people": len(np.unique(y)), "cpu_s": cpu, "wall_s": wall,
        "peak_rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "best": ours.best_params_, "score": ours.best_score_, "counts": ours.counts_,
    }  # fmt: skip
    row |= _final(X, y, ours, asked.threads)
    if asked.no_stock:
        return row
    row |= _stock(X, y, ours, asked.stock_seconds, probability=False)
    row["ratio"] = row["stock_cpu_s"] / cpu
    if asked.probability:
        with_probability = _stock(X, y, ours, asked.stock_seconds, probability=True)
        row["probability_ratio"] = with_probability["stock_cpu_s"] / cpu
        row |= {f"probability_{key}": with_probability[key] for key in ("stock_cpu_s", "stock_cells")}
    return row


def _photographs(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return embeddings of everybody who has photographs for every fold, and whose each is."""
    from deepthink.flow.benchmark import read_album
    from deepthink.flow.wiring import Site
    from deepthink.settings import without_site

    album = read_album(Site(without_site()), folder, lambda done, total, what: None)
    names, counts = np.unique(album.people, return_counts=True)
    kept = np.isin(album.people, names[counts >= FOLDS])
    return album.embeddings[kept], album.people[kept]


def _compile() -> None:
    """Load the compiled code, or compile it: neither is part of a search."""
    SupportVectorSearch("quick").fit(*crowd(100, 3))


def _ours(X: np.ndarray, y: np.ndarray, threads: int) -> tuple[SupportVectorSearch, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    search = SupportVectorSearch(STANDARD, cv=FOLDS, refit=False, n_jobs=threads).fit(X, y)
    return search, time.process_time() - cpu, time.perf_counter() - wall


def _final(X: np.ndarray, y: np.ndarray, search: SupportVectorSearch, threads: int) -> dict[str, float]:
    """What solving the best candidate for keeps takes, held-out decision values included, beside one stock fit."""
    grid = [{key: [value] for key, value in search.best_params_.items()}]
    cpu = time.process_time()
    SupportVectorSearch(grid, cv=FOLDS, n_jobs=threads).fit(X, y)
    ours, cpu = time.process_time() - cpu, time.process_time()
    SVC(**search.best_params_).fit(X, y)
    return {"final_cpu_s": ours, "one_stock_fit_cpu_s": time.process_time() - cpu}


def _stock(
    X: np.ndarray, y: np.ndarray, ours: SupportVectorSearch, seconds: float, *, probability: bool
) -> dict[str, Any]:
    """Fit stock's cells, all or as many as time allows, and compare their scores with ours."""
    X = X.astype(np.float64)
    grid, splits = list(ParameterGrid(STANDARD)), list(StratifiedKFold(FOLDS).split(X, y))
    cells = [(candidate, fold) for candidate in range(len(grid)) for fold in range(FOLDS)]
    scores = np.full((len(grid), FOLDS), np.nan)
    spent = 0.0
    for candidate, fold in _spread(cells):
        if spent > seconds and spent > 0:
            break
        train, test = splits[fold]
        options = {"probability": True, "random_state": 0} if probability else {}
        started = time.process_time()
        svc = SVC(**grid[candidate], **options).fit(X[train], y[train])
        scores[candidate, fold] = svc.score(X[test], y[test])
        spent += time.process_time() - started
    fitted = np.isfinite(scores)
    mine = np.array([ours.cv_results_[f"split{fold}_test_score"] for fold in range(FOLDS)]).T
    return {
        "stock_cells": f"{fitted.sum()} of {fitted.size}",
        "stock_cpu_s": spent * fitted.size / fitted.sum(),
        "cells_that_differ": int((np.abs(mine - scores)[fitted] > 1e-12).sum()),
        "largest_mean_difference": float(np.abs(np.nanmean(mine - scores, axis=1)[fitted.any(axis=1)]).max()),
        "same_best": bool(np.nanargmax(scores.mean(axis=1)) == ours.best_index_) if fitted.all() else None,
    }


def _spread(cells: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The cells in an order of which every beginning is spread evenly over the grid: steps of the golden ratio."""
    step = 0.6180339887498949
    return [cells[k] for k in np.argsort([(k * step) % 1.0 for k in range(len(cells))])[::-1]]


def _line(row: dict[str, Any]) -> str:
    taken = (
        f"{row['data']:>18}, {row['people']} people: {row['cpu_s']:.1f} CPU s ({row['wall_s']:.1f} s), "
        f"peak {row['peak_rss_mb']} MB; final {row['final_cpu_s']:.1f} CPU s"
    )
    if "ratio" not in row:
        return taken
    ratio = row.get("probability_ratio")
    with_probability = "" if ratio is None else f" ({ratio:.0f} with probability=True)"
    return (
        f"{taken}; stock {row['stock_cpu_s']:.0f} CPU s (from {row['stock_cells']} cells), {row['ratio']:.0f} times"
        f"{with_probability}; "
        f"{row['cells_that_differ']} cells differ, means by at most {row['largest_mean_difference']:.1g}; "
        f"same best: {row['same_best']}"
    )


if __name__ == "__main__":
    main()
