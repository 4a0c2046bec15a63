"""What tests share: where the photographs are, and people as clouds of embeddings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepthink import weights
from tests.lacking import skip

SHARED = Path(__file__).parents[2] / "shared"


def shared(name: str) -> Path:
    """Return a folder of what cannot be shipped with the tests; a test that needs it is skipped where it is not.

    Photographs of real people and other projects' weights are not ours to give away. CI has them beside the checkout.
    """
    folder = SHARED / name
    if not folder.is_dir():
        skip(f"../shared/{name} cannot be shipped with the tests: {SHARED / name} is not there")
    return folder


@pytest.fixture(scope="session")
def faces() -> Path:
    """The folder of real photographs: residents/<Name>/*.jpg and strangers/*.jpg, each of one face in its middle."""
    return shared("faces")


@pytest.fixture(scope="session")
def yunet_folder() -> Path:
    """The folder that holds YuNet's weights."""
    return shared("models")


@pytest.fixture(scope="session")
def their_predictor() -> Any:
    """Return dlib's own landmark predictor, the reference."""
    import dlib

    return dlib.shape_predictor(str(weights.find("dlib-landmarks")))


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
