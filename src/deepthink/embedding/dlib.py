"""dlib's face recognition network: without dlib, and with it for comparison."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Any

import numpy as np

from deepthink import weights
from deepthink.embedding.convert import MEANS, SIZE, dlib_resnet_onnx
from deepthink.embedding.session import OnnxSession
from deepthink.errors import BadInputError, MissingExtraError
from deepthink.records import Alignment

SCALE = 1 / 256
DIMENSIONS = 128


def _fingerprint(embedder: str) -> str:
    """Name everything that shifts the embeddings; both embedders here agree within 1e-5, so they share it."""
    files = (weights.known(name).sha256 for name in ("dlib-resnet", "dlib-landmarks"))
    parts = (*files, f"chip {SIZE} padding 0.25", f"rgb {MEANS} {SCALE}", "fp32")
    return f"{embedder}:{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:16]}"


class DlibResnet:
    """dlib's face embeddings, from ONNX Runtime: the same numbers as dlib's, some ten times faster.

    The network is a residual network of 29 convolutions (He et al. 2016; King 2017, "High quality face recognition
    with deep metric learning"), trained so that two pictures of one person lie within 0.6 of each other. Its weights
    are read at the first call of :meth:`embed`.

    Parameters
    ----------
    threads : int, optional
        Threads of the engine; by default as many as this process may use.
    batch : int, default=16
        Crops embedded at once, at most. It bounds the memory, not the number of crops in a call: 16 need about 100 MB.

    Examples
    --------
    >>> DlibResnet().embed(np.zeros((0, 150, 150, 3), np.uint8)).shape
    (0, 128)
    """

    name = "dlib-resnet"
    alignment = Alignment()
    size = SIZE
    dimensions = DIMENSIONS
    fingerprint = _fingerprint("dlib-resnet")

    def __init__(self, *, threads: int | None = None, batch: int = 16) -> None:
        self.threads, self.batch = threads, batch

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return the embeddings of aligned crops.

        Parameters
        ----------
        crops : ndarray of uint8, shape (n, 150, 150, 3)
            BGR, from :class:`~deepthink.detection.align.DlibChip`.

        Returns
        -------
        ndarray of float32, shape (n, 128)
            Not scaled to unit length; compare by Euclidean distance.

        Raises
        ------
        BadInputError
            When the crops have another shape or type.
        WeightsError
            When the weight file is absent or altered.
        """
        check_crops(crops)
        batches = [crops[start : start + self.batch] for start in range(0, len(crops), self.batch)]
        embedded = [self._session.run(prepare(each)) for each in batches]
        return np.concatenate([np.empty((0, DIMENSIONS), np.float32), *embedded])

    @cached_property
    def _session(self) -> OnnxSession:
        return OnnxSession(dlib_resnet_onnx(), threads=self.threads)


class DlibReference:
    """The same embeddings from dlib itself (the `dlib-bin` package): slow, for comparison.

    Examples
    --------
    >>> DlibReference().fingerprint == DlibResnet().fingerprint
    True
    """

    name = "dlib-bin"
    alignment = Alignment()
    size = SIZE
    dimensions = DIMENSIONS
    fingerprint = DlibResnet.fingerprint

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return the embeddings (n, 128) float32 of crops (n, 150, 150, 3) uint8 BGR, as dlib computes them."""
        check_crops(crops)
        rgb = (np.ascontiguousarray(crop[:, :, ::-1]) for crop in crops)
        embedded = [np.array(self._model.compute_face_descriptor(crop), np.float32) for crop in rgb]
        return np.array(embedded, np.float32).reshape(-1, DIMENSIONS)

    @cached_property
    def _model(self) -> Any:
        try:
            import dlib
        except ImportError as error:
            raise MissingExtraError("dlib-bin", "dlib") from error
        return dlib.face_recognition_model_v1(str(weights.find("dlib-resnet")))


def check_crops(crops: np.ndarray) -> None:
    """Raise BadInputError unless `crops` are (n, 150, 150, 3) uint8."""
    if crops.ndim != 4 or crops.shape[1:] != (SIZE, SIZE, 3) or crops.dtype != np.uint8:
        raise BadInputError(
            f"Crops of shape {crops.shape} and type {crops.dtype} cannot be embedded: (n, {SIZE}, {SIZE}, 3) uint8 BGR "
            "is needed, as the dlib-chip aligner gives."
        )


def prepare(crops: np.ndarray) -> np.ndarray:
    """Return what the network takes: (n, 3, 150, 150) float32 RGB, means taken off, over 256."""
    planes = crops.transpose(0, 3, 1, 2)[:, ::-1].astype(np.float32)
    planes -= np.array(MEANS, np.float32)[:, None, None]
    planes *= np.float32(SCALE)
    return planes
