"""Recognises as SentinelCam's FaceRecon does, face by face (docs/formats.md, 1.4)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Protocol

import numpy as np

from deepthink.datasink.base import FACES, Datasink, Event, Mark
from deepthink.datasink.labels import Label
from deepthink.detection.haar_eyes import Eyes, align_eyes, assess, enlarge
from deepthink.detection.sentinelcam import check_size, raw_crop
from deepthink.errors import BadInputError
from deepthink.frames import read_frame
from deepthink.model.sentinelcam import FaceRecon
from deepthink.records import Box, FrameKey


class CropEmbedder(Protocol):
    """Turns one face into an embedding, whatever its size."""

    fingerprint: str

    def embed_crop(self, face: np.ndarray) -> np.ndarray:
        """Return the embedding (dimensions,) float32 of a BGR uint8 picture."""
        ...


def recognise_faces(datasink: Datasink, event: Event, embedder: CropEmbedder, recon: FaceRecon) -> list[Mark]:
    """Return an event's `fr1` set, each face decided by itself, in the order of its `fd1` set.

    A picture or a box that cannot be used is noted and costs itself alone; SentinelCam would name a black picture
    (bug B7), or end the event there (B8).
    """
    found: list[Mark] = []
    for time, group in groupby(datasink.marks(event, FACES), key=lambda mark: mark.time):
        image = read_frame(datasink, FrameKey(event.date, event.event, time))
        if image is not None:
            found += _recognised(datasink, event, image, list(group), embedder, recon)
    return found


def _recognised(
    datasink: Datasink, event: Event, image: np.ndarray, marks: list[Mark], embedder: CropEmbedder, recon: FaceRecon
) -> Iterator[Mark]:
    """Yield the labelled faces of one frame."""
    for mark in marks:
        try:
            label = recognise_face(image, mark.box, len(marks), embedder, recon)
        except BadInputError as error:
            datasink.problems.add(f"{event.date} {event.event}", None, str(error))
            continue
        box = mark.box
        yield Mark(mark.time, mark.objid, str(label), Box(max(0, box.x1), max(0, box.y1), box.x2, box.y2))


def recognise_face(image: np.ndarray, box: Box, faces: int, embedder: CropEmbedder, recon: FaceRecon) -> Label:
    """Say whose face is in a box, one of so many in its frame.

    Raises
    ------
    BadInputError
        The box holds nothing of the frame, or less than SentinelCam embeds.
    """
    crop = enlarge(raw_crop(image, box))
    assessed = assess(crop)
    face = align_eyes(crop, assessed.eyes) if assessed.candidate else check_size(crop)
    return recon.label(embedder.embed_crop(face), assessed.candidate, faces)


def enrolment_face(image: np.ndarray, box: Box, eyes: Eyes) -> np.ndarray:
    """Return what FaceDataUpdate embeds of a selected face: aligned by the eyes of its row, if there are any.

    Raises
    ------
    BadInputError
        The box holds nothing of the frame, or less than SentinelCam embeds.
    """
    crop = enlarge(raw_crop(image, box))
    return align_eyes(crop, eyes) if eyes.dx else check_size(crop)
