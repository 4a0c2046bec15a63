"""Cross-validates all candidates of a grid over all pairs of classes, on threads.

A one-against-one machine is a duel for every pair of classes. Duels do not depend on each other, so they are the
unit of work; what each learns goes to a :class:`~deepthink.model.votes.Ballot`, which then counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import scipy.linalg.blas  # noqa: F401  the solver's BLAS: threadpoolctl can only limit what is loaded
from threadpoolctl import threadpool_limits

from deepthink.model.memory import BLOCK
from deepthink.model.pairs import ABSENT, COUNTS, Path, solve_pair
from deepthink.model.votes import Ballot

WORKING = 384  # points in the largest small problem: its kernel, 0.6 MB, stays in the second-level cache
VOTING = 0.25  # share of the time that counting votes takes, until it has begun

Progress = Callable[[int, int, "Left"], None]


class Candidate(NamedTuple):
    """One machine of the grid. The linear kernel has gamma 0."""

    linear: bool
    gamma: float
    C: float


@dataclass(frozen=True)
class Left:
    """What a search is doing, and how long it will take at the rate measured so far."""

    doing: str
    seconds: float
    seconds_left: float | None  # None until there is something to go by

    def __str__(self) -> str:
        left = "" if self.seconds_left is None else f", about {self.seconds_left:.0f} s left"
        return f"{self.doing}{left}"


@dataclass(frozen=True)
class Problem:
    """What to cross-validate: rows, classes, folds, and the solver's terms."""

    X: npt.NDArray[np.float32]  # (n, features), centred
    who: npt.NDArray[np.int64]  # (n,), the classes' numbers
    fold: npt.NDArray[np.int64]  # (n,), the fold that holds the row out, or -1
    weights: npt.NDArray[np.float64]  # (folds + 1, classes): what C is multiplied by; the last for all rows
    tolerance: float
    threads: int
    memory_mb: float
    cluster: str | None = None  # the address of a Dask scheduler, whose workers solve the pairs

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """In libsvm's order."""
        classes = int(self.who.max()) + 1
        return [(first, second) for first in range(classes) for second in range(first + 1, classes)]

    def ballot(self, grid: Sequence[Candidate]) -> Ballot:
        """Make room for the votes of some candidates."""
        bounds = np.array([candidate.C for candidate in grid])[:, None, None] * self.weights
        return Ballot(self.X, self.who, self.fold, self.pairs, bounds)


@dataclass(frozen=True)
class Solved:
    """What became of every candidate."""

    right: npt.NDArray[np.bool_]  # (candidates, n): whether the held-out row was given its own class
    seconds: npt.NDArray[np.float64]  # (2, candidates, folds) CPU time: solving and voting
    counts: dict[str, int]  # what was done: pairs.COUNTS


def cross_validate(problem: Problem, candidates: Sequence[Candidate], progress: Progress | None = None) -> Solved:
    """Find out which held-out rows each candidate would classify rightly."""
    order = solving_order(candidates)
    grid = [candidates[number] for number in order]
    ballot = problem.ballot(grid)
    clock = _Clock(problem, len(grid) * ballot.folds, progress)
    counts = np.zeros(len(COUNTS), np.int64)
    right = np.zeros((len(grid), len(problem.who)), bool)
    seconds = np.zeros((2, len(grid), ballot.folds))
    with _threads(problem.threads) as pool:
        for pair, path in _paths(problem, grid, True, pool):
            ballot.add(pair, path)
            counts += path.counts
            seconds[0, order] += path.seconds[:, None] / ballot.folds
            clock.pair_done(path.whole.shape[1])
        cells = [(number, fold) for number in range(len(grid)) for fold in range(ballot.folds)]
        answers = pool.map(lambda cell: _timed(ballot.right, *cell, *grid[cell[0]][:2]), cells)
        for (number, fold), (answer, took) in zip(cells, answers, strict=True):
            right[order[number], problem.fold == fold] = answer
            seconds[1, order[number], fold] = took
            clock.cell_done()
    return Solved(right, seconds, dict(zip(COUNTS, counts.tolist(), strict=True)))


