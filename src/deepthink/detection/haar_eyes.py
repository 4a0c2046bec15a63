"""Eyes by OpenCV's cascade, and faces turned by them: exactly as SentinelCam's nodes do (docs/formats.md, 1.4 and 1.7).

Nodes embed what this cuts out, and their facelists keep what this measures, so every rounding here is theirs. The
limits were made for crops 96 pixels wide and are used on wider ones all the same: large faces seldom pass, and that
too is theirs. DeepThink's own judgement of a face, which has none of that, is `quality.assess`.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from deepthink.detection.align import ByLandmarks, usable_landmarks
from deepthink.detection.opencv import check_image
from deepthink.errors import BadInputError, WeightsError
from deepthink.records import Box

WIDTH = 96  # pixels: what narrower crops are enlarged to, and the side of what is cut out
LEFT_EYE = (0.29, 0.27)  # where the eye on the picture's left comes to lie, in parts of that side
LEAST_APART, MIDDLE = 20, WIDTH // 10  # pixels: between the eyes, and that each keeps from the crop's middle
MOST_TILT, LEAST_FOCUS = 17.0, 50.0  # degrees; variance of the Laplacian
_local = threading.local()  # a cascade is not to be used by two threads at once


@dataclass(frozen=True)
class Eyes:
    """The person's eyes in pixels of the crop, the right one on the picture's left; all 0 when they were not found."""

    rx: int
    ry: int
    lx: int
    ly: int
    dx: int  # right less left: below 0 when two eyes were found, and the sign that they were
    dy: int
    angle: float  # degrees: 0 level, -0.6 or -347.9 tilted either way, -180 without two eyes

    @property
    def tilt(self) -> float:
        """Degrees out of level, 0 to 180, whichever way."""
        return 360 + self.angle if self.angle < -180 else abs(self.angle)


@dataclass(frozen=True)
class Assessment:
    """What SentinelCam finds out of a face before it is asked who it is."""

    eyes: Eyes
    focus: float  # variance of the Laplacian
    candidate: bool  # good enough to be aligned for recognition, and to be proposed for training


NO_EYES = Eyes(0, 0, 0, 0, 0, 0, -180.0)


class EyesCrop(ByLandmarks):
    """Cuts faces out as a node does before it recognises them: aligned when they are candidates, else as they are.

    Parameters
    ----------
    predictor : ShapePredictor, optional
        Finds the landmarks, by which DeepThink judges quality; the crop does not depend on them.
    """

    name, size = "haar-eyes", WIDTH

    def align(self, image: np.ndarray, box: Box, landmarks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return a face's crop and its landmarks, as `Aligner` says."""
        check_image(image)
        landmarks = usable_landmarks(self, image, box, landmarks)
        inside = box.clipped(image.shape[1], image.shape[0])
        crop = enlarge(image[inside.y1 : inside.y2, inside.x1 : inside.x2])
        found = assess(crop)
        if found.candidate:
            return align_eyes(crop, found.eyes), landmarks
        # What OpenCV's blobFromImage would do to it later, to the bit.
        return cv2.resize(crop, (WIDTH, WIDTH), interpolation=cv2.INTER_LINEAR), landmarks


def enlarge(crop: np.ndarray) -> np.ndarray:
    """Return a crop at least 96 pixels wide: itself, or enlarged in its proportions.

    Examples
    --------
    >>> enlarge(np.zeros((50, 48, 3), np.uint8)).shape, enlarge(np.zeros((50, 120, 3), np.uint8)).shape
    ((100, 96, 3), (50, 120, 3))
    """
    check_image(crop)
    rows, columns = crop.shape[:2]
    if columns >= WIDTH:
        return crop
    height = max(1, int(rows * (WIDTH / columns)))  # cut off, not rounded, and the factor first: theirs to the pixel
    return cv2.resize(crop, (WIDTH, height), interpolation=cv2.INTER_CUBIC)


