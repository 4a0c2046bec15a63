"""The ways to cut a face, or a thing, out of a picture, by the names that embedders ask for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from deepthink.detection.align import MEAN_FACE, ByLandmarks, DlibChip, usable_landmarks
from deepthink.detection.base import Aligner
from deepthink.detection.haar_eyes import WIDTH, EyesCrop
from deepthink.detection.landmarks import ShapePredictor
from deepthink.detection.opencv import check_image
from deepthink.detection.points import to_dlib
from deepthink.errors import BadInputError, SettingsError
from deepthink.records import Alignment, Box

# Where the landmarks lie in a crop, as a part of its side.
ARCFACE = (  # Deng et al. 2019, ArcFace; the same in SFace, MobileFaceNet and most networks of 112 pixels
    np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]) / 112
)
# Amos, Ludwiczuk and Satyanarayanan 2016, OpenFace: dlib's mean face of 68 landmarks fills the crop
OPENFACE = np.array([(0.7889, 0.1582), (0.619, 0.1728), (0.1942, 0.1693), (0.3638, 0.1779), (0.495, 0.5144)])
KINDS = ("dlib-chip", "arcface", "openface", "haar-eyes", "points", "box")


class PointsCrop(ByLandmarks):
    """Turns, scales and moves a face so that its landmarks lie nearest to given places (Umeyama 1991).

    Parameters
    ----------
    size : int
        Side of the crop in pixels.
    points : array_like of shape (5, 2)
        Where dlib's five landmarks come to lie, in pixels of the crop.
    predictor : ShapePredictor, optional
        Finds landmarks that are not given.

    Examples
    --------
    >>> crop, _ = PointsCrop(112, to_dlib(ARCFACE * 112)).align(np.zeros((90, 90, 3), np.uint8), Box(10, 10, 80, 80))
    >>> crop.shape
    (112, 112, 3)
    """

    name = "points"

    def __init__(self, size: int, points: Any, predictor: ShapePredictor | None = None) -> None:
        super().__init__(predictor)
        self.size, self.points = size, np.asarray(points, np.float64)

    def align(self, image: np.ndarray, box: Box, landmarks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return a face's crop and its landmarks, as `Aligner` says."""
        check_image(image)
        landmarks = usable_landmarks(self, image, box, landmarks)
        to_crop = _similarity(landmarks, self.points)
        return cv2.warpAffine(image, to_crop, (self.size, self.size), flags=cv2.INTER_LINEAR), landmarks


class BoxCrop:
    """Cuts out what is in a box, upright, squared by adding room: for vehicles and pets, which have no landmarks.

    Parameters
    ----------
    size : int
        Side of the crop in pixels.
    padding : float
        Room on every side, as a part of the box's longer side.
    """

    name = "box"

    def __init__(self, size: int, padding: float) -> None:
        self.size, self.padding = size, padding

    def find(self, images: Sequence[np.ndarray], boxes: Sequence[Box]) -> np.ndarray:
        """Return where the landmarks (n, 5, 2) of an upright average face would lie that fills each box."""
        corners = np.array([(box.x1, box.y1) for box in boxes], np.float32).reshape(-1, 1, 2)
        sides = np.array([(box.width, box.height) for box in boxes], np.float32).reshape(-1, 1, 2)
        return corners + sides * MEAN_FACE.astype(np.float32)

    def align(self, image: np.ndarray, box: Box, landmarks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return a box's crop, black where the image does not reach, and its landmarks."""
        check_image(image)
        if not (box.width and box.height):
            raise BadInputError(f"{box} is empty: there is nothing to cut out.")
        reach = round(max(box.width, box.height) * (0.5 + self.padding))
        x, y = (box.x1 + box.x2) // 2, (box.y1 + box.y2) // 2
        square = _cut(image, Box(x - reach, y - reach, x + reach, y + reach))
        how = cv2.INTER_AREA if 2 * reach > self.size else cv2.INTER_LINEAR
        crop = cv2.resize(square, (self.size, self.size), interpolation=how)
        return crop, self.find([image], [box])[0] if landmarks is None else landmarks


def aligner(alignment: Alignment) -> Aligner:
    """Return what cuts crops as an embedder asks for them.

    Raises
    ------
    SettingsError
        There is no such way.

    Examples
    --------
    >>> aligner(Alignment("arcface", 112)).size
    112
    """
    size = alignment.size
    if alignment.kind == "dlib-chip":
        return DlibChip(size=size, padding=alignment.padding)
    if alignment.kind == "box":
        return BoxCrop(size, alignment.padding)
    if alignment.kind == "haar-eyes" and size == WIDTH:
        return EyesCrop()
    places = {"arcface": to_dlib(ARCFACE * size), "openface": OPENFACE * size, "points": np.array(alignment.points)}
    if alignment.kind not in places:
        raise SettingsError(f"There is no alignment {alignment.kind!r}. Known: {', '.join(KINDS)}.")
    return PointsCrop(size, places[alignment.kind])


def _cut(image: np.ndarray, area: Box) -> np.ndarray:
    """Return a part of an image, black where the image does not reach."""
    rows, columns = image.shape[:2]
    inside = area.clipped(columns, rows)
    part = image[inside.y1 : inside.y2, inside.x1 : inside.x2]
    whole = np.zeros((area.height, area.width, 3), np.uint8)
    top, left = inside.y1 - area.y1, inside.x1 - area.x1
    whole[top : top + part.shape[0], left : left + part.shape[1]] = part
    return whole


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return the turn, scale and shift, (2, 3), that take landmarks nearest to where they should be (Umeyama 1991)."""
    start, end = (points.astype(np.float64) @ (1, 1j) for points in (source, target))
    middle, goal = start.mean(), end.mean()
    spread = (np.abs(start - middle) ** 2).sum()
    turn = ((start - middle).conj() * (end - goal)).sum() / spread
    shift = goal - turn * middle
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
