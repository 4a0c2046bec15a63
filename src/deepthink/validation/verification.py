"""Whether two photographs show one person: the published procedure of Labeled Faces in the Wild.

Ten folds of pairs, of people that no other fold holds; for each fold the distance that parts the pairs of the other
nine best is applied to its own (Huang, Ramesh, Berg and Learned-Miller 2007).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from deepthink.errors import BadInputError

FOLDS = 10


class Pair(NamedTuple):
    """Two photographs, by their index, and whether they show one person."""

    first: int
    second: int
    same: bool
    fold: int


@dataclass(frozen=True)
class Verification:
    """How well pairs were told apart."""

    accuracy: float  # mean over folds, 0 to 1
    error: float  # standard error of that mean
    pairs: int
    folds: tuple[float, ...]
    distance: float  # the mean of the folds' thresholds, in embedding units


def verify_pairs(embeddings: np.ndarray, pairs: Sequence[Pair]) -> Verification:
    """Measure verification by ten-fold cross-validation.

    Parameters
    ----------
    embeddings : ndarray of shape (photographs, dimensions)
    pairs : sequence of Pair

    Examples
    --------
    >>> two = np.array([[0.0], [0.1], [1.0], [1.1]])
    >>> pairs = [Pair(0, 1, True, f) for f in range(10)] + [Pair(0, 2, False, f) for f in range(10)]
    >>> verify_pairs(two, pairs).accuracy
    1.0
    """
    first, second, same, fold = (np.array(column) for column in zip(*pairs, strict=True))
    apart = np.linalg.norm(embeddings[first] - embeddings[second], axis=1)
    limits, right = [], []
    for number in np.unique(fold):
        limits.append(best_distance(apart[fold != number], same[fold != number]))
        here = fold == number
        right.append(float(((apart[here] <= limits[-1]) == same[here]).mean()))
    error = float(np.std(right, ddof=1) / np.sqrt(len(right)))
    return Verification(float(np.mean(right)), error, len(pairs), tuple(right), float(np.mean(limits)))


def best_distance(apart: np.ndarray, same: np.ndarray) -> float:
    """Return the distance, midway between two pairs, at which the most pairs are told apart rightly."""
    order = np.argsort(apart, kind="stable")
    apart, same = apart[order], same[order]
    right = np.concatenate([[0], np.cumsum(np.where(same, 1, -1))])
    cut = int(right.argmax())
    edges = np.concatenate([[apart[0] - 1e-6], apart, [apart[-1] + 1e-6]])
    return float((edges[cut] + edges[cut + 1]) / 2)


def read_pairs(path: Path, photographs: Mapping[tuple[str, int], int]) -> list[Pair]:
    """Read a pairs.txt: `name 1 2` for one person, `name 1 other 2` for two; its first line says folds and pairs.

    Parameters
    ----------
    path : Path
    photographs : mapping
        From a person's name and a photograph's number to its index.

    Raises
    ------
    BadInputError
        It cannot be read, or a line of it is not a pair or names a photograph that is not there.
    """
    try:
        head, *lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        fold = 2 * int(head[1])  # lines: as many of one person as of two
        return [_pair(words, at // fold, photographs) for at, words in enumerate(lines[: int(head[0]) * fold])]
    except (OSError, ValueError, IndexError, KeyError) as error:
        raise BadInputError(f"{path} is not a list of pairs of these photographs: {error}") from error


def _pair(words: Sequence[str], fold: int, photographs: Mapping[tuple[str, int], int]) -> Pair:
    name, first, *other, second = words
    return Pair(photographs[name, int(first)], photographs[other[0] if other else name, int(second)], not other, fold)


def draw_pairs(people: np.ndarray, count: int, seed: int = 0) -> list[Pair]:
    """Draw pairs, half of them of one person; nobody is in two folds.

    Parameters
    ----------
    people : ndarray of shape (photographs,)
        Whose each is.
    count : int
        Pairs in all.

    Raises
    ------
    BadInputError
        Too few people, or too few with two photographs, for ten folds.
    """
    rng = np.random.default_rng(seed)
    names = rng.permutation(sorted(set(people)))
    folds = [np.flatnonzero(np.isin(people, names[number::FOLDS])) for number in range(FOLDS)]
    each = count // (2 * FOLDS)
    return [pair for number, own in enumerate(folds) for pair in _draw(people, own, each, number, rng)]


def _draw(people: np.ndarray, own: np.ndarray, each: int, fold: int, rng: np.random.Generator) -> list[Pair]:
    first, second = np.triu_indices(len(own), 1)
    same = people[own[first]] == people[own[second]]
    chosen = []
    for kind in (True, False):
        there = np.flatnonzero(same == kind)
        if not len(there):
            raise BadInputError("Too few people, or too few with two photographs, to draw ten folds of pairs.")
        picked = rng.choice(there, min(each, len(there)), replace=False)
        chosen += [Pair(int(own[first[at]]), int(own[second[at]]), kind, fold) for at in picked]
    return chosen
