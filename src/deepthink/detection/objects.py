"""Finds people and other things with MobileNet-SSD, as SentinelCam's MobileNetSSD_allFrames does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from deepthink.detection.opencv import check_image
from deepthink.errors import WeightsError
from deepthink.records import Box

SIDE, MEAN, SCALE = 300, 127.5, 1 / 127.5  # pixels and grey levels, as the network was trained (Howard et al. 2017)
CLASSES = (  # PASCAL VOC's, in the network's order
    *("background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow"),
    *("diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
)


@dataclass(frozen=True)
class Thing:
    """Something found in a picture."""

    name: str
    confidence: float  # 0 to 1
    box: Box

    def __str__(self) -> str:
        return f"{self.name}: {self.confidence:.4f}"


class ObjectDetector:
    """A single-shot detector of 21 classes, through OpenCV.

    Parameters
    ----------
    model : Path
        `.caffemodel`, or the same network as `.onnx`.
    prototxt : Path, optional
        The Caffe network's description.
    confidence : float
        Least score, 0 to 1.

    Raises
    ------
    WeightsError
        A file is absent, or cannot be read.
    """

    def __init__(self, model: Path, prototxt: Path | None = None, confidence: float = 0.5) -> None:
        self.confidence = confidence
        files = [path for path in (model, prototxt) if path]
        missing = [str(path) for path in files if not path.is_file()]
        if missing:
            raise WeightsError(f"There is no object detector at {', '.join(missing)}.")
        try:
            self._network = cv2.dnn.readNet(*map(str, files))
        except cv2.error as error:
            raise WeightsError(f"OpenCV cannot read {model}: {error}") from None

    def detect(self, image: np.ndarray) -> list[Thing]:
        """Return what is in a BGR uint8 image, surest first; boxes end at its edges."""
        check_image(image)
        rows, columns = image.shape[:2]
        self._network.setInput(cv2.dnn.blobFromImage(cv2.resize(image, (SIDE, SIDE)), SCALE, (SIDE, SIDE), MEAN))
        found = self._network.forward().reshape(-1, 7)  # image, class, score, and the corners as parts of the sides
        things = [
            Thing(CLASSES[int(row[1])], float(row[2]), _box(row[3:], columns, rows))
            for row in found
            if row[2] > self.confidence and 0 < row[1] < len(CLASSES)
        ]
        return sorted((thing for thing in things if thing.box.width and thing.box.height), key=lambda t: -t.confidence)


def _box(corners: np.ndarray, columns: int, rows: int) -> Box:
    x1, y1, x2, y2 = (corners * (columns, rows, columns, rows)).astype(int).tolist()
    return Box(x1, y1, x2, y2).clipped(columns, rows)
