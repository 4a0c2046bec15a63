"""Who is asking, and whether from our own page: every request passes here before it reaches anything."""

from __future__ import annotations

import getpass
import ipaddress
import secrets
import time
from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlsplit

from fastapi import Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from itsdangerous import BadData, Signer, URLSafeTimedSerializer

from deepthink.errors import SettingsError
from deepthink.web.sessions import Sessions
from deepthink.web.throttle import Throttle
from deepthink.web.users import User, Users

COOKIE = "deepthink_review"
HOURS = 12  # after which one logs in again
BIGGEST = 1_000_000  # bytes of a request
OPEN = ("/login", "/healthz")  # to everybody, as is /static/; all else is refused to who is not logged in
SAFE = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "localhost", "::1", "0.0.0.0", "10.0.0.7", "")]
    [True, True, True, False, False, False]
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets in who is logged in, to whichever service; where nobody can and only this machine can ask, its own user.

    Parameters
    ----------
    users : Users
    local : bool
        Whether only this machine can reach the page. Then no other name than this machine's is answered to: a page of
        the internet whose name leads here is not ours.
    """

    def __init__(self, users: Users, local: bool) -> None:
        self.users, self.local = users, local
        self.sessions = Sessions(users.path.parent)
        self.by_user, self.by_address = Throttle(5), Throttle(20)  # failures to log in

    async def __call__(self, request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        """Answer a request, or refuse it; every answer carries the headers that keep a browser careful."""
        try:
            refusal = self._refusal(request)
        except SettingsError as error:  # who may log in cannot be read: nobody may
            refusal = _no(503, str(error))
        response = refusal if refusal is not None else await call_next(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def _refusal(self, request: Request) -> Response | None:
        path = request.url.path
        if self.local and not is_loopback(urlsplit(f"//{request.headers.get('host', '')}").hostname or ""):
            return PlainTextResponse("This page answers to this machine's own name alone.", 421)
        if not (request.headers.get("content-length") or "0").isdecimal() or "transfer-encoding" in request.headers:
            return PlainTextResponse("A request says how long it is.", 411)
        if int(request.headers.get("content-length") or 0) > BIGGEST:
            return PlainTextResponse("The request is too long.", 413)
        if request.method not in SAFE and not _from_here(request):
            return _no(403, "This request did not come from a page of ours.")
        if path in OPEN or path.startswith("/static/"):
            return None
        user = request.state.user = self.user(request)
        if user is None:
            return self._to_login(request)
        form = path == "/logout"  # a plain form: it carries its token itself
        if (
            request.method not in SAFE
            and not form
            and not self.token_fits(request, request.headers.get("x-csrf-token"))
        ):
            return _no(403, "The page is from an earlier session. Load it again.")
        return None

    def _to_login(self, request: Request) -> Response:
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(wanted, safe='')}", 303)
        return _no(401, "You are not logged in, or not any more.")

    def user(self, request: Request) -> User | None:
        """Return who is asking."""
        if self.local and not self.users:
            return User(getpass.getuser(), "administer")
        try:
            session = self._signer().loads(request.cookies.get(COOKIE, ""), max_age=HOURS * 3600)
            user = self.users.find(session["who"])
            fits = user is not None and user.mark == session["mark"] and not self.sessions.has_ended(session["id"])
        except (BadData, KeyError, TypeError):
            return None
        return user if fits else None

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.sessions.secret(), salt="session")

    def begin(self, response: Response, user: User, encrypted: bool) -> None:
        """Let somebody's session begin."""
        session = self._signer().dumps({"who": user.name, "mark": user.mark, "id": secrets.token_hex(8)})
        text = session if isinstance(session, str) else session.decode()
        response.set_cookie(
            COOKIE, text, max_age=HOURS * 3600, httponly=True, samesite="strict", secure=encrypted, path="/"
        )

    def end(self, request: Request, response: Response) -> None:
        """End a session, on this machine too and for all its services: a copy of its cookie opens nothing any more."""
        try:
            session = self._signer().loads(request.cookies.get(COOKIE, ""), max_age=HOURS * 3600)
            self.sessions.end(str(session["id"]), time.time() + HOURS * 3600)
        except (BadData, KeyError, TypeError):
            pass
        response.delete_cookie(COOKIE, path="/")

    def token(self, request: Request) -> str:
        """Return what a page must send along with every change."""
        signer = Signer(self.sessions.secret(), salt="csrf")
        return signer.get_signature(f"token {request.cookies.get(COOKIE, '')}").decode()

    def token_fits(self, request: Request, token: str | None) -> bool:
        """Whether a change carries the token of its session."""
        return secrets.compare_digest((token or "").encode(), self.token(request).encode())


def _from_here(request: Request) -> bool:
    """Whether a browser says that a request comes from a page of ours."""
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site") == "same-origin"
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host", "")


def _no(status: int, why: str) -> Response:
    return JSONResponse({"detail": why}, status)
