"""OpenFace as SentinelCam's nodes run it: their network, their blob, and faces cut out as they cut them.

The other OpenFace, `onnx.openface`, runs the same network on faces that are aligned by landmarks, which every face has.
This one is for sites whose nodes go on with SentinelCam's own recognition: what is learnt here must be what they see.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np

from deepthink import weights
from deepthink.embedding.session import OnnxSession
from deepthink.embedding.torch import TorchSession
from deepthink.errors import BadInputError, WeightsError
from deepthink.records import Alignment

SIZE, DIMENSIONS = 96, 128
LEAST = 20  # pixels: SentinelCam does not embed a face with a shorter side; that is for the caller to decide


class OpenFace:
    """The network nn4.small2 (Amos, Ludwiczuk and Satyanarayanan 2016): 128 numbers a face, of length 1.

    Parameters
    ----------
    path : Path, optional
        The network, `.t7` (run by OpenCV, as on nodes) or the same as `.onnx` (run by ONNX Runtime). By default the
        known `openface_nn4.small2.v1.t7`, its sha256 checked; a file of your own is trusted as it is.

    Raises
    ------
    WeightsError
        When the file cannot be read; the known one is looked for at the first call.

    Examples
    --------
    >>> OpenFace().embed(np.zeros((0, 96, 96, 3), np.uint8)).shape
    (0, 128)
    """

    name = "openface-sentinelcam"
    alignment = Alignment("haar-eyes", SIZE)
    size, dimensions = SIZE, DIMENSIONS

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.fingerprint = _fingerprint(_sha256(path) if path else weights.known("openface").sha256)

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return the embeddings (n, 128) float32 of crops (n, 96, 96, 3) uint8 BGR.

        Raises
        ------
        BadInputError
            When the crops have another shape or type.
        WeightsError
            When the network is absent, altered, or another.
        """
        if crops.ndim != 4 or crops.shape[1:] != (SIZE, SIZE, 3):
            raise BadInputError(f"Crops of shape {crops.shape} are not (n, {SIZE}, {SIZE}, 3) uint8 BGR.")
        return np.array([self.embed_crop(crop) for crop in crops], np.float32).reshape(len(crops), DIMENSIONS)

    def embed_crop(self, face: np.ndarray) -> np.ndarray:
        """Return the embedding (128,) float32 of one face, aligned or as it was cut out, of any size.

        Parameters
        ----------
        face : ndarray of uint8, shape (rows, columns, 3)
            BGR; brought to 96 by 96 pixels whatever its proportions, as nodes do.
        """
        if face.ndim != 3 or face.shape[2] != 3 or face.dtype != np.uint8 or not face.size:
            raise BadInputError(f"A face of shape {face.shape} and type {face.dtype} is not BGR uint8.")
        blob = cv2.dnn.blobFromImage(face, 1.0 / 255, (SIZE, SIZE), (0, 0, 0), swapRB=True, crop=False)
        found = self._session.run(blob).astype(np.float32).reshape(-1)
        if len(found) != DIMENSIONS or not np.isfinite(found).all():
            raise WeightsError(f"The network gave {len(found)} numbers, or some that are none: it is not nn4.small2.")
        return found

    @cached_property
    def _session(self) -> TorchSession | OnnxSession:
        path = self.path or weights.find("openface")
        return OnnxSession(path.read_bytes()) if path.suffix == ".onnx" else TorchSession(path, SIZE)


def _sha256(path: Path) -> str:
    try:
        return weights.file_sha256(path)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read: {error.strerror}. Put the network there.") from None


def _fingerprint(network: str) -> str:
    parts = (network, "rgb / 255", "haar eyes (0.29, 0.27) of 96", "fp32")
    return f"{OpenFace.name}:{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"
