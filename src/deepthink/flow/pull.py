"""Takes over what an unmodified sentinel has curated: its facelist, merged into ours; its facedata, checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from deepthink.curation.facelist import COLUMNS, Facelist, Row, Status, editing
from deepthink.curation.names import check_name
from deepthink.datasink.base import Problems
from deepthink.embedding import facedata
from deepthink.errors import BadInputError, BadNameError, SettingsError
from deepthink.files import locked, sha256
from deepthink.flow.fetch import fetch
from deepthink.flow.wiring import Site
from deepthink.records import UNKNOWN

HEADER, LONGEST_HEADER = ",".join(COLUMNS).encode(), 1000
UNREADABLE = 0.01  # of the lines: with more, it is not the facelist, or it is damaged
Rows = Mapping[Any, Row]


@dataclass(frozen=True)
class Merged:
    """What became of our facelist."""

    added: int = 0
    changed: int = 0
    kept: int = 0  # rows that were changed here and there: ours stay
    refused: int = 0  # rows whose name cannot be a person's

    def __str__(self) -> str:
        """Say it for people."""
        kept = f"{self.kept} kept as they are here, {self.refused} refused"
        return f"{self.added} rows added, {self.changed} changed, {kept}"


def pull_site(site: Site) -> dict[str, Any]:
    """Fetch, check and merge what the sentinel has; nothing is done where its facelist has not changed.

    Returns
    -------
    dict
        `outcome`; `changed`, the sha256 of its facelist, empty when it had not changed; `says`.

    Raises
    ------
    SettingsError
        It is our own facelist that is named.
    BadInputError
        What came is no facelist, or no facedata.
    """
    source, folder = site.settings.watch.pull, site.training / "pulled"
    if source.facelist is None:
        raise SettingsError("watch.pull.facelist names nothing to fetch.")
    if source.host is None and site.settings.path(source.facelist).resolve() == site.facelist.resolve():
        raise SettingsError("watch.pull.facelist is the site's own facelist: leave it out, nothing is to be fetched.")
    with locked(folder / "pull", seconds=1):
        new, base = folder / "new.csv", folder / "facelist.csv"
        fetch(site, source.facelist, new)
        if base.exists() and sha256(base) == sha256(new):
            return {"outcome": "pulled", "changed": "", "says": "the sentinel's facelist has not changed"}
        theirs = _checked(new)
        said = _facedata(site, theirs, folder) if source.facedata else ""
        merged = merge(site.facelist, theirs, _rows(base) if base.exists() else {})
        new.replace(base)  # last: a kill before this merges the same again
        return {"outcome": "pulled", "changed": sha256(base), "says": f"{merged}{said}"}


def _checked(path: Path) -> dict[Any, Row]:
    """Return the rows of what came, by face; BadInputError where it is no facelist."""
    with path.open("rb") as file:
        if not file.readline(LONGEST_HEADER).startswith(HEADER):
            raise BadInputError("What came is no facelist: it begins otherwise; nothing was taken.")
    problems = Problems()
    rows = Facelist(path, problems).rows
    if problems.count > UNREADABLE * (len(rows) + problems.count):
        raise BadInputError(
            f"What came is no facelist: {problems.count} of its lines cannot be read; nothing was taken."
        )
    return {row.key: row for row in rows.values()}


def _rows(path: Path) -> dict[Any, Row]:
    return {row.key: row for row in Facelist(path).rows.values()}


def merge(facelist: Path, theirs: Rows, base: Rows) -> Merged:
    """Take over what has changed there since the last time, unless somebody has changed the same face here.

    What is in use there is selected here: in use means here that an embedding of ours was made of it. A row that is
    gone there stays.

    Parameters
    ----------
    facelist : Path
        Ours; changed under its lock, in one step.
    theirs, base : mapping
        Their rows by face, now and when we looked last.
    """
    counts: Counter[str] = Counter()
    with editing(facelist) as ours:
        places = {row.key: number for number, row in ours.rows.items()}
        for key, row in theirs.items():
            if base.get(key) != row:
                counts[_take(ours, places.get(key), row, base.get(key))] += 1
    del counts["same"]
    return Merged(**counts)


def _take(ours: Facelist, number: int | None, row: Row, before: Row | None) -> str:
    if not _nameable(row.name):
        return "refused"
    new = row.changed(status=Status.SELECTED, in_use_since="") if row.status == Status.IN_USE else row
    if number is None:
        ours.append(new)
        return "added"
    have = ours[number]
    if _decision(have) == _decision(new):
        return "same"
    if before is None or _decision(have) != _decision(before):
        return "kept"
    ours[number] = have.changed(status=new.status, name=new.name, in_use_since="")
    return "changed"


def _decision(row: Row) -> tuple[str, bool, int]:
    """Return what a person has decided of a row; selected and in use are the same decision."""
    return row.name, row.enrolled, 0 if row.enrolled else int(row.status)


def _nameable(name: str) -> bool:
    try:
        return name == UNKNOWN or check_name(name) is not None
    except BadNameError:
        return False


def _facedata(site: Site, theirs: Rows, folder: Path) -> str:
    """Check that what is in use there has an embedding there, of the right length and of numbers; say what lacks."""
    path = folder / "facedata.hdf5"
    fetch(site, Path(str(site.settings.watch.pull.facedata)), path)
    found = facedata.read(path)
    if not np.isfinite(found.vectors).all():
        raise BadInputError("The sentinel's facedata holds embeddings that are not numbers; nothing was taken.")
    has = {facedata.frame_of(key) for key in found.keys}
    lacking = sum(row.status == Status.IN_USE and row.key not in has for row in theirs.values())
    more = f", {lacking} rows in use there have none" if lacking else ""
    return f"; {len(found.keys)} embeddings there{more}"