def assess(crop: np.ndarray) -> Assessment:
    """Find the eyes of a face and judge it.

    Parameters
    ----------
    crop : ndarray of uint8, shape (rows, columns, 3)
        BGR, already enlarged.
    """
    check_image(crop)
    grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
    eyes, focus = _find_eyes(grey), float(cv2.Laplacian(grey, cv2.CV_64F).var())
    return Assessment(eyes, focus, is_candidate(eyes, focus))


def is_candidate(eyes: Eyes, focus: float) -> bool:
    """Tell whether a face is good enough for SentinelCam: far enough apart, about the middle, level and sharp."""
    apart = eyes.dx < -LEAST_APART and eyes.lx > WIDTH / 2 + MIDDLE and eyes.rx < WIDTH / 2 - MIDDLE
    return apart and eyes.tilt < MOST_TILT and focus > LEAST_FOCUS


def angle_of(dx: int, dy: int) -> float:
    """Return the angle of the line between two eyes as facelists give it, in degrees, -360 to 0.

    Examples
    --------
    >>> [round(angle_of(dx, dy), 1) for dx, dy in ((-42, -9), (-44, 3), (-40, 0), (0, 0))]
    [-347.9, -3.9, 0.0, -180.0]
    """
    return float(np.degrees(np.arctan2(dy, dx)) - 180)


def align_eyes(crop: np.ndarray, eyes: Eyes) -> np.ndarray:
    """Return the face, (96, 96, 3), turned and scaled so that its eyes are level and lie where OpenFace wants them.

    Parameters
    ----------
    crop : ndarray of uint8, shape (rows, columns, 3)
        BGR, already enlarged.
    eyes : Eyes
        As `assess` found them, or as a facelist's row keeps them; its angle is used as it is, rounded there.

    Raises
    ------
    BadInputError
        When there are no eyes to go by.
    """
    check_image(crop)
    apart = math.sqrt(eyes.dx**2 + eyes.dy**2)  # hypot's last bit may differ from theirs
    if not apart:
        raise BadInputError("No two eyes were found in this face: embed the crop as it is.")
    middle = ((eyes.lx + eyes.rx) // 2, (eyes.ly + eyes.ry) // 2)
    turn = cv2.getRotationMatrix2D(middle, eyes.angle, ((1.0 - LEFT_EYE[0]) - LEFT_EYE[0]) * WIDTH / apart)
    turn[0, 2] += WIDTH * 0.5 - middle[0]
    turn[1, 2] += WIDTH * LEFT_EYE[1] - middle[1]
    return cv2.warpAffine(crop, turn, (WIDTH, WIDTH), flags=cv2.INTER_CUBIC)


def _find_eyes(grey: np.ndarray) -> Eyes:
    found = _cascade().detectMultiScale(grey, 1.05, 3, minSize=(20, 20), maxSize=(35, 35))
    half = grey.shape[0] // 2
    places = [(int(x + w // 2), int(y + h // 2)) for x, y, w, h in found]
    # Mouths, nostrils and brows: eyes lie in the second quarter from above, and a little below it.
    likely = [(x, y) for x, y in places if half // 2 <= y <= half * 1.05]
    if len(likely) != 2:
        return NO_EYES
    (rx, ry), (lx, ly) = sorted(likely, key=lambda place: place[0])
    dx, dy = rx - lx, ry - ly
    return Eyes(rx, ry, lx, ly, dx, dy, angle_of(dx, dy))


def _cascade() -> cv2.CascadeClassifier:
    """Return this thread's own cascade."""
    if not hasattr(_local, "cascade"):
        path = Path(cv2.__file__).parent / "data" / "haarcascade_eye.xml"
        cascade = cv2.CascadeClassifier(str(path)) if path.is_file() else None
        if cascade is None or cascade.empty():
            raise WeightsError(f"{path} is missing: OpenCV needs pip install 'opencv-python-headless<5'.")
        _local.cascade = cascade
    return _local.cascade
