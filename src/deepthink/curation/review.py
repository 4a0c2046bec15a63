"""What a person decides about rows of the facelist, with a history from which everything can be undone."""

from __future__ import annotations

import getpass
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deepthink.curation.facelist import Facelist, Row, Status, editing
from deepthink.curation.history import REDO, UNDO, Action, History, State, history_path, in_force, undone
from deepthink.curation.names import check_name
from deepthink.curation.sweep import lane
from deepthink.errors import BadInputError, StaleViewError
from deepthink.records import UNKNOWN

__all__ = ["Action", "history", "history_path"]  # where they have always been imported from

_RANGE = re.compile(r"(\d+)(?:-(\d+))?")
Change = Callable[[int, Row], Row]


@dataclass(frozen=True)
class Held:
    """A facelist and its history that are in memory already, so that an action need not read them again."""

    facelist: Facelist
    history: History


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
    return apply(path, "accept", numbers, accepted(name), who)


def accepted(name: str | None = None) -> Change:
    """Return what selects a row, under its own name or a new one."""
    if name is not None:
        check_name(name)

    def change(_: int, row: Row) -> Row:
        called = name or row.name
        if called == UNKNOWN:
            raise BadInputError("An unknown face needs a name: deepthink review accept ROWS --name Ann")
        check_name(called)
        kept = row.status == Status.IN_USE and called == row.name
        return row if kept else row.changed(status=Status.SELECTED, name=called)

    return change


def rename(path: Path, numbers: Sequence[int], name: str, who: str | None = None) -> Action:
    """Give rows another name; those in use are selected again, so that their embeddings move."""
    return apply(path, "rename", numbers, renamed(name), who)


def renamed(name: str) -> Change:
    """Return what gives a row another name."""
    check_name(name)

    def change(_: int, row: Row) -> Row:
        status = Status.SELECTED if row.status == Status.IN_USE and row.name != name else row.status
        return row.changed(name=name, status=status)

    return change


def stranger(path: Path, numbers: Sequence[int], who: str | None = None) -> Action:
    """Say that faces are nobody's here: they stay out of the gallery and help to set its threshold."""
    return apply(path, "stranger", numbers, put(Status.REVOKED, UNKNOWN), who)


def revoke(path: Path, numbers: Sequence[int], who: str | None = None) -> Action:
    """Take rows out of the gallery; their embeddings leave at the next `embed`."""
    return apply(path, "revoke", numbers, put(Status.REVOKED), who)


def remove(path: Path, numbers: Sequence[int], who: str | None = None) -> Action:
    """Say that rows are not faces, or not worth keeping."""
    return apply(path, "remove", numbers, put(Status.REMOVE), who)


def put(status: Status, name: str | None = None) -> Change:
    """Return what gives a row a status outside the gallery, and perhaps another name."""
    return lambda _, row: row.changed(status=status, name=name or row.name, in_use_since="")


def apply(
    path: Path,
    verb: str,
    numbers: Sequence[int] | Callable[[Facelist], Sequence[int]],
    change: Change,
    who: str | None = None,
    *,
    lane: str = "",
    said: Mapping[str, Any] | None = None,
    seen: Mapping[int, str] | None = None,
    held: Held | None = None,
) -> Action:
    """Change rows under the facelist's lock; the history is written first, so that nothing is done without it.

    Parameters
    ----------
    path : Path
        facelist.csv.
    verb : str
        What the history calls it.
    numbers : sequence of int, or callable
        The rows, or what finds them once the facelist is locked.
    change : callable
        Given a row's number and the row, returns what it becomes.
    who : str, optional
        Who decides; else the account's name.
    lane : str, optional
        Where on the review page.
    said : mapping, optional
        What is to be remembered beside the rows, were none of them to change.
    seen : mapping of int to str, optional
        The stamps of the rows as they were shown to whoever decides.
    held : Held, optional
        Taken as they are while nobody else has written.

    Raises
    ------
    StaleViewError
        A row is not what it was when it was shown.
    """
    before_that = held.history if held else History(path)
    with editing(path, before=held.facelist if held else None) as facelist:
        rows = numbers(facelist) if callable(numbers) else numbers
        before = {number: _row(facelist, number) for number in rows}
        _check_seen(before, seen or {})
        after = {number: change(number, row) for number, row in before.items()}
        changed = [number for number in rows if before[number] != after[number]]
        action = Action(
            before_that.next_number(), verb, who or getpass.getuser(), datetime.now().isoformat(timespec="seconds"),
            {number: _state(before[number]) for number in changed},
            {number: _state(after[number]) for number in changed}, lane, dict(said or {}),
        )  # fmt: skip
        if (
            changed or said or action.takes_back is not None
        ):  # an undo that finds nothing to change is done all the same
            before_that.add(action)
        for number in changed:
            facelist[number] = after[number]
    return action


