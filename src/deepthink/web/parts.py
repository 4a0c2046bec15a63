"""What the page's routes share."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi.templating import Jinja2Templates

from deepthink.flow.desk import Desk
from deepthink.web.guard import Guard
from deepthink.web.pictures import Faces


@dataclass(frozen=True)
class Parts:
    """What the page's routes share."""

    desk: Desk
    guard: Guard
    faces: Faces
    templates: Jinja2Templates
    encrypted: bool  # whether browsers reach us by TLS

    def shown(self, name: str) -> str:
        """Return how people see a person's name."""
        return str(self.templates.env.filters["shown"](name))
