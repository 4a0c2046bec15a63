"""The skin of a drawn person: head, ears and neck, its colours and grain, and what grows on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deepthink.simulate.paint import SIZE, Patch, blob, darker, fill, grain, grid, line, mix, spot

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person, View

STUBBLE, MOUSTACHE, GOATEE, FULL = range(1, 5)
_SHIRT = ((-124, 172), (-116, 146), (-98, 128), (-62, 116), (-40, 104), (0, 122))  # its left half


def outline(person: Person) -> np.ndarray:
    """Return the head's outline, (points, 2), from the middle of the head: a round crown, and a jaw that narrows."""
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    x, y = np.cos(turn), np.sin(turn)
    square = np.where(y < 0, 2.25, 1.9 + 1.6 * person.chin)  # 2 is an ellipse, more is squarer
    x, y = (np.sign(part) * np.abs(part) ** (2 / square) for part in (x, y))
    narrowed = 1 - (1 - person.jaw) * np.clip(y / 0.62, 0, 1) ** 2
    return np.stack([person.wide * x * narrowed, person.high * y], axis=1)


def head_box(person: Person) -> Patch:
    """Return the rows and columns of the canvas that the head lies in, with room for its edge."""
    wide, high = int(person.wide) + 8, int(person.high) + 8
    return slice(max(0, 150 - high), 150 + high), slice(160 - wide, 160 + wide)


def paint_body(canvas: np.ndarray, cover: np.ndarray, person: Person) -> None:
    """Paint shoulders in a shirt, and the neck in the head's shade, in place."""
    shirt = [*_SHIRT, *((-x, y) for x, y in _SHIRT[::-1])]
    half = person.wide * 0.62
    neck = [(-half, 30), (half, 30), (half, 92), (half + 10, 112), (0, 136), (-half - 10, 112), (-half, 92)]
    for shape, colour in ((shirt, person.shirt), (neck, darker(person.skin, 0.74))):
        fill(canvas, shape, colour, soft=0.8)
        fill(cover, shape, 1.0, soft=0.8)
    under = 0.6 * blob(0, person.high - 2, half, 9) * (cover > 0.5)
    mix(canvas[150:], darker(person.skin, 0.4), under[150:])
    line(canvas, [(-half - 11, 111), (0, 137), (half + 11, 111)], darker(person.shirt, 0.7), 3, soft=0.8)


def paint_head(canvas: np.ndarray, cover: np.ndarray, person: Person) -> np.ndarray:
    """Paint the bare head, in place; returns where it is, (320, 320) float32, 0 to 1."""
    for side in (-1, 1):
        _ear(canvas, cover, person, side)
    head = np.zeros((SIZE, SIZE), np.float32)
    fill(head, outline(person), 1.0, soft=0.8)
    mix(canvas[head_box(person)], person.skin, head[head_box(person)])
    np.maximum(cover, head, out=cover)
    _colour(canvas, head, person)
    _grain(canvas, head, person)
    if person.beard:
        _beard(canvas, head, person)
    return head


def _ear(canvas: np.ndarray, cover: np.ndarray, person: Person, side: int) -> None:
    turn = np.linspace(0, 2 * np.pi, 24)
    ring = np.stack([side * (np.cos(turn) * 9 + 0.14 * 19 * np.sin(turn)), np.sin(turn) * 19], 1)
    middle = np.array([side * person.wide * 0.97, person.eye_y + 14])
    fill(canvas, middle + ring, darker(person.skin, 0.84), soft=0.6)
    fill(canvas, middle + ring * 0.55, darker(person.skin, 0.62), 0.6, soft=1.2)
    fill(cover, middle + ring, 1.0, soft=0.6)