def _check_seen(rows: Mapping[int, Row], seen: Mapping[int, str]) -> None:
    others = [number for number, stamp in seen.items() if number in rows and stamp_of(rows[number]) != stamp]
    if others:
        raise StaleViewError(others)


def stamp_of(row: Row) -> str:
    """Return what tells whether a row is still what somebody was shown: the same face, the same decision.

    That its embedding has been made meanwhile is no other decision.
    """
    decision = Status.SELECTED if row.status == Status.IN_USE else row.status
    text = f"{row.frame.date}|{row.frame.event}|{row.frame.time}|{row.box}|{int(decision)}|{row.name}"
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()


def _row(facelist: Facelist, number: int) -> Row:
    try:
        return facelist[number]
    except KeyError:
        raise BadInputError(f"There is no row {number} in {facelist.path}.") from None


def _state(row: Row) -> State:
    return int(row.status), row.name, row.in_use_since


def history(path: Path) -> list[Action]:
    """Return every action so far, oldest first; a line torn by a kill is passed over."""
    return History(path).actions()


def undo(path: Path, count: int = 1, who: str | None = None) -> list[Action]:
    """Take back the last actions that have not been taken back yet, the latest first.

    Rows that have been embedded since go back as well; their embeddings leave at the next `embed`.

    Returns
    -------
    list of Action
        The actions that were undone, latest first.
    """
    last = in_force(history(path))[::-1][:count]
    for action in last:
        undo_action(path, action, who)
    return last


def undo_action(path: Path, action: Action, who: str | None = None, held: Held | None = None) -> Action:
    """Take back one action, however long ago; rows that somebody has decided anew since stay as they are.

    Raises
    ------
    BadInputError
        It has been taken back already, or all of its rows have been decided anew.
    """
    return _turn(path, UNDO, action, action.after, action.before, who, held)


def redo_action(path: Path, action: Action, who: str | None = None, held: Held | None = None) -> Action:
    """Do again what was taken back; rows that somebody has decided anew since stay as they are.

    Raises
    ------
    BadInputError
        It has not been taken back, or all of its rows have been decided anew.
    """
    return _turn(path, REDO, action, action.before, action.after, who, held)


def _turn(
    path: Path,
    verb: str,
    action: Action,
    here: Mapping[int, State],
    there: Mapping[int, State],
    who: str | None,
    held: Held | None,
) -> Action:
    """Bring an action's rows from one side of it to the other."""
    book = held.history if held else History(path)

    def untouched(facelist: Facelist) -> list[int]:
        """Return the rows to change; called under the lock, so that nobody else does the same at the same time."""
        if (action.number in undone(book.actions())) != (verb == REDO):
            why = "holds: there is nothing to do again" if verb == REDO else "has been undone already"
            raise BadInputError(f"Action {action.number} {why}.")
        now = {number: _state(_row(facelist, number)) for number in here}
        free = [number for number in here if _alike(now[number], here[number]) or _alike(now[number], there[number])]
        if here and not free:
            raise BadInputError(
                f"The rows of action {action.number} have all been decided anew since: undo that first."
            )
        return free

    def turned(number: int, row: Row) -> Row:
        status, name, since = there[number]
        return row.changed(status=Status(status), name=name, in_use_since=since)

    return apply(path, f"{verb}{action.number}", untouched, turned, who, lane=action.lane, held=held)


def _alike(one: State, other: State) -> bool:
    """Whether two states are one decision: a selected row is in use once it has been embedded."""
    enrolled = {int(Status.SELECTED), int(Status.IN_USE)}
    return one[1] == other[1] and (one[0] == other[0] or {one[0], other[0]} <= enrolled)


def interrupted(path: Path, held: Held | None = None) -> Action | None:
    """Return the last action if a kill kept it from the facelist, and note that it was not done; else None."""
    book = held.history if held else History(path)
    with editing(path, before=held.facelist if held else None) as facelist:
        last = next(reversed(book.actions()), None)
        if (
            last is None
            or not last.before
            or not all(
                number in facelist and _state(facelist[number]) == state for number, state in last.before.items()
            )
        ):
            return None
        verb = REDO if last.verb.startswith(UNDO) else UNDO
        when = datetime.now().isoformat(timespec="seconds")
        number = last.takes_back or last.number
        book.add(Action(book.next_number(), f"{verb}{number}", "an interruption", when, {}, {}, last.lane))
    return last
