"""Serves the status page alone: small enough to stay on where the review page is only opened now and then."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from fastapi.responses import RedirectResponse

from deepthink.settings import Settings
from deepthink.web import entrance, status
from deepthink.web.door import Door
from deepthink.web.guard import Guard
from deepthink.web.serving import Address, Service, guard_of
from deepthink.web.shell import make_shell, make_templates
from deepthink.web.status_parts import Status

home = APIRouter(include_in_schema=False)


@home.get("/")
def to_status() -> RedirectResponse:
    """Lead to the one page there is."""
    return RedirectResponse("/status", 303)


class StatusService(Service):
    """The status page of a site, as a service.

    Parameters
    ----------
    settings : Settings
    address : Address
    review : str, optional
        Where the review page is, http://host:8010.
    flags : sequence of str
        Settings for this service alone.

    Raises
    ------
    SettingsError
        Others could reach it, and nobody has a login; or the address cannot be had.
    """

    def __init__(
        self,
        settings: Settings,
        address: Address = Address(),
        review: str | None = None,
        flags: Sequence[str] = (),
    ) -> None:
        guard = guard_of(settings.root, address.host)
        self.status = Status(settings, flags, review)
        app = make_status_app(self.status, guard, address.encrypted)
        super().__init__(app, address, self.status.close)


def make_status_app(shown: Status, guard: Guard, encrypted: bool = False) -> FastAPI:
    """Make the application: the status page, and the login that it shares with the review page."""
    templates = make_templates(shown.gathering.facelist, "status")
    door = Door(guard=guard, templates=templates, encrypted=encrypted, review=shown.review)
    app = make_shell("status", door, [entrance.router, home, status.router])
    app.state.status = shown
    return app
