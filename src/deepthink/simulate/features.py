"""The colours of a drawn face: skin, eyes, brows, nose, mouth, beard, glasses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deepthink.simulate.relief import MIDDLE, SIZE, blob, grid

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person, View

Colour = tuple[float, float, float]
_FINE = 4  # bits of a pixel's fraction that OpenCV draws with
_SCALE = 1 << _FINE


def points(xy: Sequence[tuple[float, float]] | np.ndarray) -> np.ndarray:
    """Return points from the middle of the head as OpenCV draws them, in sixteenths of a pixel."""
    return np.round((np.asarray(xy, np.float64) + MIDDLE) * _SCALE).astype(np.int32)


def fill(canvas: np.ndarray, xy: Sequence[tuple[float, float]] | np.ndarray, colour: Colour | float) -> None:
    """Fill a shape, in place, with smooth edges."""
    cv2.fillPoly(canvas, [points(xy)], colour, cv2.LINE_AA, _FINE)


def line(canvas: np.ndarray, xy: Sequence[tuple[float, float]] | np.ndarray, colour: Colour, thick: float) -> None:
    """Draw a line, in place."""
    cv2.polylines(canvas, [points(xy)], False, colour, max(1, round(thick)), cv2.LINE_AA, _FINE)


def mix(canvas: np.ndarray, colour: Colour, share: np.ndarray) -> None:
    """Mix a colour in, in place, by a share of each point."""
    part = share[..., None]
    canvas *= 1 - part
    canvas += part * np.array(colour, np.float32)


def _stain(canvas: np.ndarray, colour: Colour, strength: float, ink: np.ndarray, blur: float) -> None:
    """Mix a colour in where there is ink, softened, in place; only the rows and columns with ink are touched."""
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    part = slice(rows[0] - 4, rows[-1] + 5), slice(columns[0] - 4, columns[-1] + 5)
    mix(canvas[part], colour, strength * cv2.GaussianBlur(ink[part], (0, 0), blur))


def darker(colour: Colour, by: float) -> Colour:
    """Return a colour times a factor."""
    return colour[0] * by, colour[1] * by, colour[2] * by


def outline(person: Person) -> np.ndarray:
    """Return the head's outline, (points, 2), from the middle of the head."""
    turn = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    x, y = np.cos(turn), np.sin(turn)
    low = np.clip(y, 0, 1)
    at_mouth = 1 - (1 - person.jaw) * np.clip(low / 0.62, 0, 1) ** 2
    at_chin = 1 - (1 - person.chin) * np.clip((low - 0.62) / 0.38, 0, 1) ** 2 * 0.35
    return np.stack([person.wide * x * at_mouth * at_chin, person.high * y], axis=1)


def paint_head(canvas: np.ndarray, cover: np.ndarray, person: Person) -> np.ndarray:
    """Paint what no view changes, in place; returns where the head is, (320, 320) float32, 0 to 1."""
    head = np.zeros((SIZE, SIZE), np.float32)
    fill(head, outline(person), 1.0)
    for side in (-1, 1):
        _ear(canvas, cover, person, side)
    fill(canvas, outline(person), person.skin)
    np.maximum(cover, head, out=cover)
    _skin(canvas, head, person)
    _beard(canvas, head, person)
    _nostrils(canvas, person)
    return head


def paint_look(canvas: np.ndarray, person: Person, view: View) -> None:
    """Paint what moves: eyes, brows, mouth, folds; and the glasses before them, in place."""
    for side in (-1, 1):
        _eye(canvas, person, view, side)
        _brow(canvas, person, view, side)
    _mouth(canvas, person, view)
    _folds(canvas, person, view)
    if person.glasses:
        _glasses(canvas, person)


def _ear(canvas: np.ndarray, cover: np.ndarray, person: Person, side: int) -> None:
    middle = points([(side * person.wide * 0.98, person.eye_y + 14)])[0]
    size = (9 * _SCALE, 19 * _SCALE)
    for layer, colour in ((canvas, darker(person.skin, 0.86)), (cover, 1.0)):
        cv2.ellipse(layer, middle.tolist(), size, side * 8, 0, 360, colour, -1, cv2.LINE_AA, _FINE)


