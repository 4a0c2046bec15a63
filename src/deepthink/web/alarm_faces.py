"""The faces that an alarm shows, cut out of their pictures."""

from __future__ import annotations

from deepthink.flow.wiring import Site
from deepthink.learning.sightings import row_of
from deepthink.settings import Settings
from deepthink.web.pictures import FOLDER, Faces


def faces_of(settings: Settings) -> Faces:
    """Return the faces of a site's datasink, kept where the review page keeps them."""
    datasink = Site(settings).datasink
    return Faces(settings.path(settings.montages) / FOLDER, lambda row: datasink.picture(row.frame))


def cut_out(faces: Faces, key: str) -> bytes:
    """Return a face by its key, "date|event|time|(x1,y1,x2,y2)", as a small JPEG."""
    return faces.get(row_of(key), "small")
