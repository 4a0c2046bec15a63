"""What a person decides about rows of the facelist, with a history from which everything can be undone."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.curation.facelist import Facelist, Row, Status, editing
from deepthink.curation.names import check_name
from deepthink.curation.sweep import lane
from deepthink.errors import BadInputError
from deepthink.files import append_line
from deepthink.records import UNKNOWN

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
UNDO = "undo "
Change = Callable[[int, Row], Row]


@dataclass(frozen=True)
class Action:
    """One decision: which rows, and what they were and are."""

    number: int
    verb: str
    who: str
    when: str
    before: dict[int, tuple[int, str, str]]  # row number to status, name, date in use
    after: dict[int, tuple[int, str, str]]


def history_path(facelist: Path) -> Path:
    """Return where a facelist's history lies."""
    return facelist.with_suffix(".history.jsonl")


def select(rows: Mapping[int, Row], selectors: Iterable[str]) -> list[int]:
    """Return the numbers of the rows that are meant, ascending.

    Parameters
    ----------
    rows : mapping of int to Row
        The facelist's rows by number.
    selectors : iterable of str
        `12`, `5-9`, `all`, `lane:unknown` (confident, borderline), `person:Ann`, `event:a6a3...`, `day:2026-03-02`,
        `status:candidate`. Several of one kind add up; different kinds narrow each other:
        `lane:unknown day:2026-03-02`.

    Raises
    ------
    BadInputError
        A selector is not understood, or names rows that are not there.

    Examples
    --------
    >>> select({}, ["lane:unknown"])
    []
    """
    kinds: dict[str, set[int]] = {}
    for selector in selectors:
        kind, wanted = _selected(rows, selector)
        kinds.setdefault(kind, set()).update(wanted)
    return sorted(set.intersection(*kinds.values())) if kinds else []


def _selected(rows: Mapping[int, Row], selector: str) -> tuple[str, set[int]]:
    match = _RANGE.fullmatch(selector)
    if match:
        first, last = int(match[1]), int(match[2] or match[1])
        wanted = {number for number in rows if first <= number <= last}
        if not wanted:
            raise BadInputError(f"There are no rows {selector}. deepthink review shows which there are.")
        return "rows", wanted
    kind, _, value = selector.partition(":")
    if selector == "all":
        return "all", set(rows)
    if kind not in _KINDS or not value:
        raise BadInputError(f"{selector!r} selects nothing. Use a row, a range (5-9), all, {_USAGE}.")
    return kind, {number for number, row in rows.items() if _KINDS[kind](row) == value}


_KINDS: dict[str, Callable[[Row], str]] = {
    "lane": lane,
    "person": lambda row: row.name,
    "event": lambda row: row.frame.event,
    "day": lambda row: row.frame.date,
    "status": lambda row: row.status.name.lower().replace("_", " "),
}
_USAGE = ", ".join(f"{kind}:..." for kind in _KINDS)


def accept(path: Path, numbers: Sequence[int], name: str | None = None, who: str | None = None) -> Action:
    """Select rows for the gallery, under their own name or a new one.

    Raises
    ------
    BadNameError
        The name cannot be carried.
    BadInputError
        A row is Unknown and no name is given.
    """
    if name is not None:
        check_name(name)

    def accepted(_: int, row: Row) -> Row:
        called = name or row.name
        if called == UNKNOWN:
            raise BadInputError("An unknown face needs a name: deepthink review accept ROWS --name Ann")
        check_name(called)
        kept = row.status == Status.IN_USE and called == row.name
        return row if kept else row.changed(status=Status.SELECTED, name=called)

    return _apply(path, "accept", numbers, accepted, who)


def rename(path: Path, numbers: Sequence[int], name: str, who: str | None = None) -> Action:
    """Give rows another name; those in use are selected again, so that their embeddings move."""
    check_name(name)

    def renamed(_: int, row: Row) -> Row:
        status = Status.SELECTED if row.status == Status.IN_USE else row.status
        return row.changed(name=name, status=status)

    return _apply(path, "rename", numbers, renamed, who)


