"""Turning a painted head: each point of the new picture is looked up where it was before."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from deepthink.simulate.paint import MIDDLE, SIZE

_LEVELS = 2.5  # of an 8-bit relief to a pixel of height: whole numbers are looked up alike by every processor
_PIVOT = 80.0  # pixels below the middle of the head, where the neck bends


def turned(
    canvas: np.ndarray, relief: np.ndarray, yaw: float, pitch: float, roll: float, height: int
) -> tuple[np.ndarray, np.ndarray]:
    """Turn the head on its shoulders, and size the picture.

    Parameters
    ----------
    canvas : ndarray of uint8, shape (320, 320, 4)
        BGR and opacity, seen from the front.
    relief : ndarray of float32, shape (320, 320)
        Pixels, how far each point stands out.
    yaw, pitch, roll : float
        Degrees.
    height : int
        Pixels of the new picture, which is square.
    """
    if height < SIZE * 0.6:  # so many points fall between two pixels that they would flicker
        canvas = cv2.GaussianBlur(canvas, (0, 0), 0.35 * SIZE / height)
    levels = np.clip(relief * np.float32(_LEVELS), 0, 255).astype(np.uint8)
    where = _where(levels, yaw, pitch, roll, height)
    seen = cv2.remap(canvas, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.cvtColor(seen, cv2.COLOR_BGRA2BGR), seen[..., 3] * np.float32(1 / 255)


def _where(levels: np.ndarray, yaw: float, pitch: float, roll: float, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return where each point of the new picture lies on the canvas, by two steps, which are near enough."""
    x, y, held = _unrolled(roll, height)
    wider = 1 + held * np.float32(0.85 * (1 / max(0.35, np.cos(np.radians(yaw))) - 1))
    front, across, down = x * wider, *(held * np.float32(np.sin(np.radians(a)) / _LEVELS) for a in (yaw, pitch))
    near = _look(levels, front, y)
    near = _look(levels, front - near * across, y - near * down)
    return cv2.convertMaps(*_on_canvas(front - near * across, y - near * down), cv2.CV_16SC2)


def _look(levels: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    where = cv2.convertMaps(*_on_canvas(x, y), cv2.CV_16SC2)
    return np.asarray(cv2.remap(levels, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _on_canvas(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x + np.float32(MIDDLE[0]), y + np.float32(MIDDLE[1])


def _unrolled(roll: float, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return across and down with the roll taken back, about the neck, and by row how much the head is turned."""
    across, down = _steps(height)
    held = np.clip((125 - down) / 45, 0, 1)  # 1 for the head, 0 for the shoulders, the neck between
    cosine, sine = (of(np.radians(roll) * held).astype(np.float32) for of in (np.cos, np.sin))
    low = (down - _PIVOT).astype(np.float32)
    x = across * cosine + low * sine
    y = low * cosine - across * sine + np.float32(_PIVOT)
    return x, y, held.astype(np.float32)


@lru_cache(maxsize=64)
def _steps(height: int) -> tuple[np.ndarray, np.ndarray]:
    """Return across (1, height) and down (height, 1), from the middle of the head in pixels of the canvas."""
    steps = (np.arange(height) + 0.5) * (SIZE / height) - 0.5
    return (steps[None] - MIDDLE[0]).astype(np.float32), steps[:, None] - MIDDLE[1]
