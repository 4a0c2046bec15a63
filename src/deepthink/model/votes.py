"""Counts one-against-one votes, evaluating decision values only where they can change an answer.

A row's duels, those between its own class and each other, are known from the pairs' own cross-validation. A row that
won them all has the most votes there can be: it is right, whatever the others say. A row is wrong when some class
has more votes for certain (from machines whose sign is certain, see ``solver.certain_sign``) than the row's own
class has in all. Only the rest, a few rows in a hundred for a good candidate, need the other machines' values.

As in libsvm, a value above zero votes for the first class of the pair, any other for the second, and of classes with
equally many votes the first wins.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from deepthink.model.kernels import block
from deepthink.model.memory import BLOCK, PIECE
from deepthink.model.pairs import ABSENT, Path

PAIRS = 256  # machines whose betas are laid out at a time: of 100 people all at once took some 100 MB a thread more
LEAST = 16  # rows at a time, however many support vectors there are


@dataclass(frozen=True)
class Machines:
    """The machines of one pair, of every candidate and fold, packed: there are tens of millions of betas.

    Four in five betas are at their bounds, which the candidate and the class tell; only the others are kept.
    """

    starts: npt.NDArray[np.int32]  # (candidates * folds + 1,)
    support: npt.NDArray[np.uint16] | npt.NDArray[np.int32]  # rows of the pair: those at their bounds, then the free
    free_starts: npt.NDArray[np.int32]  # (candidates * folds + 1,)
    free: npt.NDArray[np.float32]

    @classmethod
    def of(cls, path: Path, rows: int) -> Machines:
        """Keep what votes need of the path of a pair with so many rows."""
        kind: Any = np.uint16 if rows <= 2**16 else np.int32
        starts, free_starts = path.starts.astype(np.int32), path.free_starts.astype(np.int32)
        return cls(starts, path.support.astype(kind), free_starts, path.free)


class Ballot:
    """The votes of every row's own duels, and the machines to ask where they do not settle the matter.

    Parameters
    ----------
    X : ndarray of shape (n, features), float32
    who : ndarray of shape (n,)
        The class of each row, a number.
    fold : ndarray of shape (n,)
        The fold that holds the row out.
    pairs : sequence of (first, second)
        In libsvm's order.
    bounds : ndarray of shape (candidates, folds + 1, classes)
        C times the class's weight.
    """

    def __init__(
        self,
        X: npt.NDArray[np.float32],
        who: npt.NDArray[np.int64],
        fold: npt.NDArray[np.int64],
        pairs: Sequence[tuple[int, int]],
        bounds: npt.NDArray[np.float64],
    ) -> None:
        self.X, self.who, self.fold, self.bounds = X, who, fold, bounds
        self.first, self.second = np.array(pairs).T
        candidates, self.folds, self.classes = len(bounds), bounds.shape[1] - 1, bounds.shape[2]
        self.by_class = np.argsort(who, kind="stable")
        self.ends = np.cumsum(np.bincount(who))
        self.won = np.zeros((candidates, len(who)), np.int16)
        self.sure = np.zeros((len(pairs), candidates, self.folds + 1), np.int8)
        self.intercepts = np.zeros((len(pairs), candidates, self.folds + 1))
        self.machines: dict[int, Machines] = {}

    def rows(self, pair: int) -> npt.NDArray[np.int64]:
        """Return the rows of a pair, those of its first class before those of its second."""
        sides = (self.first[pair], self.second[pair])
        return np.concatenate([self.by_class[self.ends[s - 1] if s else 0 : self.ends[s]] for s in sides])

    def add(self, pair: int, path: Path) -> None:
        """Count a pair's own duels, and keep its machines."""
        rows = self.rows(pair)
        for_first = self.who[rows] == self.first[pair]
        exists = path.sure[:, self.fold[rows]] != ABSENT
        self.won[:, rows] += ((path.decisions > 0) == for_first) & exists
        self.sure[pair], self.intercepts[pair] = path.sure, path.intercepts
        self.machines[pair] = Machines.of(path, len(rows))

    def right(self, candidate: int, fold: int, linear: bool, gamma: float) -> npt.NDArray[np.bool_]:
        """Of each row that the fold holds out: whether the candidate gives it its own class."""
        held = np.flatnonzero(self.fold == fold)
        trained = np.bincount(self.who[self.fold != fold], minlength=self.classes) > 0
        won, own = self.won[candidate, held], self.who[held]
        right: npt.NDArray[np.bool_] = (won == trained.sum() - 1) & trained[own]
        votes = self._certain(candidate, fold)
        undecided = np.flatnonzero(~right & trained[own])
        undecided = undecided[~_beaten(votes, own[undecided], won[undecided])]
        for start in range(0, len(undecided), BLOCK):
            rows = undecided[start : start + BLOCK]
            right[rows] = self._answers(held[rows], candidate, fold, linear, gamma, votes) == own[rows]
        return right

    def _certain(self, candidate: int, fold: int) -> npt.NDArray[np.int64]:
        """Each class's certain votes."""
        sure = self.sure[:, candidate, fold]
        votes = np.bincount(self.first[sure == 1], minlength=self.classes)
        return votes + np.bincount(self.second[sure == -1], minlength=self.classes)

    def _answers(
        self, rows: npt.NDArray[np.int64], candidate: int, fold: int, linear: bool, gamma: float, votes: Any
    ) -> npt.NDArray[np.int64]:
        """Return the class with the most votes for each of `rows`, all machines asked."""
        asked = np.flatnonzero(self.sure[:, candidate, fold] == 0)
        positive = self.decisions(asked, rows, candidate, fold, linear, gamma) > 0
        number, shape = np.arange(len(asked)), (self.classes, len(asked))
        for_first = csr_matrix((np.ones(len(asked), np.int16), (self.first[asked], number)), shape)
        for_second = csr_matrix((np.ones(len(asked), np.int16), (self.second[asked], number)), shape)
        count = for_first @ positive.astype(np.int16) + for_second @ (~positive).astype(np.int16)
        return np.asarray((count + votes[:, None]).argmax(axis=0))

    def decisions(
        self,
        pairs: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        candidate: int,
        fold: int,
        linear: bool,
        gamma: float,
    ) -> npt.NDArray[np.float32]:
        """Return the decision values (pairs, rows) of some pairs' machines of one fold.

        All machines share the support vectors' kernel values. As libsvm does, their betas are laid out in a table
        with a row for each support vector and a column for each other class; a third of it is used, but dense
        products are so much faster than sparse ones that it pays.
        """
        result = np.empty((len(pairs), len(rows)), np.float32)
        if not len(pairs):
            return result
        table = self._table(pairs, candidate, fold)
        needed = np.flatnonzero(table.any(axis=1))
        table, vectors = table[needed], self.X[self.by_class[needed]]
        ends = np.searchsorted(needed, [0, *self.ends])
        first, second = self.first[pairs], self.second[pairs]
        intercepts = self.intercepts[pairs, candidate, fold].astype(np.float32)[:, None]
        step = max(LEAST, PIECE // max(len(needed), 1))
        for start in range(0, len(rows), step):
            kernel = block(vectors, self.X[rows[start : start + step]], linear, gamma)
            sums = np.array([table[a:b].T @ kernel[a:b] for a, b in itertools.pairwise(ends)])
            result[:, start : start + step] = sums[first, second] + sums[second, first] + intercepts
        return result

    def _table(self, pairs: npt.NDArray[np.int64], candidate: int, fold: int) -> npt.NDArray[np.float32]:
        """Return the betas (n, classes) of some machines: rows in the order of `by_class`, by the other class."""
        table = np.zeros((len(self.who), self.classes), np.float32)
        for start in range(0, len(pairs), PAIRS):
            vectors, other, beta = self._betas(pairs[start : start + PAIRS], candidate, fold)
            table[vectors, other] = beta
        return table

    def _betas(self, pairs: npt.NDArray[np.int64], candidate: int, fold: int) -> tuple[Any, Any, Any]:
        """Where in `by_class` some machines' support vectors are, the class that each is set against, their betas."""
        cell = candidate * self.folds + fold
        chosen = [self.machines[pair] for pair in pairs]
        index = [m.support[m.starts[cell] : m.starts[cell + 1]] for m in chosen]
        free = [m.free[m.free_starts[cell] : m.free_starts[cell + 1]] for m in chosen]
        sizes = np.array([len(part) for part in index])
        pair = np.repeat(pairs, sizes)
        first, second = self.first[pair], self.second[pair]
        begins = self.ends - np.bincount(self.who)
        place = np.concatenate(index).astype(np.int64)
        ours = self.ends[first] - begins[first]  # rows of the first class
        is_first = place < ours
        vectors = np.where(is_first, begins[first] + place, begins[second] + place - ours)
        bounds = self.bounds[candidate, fold]
        beta = np.where(is_first, bounds[first], -bounds[second])
        numbers, ends = np.arange(len(place)), np.cumsum(sizes)
        is_free = numbers >= np.repeat(ends - [len(part) for part in free], sizes)
        beta[is_free] = np.concatenate(free)
        return vectors, np.where(is_first, second, first), beta


def _beaten(votes: Any, own: Any, won: Any) -> npt.NDArray[np.bool_]:
    """Whether another class has more certain votes than the own class has votes, or as many and comes first."""
    others = np.arange(len(votes))[:, None]
    more = (votes[:, None] > won) | ((votes[:, None] == won) & (others < own))
    return np.asarray((more & (others != own)).any(axis=0))
