"""Finds faces with dlib itself (the `dlib-bin` package): the reference that other detectors' boxes are mapped to."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from deepthink.detection.opencv import check_image
from deepthink.errors import MissingExtraError
from deepthink.records import Box, Detection


class DlibDetector:
    """dlib's frontal faces: histograms of oriented gradients (Dalal and Triggs 2005; King 2015, max-margin detection).

    Parameters
    ----------
    upsample : int, default=1
        How often the image is doubled first: faces from 80 pixels are found without, from 40 with one doubling.
    """

    name = "dlib"

    def __init__(self, *, upsample: int = 1) -> None:
        self.upsample = upsample

    def detect(self, image: np.ndarray) -> list[Detection]:
        """Return the faces of a BGR uint8 image, surest first; the confidence is the margin, above 0.

        Raises
        ------
        MissingExtraError
            When dlib-bin is not installed.
        """
        check_image(image)
        boxes, scores, _ = self._detector.run(np.ascontiguousarray(image[:, :, ::-1]), self.upsample, 0.0)
        found = [
            Detection(Box(box.left(), box.top(), box.right() + 1, box.bottom() + 1), score)
            for box, score in zip(boxes, scores, strict=True)
        ]
        return sorted(found, key=lambda each: -each.confidence)

    @cached_property
    def _detector(self) -> Any:
        try:
            import dlib
        except ImportError as error:
            raise MissingExtraError("dlib-bin", "dlib") from error
        return dlib.get_frontal_face_detector()
