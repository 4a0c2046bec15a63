"""What is looked at: the desk, a card, a face with its likes and its frames, the people, and the history."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, Response
from pydantic import BaseModel

from deepthink.curation.history import undone
from deepthink.errors import BadInputError
from deepthink.flow.desk import Hand, Shown
from deepthink.web import views
from deepthink.web.asking import InHand, Shared
from deepthink.web.door import REFUSED, Administrator, Looker
from deepthink.web.frames import framed
from deepthink.web.users import User
from deepthink.web.words import ago

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=2**31)]
At = Annotated[str, Query(max_length=80)]
PAGE = 100  # actions on one page of the history
FOREVER = {"Cache-Control": "private, max-age=86400, immutable"}  # the address changes with the face


@router.get("/", response_class=HTMLResponse, responses=REFUSED)
def desk(request: Request, shared: Shared, user: Looker, hand: InHand) -> Response:
    """Show the desk, with the cards of a lane laid out anew."""
    shared.desk.lay_out(hand)
    content = {
        "lanes": views.lanes(shared.desk, hand[1]),
        "hand": hand,
        "query": views.query(hand),
        "choices": views.choices(shared.desk),
        "title": views.TITLES[hand[0]],
        **_card(request, shared, user, hand, shared.desk.show(hand)),
        **_progress(shared, user),
        "lost": shared.desk.told_lost(),
    }
    return shared.page(request, user, "desk.html", content)


@router.get("/card", response_class=HTMLResponse, responses=REFUSED)
def card(
    request: Request,
    shared: Shared,
    user: Looker,
    hand: InHand,
    at: At = "0",
    step: Annotated[int, Query(ge=-1, le=1)] = 1,
    holds: Annotated[int | None, Query(ge=1, le=2**31)] = None,
) -> Response:
    """Show one card: that at a place, of an id, or with a row; or the next of which something is left."""
    if holds is not None:
        at = str(shared.desk.place_of(hand, [holds]) or 0)
    shown = shared.desk.show(hand, int(at) if at.isdecimal() and len(at) < 9 else at, step)
    content = {**_card(request, shared, user, hand, shown), **_progress(shared, user)}
    content["lanes"], content["query"], content["hand"] = views.lanes(shared.desk, hand[1]), views.query(hand), hand
    return shared.page(request, user, "answer.html", content)


def _card(request: Request, shared: Shared, user: User, hand: Hand, shown: Shown | None) -> dict[str, Any]:
    name = shared.shown
    asks = views.question(shown, name) if shown else ""
    return {"shown": shown, "question": asks, "camera": shared.desk.days.camera, "views": views}


def _progress(shared: Shared, user: User) -> dict[str, Any]:
    pace = shared.desk.pace(user.name)
    left = shared.desk.board.waiting()
    minutes = left / pace.each_minute if pace.each_minute else None
    people = shared.desk.everybody()
    return {
        "left": left,
        "pace": pace.each_minute,
        "minutes": minutes,
        "people": people,
        "studied": shared.desk.studied,
    }


@router.get("/people", response_class=HTMLResponse, responses=REFUSED)
def people(request: Request, shared: Shared, user: Looker) -> Response:
    """Show what the next training would have of everybody."""
    shared.desk.refresh()
    everybody = shared.desk.everybody()
    lanes = shared.desk.lanes_of(one.person for one in everybody)
    return shared.page(request, user, "people.html", {"people": everybody, "lanes": lanes})


@router.get("/history", response_class=HTMLResponse, responses=REFUSED)
def history(
    request: Request, shared: Shared, user: Looker, before: Annotated[int, Query(ge=0, le=2**31)] = 0
) -> Response:
    """Show who did what, the latest first."""
    actions = shared.desk.history.actions()
    older = [action for action in actions if not before or action.number < before]
    page = older[-PAGE:][::-1]
    content = {"actions": page, "gone": undone(actions), "views": views, "ago": ago, "older": len(older) > PAGE}
    return shared.page(request, user, "history.html", content)


@router.get("/history.jsonl", responses=REFUSED)
def export(shared: Shared, user: Administrator) -> Response:
    """Return the whole history, one action a line."""
    path = shared.desk.history.path
    content = path.read_bytes() if path.exists() else b""
    headers = {"Content-Disposition": 'attachment; filename="history.jsonl"'}
    return Response(content, media_type="application/jsonl", headers=headers)


class Nearby(BaseModel):
    """A person or a row that is near to a face."""

    name: str
    shown: str
    distance: float
    row: int | None = None


class FaceView(BaseModel):
    """A face, and what is near to it."""

    row: int
    name: str
    state: str
    date: str
    time: str
    camera: str
    probability: float
    distance: float
    margin: float
    focus: float
    people: list[Nearby]
    faces: list[Nearby]  # of the gallery


@router.get("/api/faces/{number}", responses=REFUSED)
def face(shared: Shared, user: Looker, number: Number) -> FaceView:
    """Return a face and the gallery's faces nearest to it, with their distances in embedding units."""
    desk, row = shared.desk, shared.desk.row(number)
    name = shared.shown
    people = [Nearby(name=n.person, shown=name(n.person), distance=n.distance) for n in desk.near(number)]
    faces = [
        Nearby(name=desk.board.rows[other].name, shown=name(desk.board.rows[other].name), distance=away, row=other)
        for other, away in desk.nearest_enrolled(number)
    ]
    return FaceView(
        row=number, name=row.name, state=views.state(row), date=row.frame.date, time=f"{row.frame.time:%H:%M:%S}",
        camera=desk.days.camera(row), probability=row.probability, distance=row.distance, margin=row.margin,
        focus=row.focus, people=people[:9], faces=faces,
    )  # fmt: skip


