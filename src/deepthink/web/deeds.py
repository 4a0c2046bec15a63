"""What is done: decisions about faces, and taking them back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from deepthink.curation.actions import Order, find
from deepthink.curation.history import Action, in_force
from deepthink.errors import StaleViewError
from deepthink.web import views
from deepthink.web.asking import Shared
from deepthink.web.door import REFUSED, Administrator, Reviewer
from deepthink.web.parts import Parts
from deepthink.web.users import User
from deepthink.web.words import ago

router = APIRouter(prefix="/api", responses=REFUSED)
Row = Annotated[int, Field(ge=1, le=2**31)]
Name = Annotated[str, Field(max_length=20_000)]  # what cannot be a name is refused in words, not by its length alone


class Wanted(BaseModel):
    """What is to be done with which faces."""

    verb: Annotated[str, Field(max_length=20)]
    seen: Annotated[dict[Row, Annotated[str, Field(max_length=20)]], Field(max_length=5000)]  # rows, and their stamps
    name: Name = ""
    lane: Annotated[str, Field(max_length=20)] = ""


class Merging(BaseModel):
    """Two names of one person."""

    one: Name
    into: Name


class Turning(BaseModel):
    """Which action: without a number, one's own last."""

    number: Annotated[int, Field(ge=1, le=2**53)] | None = None


class Known(BaseModel):
    """Somebody who is enrolled."""

    name: str
    shown: str


class Done(BaseModel):
    """What was done."""

    number: int
    text: str
    rows: list[int]


@router.post("/act")
def act(shared: Shared, user: Reviewer, wanted: Wanted) -> Done:
    """Decide about faces."""
    order = Order(wanted.verb, dict(wanted.seen), wanted.name.strip(), wanted.lane, user.name)
    return _done(shared, shared.desk.act(order))


@router.post("/merge")
def merge(shared: Shared, user: Administrator, merging: Merging) -> Done:
    """Make one person of two."""
    return _done(shared, shared.desk.merge(merging.one, merging.into, user.name))


@router.post("/undo")
def undo(shared: Shared, user: Reviewer, turning: Turning) -> Done:
    """Take back an action: one's own, or, who may administer, anybody's."""
    _allow(shared, user, turning.number)
    return _done(shared, shared.desk.undo(turning.number, user.name))


@router.post("/redo")
def redo(shared: Shared, user: Reviewer, turning: Turning) -> Done:
    """Do again what was taken back."""
    _allow(shared, user, turning.number)
    return _done(shared, shared.desk.undo(turning.number, user.name, again=True))


@router.get("/names")
def names(shared: Shared, user: Reviewer) -> list[Known]:
    """Return everybody who is enrolled, and how they are shown."""
    return [Known(name=name, shown=shared.shown(name)) for name in shared.desk.names()]


def _allow(shared: Parts, user: User, number: int | None) -> None:
    if number is None or user.may("administer"):
        return
    if find(shared.desk.history.actions(), number).who != user.name:
        raise HTTPException(403, "That was somebody else's decision: who may administer can take it back.")


def _done(shared: Parts, action: Action) -> Done:
    text = views.told(action, shared.shown)
    return Done(number=action.number, text=text[:1].upper() + text[1:], rows=sorted(action.before))


def meanwhile(request: Request, error: StaleViewError) -> str:
    """Return who was first, and what they said."""
    shared: Parts = request.app.state.parts
    for action in reversed(in_force(shared.desk.history.actions())):
        if action.before.keys() & set(error.rows):
            said = views.told(action, shared.shown)
            return f"Nothing was done: {action.who} was first, {ago(action.when)} ({said}). Look again."
    return str(error)
