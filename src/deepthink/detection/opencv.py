"""Finds faces with what OpenCV brings: a cascade that needs no file, and the YuNet network."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from deepthink import weights
from deepthink.detection.points import to_dlib
from deepthink.errors import BadInputError, WeightsError
from deepthink.records import Box, Detection

# How these detectors' boxes are turned into dlib's, which the landmarks were trained on: fitted on 456 photographs of
# Labeled Faces in the Wild at 1, 1.67 and 3 times their size, against the mean of dlib's boxes over 8 scales. Parts of
# a box's side; what is left over is the standard deviation in parts of dlib's side (dlib's own, from scale to scale:
# side 0.057, across 0.023, down 0.027).
CASCADE_SIDE, CASCADE_DOWN = 0.906, 0.087  # left over: side 0.067, across 0.026, down 0.037
YUNET_WIDTH, YUNET_HEIGHT = 0.69, 0.30  # of YuNet's box, summed to dlib's side; left over 0.052
YUNET_LEAST = (
    64  # pixels; at 32 and below OpenCV's network reads memory that nobody wrote: faces of 1e27 pixels, or NaN
)
YUNET_TO_LANDMARKS = 0.82  # of the way from its box's middle to its landmarks'; left over: across 0.022, down 0.038


class CascadeDetector:
    """OpenCV's frontal faces: a cascade of boosted rectangle features (Viola and Jones 2001), with no file to get.

    It finds upright faces seen from the front: 451 of 456 photographs of Labeled Faces in the Wild at 150
    pixels and 452 at 250. Looking again with the contrast evened out finds a few faces in deep shade more, but as many
    backs of heads, and doubles the time of every empty frame.

    Parameters
    ----------
    smallest : int, default=40
        Side in pixels of the smallest face looked for; smaller ones cost time and cannot be told apart.
    neighbours : int, default=3
        Overlapping finds that make a face. More miss more and err less.
    longest : int, default=400
        Longer sides of an image are reduced to this many pixels before the cascade sees it, to bound the time.

    Examples
    --------
    >>> CascadeDetector().detect(np.zeros((240, 320, 3), np.uint8))
    []
    """

    name = "opencv"

    def __init__(self, *, smallest: int = 40, neighbours: int = 3, longest: int = 400) -> None:
        self.smallest, self.neighbours, self.longest = smallest, neighbours, longest

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Return the faces of a BGR uint8 image, surest first; the confidence is the number of overlapping finds."""
        check_image(image)
        scale = min(1.0, self.longest / max(image.shape[:2]))
        grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
        if scale < 1:
            grey = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        side = max(20, round(self.smallest / CASCADE_SIDE * scale))
        boxes, counts = self._cascade.detectMultiScale2(grey, 1.1, self.neighbours, minSize=(side, side))
        found = [
            Detection(_square(x + w / 2, y + h / 2 + CASCADE_DOWN * w, CASCADE_SIDE * w), float(count))
            for (x, y, w, h), count in zip(np.reshape(boxes, (-1, 4)) / scale, counts, strict=True)
        ]
        return _without_repeats(found)

    @cached_property
    def _cascade(self) -> cv2.CascadeClassifier:
        path = Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_alt2.xml"
        cascade = cv2.CascadeClassifier(str(path)) if path.is_file() else None
        if cascade is None or cascade.empty():
            raise WeightsError(f"{path} is missing: OpenCV needs pip install 'opencv-python-headless<5'.")
        return cascade


class YunetDetector:
    """The YuNet network (Wu, Peng and Yu 2023, "YuNet: a tiny millisecond-level face detector"), through OpenCV.

    It finds turned and small faces that the cascade misses: all of those 456 photographs. The weight file is
    read at the first call. Its own landmarks (eye middles, nose tip, mouth corners) are handed on as dlib's five would
    lie: crops cut by them tell people apart as well as those cut by dlib's (equal error rate of all pairs of 456
    photographs 1.3 against 1.4 %), but are others: embeddings lie 0.17 apart. A site uses one kind throughout, and as
    SentinelCam's files keep no landmarks, that is dlib's.

    Parameters
    ----------
    smallest : int, default=40
        Side in pixels of the smallest face returned.
    confidence : float, default=0.8
        Least score, 0 to 1. At 0.8 nothing but faces was found in them at 150 and 250 pixels; at 0.7, 6 others.
    longest : int, default=640
        Longer sides of an image are reduced to this many pixels before the network sees it, to bound the time.
    """

    name = "yunet"

    def __init__(self, *, smallest: int = 40, confidence: float = 0.8, longest: int = 640) -> None:
        self.smallest, self.confidence, self.longest = smallest, confidence, longest

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Return the faces of a BGR uint8 image, surest first; the confidence is the network's score, 0 to 1.

        Raises
        ------
        WeightsError
            When the weight file is absent or altered.
        """
        check_image(image)
        scale = min(1.0, self.longest / max(image.shape[:2]))
        small = image if scale == 1 else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        below, beside = (max(0, YUNET_LEAST - side) for side in small.shape[:2])
        small = cv2.copyMakeBorder(small, 0, below, 0, beside, cv2.BORDER_CONSTANT)
        self._network.setInputSize(small.shape[1::-1])
        rows = self._network.detect(small)[1]
        found = [_from_yunet(row, scale) for row in (rows if rows is not None else ())]
        return sorted((each for each in found if each.box.width >= self.smallest), key=lambda each: -each.confidence)

    @cached_property
    def _network(self) -> cv2.FaceDetectorYN:
        return cv2.FaceDetectorYN.create(str(weights.find("yunet")), "", (320, 320), self.confidence, 0.3, 100)


def check_image(image: np.ndarray) -> None:
    """Raise BadInputError unless `image` is BGR uint8 with something in it."""
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
        raise BadInputError(f"An image of shape {image.shape} and type {image.dtype} is not BGR uint8.")


def _from_yunet(row: np.ndarray, scale: float) -> Detection:
    """Return a find in dlib's convention; a row is x, y, width, height, five landmarks and the score."""
    x, y, width, height = (row[:4] / scale).tolist()
    points = (row[4:14] / scale).reshape(5, 2)
    # dlib's box follows a turned head, YuNet's does not; its landmarks do (without: 0.067 across instead of 0.022).
    middle = np.array([x + width / 2, y + height / 2])
    middle += YUNET_TO_LANDMARKS * (points.mean(axis=0) - middle)
    box = _square(middle[0], middle[1], YUNET_WIDTH * width + YUNET_HEIGHT * height)
    return Detection(box, float(row[14]), to_dlib(points))


def _square(x: float, y: float, side: float) -> Box:
    """Return the square of whole pixels around a centre."""
    left, top, length = round(x - side / 2), round(y - side / 2), round(side)
    return Box(left, top, left + length, top + length)


def _without_repeats(found: list[Detection]) -> list[Detection]:
    """Keep the surer one of two finds that overlap, or of which one lies around the other's middle; surest first."""
    kept: list[Detection] = []
    for each in sorted(found, key=lambda each: -each.confidence):
        if not any(_same_face(each.box, other.box) for other in kept):
            kept.append(each)
    return kept


def _same_face(one: Box, other: Box) -> bool:
    x, y = (one.x1 + one.x2) / 2, (one.y1 + one.y2) / 2
    return one.overlap(other) > 0.25 or (other.x1 <= x <= other.x2 and other.y1 <= y <= other.y2)
