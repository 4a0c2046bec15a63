"""A linear machine as arrays: a score a person, and their softmax."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Linear:
    """A linear discriminant or a logistic regression; what it gives is scikit-learn's `predict_proba`, to rounding.

    Examples
    --------
    >>> two = Linear("linear discriminant", np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2))
    >>> two.probabilities(np.array([[2.0, 2.0]])).tolist()
    [[0.5, 0.5]]
    """

    machine: str  # a name of `alternatives.LINEAR`
    coef: np.ndarray  # (people, dimensions)
    offset: np.ndarray  # (people,)

    @classmethod
    def of(cls, machine: str, fitted: Any) -> Linear:
        """Take the arrays out of a fitted scikit-learn machine, which has one row for two people."""
        coef, offset = np.asarray(fitted.coef_, np.float64), np.asarray(fitted.intercept_, np.float64)
        if len(coef) == 1:
            coef, offset = np.concatenate([-coef, coef]) / 2, np.concatenate([-offset, offset]) / 2
        return cls(machine, coef, offset)

    def probabilities(self, probes: np.ndarray) -> np.ndarray:
        """Return (probes, people), rows that sum to one."""
        scores = np.asarray(probes, np.float64) @ self.coef.T + self.offset
        shares = np.exp(scores - scores.max(axis=1, keepdims=True))  # as SciPy has it, which a sentinel has not
        return np.asarray(shares / shares.sum(axis=1, keepdims=True)).reshape(len(probes), len(self.coef))

    def without(self, person: int) -> Linear:
        """Return the machine that does not know one person.

        The others' scores stay as they are. For a linear discriminant that is what training without the person gives,
        but for that person's part in the common covariance; for logistic regression it is an approximation.
        """
        return replace(self, coef=np.delete(self.coef, person, 0), offset=np.delete(self.offset, person))
