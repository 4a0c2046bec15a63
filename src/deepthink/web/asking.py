"""What every route of the review page is asked with: the parts it works on, and which cards somebody goes through."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from deepthink.curation.lanes import QUEUE, Filter
from deepthink.flow.desk import Hand
from deepthink.web.door import Looker
from deepthink.web.parts import Parts

Word = Annotated[str, Query(max_length=200)]


def parts(request: Request) -> Parts:
    """Return what the routes share."""
    found: Parts = request.app.state.parts
    return found


def hand(
    user: Looker,
    lane: Word = QUEUE,
    camera: Word = "",
    day: Word = "",
    person: Word = "",
    quality: Word = "",
) -> Hand:
    """Return which cards are gone through."""
    return Hand(lane, Filter(camera, day, person, quality), user.name)


Shared = Annotated[Parts, Depends(parts)]
InHand = Annotated[Hand, Depends(hand)]
