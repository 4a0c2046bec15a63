"""What an embedder promises."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from deepthink.records import Alignment


class Embedder(Protocol):
    """Turns aligned crops into embeddings: the same crops always give the same numbers.

    The distance between two embeddings says how unlike two faces are, but only within one `fingerprint`: it changes
    with everything that would shift the numbers (weights, alignment, pre-processing, the engine's precision).
    """

    name: str
    alignment: Alignment  # how its crops are cut
    size: int  # pixels, the side of the crops
    dimensions: int
    fingerprint: str

    def embed(self, crops: np.ndarray) -> np.ndarray:
        """Return embeddings (n, dimensions) float32 for crops (n, size, size, 3) uint8 BGR; n may be 0."""
        ...
