"""The routes of the status page: the page, its parts as they change, reports, faces, and what can be asked for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request
from fastapi.responses import FileResponse, HTMLResponse, Response, StreamingResponse
from pydantic import BaseModel

from deepthink.errors import BadInputError
from deepthink.flow.requests import ask, waiting
from deepthink.flow.status_gather import is_watched
from deepthink.flow.status_pages import page_of
from deepthink.web.door import REFUSED, Administrator, AtDoor, Looker, Reviewer
from deepthink.web.status_parts import Status

router = APIRouter()
SEALED = {  # a page that others have made: it is shown, and can do nothing
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Content-Disposition": "inline",
}
Have = Annotated[str, Query(max_length=1000, description="marks of the parts one has, with commas between")]


def status(request: Request) -> Status:
    """Return what the routes show."""
    found: Status = request.app.state.status
    return found


Shown = Annotated[Status, Depends(status)]


@router.get("/status", response_class=HTMLResponse, responses=REFUSED)
def page(request: Request, at: AtDoor, shown: Shown, user: Looker) -> Response:
    """Show how the site stands."""
    shown.look.perhaps()
    return at.page(request, user, "status.html", {"parts": shown.live.parts()})


class PartView(BaseModel):
    """A part of the page, and what stands for it as it is now."""

    id: str
    mark: str
    html: str


@router.get("/status/parts", responses=REFUSED)
def parts(shown: Shown, user: Looker, have: Have = "") -> list[PartView]:
    """Return the parts that are others than those one has."""
    return [PartView(**part.as_dict()) for part in shown.live.fresh(set(have.split(",")))]


@router.get("/status/events", include_in_schema=False)
async def events(request: Request, at: AtDoor, shown: Shown, user: Looker, have: Have = "") -> Response:
    """Send each part when it changes, as server-sent events."""
    if shown.live.full:
        raise HTTPException(503, "So many are looking that changes are not sent to more.", {"Retry-After": "15"})
    stream = shown.live.stream(set(have.split(",")), lambda: at.guard.user(request) is not None)
    return StreamingResponse(stream, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.get("/status/versions/{version}/{kind}", responses=REFUSED, response_class=HTMLResponse)
def version_page(
    shown: Shown,
    user: Looker,
    version: Annotated[str, Path(max_length=80)],
    kind: Annotated[str, Path(max_length=20)],
) -> Response:
    """Return a version's report, or its notebook as it was executed."""
    try:
        path = page_of(version, kind, shown.gathering.registry, shown.gathering.training)
    except BadInputError as error:
        return Response(str(error), 404, media_type="text/plain")
    return FileResponse(path, media_type="text/html", headers=SEALED)


@router.get("/status/faces/{digest}.jpg", responses=REFUSED, response_class=Response)
def face(shown: Shown, user: Looker, digest: Annotated[str, Path(max_length=80)]) -> Response:
    """Return a face that an alarm shows."""
    try:
        content = shown.face(digest)
    except BadInputError as error:
        return Response(str(error), 404, media_type="text/plain")
    return Response(content, media_type="image/jpeg", headers={"Cache-Control": "private, max-age=86400"})


class Asked(BaseModel):
    """What has become of something asked for."""

    text: str


@router.post("/api/status/train", responses=REFUSED)
def train(shown: Shown, user: Administrator) -> Asked:
    """Ask for a training."""
    folder = shown.gathering.watch
    before = next((one.who for one in waiting(folder) if not one.version), "")
    if not before:
        ask(folder, user.name)
    asked = f"{before} has asked already" if before else "Asked for"
    if is_watched(folder) is False:
        return Asked(text=f"{asked}. It begins once deepthink watch runs, which it does not now.")
    return Asked(text=f"{asked}. It begins when nothing else is under way.")


@router.post("/api/status/look", responses=REFUSED)
def look(shown: Shown, user: Reviewer) -> Asked:
    """Let the doctor look at the site."""
    begun = shown.look.begin()
    return Asked(text="Looking at everything; it takes a moment." if begun else "It has just looked, or is looking.")
