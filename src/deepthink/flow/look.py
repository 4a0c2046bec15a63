"""What a person looks at before deciding: groups of rows, and their contact sheets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deepthink.curation.facelist import Facelist, Row
from deepthink.curation.montage import grouped, montages
from deepthink.curation.people import People
from deepthink.curation.review import select
from deepthink.curation.sweep import lane
from deepthink.detection.detect import decode
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN, FrameKey


@dataclass(frozen=True)
class Group:
    """The rows of one person in one lane."""

    lane: str
    name: str
    rows: tuple[int, ...]
    sheets: tuple[Path, ...]

    @property
    def span(self) -> str:
        """The rows as ranges, "3-9 12"."""
        return spans(self.rows)


@dataclass(frozen=True)
class Look:
    """All groups that were asked for."""

    groups: tuple[Group, ...]


def look(site: Site, selectors: Iterable[str]) -> Look:
    """Draw the selected rows as contact sheets into the site's montages folder, by lane and person."""
    rows = Facelist(site.facelist, site.datasink.problems).rows
    rules = site.settings.sweep

    def whose(row: Row) -> tuple[str, str]:
        return lane(row, rules.confident_probability, rules.confident_distance), row.name

    chosen = select(rows, selectors)
    titled = {": ".join(whose(rows[number])): whose(rows[number]) for number in chosen}
    groups = grouped({number: rows[number] for number in chosen}, lambda row: ": ".join(whose(row)))
    paths: dict[str, list[Path]] = {title: [] for title in groups}
    folder = site.settings.path(site.settings.montages)
    for sheet, path in montages(groups, rows, frames(site), folder, People(site.facelist).shown):
        paths[sheet.title].append(path)
    return Look(tuple(Group(*titled[title], tuple(own), tuple(paths[title])) for title, own in groups.items()))


def frames(site: Site) -> Callable[[Row], np.ndarray]:
    """Return what gives a row's whole frame; the last few are kept, for there are often several faces in one."""

    @lru_cache(maxsize=8)
    def frame(key: FrameKey) -> np.ndarray:
        return decode(site.datasink.picture(key))

    return lambda row: frame(row.frame)


def called(name: str, shown: Mapping[str, str]) -> str:
    """Return a person's name as it is shown, with their own: two may be shown alike."""
    if name == UNKNOWN:
        return "unknown"
    return f"{shown[name]} ({name})" if name in shown else name


def spans(numbers: Iterable[int]) -> str:
    """Return numbers as ranges.

    Examples
    --------
    >>> spans([3, 4, 5, 9])
    '3-5 9'
    """
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
