"""The relief of a drawn head: it gives light and shade, and moves what is nearer further when the head turns."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from deepthink.simulate.residents import Person, View

SIZE = 320  # pixels, the canvas
MIDDLE = (160.0, 150.0)  # of the head
DEPTH = 62.0  # pixels from the plane of the ears to the front of the face


@lru_cache(maxsize=1)
def grid() -> tuple[np.ndarray, np.ndarray]:
    """Return across and down from the middle of the head, each (320, 320) float32."""
    down, across = np.mgrid[0:SIZE, 0:SIZE].astype(np.float32)
    return across - np.float32(MIDDLE[0]), down - np.float32(MIDDLE[1])


def blob(x: float, y: float, wide: float, high: float) -> np.ndarray:
    """Return a soft spot of height 1, (320, 320) float32, `wide` and `high` its standard deviations."""
    across, down = grid()
    column = np.exp(-0.5 * ((across[0] - x) / wide) ** 2)
    row = np.exp(-0.5 * ((down[:, 0] - y) / high) ** 2)
    return np.asarray(row[:, None] * column[None])


def relief_of(person: Person, view: View) -> np.ndarray:
    """Return how far each point stands out, in pixels, (320, 320) float32."""
    return _still(person) + np.float32(view.smile * 3) * _smiling(person)


@lru_cache(maxsize=32)
def _smiling(person: Person) -> np.ndarray:
    """Return where cheeks rise with a smile."""
    y = person.mouth_y - 16
    return (blob(-person.wide * 0.5, y, 12, 9) + blob(person.wide * 0.5, y, 12, 9)).astype(np.float32)


@lru_cache(maxsize=32)
def _still(person: Person) -> np.ndarray:
    across, down = grid()
    round_ = np.maximum(0, 1 - (across / (person.wide * 1.12)) ** 2 - (down / (person.high * 1.15)) ** 2)
    height = DEPTH * np.sqrt(round_)
    height = height + _nose(person)
    for side in (-1, 1):
        height = height - 5.5 * blob(side * person.eye_apart, person.eye_y, 13, 8)
        height = height + 4.5 * blob(side * person.eye_apart, person.eye_y - person.brow_y, 15, 5)
        height = height + (2 + 4 * person.cheek) * blob(side * person.wide * 0.55, person.eye_y + 24, 14, 11)
    height = height + 3.5 * blob(0, person.mouth_y, person.mouth_wide * 0.7, 7)
    height = height - 3.0 * blob(0, person.mouth_y + 14, 14, 4) + 5 * blob(0, person.high * 0.86, 14, 8)
    return np.asarray(height, np.float32)


def _nose(person: Person) -> np.ndarray:
    """Return the nose: a ridge that rises from between the eyes to the tip, and its wings."""
    top, tip = person.eye_y, person.eye_y + person.nose_long
    ridge = np.zeros((SIZE, SIZE), np.float32)
    for part in np.linspace(0.15, 1.0, 6):
        y = top + (tip - top) * part
        ridge = np.maximum(ridge, person.nose_high * part * blob(0, y, 4.5 + person.nose_wide * 0.28 * part, 7))
    wings = blob(-person.nose_wide * 0.72, tip + 1, 5, 5) + blob(person.nose_wide * 0.72, tip + 1, 5, 5)
    return ridge + person.nose_high * 0.45 * wings


def lit(canvas: np.ndarray, relief: np.ndarray, view: View) -> np.ndarray:
    """Light a canvas from the side and above by its relief (Lambert's law, with much light from all around)."""
    soft = cv2.GaussianBlur(relief, (0, 0), 1.6)
    slope_x = cv2.Sobel(soft, cv2.CV_32F, 1, 0, ksize=3) / 8
    slope_y = cv2.Sobel(soft, cv2.CV_32F, 0, 1, ksize=3) / 8
    length = np.sqrt(slope_x**2 + slope_y**2 + 1)
    towards = np.array([view.light, -0.45, 0.9])
    towards = towards / np.linalg.norm(towards)
    shine = (-slope_x * towards[0] - slope_y * towards[1] + towards[2]) / length
    shade = view.brightness * (0.5 + 0.62 * np.clip(shine, 0, 1))
    tint = np.array([1 - 0.06 * view.warmth, 1.0, 1 + 0.06 * view.warmth], np.float32)
    return np.asarray(canvas * shade[..., None] * tint, np.float32)


def turned_by(
    canvas: np.ndarray, cover: np.ndarray, relief: np.ndarray, yaw: float, pitch: float, roll: float
) -> tuple[np.ndarray, np.ndarray]:
    """Turn the head: each point of the new picture is looked up where it was before, two steps being near enough."""
    across, down = grid()
    x, y = _unrolled(across, down, roll)
    yaw, pitch = np.radians(yaw), np.radians(pitch)
    held = _held(down)
    front_x, front_y = x, y
    for _ in range(2):
        height = cv2.remap(relief, front_x + np.float32(MIDDLE[0]), front_y + np.float32(MIDDLE[1]), cv2.INTER_LINEAR)
        near = np.float32(height) * held
        front_x = x + held * (x / np.float32(max(0.35, np.cos(yaw))) - x) * 0.85 - near * np.float32(np.sin(yaw))
        front_y = y - near * np.float32(np.sin(pitch))
    at_x, at_y = (
        (front_x + np.float32(MIDDLE[0])).astype(np.float32),
        (front_y + np.float32(MIDDLE[1])).astype(np.float32),
    )
    where = cv2.convertMaps(at_x, at_y, cv2.CV_16SC2)
    seen = cv2.remap(canvas, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return seen, cv2.remap(cover, *where, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _unrolled(across: np.ndarray, down: np.ndarray, roll: float) -> tuple[np.ndarray, np.ndarray]:
    """Turn the coordinates back by the roll, about the neck; the shoulders stay."""
    angle = np.radians(roll) * _held(down)
    pivot = np.float32(80)
    low = down - pivot
    return (
        (across * np.cos(angle) + low * np.sin(angle)).astype(np.float32),
        (low * np.cos(angle) - across * np.sin(angle) + pivot).astype(np.float32),
    )


def _held(down: np.ndarray) -> np.ndarray:
    """Return 1 for the head and 0 for the shoulders, with the neck between."""
    return np.asarray(np.clip((125 - down) / 45, 0, 1), np.float32)
