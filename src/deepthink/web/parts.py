"""What the review page's routes share."""

from __future__ import annotations

from dataclasses import dataclass

from deepthink.flow.desk import Desk
from deepthink.web.door import Door
from deepthink.web.pictures import Faces


@dataclass(frozen=True, kw_only=True)
class Parts(Door):
    """What the review page's routes share."""

    desk: Desk
    faces: Faces
