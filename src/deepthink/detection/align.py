"""Cuts faces out as dlib does, so that dlib's network sees what it was trained on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from deepthink.detection.base import Aligner
from deepthink.detection.chip import Region, cut
from deepthink.detection.landmarks import ShapePredictor
from deepthink.errors import BadInputError
from deepthink.records import Box

# Where dlib's five landmarks lie on its average face, across and down a square from brows to chin.
MEAN_FACE = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)


class ByLandmarks:
    """What the aligners share that go by dlib's five landmarks.

    Parameters
    ----------
    predictor : ShapePredictor, optional
        Finds landmarks that are not given.
    """

    def __init__(self, predictor: ShapePredictor | None = None) -> None:
        self.predictor = predictor or ShapePredictor()

    def find(self, images: Sequence[np.ndarray], boxes: Sequence[Box]) -> np.ndarray:
        """Return dlib's five landmarks (n, 5, 2) of one face in each image; sooner than one by one."""
        return self.predictor.predict_each(images, boxes)


class DlibChip(ByLandmarks):
    """Turns and scales a face so that its landmarks lie as on dlib's average face (King 2009, ``get_face_chip``).

    Parameters
    ----------
    size : int, default=150
        Side of the crop in pixels.
    padding : float, default=0.25
        Room around the average face, as a part of its side; dlib's network was trained with 0.25.
    predictor : ShapePredictor, optional
        Finds landmarks that are not given.

    Examples
    --------
    >>> crop, landmarks = DlibChip().align(np.full((200, 200, 3), 90, np.uint8), Box(50, 50, 150, 150))
    >>> crop.shape, landmarks.shape
    ((150, 150, 3), (5, 2))
    """

    name = "dlib-chip"

    def __init__(self, *, size: int = 150, padding: float = 0.25, predictor: ShapePredictor | None = None) -> None:
        super().__init__(predictor)
        self.size, self.padding = size, padding

    def align(self, image: np.ndarray, box: Box, landmarks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return a face's crop and its landmarks.

        Parameters
        ----------
        image : ndarray of uint8, shape (rows, columns, 3)
            BGR.
        box : Box
            The face, in dlib's convention; not looked at when landmarks are given.
        landmarks : ndarray, shape (5, 2), optional
            dlib's five, in pixels of the image.

        Returns
        -------
        crop : ndarray of uint8, shape (size, size, 3)
            BGR; black where the image does not reach.
        landmarks : ndarray of float32, shape (5, 2)
            In pixels of the image.

        Raises
        ------
        BadInputError
            When the image is not BGR uint8, or the box or the landmarks span nothing.
        WeightsError
            When landmarks are to be found and the weight file is absent or altered.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            raise BadInputError(f"An image of shape {image.shape} and type {image.dtype} is not BGR uint8.")
        landmarks = usable_landmarks(self, image, box, landmarks)
        # dlib's landmarks are whole pixels; the network's numbers are compared with those of dlib's crops.
        whole = np.floor(landmarks.astype(np.float64) + 0.5)
        return cut(image, fit_region(whole, self.size, self.padding), self.size), landmarks


def usable_landmarks(aligner: Aligner, image: np.ndarray, box: Box, landmarks: np.ndarray | None) -> np.ndarray:
    """Return the landmarks that are given, or else those that the aligner finds, (5, 2) float32.

    Raises
    ------
    BadInputError
        When the box is empty, or the landmarks lie on one another and so give no scale.
    """
    if landmarks is None:
        if not (box.width and box.height):
            raise BadInputError(f"{box} is empty: there is no face to align.")
        landmarks = aligner.find([image], [box])[0]
    landmarks = np.asarray(landmarks, np.float32)
    if not np.ptp(landmarks, axis=0).max() > 2:
        raise BadInputError("The landmarks lie on one another: there is no face to align.")
    return landmarks


def fit_region(landmarks: np.ndarray, size: int, padding: float) -> Region:
    """Return the region whose crop has the landmarks nearest to the average face's (Umeyama 1991, least squares).

    Raises
    ------
    BadInputError
        When the landmarks coincide, so that they give no scale.
    """
    source = (padding + MEAN_FACE) / (2 * padding + 1) * size
    centre, target = source.mean(axis=0), landmarks.mean(axis=0)
    start, end = source - centre, landmarks - target
    along = (start * end).sum() / (start**2).sum()
    across = (start[:, 0] * end[:, 1] - start[:, 1] * end[:, 0]).sum() / (start**2).sum()
    scale = math.hypot(along, across)
    if not size * scale > 2:
        raise BadInputError("The landmarks lie on one another: there is no face to align.")
    x, y = size / 2 - centre  # of the crop, seen from the middle of its landmarks
    middle = (target[0] + along * x - across * y, target[1] + across * x + along * y)
    return Region(*middle, size * scale - 1, math.atan2(across, along))
