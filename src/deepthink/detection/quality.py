"""Whether a face can be recognised at all, judged before anyone asks who it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from deepthink.records import Box, Quality

_CONTRAST, _FLAT = 50.0, 8.0  # grey levels: what a face's contrast is brought to, and below which it is noise
FACE_WIDTH = 96  # pixels; SentinelCam judges focus, and keeps eyes, in a crop enlarged to this width


@dataclass(frozen=True)
class QualityRules:
    """What a usable face must have; see `Quality` for the units."""

    min_size: int = 40
    min_focus: float = 5.0
    max_angle: float = 40.0
    max_turn: float = 0.75


def assess(image: np.ndarray, box: Box, landmarks: np.ndarray, rules: QualityRules) -> Quality:
    """Judge one face.

    Parameters
    ----------
    image : ndarray of shape (height, width, 3), uint8
        The frame, BGR.
    box : Box
        The face in it.
    landmarks : ndarray of shape (5, 2)
        dlib's five points in frame pixels: eye on the right of the picture (outer, inner corner), eye on the left
        (outer, inner), base of the nose.
    rules : QualityRules
        What makes it usable.

    Returns
    -------
    Quality
        Measures, verdict, and the first reason why not.
    """
    size = min(box.width, box.height)
    focus = focus_of(image, box)
    angle, turn = pose_of(landmarks)
    reason = _why_not(size, focus, angle, turn, rules)
    return Quality(size, focus, angle, turn, not reason, reason)


def _why_not(size: int, focus: float, angle: float, turn: float, rules: QualityRules) -> str:
    if size < rules.min_size:
        return f"too small: {size} of {rules.min_size} pixels"
    if focus < rules.min_focus:
        return f"out of focus: {focus:.0f} of {rules.min_focus:.0f}"
    if abs(angle) > rules.max_angle:
        return f"tilted by {abs(angle):.0f} degrees"
    if turn > rules.max_turn:
        return "turned away"
    return ""


def face_crop(image: np.ndarray, box: Box) -> np.ndarray:
    """Cut a face out of its frame, enlarged to 96 pixels across when narrower, as SentinelCam does."""
    inside = box.clipped(image.shape[1], image.shape[0])
    face = image[inside.y1 : inside.y2, inside.x1 : inside.x2]
    if face.size == 0 or face.shape[1] >= FACE_WIDTH:
        return face
    height = max(1, round(face.shape[0] * FACE_WIDTH / face.shape[1]))
    return cv2.resize(face, (FACE_WIDTH, height), interpolation=cv2.INTER_CUBIC)


def focus_of(image: np.ndarray, box: Box) -> float:
    """Return how sharp a face is: the variance of the Laplacian at 96 pixels across, of even contrast, without noise.

    Every face is brought to one size and contrast first, because a large blurred face has as little detail a pixel as
    a small sharp one, and a dark one as little as a blurred; and it is smoothed a little, because a sensor's noise
    looks like detail. Seen: sharp drawn faces 39 to 126, sharp photographs 8 to 42, either blurred by 3 pixels 2 to 15.
    Source: Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, ICPR 2000.
    """
    face = face_crop(image, box)
    if face.size == 0:
        return 0.0
    height = max(1, round(face.shape[0] * FACE_WIDTH / face.shape[1]))
    grey = cv2.cvtColor(cv2.resize(face, (FACE_WIDTH, height), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
    even = (grey - grey.mean()) * np.float64(_CONTRAST / (grey.std() + _FLAT))
    return float(cv2.Laplacian(cv2.GaussianBlur(even, (0, 0), 1.0), cv2.CV_64F).var())


def eyes_of(landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres of the person's right and left eye (left and right in the picture), each (2,) pixels."""
    return landmarks[2:4].mean(axis=0), landmarks[0:2].mean(axis=0)


def pose_of(landmarks: np.ndarray) -> tuple[float, float]:
    """Return the roll in degrees and how far the face is turned (0 ahead, 1 the nose is under an eye).

    Examples
    --------
    >>> pose_of(np.array([[70, 40], [60, 40], [30, 40], [40, 40], [50, 60]], float))
    (0.0, 0.0)
    """
    right, left = eyes_of(landmarks.astype(np.float64))
    across = left - right
    reach = float(np.linalg.norm(across))
    if reach < 1e-6:
        return 90.0, 2.0
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    along = float((landmarks[4] - (right + left) / 2) @ across) / reach
    return angle, min(2.0, abs(along) / (reach / 2))
