"""What tests share: where the photographs are, and people as clouds of embeddings."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).parents[2] / "shared"


@pytest.fixture(scope="session")
def photographs() -> Path:
    """The folder of real photographs."""
    faces = SHARED / "faces"
    if not faces.is_dir():
        pytest.skip("the photographs of ../shared/faces are not on this machine")
    return faces


@pytest.fixture(scope="session")
def with_yunet() -> dict[str, str]:
    """An environment in which YuNet's weights are found."""
    if not (SHARED / "models").is_dir():
        pytest.skip("the detector's weights of ../shared/models are not on this machine")
    return {**os.environ, "DEEPTHINK_WEIGHTS": str(SHARED / "models")}


def crowd(people: int, events: int, faces: int, seed: int = 0, spread: float = 0.03) -> tuple[np.ndarray, ...]:
    """Draw embeddings of people: each a cloud, each event a smaller one in it. Returns embeddings, who, events."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 0.055, (people, 128))
    vectors, who, where = [], [], []
    for person in range(people):
        for event in range(events):
            middle = centres[person] + rng.normal(0, spread * 0.7, 128)
            vectors.append(middle + rng.normal(0, spread * 0.5, (faces, 128)))
            who += [person] * faces
            where += [f"2026-03-{2 + event % 5:02d}|{person:02d}{event:03d}"] * faces
    return np.concatenate(vectors).astype(np.float32), np.array(who), np.array(where)
