"""What a candidate of a grid is judged by: scikit-learn's scores, from which rows were right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt


def _accuracy(right: npt.NDArray[np.bool_], who: npt.NDArray[np.int64], held: npt.NDArray[np.bool_]) -> float:
    return float(right[held].mean())


def _balanced_accuracy(right: npt.NDArray[np.bool_], who: npt.NDArray[np.int64], held: npt.NDArray[np.bool_]) -> float:
    """The mean, over the classes held out, of the share of their rows that are right."""
    rows, hits = np.bincount(who[held]), np.bincount(who[held], weights=right[held])
    return float(np.mean(hits[rows > 0] / rows[rows > 0]))


SCORES: dict[str, Callable[..., float]] = {"accuracy": _accuracy, "balanced_accuracy": _balanced_accuracy}
