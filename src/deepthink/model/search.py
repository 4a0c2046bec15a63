"""Grid search over one-against-one support vector machines: scikit-learn's answer, far sooner."""

from __future__ import annotations

import importlib.util
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import joblib
import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score, balanced_accuracy_score
from sklearn.model_selection import ParameterGrid, check_cv, cross_validate
from sklearn.svm import SVC
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from deepthink.errors import SettingsError
from deepthink.model.folds import Splits, held_out, own_duels, partition
from deepthink.model.grids import PRESETS, Grid, candidates_of
from deepthink.model.memory import ballot_mb, rest_mb, room_mb, too_little, used_mb, work_mb
from deepthink.model.rounds import Solve, digest, rounds, search_in_rounds
from deepthink.model.scores import SCORES

if TYPE_CHECKING:
    from deepthink.model.duels import Candidate, Problem


class SupportVectorSearch(ClassifierMixin, BaseEstimator):
    """Choose kernel, C and gamma of an ``SVC`` by cross-validation, as ``GridSearchCV`` does.

    The folds, the stopping rule, the votes and the way ties are broken are scikit-learn's and libsvm's, so the
    scores agree; see docs/decisions/fast-search.md for how they come so much sooner.

    Parameters
    ----------
    param_grid : str, dict or list of dict, default="standard"
        "quick", "standard" or "wide", or a grid as ``GridSearchCV`` takes it.
    cv : int, splitter or iterable of (train, test), default=5
        As in ``GridSearchCV``.
    scoring : {"accuracy", "balanced_accuracy"}, default="accuracy"
    refit : bool, default=True
        Whether to solve the best candidate on all rows, and its folds for `best_decisions_`.
    class_weight : None, "balanced" or dict, default=None
        As in ``SVC``: what C is multiplied by, class by class; "balanced" goes by each fold's own training rows.
    tol : float, default=1e-3
        The stopping tolerance, libsvm's.
    n_jobs : int or None, default=None
        Threads; None and -1 take all processors that this process may use. For the scikit-learn engine, joblib's.
    memory_mb : float, default=256
        Room for kernel rows, all threads together.
    total_mb : float or None, default=None
        What the whole process may take while the fast engine searches: less is kept of the kernels, and the grid is
        searched kernel by kernel, where that is needed. SettingsError when it is not enough for that either.
    engine : {"auto", "numba", "sklearn"}, default="auto"
        "auto" falls back to fitting every candidate with scikit-learn where Numba is missing, or where the grid or
        the folds are not of the kind that the fast engine knows.
    budget_s : float or None, default=None
        Seconds after which the best of the finished kernels is taken; one kernel is always finished. `left_out_` says
        what was not.
    journal : Path or None, default=None
        A file that keeps finished kernels, so that the same search goes on after an interruption.
    cluster : str or None, default=None
        The address of a Dask scheduler: its workers solve the pairs of classes, with the same results. Needs the fast
        engine.
    progress : callable or None, default=None
        Called as ``progress(done, total, info)``; ``str(info)`` says what is being done and how long it will take.

    Attributes
    ----------
    cv_results_ : dict
        As in ``GridSearchCV``. The fast engine's times are CPU seconds; what candidates share, inner products above
        all, is counted for the first that needs it. nan for candidates that an earlier run finished.
    best_index_, best_params_, best_score_ : int, dict, float
    left_out_ : list of dict
        Candidates for which there was no time; their scores are nan.
    best_estimator_ : SVC
        Plain, fitted on all rows; its pickle needs nothing of ours.
    best_decisions_ : ndarray of shape (n, pairs) or None
        Decision values of the best candidate by machines that had not seen the row, as ``platt`` wants them. None
        when they would take more than `memory_mb`.
    own_decisions_ : ndarray of shape (n, classes - 1)
        Of these the columns of pairs that the row's own class is in: enough for ``platt.fit_pairwise_platt``.
    classes_, n_features_in_ : ndarray, int
    engine_, engine_reason_ : str
        The engine that was used, and why.
    counts_ : dict
        What the fast engine did, by kind of work.

    Examples
    --------
    >>> import numpy as np
    >>> X, y = np.repeat([[0.0, 1.0], [1.0, 0.0]], 5, axis=0), ["ann"] * 5 + ["bob"] * 5
    >>> search = SupportVectorSearch("quick", engine="sklearn").fit(X, y)
    >>> search.best_params_, search.best_score_
    ({'C': 1.0, 'kernel': 'linear'}, 1.0)
    """

    def __init__(
        self,
        param_grid: str | Grid = "standard",
        *,
        cv: Any = 5,
        scoring: str = "accuracy",
        refit: bool = True,
        class_weight: str | dict[Any, float] | None = None,
        tol: float = 1e-3,
        n_jobs: int | None = None,
        memory_mb: float = 256,
        total_mb: float | None = None,
        engine: str = "auto",
        budget_s: float | None = None,
        journal: Path | None = None,
        cluster: str | None = None,
        progress: Callable[[int, int, Any], None] | None = None,
    ) -> None:
        self.param_grid = param_grid
        self.cv = cv
        self.scoring = scoring
        self.refit = refit
        self.class_weight = class_weight
        self.tol = tol
        self.n_jobs = n_jobs
        self.memory_mb = memory_mb
        self.total_mb = total_mb
        self.engine = engine
        self.budget_s = budget_s
        self.journal = journal
        self.cluster = cluster
        self.progress = progress

    def fit(self, X: npt.ArrayLike, y: npt.ArrayLike, groups: npt.ArrayLike | None = None) -> Self:
        """Score every candidate, and fit the best.

        Parameters
        ----------
        X : array-like of shape (n, features)
        y : array-like of shape (n,)
        groups : array-like of shape (n,), optional
            Passed to the splitter: rows of one group are never on both sides of a split.
        """
        self._check_settings()
        self._tight = False
        rows, labels = validate_data(self, X, y, dtype=(np.float64, np.float32))
        check_classification_targets(labels)
        self.classes_, who = np.unique(labels, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"There is nothing to tell apart: all rows have one class, {self.classes_[0]!r}.")
        grid = list(ParameterGrid(PRESETS[self.param_grid] if isinstance(self.param_grid, str) else self.param_grid))
        cut = check_cv(self.cv, labels, classifier=True).split(rows, labels, groups)
        splits = [(np.asarray(train), np.asarray(test)) for train, test in cut]
        self.n_splits_ = len(splits)
        candidates, fold = candidates_of(grid, rows.shape[1]), partition(splits, who)
        self.engine_, self.engine_reason_ = self._choose_engine(candidates, fold)
        if self.engine_ == "numba":
            self._fit_fast(rows, labels, who, grid, candidates, fold)
        else:
            self._fit_plainly(rows, labels, grid, splits)
        return self

    def predict(self, X: npt.ArrayLike) -> npt.NDArray[Any]:
        """Return the class of each row, by the best candidate."""
        check_is_fitted(self, "best_estimator_")
        return np.asarray(self.best_estimator_.predict(X))

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return the best candidate's decision values."""
        check_is_fitted(self, "best_estimator_")
        return np.asarray(self.best_estimator_.decision_function(X))

    def score(self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> float:
        """Return the best candidate's score on other rows, by `scoring`."""
        score = balanced_accuracy_score if self.scoring == "balanced_accuracy" else accuracy_score
        return float(score(y, self.predict(X), sample_weight=sample_weight))

    def _check_settings(self) -> None:
        """Refuse what cannot be done before any work is."""
        known = {"scoring": tuple(SCORES), "engine": ("auto", "numba", "sklearn")}
        for name, values in known.items():
            if getattr(self, name) not in values:
                choices = ", ".join(map(repr, values))
                raise SettingsError(f"{name}={getattr(self, name)!r} is not known. Use one of: {choices}.")
        if isinstance(self.param_grid, str) and self.param_grid not in PRESETS:
            raise SettingsError(f"There is no preset {self.param_grid!r}. Use one of: {', '.join(PRESETS)}, or a grid.")

    def _choose_engine(self, candidates: list[Candidate] | None, fold: npt.NDArray[np.int64] | None) -> tuple[str, str]:
        """Return the engine to use and why."""
        if self.engine == "sklearn" and self.cluster is None:
            return "sklearn", "it was asked for"
        against = None
        if importlib.util.find_spec("numba") is None:
            against = "Numba is not installed (pip install 'deepthink[train]')"
        elif candidates is None:
            against = "the grid asks for more than C and gamma of rbf and linear kernels"
        elif fold is None:
            against = "the folds are not of the kind that holds each row out once and trains on all others"
        if against is None:
            return "numba", "it was asked for" if self.engine == "numba" else "it can do all that is asked"
        if self.cluster is not None:
            raise SettingsError(f"A cluster cannot be used: {against}.")
        if self.engine == "numba":
            raise SettingsError(f"engine='numba' cannot be used: {against}. Use engine='auto'.")
        return "sklearn", against

    def _fit_fast(
        self,
        X: npt.NDArray[Any],
        y: npt.NDArray[Any],
        who: npt.NDArray[np.int64],
        grid: list[dict[str, Any]],
        candidates: Any,
        fold: Any,
    ) -> None:
        """Cross-validate all candidates together, pair by pair of classes."""
        from deepthink.model.assembly import assemble
        from deepthink.model.duels import cross_validate, held_out_decisions, solve_one

        problem = self._problem(X, who, fold)
        if self.total_mb is not None:
            problem = self._within(self.total_mb, problem, candidates)
        counts: Counter[str] = Counter()
        seconds = np.full((2, len(grid), self.n_splits_), np.nan)

        def solve(group: list[int], tell: Any) -> npt.NDArray[np.float64]:
            unique = sorted({candidates[number] for number in group})
            solved = cross_validate(problem, unique, tell)
            counts.update(solved.counts)
            places = [unique.index(candidates[number]) for number in group]
            seconds[:, group] = solved.seconds[:, places]
            right, score = solved.right[places], SCORES[self.scoring]
            return np.array([[score(one, who, fold == f) for f in range(self.n_splits_)] for one in right])

        kernels = [candidate[:2] for candidate in candidates]
        scores = self._in_rounds(grid, kernels, solve, (X, who, fold))
        self.counts_ = dict(counts)
        if counts["unfinished"]:
            warnings.warn(
                f"{self.counts_['unfinished']} of {self.counts_['solved']} problems did not reach tol={self.tol}. "
                "Scale the features, or leave out the largest C.",
                ConvergenceWarning,
                stacklevel=3,
            )
        self._set_results(grid, scores, *seconds)
        if not self.refit:
            return
        if self.total_mb is not None:
            problem = replace(problem, memory_mb=min(problem.memory_mb, rest_mb(self.total_mb, problem.threads)))
        machine = solve_one(problem, candidates[self.best_index_])
        self.own_decisions_ = machine.own
        self.best_estimator_ = assemble(machine, X, y, who, self._svc_params(self.best_params_))
        fits = len(y) * len(problem.pairs) * 4 <= self.memory_mb * 2**20
        self.best_decisions_: npt.NDArray[Any] | None = held_out_decisions(problem, machine) if fits else None

    def _fit_plainly(
        self, X: npt.NDArray[Any], y: npt.NDArray[Any], grid: list[dict[str, Any]], splits: Splits
    ) -> None:
        """Cross-validate one candidate after another with scikit-learn."""
        started = time.monotonic()
        fit, score = np.full((2, len(grid), len(splits)), np.nan)

        def solve(group: list[int], tell: Any) -> npt.NDArray[np.float64]:
            found = []
            for number, at in enumerate(group, start=1):
                svc = SVC(**self._svc_params(grid[at]))
                one = cross_validate(svc, X, y, cv=splits, scoring=self.scoring, n_jobs=self.n_jobs)
                found.append(one["test_score"])
                fit[at], score[at] = one["fit_time"], one["score_time"]
                done = np.isfinite(fit[:, 0]).sum()
                left = (time.monotonic() - started) * (len(grid) / done - 1)
                tell(number, len(group), f"fitting candidates, about {left:.0f} s left")
            return np.array(found)

        kernels = [(params.get("kernel"), str(params.get("gamma"))) for params in grid]
        scores = self._in_rounds(grid, kernels, solve, (X, y, [test for _, test in splits]))
        self._set_results(grid, scores, fit, score)
        if not self.refit:
            return
        params = self._svc_params(self.best_params_)
        self.best_estimator_ = SVC(**params).fit(X, y)
        decisions = held_out(params, X, y, splits)
        self.best_decisions_ = decisions
        self.own_decisions_ = own_duels(decisions, np.searchsorted(self.classes_, y))

    def _in_rounds(
        self, grid: list[dict[str, Any]], kernels: list[Any], solve: Solve, data: tuple[Any, ...]
    ) -> npt.NDArray[np.float64]:
        """Score the grid: all at once, which shares most work, or kernel by kernel where some may have to do."""
        careful = self.budget_s is not None or self.journal is not None or self._tight
        groups = rounds(kernels) if careful else [list(range(len(grid)))]
        groups.sort(key=lambda group: grid[group[0]].get("kernel") != "linear")  # soonest done, and nearly as good
        problem = digest(*data, self.scoring, self.class_weight, self.tol) if self.journal else ""
        scores = search_in_rounds(
            grid, groups, self.n_splits_, solve,
            journal=self.journal, problem=problem, seconds=self.budget_s, tell=self.progress,
        )  # fmt: skip
        self.left_out_ = [params for params, row in zip(grid, scores, strict=True) if np.isnan(row).all()]
        return scores

    def _svc_params(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"class_weight": self.class_weight, "tol": self.tol, **params}

    def _problem(self, X: npt.NDArray[Any], who: npt.NDArray[np.int64], fold: npt.NDArray[np.int64]) -> Problem:
        from deepthink.model.duels import Problem

        centred = np.ascontiguousarray(X - X.mean(axis=0, dtype=np.float64), dtype=np.float32)
        weights = np.ones((self.n_splits_ + 1, len(self.classes_)))
        for part in range(self.n_splits_ + 1):
            trained = who[fold != part]
            present = np.unique(trained)
            weight = compute_class_weight(self.class_weight, classes=self.classes_[present], y=self.classes_[trained])
            weights[part, present] = weight
        threads = joblib.cpu_count() if self.n_jobs in {None, -1} else max(1, int(self.n_jobs or 1))
        return Problem(centred, who, fold, weights, self.tol, threads, self.memory_mb, self.cluster)

    def _within(self, total: float, problem: Problem, candidates: list[Candidate]) -> Problem:
        """Keep to the memory that was allowed: fewer kernel rows, then one kernel at a time."""
        used, work = used_mb(), work_mb(problem.threads, len(problem.who), len(self.classes_), problem.X.shape[1])
        most = max(len(group) for group in rounds([candidate[:2] for candidate in candidates]))
        size = (self.n_splits_, len(problem.who), len(self.classes_))
        for count in (len(candidates), most):
            ballot = ballot_mb(count, *size)
            room = room_mb(total, used, ballot, work)
            if room is not None:
                self._tight = count < len(candidates)
                return replace(problem, memory_mb=min(room, problem.memory_mb))
        raise too_little(total, used, ballot, work)

    def _set_results(
        self, grid: list[dict[str, Any]], scores: npt.NDArray[Any], fit: npt.NDArray[Any], score: npt.NDArray[Any]
    ) -> None:
        """Lay the scores (candidates, splits) out as ``GridSearchCV`` does, and choose the best."""
        mean = np.average(scores, axis=1)
        if np.isnan(mean).all():
            raise ValueError("No candidate could be fitted in every fold: see the warnings above.")
        rank = rankdata(-np.nan_to_num(mean, nan=np.nanmin(mean) - 1), method="min").astype(np.int32)
        results: dict[str, Any] = {
            "mean_fit_time": fit.mean(axis=1),
            "std_fit_time": fit.std(axis=1),
            "mean_score_time": score.mean(axis=1),
            "std_score_time": score.std(axis=1),
        }
        for name in sorted({name for params in grid for name in params}):
            values: Any = np.ma.masked_all(len(grid), _dtype(params[name] for params in grid if name in params))
            for number, params in enumerate(grid):
                if name in params:
                    values[number] = params[name]
            results[f"param_{name}"] = values
        results["params"] = grid
        results |= {f"split{number}_test_score": column for number, column in enumerate(scores.T)}
        results |= {"mean_test_score": mean, "std_test_score": np.std(scores, axis=1), "rank_test_score": rank}
        self.cv_results_, self.best_index_ = results, int(rank.argmin())
        self.best_params_, self.best_score_ = grid[self.best_index_], float(mean[self.best_index_])


def _dtype(values: Iterable[Any]) -> Any:
    return np.float64 if all(isinstance(value, int | float) for value in values) else object
