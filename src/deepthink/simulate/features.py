"""The features of a drawn face: eyes, brows, nose, mouth, glasses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepthink.simulate.paint import Colour, darker, fill, line
from deepthink.simulate.skin import paint_folds

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person, View

ROUND, SQUARE, RIMMED = range(1, 4)
_FRAMES: dict[int, tuple[Colour, float]] = {
    ROUND: ((60, 62, 66), 1.5),
    SQUARE: ((45, 45, 48), 2.0),
    RIMMED: ((24, 24, 26), 3.4),
}


def paint_look(canvas: np.ndarray, person: Person, view: View) -> None:
    """Paint what moves, in place: eyes, brows, mouth and folds."""
    for side in (-1, 1):
        _eye(canvas, person, view, side)
        _brow(canvas, person, view, side)
    paint_folds(canvas, person, view)
    _mouth(canvas, person, view)


def _eye(canvas: np.ndarray, person: Person, view: View, side: int) -> None:
    middle = np.array([side * person.eye_apart, person.eye_y])
    upper, lower = (lid + middle for lid in _slanted(_lids(person, view), person.eye_slant * side))
    _eyeball(canvas, np.concatenate([upper, lower]), person, middle + [view.yaw * -0.02, 0.4])
    line(canvas, upper, darker(person.skin, 0.25), 2, 0.9, soft=0.5)
    line(canvas, lower, darker(person.skin, 0.55), 1, 0.8)
    line(canvas, upper + [0, -3.2 - person.eye_high * 0.25], darker(person.skin, 0.6), 1, 0.8, soft=0.7)


def _lids(person: Person, view: View) -> tuple[np.ndarray, np.ndarray]:
    """Return upper and lower lid, (13, 2) each, from the middle of the eye; a smile narrows the eye."""
    high = person.eye_high * view.eyes_open * (1 - 0.2 * max(0.0, view.smile))
    turn = np.linspace(0, np.pi, 13)
    upper = np.stack([np.cos(turn) * person.eye_wide, -np.sin(turn) * high], axis=1)
    return upper, np.stack([-upper[:, 0], -0.75 * upper[:, 1]], axis=1)


def _slanted(lids: tuple[np.ndarray, ...], tilt: float) -> list[np.ndarray]:
    return [lid - np.stack([0 * lid[:, 0], lid[:, 0] * tilt], axis=1) for lid in lids]


def _eyeball(canvas: np.ndarray, shape: np.ndarray, person: Person, look: np.ndarray) -> None:
    """Paint white, iris and pupil, and put back the lids over them, in place."""
    (left, top), (right, low) = np.floor(shape.min(axis=0)) - 3, np.ceil(shape.max(axis=0)) + 3
    patch = (slice(int(top) + 150, int(low) + 150), slice(int(left) + 160, int(right) + 160))
    lids = canvas[patch].copy()
    opened = np.zeros(canvas.shape[:2], np.float32)
    fill(opened, shape, 1.0)
    canvas[patch] = (205, 212, 218)
    size = person.eye_high * 1.02
    fill(canvas, _circle(look, size), darker(person.eye, 0.6))
    fill(canvas, _circle(look, size * 0.82), person.eye)
    fill(canvas, _circle(look, size * 0.5), (12.0, 12.0, 12.0))
    fill(canvas, _circle(look - 1.6, 1.3), (250.0, 250.0, 250.0))
    canvas[patch] = lids + opened[patch][..., None] * (canvas[patch] - lids)


def _circle(middle: np.ndarray, radius: float) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    return middle + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)


def _brow(canvas: np.ndarray, person: Person, view: View, side: int) -> None:
    along = np.linspace(-1, 1, 9)
    x = side * (person.eye_apart + along * person.brow_wide)
    lift = -(1 - along**2) * 3.2 - 1.5 * max(0.0, view.smile)
    y = person.eye_y - person.brow_y + lift + along * person.brow_wide * person.brow_slant
    thick = person.brow_thick * (1 - 0.45 * np.clip(along, 0, 1)) / 2
    shape = np.concatenate([np.stack([x, y - thick], 1), np.stack([x, y + thick], 1)[::-1]])
    fill(canvas, shape, darker(person.hair, 0.7), 0.9, soft=0.8)


def paint_nose(canvas: np.ndarray, person: Person) -> None:
    """Paint nostrils, wings and the shadow under the nose, in place."""
    tip, shade = person.eye_y + person.nose_long, darker(person.skin, 0.55)
    wide = person.nose_wide
    fill(canvas, [(-wide * 0.8, tip + 5), (0, tip + 11), (wide * 0.8, tip + 5)], shade, 0.6, soft=2.0)
    for side in (-1, 1):
        hole = _circle(np.zeros(2), 1.0) * [wide * 0.24, 2.0] + [side * wide * 0.45, tip + 4.5]
        fill(canvas, hole, darker(person.skin, 0.25), 0.9, soft=0.6)
        wing = [(side * wide * 0.9, tip - 5), (side * wide * 1.02, tip + 1), (side * wide * 0.8, tip + 5)]
        line(canvas, wing, shade, 2, 0.6, soft=1.0)


def _mouth(canvas: np.ndarray, person: Person, view: View) -> None:
    """Paint lips, and between them the dark and the teeth, in place."""
    x = np.linspace(-1, 1, 15)
    round_, across = 1 - x**2, x * person.mouth_wide * (1 + 0.16 * view.smile)
    corner, opened = person.mouth_y - 4.5 * view.smile * x**2, 9 * min(1.0, view.mouth_open)
    upper, lower = corner - opened * 0.25 * round_, corner + opened * 0.75 * round_
    top = upper - person.lip_upper * round_ * (0.8 + 0.35 * np.abs(np.sin(x * np.pi)))
    bottom = lower + person.lip_lower * round_

    def between(one: np.ndarray, other: np.ndarray, narrow: float = 1.0) -> np.ndarray:
        return np.concatenate([np.stack([across * narrow, one], 1), np.stack([across * narrow, other], 1)[::-1]])

    fill(canvas, between(upper, lower), (35, 25, 50))
    if opened > 2:
        fill(canvas, between(upper, upper + min(opened * 0.5, 4.0) * round_, 0.8), (205, 212, 216))
    fill(canvas, between(top, upper), darker(person.lip, 0.86), soft=0.6)
    fill(canvas, between(lower, bottom), person.lip, soft=0.6)
    line(canvas, np.stack([across, upper], 1), darker(person.skin, 0.3), 1, 0.85, soft=0.5)
    shade = np.stack([across[3:-3] * 0.8, bottom[3:-3] + 2.5], 1)
    line(canvas, shade, darker(person.skin, 0.6), 3, 0.45, soft=1.6)


def paint_glasses(canvas: np.ndarray, person: Person) -> None:
    """Paint glasses, in place."""
    colour, thick = _FRAMES[person.glasses]
    half = np.array([person.eye_wide + 6.5, (person.eye_wide + 5) * (0.95 if person.glasses == ROUND else 0.72)])
    turn, power = np.linspace(0, 2 * np.pi, 41), 1.0 if person.glasses == ROUND else 0.5
    ring = np.stack([np.sign(part) * np.abs(part) ** power for part in (np.cos(turn), np.sin(turn))], 1)
    for side in (-1, 1):
        middle = np.array([side * person.eye_apart, person.eye_y + 2])
        hinge, ear = (middle[0] + side * half[0], person.eye_y - 1), (side * person.wide, person.eye_y - 3)
        line(canvas, middle + ring * half, colour, thick)
        line(canvas, [hinge, ear], colour, thick)
    gap = person.eye_apart - half[0]
    line(canvas, [(-gap, person.eye_y), (0, person.eye_y - 2.5), (gap, person.eye_y)], colour, thick)
