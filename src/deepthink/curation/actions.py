"""What a reviewer can do on the page: each deed is one action of the history, whole or not done, and can be undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deepthink.curation import review
from deepthink.curation.facelist import Facelist, Row, Status
from deepthink.curation.history import Action, in_force
from deepthink.curation.names import check_name
from deepthink.curation.notes import FROM, INTO, NOT, SURE
from deepthink.curation.review import Change, Held
from deepthink.errors import BadInputError
from deepthink.records import UNKNOWN


@dataclass(frozen=True)
class Order:
    """What somebody wants done with rows."""

    verb: str
    seen: Mapping[int, str] = field(default_factory=dict)  # the rows, with the stamps under which they were shown
    name: str = ""
    lane: str = ""
    who: str = ""


def carry_out(path: Path, order: Order, held: Held | None = None) -> Action:
    """Do what is wanted, as one action.

    Parameters
    ----------
    path : Path
        facelist.csv.
    order : Order
    held : Held, optional
        What is in memory already.

    Raises
    ------
    BadInputError
        There is no such verb, no row, or a name that is needed and missing or cannot be carried.
    StaleViewError
        A row is not what it was when it was shown; nothing was done.
    """
    if order.verb not in VERBS:
        raise BadInputError(f"There is no verb {order.verb[:40]!r}. Known: {', '.join(VERBS)}.")
    if not order.seen:
        raise BadInputError("No face was chosen.")
    change, said = VERBS[order.verb](order)
    rows, seen = list(order.seen), order.seen
    return review.apply(
        path, order.verb, rows, change, order.who or None, lane=order.lane, said=said, seen=seen, held=held
    )


Deed = tuple[Change, dict[str, Any]]  # what becomes of a row, and what is remembered beside it


def _accept(order: Order) -> Deed:
    """Select the rows, under the name proposed; rows that are enrolled already are right, whatever is suspected."""
    rows = sorted(order.seen)
    return review.accepted(order.name or None), {SURE: True, "rows": rows} if order.lane == "faults" else {}


def _relabel(order: Order) -> Deed:
    """Give the rows a name, and select those that wait or were out."""
    return review.accepted(_named(order)), {}


def _stranger(order: Order) -> Deed:
    return review.put(Status.REVOKED, UNKNOWN), {}


def _remove(order: Order) -> Deed:
    return review.put(Status.REMOVE), {}


def _revoke(order: Order) -> Deed:
    return review.put(Status.REVOKED), {}


def _wait(order: Order) -> Deed:
    """Let the rows wait for a decision again, whatever was decided."""
    return review.put(Status.CANDIDATE), {}


def _refuse(order: Order) -> Deed:
    """Remember that the rows do not show somebody: if they carry that name they wait again, without one."""
    name = _named(order)

    def change(_: int, row: Row) -> Row:
        named = row.name == name
        return row.changed(status=Status.CANDIDATE, name=UNKNOWN, in_use_since="") if named else row

    return change, {NOT: name, "rows": sorted(order.seen)}


def _named(order: Order) -> str:
    if not order.name:
        raise BadInputError(f"To {order.verb} faces, say a name.")
    return check_name(order.name)


VERBS: dict[str, Callable[[Order], Deed]] = {
    "accept": _accept,
    "name": _relabel,
    "relabel": _relabel,
    "split": _relabel,
    "stranger": _stranger,
    "remove": _remove,
    "revoke": _revoke,
    "refuse": _refuse,
    "wait": _wait,
}


def merge(path: Path, one: str, into: str, who: str, held: Held | None = None) -> Action:
    """Make one person of two: all rows of the first carry the second's name, and so does what is proposed later.

    Raises
    ------
    BadInputError
        A name cannot be, both are the same, or nobody carries the first.
    """
    check_name(one), check_name(into)
    if one == into:
        raise BadInputError(f"{one} and {into} are one person already.")

    def theirs(facelist: Facelist) -> list[int]:
        found = [number for number, row in facelist.rows.items() if row.name == one]
        if not found:
            raise BadInputError(f"No face carries the name {one!r}.")
        return found

    said = {FROM: one, INTO: into}
    return review.apply(path, "merge", theirs, review.renamed(into), who, said=said, held=held)


def find(actions: list[Action], number: int) -> Action:
    """Return an action by its number; BadInputError when there is none."""
    for action in reversed(actions):
        if action.number == number:
            return action
    raise BadInputError(f"There is no action {number}.")


def last_of(actions: list[Action], who: str) -> Action | None:
    """Return somebody's last action that still holds."""
    return next((action for action in reversed(in_force(actions)) if action.who == who), None)


def last_undone(actions: list[Action], who: str) -> Action | None:
    """Return what somebody has taken back last, if they have done nothing else since."""
    back = 0
    for action in reversed(actions):
        if action.who != who:
            continue
        if action.verb.startswith(review.REDO):
            back += 1
        elif action.verb.startswith(review.UNDO):
            if not back:
                return find(actions, action.takes_back or 0)
            back -= 1
        else:
            return None
    return None
