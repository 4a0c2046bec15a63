"""Lets any embedder take a face as it is cut out, as SentinelCam's tasks give it: stretched to the network's square."""

from __future__ import annotations

import cv2
import numpy as np

from deepthink.embedding.base import Embedder


class CropEmbedder:
    """An embedder that takes one face of any size.

    Parameters
    ----------
    embedder : Embedder
        Sees the face, brought to its own size. One that has an `embed_crop` of its own, as OpenFace has, needs none of
        this.
    """

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder
        self.fingerprint = f"{embedder.fingerprint}+crop"  # not the numbers of its own, aligned, crops
        self.name, self.alignment = f"{embedder.name}+crop", embedder.alignment
        self.size, self.dimensions = embedder.size, embedder.dimensions

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return the embeddings of crops of its size, (n, dimensions) float32."""
        return self.embedder.embed(crops)

    def embed_crop(self, face: np.ndarray) -> np.ndarray:
        """Return the embedding (dimensions,) float32 of a BGR uint8 picture."""
        square = cv2.resize(face, (self.size, self.size))  # linear, as blobFromImage does it
        return self.embedder.embed(square[None])[0]
