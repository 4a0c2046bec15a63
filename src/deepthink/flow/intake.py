"""A picture from outside becomes a face of ours: read, found, aligned and judged by our own pipeline."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

import cv2
import numpy as np

from deepthink.curation.facelist import Eyes
from deepthink.curation.hashes import difference_hash
from deepthink.curation.sources.base import Corners, Offer
from deepthink.curation.sources.picture import as_jpeg, read_picture
from deepthink.curation.sweep import eyes_in_crop
from deepthink.detection.base import Detector
from deepthink.detection.detect import align, decode, find_faces
from deepthink.detection.quality import face_crop
from deepthink.errors import BadInputError
from deepthink.flow.bring_record import BEFORE
from deepthink.recognition.recognise import Senses
from deepthink.records import Box, FrameKey

# Of the longer side, put around a picture that is nothing but a face: detectors want to see around it. Of 68 faces cut
# out of photographs the cascade finds 26 as they are and all with this room; YuNet all in either case.
ROOM = 0.3
BACKGROUND = 0.5  # a face less than this of the largest one's width is somebody who passes behind
MEANT = 0.2  # overlap from which on a face is the one whose box another system gave
_GREY = (127, 127, 127)
_LEAST = 16  # pixels of a side
UNMARKED = "no face where one was marked"
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
        content, marked = offer.read(), offer.marked()
        told = content if marked is None else content + repr(marked).encode()
        arrived = replace(arrived, sha256=hashlib.sha256(told).hexdigest())
        if arrived.sha256 in known:
            return replace(arrived, why=BEFORE)
        image, meant = read_picture(content), None
        if marked is not None:
            image, meant = _surroundings(image, marked)
        return _face(arrived, image, meant, detector, senses)
    except BadInputError as error:
        return replace(arrived, why=str(error))


def _surroundings(image: np.ndarray, marked: Corners) -> tuple[np.ndarray, Box]:
    """Return what is around a face that was marked, and where in that it is: the others there are not its event's."""
    height, width = image.shape[:2]
    if not all(-1 <= side <= 2 for side in marked):
        raise BadInputError(UNMARKED)
    x1, y1, x2, y2 = (round(side * across) for side, across in zip(marked, (width, height) * 2, strict=True))
    room = max(x2 - x1, y2 - y1)
    area = Box(x1 - room, y1 - room, x2 + room, y2 + room).clipped(width, height)
    if min(x2 - x1, y2 - y1) <= 0 or min(area.width, area.height) < _LEAST:
        raise BadInputError(UNMARKED)
    return image[area.y1 : area.y2, area.x1 : area.x2], Box(x1 - area.x1, y1 - area.y1, x2 - area.x1, y2 - area.y1)


def _face(arrived: Arrival, image: np.ndarray, meant: Box | None, detector: Detector, senses: Senses) -> Arrival:
    """Find the face in the picture as it will lie in the datasink."""
    jpeg, box = _found(image, meant, detector)
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


def _found(image: np.ndarray, meant: Box | None, detector: Detector) -> tuple[bytes, Box]:
    """Return the picture to keep and its one face; a picture that is all face gets room around it."""
    for around in (0, round(ROOM * max(image.shape[:2]))):
        jpeg = as_jpeg(_with_room(image, around) if around else image)
        faces = find_faces(decode(jpeg), [], detector)
        if faces:
            return jpeg, _the_one([face.box for face in faces], meant, around)
    raise BadInputError("no face")


def _with_room(image: np.ndarray, around: int) -> np.ndarray:
    return np.asarray(cv2.copyMakeBorder(image, around, around, around, around, cv2.BORDER_CONSTANT, value=_GREY))


def _the_one(boxes: list[Box], meant: Box | None, around: int) -> Box:
    """Return the face that is meant: the one that was marked, or the only one that does not pass behind."""
    if meant is not None:
        there = Box(meant.x1 + around, meant.y1 + around, meant.x2 + around, meant.y2 + around)
        best = max(boxes, key=there.overlap)
        if there.overlap(best) < MEANT:
            raise BadInputError(UNMARKED)
        return best
    largest = max(boxes, key=lambda box: box.width)
    if sum(box.width >= BACKGROUND * largest.width for box in boxes) > 1:
        raise BadInputError("several faces")
    return largest
