"""What a detector and an aligner promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from deepthink.records import Box, Detection


class Detector(Protocol):
    """Finds the faces of an image, and puts a box around each as dlib's detector would.

    One convention for boxes, whatever finds the face: the landmarks, and through them the crops and embeddings, depend
    on where the box lies. A detector whose own boxes lie otherwise maps them.
    """

    name: str

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Return the faces of a BGR uint8 image (rows, columns, 3), surest first; boxes may reach over its edges."""
        ...


class Aligner(Protocol):
    """Cuts a face out of an image, turned and scaled so that an embedder sees every face alike."""

    name: str
    size: int  # pixels, the side of the crop

    def find(self, images: Sequence[np.ndarray], boxes: Sequence[Box]) -> np.ndarray:
        """Return the landmarks (n, 5, 2) float32 of one face in each of n images."""
        ...

    def align(self, image: np.ndarray, box: Box, landmarks: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the crop (size, size, 3) BGR uint8 and the landmarks (5, 2) float32, in pixels of the image.

        Landmarks that are given, dlib's five, are used as they are; otherwise they are found within the box.
        """
        ...