def _timed(work: Callable[..., Any], *given: Any) -> tuple[Any, float]:
    started = time.thread_time()
    return work(*given), time.thread_time() - started


@dataclass(frozen=True)
class Machine:
    """The chosen candidate: solved on all rows, and in every fold without the screen, so that values are exact."""

    candidate: Candidate
    ballot: Ballot  # of this one candidate
    betas: list[npt.NDArray[np.float64]]  # by pair, of its rows: those of the first class, then the second's
    intercepts: npt.NDArray[np.float64]  # (pairs,), for centred kernels
    own: npt.NDArray[np.float64]  # (n, classes - 1): held-out decision values of the duels each row's class is in


def solve_one(problem: Problem, candidate: Candidate) -> Machine:
    """Solve the chosen candidate for keeps."""
    pairs = problem.pairs
    ballot = problem.ballot([candidate])
    betas: list[Any] = [None] * len(pairs)
    own = np.zeros((len(problem.who), ballot.classes - 1))
    with _threads(problem.threads) as pool:
        for pair, path in _paths(problem, [candidate], False, pool):
            ballot.add(pair, path)
            betas[pair] = path.whole[0]
            (first, second), rows = pairs[pair], ballot.rows(pair)
            own[rows, np.where(problem.who[rows] == first, second - 1, first)] = path.decisions[0]
    return Machine(candidate, ballot, betas, ballot.intercepts[:, 0, -1], own)


def held_out_decisions(problem: Problem, machine: Machine) -> npt.NDArray[np.float32]:
    """Return the decision values (n, pairs) of every row by machines that have not seen it.

    Where a fold's training set lacks a class of the pair, the other wins, +1 or -1, as in libsvm's own
    cross-validation for probabilities; lacking both, or for a row that no fold holds out, the value is 0.
    """
    ballot, candidate = machine.ballot, machine.candidate
    result = np.zeros((len(problem.who), len(ballot.first)), np.float32)

    def fill(part: tuple[int, npt.NDArray[np.int64]]) -> None:
        fold, rows = part
        result[rows] = ballot.intercepts[:, 0, fold]
        exist = np.flatnonzero(ballot.sure[:, 0, fold] != ABSENT)
        result[np.ix_(rows, exist)] = ballot.decisions(exist, rows, 0, fold, candidate.linear, candidate.gamma).T

    with _threads(problem.threads) as pool:
        folds = [(fold, np.flatnonzero(problem.fold == fold)) for fold in range(ballot.folds)]
        list(pool.map(fill, [(fold, rows[k : k + BLOCK]) for fold, rows in folds for k in range(0, len(rows), BLOCK)]))
    return result


def solving_order(candidates: Sequence[Candidate]) -> list[int]:
    """Number the candidates as they are best solved: the narrowest kernel first, the linear last, C ascending."""
    return sorted(range(len(candidates)), key=lambda k: (candidates[k].linear, -candidates[k].gamma, candidates[k].C))


def sources(grid: Sequence[Candidate]) -> npt.NDArray[np.int64]:
    """Choose the candidate whose solution each starts from: of an earlier kernel, with nearly the same gamma C.

    For small gamma the centred rbf kernel is -gamma D, that is a linear kernel's -D / 2 times 2 gamma: machines of
    equal gamma C then differ by a factor alone.
    """
    best = np.full(len(grid), -1)
    for number, one in enumerate(grid):
        distance = 2.5
        for earlier, other in enumerate(grid[:number]):
            if (one.linear, one.gamma) == (other.linear, other.gamma):
                continue
            narrower = np.log(_slope(one) / _slope(other))
            away = abs(narrower + np.log(one.C / other.C)) + 0.1 * abs(narrower)
            if away < distance:
                best[number], distance = earlier, away
    return best


def _slope(candidate: Candidate) -> float:
    return 0.5 if candidate.linear else candidate.gamma


