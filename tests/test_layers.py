"""The layers of docs/DESIGN.md hold."""

import subprocess
import sys
from pathlib import Path

import cv2


def test_imports_go_down_only():
    root = Path(__file__).parents[1]
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_opencv_still_has_what_version_5_dropped():
    assert cv2.__version__.startswith("4.")
    assert hasattr(cv2, "CascadeClassifier")
    assert hasattr(cv2.dnn, "readNetFromTorch")
    assert (Path(cv2.__file__).parent / "data/haarcascade_frontalface_alt2.xml").is_file()
