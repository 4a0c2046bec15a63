"""Runs a network saved by Torch 7, through OpenCV: OpenFace's are."""

from __future__ import annotations

import threading
from pathlib import Path

import cv2
import numpy as np

from deepthink.errors import WeightsError


class TorchSession:
    """A Torch 7 network that takes one float32 picture at a time and gives one row of numbers.

    Parameters
    ----------
    path : Path
        The `.t7` file, already verified: it is a serialisation of objects, but OpenCV builds only layers from it.
    size : int
        Pixels, the side of its pictures.

    Raises
    ------
    WeightsError
        When OpenCV cannot read the network.
    """

    def __init__(self, path: Path, size: int) -> None:
        self.shape = (1, 3, size, size)
        self._lock = threading.Lock()  # a network holds its input and its output: one picture at a time
        try:
            self._network = cv2.dnn.readNetFromTorch(str(path))
        except cv2.error as error:
            raise WeightsError(f"OpenCV cannot read {path}: {error}") from error
        self._network.setPreferableBackend(cv2.dnn.DNN_BACKEND_OPENCV)  # whatever else this OpenCV was built with

    def run(self, batch: np.ndarray) -> np.ndarray:
        """Return the network's output for a float32 batch of one."""
        with self._lock:
            self._network.setInput(batch)
            output: np.ndarray = self._network.forward().copy()  # the next run may write over it
        return output
