"""The hair of a drawn person: what falls behind the head, and what lies over it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from deepthink.simulate.paint import SIZE, darker, fill, grain, grid
from deepthink.simulate.skin import outline

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person

BALD, CROPPED, SHORT, PARTING, FRINGE, LONG, LONG_FRINGE, CURLS = range(8)
_THICK = {
    BALD: 0.0,
    CROPPED: 0.03,
    SHORT: 0.09,
    PARTING: 0.12,
    FRINGE: 0.12,
    LONG: 0.13,
    LONG_FRINGE: 0.14,
    CURLS: 0.24,
}  # beyond the head, as a part of it
_BEHIND = {LONG: (118.0, 1.22), LONG_FRINGE: (100.0, 1.26), CURLS: (42.0, 1.36), FRINGE: (58.0, 1.16)}  # low, wide


def paint_hair_behind(canvas: np.ndarray, cover: np.ndarray, person: Person) -> None:
    """Paint what hangs behind the head, in place."""
    if person.style not in _BEHIND:
        return
    low, wide = _BEHIND[person.style]
    wide = person.wide * wide
    half = [(0, -person.high), (wide * 0.9, -24), (wide, 20), (wide * 0.98, low * 0.8), (wide * 0.8, low)]
    shape = [*half, *((-x, y) for x, y in half[::-1])]
    fill(canvas, shape, darker(person.hair, 0.7), soft=1.5)
    fill(cover, shape, 1.0, soft=1.5)


def paint_hair_over(canvas: np.ndarray, cover: np.ndarray, person: Person, all_round: bool, brightness: float) -> None:
    """Paint what lies on the head, in place; `all_round` is the back of the head."""
    rows, share, coloured = _hair(person, all_round)
    canvas[rows] *= (1 - share)[..., None]
    canvas[rows] += coloured * np.float32(brightness)
    np.maximum(cover[rows], share, out=cover[rows])


@lru_cache(maxsize=32)
def _hair(person: Person, all_round: bool) -> tuple[slice, np.ndarray, np.ndarray]:
    """Return the rows with hair, how much hair covers each point of them, and the hair's colour times that."""
    share = _share(person, all_round)
    if person.style == BALD and not all_round:
        share = share * np.float32(0.12)
    strands = grain([person.seed, 5], 0.8, 5) + np.float32(0.7) * grain([person.seed, 6], 3, 9)
    across, down = grid()
    dome = np.sqrt(np.maximum(0, 1 - (across / np.float32(person.wide * 1.4)) ** 2))  # darker towards the sides
    shine = np.exp(-(((down + person.high * 0.72) / 16).astype(np.float64) ** 2)).astype(np.float32)
    bright = np.clip((0.55 + 0.4 * dome + 0.3 * shine) * (1 + np.float32(0.12) * strands), 0.4, 1.5)
    found = np.flatnonzero(share.any(axis=1))
    rows = slice(int(found[0]), int(found[-1]) + 1)
    return rows, share[rows], (share * bright)[rows][..., None] * np.array(person.hair, np.float32)


def _share(person: Person, all_round: bool) -> np.ndarray:
    """Return how much hair covers each point: the head's outline grown, without the face."""
    around = np.zeros((SIZE, SIZE), np.float32)
    fill(around, outline(person) * (1 + _THICK[person.style]), 1.0, soft=1.0)
    across, down = grid()
    if all_round:
        return np.asarray(around * np.clip((60 - down) / 20, 0, 1))
    ragged = np.float32(2.0) * grain([person.seed, 7], 1.2, 6)
    edge = _face_edge(person, across.astype(np.float64)).astype(np.float32)
    return np.asarray(around * np.clip((edge + ragged - down) / 6 + 0.5, 0, 1))


def _face_edge(person: Person, across: np.ndarray) -> np.ndarray:
    """Return where the hair ends and the face begins, down from the middle of the head, for each column."""
    side = np.clip(np.abs(across) / person.wide, 0, 1.3)
    edge = person.eye_y - person.hairline + 0.55 * person.hairline * side**4 + 168 * np.clip(side - 0.88, 0, 1)
    if person.style == PARTING:
        edge = edge + 12 * np.clip(across / person.wide + 0.35, 0, 1)
    if person.style in (FRINGE, LONG_FRINGE):
        edge = edge + (person.hairline - person.brow_y - 18) * np.clip(1.1 - side**2, 0, 1)
    if person.style == CURLS:
        edge = edge + 4 * np.sin(across / 5)
    if person.style == CROPPED:
        edge = edge - 4 + 10 * np.clip(np.abs(side - 0.55) - 0.1, 0, 1)
    return np.asarray(edge)
