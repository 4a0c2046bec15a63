"""Searches a grid kernel by kernel, so that what is finished is kept when the search is interrupted or out of time."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from deepthink.files import append_line, write_text

Tell = Callable[[int, int, Any], None]
Solve = Callable[[list[int], Tell], npt.NDArray[np.float64]]  # some candidates to their scores (candidates, folds)


class OutOfTime(Exception):  # noqa: N818  it ends a round and reaches nobody
    """The time that was given is spent."""


def rounds(kernels: Sequence[Hashable]) -> list[list[int]]:
    """Return the candidates of each round, those of one kernel together, in the order in which kernels first appear.

    Examples
    --------
    >>> rounds(["rbf 0.1", "linear", "rbf 0.1"])
    [[0, 2], [1]]
    """
    found: dict[Hashable, list[int]] = {}
    for number, kernel in enumerate(kernels):
        found.setdefault(kernel, []).append(number)
    return list(found.values())


def search_in_rounds(
    grid: Sequence[dict[str, Any]],
    groups: Iterable[list[int]],
    folds: int,
    solve: Solve,
    *,
    journal: Path | None = None,
    problem: str = "",
    seconds: float | None = None,
    tell: Tell | None = None,
) -> npt.NDArray[np.float64]:
    """Score a grid round by round.

    Parameters
    ----------
    grid : sequence of dict
        The candidates.
    groups : iterable of list of int
        Which of them each round scores.
    folds : int
    solve : callable
        Scores the candidates of a round.
    journal : Path, optional
        Where finished rounds are kept; those of the same problem that are there are not searched again.
    problem : str
        Names all that scores depend on, as `digest` does.
    seconds : float, optional
        After which no more is searched; the first round is always finished.
    tell : callable, optional
        Called with candidates done, candidates, and what is being done.

    Returns
    -------
    ndarray of shape (candidates, folds)
        Scores; nan where there was no time.
    """
    until = None if seconds is None else time.monotonic() + seconds
    scores, groups = np.full((len(grid), folds), np.nan), list(groups)
    known = _read(journal, problem) if journal else {}
    taken: list[float] = []  # by each round of this run, in seconds
    for number, group in enumerate(groups, 1):
        where = _where(number, len(groups), taken)
        keys = [json.dumps(grid[at], sort_keys=True, default=str) for at in group]
        if not all(key in known for key in keys):
            done = int(np.isfinite(scores).all(axis=1).sum())
            hurry = until if done else None
            started = time.monotonic()
            try:
                found = solve(group, _telling(tell, done, len(group), len(grid), where, hurry))
            except OutOfTime:
                break
            taken.append(time.monotonic() - started)
            known |= dict(zip(keys, found.tolist(), strict=True))
            if journal:
                append_line(journal, json.dumps({key: known[key] for key in keys}))
        scores[group] = [known[key] for key in keys]
    return scores


def _where(number: int, rounds: int, taken: list[float]) -> str:
    """Say which kernel of how many it is, and how long those after it will take at the rate of those before."""
    if rounds == 1:
        return ""
    after = rounds - number
    rest = f", the {after} after it about {after * np.mean(taken):.0f} s" if taken and after else ""
    return f", kernel {number} of {rounds}{rest}"


def digest(*parts: Any) -> str:
    """Return a name for arrays and plain values: the same for the same content alone."""
    found = hashlib.sha256()
    for part in parts:
        found.update(np.ascontiguousarray(part).tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
    return found.hexdigest()


def _telling(tell: Tell | None, before: int, own: int, total: int, where: str, until: float | None) -> Tell:
    """Return a progress of one round as progress of the whole; it ends the round when time is up."""

    def told(done: int, of: int, what: Any) -> None:
        if until is not None and time.monotonic() > until:
            raise OutOfTime
        if tell:
            tell(before + own * done // max(of, 1), total, f"{what}{where}")

    return told


def _read(journal: Path, problem: str) -> dict[str, list[float]]:
    """Return what a journal holds of this problem; one of another problem, or a damaged one, is begun anew."""
    known: dict[str, list[float]] = {}
    try:
        first, *lines = journal.read_text(encoding="utf-8").splitlines()
        if first != problem:
            raise ValueError("of another problem")
        for line in lines:
            known |= json.loads(line)
    except (OSError, ValueError):
        write_text(journal, f"{problem}\n" + "".join(f"{json.dumps({key: value})}\n" for key, value in known.items()))
    return known
