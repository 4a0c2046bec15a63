"""Photographs for the tests of detection."""

import cv2
import pytest


@pytest.fixture(scope="session")
def photographs(faces):
    """All photographs, BGR: each holds one face in its middle."""
    return [cv2.imread(str(path)) for path in sorted(faces.rglob("*.jpg"))]