def _skin(canvas: np.ndarray, head: np.ndarray, person: Person) -> None:
    """Paint redder cheeks and nose, rings under the eyes, freckles, and the grain of skin."""
    red = (person.skin[0] * 0.82, person.skin[1] * 0.82, min(255.0, person.skin[2] * 1.02 + 8))
    warm = sum(blob(s * person.wide * 0.52, person.eye_y + 28, 16, 12) for s in (-1, 1))
    warm = warm * (0.25 + 0.45 * person.cheek) + 0.35 * blob(0, person.eye_y + person.nose_long, 9, 8)
    mix(canvas, red, np.clip(warm, 0, 1) * head)
    rings = sum(blob(s * person.eye_apart, person.eye_y + 10, 10, 4) for s in (-1, 1))
    mix(canvas, darker(person.skin, 0.62), (0.2 + 0.5 * person.age) * rings * head)
    sockets = sum(blob(s * person.eye_apart, person.eye_y - 3, 15, 9) for s in (-1, 1))
    mix(canvas, darker(person.skin, 0.68), 0.35 * np.clip(sockets, 0, 1) * head)
    rng = np.random.default_rng(person.seed)
    for _ in range(person.freckles):
        x, y = rng.normal(0, person.wide * 0.45), person.eye_y + 22 + rng.normal(0, 9)
        cv2.circle(
            canvas, points([(x, y)])[0].tolist(), int(1.1 * _SCALE), darker(person.skin, 0.72), -1, cv2.LINE_AA, _FINE
        )
    grain = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32), (0, 0), 1.2 + 2 * person.age)
    canvas += (grain * (7 + 10 * person.age) * head)[..., None]


def _beard(canvas: np.ndarray, head: np.ndarray, person: Person) -> None:
    if not person.beard:
        return
    _, down = grid()
    lip = person.mouth_y - 11
    moustache = blob(0, lip + 1, person.mouth_wide * 0.85, 4.5)
    goatee = blob(0, person.mouth_y + 19, 15, 12)
    full = np.clip((down - person.eye_y - 30) / 18, 0, 1) * (1 - blob(0, person.eye_y + 26, 30, 12))
    mouth = blob(0, person.mouth_y + 1, person.mouth_wide * 0.8, 5)
    share = {1: 0.38 * full, 2: moustache, 3: np.maximum(moustache, goatee), 4: np.maximum(full, moustache)}[
        person.beard
    ]
    share = np.clip(share * (1.2 if person.beard > 1 else 1.0), 0, 0.93) * (1 - 0.85 * np.clip(mouth * 1.3, 0, 1))
    rng = np.random.default_rng(person.seed + 5)
    hairs = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32), (0, 0), 0.9)
    mix(canvas, darker(person.hair, 0.9), np.clip(share * (1 + 0.3 * hairs), 0, 1) * head)


def _eye(canvas: np.ndarray, person: Person, view: View, side: int) -> None:
    wide, high = person.eye_wide, person.eye_high * view.eyes_open * (1 - 0.2 * max(0.0, view.smile))
    middle = np.array([side * person.eye_apart, person.eye_y])
    turn = np.linspace(0, np.pi, 13)
    upper = np.stack([np.cos(turn) * wide, -np.sin(turn) * high], axis=1)
    lower = np.stack([-np.cos(turn) * wide, np.sin(turn) * high * 0.75], axis=1)
    tilt = person.eye_slant * side
    shape = np.concatenate([upper, lower])
    shape = shape + np.stack([np.zeros(len(shape)), -shape[:, 0] * tilt], axis=1) + middle
    _eyeball(canvas, shape, person, middle + [view.yaw * -0.02, 0.4])
    lid = shape[:13]
    line(canvas, lid, darker(person.skin, 0.28), 2.2)
    line(canvas, shape[13:], darker(person.skin, 0.6), 1)
    line(canvas, lid + [0, -3.2 - person.eye_high * 0.25], darker(person.skin, 0.68), 1)


def _eyeball(canvas: np.ndarray, shape: np.ndarray, person: Person, look: np.ndarray) -> None:
    """Paint white, iris and pupil inside the lids."""
    (left, top), (right, low) = np.floor(shape.min(axis=0) + MIDDLE - 2), np.ceil(shape.max(axis=0) + MIDDLE + 2)
    patch = canvas[int(top) : int(low), int(left) : int(right)]
    inside, open_ = np.full_like(patch, (222, 226, 228)), np.zeros(patch.shape[:2], np.float32)
    corner = np.array([left, top]) - MIDDLE
    cv2.fillPoly(open_, [np.round((shape - corner) * _SCALE).astype(np.int32)], 1.0, cv2.LINE_AA, _FINE)
    size = person.eye_high * 1.02
    for at, radius, colour in (
        (look, size, person.eye), (look, size * 0.5, (12.0, 12.0, 12.0)), (look - 1.6, 1.1, (250.0, 250.0, 250.0))
    ):  # fmt: skip
        place = np.round((at - corner) * _SCALE).astype(int).tolist()
        cv2.circle(inside, place, int(radius * _SCALE), colour, -1, cv2.LINE_AA, _FINE)
    patch += open_[..., None] * (inside - patch)


def _brow(canvas: np.ndarray, person: Person, view: View, side: int) -> None:
    along = np.linspace(-1, 1, 9)
    x = side * person.eye_apart + along * person.brow_wide * side
    arch = -(1 - along**2) * 3.2
    y = person.eye_y - person.brow_y + arch + along * person.brow_wide * person.brow_slant - 1.5 * max(0.0, view.smile)
    thick = person.brow_thick * (1 - 0.45 * np.clip(along, 0, 1)) / 2
    shape = np.concatenate([np.stack([x, y - thick], 1), np.stack([x, y + thick], 1)[::-1]])
    ink = np.zeros(canvas.shape[:2], np.float32)
    fill(ink, shape, 1.0)
    _stain(canvas, darker(person.hair, 0.75), 0.88, ink, 0.8)


