"""People who do not exist: drawn from a seed, seen in any view.

A person is a set of measures and colours. A view is drawn in three steps: the colours of the face (skin, features,
hair) on a canvas seen from the front; a relief, which gives light and shade; and the turn of the head, by which what
lies nearer to the camera moves further across. Real detectors find these faces, and a real embedding network tells the
people apart, because what it looks at (shape, colours, hair, brows, eyes, glasses, beard) is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from deepthink.simulate.features import paint_glasses, paint_look, paint_nose
from deepthink.simulate.hair import paint_hair_behind, paint_hair_over
from deepthink.simulate.paint import SIZE, Colour
from deepthink.simulate.relief import light, relief_of
from deepthink.simulate.skin import paint_body, paint_head
from deepthink.simulate.turn import turned

AWAY = 45  # degrees of yaw beyond which the back of the head is seen
SKINS: tuple[Colour, ...] = (  # BGR, from light to dark
    (190, 210, 240), (170, 192, 226), (150, 178, 216), (125, 158, 200), (100, 135, 182), (75, 108, 155),
    (60, 88, 130), (48, 68, 104),
)  # fmt: skip
HAIRS: tuple[Colour, ...] = (
    (25, 22, 20), (32, 38, 48), (38, 58, 88), (55, 88, 132), (95, 150, 196), (140, 195, 225), (40, 72, 150),
    (140, 142, 144), (190, 194, 196),
)  # fmt: skip
EYES: tuple[Colour, ...] = ((40, 55, 75), (60, 95, 125), (150, 120, 75), (100, 130, 90), (70, 70, 70))


@dataclass(frozen=True)
class Person:
    """The measures and colours of somebody, in pixels of a canvas of 320 by 320 unless said otherwise."""

    seed: int
    skin: Colour
    hair: Colour
    eye: Colour
    lip: Colour
    shirt: Colour
    wide: float  # half the head's width
    high: float  # half its height
    jaw: float  # width at the mouth, as a part of `wide`
    chin: float  # width of the chin, as a part of `wide`
    eye_apart: float
    eye_y: float
    eye_wide: float
    eye_high: float
    eye_slant: float
    brow_y: float  # above the eye
    brow_thick: float
    brow_slant: float
    brow_wide: float
    nose_wide: float
    nose_long: float
    nose_high: float  # how far it stands out
    mouth_y: float
    mouth_wide: float
    lip_upper: float
    lip_lower: float
    hairline: float  # above the eyes
    style: int  # 0 bald, 1 cropped, 2 short, 3 side parting, 4 fringe, 5 long, 6 long with fringe, 7 curls
    beard: int  # 0 none, 1 stubble, 2 moustache, 3 goatee, 4 full
    glasses: int  # 0 none, 1 round, 2 square, 3 dark-rimmed
    age: float  # 0 young to 1 old: folds and rings
    freckles: int
    cheek: float


@dataclass(frozen=True)
class View:
    """How somebody is seen. A face looks right to 25 degrees of yaw and 12 of pitch and roll."""

    yaw: float = 0.0  # degrees, positive turns to the right of the picture; beyond 45 the back of the head is seen
    pitch: float = 0.0  # degrees, positive looks down
    roll: float = 0.0  # degrees, positive leans to the right of the picture
    smile: float = 0.0  # -0.3 to 1
    mouth_open: float = 0.0  # 0 to 1
    eyes_open: float = 1.0  # 0.6 to 1.2, 1 at rest
    light: float = 0.0  # -1 from the left, 1 from the right
    brightness: float = 1.0  # a factor, 0.5 to 1.3
    warmth: float = 0.0  # -1 blue, 1 yellow


def imagine(seed: int) -> Person:
    """Think somebody up; the same seed gives the same person, and near seeds very different ones.

    Each measure follows a low-discrepancy sequence of its own over the seeds, so that a few people already differ in
    most of them.

    Examples
    --------
    >>> imagine(3) == imagine(3), imagine(3) == imagine(4)
    (True, False)
    """
    draw_one = _Measures(seed)
    span, pick, choice = draw_one.span, draw_one.pick, draw_one.choice
    skin = pick(SKINS)
    male = draw_one.share() < 0.5
    style = choice((0, 1, 2, 3, 3, 7) if male else (2, 4, 5, 5, 6, 7))
    dark = sum(skin) < 345
    return Person(
        seed=seed, skin=skin, hair=pick(HAIRS[:3] if dark else HAIRS), eye=pick(EYES[:2] if dark else EYES),
        lip=_tinted(skin, span(0.62, 0.85), span(10, 45)), shirt=draw_one.colour(),
        wide=span(56, 72), high=span(78, 97), jaw=span(0.68, 0.98), chin=span(0.22, 0.55),
        eye_apart=span(24, 33), eye_y=span(-14, -2), eye_wide=span(10.5, 15.5), eye_high=span(4.0, 7.5),
        eye_slant=span(-0.22, 0.22), brow_y=span(11, 20), brow_thick=span(2.0, 8.0) if male else span(1.5, 4.5),
        brow_slant=span(-0.3, 0.25), brow_wide=span(14, 20), nose_wide=span(9, 18), nose_long=span(27, 42),
        nose_high=span(9, 19), mouth_y=span(43, 56), mouth_wide=span(16, 29), lip_upper=span(2.0, 6.5),
        lip_lower=span(3.0, 9.0), hairline=span(38, 57), style=style,
        beard=choice((0, 0, 1, 2, 3, 4)) if male else 0, glasses=choice((0, 0, 0, 1, 2, 3)), age=span(0, 1),
        freckles=int(span(0, 60)) if draw_one.share() < 0.25 else 0, cheek=span(0, 1),
    )  # fmt: skip


class _Measures:
    """Numbers for one person: the k-th of a seed is the seed-th of the k-th Weyl sequence."""

    def __init__(self, seed: int) -> None:
        self.seed, self.count = seed, 0
        self.rng = np.random.default_rng([seed, 77])

    def share(self) -> float:
        """Return 0 to 1."""
        self.count += 1
        step = np.sqrt(float(_PRIMES[self.count % len(_PRIMES)]))
        return float((self.seed * step + 0.37 * self.count + 0.15 * self.rng.random()) % 1.0)

    def span(self, low: float, high: float) -> float:
        """Return a number from `low` to `high`."""
        return low + (high - low) * self.share()

    def choice(self, options: tuple[int, ...]) -> int:
        """Return one of several numbers."""
        return options[int(self.share() * len(options)) % len(options)]

    def pick(self, options: tuple[Colour, ...]) -> Colour:
        """Return one of several colours."""
        return options[int(self.share() * len(options)) % len(options)]

    def colour(self) -> Colour:
        """Return any colour."""
        return self.span(30, 220), self.span(30, 220), self.span(30, 220)


_PRIMES = (
    2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173,
)  # fmt: skip


def _tinted(colour: Colour, darker: float, redder: float) -> Colour:
    return colour[0] * darker, colour[1] * darker * 0.92, min(255.0, colour[2] * darker + redder)


def glance(rng: np.random.Generator, turned: bool = False) -> View:
    """Think up a natural view; `turned` looks so far away that the face cannot be recognised.

    Examples
    --------
    >>> views = [glance(np.random.default_rng(4), turned) for turned in (False, True)]
    >>> [abs(view.yaw) > AWAY for view in views]
    [False, True]
    """
    yaw = float(rng.choice([-1, 1]) * rng.uniform(62, 80)) if turned else float(rng.normal(0, 8))
    return View(
        yaw=yaw if turned else float(np.clip(yaw, -18, 18)),
        pitch=float(np.clip(rng.normal(0, 4), -9, 9)),
        roll=float(np.clip(rng.normal(0, 4), -10, 10)),
        smile=float(rng.uniform(-0.2, 0.9)),
        mouth_open=float(max(0.0, rng.normal(0, 0.35))),
        eyes_open=float(np.clip(rng.normal(1, 0.12), 0.6, 1.2)),
        light=float(rng.uniform(-0.8, 0.8)),
        brightness=float(rng.uniform(0.82, 1.12)),
        warmth=float(rng.uniform(-0.5, 0.5)),
    )


def draw(person: Person, view: View, height: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw head, neck and shoulders.

    Parameters
    ----------
    person : Person
    view : View
    height : int
        Pixels of the picture, which is square; the face is about 0.4 of it across.

    Returns
    -------
    picture : ndarray of uint8, shape (height, height, 3)
        BGR.
    opacity : ndarray of float32, shape (height, height)
        0 where there is nobody, 1 where somebody is.

    Examples
    --------
    >>> picture, opacity = draw(imagine(1), View(), 300)
    >>> picture.shape, bool(opacity[150, 150] == 1)
    ((300, 300, 3), True)
    """
    away = abs(view.yaw) > AWAY
    canvas, cover, head = (layer.copy() for layer in _still_life(person))
    paint_look(canvas, person, view)
    light(canvas, head, person, view)
    if person.glasses:
        paint_glasses(canvas, person)
    paint_hair_over(canvas, cover, person, all_round=away, brightness=view.brightness)
    yaw = 0.15 * view.yaw if away else view.yaw
    return turned(_whole(canvas, cover), relief_of(person, view), yaw, view.pitch, view.roll, height)


def _whole(canvas: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """Return BGR and opacity, uint8; the edge's colour without the black that it was painted on."""
    whole = np.empty((SIZE, SIZE, 4), np.uint8)
    whole[..., :3] = np.clip(canvas / np.maximum(cover, np.float32(0.02))[..., None], 0, 255)
    whole[..., 3] = cover * 255
    return whole


@lru_cache(maxsize=32)
def _still_life(person: Person) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Paint what is the same in every view: the picture, its opacity, and where the head is."""
    canvas = np.zeros((SIZE, SIZE, 3), np.float32)
    cover = np.zeros((SIZE, SIZE), np.float32)
    paint_hair_behind(canvas, cover, person)
    paint_body(canvas, cover, person)
    head = paint_head(canvas, cover, person)
    paint_nose(canvas, person)
    return canvas, cover, head
