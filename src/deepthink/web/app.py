"""The review page as an application: its parts put together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from deepthink.errors import BadInputError, BadNameError, DeepthinkError, StaleViewError
from deepthink.flow.desk import Desk
from deepthink.web import deeds, entrance, pages, views
from deepthink.web.guard import Guard
from deepthink.web.parts import Parts
from deepthink.web.pictures import Faces

HERE = Path(__file__).parent


def make_app(desk: Desk, guard: Guard, faces: Faces, encrypted: bool = False) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    desk : Desk
    guard : Guard
        Decides who may ask at all.
    faces : Faces
    encrypted : bool
        Whether browsers reach it by TLS alone: cookies are then sent no other way.
    """
    app = FastAPI(title="DeepThink review", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters["shown"] = templates.env.globals["named"] = views.shown_name(desk.path)
    app.state.parts = Parts(desk, guard, faces, templates, encrypted)
    app.middleware("http")(guard)
    for error, status in ((StaleViewError, 409), (BadInputError, 400), (DeepthinkError, 503)):
        app.add_exception_handler(error, _told(status))
    for part in (entrance, pages, deeds):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")

    @app.get("/healthz", response_class=HTMLResponse, include_in_schema=False)
    def healthz() -> str:
        """Answer that the page is there."""
        return "here"

    return app


def _told(status: int) -> Callable[[Request, Exception], Response]:
    def tell(request: Request, error: Exception) -> Response:
        content: dict[str, object] = {"detail": str(error)}
        if isinstance(error, BadNameError):
            content["suggestion"] = error.suggestion
        if isinstance(error, StaleViewError):
            content |= {"detail": deeds.meanwhile(request, error), "rows": error.rows}
        return JSONResponse(content, status)

    return tell