@dataclass(frozen=True)
class Duels:
    """All that solving any pair needs: sent whole to where pairs are solved."""

    X: npt.NDArray[np.float32]  # (n, features)
    rows: list[npt.NDArray[np.int64]]  # of each class
    fold: npt.NDArray[np.int64]  # (n,)
    pairs: list[tuple[int, int]]
    linear: npt.NDArray[np.bool_]  # (candidates,)
    gamma: npt.NDArray[np.float64]
    C: npt.NDArray[np.float64]
    start: npt.NDArray[np.int64]  # which earlier candidate each starts from, or -1
    weights: npt.NDArray[np.float64]  # (folds + 1, classes)
    tolerance: float
    room: int  # float32 numbers that may be kept of a kernel
    screen: bool

    def solve(self, pair: int) -> tuple[int, Path]:
        """Solve one pair for all candidates and folds."""
        first, second = self.pairs[pair]
        rows = np.concatenate([self.rows[first], self.rows[second]])
        path = solve_pair(
            self.X[rows], len(self.rows[first]), self.fold[rows], self.linear, self.gamma, self.C, self.start,
            np.ascontiguousarray(self.weights[:, [first, second]]), self.tolerance, self.room, WORKING, self.screen,
        )  # fmt: skip
        return pair, Path(*path)


def _paths(
    problem: Problem, grid: Sequence[Candidate], screen: bool, pool: ThreadPoolExecutor
) -> Iterator[tuple[int, Path]]:
    """Solve all pairs, the largest first so that no thread is left with a long one at the end."""
    linear, gamma, C = (np.array(column) for column in zip(*grid, strict=True))
    rows = [np.flatnonzero(problem.who == one) for one in range(int(problem.who.max()) + 1)]
    room = int(problem.memory_mb * 2**20 / 4 / problem.threads)
    duels = Duels(
        problem.X, rows, problem.fold, problem.pairs, linear, gamma.astype(float), C.astype(float), sources(grid),
        problem.weights, problem.tolerance, room, screen,
    )  # fmt: skip
    sizes = np.array([len(rows[first]) + len(rows[second]) for first, second in problem.pairs])
    order = np.argsort(-sizes, kind="stable").tolist()
    if problem.cluster is None:
        yield from pool.map(duels.solve, order)
        return
    from deepthink.model.cluster import solve_remotely

    yield from solve_remotely(duels, order, problem.cluster)


@contextmanager
def _threads(count: int) -> Iterator[ThreadPoolExecutor]:
    """Our own threads, and none of BLAS's beside them; on an error or interrupt, what has not begun never does."""
    pool = ThreadPoolExecutor(count)
    try:
        with threadpool_limits(1, user_api="blas"):
            yield pool
    finally:
        pool.shutdown(cancel_futures=True)


class _Clock:
    """Says how far a search is, and from the time taken so far how long the rest will be."""

    def __init__(self, problem: Problem, cells: int, progress: Progress | None) -> None:
        sizes = np.bincount(problem.who)
        first, second = np.array(problem.pairs).T
        self.pairs, self.cells, self.progress = len(first), cells, progress
        self.work = float(((sizes[first] + sizes[second]) ** 1.5).sum())
        self.started = time.monotonic()
        self.solved, self.counted, self.solving, self.voting = 0.0, 0, 0.0, 0.0
        self.done = 0

    def pair_done(self, rows: int) -> None:
        self.solved += rows**1.5
        self.solving = time.monotonic() - self.started
        whole = self.solving * self.work / self.solved / (1 - VOTING)
        self._tell("solving pairs", whole - self.solving)

    def cell_done(self) -> None:
        self.counted += 1
        self.voting = time.monotonic() - self.started - self.solving
        self._tell("counting votes", self.voting * (self.cells / self.counted - 1))

    def _tell(self, doing: str, left: float) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.pairs + self.cells, Left(doing, time.monotonic() - self.started, left))
