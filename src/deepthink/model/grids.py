"""The grids of parameters that are searched: quick, standard, wide, or one of the caller's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deepthink.model.duels import Candidate

Grid = Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Sequence[Any]]]

QUICK: Grid = [{"kernel": ["linear"], "C": [1.0]}]  # nearly as good, found OpenFace's authors
STANDARD: Grid = [
    {"kernel": ["rbf"], "C": [10.0**k for k in range(-3, 4)], "gamma": [10.0**k for k in range(-1, -6, -1)]},
    {"kernel": ["linear"], "C": [10.0**k for k in range(-3, 4)]},
]
WIDE: Grid = [
    {"kernel": ["rbf"], "C": [10.0**k for k in range(-4, 6)], "gamma": [10.0**k for k in range(1, -7, -1)]},
    {"kernel": ["linear"], "C": [10.0**k for k in range(-4, 6)]},
]
PRESETS: dict[str, Grid] = {"quick": QUICK, "standard": STANDARD, "wide": WIDE}


def candidates_of(grid: list[dict[str, Any]], features: int) -> list[Candidate] | None:
    """What the fast engine is to solve; None if it cannot do all of it."""
    try:
        from deepthink.model.duels import Candidate
    except ImportError:
        return None
    found = []
    for params in grid:
        kernel, C, gamma = params.get("kernel", "rbf"), params.get("C", 1.0), params.get("gamma", "scale")
        gamma = 1.0 / features if gamma == "auto" else gamma
        wanted = kernel == "linear" or (kernel == "rbf" and not isinstance(gamma, str))
        if not wanted or not set(params) <= {"kernel", "C", "gamma"}:
            return None
        found.append(Candidate(kernel == "linear", 0.0 if kernel == "linear" else float(gamma), float(C)))
    return found
