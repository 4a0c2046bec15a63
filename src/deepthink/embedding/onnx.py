"""Any network in ONNX as an embedder: what it takes is said in a small file beside it."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np

from deepthink import weights
from deepthink.embedding.description import Description, read_description
from deepthink.embedding.session import OnnxSession
from deepthink.embedding.torch import TorchSession
from deepthink.errors import BadInputError, WeightsError

DESCRIPTIONS = Path(__file__).parent / "networks"


class OnnxEmbedder:
    """Embeds with an ONNX network that somebody described.

    Parameters
    ----------
    description : Description
        What the network takes and what its numbers mean. The file is read, and its sha256 checked, at the first call.
    threads : int, optional
        Threads of the engine; by default as many as this process may use.
    batch : int, default=16
        Crops embedded at once, at most, where the network takes more than one.

    Examples
    --------
    >>> OnnxEmbedder(read_description(DESCRIPTIONS / "sface.yaml")).alignment.size
    112
    """

    def __init__(self, description: Description, *, threads: int | None = None, batch: int = 16) -> None:
        self.description, self.threads, self.batch = description, threads, batch
        self.name, self.alignment = description.name, description.alignment
        self.size, self.dimensions = description.alignment.size, description.dimensions
        self.fingerprint = description.fingerprint

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return the embeddings (n, dimensions) float32 of crops (n, size, size, 3) uint8 BGR.

        They have length 1 where the network's metric is the cosine: the Euclidean distance of two of them is then the
        square root of 2 - 2 cos, which ranks as the angle does.

        Raises
        ------
        BadInputError
            When the crops have another shape or type.
        WeightsError
            When the network's file is absent, altered, or gives something else than its description says.
        """
        if crops.ndim != 4 or crops.shape[1:] != (self.size, self.size, 3) or crops.dtype != np.uint8:
            wanted = f"(n, {self.size}, {self.size}, 3) uint8 BGR"
            raise BadInputError(f"Crops of shape {crops.shape} and type {crops.dtype} are not {wanted}.")
        step = 1 if self._session.shape[0] == 1 else self.batch
        batches = [self._run(crops[start : start + step]) for start in range(0, len(crops), step)]
        return np.concatenate([np.empty((0, self.dimensions), np.float32), *batches])

    def _run(self, crops: np.ndarray) -> np.ndarray:
        found = self._session.run(self._prepare(crops)).reshape(len(crops), -1).astype(np.float32)
        if found.shape[1] != self.dimensions or not np.isfinite(found).all():
            raise WeightsError(
                f"{self.description.path} gave {found.shape[1]} numbers a face where its description says "
                f"{self.dimensions}, or numbers that are none: correct the description, or take another file."
            )
        return found / np.linalg.norm(found, axis=1, keepdims=True) if self.description.cosine else found

    def _prepare(self, crops: np.ndarray) -> np.ndarray:
        planes = crops.transpose(0, 3, 1, 2)
        planes = (planes[:, ::-1] if self.description.rgb else planes).astype(np.float32)
        planes -= np.array(self.description.mean, np.float32)[:, None, None]
        planes *= np.float32(self.description.scale)
        return planes

    @cached_property
    def _session(self) -> OnnxSession | TorchSession:
        path = self._find()
        try:
            content = path.read_bytes()
        except OSError as error:
            raise WeightsError(f"{path} cannot be read: {error.strerror}. Put the network there.") from None
        if hashlib.sha256(content).hexdigest() != self.description.sha256:
            raise WeightsError(f"{path} is not the network that was described: its sha256 differs. Get it again.")
        if path.suffix == ".t7":
            return TorchSession(path, self.size)
        return OnnxSession(content, threads=self.threads)

    def _find(self) -> Path:
        """Return where the network is: beside its description or, if DeepThink knows it, among the weights."""
        path = self.description.path
        known = {each.file for each in weights.KNOWN.values()}
        return weights.find(path.name) if path.name in known and not path.exists() else path


def sface() -> OnnxEmbedder:
    """Return SFace (Zhong et al. 2021), described ready to use."""
    return _known("sface")


def mobilefacenet() -> OnnxEmbedder:
    """Return MobileFaceNet (Chen et al. 2018), described ready to use."""
    return _known("mobilefacenet")


def openface() -> OnnxEmbedder:
    """Return OpenFace's nn4.small2 (Amos et al. 2016), described ready to use."""
    return _known("openface")


def _known(name: str) -> OnnxEmbedder:
    return OnnxEmbedder(read_description(DESCRIPTIONS / f"{name}.yaml"))
