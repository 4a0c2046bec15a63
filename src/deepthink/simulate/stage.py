"""Where people are filmed: the places that the cameras look at, and how a camera spoils a picture."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from deepthink.records import Box

WIDTH, HEIGHT = 640, 480
JPEG_QUALITY = 88


@dataclass(frozen=True)
class Camera:
    """A camera node, its view, and what it looks at."""

    node: str
    view: str
    seed: int
    daylight: bool


CAMERAS = (Camera("alpha5", "PiCam3", 11, True), Camera("beta1", "Porch", 12, False))


def scene(camera: Camera) -> np.ndarray:
    """Draw the empty place before a camera: always the same for one camera; (480, 640, 3) uint8 BGR."""
    rng = np.random.default_rng(camera.seed)
    top, bottom = _colours(rng, camera.daylight)
    ramp = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None, None]
    picture = np.broadcast_to(top * (1 - ramp) + bottom * ramp, (HEIGHT, WIDTH, 3)).astype(np.float32).copy()
    for _ in range(7):
        _furnish(picture, rng)
    floor = int(HEIGHT * rng.uniform(0.78, 0.88))
    picture[floor:] = picture[floor:] * 0.75
    texture = cv2.GaussianBlur(rng.normal(0, 9, (HEIGHT, WIDTH, 1)).astype(np.float32), (0, 0), 2)
    return np.clip(picture + texture.reshape(HEIGHT, WIDTH, 1) * 3, 0, 255).astype(np.uint8)


def _colours(rng: np.random.Generator, daylight: bool) -> tuple[np.ndarray, np.ndarray]:
    base = rng.uniform(150, 205, 3) if daylight else rng.uniform(95, 140, 3)
    return base.astype(np.float32), (base * rng.uniform(0.75, 0.95)).astype(np.float32)


def _furnish(picture: np.ndarray, rng: np.random.Generator) -> None:
    """Put a door, a window, a shelf or the like somewhere: rectangles with frames."""
    x, y = int(rng.uniform(-40, WIDTH - 60)), int(rng.uniform(-30, HEIGHT * 0.6))
    wide, high = int(rng.uniform(50, 170)), int(rng.uniform(60, 260))
    colour = tuple(float(part) for part in picture[min(max(y, 0), HEIGHT - 1), min(max(x, 0), WIDTH - 1)])
    tint = tuple(min(255.0, part * rng.uniform(0.72, 1.2)) for part in colour)
    cv2.rectangle(picture, (x, y), (x + wide, y + high), tint, -1)
    cv2.rectangle(picture, (x, y), (x + wide, y + high), tuple(part * 0.7 for part in tint), 3)


def put(picture: np.ndarray, bust: np.ndarray, opacity: np.ndarray, left: int, top: int) -> Box:
    """Lay a bust over a picture, in place, and return the part of the picture that it may cover."""
    rows, columns = bust.shape[:2]
    box = Box(left, top, left + columns, top + rows).clipped(WIDTH, HEIGHT)
    shown = slice(box.y1 - top, box.y2 - top), slice(box.x1 - left, box.x2 - left)
    cover = opacity[shown][..., None]
    under = picture[box.y1 : box.y2, box.x1 : box.x2]
    picture[box.y1 : box.y2, box.x1 : box.x2] = (bust[shown] * cover + under * (1 - cover)).astype(np.uint8)
    return box


def expose(picture: np.ndarray, rng: np.random.Generator, blur: float) -> bytes:
    """Take the picture: blur (pixels), noise of the sensor, JPEG."""
    seen = cv2.GaussianBlur(picture, (0, 0), blur) if blur > 0.3 else picture
    noisy = seen.astype(np.int16) + _noise(rng)
    done, jpeg = cv2.imencode(".jpg", np.clip(noisy, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    assert done  # a picture of this kind can always be encoded
    return jpeg.tobytes()


def _noise(rng: np.random.Generator) -> np.ndarray:
    """Return noise of about 3 grey levels; four times faster from small integers than from a normal distribution."""
    return rng.integers(-5, 6, (HEIGHT, WIDTH, 3), dtype=np.int16)