def _nostrils(canvas: np.ndarray, person: Person) -> None:
    tip = person.eye_y + person.nose_long
    under = blob(0, tip + 7, person.nose_wide * 0.8, 2.6)
    mix(canvas, darker(person.skin, 0.6), 0.55 * under)
    for side in (-1, 1):
        middle = points([(side * person.nose_wide * 0.45, tip + 4.5)])[0]
        size = (int(person.nose_wide * 0.24 * _SCALE), int(2.0 * _SCALE))
        cv2.ellipse(canvas, middle.tolist(), size, side * -14, 0, 360, darker(person.skin, 0.3), -1, cv2.LINE_AA, _FINE)
        wing = blob(side * person.nose_wide * 0.98, tip + 2, 1.6, 5)
        mix(canvas, darker(person.skin, 0.62), 0.55 * wing)


def _mouth(canvas: np.ndarray, person: Person, view: View) -> None:
    wide = person.mouth_wide * (1 + 0.16 * view.smile)
    opened = 9 * min(1.0, view.mouth_open)
    x = np.linspace(-1, 1, 15)
    corner = person.mouth_y - 4.5 * view.smile * x**2
    bow = person.lip_upper * (1 - x**2) * (0.8 + 0.35 * np.abs(np.sin(x * np.pi)))
    upper, lower = corner - opened * 0.25 * (1 - x**2), corner + opened * 0.75 * (1 - x**2)
    top, bottom = upper - bow, lower + person.lip_lower * (1 - x**2)
    across = x * wide
    fill(canvas, np.concatenate([np.stack([across, upper], 1), np.stack([across, lower], 1)[::-1]]), (35, 25, 50))
    if opened > 2:
        teeth = np.stack([across * 0.8, upper + min(opened * 0.5, 4.0) * (1 - x**2)], 1)
        fill(canvas, np.concatenate([np.stack([across * 0.8, upper], 1), teeth[::-1]]), (215, 222, 226))
    fill(
        canvas,
        np.concatenate([np.stack([across, top], 1), np.stack([across, upper], 1)[::-1]]),
        darker(person.lip, 0.88),
    )
    fill(canvas, np.concatenate([np.stack([across, lower], 1), np.stack([across, bottom], 1)[::-1]]), person.lip)
    line(canvas, np.stack([across, (upper + lower) / 2 if opened < 2 else upper], 1), darker(person.skin, 0.32), 1.4)


def _folds(canvas: np.ndarray, person: Person, view: View) -> None:
    """Paint the folds from nose to mouth and across the forehead, deeper with age and with a smile."""
    depth = 0.15 + 0.45 * person.age + 0.25 * max(0.0, view.smile)
    tip = person.eye_y + person.nose_long
    ink = np.zeros(canvas.shape[:2], np.float32)
    for side in (-1, 1):
        fold = [
            (side * (person.nose_wide + 3), tip - 1),
            (side * (person.nose_wide + 9), tip + 9),
            (side * (person.mouth_wide + 6), person.mouth_y),
        ]
        cv2.polylines(ink, [points(fold)], False, 1.0, 2, cv2.LINE_AA, _FINE)
    for row in range(3 if person.age > 0.55 else 0):
        y = person.eye_y - person.brow_y - 9 - 6 * row
        brow = [(x, y + 1.5 * np.cos(x / 9)) for x in np.linspace(-26, 26, 9)]
        cv2.polylines(ink, [points(brow)], False, 0.7, 1, cv2.LINE_AA, _FINE)
    _stain(canvas, darker(person.skin, 0.55), min(0.8, depth), ink, 1.3)


def _glasses(canvas: np.ndarray, person: Person) -> None:
    frame = ((60, 62, 66), (35, 35, 38), (18, 18, 20))[person.glasses - 1]
    thick = (1.5, 2.2, 4.2)[person.glasses - 1]
    half = np.array([person.eye_wide + 6.5, (person.eye_wide + 5) * (0.95 if person.glasses == 1 else 0.72)])
    power = 2.0 if person.glasses == 1 else 4.0
    turn = np.linspace(0, 2 * np.pi, 41)
    ring = np.stack(
        [
            np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / power),
            np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / power),
        ],
        1,
    )
    for side in (-1, 1):
        middle = np.array([side * person.eye_apart, person.eye_y + 2])
        line(canvas, middle + ring * half, frame, thick)
        line(
            canvas,
            [(middle[0] + side * half[0], person.eye_y - 1), (side * person.wide, person.eye_y - 3)],
            frame,
            thick,
        )
    gap = person.eye_apart - half[0]
    line(canvas, [(-gap, person.eye_y), (0, person.eye_y - 2.5), (gap, person.eye_y)], frame, thick)
