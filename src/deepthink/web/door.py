"""What every page stands behind: the guard, who asks and what they may do, and the frame that all pages share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, HTTPException, Request
from fastapi.responses import Response
from fastapi.templating import Jinja2Templates

from deepthink.web.guard import Guard
from deepthink.web.users import User

REFUSED: dict[int | str, dict[str, Any]] = {
    400: {"description": "It makes no sense; `detail` says why."},
    401: {"description": "Nobody is logged in."},
    403: {"description": "Whoever is logged in may not do this."},
    404: {"description": "There is no such picture or page."},
    409: {"description": "Somebody else was first; nothing was done."},
    503: {"description": "It cannot be done now."},
}


@dataclass(frozen=True)
class Door:
    """What the routes of any service of ours share."""

    guard: Guard
    templates: Jinja2Templates
    encrypted: bool  # whether browsers reach us by TLS
    review: str | None = "/"  # where the review page is; None where nobody has said

    def shown(self, name: str) -> str:
        """Return how people see a person's name."""
        return str(self.templates.env.filters["shown"](name))

    def page(self, request: Request, user: User, template: str, content: dict[str, Any]) -> Response:
        """Return a page, with what stands on all of them."""
        common = {
            "user": user,
            "token": self.guard.token(request),
            "open": self.guard.local and not self.guard.users,
            "review": self.review,
        }
        answer: Response = self.templates.TemplateResponse(request, template, {**common, **content})
        return answer


def door(request: Request) -> Door:
    """Return what the routes share."""
    found: Door = request.app.state.parts
    return found


def looks(request: Request) -> User:
    """Return who asks; the guard has let them in."""
    user: User = request.state.user
    return user


def _needs(role: str) -> Any:
    def needed(user: Annotated[User, Depends(looks)]) -> User:
        if not user.may(role):
            raise HTTPException(403, f"{user.name} may {user.role}; this needs somebody who may {role}.")
        return user

    return needed


AtDoor = Annotated[Door, Depends(door)]
Looker = Annotated[User, Depends(looks)]
Reviewer = Annotated[User, Depends(_needs("review"))]
Administrator = Annotated[User, Depends(_needs("administer"))]
