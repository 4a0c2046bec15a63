"""The nouns that every stage passes on: frozen, with their units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

UNKNOWN = "Unknown"  # the name that files and labels give to nobody's face; no person can have it
Progress = Callable[[int, int, str], None]  # told what is done, out of how much, and what is being done


@dataclass(frozen=True, order=True)
class Box:
    """A rectangle in pixels; `x2` and `y2` are exclusive, as slice ends are."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def width(self) -> int:
        """Columns covered, never negative."""
        return max(0, self.x2 - self.x1)

    @property
    def height(self) -> int:
        """Rows covered, never negative."""
        return max(0, self.y2 - self.y1)

    def clipped(self, width: int, height: int) -> Box:
        """Return the part of this box inside a picture of `width` by `height` pixels.

        Examples
        --------
        >>> Box(-5, 10, 700, 20).clipped(640, 480)
        Box(x1=0, y1=10, x2=640, y2=20)
        """
        return Box(
            min(max(self.x1, 0), width),
            min(max(self.y1, 0), height),
            min(max(self.x2, 0), width),
            min(max(self.y2, 0), height),
        )

    def overlap(self, other: Box) -> float:
        """Intersection over union with another box, 0 to 1."""
        across = min(self.x2, other.x2) - max(self.x1, other.x1)
        down = min(self.y2, other.y2) - max(self.y1, other.y1)
        shared = max(0, across) * max(0, down)
        union = self.width * self.height + other.width * other.height - shared
        return shared / union if union else 0.0


@dataclass(frozen=True, order=True)
class FrameKey:
    """Where and when a picture was taken: enough to find it in a datasink."""

    date: str  # the datasink's day folder, YYYY-MM-DD
    event: str
    time: datetime  # local, naive, as SentinelCam keeps it


@dataclass(frozen=True)
class Detection:
    """A face found in a frame. Boxes follow one convention whatever found them (dlib's: brows to chin)."""

    box: Box
    confidence: float  # the detector's own scale
    landmarks: np.ndarray | None = None  # (5, 2) float32 pixels, dlib's five, when the detector finds them itself


@dataclass(frozen=True)
class Alignment:
    """How a crop is cut out of a frame: as the crops were that an embedder's network was trained on."""

    kind: str = "dlib-chip"  # see detection/aligners.py
    size: int = 150  # pixels, the side of the crop
    padding: float = 0.25  # dlib-chip and box: room on every side, as a part of the face's side
    points: tuple[tuple[float, float], ...] = ()  # points: where dlib's five landmarks come to lie, in pixels


@dataclass(frozen=True)
class Quality:
    """How well a face can be recognised, judged before anyone asks who it is."""

    size: int  # pixels, the shorter side of the box
    focus: float  # variance of the Laplacian of the 96 px crop
    angle: float  # degrees, roll of the line between the eyes; 0 is level
    turn: float  # 0 facing the camera, 1 the nose is under an eye
    usable: bool
    reason: str = ""  # why not, empty when usable


@dataclass(frozen=True)
class Sample:
    """One face in one frame, aligned and judged: what embedding and review work on."""

    frame: FrameKey
    box: Box
    landmarks: np.ndarray  # (5, 2) float32 pixels in the frame
    crop: np.ndarray  # aligned for the embedder, BGR uint8
    quality: Quality


@dataclass(frozen=True)
class Identification:
    """Who a probe is, or that nobody in the gallery is close enough."""

    person: str | None  # None is "unknown": an answer, not a failure
    probability: float  # 0 to 1, of the nearest person
    distance: float  # to the nearest person's baseline, in embedding units
    threshold: float  # that person's own
    nearest: str  # who is nearest, named or not; empty when the gallery is
    reason: str = ""  # why the answer is unknown
    doubted: bool = False  # whether quality or classifier would refuse a name, however near the probe was