def stranger(path: Path, numbers: Sequence[int], who: str | None = None) -> Action:
    """Say that faces are nobody's here: they stay out of the gallery and help to set its threshold."""
    return _apply(path, "stranger", numbers, _out(Status.REVOKED, UNKNOWN), who)


def revoke(path: Path, numbers: Sequence[int], who: str | None = None) -> Action:
    """Take rows out of the gallery; their embeddings leave at the next `embed`."""
    return _apply(path, "revoke", numbers, _out(Status.REVOKED), who)


def remove(path: Path, numbers: Sequence[int], who: str | None = None) -> Action:
    """Say that rows are not faces, or not worth keeping."""
    return _apply(path, "remove", numbers, _out(Status.REMOVE), who)


def _out(status: Status, name: str | None = None) -> Change:
    return lambda _, row: row.changed(status=status, name=name or row.name, in_use_since="")


def _apply(path: Path, verb: str, numbers: Sequence[int], change: Change, who: str | None) -> Action:
    """Change rows under the facelist's lock; the history is written first, so that nothing is done without it."""
    with editing(path) as facelist:
        before = {number: _row(facelist, number) for number in numbers}
        after = {number: change(number, row) for number, row in before.items()}
        changed = [number for number in numbers if before[number] != after[number]]
        number = max((old.number for old in history(path)), default=0) + 1
        action = Action(
            number, verb, who or getpass.getuser(), datetime.now().isoformat(timespec="seconds"),
            {number: _state(before[number]) for number in changed},
            {number: _state(after[number]) for number in changed},
        )  # fmt: skip
        if changed or verb.startswith(UNDO):  # an undo that finds nothing to change is done all the same
            append_line(history_path(path), json.dumps(action.__dict__, ensure_ascii=False))
        for number in changed:
            facelist[number] = after[number]
    return action


def _row(facelist: Facelist, number: int) -> Row:
    try:
        return facelist[number]
    except KeyError:
        raise BadInputError(f"There is no row {number} in {facelist.path}.") from None


def _state(row: Row) -> tuple[int, str, str]:
    return int(row.status), row.name, row.in_use_since


def history(path: Path) -> list[Action]:
    """Return every action so far, oldest first; a line torn by a kill is passed over."""
    file = history_path(path)
    if not file.exists():
        return []
    found = []
    for line in file.read_text(encoding="utf-8", errors="replace").split("\n"):
        try:
            found.append(_action(json.loads(line)))
        except (AttributeError, KeyError, TypeError, ValueError):
            continue
    return found


def _action(content: dict[str, Any]) -> Action:
    states = {
        side: {int(number): (state[0], state[1], state[2]) for number, state in content[side].items()}
        for side in ("before", "after")
    }
    return Action(content["number"], content["verb"], content["who"], content["when"], **states)


def undo(path: Path, count: int = 1, who: str | None = None) -> list[Action]:
    """Take back the last actions that have not been taken back yet, the latest first.

    Rows that have been embedded since go back as well; their embeddings leave at the next `embed`.

    Returns
    -------
    list of Action
        The actions that were undone, latest first.
    """
    undone = []
    for action in _in_force(history(path))[::-1][:count]:
        _apply(path, f"{UNDO}{action.number}", list(action.before), _back(action), who)
        undone.append(action)
    return undone


def _in_force(actions: list[Action]) -> list[Action]:
    taken_back = {int(action.verb.split()[1]) for action in actions if action.verb.startswith(UNDO)}
    return [a for a in actions if a.number not in taken_back and not a.verb.startswith(UNDO)]


def _back(action: Action) -> Change:
    def restored(number: int, row: Row) -> Row:
        status, name, since = action.before[number]
        return row.changed(status=Status(status), name=name, in_use_since=since)

    return restored
