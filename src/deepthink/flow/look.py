"""What a person looks at before deciding: groups of rows, and their contact sheets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from deepthink.curation.facelist import Facelist, Row
from deepthink.curation.montage import montages
from deepthink.curation.review import select
from deepthink.curation.sweep import lane
from deepthink.detection.detect import decode
from deepthink.flow.wiring import Site
from deepthink.records import FrameKey


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

    def lane_of(row: Row) -> str:
        return lane(row, rules.confident_probability, rules.confident_distance)

    @lru_cache(maxsize=8)
    def frame(key: FrameKey) -> np.ndarray:
        return decode(site.datasink.picture(key))

    grouped: dict[tuple[str, str], dict[int, Row]] = {}
    for number in select(rows, selectors):
        grouped.setdefault((lane_of(rows[number]), rows[number].name), {})[number] = rows[number]
    folder = site.settings.path(site.settings.montages)
    groups = []
    for (which, name), members in sorted(grouped.items()):
        sheets = montages(members, lambda row: frame(row.frame), folder, lane_of)
        groups.append(Group(which, name, tuple(members), tuple(sheets)))
    return Look(tuple(groups))


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
