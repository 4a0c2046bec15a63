"""Events of drawn people, filmed into a datasink, and embedders and detectors that say what they were shown."""

from __future__ import annotations

from datetime import datetime, timedelta

import cv2
import numpy as np

from deepthink.datasink.base import Event, Mark
from deepthink.datasink.folder import FolderDatasink
from deepthink.flow.wiring import Site
from deepthink.records import Box, Detection, FrameKey
from deepthink.settings import load
from deepthink.simulate.residents import View, draw, imagine
from deepthink.simulate.stage import CAMERAS, expose, put, scene

DAY, START = "2026-03-02", datetime(2026, 3, 2, 8, 0, 0, 50631)
BUST, LEFT, TOP = 150, 150, 60
FACE = Box(195, 102, 255, 162)  # 60 pixels wide: enlarged; both eyes are found in the frames of people 1, 2, 3, 5, 6


def frame(person: int = 1, noise: int = 0) -> bytes:
    """A camera's JPEG, 640 by 480, of one drawn person."""
    picture = scene(CAMERAS[0])
    put(picture, *draw(imagine(person), View(), BUST), LEFT, TOP)
    return expose(picture, np.random.default_rng(noise), 0)


def blank(shade: int = 90) -> bytes:
    return cv2.imencode(".jpg", np.full((480, 640, 3), shade, np.uint8))[1].tobytes()


def event_of(letter: str, minute: int = 0, day: str = DAY) -> Event:
    start = START.replace(day=int(day[-2:])) + timedelta(minutes=minute)
    return Event(day, letter * 32, "alpha5/PiCam3", "alpha5", "PiCam3", start, 640, 480)


def at(event: Event, second: float) -> datetime:
    return event.start + timedelta(seconds=second)


def film(sink: FolderDatasink, event: Event, pictures: dict[float, bytes], **sets: list[Mark]) -> Event:
    """Write an event's pictures, by their seconds, and its sets."""
    for second, content in pictures.items():
        path = sink.picture_path(FrameKey(event.date, event.event, at(event, second)))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for kind, marks in sets.items():
        sink.write(event, kind, marks)
    return next(one for one in sink.events(event.date) if one.event == event.event)


def site_of(folder, rules: str, **values: str) -> Site:
    lines = [f"rules: {rules}", *(f"{key}: {value}" for key, value in values.items())]
    (folder / "site.yaml").write_text("\n".join(lines) + "\n")
    return Site(load(folder))


class Shown:
    """An embedder that gives the vector it was told to, and keeps the shapes of what it saw."""

    name, fingerprint, size, dimensions = "shown", "shown:1", 96, 2

    def __init__(self, vector=(0.5, 0.0)) -> None:
        self.vector, self.seen = np.float32(vector), []

    def embed_crop(self, face: np.ndarray) -> np.ndarray:
        self.seen.append(face)
        return self.vector


class Boxes:
    """A detector that finds the same boxes everywhere, and keeps the pictures it saw."""

    name = "boxes"

    def __init__(self, *boxes: Box) -> None:
        self.boxes, self.seen = boxes, []

    def detect(self, image: np.ndarray) -> list[Detection]:
        self.seen.append(image)
        return [Detection(box, 1.0) for box in self.boxes]
