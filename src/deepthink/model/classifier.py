"""A trained support vector machine as arrays: scored in plain NumPy, so that a node needs no scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from deepthink.model.platt import couple, pairwise_decisions


@dataclass(frozen=True)
class Classifier:
    """One-against-one C-SVC with a sigmoid a pair, in libsvm's order of pairs (0,1), (0,2), ..., (1,2), ...

    Its probabilities are those of the exported scikit-learn `SVC` (docs/formats.md, 1.5), to rounding.
    """

    kernel: str  # "rbf" or "linear"
    gamma: float
    C: float
    support_vectors: np.ndarray  # (vectors, dimensions)
    dual_coef: np.ndarray  # (classes - 1, vectors)
    intercept: np.ndarray  # (pairs,)
    n_support: np.ndarray  # (classes,) of int
    prob_a: np.ndarray  # (pairs,) slope of each pair's sigmoid
    prob_b: np.ndarray  # (pairs,) offset

    @classmethod
    def of(cls, svc: Any, prob_a: np.ndarray, prob_b: np.ndarray) -> Classifier:
        """Take the arrays out of a fitted scikit-learn `SVC`."""
        return cls(
            svc.kernel, float(svc._gamma), float(svc.C), np.asarray(svc.support_vectors_, np.float64),
            np.asarray(svc.dual_coef_, np.float64), np.asarray(svc.intercept_, np.float64),
            np.asarray(svc.n_support_, np.int64), np.asarray(prob_a, np.float64), np.asarray(prob_b, np.float64),
        )  # fmt: skip

    def decisions(self, probes: np.ndarray) -> np.ndarray:
        """Return the pairs' decision values (probes, pairs); positive speaks for the first of the pair."""
        return pairwise_decisions(
            probes, self.support_vectors, self.dual_coef, self.intercept, self.n_support, self.kernel, self.gamma
        )

    def probabilities(self, probes: np.ndarray) -> np.ndarray:
        """Return (probes, people), rows that sum to one."""
        return couple(self.decisions(probes), self.prob_a, self.prob_b)

    def without(self, person: int) -> Classifier:
        """Return the machine that would have been trained without one person.

        One-against-one pairs are trained apart from each other, so the pairs of the others stay as they are.
        """
        people = len(self.n_support)
        pairs = [(i, j) for i in range(people) for j in range(i + 1, people)]
        kept = np.array([person not in pair for pair in pairs])
        owner = np.repeat(np.arange(people), self.n_support)
        others = owner != person
        dual = self._dual_without(person, owner)
        return replace(
            self, support_vectors=self.support_vectors[others], dual_coef=dual[:, others],
            intercept=self.intercept[kept], n_support=np.delete(self.n_support, person),
            prob_a=self.prob_a[kept], prob_b=self.prob_b[kept],
        )  # fmt: skip

    def _dual_without(self, person: int, owner: np.ndarray) -> np.ndarray:
        """Drop from each vector's column the coefficient against `person`: row m is against the m-th other class."""
        rows = self.dual_coef.shape[0]
        kept = np.empty((rows - 1, self.dual_coef.shape[1]))
        for own in np.unique(owner):
            against = person if person < own else person - 1
            columns = owner == own
            kept[:, columns] = np.delete(self.dual_coef[:, columns], min(against, rows - 1), axis=0)
        return kept