def _colour(canvas: np.ndarray, head: np.ndarray, person: Person) -> None:
    """Paint redder cheeks and nose, rings under the eyes, and the shade of the sockets, in place."""
    red = (person.skin[0] * 0.82, person.skin[1] * 0.82, min(255.0, person.skin[2] * 1.02 + 8))
    box = head_box(person)
    warm, rings, sockets = (np.zeros((SIZE, SIZE), np.float32) for _ in range(3))
    for side in (-1, 1):
        spot(warm, side * person.wide * 0.52, person.eye_y + 28, 16, 12, 0.25 + 0.45 * person.cheek)
        spot(rings, side * person.eye_apart, person.eye_y + 10, 10, 4, 0.2 + 0.5 * person.age)
        spot(sockets, side * person.eye_apart, person.eye_y - 3, 15, 8, 0.4)
        spot(sockets, side * 9, person.eye_y - 1, 4, 8, 0.3)  # beside the root of the nose
    spot(warm, 0, person.eye_y + person.nose_long, 9, 8, 0.35)
    for colour, share in ((red, warm), (darker(person.skin, 0.62), rings), (darker(person.skin, 0.6), sockets)):
        mix(canvas[box], colour, (np.minimum(share, 1) * head)[box])


def _grain(canvas: np.ndarray, head: np.ndarray, person: Person) -> None:
    """Paint freckles and the unevenness of skin, in place."""
    rng = np.random.default_rng([person.seed, 1])
    for _ in range(person.freckles):
        x, y = rng.normal(0, person.wide * 0.45), person.eye_y + 22 + rng.normal(0, 9)
        line(canvas, [(x, y), (x + 0.6, y)], darker(person.skin, 0.7), 2, 0.8)
    fine = grain([person.seed, 2], 1.2 + 2 * person.age, 1.2 + 2 * person.age)
    patches = grain([person.seed, 3], 9, 9)
    deep = np.float32(0.012 + 0.02 * person.age)
    box = head_box(person)
    canvas[box] *= (1 + head * (deep * fine + np.float32(0.03) * patches))[box][..., None]


def _beard(canvas: np.ndarray, head: np.ndarray, person: Person) -> None:
    moustache = blob(0, person.mouth_y - 9, person.mouth_wide * 0.62, 4)
    goatee = blob(0, person.mouth_y + 19, 13, 11)
    full = np.clip((grid()[1] - np.float32(person.eye_y + 30)) / 18, 0, 1)
    full = full * (1 - blob(0, person.eye_y + 26, 30, 12))
    mouth = blob(0, person.mouth_y + 1, person.mouth_wide * 0.8, 5)
    share = {
        STUBBLE: 0.38 * full,
        MOUSTACHE: 0.9 * moustache,
        GOATEE: np.maximum(0.9 * moustache, 1.2 * goatee),
        FULL: 1.2 * np.maximum(full, moustache),
    }[person.beard]
    share = np.clip(share, 0, 0.92) * (1 - np.float32(0.85) * np.minimum(mouth * 1.3, 1))
    hairs = 1 + np.float32(0.22) * grain([person.seed, 4], 0.8, 1.6)
    box = head_box(person)
    mix(canvas[box], darker(person.hair, 0.9), (np.clip(share * hairs, 0, 1) * head)[box])


def paint_folds(canvas: np.ndarray, person: Person, view: View) -> None:
    """Paint the folds from nose to mouth and across the forehead, deeper with age and with a smile, in place."""
    depth = min(0.8, 0.12 + 0.45 * person.age + 0.25 * max(0.0, view.smile))
    tip, shade = person.eye_y + person.nose_long, darker(person.skin, 0.55)
    for side in (-1, 1):
        ends = (person.nose_wide + 3, tip - 1), (person.nose_wide + 9, tip + 9), (person.mouth_wide + 6, person.mouth_y)
        line(canvas, [(side * x, y) for x, y in ends], shade, 2, depth, soft=1.3)
    for row in range(3 if person.age > 0.55 else 0):
        y = person.eye_y - person.brow_y - 9 - 6 * row
        line(canvas, [(x, y + 1.5 * np.cos(x / 9)) for x in range(-26, 27, 4)], shade, 1, depth * 0.7, soft=1.0)
