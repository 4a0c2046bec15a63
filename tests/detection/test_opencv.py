import cv2
import numpy as np
import pytest

from deepthink.detection.dlib import DlibDetector
from deepthink.detection.opencv import CascadeDetector, YunetDetector
from deepthink.errors import BadInputError, MissingExtraError, WeightsError
from deepthink.records import Box

MIDDLE = Box(38, 42, 112, 116)


@pytest.fixture
def yunet(monkeypatch, yunet_folder):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    return YunetDetector()


def found_in_the_middle(detector, photographs):
    """Return each photograph's box that overlaps its middle, or None, and how many others were found in all."""
    detections = [detector.detect(image) for image in photographs]
    middle = [next((each.box for each in found if each.box.overlap(MIDDLE) > 0.3), None) for found in detections]
    return middle, sum(map(len, detections)) - sum(box is not None for box in middle)


def test_the_cascade_finds_98_of_100_faces_and_little_else(photographs):
    boxes, others = found_in_the_middle(CascadeDetector(), photographs)
    assert sum(box is not None for box in boxes) >= 0.98 * len(photographs)
    assert others <= 0.03 * len(photographs)  # most of them are faces in the background


def test_yunet_finds_every_face(photographs, yunet):
    boxes, _ = found_in_the_middle(yunet, photographs)
    assert all(boxes)


@pytest.mark.parametrize("scale", [1.0, 2.0])
@pytest.mark.parametrize("kind", ["cascade", "yunet"])
def test_boxes_lie_where_dlibs_do(photographs, yunet, kind, scale):
    images = [cv2.resize(image, None, fx=scale, fy=scale) for image in photographs[::8]]
    detector, reference = CascadeDetector() if kind == "cascade" else yunet, DlibDetector()
    differences = []
    for image in images:
        theirs, ours = reference.detect(image), detector.detect(image)
        if theirs and ours and ours[0].box.overlap(theirs[0].box) > 0.2:
            differences.append(difference(ours[0].box, theirs[0].box))
    assert len(differences) > 0.9 * len(images)
    assert np.abs(np.mean(differences, axis=0)).max() < 0.03  # across, down, size: no side is favoured
    assert np.std(differences, axis=0).max() < 0.12


def difference(ours, theirs):
    across = (ours.x1 + ours.x2 - theirs.x1 - theirs.x2) / 2
    down = (ours.y1 + ours.y2 - theirs.y1 - theirs.y2) / 2
    return np.array([across, down, ours.width - theirs.width]) / theirs.width


@pytest.mark.parametrize("width", [320, 640, 1280])
def test_a_face_is_found_in_a_frame_of_any_size(photographs, yunet, width):
    frame = np.full((width * 3 // 4, width, 3), 120, np.uint8)
    frame[20:170, 50:200] = photographs[0]
    for detector in (CascadeDetector(), yunet):
        first = detector.detect(frame)[0]
        assert first.box.overlap(Box(MIDDLE.x1 + 50, MIDDLE.y1 + 20, MIDDLE.x2 + 50, MIDDLE.y2 + 20)) > 0.5
        assert first.confidence > 0


def test_a_face_smaller_than_asked_for_is_left_out(photographs, yunet):
    assert CascadeDetector(smallest=120).detect(photographs[0]) == []
    assert YunetDetector(smallest=120).detect(photographs[0]) == []


def test_one_face_is_found_once(photographs):
    for image in photographs[:60]:
        boxes = [each.box for each in CascadeDetector(neighbours=1).detect(image)]
        assert all(one.overlap(other) <= 0.25 for one in boxes for other in boxes if one is not other)


def test_an_empty_scene_holds_no_face(yunet):
    grey = np.full((480, 640, 3), 128, np.uint8)
    for detector in (CascadeDetector(), yunet):
        assert detector.detect(grey) == []
        assert detector.detect(grey[:16, :16]) == []


def test_a_picture_too_small_for_yunets_network_holds_no_face_however_often_it_is_asked(yunet_folder, monkeypatch):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", str(yunet_folder))
    for _ in range(60):
        detector = YunetDetector(smallest=20)
        assert [detector.detect(np.full((rows, 32, 3), 128, np.uint8)) for rows in (16, 32, 320)] == [[], [], []]


def test_a_picture_that_is_not_bgr_uint8_is_refused(yunet):
    for detector in (CascadeDetector(), yunet, DlibDetector()):
        for image in (np.zeros((50, 50), np.uint8), np.zeros((50, 50, 3)), np.zeros((0, 50, 3), np.uint8)):
            with pytest.raises(BadInputError, match="BGR"):
                detector.detect(image)


def test_yunet_without_its_weights_says_where_to_put_them(monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPTHINK_WEIGHTS", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(WeightsError, match=str(tmp_path)):
        YunetDetector().detect(np.zeros((50, 50, 3), np.uint8))


def test_dlib_that_is_not_installed_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "dlib", None)
    with pytest.raises(MissingExtraError, match="dlib-bin"):
        DlibDetector().detect(np.zeros((50, 50, 3), np.uint8))
