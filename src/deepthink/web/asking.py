"""What every route is asked with: the parts it works on, who asks, and which cards they go through."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, HTTPException, Query, Request

from deepthink.curation.lanes import QUEUE, Filter
from deepthink.flow.desk import Hand
from deepthink.web.parts import Parts
from deepthink.web.users import User

Word = Annotated[str, Query(max_length=200)]


def parts(request: Request) -> Parts:
    """Return what the routes share."""
    found: Parts = request.app.state.parts
    return found


def looks(request: Request) -> User:
    """Return who asks; the guard has let them in."""
    user: User = request.state.user
    return user


def hand(
    user: Annotated[User, Depends(looks)],
    lane: Word = QUEUE,
    camera: Word = "",
    day: Word = "",
    person: Word = "",
    quality: Word = "",
) -> Hand:
    """Return which cards are gone through."""
    return Hand(lane, Filter(camera, day, person, quality), user.name)


def _needs(role: str) -> Any:
    def needed(user: Annotated[User, Depends(looks)]) -> User:
        if not user.may(role):
            raise HTTPException(403, f"{user.name} may {user.role}; this needs somebody who may {role}.")
        return user

    return needed


Shared = Annotated[Parts, Depends(parts)]
InHand = Annotated[Hand, Depends(hand)]
Looker = Annotated[User, Depends(looks)]
Reviewer = Annotated[User, Depends(_needs("review"))]
Administrator = Annotated[User, Depends(_needs("administer"))]
