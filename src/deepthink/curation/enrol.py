"""Enrols the faces that a rule has chosen: by the facelist's lock and history, as a person's decision would be."""

from __future__ import annotations

import getpass
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.curation.history import History, in_force
from deepthink.curation.notes import Notes
from deepthink.curation.queue import proposed
from deepthink.curation.results import Result
from deepthink.curation.review import accepted, apply

BY_RULE = ", by rule"  # of who decided: recognition's own answer, which says nothing of how right it was


@dataclass(frozen=True)
class Enrolment:
    """What becomes of the faces that were chosen."""

    selected: dict[str, int]  # faces of each person that are selected, or would be
    enrolled: int  # have been selected or in use already
    decided: int  # somebody has said something else of them, which stands
    unlisted: int  # are not in the facelist: near copies, or not swept yet
    action: int | None = None  # its number in the history; None when nothing was written


def enrol(path: Path, chosen: Iterable[Result], *, dry_run: bool, who: str | None = None) -> Enrolment:
    """Select the waiting rows of the faces that were chosen, each under the name that recognition gave it.

    Rows that somebody has renamed, refused or revoked are left as they are, and so are those of which somebody has said
    that they do not show this person. Names that were merged are the other's.

    Parameters
    ----------
    path : Path
        facelist.csv.
    chosen : iterable of Result
    dry_run : bool
        Write nothing, and tell what would become of them.
    who : str, optional
        Who decides, else the account's name; that it was by rule is added.

    Raises
    ------
    BadNameError
        The facelist cannot carry a name.
    """
    wanted = {one.face: one.label.name for one in chosen}
    if dry_run:
        return _plan(Facelist(path), wanted, _notes(path))[0]
    found: list[tuple[Enrolment, dict[int, str]]] = []

    def numbers(facelist: Facelist) -> list[int]:
        found.append(_plan(facelist, wanted, _notes(path)))  # under the lock: nobody decides meanwhile
        return sorted(found[0][1])

    def change(number: int, row: Row) -> Row:
        return accepted(found[0][1][number])(number, row)

    action = apply(path, "accept", numbers, change, f"{who or getpass.getuser()}{BY_RULE}")
    plan = found[0][0]
    number = action.number if action.before else None
    return Enrolment(plan.selected, plan.enrolled, plan.decided, plan.unlisted, number)


def _notes(path: Path) -> Notes:
    return Notes.of(in_force(History(path).actions()))


def _plan(facelist: Facelist, wanted: dict[tuple[str, str], str], notes: Notes) -> tuple[Enrolment, dict[int, str]]:
    """Return what becomes of the faces, and the rows to select with their names."""
    listed = dict(zip((one.face for one in facelist.listed()), facelist, strict=True))
    selected: dict[int, str] = {}
    enrolled = decided = 0
    for face, name in wanted.items():
        number = listed.get(face)
        if number is None:
            continue
        row = facelist[number]
        person = proposed(row, number, notes)
        if row.status == Status.CANDIDATE and row.name == name and person:
            selected[number] = person
        elif row.enrolled and row.name in (name, notes.person(name)):
            enrolled += 1
        else:
            decided += 1
    unlisted = len(wanted.keys() - listed.keys())
    return Enrolment(dict(Counter(sorted(selected.values()))), enrolled, decided, unlisted), selected
