"""What each service's application is made of: the guard before everything, words for errors, styles, a sign of life."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from deepthink.errors import BadInputError, BadNameError, DeepthinkError
from deepthink.web.door import Door
from deepthink.web.words import moment, shown_name

HERE = Path(__file__).parent


def make_templates(facelist: Path, title: str) -> Jinja2Templates:
    """Return the templates, which show people by the names kept beside a facelist."""
    templates = Jinja2Templates(HERE / "templates")
    templates.env.filters["shown"] = templates.env.globals["named"] = shown_name(facelist)
    templates.env.filters["moment"] = moment
    templates.env.globals["title"] = title
    return templates


def make_shell(title: str, door: Door, routers: Iterable[APIRouter]) -> FastAPI:
    """Make an application of some routes, closed by the guard."""
    app = FastAPI(title=f"DeepThink {title}", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.parts = door
    app.middleware("http")(door.guard)
    for error, status in ((BadInputError, 400), (DeepthinkError, 503)):
        app.add_exception_handler(error, _told(status))
    for router in routers:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=HERE / "static"), name="static")

    @app.get("/healthz", response_class=HTMLResponse, include_in_schema=False)
    def healthz() -> str:
        """Answer that the page is there."""
        return "here"

    return app


def _told(status: int) -> Callable[[Request, Exception], Response]:
    """Return what answers an error in words."""

    def tell(request: Request, error: Exception) -> Response:
        content = {"detail": str(error)}
        if isinstance(error, BadNameError):
            content["suggestion"] = error.suggestion
        return JSONResponse(content, status)

    return tell
