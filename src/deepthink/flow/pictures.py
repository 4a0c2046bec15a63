"""The faces that a report shows, cut from the datasink's pictures."""

from __future__ import annotations

import base64
from collections.abc import Callable

import cv2
import numpy as np

from deepthink.curation.montage import square
from deepthink.detection.detect import decode
from deepthink.embedding.facedata import FaceData, frame_of
from deepthink.errors import BadInputError
from deepthink.flow.wiring import Site
from deepthink.model.artifact import Recogniser
from deepthink.validation.metrics import Look

SIDE = 80  # pixels: sharp enough to know a person by, small enough for a page with hundreds
QUALITY = 80  # of the JPEG


def show_faces(site: Site) -> Callable[[Look], str]:
    """Return what turns a face into a data address that a page can hold; empty when its picture is gone."""

    def show(look: Look) -> str:
        try:
            image = decode(site.datasink.picture(look.frame))
        except BadInputError:
            return ""
        face = cv2.resize(square(image, look.box), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        done, content = cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        return f"data:image/jpeg;base64,{base64.b64encode(content.tobytes()).decode()}" if done else ""

    return show


def typical(gallery: FaceData, recogniser: Recogniser) -> dict[str, Look]:
    """Return the enrolled face of each person that is nearest to the baseline: how they look to the recogniser."""
    people = gallery.people
    faces = {}
    for who, person in enumerate(recogniser.people):
        own = np.flatnonzero(people == person)
        if len(own):
            near = own[np.linalg.norm(gallery.vectors[own] - recogniser.rule.centroids[who], axis=1).argmin()]
            faces[person] = Look(*frame_of(gallery.keys[near]), person)
    return faces
