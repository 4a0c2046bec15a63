"""The relief of a drawn head: it gives light and shade, and moves what is nearer further when the head turns."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from deepthink.simulate.paint import SIZE, grid, smoothed, spot
from deepthink.simulate.skin import head_box

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person, View

DEPTH = 62.0  # pixels from the plane of the ears to the front of the face
_SMILE = 3.0  # pixels that the cheeks rise
_SHINE = 34.0  # levels of brightness that skin reflects, whatever its colour


def relief_of(person: Person, view: View) -> np.ndarray:
    """Return how far each point stands out, in pixels, (320, 320) float32."""
    return _still(person) + np.float32(view.smile * _SMILE) * _smiling(person)


@lru_cache(maxsize=32)
def _smiling(person: Person) -> np.ndarray:
    """Return where cheeks rise with a smile."""
    raised = np.zeros((SIZE, SIZE), np.float32)
    for side in (-1, 1):
        spot(raised, side * person.wide * 0.5, person.mouth_y - 16, 12, 9, 1)
    return raised


@lru_cache(maxsize=32)
def _still(person: Person) -> np.ndarray:
    across, down = grid()
    wide, high = np.float32(person.wide * 1.08), np.float32(person.high * 1.1)
    height = np.float32(DEPTH) * np.sqrt(np.maximum(0, 1 - (across / wide) ** 2 - (down / high) ** 2))
    height += _nose(person)
    for side in (-1, 1):
        spot(height, side * person.eye_apart, person.eye_y + 1, 12, 8, -6.5)
        spot(height, side * person.eye_apart, person.eye_y, person.eye_wide * 0.7, 5, 3)  # the eyeball
        spot(height, side * person.eye_apart, person.eye_y - person.brow_y, 15, 5, 3.5 + person.brow_thick * 0.3)
        spot(height, side * person.wide * 0.55, person.eye_y + 24, 14, 11, 2 + 4 * person.cheek)
    _lower_face(height, person)
    return height


def _lower_face(height: np.ndarray, person: Person) -> None:
    """Raise lips and chin, sink the furrow between them, in place."""
    spot(height, 0, person.mouth_y, person.mouth_wide * 0.7, 8, 4)
    spot(height, 0, person.mouth_y + 14, 14, 4, -3.5)
    spot(height, 0, person.high * 0.84, 8 + 22 * person.chin, 8, 5)


def _nose(person: Person) -> np.ndarray:
    """Return the nose: a ridge that rises from between the eyes to the tip, and its wings."""
    top, ridge = person.eye_y, np.zeros((SIZE, SIZE), np.float32)
    for part in np.linspace(0.15, 1.0, 6).tolist():
        step = np.zeros((SIZE, SIZE), np.float32)
        wide = 4.5 + person.nose_wide * 0.28 * part
        spot(step, 0, top + person.nose_long * part, wide, 7, person.nose_high * part)
        np.maximum(ridge, step, out=ridge)
    for side in (-1, 1):
        spot(ridge, side * person.nose_wide * 0.72, top + person.nose_long + 1, 5, 5, person.nose_high * 0.45)
    return ridge


@lru_cache(maxsize=32)
def _slopes(person: Person) -> tuple[np.ndarray, ...]:
    """Return how steeply the head's box rises across and down, for the face at rest and for its smile."""
    fields = [smoothed(field)[head_box(person)] for field in (_still(person), _smiling(person))]
    return tuple(slope for field in fields for slope in reversed(np.gradient(field)))


@lru_cache(maxsize=32)
def _sheen(person: Person) -> np.ndarray:
    """Return how much each point of the head's box shines, in levels of brightness; eyes in their sockets do not."""
    sheen = np.full((SIZE, SIZE), _SHINE, np.float32)
    for side in (-1, 1):
        spot(sheen, side * person.eye_apart, person.eye_y, 14, 9, -_SHINE)
    return np.maximum(sheen[head_box(person)], 0)


def light(canvas: np.ndarray, head: np.ndarray, person: Person, view: View) -> None:
    """Light a canvas, in place, from the side and above: diffuse light by Lambert's law, and a shine on the skin.

    Light from all around is more than half, as indoors. The shine does not depend on the skin's colour: without it a
    detector misses one dark face in three.
    """
    across, down, smile_across, smile_down = _slopes(person)
    part = np.float32(view.smile * _SMILE)
    across, down = across + part * smile_across, down + part * smile_down
    facing = 1 / np.sqrt(across * across + down * down + 1)
    box, inside = head_box(person), head[head_box(person)]
    diffuse = _along(across, down, facing, (view.light, -0.45, 0.9))
    shine = np.maximum(0, _along(across, down, facing, (view.light * 0.5, -0.35, 1.0))) ** 16
    gain = 0.44 + 0.66 * np.maximum(0, diffuse)
    canvas[box] *= (1 + inside * (gain - 1))[..., None]
    canvas[box] += (inside * shine * _sheen(person))[..., None]
    tint = (1 - 0.06 * view.warmth, 1.0, 1 + 0.06 * view.warmth)
    canvas *= np.array(tint, np.float32) * np.float32(view.brightness)


def _along(across: np.ndarray, down: np.ndarray, facing: np.ndarray, to: tuple[float, float, float]) -> np.ndarray:
    """Return the cosine of the angle between the surface and a direction."""
    x, y, z = (np.float32(part / np.sqrt(to[0] ** 2 + to[1] ** 2 + to[2] ** 2)) for part in to)
    return np.asarray((z - across * x - down * y) * facing)
