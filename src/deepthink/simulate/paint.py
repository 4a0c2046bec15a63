"""Painting on a canvas: shapes with smooth edges, soft spots, grain.

OpenCV sees 8-bit pictures only: with those it calculates in whole numbers, so that the same bytes come out whatever
the processor has (its float blur, remap and resize differ between AVX2 and AVX-512), and it draws smooth edges on
those only. All else is NumPy's plain arithmetic on float32, which is exact everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache

import cv2
import numpy as np

SIZE = 320  # pixels, the canvas
MIDDLE = (160.0, 150.0)  # of the head
Colour = tuple[float, float, float]  # BGR, 0 to 255
Shape = Sequence[tuple[float, float]] | np.ndarray  # points from the middle of the head
Patch = tuple[slice, slice]
_FINE = 4  # bits of a pixel's fraction that OpenCV draws with


@lru_cache(maxsize=1)
def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return across (1, 320) and down (320, 1) from the middle of the head, float32."""
    steps = np.arange(SIZE, dtype=np.float32)
    return steps[None] - np.float32(MIDDLE[0]), steps[:, None] - np.float32(MIDDLE[1])


def darker(colour: Colour, by: float) -> Colour:
    """Return a colour times a factor."""
    return colour[0] * by, colour[1] * by, colour[2] * by


def mix(canvas: np.ndarray, colour: Colour | float, share: np.ndarray) -> None:
    """Mix a colour into a canvas of three channels or of one, in place, by a share (0 to 1) of each point."""
    part = share[..., None] if canvas.ndim == 3 else share
    canvas += part * (np.asarray(colour, np.float32) - canvas)


def fill(canvas: np.ndarray, shape: Shape, colour: Colour | float, strength: float = 1.0, soft: float = 0.0) -> None:
    """Fill a shape, in place; `soft` (pixels) blurs its edge."""
    with _ink(shape, 1 + 3 * soft, soft) as (ink, patch, corner):
        cv2.fillPoly(ink, [_fixed(shape, corner)], 255, cv2.LINE_AA, _FINE)
    mix(canvas[patch], colour, _share(ink, strength, soft))


def line(
    canvas: np.ndarray, shape: Shape, colour: Colour | float, thick: float, strength: float = 1.0, soft: float = 0.0
) -> None:
    """Draw a line through points, in place; it is `thick` pixels wide, at least one."""
    with _ink(shape, thick + 3 * soft, soft) as (ink, patch, corner):
        cv2.polylines(ink, [_fixed(shape, corner)], False, 255, max(1, round(thick)), cv2.LINE_AA, _FINE)
    mix(canvas[patch], colour, _share(ink, strength, soft))


@contextmanager
def _ink(shape: Shape, margin: float, soft: float) -> Iterator[tuple[np.ndarray, Patch, np.ndarray]]:
    """Yield an empty 8-bit patch around a shape, where it lies on the canvas, and its corner."""
    at = np.asarray(shape, np.float64) + MIDDLE
    low = np.clip(np.floor(at.min(axis=0) - margin - 1), 0, SIZE).astype(int)
    high = np.clip(np.ceil(at.max(axis=0) + margin + 2), 0, SIZE).astype(int)
    ink = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    yield ink, (slice(low[1], high[1]), slice(low[0], high[0])), low


def _fixed(shape: Shape, corner: np.ndarray) -> np.ndarray:
    at = np.asarray(shape, np.float64) + MIDDLE - corner
    return np.round(at * (1 << _FINE)).astype(np.int32)


def _share(ink: np.ndarray, strength: float, soft: float) -> np.ndarray:
    if soft:
        ink = cv2.GaussianBlur(ink, (0, 0), soft)
    return np.asarray(ink * np.float32(strength / 255))


def blob(x: float, y: float, wide: float, high: float) -> np.ndarray:
    """Return a soft spot of height 1, (320, 320) float32; `wide` and `high` are its standard deviations in pixels."""
    column, row = _bell(x + MIDDLE[0], wide), _bell(y + MIDDLE[1], high)
    return np.asarray(row[:, None] * column[None])


def _bell(middle: float, spread: float) -> np.ndarray:
    # exp of float64, rounded: its last bits differ between machines, those of float32 are then the same
    return np.exp(-0.5 * ((np.arange(SIZE) - middle) / spread) ** 2).astype(np.float32)


def spot(canvas: np.ndarray, x: float, y: float, wide: float, high: float, amount: float) -> None:
    """Add a soft spot to a canvas of one channel, in place; beyond four standard deviations it is nothing."""
    left, right, top, low = (
        int(np.clip(round(at), 0, SIZE))
        for at in (
            x + MIDDLE[0] - 4 * wide,
            x + MIDDLE[0] + 4 * wide,
            y + MIDDLE[1] - 4 * high,
            y + MIDDLE[1] + 4 * high,
        )
    )
    row = _bell(y + MIDDLE[1], high)[top:low, None] * np.float32(amount)
    canvas[top:low, left:right] += row * _bell(x + MIDDLE[0], wide)[None, left:right]


def grain(seed: list[int], across: float, down: float) -> np.ndarray:
    """Return noise of about unit spread, (320, 320) float32, smoothed by `across` and `down` pixels."""
    raw = np.random.default_rng(seed).integers(0, 256, (SIZE, SIZE), dtype=np.uint8)
    smooth = cv2.GaussianBlur(raw, (0, 0), across, sigmaY=down).astype(np.float32) - np.float32(127.5)
    return np.asarray(smooth / np.float32(74 / np.sqrt(12.57 * across * down)))


def smoothed(field: np.ndarray) -> np.ndarray:
    """Return a field blurred by about 1.6 pixels with sums alone, which every processor rounds alike."""
    for _ in range(5):
        for axis in (0, 1):
            field = (np.roll(field, 1, axis) + np.roll(field, -1, axis)) * np.float32(0.25) + field * np.float32(0.5)
    return field
