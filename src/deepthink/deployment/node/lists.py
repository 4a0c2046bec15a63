"""Reads the lists that a datasink receives: a DataPump does not start with one that it cannot read."""

from __future__ import annotations

import csv
from pathlib import Path

from deepthink.deployment.node.shelf import RefusedError

NEEDED = ("date", "event", "timestamp")  # of a DataPump, which keeps listed events from being deleted


def rows(folder: Path) -> int:
    """Return how many rows a version's lists hold; RefusedError when one is absent, or is none."""
    lists = sorted(folder.glob("facelist_*.csv"))
    if not lists:
        raise RefusedError(f"{folder.name} has no facelist")
    return sum(_rows(path) for path in lists)


def _rows(path: Path) -> int:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        absent = [name for name in NEEDED if name not in (reader.fieldnames or ())]
        if absent:
            raise RefusedError(f"{path.name} has no column {absent[0]}: it is not a facelist")
        count = 0
        for row in reader:
            if None in row or None in row.values():
                raise RefusedError(f"{path.name} has too many or too few values in line {reader.line_num}")
            count += 1
    return count
