import cv2
import dlib
import numpy as np
import pytest

from deepthink.detection.align import MEAN_FACE, DlibChip, fit_region
from deepthink.errors import BadInputError
from deepthink.records import Box

CENTRE = Box(38, 42, 112, 116)


@pytest.fixture(scope="module")
def aligner():
    return DlibChip()


@pytest.fixture(scope="module")
def theirs(their_predictor):
    def chip(image, box, size=150, padding=0.25):
        rgb = np.ascontiguousarray(image[:, :, ::-1])
        shape = their_predictor(rgb, dlib.rectangle(box.x1, box.y1, box.x2 - 1, box.y2 - 1))
        return dlib.get_face_chip(rgb, shape, size, padding)[:, :, ::-1]

    return chip


def scaled(image, scale, angle=0.0):
    """Return a photograph enlarged and turned about its middle, and its face's box."""
    height, width = (round(side * scale) for side in image.shape[:2])
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turned = cv2.warpAffine(cv2.resize(image, (width, height)), turn, (width, height))
    return turned, Box(*(round(side * scale) for side in (CENTRE.x1, CENTRE.y1, CENTRE.x2, CENTRE.y2)))


def same_picture(ours, theirs):
    """Tell whether two crops are the same but for one grey level in a pixel of 1000, by rounding."""
    difference = np.abs(ours.astype(int) - theirs)
    return difference.max() <= 1 and (difference > 0).mean() <= 0.001


@pytest.mark.parametrize(("scale", "angle"), [(0.6, 0), (1, 0), (1, 20), (2.3, -15), (3.1, 10), (5, 0), (9, 30)])
def test_crops_are_dlibs_pixel_for_pixel(photographs, aligner, theirs, scale, angle):
    for image in photographs[::120]:
        large, box = scaled(image, scale, angle)
        assert same_picture(aligner.align(large, box)[0], theirs(large, box))


@pytest.mark.parametrize("box", [Box(-30, -20, 60, 70), Box(100, 90, 190, 200)])
def test_crops_over_the_edge_are_black_there_as_in_dlib(photographs, aligner, theirs, box):
    assert same_picture(aligner.align(photographs[0], box)[0], theirs(photographs[0], box))


def test_another_size_and_padding_are_dlibs_too(photographs, theirs):
    crop, _ = DlibChip(size=96, padding=0.4).align(photographs[5], CENTRE)
    assert same_picture(crop, theirs(photographs[5], CENTRE, 96, 0.4))


def test_landmarks_that_are_given_are_used_and_handed_back(photographs, aligner):
    crop, landmarks = aligner.align(photographs[0], CENTRE)
    again, same = aligner.align(photographs[0], Box(0, 0, 5, 5), landmarks)
    assert np.array_equal(crop, again)
    assert np.array_equal(landmarks, same)
    assert (landmarks.shape, landmarks.dtype) == ((5, 2), np.float32)


def test_landmarks_on_the_average_face_need_neither_turn_nor_scale():
    region = fit_region((0.25 + MEAN_FACE) / 1.5 * 150, 150, 0.25)
    assert region == pytest.approx((75, 75, 149, 0))


def test_a_face_as_small_as_a_few_pixels_or_beyond_the_image_gives_a_crop(photographs, aligner):
    for box in (Box(70, 70, 76, 76), Box(400, 400, 500, 500)):
        assert aligner.align(photographs[0], box)[0].shape == (150, 150, 3)


@pytest.mark.parametrize("box", [Box(10, 10, 10, 40), Box(40, 40, 10, 10)])
def test_an_empty_box_is_refused(aligner, box):
    with pytest.raises(BadInputError, match="empty"):
        aligner.align(np.zeros((90, 90, 3), np.uint8), box)


@pytest.mark.parametrize("landmarks", [np.full((5, 2), 7.0), np.full((5, 2), np.nan)])
def test_landmarks_without_extent_are_refused(aligner, landmarks):
    with pytest.raises(BadInputError, match="landmarks"):
        aligner.align(np.zeros((90, 90, 3), np.uint8), CENTRE, landmarks)


@pytest.mark.parametrize("image", [np.zeros((90, 90), np.uint8), np.zeros((90, 90, 3))])
def test_an_image_that_is_not_bgr_uint8_is_refused(aligner, image):
    with pytest.raises(BadInputError, match="BGR"):
        aligner.align(image, CENTRE)
