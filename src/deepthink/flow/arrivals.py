"""A picture from outside becomes a face of ours: read, found, aligned and judged by our own pipeline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import cv2
import numpy as np

from deepthink.curation.facelist import Eyes
from deepthink.curation.hashes import difference_hash
from deepthink.curation.sources.base import Offer
from deepthink.curation.sources.picture import as_jpeg, read_picture
from deepthink.curation.sweep import eyes_in_crop
from deepthink.detection.base import Detector
from deepthink.detection.detect import align, decode, find_faces
from deepthink.detection.quality import face_crop
from deepthink.errors import BadInputError
from deepthink.flow.bring_record import BEFORE
from deepthink.recognition.recognise import Senses
from deepthink.records import Box, Detection, FrameKey

# Of the longer side, put around a picture that is nothing but a face: detectors want to see around it. Of 68 faces cut
# out of photographs the cascade finds 26 as they are and all with this room; YuNet all in either case.
ROOM = 0.3
BACKGROUND = 0.5  # a face less than this of the largest one's width is somebody who passes behind
MEANT = 0.2  # overlap from which on a face is the one whose box another system gave
_GREY = (127, 127, 127)
_NO_BOX, _NO_EYES = Box(0, 0, 0, 0), Eyes()
_NOWHERE = FrameKey("", "", datetime(2000, 1, 1))  # it has no place in the datasink yet


@dataclass(frozen=True)
class Arrival:
    """A picture that was looked at: a face that can be kept, or why there is none."""

    offer: Offer
    sha256: str = ""
    why: str = ""  # it is passed over
    jpeg: bytes = b""
    size: tuple[int, int] = (0, 0)  # width and height of the picture
    box: Box = _NO_BOX
    eyes: Eyes = _NO_EYES
    focus: float = 0.0
    hashed: int = 0  # perceptual hash of the face
    whole: int = 0  # and of the picture as it came


def look_at(offer: Offer, known: frozenset[str], detector: Detector, senses: Senses) -> Arrival:
    """Read a picture and make a face of it.

    Parameters
    ----------
    offer : Offer
    known : frozenset of str
        The sha256 of files that were imported before: not looked at again.
    detector : Detector
    senses : Senses

    Raises
    ------
    StepError
        The source does not answer any more.
    """
    arrived = Arrival(offer)
    try:
        content = offer.read()
        arrived = replace(arrived, sha256=hashlib.sha256(content).hexdigest())
        if arrived.sha256 in known:
            return replace(arrived, why=BEFORE)
        return _face(arrived, read_picture(content), detector, senses)
    except BadInputError as error:
        return replace(arrived, why=str(error))


def _face(arrived: Arrival, image: np.ndarray, detector: Detector, senses: Senses) -> Arrival:
    """Find the face in the picture as it will lie in the datasink."""
    jpeg, box = _found(image, arrived.offer.box, detector)
    kept = decode(jpeg)
    height, width = kept.shape[:2]
    inside = box.clipped(width, height)
    sample = align(_NOWHERE, kept, inside, senses.aligner, senses.rules)
    if not sample.quality.usable:
        raise BadInputError(sample.quality.reason.split(":")[0].split(" by ")[0])  # without figures: it is counted
    hashed = difference_hash(face_crop(kept, inside))
    eyes = eyes_in_crop(sample, inside)
    return replace(
        arrived, jpeg=jpeg, size=(width, height), box=inside, eyes=eyes, focus=sample.quality.focus, hashed=hashed,
        whole=difference_hash(image),
    )  # fmt: skip


def _found(image: np.ndarray, meant: tuple[float, float, float, float] | None, detector: Detector) -> tuple[bytes, Box]:
    """Return the picture to keep and its one face; a picture that is all face gets room around it."""
    for around in (0, round(ROOM * max(image.shape[:2]))):
        jpeg = as_jpeg(_with_room(image, around) if around else image)
        faces = find_faces(decode(jpeg), [], detector)
        if faces:
            return jpeg, _the_one(faces, meant, image.shape[1], image.shape[0], around)
    raise BadInputError("no face")


def _with_room(image: np.ndarray, around: int) -> np.ndarray:
    return np.asarray(cv2.copyMakeBorder(image, around, around, around, around, cv2.BORDER_CONSTANT, value=_GREY))


def _the_one(
    faces: list[Detection], meant: tuple[float, float, float, float] | None, width: int, height: int, around: int
) -> Box:
    """Return the face that is meant: the one whose box was given, or the only one that does not pass behind."""
    boxes = [face.box for face in faces]
    if meant is not None:
        x1, y1, x2, y2 = meant
        there = Box(round(x1 * width), round(y1 * height), round(x2 * width), round(y2 * height))
        there = Box(there.x1 + around, there.y1 + around, there.x2 + around, there.y2 + around)
        best = max(boxes, key=there.overlap)
        if there.overlap(best) < MEANT:
            raise BadInputError("no face where one was marked")
        return best
    largest = max(boxes, key=lambda box: box.width)
    if sum(box.width >= BACKGROUND * largest.width for box in boxes) > 1:
        raise BadInputError("several faces")
    return largest
