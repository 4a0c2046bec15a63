"""Photographs for the tests of detection."""

from pathlib import Path

import cv2
import pytest

FACES = Path(__file__).parents[3] / "shared" / "faces"


@pytest.fixture(scope="session")
def photographs():
    """All photographs of shared/faces, BGR: each holds one face in its middle."""
    if not FACES.is_dir():
        pytest.skip(f"the test photographs are not at {FACES}")
    return [cv2.imread(str(path)) for path in sorted(FACES.rglob("*.jpg"))]
