"""Photographs and crops for the tests of embedding."""

import cv2
import numpy as np
import pytest


@pytest.fixture(scope="session")
def photographs(faces):
    """The residents' photographs, BGR, with the name of each one's person."""
    paths = sorted(faces.glob("residents/*/*.jpg"))
    return [(path.parent.name, cv2.imread(str(path))) for path in paths]


@pytest.fixture(scope="session")
def crops(photographs):
    """40 crops: half of photographs, half drawn at random."""
    rng = np.random.default_rng(7)
    real = [cv2.resize(image[30:-30, 30:-30], (150, 150)) for _, image in photographs[::16][:20]]
    drawn = [cv2.resize(rng.integers(0, 256, (side, side, 3), np.uint8), (150, 150)) for side in range(2, 42, 2)]
    return np.stack([*real, *drawn])
