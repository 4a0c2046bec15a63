"""How much memory a grid search may take, so that what was promised is kept."""

from __future__ import annotations

import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from deepthink.errors import SettingsError

PAGE = resource.getpagesize()
# Bytes of a ballot for each candidate, fold, row of a pair: 0.33 measured at 3,000 to 12,000 faces, 0.21 at 50,000.
MACHINE_BYTES = 0.35
BLOCK = 512  # rows whose votes are counted at a time
PIECE = 2**22  # kernel values at a time while votes are counted, 16 MB
SLACK_MB = 48  # for what comes and goes: a pair's own arrays, and what the heap does not give back
START_MB = 230  # of the notebook's process before it has read a face, measured
AFTER_MB = 280  # and when it draws, after a few hundred faces: 294 measured
AFTER_BYTES = 16_000  # a face, of what follows the search: a quick training of 50,000 faces had 1,054 MB
KERNELS_MB = 256  # of kernel rows where nothing limits them, as in `SupportVectorSearch`
LARGE = 2000  # faces from which the search is our own: `choice.COMPILE_FACES`
CANDIDATES = {"quick": (1, 1), "standard": (42, 7), "wide": (90, 10)}  # of a grid, and of its largest kernel's
LEAST_MB = 16  # of kernel rows for each thread; with less, rows are computed again and again


def used_mb() -> float:
    """Return the memory that this process has now (Linux), or has had at most (elsewhere)."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * PAGE / 2**20
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most / (2**20 if sys.platform == "darwin" else 2**10)


def ballot_mb(candidates: int, folds: int, rows: int, classes: int) -> float:
    """Return about how much the machines of so many candidates take while their votes are counted.

    Examples
    --------
    >>> round(ballot_mb(42, 5, 50_000, 100))
    347
    """
    return candidates * folds * rows * (classes - 1) * MACHINE_BYTES / 2**20


def work_mb(threads: int, rows: int, classes: int, features: int) -> float:
    """Return what all threads need at least: kernel rows while pairs are solved, then, in their place, tables of votes.

    Examples
    --------
    >>> round(work_mb(2, 50_000, 100, 128)), round(work_mb(2, 500, 10, 128))
    (186, 32)
    """
    table = 4 * rows * (2 * classes + features)  # betas, those in use, and their vectors
    values = 4 * min(PIECE, BLOCK * rows) + 3 * BLOCK * classes**2  # of kernels, and of decisions
    return threads * max(LEAST_MB, (table + values) / 2**20)


def room_mb(total: float, used: float, ballot: float, work: float) -> float | None:
    """Return how much is left for kernel rows; None when that is too little to work with."""
    room = total - used - ballot - SLACK_MB
    return room if room >= work else None


@dataclass(frozen=True)
class Need:
    """What a training takes, in MB, as far as that can be told before it."""

    most: float  # at its height, when nothing limits it
    least: float  # that `train.memory` must allow


def training_mb(faces: int, people: int, preset: str, folds: int, threads: int, features: int = 128) -> Need:
    """Return about how much memory a whole training needs, its notebook included.

    Examples
    --------
    >>> need = training_mb(50_000, 100, "standard", 5, 2)
    >>> round(need.most), round(need.least)
    (1067, 522)
    """
    after = AFTER_MB + faces * AFTER_BYTES / 2**20
    if faces < LARGE or people < 2:
        return Need(after, 0)
    every, group = CANDIDATES[preset]
    work = START_MB + SLACK_MB + work_mb(threads, faces, people, features)
    most = work + KERNELS_MB + ballot_mb(every, folds, faces, people)
    return Need(max(after, most), work + ballot_mb(group, folds, faces, people))


def rest_mb(total: float, threads: int) -> float:
    """Return how much is left for kernel rows after the search, whose memory the heap may not have given back."""
    return max(LEAST_MB * threads, total - used_mb() - SLACK_MB)


def too_little(total: float, used: float, ballot: float, work: float) -> SettingsError:
    """Return what to say when even one kernel at a time does not fit."""
    need = used + ballot + SLACK_MB + work
    return SettingsError(
        f"{total:.0f} MB are too little for this search: it needs about {need:.0f} MB, of which {used:.0f} are in use "
        "already. Allow more (train.memory), use fewer threads, or the quick preset."
    )
