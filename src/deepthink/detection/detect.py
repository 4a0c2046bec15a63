"""Finds the faces in one frame, and makes samples of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from deepthink.detection.base import Aligner, Detector
from deepthink.detection.quality import QualityRules, assess
from deepthink.errors import BadInputError
from deepthink.records import Box, Detection, FrameKey, Sample

MARGIN = 0.15  # of a person's box, added on every side: heads reach out of the boxes that trackers draw
SAME_FACE = 0.4  # intersection over union above which two finds are one face
_SMALLEST_FRAME = 16  # pixels; SentinelCam's stand-in for a missing picture is 1 x 1
_END_OF_JPEG = b"\xff\xd9"


class Face(NamedTuple):
    """A face in a frame that is in memory, and what it is called there."""

    key: FrameKey
    image: np.ndarray  # BGR uint8
    box: Box
    name: str = ""


def decode(jpeg: bytes) -> np.ndarray:
    """Decode a picture.

    A truncated JPEG decodes to a picture with a grey lower part, in which a face may be half: it is refused.

    Returns
    -------
    ndarray of shape (height, width, 3), uint8
        BGR.

    Raises
    ------
    BadInputError
        The bytes are not a whole picture.
    """
    if jpeg[:2] == b"\xff\xd8" and _END_OF_JPEG not in jpeg[-64:]:
        raise BadInputError("the picture is truncated")
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR) if jpeg else None
    if image is None:
        raise BadInputError("the picture cannot be decoded")
    if min(image.shape[:2]) < _SMALLEST_FRAME:
        raise BadInputError(f"the picture is only {image.shape[1]} x {image.shape[0]} pixels")
    return image


def find_faces(image: np.ndarray, people: Sequence[Box], detector: Detector) -> list[Detection]:
    """Find the faces of the people in a frame, each once, from left to right.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The frame, BGR.
    people : sequence of Box
        Where people were seen; empty to look everywhere.
    detector : Detector
        Finds faces in a picture.
    """
    height, width = image.shape[:2]
    area = _around(people, width, height) if people else Box(0, 0, width, height)
    if min(area.width, area.height) < _SMALLEST_FRAME:
        return []
    seen = detector.detect(np.ascontiguousarray(image[area.y1 : area.y2, area.x1 : area.x2]))
    moved = [_moved(detection, area) for detection in seen]
    return _each_once([found for found in moved if found.box.clipped(width, height).width > 0])


def align(
    key: FrameKey,
    image: np.ndarray,
    box: Box,
    aligner: Aligner,
    rules: QualityRules,
    landmarks: np.ndarray | None = None,
) -> Sample:
    """Make a sample of one face: landmarks, the embedder's crop, and a judgement of its quality.

    Raises
    ------
    BadInputError
        The box lies outside the frame, or holds too little of it to be a face.
    """
    inside = _inside(image, box)
    crop, points = aligner.align(image, box, landmarks)
    return Sample(key, box, points, crop, assess(image, inside, points, rules))


def align_each(
    faces: Sequence[Face], aligner: Aligner, rules: QualityRules, refused: Callable[[Face, str], None]
) -> Iterator[tuple[Face, Sample]]:
    """Make samples of several faces, in less time than one by one.

    Parameters
    ----------
    faces : sequence of Face
        From any frames; a few dozen at once, because all their frames are in memory.
    aligner : Aligner
    rules : QualityRules
    refused : callable
        Told of each face of which no sample can be made, and why; it is left out.
    """
    good = []
    for face in faces:
        try:
            _inside(face.image, face.box)
            good.append(face)
        except BadInputError as error:
            refused(face, str(error))
    landmarks = aligner.find([face.image for face in good], [face.box for face in good])
    for face, points in zip(good, landmarks, strict=True):
        try:
            yield face, align(face.key, face.image, face.box, aligner, rules, points)
        except BadInputError as error:
            refused(face, str(error))


def _inside(image: np.ndarray, box: Box) -> Box:
    height, width = image.shape[:2]
    inside = box.clipped(width, height)
    if inside.width < _SMALLEST_FRAME or inside.height < _SMALLEST_FRAME:
        raise BadInputError(f"box {box} holds no face inside the {width} x {height} frame")
    return inside


def _around(people: Sequence[Box], width: int, height: int) -> Box:
    margin = [(round(box.width * MARGIN), round(box.height * MARGIN)) for box in people]
    grown = [
        Box(box.x1 - dx, box.y1 - dy, box.x2 + dx, box.y2 + dy) for box, (dx, dy) in zip(people, margin, strict=True)
    ]
    whole = Box(min(b.x1 for b in grown), min(b.y1 for b in grown), max(b.x2 for b in grown), max(b.y2 for b in grown))
    return whole.clipped(width, height)


def _moved(detection: Detection, area: Box) -> Detection:
    box = detection.box
    points = detection.landmarks
    return Detection(
        Box(box.x1 + area.x1, box.y1 + area.y1, box.x2 + area.x1, box.y2 + area.y1),
        detection.confidence,
        None if points is None else points + np.array([area.x1, area.y1], np.float32),
    )


def _each_once(found: list[Detection]) -> list[Detection]:
    kept: list[Detection] = []
    for detection in sorted(found, key=lambda one: (-one.confidence, one.box)):
        if all(detection.box.overlap(other.box) < SAME_FACE for other in kept):
            kept.append(detection)
    return sorted(kept, key=lambda one: one.box)
