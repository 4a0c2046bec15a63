"""The hair of a drawn person: what falls behind the head, and what lies over it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deepthink.simulate.features import darker, fill, outline
from deepthink.simulate.relief import SIZE, grid

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person

BALD, CROPPED, SHORT, PARTING, FRINGE, LONG, LONG_FRINGE, CURLS = range(8)
_THICK = {
    BALD: 0.0,
    CROPPED: 0.04,
    SHORT: 0.11,
    PARTING: 0.14,
    FRINGE: 0.14,
    LONG: 0.15,
    LONG_FRINGE: 0.16,
    CURLS: 0.26,
}


def paint_hair_behind(canvas: np.ndarray, cover: np.ndarray, person: Person) -> None:
    """Paint what hangs behind the head, in place."""
    if person.style not in (LONG, LONG_FRINGE, CURLS, FRINGE):
        return
    low = {LONG: 118.0, LONG_FRINGE: 100.0, CURLS: 42.0, FRINGE: 58.0}[person.style]
    out = person.wide * {LONG: 1.22, LONG_FRINGE: 1.26, CURLS: 1.38, FRINGE: 1.16}[person.style]
    shape = [
        (-out * 0.9, -20),
        (-out, 25),
        (-out * 0.95, low),
        (out * 0.95, low),
        (out, 25),
        (out * 0.9, -20),
        (0, -person.high),
    ]
    fill(canvas, shape, darker(person.hair, 0.8))
    fill(cover, shape, 1.0)


def paint_hair_over(canvas: np.ndarray, cover: np.ndarray, person: Person, all_round: bool) -> None:
    """Paint what lies on the head, in place; `all_round` is the back of the head."""
    share, coloured = _hair(person, all_round)
    part = share[..., None]
    canvas *= 1 - part
    canvas += coloured
    np.maximum(cover, share, out=cover)


@lru_cache(maxsize=32)
def _hair(person: Person, all_round: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return how much hair covers each point, and the hair's colour times that."""
    share = _share(person, all_round)
    if person.style == BALD and not all_round:
        share = share * np.float32(0.12)
    rng = np.random.default_rng(person.seed + 9)
    strands = cv2.GaussianBlur(rng.normal(0, 1, (SIZE, SIZE)).astype(np.float32), (0, 0), 0.8, sigmaY=5)
    bright = np.clip(1 + strands * 0.9 + 0.18 * np.cos((grid()[0] + 20) / 26), 0.45, 1.9)
    return share, share[..., None] * np.array(person.hair, np.float32) * bright[..., None]


def _share(person: Person, all_round: bool) -> np.ndarray:
    """Return how much hair covers each point: the head's outline grown, without the face."""
    across, down = grid()
    grown = outline(person) * (1 + _THICK[person.style])
    around = np.zeros((SIZE, SIZE), np.float32)
    fill(around, grown, 1.0)
    if all_round:
        return around * np.clip((60 - down) / 20, 0, 1)
    face = _face_edge(person, across)
    above = np.clip((face - down) / 3 + 0.5, 0, 1)
    return cv2.GaussianBlur(around * above, (0, 0), 1.0)


def _face_edge(person: Person, across: np.ndarray) -> np.ndarray:
    """Return where the hair ends and the face begins, down from the middle of the head, for each column."""
    line = person.eye_y - person.hairline
    side = np.clip(np.abs(across) / person.wide, 0, 1.3)
    edge = line + 0.55 * person.hairline * side**4 + 42 * np.clip(side - 0.88, 0, 1) * 4
    if person.style == PARTING:
        edge = edge + 12 * np.clip(across / person.wide + 0.35, 0, 1)
    if person.style in (FRINGE, LONG_FRINGE):
        edge = edge + (person.hairline - person.brow_y - 9) * np.clip(1.15 - side**2, 0, 1)
    if person.style == CURLS:
        edge = edge + 4 * np.sin(across / 5)
    if person.style == CROPPED:
        edge = edge - 4 + 10 * np.clip(np.abs(side - 0.55) - 0.1, 0, 1)
    return edge
