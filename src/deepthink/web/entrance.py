"""Logging in and out."""

from __future__ import annotations

import math
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from deepthink.web.door import AtDoor, Door

router = APIRouter(include_in_schema=False)


@router.get("/login", response_class=HTMLResponse)
def ask(request: Request, at: AtDoor, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
    """Show the form."""
    return _form(request, at, next, "", 200)


@router.post("/login", response_class=HTMLResponse)
def log_in(
    request: Request,
    at: AtDoor,
    name: Annotated[str, Form(max_length=100)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Let somebody in whose password is right; who has failed often waits, whatever they send."""
    guard, address = at.guard, request.client.host if request.client else "?"
    one = f"{address} {name}"
    wait = max(guard.by_user.wait(one), guard.by_address.wait(address))
    if wait:
        answer = _form(request, at, next, f"Too many attempts. Wait {math.ceil(wait)} seconds.", 429)
        answer.headers["Retry-After"] = str(math.ceil(wait))
        return answer
    user = guard.users.check(name, password)
    if user is None:
        guard.by_user.fail(one)
        guard.by_address.fail(address)
        return _form(request, at, next, "Name or password is wrong.", 401)
    guard.by_user.succeed(one)
    response = RedirectResponse(_inside(next), 303)
    guard.begin(response, user, at.encrypted)
    return response


@router.post("/logout")
def log_out(request: Request, at: AtDoor, token: Annotated[str, Form(max_length=200)] = "") -> Response:
    """End the session."""
    if not at.guard.token_fits(request, token):
        return RedirectResponse("/", 303)
    response = RedirectResponse("/login", 303)
    at.guard.end(request, response)
    return response


def _form(request: Request, at: Door, next: str, wrong: str, status: int) -> Response:
    content = {"next": _inside(next), "wrong": wrong}
    answer: Response = at.templates.TemplateResponse(request, "login.html", content, status)
    return answer


def _inside(next: str) -> str:
    """Return where to go on, never to another site."""
    return next if next.startswith("/") and not next.startswith(("//", "/\\")) and "\n" not in next else "/"