@router.get("/api/faces/{number}/alike", responses=REFUSED)
def alike(
    shared: Shared, user: Looker, number: Number, among: Annotated[list[int], Query(max_length=500)]
) -> list[int]:
    """Return those of some rows that are probably of the same person as a face."""
    shared.desk.row(number)
    found: list[int] = shared.desk.alike(number, among)
    return found


class Spot(BaseModel):
    """Where a face lies among others, from 0 to 1."""

    row: int
    x: float
    y: float


@router.get("/api/map", responses=REFUSED)
def plane(shared: Shared, user: Looker, among: Annotated[list[int], Query(max_length=500)]) -> list[Spot]:
    """Return where some rows' faces lie on a plane: those that are alike lie together."""
    return [Spot(row=row, x=x, y=y) for row, (x, y) in shared.desk.plane(among).items()]


class FrameView(BaseModel):
    """A whole picture, and where the faces are in it."""

    picture: str
    time: str
    place: int
    pictures: int
    own: int
    boxes: list[list[int]]  # x1, y1, x2, y2 in pixels
    rows: list[int | None]


@router.get("/api/frames/{number}", responses=REFUSED)
def frame(
    shared: Shared, user: Looker, number: Number, place: Annotated[int | None, Query(ge=0, le=2**31)] = None
) -> FrameView:
    """Return the picture that a face was seen in, or another of its event, and where faces are in it."""
    found = framed(shared.desk, number, place)
    boxes = [[box.x1, box.y1, box.x2, box.y2] for box, _ in found.boxes]
    return FrameView(
        picture=f"/frames/{number}/{found.place}.jpg", time=f"{found.key.date} {found.key.time:%H:%M:%S.%f}",
        place=found.place, pictures=found.pictures, own=found.own, boxes=boxes, rows=[row for _, row in found.boxes],
    )  # fmt: skip


@router.get("/faces/{number}/{size}.jpg", responses=REFUSED, response_class=Response)
def face_picture(shared: Shared, user: Looker, number: Number, size: Annotated[str, Path(max_length=20)]) -> Response:
    """Return a face, cut out."""
    row = shared.desk.row(number)
    try:
        return Response(shared.faces.get(row, size), media_type="image/jpeg", headers=FOREVER)
    except BadInputError as error:
        return Response(str(error), 404, media_type="text/plain")


@router.get("/frames/{number}/{place}.jpg", responses=REFUSED, response_class=Response)
def frame_picture(
    shared: Shared, user: Looker, number: Number, place: Annotated[int, Path(ge=0, le=2**31)]
) -> Response:
    """Return a whole picture."""
    found = framed(shared.desk, number, place)
    try:
        return Response(shared.desk.site.datasink.picture(found.key), media_type="image/jpeg", headers=FOREVER)
    except BadInputError as error:
        return Response(str(error), 404, media_type="text/plain")
