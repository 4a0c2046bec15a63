"""The review page as an application: its parts put together, with the status page beside them."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from deepthink.errors import StaleViewError
from deepthink.flow.desk import Desk
from deepthink.web import deeds, entrance, pages, status
from deepthink.web.guard import Guard
from deepthink.web.parts import Parts
from deepthink.web.pictures import Faces
from deepthink.web.shell import make_shell, make_templates
from deepthink.web.status_parts import Status


def make_app(desk: Desk, guard: Guard, faces: Faces, encrypted: bool = False, shown: Status | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    desk : Desk
    guard : Guard
        Decides who may ask at all.
    faces : Faces
    encrypted : bool
        Whether browsers reach it by TLS alone: cookies are then sent no other way.
    shown : Status, optional
        What the status page shows; by default that of the desk's site.
    """
    templates = make_templates(desk.path, "review")
    door = Parts(guard=guard, templates=templates, encrypted=encrypted, desk=desk, faces=faces)
    app = make_shell("review", door, [part.router for part in (entrance, pages, deeds, status)])
    app.state.status = shown or Status(desk.site.settings, faces=faces)
    app.add_exception_handler(StaleViewError, _first)
    return app


def _first(request: Request, error: Exception) -> Response:
    """Say who was first."""
    assert isinstance(error, StaleViewError)
    return JSONResponse({"detail": deeds.meanwhile(request, error), "rows": error.rows}, 409)
