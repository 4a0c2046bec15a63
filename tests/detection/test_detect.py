"""Decoding frames, finding faces within people, judging them."""

import cv2
import numpy as np
import pytest

from deepthink.detection.detect import decode, find_faces
from deepthink.detection.quality import QualityRules, assess, focus_of, pose_of
from deepthink.errors import BadInputError
from deepthink.records import Box, Detection

LEVEL = np.array([[70, 40], [60, 40], [30, 40], [40, 40], [50, 60]], np.float32)


def jpeg(image):
    return cv2.imencode(".jpg", image)[1].tobytes()


@pytest.fixture
def grain():
    return np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff\xd8\xff\xd9", b"\x00" * 1000])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(BadInputError):
        decode(content)


def test_a_truncated_picture_is_refused_rather_than_half_seen(grain):
    with pytest.raises(BadInputError, match="truncated"):
        decode(jpeg(grain)[:-200])


def test_the_one_pixel_stand_in_for_a_missing_picture_is_refused():
    with pytest.raises(BadInputError, match="1 x 1"):
        decode(jpeg(np.zeros((1, 1, 3), np.uint8)))


class Everywhere:
    """A detector for tests that finds one face in the middle of whatever it is shown, twice."""

    name = "everywhere"

    def detect(self, image):
        height, width = image.shape[:2]
        box = Box(width // 2 - 10, height // 2 - 10, width // 2 + 10, height // 2 + 10)
        return [Detection(box, 1.0), Detection(Box(box.x1 + 1, box.y1, box.x2 + 1, box.y2), 0.5)]


def test_faces_are_looked_for_where_people_are_and_found_once(grain):
    (found,) = find_faces(grain, [Box(100, 40, 140, 100)], Everywhere())
    assert abs((found.box.x1 + found.box.x2) / 2 - 120) <= 2
    assert found.confidence == 1.0


@pytest.mark.parametrize("person", [Box(-500, -500, -400, -400), Box(700, 0, 800, 100), Box(50, 50, 50, 50)])
def test_a_person_outside_the_frame_has_no_face(grain, person):
    assert find_faces(grain, [person], Everywhere()) == []


def test_blur_lowers_focus_and_sensor_noise_does_not_raise_it():
    from deepthink.simulate.residents import View, draw, imagine

    face = draw(imagine(7), View(), 300)[0]
    box = Box(80, 60, 220, 220)
    blurred = cv2.GaussianBlur(face, (0, 0), 3.5)
    noise = np.random.default_rng(1).integers(-5, 6, face.shape)
    noisy = np.clip(blurred.astype(int) + noise, 0, 255).astype(np.uint8)
    assert focus_of(noisy, box) < focus_of(face, box) / 3


def test_pose_says_level_tilted_and_turned():
    assert pose_of(LEVEL) == (0.0, 0.0)
    turned = LEVEL.copy()
    turned[4] = (65, 60)
    assert pose_of(turned)[1] == pytest.approx(1.0)
    tilted = LEVEL @ np.array([[0.5**0.5, 0.5**0.5], [-(0.5**0.5), 0.5**0.5]])
    assert abs(pose_of(tilted)[0]) == pytest.approx(45, abs=0.1)


def test_what_is_not_usable_says_why(grain):
    assert "too small" in assess(grain, Box(0, 0, 20, 20), LEVEL, QualityRules()).reason
    flat = np.full((120, 160, 3), 90, np.uint8)
    assert "out of focus" in assess(flat, Box(0, 0, 100, 100), LEVEL, QualityRules()).reason
    turned = LEVEL.copy()
    turned[4] = (68, 60)
    assert assess(grain, Box(0, 0, 100, 100), turned, QualityRules()).reason == "turned away"
