"""Counts one-against-one votes, evaluating decision values only where they can change an answer.

A row's duels, those between its own class and each other, are known from the pairs' own cross-validation. A row that
won them all has the most votes there can be: it is right, whatever the others say. A row is wrong when some class
has more votes for certain (from machines whose sign is certain, see ``solver.certain_sign``) than the row's own
class has in all. Only the rest, a few rows in a hundred for a good candidate, need the other machines' values.

As in libsvm, a value above zero votes for the first class of the pair, any other for the second, and of classes with
equally many votes the first wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

from deepthink.model.kernels import block
from deepthink.model.pairs import ABSENT, Path

BLOCK = 512  # rows evaluated at a time


@dataclass(frozen=True)
class Machines:
    """The machines of one pair: each candidate's and fold's betas, and the rows (numbered among all) that have them."""

    starts: npt.NDArray[np.int64]  # (candidates * folds + 1,)
    rows: npt.NDArray[np.int32]
    beta: npt.NDArray[np.float32]

    @classmethod
    def of(cls, path: Path, rows: npt.NDArray[np.int64]) -> Machines:
        """Keep of a pair's path what votes need; `rows` are the pair's rows among all."""
        return cls(path.starts, rows[path.index].astype(np.int32), path.beta.astype(np.float32))


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
    candidates : int
    """

    def __init__(
        self,
        X: npt.NDArray[np.float32],
        who: npt.NDArray[np.int64],
        fold: npt.NDArray[np.int64],
        pairs: Sequence[tuple[int, int]],
        candidates: int,
    ) -> None:
        self.X, self.who, self.fold = X, who, fold
        self.first, self.second = np.array(pairs).T
        self.classes, self.folds = int(who.max()) + 1, int(fold.max()) + 1
        self.won = np.zeros((candidates, len(who)), np.int16)
        self.sure = np.zeros((len(pairs), candidates, self.folds + 1), np.int8)
        self.intercepts = np.zeros((len(pairs), candidates, self.folds + 1))
        self.machines: dict[int, Machines] = {}

    def add(self, pair: int, rows: npt.NDArray[np.int64], path: Path) -> None:
        """Count a pair's own duels and keep its machines."""
        for_first = self.who[rows] == self.first[pair]
        exists = path.sure[:, self.fold[rows]] != ABSENT
        self.won[:, rows] += ((path.decisions > 0) == for_first) & exists
        self.sure[pair], self.intercepts[pair] = path.sure, path.intercepts
        self.machines[pair] = Machines.of(path, rows)

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
        for_first = csr_matrix((np.ones(len(asked)), (self.first[asked], number)), shape)
        for_second = csr_matrix((np.ones(len(asked)), (self.second[asked], number)), shape)
        count = for_first @ positive.astype(float) + for_second @ (~positive).astype(float)
        return np.asarray((count + votes[:, None]).argmax(axis=0))

    def decisions(
        self,
        pairs: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        candidate: int,
        fold: int,
        linear: bool,
        gamma: float,
    ) -> npt.NDArray[np.float64]:
        """Return the decision values (pairs, rows) of some pairs' machines of one fold.

        All machines share the support vectors' kernel values: they are one sparse matrix of betas.
        """
        cell = candidate * self.folds + fold
        chosen = [self.machines[pair] for pair in pairs]
        parts = [slice(machine.starts[cell], machine.starts[cell + 1]) for machine in chosen]
        vectors = np.concatenate([machine.rows[part] for machine, part in zip(chosen, parts, strict=True)])
        beta = np.concatenate([machine.beta[part] for machine, part in zip(chosen, parts, strict=True)])
        starts = np.cumsum([0] + [part.stop - part.start for part in parts])
        place = np.zeros(len(self.who), np.int32)
        place[vectors] = 1
        needed = np.flatnonzero(place)
        place[needed] = np.arange(len(needed))
        machines = csr_matrix((beta.astype(float), place[vectors], starts), (len(pairs), len(needed)))
        kernel = block(self.X[needed], self.X[rows], linear, gamma)
        return np.asarray(machines @ kernel.astype(float) + self.intercepts[pairs, candidate, fold][:, None])


def _beaten(votes: Any, own: Any, won: Any) -> npt.NDArray[np.bool_]:
    """Whether another class has more certain votes than the own class has votes, or as many and comes first."""
    others = np.arange(len(votes))[:, None]
    more = (votes[:, None] > won) | ((votes[:, None] == won) & (others < own))
    return (more & (others != own)).any(axis=0)
