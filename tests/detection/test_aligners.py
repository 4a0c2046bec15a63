"""The other ways to cut a face, or a thing, out of a picture."""

import cv2
import numpy as np
import pytest

from deepthink.detection.aligners import ARCFACE, KINDS, aligner
from deepthink.detection.opencv import YunetDetector
from deepthink.detection.points import to_dlib
from deepthink.errors import BadInputError, SettingsError
from deepthink.records import Alignment, Box

CENTRE = Box(38, 42, 112, 116)
POINTS = tuple((float(x), float(y)) for x, y in to_dlib(ARCFACE * 96))


def alignment(kind):
    return Alignment(kind, 96, points=POINTS if kind == "points" else ())


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_crops_of_its_size_and_five_landmarks(photographs, kind):
    crop, landmarks = aligner(alignment(kind)).align(photographs[0], CENTRE)
    assert (crop.shape, crop.dtype) == ((96, 96, 3), np.uint8)
    assert (landmarks.shape, landmarks.dtype) == ((5, 2), np.float32)


@pytest.mark.parametrize("kind", KINDS)
def test_landmarks_found_together_are_those_found_alone(photographs, kind):
    cutter, images = aligner(alignment(kind)), photographs[:200:40]
    together = cutter.find(images, [CENTRE] * len(images))
    for image, landmarks in zip(images, together, strict=True):
        assert np.array_equal(cutter.align(image, CENTRE)[1], landmarks)


@pytest.mark.parametrize("kind", ["arcface", "openface", "points"])  # dlib rounds landmarks to whole pixels
def test_a_turned_and_enlarged_face_gives_the_same_crop(photographs, kind):
    cutter = aligner(alignment(kind))
    for image in photographs[::150]:
        crop, landmarks = cutter.align(image, CENTRE)
        turn = cv2.getRotationMatrix2D((75, 75), 20, 1.5)
        turned = cv2.warpAffine(image, turn, (150, 150), flags=cv2.INTER_CUBIC)
        again, _ = cutter.align(turned, CENTRE, landmarks @ turn[:, :2].T + turn[:, 2])
        middle = (slice(30, 66), slice(30, 66))  # beyond, the turned picture may end
        assert np.abs(crop[middle].astype(int) - again[middle]).mean() < 6


def test_arcface_crops_have_the_eyes_where_arcface_wants_them(photographs, yunet_folder, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    detector, cutter, places = YunetDetector(smallest=20), aligner(Alignment("arcface", 112)), []
    for image in photographs[::12]:
        crop, _ = cutter.align(image, detector.detect(image)[0].box)
        found = detector.detect(cv2.copyMakeBorder(crop, 60, 60, 60, 60, cv2.BORDER_REPLICATE))
        places += [one.landmarks - 60 for one in found[:1]]
    assert len(places) > 30
    assert np.abs(np.median(places, axis=0) - to_dlib(ARCFACE * 112)).max() < 3  # of 112 pixels


def test_a_detectors_landmarks_cut_almost_the_crop_that_dlibs_do(photographs, yunet_folder, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    detector, cutter, apart = YunetDetector(), aligner(Alignment()), []
    for image in photographs[::12]:
        found = detector.detect(image)[0]
        eyes = cutter.find([image], [found.box])[0]
        apart.append(np.linalg.norm(eyes - found.landmarks, axis=1).mean() / np.linalg.norm(eyes[0] - eyes[2]))
    assert np.mean(apart) < 0.08  # of the distance between the outer corners of the eyes


def test_a_box_is_squared_with_room_and_black_beyond_the_image():
    image = np.full((60, 100, 3), 200, np.uint8)
    crop, _ = aligner(Alignment("box", 50, padding=0.25)).align(image, Box(0, 0, 40, 20))
    assert crop[25, 25].tolist() == [200, 200, 200]
    assert crop[2, 2].tolist() == [0, 0, 0]


def test_an_empty_box_and_a_picture_that_is_none_are_refused(photographs):
    for kind in KINDS:
        with pytest.raises(BadInputError):
            aligner(alignment(kind)).align(photographs[0], Box(5, 5, 5, 9))
        with pytest.raises(BadInputError):
            aligner(alignment(kind)).align(np.zeros((50, 50), np.uint8), CENTRE)


def test_an_unknown_kind_is_refused_with_those_there_are():
    with pytest.raises(SettingsError, match="arcface"):
        aligner(Alignment("by-ear"))


def test_moved_turned_and_scaled_points_stay_so_in_dlibs_convention():
    points = ARCFACE * 112
    turn = 1.7 * np.array([(np.cos(0.4), -np.sin(0.4)), (np.sin(0.4), np.cos(0.4))])
    assert np.allclose(to_dlib(points @ turn.T + (30, -4)), to_dlib(points) @ turn.T + (30, -4), atol=1e-3)
