"""Eyes and faces as SentinelCam's nodes find and turn them (docs/formats.md, 1.4 and 1.7)."""

import math

import cv2
import numpy as np
import pytest

from deepthink.detection.aligners import aligner
from deepthink.detection.haar_eyes import NO_EYES, Eyes, align_eyes, angle_of, assess, enlarge, is_candidate
from deepthink.detection.landmarks import ShapePredictor
from deepthink.detection.quality import eyes_of
from deepthink.errors import BadInputError
from deepthink.records import Alignment, Box

RIGHT, LEFT = (0.29 * 96, 0.27 * 96), (0.71 * 96, 0.27 * 96)  # where the eyes come to lie


def eyes_at(rx, ry, lx, ly):
    return Eyes(rx, ry, lx, ly, rx - lx, ry - ly, angle_of(rx - lx, ry - ly))


def with_dots(eyes, size=120):
    """A picture with a blue and a red dot for eyes."""
    picture = np.zeros((size, size, 3), np.uint8)
    cv2.circle(picture, (eyes.rx, eyes.ry), 3, (255, 0, 0), -1)
    cv2.circle(picture, (eyes.lx, eyes.ly), 3, (0, 0, 255), -1)
    return picture


def middle_of(plane):
    return np.array(np.nonzero(plane > 100))[::-1].mean(axis=1)


@pytest.fixture(scope="module")
def crops(photographs):
    """Faces as a detector cuts them out, small and large."""
    scales = (0.8, 1.2, 1.5)
    return [
        enlarge(cv2.resize(image[38:117, 38:112], None, fx=scales[number % 3], fy=scales[number % 3]))
        for number, image in enumerate(photographs)
    ]


@pytest.mark.parametrize(
    "eyes",
    [
        eyes_at(30, 40, 70, 40), eyes_at(34, 48, 76, 39), eyes_at(30, 38, 70, 50), eyes_at(50, 60, 71, 61),
        eyes_at(20, 90, 110, 20),
    ],
)  # fmt: skip
def test_drawn_eyes_come_to_lie_where_they_must(eyes):
    aligned = align_eyes(with_dots(eyes), eyes)
    assert aligned.shape == (96, 96, 3)
    # The turn is about whole pixels, half a pixel off at most, and that is scaled like all else.
    reach = 0.5 + 0.8 * (RIGHT[0] - LEFT[0]) / -math.hypot(eyes.dx, eyes.dy)
    assert np.abs(middle_of(aligned[:, :, 0]) - RIGHT).max() < reach
    assert np.abs(middle_of(aligned[:, :, 2]) - LEFT).max() < reach


def test_photographed_eyes_come_to_lie_where_they_must(crops):
    found = [(crop, assess(crop)) for crop in crops[::3]]
    aligned = [align_eyes(crop, each.eyes) for crop, each in found if each.candidate]
    assert len(aligned) > 40
    landmarks = ShapePredictor().predict_each(aligned, [Box(10, 9, 87, 86)] * len(aligned))
    apart = np.array([np.concatenate(eyes_of(each)) - (*RIGHT, *LEFT) for each in landmarks])
    assert np.abs(np.median(apart, axis=0)).max() < 3  # pixels of 96; 1.8 seen
    assert np.abs(apart).mean() < 3


def test_found_eyes_lie_in_order_and_in_their_part_of_the_face(crops):
    for crop in crops[::5]:
        eyes = assess(crop).eyes
        if eyes == NO_EYES:
            continue
        assert eyes.rx < eyes.lx
        assert (eyes.dx, eyes.dy, eyes.angle) == (eyes.rx - eyes.lx, eyes.ry - eyes.ly, angle_of(eyes.dx, eyes.dy))
        half = crop.shape[0] // 2
        assert all(half // 2 <= y <= half * 1.05 for y in (eyes.ry, eyes.ly))


def test_half_the_photographs_or_more_show_two_eyes(crops):
    found = [assess(crop) for crop in crops]
    assert np.mean([each.eyes != NO_EYES for each in found]) > 0.5
    assert np.mean([each.candidate for each in found]) > 0.3


@pytest.mark.parametrize(
    ("row", "angle"),  # rows of a facelist that SentinelCam wrote
    [((38, 76, 80, 85), -347.9), ((48, 54, 92, 57), -356.1), ((30, 40, 70, 40), 0.0), ((30, 41, 70, 40), -1.4)],
)
def test_angles_are_those_of_sentinelcams_facelists(row, angle):
    eyes = eyes_at(*row)
    assert round(eyes.angle, 1) == angle
    assert eyes.tilt == pytest.approx(min(abs(angle), 360 + angle), abs=0.06)


def test_a_face_without_two_eyes_is_all_noughts_at_minus_180_degrees():
    found = assess(np.full((110, 96, 3), 128, np.uint8))
    assert (found.eyes, found.focus, found.candidate) == (NO_EYES, 0.0, False)
    assert (NO_EYES.dx, NO_EYES.angle, NO_EYES.tilt) == (0, -180.0, 180.0)
    with pytest.raises(BadInputError, match="as it is"):
        align_eyes(np.zeros((96, 96, 3), np.uint8), NO_EYES)


@pytest.mark.parametrize(
    ("row", "focus", "candidate"),
    [
        ((38, 40, 58, 40), 90, False),  # 20 apart: more is wanted
        ((37, 40, 58, 40), 90, True),
        ((38, 40, 60, 40), 50, False),  # not sharp enough
        ((38, 40, 60, 40), 50.1, True),
        ((39, 40, 70, 40), 90, False),  # the right eye too near the middle
        ((36, 40, 57, 40), 90, False),  # the left eye
        ((30, 40, 70, 52), 90, True),  # 16.7 degrees
        ((30, 52, 70, 40), 90, True),
        ((30, 40, 70, 53), 90, False),  # 18 degrees
        ((30, 53, 70, 40), 90, False),
        ((130, 140, 170, 140), 90, False),  # a large crop: the limits are for 96 pixels all the same
    ],
)
def test_the_rule_for_candidates(row, focus, candidate):
    assert is_candidate(eyes_at(*row), focus) is candidate


def test_narrow_crops_become_96_wide_and_others_stay():
    picture = np.random.default_rng(0).integers(0, 256, (70, 61, 3), np.uint8)
    assert enlarge(picture).shape == (110, 96, 3)  # 110.16, cut off
    assert enlarge(picture[:64]).shape == (100, 96, 3)  # 100.7, cut off too
    wide = np.zeros((40, 96, 3), np.uint8)
    assert enlarge(wide) is wide
    with pytest.raises(BadInputError):
        enlarge(picture[:, :0])


def test_the_aligner_aligns_candidates_and_leaves_others_as_they_are(photographs):
    cutter, kinds = aligner(Alignment("haar-eyes", 96)), set()
    for image in photographs[:60:3]:
        crop, _ = cutter.align(image, Box(38, 38, 112, 117))
        raw = enlarge(image[38:117, 38:112])
        found = assess(raw)
        kinds.add(found.candidate)
        expected = align_eyes(raw, found.eyes) if found.candidate else cv2.resize(raw, (96, 96))
        assert np.array_equal(crop, expected)
    assert kinds == {True, False}
